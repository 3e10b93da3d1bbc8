"""The headline command from end to end on the real simulator, with few episodes and little training."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sgd_gym.benchmarks.protocols import PROTOCOLS
from sgd_gym.benchmarks.results import read_results
from sgd_gym.models.checkpoint import load_checkpoint, read_meta
from sgd_gym.reproduce import ReproduceConfig, reproduce
from sgd_gym.trajectories import read_episodes


@pytest.mark.slow
def test_everything_is_made_and_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"train-30": {"max_variations": 2, "fill": 3}, "sgd-100": {"max_variations": 1, "max_moves": 30}}
    for name, changes in few.items():
        monkeypatch.setitem(PROTOCOLS, name, replace(PROTOCOLS[name], **changes))
    for name in ("STUDENT_EPOCHS", "EPOCHS", "FLAT_EPOCHS"):
        monkeypatch.setattr(f"sgd_gym.reproduce.{name}", 0.2)
    monkeypatch.setattr("sgd_gym.reproduce.PLAYED", {"sgd-100": ["sgd", "flat", "oracle"]})
    config = ReproduceConfig(tmp_path, ["find-plant"], worlds=2)
    minutes = reproduce(config)
    assert list(minutes) == [
        *("oracle paths", "a student", "guided games", "training of sgd", "training of flat", "sgd-100"),
    ]
    games = read_episodes(tmp_path / "lessons" / "games")
    assert {one.source for one in games} <= {"guided, training seed 0", "guided, training seed 0, seed 1"}
    assert games
    assert not all(step.taught for one in games for step in one.steps)
    weights = {name: tmp_path / "weights" / name for name in ("student", "sgd", "flat")}
    assert read_meta(weights["sgd"]).roles == ["planner", "executor"]
    assert read_meta(weights["sgd"]).data_hash == read_meta(weights["flat"]).data_hash
    sizes = {name: load_checkpoint(path, read_meta(path).roles[0])[0] for name, path in weights.items()}
    assert sizes["sgd"].num_parameters() == pytest.approx(sizes["flat"].num_parameters(), rel=0.05)
    assert all((path / "model.safetensors").stat().st_size < 8e6 for path in weights.values())
    results = read_results(tmp_path / "sgd-100" / "results.json")
    assert {row["agent"]: row["score_last"] for row in results.rows}["oracle"] == 100
    assert (tmp_path / "sgd-100.html").stat().st_size > 10_000
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("model.safetensors")}
    again = reproduce(config)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert all(again[stage] - took < 0.5 for stage, took in minutes.items())
    assert json.loads((tmp_path / "minutes.json").read_text()) == again
