"""The table of the 30 ScienceWorld tasks; knows no simulator.

`mean_oracle_length` is the mean length of the oracle paths that SwiftSage published (arXiv 2305.17390,
Table 1). The length classes of SwiftSage and Sub-goal Distillation derive from it: below 20 short, below 50
medium, else long. The simulator gives the first variations of a task to train, the next to dev, the last
to test (about 50/25/25); the counts are those of scienceworld 1.2.3.
"""

from dataclasses import dataclass
from typing import Literal

from sgd_gym.errors import UnknownNameError

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")


@dataclass(frozen=True)
class Task:
    """One task type of ScienceWorld."""

    id: str
    """Number in the paper, such as "1-1"."""
    name: str
    """Name that the simulator knows, such as "boil"."""
    topic: str
    """School topic."""
    mean_oracle_length: float
    """Mean number of actions in the published oracle paths."""
    variations_per_split: tuple[int, int, int]
    """How many variations train, dev and test hold."""

    @property
    def length_class(self) -> str:
        """Return "short", "medium" or "long"."""
        if self.mean_oracle_length < 20:
            return "short"
        return "medium" if self.mean_oracle_length < 50 else "long"

    def variations(self, split: str) -> range:
        """Return the variations of one split.

        Raises:
            UnknownNameError: If `split` is none.
        """
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
        index = SPLITS.index(split)
        start = sum(self.variations_per_split[:index])
        return range(start, start + self.variations_per_split[index])

    def split_of(self, variation: int) -> Split:
        """Return the split that a variation belongs to.

        Raises:
            UnknownNameError: If the task has no such variation.
        """
        for split in SPLITS:
            if variation in self.variations(split):
                return split
        raise UnknownNameError(
            f"variation of {self.name}", variation, [f"0 to {sum(self.variations_per_split) - 1}"]
        )


TASKS: tuple[Task, ...] = tuple(
    Task(*row)
    for row in (
        ("1-1", "boil", "Matter", 107.7, (14, 7, 9)),
        ("1-2", "melt", "Matter", 78.6, (14, 7, 9)),
        ("1-3", "freeze", "Matter", 88.9, (14, 7, 9)),
        ("1-4", "change-the-state-of-matter-of", "Matter", 75.2, (14, 7, 9)),
        ("2-1", "use-thermometer", "Measurement", 21.4, (270, 135, 135)),
        ("2-2", "measure-melting-point-known-substance", "Measurement", 35.2, (218, 109, 109)),
        ("2-3", "measure-melting-point-unknown-substance", "Measurement", 65.0, (150, 75, 75)),
        ("3-1", "power-component", "Electricity", 13.6, (10, 5, 5)),
        ("3-2", "power-component-renewable-vs-nonrenewable-energy", "Electricity", 20.8, (10, 5, 5)),
        ("3-3", "test-conductivity", "Electricity", 25.6, (450, 225, 225)),
        ("3-4", "test-conductivity-of-unknown-substances", "Electricity", 29.0, (300, 150, 150)),
        ("4-1", "find-living-thing", "Classification", 14.6, (150, 75, 75)),
        ("4-2", "find-non-living-thing", "Classification", 8.8, (150, 75, 75)),
        ("4-3", "find-plant", "Classification", 12.6, (150, 75, 75)),
        ("4-4", "find-animal", "Classification", 14.6, (150, 75, 75)),
        ("5-1", "grow-plant", "Biology", 69.5, (62, 31, 33)),
        ("5-2", "grow-fruit", "Biology", 79.6, (62, 31, 33)),
        ("6-1", "chemistry-mix", "Chemistry", 33.6, (16, 8, 8)),
        ("6-2", "chemistry-mix-paint-secondary-color", "Chemistry", 15.1, (18, 9, 9)),
        ("6-3", "chemistry-mix-paint-tertiary-color", "Chemistry", 23.0, (18, 9, 9)),
        ("7-1", "lifespan-longest-lived", "Biology", 7.0, (62, 31, 32)),
        ("7-2", "lifespan-shortest-lived", "Biology", 7.0, (62, 31, 32)),
        ("7-3", "lifespan-longest-lived-then-shortest-lived", "Biology", 8.0, (62, 31, 32)),
        ("8-1", "identify-life-stages-1", "Biology", 40.0, (6, 3, 5)),
        ("8-2", "identify-life-stages-2", "Biology", 16.3, (4, 2, 4)),
        ("9-1", "inclined-plane-determine-angle", "Forces", 97.0, (84, 42, 42)),
        ("9-2", "inclined-plane-friction-named-surfaces", "Forces", 84.9, (692, 346, 348)),
        ("9-3", "inclined-plane-friction-unnamed-surfaces", "Forces", 123.1, (80, 40, 42)),
        ("10-1", "mendelian-genetics-known-plant", "Biology", 130.1, (60, 30, 30)),
        ("10-2", "mendelian-genetics-unknown-plant", "Biology", 132.1, (240, 120, 120)),
    )
)


def get_task(name_or_id: str) -> Task:
    """Return the task of a name ("boil") or id ("1-1").

    Raises:
        UnknownNameError: If there is none.
    """
    for task in TASKS:
        if name_or_id in (task.id, task.name):
            return task
    raise UnknownNameError("task", name_or_id, [name for task in TASKS for name in (task.name, task.id)])


def get_tasks(names: str | list[str] | tuple[str, ...]) -> tuple[Task, ...]:
    """Return the tasks of one name, a list of names or ids, or "all"; each once, in table order."""
    names = [names] if isinstance(names, str) else list(names)
    if names == ["all"]:
        return TASKS
    if not names:
        raise UnknownNameError("task", "", ["all", *(task.name for task in TASKS)])
    wanted = {get_task(name) for name in names}
    return tuple(task for task in TASKS if task in wanted)
