"""Collected oracle paths: complete, the same however they are collected, never collected twice."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sgd_gym.data import collect as module
from sgd_gym.data import shards
from sgd_gym.data.collect import CollectConfig, collect, play_path
from sgd_gym.data.subsets import sgd_subset
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import get_task
from sgd_gym.errors import DataError, SgdGymError, UnknownNameError
from sgd_gym.trajectories import Episode, Step, read_episodes, write_episodes


@pytest.fixture
def folder(raw_data: Path, tmp_path: Path) -> Path:
    """Return a copy of the collected data, to spoil."""
    return Path(shutil.copytree(raw_data, tmp_path / "raw"))


def train_config(folder: Path, variations: int = 2, worlds: int = 1) -> CollectConfig:
    return CollectConfig(folder, ["find-plant"], ["train"], max_variations=variations, worlds=worlds)


def shard_of(folder: Path, split: str = "train") -> Path:
    (shard,) = folder.joinpath(split).glob("*.parquet")
    return shard


def check_episode(episode: Episode, variation: int, split: str) -> None:
    assert (episode.task, episode.variation, episode.split) == ("find-plant", variation, split)
    assert episode.source == "oracle"
    assert episode.task_description.startswith("Your task is to find a(n) plant.")
    score = 0.0
    for step in episode.steps:
        score += step.reward
        assert score == step.score
        assert (step.subgoal, step.option_index) == (None, None)
    assert score == 100
    assert [step.done for step in episode.steps] == [False] * (len(episode.steps) - 1) + [True]
    for before, after in zip(episode.steps, episode.steps[1:], strict=False):
        if before.action.startswith("go to "):
            room = before.action.removeprefix("go to ")
            assert before.observation == f"You move to the {room}."
            assert f"called the {room}." in after.look
            assert f"called the {room}." not in before.look


def test_episodes_are_whole_oracle_paths(raw_data: Path) -> None:
    dev, *train = read_episodes(raw_data)
    check_episode(dev, 150, "dev")
    assert [episode.variation for episode in train] == [0, 1]
    for episode in train:
        check_episode(episode, episode.variation, "train")


def test_two_worlds_collect_what_one_collects(
    raw_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_SIZE", 1)  # a shard for each world
    assert collect(train_config(tmp_path, worlds=2)) == 2
    assert len(list(tmp_path.glob("**/*.parquet"))) == 2
    assert read_episodes(tmp_path) == read_episodes(raw_data / "train")


def test_the_data_card_counts_what_is_there(raw_data: Path) -> None:
    card = (raw_data / "README.md").read_text("utf-8")
    assert "3 episodes of" in card
    assert "| find-plant | 2 of 150 | 1 of 75 | 0 of 75 |" in card


def test_the_card_tells_the_limit(tmp_path: Path) -> None:
    collect(train_config(tmp_path, variations=1))
    command = "sgd-gym collect --tasks find-plant --splits train --max-variations 1\n"
    assert command in (tmp_path / "README.md").read_text("utf-8")


def test_a_path_that_fails_is_kept_apart(
    raw_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that stops short stands for one that the simulator solves badly."""
    real = module.play_oracle

    def play(env: ScienceWorldEnv, task: str, variation: int) -> Episode:
        episode = real(env, task, variation)
        return replace(episode, steps=episode.steps[:-1]) if variation == 0 else episode

    monkeypatch.setattr(module, "play_oracle", play)
    assert collect(train_config(tmp_path)) == 2
    assert [one.variation for one in read_episodes(tmp_path)] == [1]
    (failed,) = read_episodes(tmp_path / "failed" / "train")
    reasons = {"find-plant/0": f"ends at score {failed.score}"}
    assert json.loads((tmp_path / "failed" / "reasons.json").read_text()) == reasons
    assert f"| find-plant/0 | ends at score {failed.score} |" in (tmp_path / "README.md").read_text("utf-8")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("**/*")}
    monkeypatch.setattr(module, "ScienceWorldEnv", None)
    assert collect(train_config(tmp_path)) == 2
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("**/*")} == before


def test_more_variations_are_added_to_a_shard(raw_data: Path, tmp_path: Path) -> None:
    assert collect(train_config(tmp_path, variations=1)) == 1
    assert collect(train_config(tmp_path, variations=2)) == 2
    assert shard_of(tmp_path).read_bytes() == shard_of(raw_data).read_bytes()


def test_given_commands_are_played_until_the_task_ends(raw_data: Path) -> None:
    (episode,) = read_episodes(raw_data / "dev")
    env = ScienceWorldEnv(split="dev")
    try:
        commands = [*episode.actions, "look around"]
        played = play_path(env, "find-plant", 150, commands, "shortened")
        assert played == replace(episode, source="shortened")
        assert played.digest() == episode.digest()
        with pytest.raises(DataError, match="no path of find-plant/150"):
            play_path(env, "find-plant", 150, [], "shortened")
    finally:
        env.close()


def test_the_subset_collects_its_variations_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = []

    def play(env: object, task: str, variation: int) -> Episode:
        played.append(variation)
        step = Step("room", "nothing", "open door", "It is open.", 100.0, 100, True)
        return Episode(task, variation, "dev", "Find the angle.", "oracle", (step,))

    monkeypatch.setattr(module, "play_oracle", play)
    config = CollectConfig(tmp_path, ["9-1"], ["dev"], subset="sgd")
    dev = [number for number in sgd_subset(get_task("9-1")) if number in get_task("9-1").variations("dev")]
    assert collect(config) == len(dev)
    assert sorted(played) == dev
    assert [one.variation for one in read_episodes(tmp_path)] == dev
    assert collect(replace(config, subset=None)) == 42
    assert len(played) == 42


def test_a_second_call_does_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise AssertionError("a simulator was asked for")

    monkeypatch.setattr(module, "ScienceWorldEnv", refuse)
    before = {path: path.stat().st_mtime_ns for path in folder.glob("**/*")}
    assert collect(train_config(folder)) == 2
    assert {path: path.stat().st_mtime_ns for path in folder.glob("**/*")} == before


def test_a_shard_that_is_cut_off_is_refused_with_the_fix(folder: Path) -> None:
    shard = shard_of(folder)
    shard.write_bytes(shard.read_bytes()[:1000])
    with pytest.raises(DataError, match=rf"{shard.name} is not a whole parquet file.*Fix: delete it"):
        collect(train_config(folder))


def test_a_shard_of_other_episodes_is_refused_with_the_fix(folder: Path) -> None:
    shard = shard_of(folder)
    shutil.copy(shard_of(folder, "dev"), shard)
    with pytest.raises(DataError, match=rf"{shard.name} does not hold .*Fix: delete it"):
        collect(train_config(folder))


def test_after_a_kill_the_rest_is_collected(
    folder: Path, raw_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill leaves whole shards, and of the one in work a hidden part."""
    monkeypatch.setattr(shards, "SHARD_SIZE", 1)
    whole = shard_of(folder)
    write_episodes(whole, read_episodes(whole)[:1])
    before = whole.stat().st_mtime_ns
    part = whole.with_name(f".{whole.name}.x1y2z3")
    part.write_bytes(whole.read_bytes()[:500])
    assert collect(train_config(folder)) == 2
    assert whole.stat().st_mtime_ns == before
    assert read_episodes(folder / "train") == read_episodes(raw_data / "train")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": ["find-plnt"]}, "task 'find-plnt'"),
        ({"splits": ["training"]}, "split 'training'.*train, dev, test"),
        ({"subset": "sdg"}, "subset 'sdg'.*'sgd'"),
    ],
)
def test_unknown_names_are_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        collect(CollectConfig(tmp_path, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["worlds", "max_variations"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_number_that_collects_nothing_is_refused(tmp_path: Path, name: str, value: int) -> None:
    config = CollectConfig(tmp_path, ["find-plant"])
    setattr(config, name, value)
    with pytest.raises(SgdGymError, match=rf"{name} is {value}\. Allowed: 1 or more"):
        collect(config)


def test_verify_without_shipped_paths_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SgdGymError, match=r"Fix: add --from-shipped"):
        collect(CollectConfig(tmp_path, ["find-plant"], verify=True))


def test_the_slowest_tasks_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = []

    def play(env: object, task: str, variation: int) -> Episode:
        played.append(task)
        step = Step("room", "nothing", "open door", "It is open.", 100.0, 100, True)
        return Episode(task, variation, "train", "Do it.", "oracle", (step,))

    monkeypatch.setattr(module, "play_oracle", play)
    collect(CollectConfig(tmp_path, ["find-plant", "9-3", "10-1", "boil"], max_variations=1, worlds=1))
    names = [
        "mendelian-genetics-known-plant",
        "inclined-plane-friction-unnamed-surfaces",
        "boil",
        "find-plant",
    ]
    assert played == names
