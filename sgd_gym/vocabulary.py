"""The sub-goals and commands of the train split: what discrete actions and default goals are made of.

Read from the paths that the package ships; knows no simulator.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Literal

import pyarrow.compute as pc
import pyarrow.parquet as pq

from sgd_gym.errors import DataError

SHIPPED = Path(__file__).parent / "data" / "oracle_paths.parquet"
"""The file of oracle paths that the package ships, a row group for each task; see `sgd_gym.data.shipped`."""


def read_vocabulary(
    tasks: Iterable[str], column: Literal["subgoal", "action"] = "subgoal", path: Path = SHIPPED
) -> tuple[str, ...]:
    """Return the distinct sub-goals or commands of the shortened train paths of some tasks, in order.

    Args:
        tasks: Names of tasks.
        column: "subgoal" or "action".
        path: The file of shipped paths.

    Raises:
        DataError: If the file is missing, or holds no shortened train path of a task.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist. Fix: install sgd-gym again; the file is part of it.")
    found: set[str] = set()
    for task in tasks:
        entries = _read_column(path, column).get(task)
        if not entries:
            raise DataError(f"{path} holds no shortened train path of {task!r}. Fix: install sgd-gym again.")
        found |= entries
    return tuple(sorted(found))


@lru_cache(maxsize=4)
def _read_column(path: Path, column: str) -> dict[str, frozenset[str]]:
    """Return the entries of a column by task."""
    table = pq.read_table(path, columns=["task", "split", "source", column])
    table = table.filter(pc.and_(pc.equal(table["split"], "train"), pc.equal(table["source"], "shortened")))
    pairs = table.group_by(["task", column]).aggregate([])
    found: dict[str, set[str]] = {}
    for task, entry in zip(pairs["task"].to_pylist(), pairs[column].to_pylist(), strict=True):
        found.setdefault(task, set()).add(entry)
    return {task: frozenset(entries) for task, entries in found.items()}
