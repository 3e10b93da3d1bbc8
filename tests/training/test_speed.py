"""The measurements of training measure: small runs of each, on real data and, for scores, the simulator."""

import json
from pathlib import Path

import pytest

from sgd_gym.benchmarks.figures import Figure
from sgd_gym.errors import SgdGymError
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.families import FamiliesConfig, compare_families
from sgd_gym.training.speed import TrainSpeedConfig, measure_pace, measure_training


def values(figures: list[Figure]) -> dict[str, float]:
    return {one.name: float(one.value) for one in figures}


@pytest.mark.slow
def test_paces_are_measured_for_both_families(annotated_data: Path, tmp_path: Path) -> None:
    config = TrainSpeedConfig(annotated_data, ["find-plant"], rounds=1, seconds=2.0, out=tmp_path)
    try:
        found = values(measure_training(config))
    except SgdGymError:  # with three short episodes, there is little padding to save
        told = json.loads((tmp_path / "train.json").read_text(encoding="utf-8"))["figures"]
        found = {one["name"]: one["value"] for one in told}
    for family in ("decoder-only", "encoder-decoder"):
        assert found[f"{family}: tokens/s"] > 100
        minutes = found[f"{family}: tokens of one pass"] / found[f"{family}: tokens/s"] / 60
        assert found[f"{family}: minutes of one pass"] == pytest.approx(minutes)
    # An encoder-decoder reads the state at each decision, a decoder-only model each text once.
    assert found["encoder-decoder: tokens of one pass"] > 2 * found["decoder-only: tokens of one pass"]


@pytest.mark.slow
def test_families_are_compared_after_equal_minutes(annotated_data: Path, tmp_path: Path) -> None:
    config = FamiliesConfig(
        *(annotated_data, ["find-plant"], ["nano"]), minutes=0.2, dev_variations=1, worlds=1, out=tmp_path
    )
    found = values(compare_families(config))
    assert list(found) == ["decoder-only nano", "encoder-decoder nano", "decoder-only nano, two models"]
    assert all(0 <= score <= 100 for score in found.values())
    assert (tmp_path / "families.png").stat().st_size > 1000
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("model.safetensors")}
    assert len(before) == 4
    assert values(compare_families(config)) == found  # nothing is trained or played again
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_the_pace_of_a_training_is_that_of_its_rows(annotated_data: Path, tmp_path: Path) -> None:
    settings = TrainConfig(tmp_path, annotated_data, ["find-plant"], shared=True, batch_tokens=512)
    pace, tokens = measure_pace("planner", settings, seconds=1.0)
    assert pace > 50
    assert 500 < tokens < 5000
