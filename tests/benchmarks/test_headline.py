"""The headline's figures and pictures, from results that nobody played."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sgd_gym.benchmarks.headline import write_headline
from sgd_gym.errors import SgdGymError
from sgd_gym.reproduce import ReproduceConfig, reproduce


@pytest.fixture
def written(tmp_path: Path, made_up: SimpleNamespace) -> Path:
    """Return the folder of a headline: where both play, *sgd* has ten points more in every episode."""
    results = {
        name: made_up.results(tmp_path / name, name, {"sgd": points, "flat": points - 10})
        for name, points in (("sgd-100", 60), ("swiftsage-271", 80))
    }
    results["full-test"] = made_up.results(tmp_path / "full-test", "full-test", {"sgd": 50})
    for one in results.values():
        for number, entries in enumerate(one.entries.values()):
            entries[0]["parameters"] = 2_000_000 + number
    write_headline(results, tmp_path, SimpleNamespace(seed=0))
    return tmp_path


def test_bars_are_the_published_scores(written: Path) -> None:
    figures = {one["name"]: one for one in json.loads((written / "headline.json").read_text())["figures"]}
    bars = {name: (one["bar"], one["met"]) for name, one in figures.items() if one["bar"] is not None}
    assert bars == {
        "sgd-100: sgd": (65.43, False),
        "sgd-100: sgd, short": (91.61, False),
        "sgd-100: sgd, medium": (62.83, True),
        "sgd-100: sgd, long": (45.35, True),
        "sgd-100: sgd, first 9": (65.43, False),
        "swiftsage-271: sgd": (84.68, False),
        "swiftsage-271: sgd, short": (92.22, False),
        "swiftsage-271: sgd, medium": (77.79, True),
        "swiftsage-271: sgd, long": (83.0, True),
        "sgd: from the first to all variations": (3.0, False),
    }
    assert figures["swiftsage-271: sgd less flat"]["value"] == 10
    assert figures["sgd-100: flat, word knowledge"]["value"] == pytest.approx(54.5)


def test_pictures_are_drawn(written: Path) -> None:
    for name in ("headline.png", "headline_tasks.png"):
        assert (written / name).stat().st_size > 20_000


def test_a_missing_library_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SgdGymError, match=r"matplotlib.*sgd-gym\[bench\]"):
        reproduce(ReproduceConfig(tmp_path))
    assert not list(tmp_path.iterdir())
