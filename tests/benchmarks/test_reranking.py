"""A planner's choice fine-tuned and compared, with tiny models on the real simulator."""

import json
from pathlib import Path

import pytest

from sgd_gym.benchmarks.reranking import RerankingConfig, measure_reranking
from sgd_gym.errors import SgdGymError


@pytest.mark.slow
def test_the_weakest_task_is_fine_tuned_and_compared(checkpoints: Path, tmp_path: Path) -> None:
    config = RerankingConfig(
        *(checkpoints / "planner", checkpoints / "executor"),
        **{
            "weakest": 1,
            "train_variations": 1,
            "seeds": 2,
            "moves": 20,
            "dev_variations": 1,
            "max_moves": 4,
            "out": tmp_path,
        },
    )
    figures = measure_reranking(config)
    assert [one.name for one in figures] == ["find-plant: before", "find-plant: after", "find-plant: gain"]
    before, after, gain = figures
    assert gain.value == pytest.approx(after.value - before.value)
    assert after.note == "2 dev episodes, 2 seeds"
    told = json.loads((tmp_path / "rerank.json").read_text(encoding="utf-8"))
    assert len(told["figures"]) == 3
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("model.zip")}
    assert len(kept) == 2
    assert measure_reranking(config) == figures
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "nothing is learnt again"


def test_a_number_below_one_is_refused(tmp_path: Path) -> None:
    config = RerankingConfig(tmp_path, tmp_path, seeds=0, out=tmp_path)
    with pytest.raises(SgdGymError, match=r"seeds is 0\. Allowed: 1 or more"):
        measure_reranking(config)
