"""The named subsets hold as many variations as their papers say."""

import pytest

from sgd_gym.data.subsets import SGD_LIMITS, choose_variations, sgd_subset
from sgd_gym.envs.tasks import SPLITS, TASKS, get_task
from sgd_gym.errors import UnknownNameError


def test_the_subset_of_the_paper_has_4341_of_7207_variations() -> None:
    chosen = {task.id: sgd_subset(task) for task in TASKS}
    assert sum(len(variations) for variations in chosen.values()) == 4341
    assert sum(sum(task.variations_per_split) for task in TASKS) == 7207
    assert SGD_LIMITS == {"3-3": 100, "9-1": 50, "9-2": 50, "9-3": 50, "10-1": 50, "10-2": 50}
    for task in TASKS:
        whole = range(sum(task.variations_per_split))
        assert set(chosen[task.id]) <= set(whole)
        assert len(chosen[task.id]) == len(set(chosen[task.id])) == SGD_LIMITS.get(task.id, len(whole))


def test_the_subset_is_the_same_each_time_and_in_each_split() -> None:
    for task in TASKS:
        parts = [choose_variations(task, split, "sgd", None) for split in SPLITS]
        assert tuple(number for part in parts for number in part) == sgd_subset(task)
    assert sgd_subset(get_task("9-1"))[:5] == (8, 9, 10, 14, 18)


def test_a_limit_takes_the_first() -> None:
    boil = get_task("boil")
    assert choose_variations(boil, "dev", None, None) == tuple(range(14, 21))
    assert choose_variations(boil, "dev", None, 2) == (14, 15)
    assert choose_variations(boil, "dev", "sgd", 2) == (14, 15)


def test_an_unknown_subset_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"subset 'sdg'\. Did you mean 'sgd'"):
        choose_variations(get_task("boil"), "dev", "sdg", None)
