"""One setting changed at a time, with tiny models on the real simulator."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from sgd_gym.agents.config import ActingConfig
from sgd_gym.benchmarks.ablations import BASE, SETTINGS, AblationsConfig, ablate
from sgd_gym.benchmarks.protocols import PROTOCOLS
from sgd_gym.errors import UnknownNameError


def test_every_row_can_be_played_and_differs_from_the_first() -> None:
    assert next(iter(SETTINGS)) == BASE
    known = {one.name for one in fields(ActingConfig)}
    acting = []
    for changes in SETTINGS.values():
        assert set(changes) <= known
        config = ActingConfig(**changes)
        config.check()
        acting.append(config.acting)
    assert len(set(acting)) == len(acting)


def test_rows_are_compared_with_the_first_on_the_same_episodes(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROTOCOLS, "smoke", replace(PROTOCOLS["smoke"], max_variations=2, max_moves=4))
    words = ["random sub-goals, 100%", "visible", "tokens at most", "seen achieved"]
    planner, executor = checkpoints / "planner", checkpoints / "executor"
    config = AblationsConfig(planner, executor, "smoke", rows=words, worlds=2, out=tmp_path)
    figures = ablate(config)
    chosen = [name for name in SETTINGS if name == BASE or any(word in name for word in words)]
    assert [one.name for one in figures] == chosen
    assert len(chosen) == 8
    for one in figures:
        assert 0 <= (one.low or 0) <= one.value <= (one.high or 0) <= 100
        assert ("beside" in one.note) == (one.name != BASE)
        assert "4 moves" in one.note
    assert (tmp_path / "ablations.png").stat().st_size > 1000
    told = json.loads((tmp_path / "ablations.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in told["figures"]] == chosen
    played = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jsonl") if "episodes" in path.name}
    assert len(played) == len(chosen)
    assert ablate(config) == figures
    assert {path: path.stat().st_mtime_ns for path in played} == played, "nothing is played again"


def test_an_unknown_row_is_named(checkpoints: Path, tmp_path: Path) -> None:
    config = AblationsConfig(checkpoints / "planner", checkpoints / "executor", rows=["louder"], out=tmp_path)
    with pytest.raises(UnknownNameError, match="row 'louder'"):
        ablate(config)
