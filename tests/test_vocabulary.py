"""The vocabulary of the train split."""

from pathlib import Path

import pytest

from sgd_gym.envs.tasks import TASKS
from sgd_gym.errors import DataError
from sgd_gym.subgoals.grammar import parse
from sgd_gym.trajectories import read_episodes
from sgd_gym.vocabulary import read_vocabulary, write_vocabulary


def test_it_is_in_order_and_grows_with_the_tasks() -> None:
    one = read_vocabulary(["find-plant"])
    two = read_vocabulary(["boil", "find-plant"])
    assert one == tuple(sorted(set(one)))
    assert set(one) < set(two)
    assert two == read_vocabulary(["find-plant", "boil"])
    assert "navigate_to(greenhouse)" in one
    assert "teleport to greenhouse" in read_vocabulary(["find-plant"], "commands")


def test_the_shipped_file_has_every_task_and_parses() -> None:
    subgoals = read_vocabulary(task.name for task in TASKS)
    assert len(subgoals) > 500
    assert all(str(parse(subgoal)) == subgoal for subgoal in subgoals)
    assert len(read_vocabulary((task.name for task in TASKS), "commands")) > len(subgoals)


def test_only_the_train_split_is_written(annotated_data: Path, tmp_path: Path) -> None:
    episodes = [one for file in annotated_data.glob("*/*.parquet") for one in read_episodes(file)]
    assert {one.split for one in episodes} == {"train", "dev"}
    write_vocabulary(episodes, tmp_path / "vocabulary.json")
    train = [one for one in episodes if one.split == "train"]
    commands = {command for one in train for command in one.actions}
    assert set(read_vocabulary(["find-plant"], "commands", tmp_path / "vocabulary.json")) == commands


def test_a_missing_or_broken_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Fix: install sgd-gym again"):
        read_vocabulary(["find-plant"], path=tmp_path / "no.json")
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(DataError, match="Fix: install sgd-gym again"):
        read_vocabulary(["find-plant"], path=broken)


def test_an_unknown_task_is_told() -> None:
    with pytest.raises(DataError, match="lacks the task 'boyl'"):
        read_vocabulary(["boyl"])
