"""The vocabulary of the train split."""

from pathlib import Path

import pytest

from sgd_gym.errors import DataError
from sgd_gym.subgoals.grammar import parse
from sgd_gym.vocabulary import read_vocabulary


def test_it_is_in_order_and_grows_with_the_tasks() -> None:
    one = read_vocabulary(["find-plant"])
    two = read_vocabulary(["boil", "find-plant"])
    assert one == tuple(sorted(set(one)))
    assert set(one) < set(two)
    assert two == read_vocabulary(["find-plant", "boil"])
    assert "navigate_to(greenhouse)" in one
    assert all(str(parse(subgoal)) == subgoal for subgoal in two)
    assert "teleport to greenhouse" in read_vocabulary(["find-plant"], "action")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"does not exist\. Fix: "):
        read_vocabulary(["find-plant"], path=tmp_path / "no.parquet")


def test_an_unknown_task_is_told() -> None:
    with pytest.raises(DataError, match="no shortened train path of 'boyl'"):
        read_vocabulary(["boyl"])
