"""The table of tasks: complete, consistent, and what the simulator says too."""

from collections import Counter
from collections.abc import Iterator

import pytest

from sgd_gym.envs.simulator import Simulator
from sgd_gym.envs.tasks import SPLITS, TASKS, Task, get_task, get_tasks
from sgd_gym.errors import UnknownNameError


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    simulator = Simulator()
    yield simulator
    simulator.close()


def test_there_are_30_tasks_with_7207_variations() -> None:
    assert len(TASKS) == len({task.name for task in TASKS}) == len({task.id for task in TASKS}) == 30
    assert sum(sum(task.variations_per_split) for task in TASKS) == 7207


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_splits_are_disjoint_and_complete(task: Task) -> None:
    parts = [task.variations(split) for split in SPLITS]
    assert all(parts)
    assert sorted(index for part in parts for index in part) == list(range(sum(map(len, parts))))
    for split, part in zip(SPLITS, parts, strict=True):
        assert {task.split_of(index) for index in part} == {split}


def test_length_classes_are_those_of_the_papers() -> None:
    assert Counter(task.length_class for task in TASKS) == {"short": 10, "medium": 8, "long": 12}
    assert get_task("find-plant").length_class == "short"
    assert get_task("use-thermometer").length_class == "medium"
    assert get_task("boil").length_class == "long"


def test_a_task_is_found_by_name_and_by_id() -> None:
    for task in TASKS:
        assert get_task(task.name) is task
        assert get_task(task.id) is task


def test_several_tasks_come_once_each_in_table_order() -> None:
    assert get_tasks("all") == TASKS
    assert [task.id for task in get_tasks(["find-plant", "1-1", "4-3"])] == ["1-1", "4-3"]
    assert [task.id for task in get_tasks("boil")] == ["1-1"]


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("find-plnt", "find-plant"),
        ("boill", "boil"),
        ("use_thermometer", "use-thermometer"),
    ],
)
def test_an_unknown_task_gets_a_suggestion_that_works(wrong: str, meant: str) -> None:
    with pytest.raises(UnknownNameError, match=f"Did you mean '{meant}'\\?") as caught:
        get_task(wrong)
    for task in TASKS:
        assert task.name in str(caught.value)
        assert task.id in str(caught.value)


def test_an_unknown_split_gets_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match=r"'tets'.*'test'.*train, dev, test"):
        get_task("boil").variations("tets")


@pytest.mark.parametrize("variation", [-1, 30])
def test_a_variation_that_is_not_there_is_refused(variation: int) -> None:
    with pytest.raises(UnknownNameError, match=r"variation of boil.*0 to 29"):
        get_task("boil").split_of(variation)


def test_unknown_names_are_value_errors() -> None:
    with pytest.raises(ValueError, match="Unknown task"):
        get_tasks(["boil", "cook"])


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_simulator_has_the_same_splits(simulator: Simulator, task: Task) -> None:
    simulator.load(task.name, 0, "easy")
    for split in SPLITS:
        assert simulator.variations(split) == list(task.variations(split))
