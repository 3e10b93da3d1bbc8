"""The measurement of learners, with a budget far too small to learn anything."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from sgd_gym.benchmarks.learning import LearningConfig, measure_learning
from sgd_gym.errors import SgdGymError, UnknownNameError


@pytest.mark.slow
def test_runs_are_made_once_and_drawn(tmp_path: Path) -> None:
    """Whether the bars are met is chance here; the files are written all the same."""
    config = LearningConfig(["find-plant"], seeds=1, moves=30, dev_variations=1, processes=2, out=tmp_path)
    with suppress(SgdGymError):
        measure_learning(config)
    told = json.loads((tmp_path / "learning.json").read_text(encoding="utf-8"))
    assert [run["policy"] for run in told["runs"]] == [
        "options",
        "commands",
        "random options",
        "random commands",
    ]
    assert all(len(run["scores"]) == 1 for run in told["runs"])
    assert (tmp_path / "learning.png").stat().st_size > 10_000
    made = {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").glob("*.json")}
    assert len(made) == 4
    with suppress(SgdGymError):
        measure_learning(config)
    assert {file: file.stat().st_mtime_ns for file in made} == made


def test_wrong_numbers_are_told() -> None:
    with pytest.raises(UnknownNameError, match="Unknown seeds 0"):
        measure_learning(LearningConfig(seeds=0))
