"""The shipped file gives back what was collected, and says when the simulator disagrees."""

import re
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sgd_gym.data import collect as module
from sgd_gym.data import shipped as shipped_module
from sgd_gym.data.annotate import annotate_episode
from sgd_gym.data.collect import CollectConfig, collect
from sgd_gym.data.shards import make_shards, write_shard
from sgd_gym.data.shipped import SHIPPED, read_shipped, write_shipped
from sgd_gym.envs.tasks import get_task
from sgd_gym.errors import DataError
from sgd_gym.trajectories import Episode, read_episodes, write_episodes

TASKS = ["find-plant", "lifespan-longest-lived"]
MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two variations of two tasks, one of them failed."""
    out = tmp_path_factory.mktemp("raw")
    collect(CollectConfig(out, TASKS, ["train", "dev"], max_variations=2, worlds=1))
    cut = read_episodes(out / "dev")[0]
    (shard,) = make_shards(out, get_task(cut.task), "dev", [cut.variation])
    write_episodes(shard.path, read_episodes(shard.path)[1:])
    write_shard(shard, [replace(cut, steps=cut.steps[:-1])])
    collect(CollectConfig(out, TASKS, ["train", "dev"], max_variations=2, worlds=1))  # the card
    return out


@pytest.fixture(scope="module")
def shortened(raw: Path) -> Episode:
    """Return what stands for a shortened path."""
    first = read_episodes(raw / "train")[0]
    return replace(first, source="shortened", steps=first.steps[1:])


@pytest.fixture(scope="module")
def shipped(raw: Path, shortened: Episode, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with the episodes of `raw`, one of them shortened."""
    folder = tmp_path_factory.mktemp("shipped")
    rest = read_episodes(raw / "train")[1:]
    write_episodes(folder / "short" / "train" / "a.parquet", [shortened, *rest])
    assert write_shipped(raw, folder / "short", folder / "paths.parquet") == 9
    return folder / "paths.parquet"


@pytest.fixture
def ship(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the package ship the file."""
    monkeypatch.setattr(shipped_module, "SHIPPED", shipped)


def config(out: Path, **changes: object) -> CollectConfig:
    plan = CollectConfig(out, TASKS, ["train", "dev"], max_variations=2, from_shipped=True)
    return replace(plan, **changes)  # type: ignore[arg-type]


def files(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.glob("**/*") if path.is_file()}


@pytest.mark.usefixtures("ship")
def test_what_is_unpacked_equals_what_was_collected(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ScienceWorldEnv", None)
    assert collect(config(tmp_path)) == 8
    assert files(tmp_path) == files(raw)
    assert collect(config(tmp_path)) == 8


@pytest.mark.usefixtures("ship")
def test_what_is_verified_equals_what_was_collected(raw: Path, tmp_path: Path) -> None:
    assert collect(config(tmp_path, verify=True)) == 8
    assert files(tmp_path) == files(raw)


def test_episodes_are_annotated_and_shortened_ones_replace_raw_ones(
    raw: Path, shipped: Path, shortened: Episode
) -> None:
    paths = read_shipped(shipped)
    episodes = read_episodes(raw / "train")
    found = [one for task in TASKS for one in paths.episodes(task, "train").values()]
    assert found == [annotate_episode(one) for one in episodes]
    assert {one.annotator for one in found} == {"rules"}
    short = [one for task in TASKS for one in paths.episodes(task, "train", shortened=True).values()]
    assert short == [annotate_episode(one) for one in (shortened, *episodes[1:])]
    assert paths.play(TASKS[0], "train", 0) == episodes[0]
    assert paths.play(TASKS[0], "train", 0, shortened=True) == shortened
    assert read_episodes(shipped)[0] == annotate_episode(episodes[0])


@pytest.mark.usefixtures("ship")
def test_a_path_that_plays_otherwise_names_episode_and_versions(
    raw: Path, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    episodes = read_episodes(raw / "train")[:1]
    other = replace(episodes[0].steps[2], observation="Something else.")
    changed = replace(episodes[0], steps=(*episodes[0].steps[:2], other, *episodes[0].steps[3:]))
    write_episodes(tmp_path / "raw" / "train" / "a.parquet", [changed])
    write_shipped(tmp_path / "raw", None, tmp_path / "paths.parquet")
    monkeypatch.setattr(shipped_module, "SHIPPED", tmp_path / "paths.parquet")
    plan = CollectConfig(tmp_path / "out", TASKS[:1], max_variations=1, from_shipped=True, verify=True)
    with pytest.raises(
        DataError, match=r"find-plant/0 plays otherwise.*scienceworld 1\.2\.3.*Fix: "
    ) as caught:
        collect(plan)
    assert episodes[0].digest() in str(caught.value)
    assert changed.digest() in str(caught.value)
    assert not list((tmp_path / "out").glob("**/*.parquet"))


def test_equal_folders_give_equal_files(raw: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_shipped(raw, None, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.usefixtures("ship")
def test_an_episode_that_is_not_shipped_names_the_fix(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lacks find-plant/2\. Fix: .*without --from-shipped"):
        collect(config(tmp_path, max_variations=3))
    with pytest.raises(DataError, match=r"lacks boil/0\."):
        collect(config(tmp_path, tasks=["boil"]))


def test_a_missing_or_spoilt_file_names_the_fix(shipped: Path, tmp_path: Path) -> None:
    path = tmp_path / "paths.parquet"
    with pytest.raises(DataError, match=r"does not exist.*Fix: .*without --from-shipped"):
        read_shipped(path)
    path.write_bytes(shipped.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"not a whole file of shipped paths.*Fix: install"):
        read_shipped(path)
    table = pq.read_table(shipped)
    pq.write_table(table.replace_schema_metadata({"sgd_gym_schema_version": "1"}), path)
    with pytest.raises(DataError, match=r"schema version 1\. Allowed: 2"):
        read_shipped(path)


def test_only_rules_and_raw_paths_are_shipped(raw: Path, shortened: Episode, tmp_path: Path) -> None:
    episode = replace(read_episodes(raw / "train")[0], annotator="gpt-4o")
    write_episodes(tmp_path / "llm" / "a.parquet", [episode])
    with pytest.raises(DataError, match=r"annotated by 'gpt-4o'\. Allowed: 'rules'"):
        write_shipped(tmp_path / "llm", None, tmp_path / "paths.parquet")
    write_episodes(tmp_path / "short" / "a.parquet", [shortened])
    with pytest.raises(DataError, match=re.escape("find-plant/0 is shortened, but the raw folder lacks it")):
        write_shipped(tmp_path / "short", None, tmp_path / "paths.parquet")
    assert not (tmp_path / "paths.parquet").exists()


def test_the_packages_own_file_is_whole_and_small() -> None:
    assert SHIPPED.stat().st_size <= MOST_BYTES
    groups = pq.ParquetFile(SHIPPED)
    assert groups.num_row_groups == 30
    raw = {
        (task, number)
        for group in range(30)
        for task, number, source in zip(
            *groups.read_row_group(group, ["task", "variation", "source"]).to_pydict().values(), strict=True
        )
        if source == "oracle"
    }
    assert len(raw) == 7207
