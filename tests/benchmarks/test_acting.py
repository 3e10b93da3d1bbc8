"""What acting costs, on real episodes with untrained models."""

import json
from pathlib import Path

import pytest

from sgd_gym.benchmarks.acting import ActingCostConfig, measure_acting
from sgd_gym.errors import CheckpointError, SgdGymError


@pytest.mark.slow
def test_each_change_has_its_row_and_a_second_run_plays_nothing(checkpoints: Path, tmp_path: Path) -> None:
    config = ActingCostConfig(
        *(checkpoints / "planner", checkpoints / "executor", ["find-plant"]),
        variations=2,
        max_moves=4,
        worlds=2,
        out=tmp_path,
    )

    def figures() -> dict[str, float]:
        try:
            measure_acting(config)
        except SgdGymError as error:
            assert "Missed" in str(error)  # untrained models may miss any bar
        told = json.loads((tmp_path / "act.json").read_text(encoding="utf-8"))["figures"]
        return {one["name"]: one["value"] for one in told}

    found = figures()
    paces = [value for name, value in found.items() if name.endswith("milliseconds a move")]
    assert len(paces) == 6
    assert min(paces) > 0
    assert found["fewer model seconds than the reference"] == pytest.approx(paces[0] / paces[-2])
    assert "bfloat16: % of commands that differ" in found
    assert found["2 at once: % of commands that differ"] == 0
    assert found["each text read once: % of commands that differ"] == 0
    assert figures() == found


def test_a_missing_checkpoint_is_an_error(checkpoints: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint"):
        measure_acting(ActingCostConfig(tmp_path, checkpoints / "executor", out=tmp_path / "out"))
