"""Games as episodes to train on: the oracle's must be what collecting it gives."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from sgd_gym.benchmarks.bench import BenchConfig, bench
from sgd_gym.benchmarks.played import PlayedConfig, keep_played
from sgd_gym.benchmarks.protocols import PROTOCOLS
from sgd_gym.data.collect import CollectConfig, collect
from sgd_gym.errors import DataError, UnknownNameError
from sgd_gym.trajectories import read_episodes


def test_a_game_of_the_oracle_is_its_recorded_episode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROTOCOLS, "smoke", replace(PROTOCOLS["smoke"], max_moves=100, stall_moves=None))
    bench(BenchConfig(["oracle", "random"], "smoke", out=tmp_path / "run", worlds=1))
    (path,) = keep_played(PlayedConfig(tmp_path / "run" / "results.json", "oracle", out=tmp_path / "out"))
    assert path == tmp_path / "out" / "dev" / "find-plant.parquet"
    (played,) = read_episodes(tmp_path / "out")
    collect(CollectConfig(tmp_path / "raw", ["find-plant"], ["dev"], max_variations=1, worlds=1))
    (recorded,) = read_episodes(tmp_path / "raw")
    assert played.steps == recorded.steps
    assert (played.task_description, played.score) == (recorded.task_description, 100)
    assert (played.source, played.annotator) == ("oracle", None)


def test_sub_goals_and_training_seeds_are_kept(made_up: SimpleNamespace, tmp_path: Path) -> None:
    results = made_up.results(tmp_path, training_seeds=(0, 1))
    found = keep_played(PlayedConfig(results.path, min_score=41, out=tmp_path / "out"))
    episodes = read_episodes(tmp_path / "out")
    good = [row for row in results.rows if row["score_last"] >= 41]
    assert sum(found.values()) == len(episodes) == len(good) < len(results.rows)
    assert {one.source for one in episodes} == {"sgd, training seed 0", "sgd, training seed 1"}
    (step,) = episodes[0].steps
    assert (step.subgoal, step.option_index, step.look) == ("navigate_to(kitchen)", 0, "A kitchen.")
    assert episodes[0].annotator == episodes[0].source


def test_what_is_missing_is_told(made_up: SimpleNamespace, tmp_path: Path) -> None:
    results = made_up.results(tmp_path)
    with pytest.raises(DataError, match=r"No game of sgd .*ended at 100 or more.*--min-score"):
        keep_played(PlayedConfig(results.path, out=tmp_path / "out"))
    with pytest.raises(UnknownNameError, match=r"agent in .*'flat'.*sgd"):
        keep_played(PlayedConfig(results.path, "flat", out=tmp_path / "out"))
    other = made_up.results(tmp_path / "other", tasks=("find-plant",))
    shutil.copy(other.path.with_name("transcripts.parquet"), tmp_path)
    with pytest.raises(DataError, match=r"does not hold .*play it again"):
        keep_played(PlayedConfig(results.path, min_score=0, out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()
