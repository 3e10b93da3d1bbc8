"""The sub-goals and commands of the train split: what discrete actions and default goals are made of.

`data/vocabulary.json` is written with the oracle paths that the package ships (`sgd_gym.data.shipped`), from
their shortened train paths. Knows no simulator.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Literal

from sgd_gym.errors import DataError
from sgd_gym.files import write_json
from sgd_gym.trajectories import Episode

VOCABULARY = Path(__file__).parent / "data" / "vocabulary.json"
"""The file that the package ships."""

Kind = Literal["subgoals", "commands"]


def read_vocabulary(
    tasks: Iterable[str], kind: Kind = "subgoals", path: Path = VOCABULARY
) -> tuple[str, ...]:
    """Return the distinct sub-goals or commands of the train paths of some tasks, in alphabetical order.

    Args:
        tasks: Names of tasks.
        kind: "subgoals" or "commands".
        path: The file to read.

    Raises:
        DataError: If the file is missing or broken, or lacks a task.
    """
    entries = _read(path)[kind]
    found: set[str] = set()
    for task in tasks:
        if task not in entries:
            raise DataError(f"{path} lacks the task {task!r}. Allowed: {', '.join(entries)}.")
        found.update(entries[task])
    return tuple(sorted(found))


def write_vocabulary(episodes: Iterable[Episode], path: Path = VOCABULARY) -> None:
    """Write the sub-goals and commands of those of some annotated episodes that are of the train split."""
    found: dict[str, dict[str, set[str]]] = {"subgoals": {}, "commands": {}}
    for episode in episodes:
        if episode.split == "train":
            for step in episode.steps:
                found["subgoals"].setdefault(episode.task, set()).add(step.subgoal or "")
                found["commands"].setdefault(episode.task, set()).add(step.action)
    write_json(
        path, {kind: {task: sorted(one) for task, one in tasks.items()} for kind, tasks in found.items()}
    )


@lru_cache(maxsize=2)
def _read(path: Path) -> dict[str, dict[str, list[str]]]:
    try:
        found: dict[str, dict[str, list[str]]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not to be read ({error}). Fix: install sgd-gym again.") from error
    return found
