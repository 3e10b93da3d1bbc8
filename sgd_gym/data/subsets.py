"""Named choices of variations; knows the table of tasks, no simulator."""

import random
from collections.abc import Callable

from sgd_gym.envs.tasks import TASKS, Task
from sgd_gym.errors import UnknownNameError

SGD_LIMITS = {"3-3": 100, **{task.id: 50 for task in TASKS if task.id.startswith(("9-", "10-"))}}
"""Variations that the subset "sgd" keeps of a task, over all splits together; it keeps the others whole."""


def sgd_subset(task: Task) -> tuple[int, ...]:
    """Return the variations of a task in the data of Sub-goal Distillation (arXiv 2405.02749).

    The paper keeps 4,341 of the 7,207 variations, as SwiftSage (arXiv 2305.17390) does: for each of the tasks
    9-1 to 9-3, 10-1 and 10-2 its conversion of the data shuffles the paths of all splits together with seed 1
    and keeps the first 50, for task 3-3 the first 100. Rule and numbers are the same here. Which variations
    remain, and so how many of each split, is not: the original shuffles the paths in the order of its own
    file, here the variations of each task are shuffled in the order of their numbers, each time with seed 1.
    Nor are the rest of the original's cuts made (paths of less than two commands, and at most 9 test
    variations of a task): they are a matter of conversion and of protocol.
    """
    variations = list(range(sum(task.variations_per_split)))
    if task.id in SGD_LIMITS:
        random.Random(1).shuffle(variations)
        variations = sorted(variations[: SGD_LIMITS[task.id]])
    return tuple(variations)


SUBSETS: dict[str, Callable[[Task], tuple[int, ...]]] = {"sgd": sgd_subset}
"""What `--subset` can name."""


def choose_variations(task: Task, split: str, subset: str | None, most: int | None) -> tuple[int, ...]:
    """Return the variations of one task and split in a subset, the first ones if there is a limit.

    Raises:
        UnknownNameError: If the subset or split does not exist.
    """
    variations = tuple(task.variations(split))
    if subset is not None:
        if subset not in SUBSETS:
            raise UnknownNameError("subset", subset, SUBSETS)
        kept = set(SUBSETS[subset](task))
        variations = tuple(number for number in variations if number in kept)
    return variations[:most]
