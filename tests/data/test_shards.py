"""Shards keep what fails apart, and lose nothing between two runs."""

import json
from pathlib import Path

import pytest

from sgd_gym.data.shards import (
    Shard,
    make_shards,
    missing_variations,
    read_reasons,
    write_reasons,
    write_shard,
)
from sgd_gym.envs.tasks import get_task
from sgd_gym.errors import DataError
from sgd_gym.trajectories import Episode, Step, read_episodes, write_episodes

BOIL = get_task("boil")  # train: variations 0 to 13


def episode(variation: int, score: int = 100, source: str = "oracle") -> Episode:
    step = Step("room", "nothing", "open door", "It is open.", float(score), score, True)
    return Episode("boil", variation, "train", "Boil.", source, (step,))


def shard(folder: Path, *variations: int) -> Shard:
    (one,) = make_shards(folder, BOIL, "train", variations)
    return one


def test_variations_share_files_of_ten(tmp_path: Path) -> None:
    first, second = make_shards(tmp_path, BOIL, "train", range(14))
    assert first.path == tmp_path / "train" / "boil-0000.parquet"
    assert (first.variations, second.variations) == (tuple(range(10)), tuple(range(10, 14)))
    assert second.failed_path == tmp_path / "failed" / "train" / "boil-0010.parquet"
    (dev,) = make_shards(tmp_path, BOIL, "dev", [20])
    assert (dev.path, dev.variations) == (tmp_path / "dev" / "boil-0000.parquet", (20,))
    (part,) = make_shards(tmp_path, BOIL, "train", [11])
    assert (part.path, part.variations) == (second.path, (11,))


def test_failed_episodes_stand_apart_with_reasons(tmp_path: Path) -> None:
    one = shard(tmp_path, 0, 1, 2)
    write_shard(one, [episode(0), episode(1, 67), episode(2, -100)])
    assert [found.variation for found in read_episodes(tmp_path)] == [0]
    assert [found.variation for found in read_episodes(one.failed_path)] == [1, 2]
    assert missing_variations(one, "oracle") == ()
    reasons = {"boil/1": "ends at score 67", "boil/2": "a wrong focus ended it at -100"}
    assert write_reasons(tmp_path) == read_reasons(tmp_path) == reasons
    assert json.loads((tmp_path / "failed" / "reasons.json").read_text()) == reasons


def test_where_nothing_failed_nothing_is_said(tmp_path: Path) -> None:
    write_shard(shard(tmp_path, 0), [episode(0)])
    assert write_reasons(tmp_path) == {}
    assert not (tmp_path / "failed").exists()


def test_a_shard_of_failures_only_is_there(tmp_path: Path) -> None:
    one = shard(tmp_path, 3)
    write_shard(one, [episode(3, 20)])
    assert read_episodes(one.path) == []
    assert missing_variations(one, "oracle") == ()


def test_a_kill_between_the_two_files_loses_nothing(tmp_path: Path) -> None:
    one = shard(tmp_path, 0, 1)
    write_episodes(one.failed_path, [episode(1, 67)])
    assert missing_variations(one, "oracle") == (0, 1)
    write_shard(one, [episode(0), episode(1, 67)])
    undisturbed = shard(tmp_path / "undisturbed", 0, 1)
    write_shard(undisturbed, [episode(0), episode(1, 67)])
    assert one.path.read_bytes() == undisturbed.path.read_bytes()
    assert one.failed_path.read_bytes() == undisturbed.failed_path.read_bytes()


def test_what_is_added_stands_beside_what_was_there(tmp_path: Path) -> None:
    write_shard(shard(tmp_path, 0, 5), [episode(0), episode(5, 10)])
    one = shard(tmp_path, 0, 2, 5, 7)
    assert missing_variations(one, "oracle") == (2, 7)
    write_shard(one, [episode(2), episode(7, 10)])
    assert [found.variation for found in read_episodes(one.path)] == [0, 2]
    assert [found.variation for found in read_episodes(one.failed_path)] == [5, 7]


def test_other_episodes_are_refused(tmp_path: Path) -> None:
    one = shard(tmp_path, 0)
    write_episodes(one.path, [episode(0, source="shortened")])
    with pytest.raises(DataError, match=r"does not hold oracle episodes of boil \(train\).*Fix: delete it"):
        missing_variations(one, "oracle")
    with pytest.raises(DataError, match="is not a whole parquet file"):
        one.path.write_bytes(b"PAR1")
        missing_variations(one, "oracle")
