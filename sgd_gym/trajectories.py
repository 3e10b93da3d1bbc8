"""Trajectories: one row a step, in parquet files; the one schema for data, training and agents.

Knows no simulator and no model. A row holds what the agent saw before its command (`look`, `inventory`) and
what the command did (`observation`, `reward`, `score`, `done`), as the papers' records do. The room seen at
the start of an episode is the first row's `look`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sgd_gym.errors import DataError
from sgd_gym.files import write_whole

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Step:
    """One command and what it did."""

    look: str
    """The room before the command."""
    inventory: str
    """The inventory before the command."""
    action: str
    """The command."""
    observation: str
    """The simulator's reply to the command."""
    reward: float
    """Change of the score in points."""
    score: int
    """Score after the command, in points."""
    done: bool
    """Whether the simulator ended the task with this command."""
    subgoal: str | None = None
    """Sub-goal that the command serves; None before annotation."""
    option_index: int | None = None
    """Number of the sub-goal within the episode, from 0; None before annotation."""


@dataclass(frozen=True)
class Episode:
    """One episode. Law: `sum(rewards) == score at the end - score at the start`."""

    task: str
    variation: int
    split: str
    task_description: str
    source: str
    """Who played it, such as "oracle"."""
    steps: tuple[Step, ...] = field(repr=False)

    @property
    def episode_id(self) -> str:
        """Return the name that is unique among the episodes of one source."""
        return f"{self.task}/{self.variation}"

    @property
    def actions(self) -> list[str]:
        """Return the commands in order."""
        return [step.action for step in self.steps]


_EPISODE_COLUMNS = ("task", "variation", "split", "task_description", "source")
_STEP_COLUMNS = tuple(one.name for one in fields(Step))
_SCHEMA = pa.schema(
    [
        ("episode_id", pa.string()),
        ("task", pa.string()),
        ("variation", pa.int32()),
        ("split", pa.string()),
        ("task_description", pa.string()),
        ("source", pa.string()),
        ("step", pa.int32()),
        ("look", pa.string()),
        ("inventory", pa.string()),
        ("action", pa.string()),
        ("observation", pa.string()),
        ("reward", pa.float64()),
        ("score", pa.int32()),
        ("done", pa.bool_()),
        ("subgoal", pa.string()),
        ("option_index", pa.int32()),
    ],
    metadata={b"sgd_gym_schema_version": str(SCHEMA_VERSION).encode()},
)


def write_episodes(path: Path, episodes: Iterable[Episode]) -> None:
    """Write episodes to one parquet file, whole or not at all."""
    rows = [
        {
            "episode_id": episode.episode_id,
            **{name: getattr(episode, name) for name in _EPISODE_COLUMNS},
            "step": number,
            **asdict(step),
        }
        for episode in episodes
        for number, step in enumerate(episode.steps)
    ]
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    write_whole(path, lambda part: pq.write_table(table, part, compression="zstd"))


def read_episodes(path: Path) -> list[Episode]:
    """Read the episodes of one parquet file, or of all in a folder, in the order of their names.

    Raises:
        DataError: If the path holds no data or an episode twice, or a file is cut off or of another schema
            version.
    """
    if path.is_dir():
        files = sorted(path.glob("**/*.parquet"))
        if not files:
            raise DataError(f"{path} holds no .parquet file. Fix: make one with 'sgd-gym collect'.")
        found = {file: read_episodes(file) for file in files}
        first: dict[tuple[str, str], Path] = {}
        for file, episodes in found.items():
            for episode in episodes:
                other = first.setdefault((episode.source, episode.episode_id), file)
                if other != file:
                    raise DataError(
                        f"{episode.episode_id} stands twice, in {other} and {file}. Fix: delete one of them."
                    )
        return [episode for episodes in found.values() for episode in episodes]
    if not path.exists():
        raise DataError(f"{path} does not exist. Fix: make it with 'sgd-gym collect'.")
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path} is not a whole parquet file ({str(error).splitlines()[0]}). "
            f"Fix: delete it and run the command that made it again; what is whole is kept."
        ) from error
    found = (table.schema.metadata or {}).get(b"sgd_gym_schema_version", b"none").decode()
    if found != str(SCHEMA_VERSION) or not set(_SCHEMA.names) <= set(table.column_names):
        raise DataError(
            f"{path} has trajectory schema version {found}. Allowed: {SCHEMA_VERSION}. "
            f"Fix: make the file again with 'sgd-gym collect'."
        )
    return list(_group(table.to_pylist()))


def _group(rows: list[dict[str, Any]]) -> Iterator[Episode]:
    for _, group in groupby(rows, key=lambda row: (row["source"], row["episode_id"])):
        steps = list(group)
        head = {name: steps[0][name] for name in _EPISODE_COLUMNS}
        yield Episode(
            **head, steps=tuple(Step(**{name: row[name] for name in _STEP_COLUMNS}) for row in steps)
        )
