"""Trajectories: one row a step, in parquet files; the one schema for data, training and agents.

Knows no simulator and no model. A row holds what the agent saw before its command (`look`, `inventory`) and
what the command did (`observation`, `reward`, `score`, `done`), as the papers' records do. The room seen at
the start of an episode is the first row's `look`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sgd_gym.errors import DataError
from sgd_gym.files import write_whole

SCHEMA_VERSION = 2

FAILED = "failed"
"""Folder, within a folder of episodes, of those that do not reach 100; `read_episodes` leaves it out."""


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
    taught: bool = True
    """Whether it is an example; False for what a student did before its guide took over."""


@dataclass(frozen=True)
class Episode:
    """One episode. Law: `sum(rewards) == score at the end - score at the start`."""

    task: str
    variation: int
    split: str
    task_description: str
    source: str
    """Who played it: "oracle", or "shortened" for an oracle path without its detours."""
    annotator: str | None = field(default=None, kw_only=True)
    """Who divided it into sub-goals: "rules", or a model's name; None before annotation."""
    steps: tuple[Step, ...] = field(repr=False)

    @property
    def episode_id(self) -> str:
        """Return the name that is unique among the episodes of one source."""
        return f"{self.task}/{self.variation}"

    @property
    def actions(self) -> list[str]:
        """Return the commands in order."""
        return [step.action for step in self.steps]

    @property
    def seen(self) -> list[str]:
        """Return the text that comes into view before each command: task, last reply, room and inventory."""
        told = [self.task_description, *(step.observation for step in self.steps)]
        return [
            f"{text}\n{step.look}\n{step.inventory}" for text, step in zip(told, self.steps, strict=False)
        ]

    @property
    def score(self) -> int:
        """Return the score at the end, in points."""
        return self.steps[-1].score if self.steps else 0

    def digest(self) -> str:
        """Return 16 hex digits that change with any text, reward or score, and with no sub-goal."""
        rows = [[getattr(step, name) for name in _PLAYED_COLUMNS] for step in self.steps]
        text = json.dumps([self.task_description, rows])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Head:
    """What tells an episode apart from others, without its texts."""

    task: str
    variation: int
    split: str
    source: str
    annotator: str | None
    moves: int
    score: int
    """Score at the end, in points."""

    @property
    def episode_id(self) -> str:
        """Return the name that is unique among the episodes of one source."""
        return f"{self.task}/{self.variation}"


_EPISODE_COLUMNS = ("task", "variation", "split", "task_description", "source", "annotator")
_HEAD_COLUMNS = ("task", "variation", "split", "source", "annotator")
_PLAYED_COLUMNS = ("look", "inventory", "action", "observation", "reward", "score", "done")
_STEP_COLUMNS = tuple(one.name for one in fields(Step))
_LATER = {"taught": True}
"""Columns that files of this version may lack, and what then holds."""
_SCHEMA = pa.schema(
    [
        ("episode_id", pa.string()),
        ("task", pa.string()),
        ("variation", pa.int32()),
        ("split", pa.string()),
        ("task_description", pa.string()),
        ("source", pa.string()),
        ("annotator", pa.string()),
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
        ("taught", pa.bool_()),
    ],
    metadata={b"sgd_gym_schema_version": str(SCHEMA_VERSION).encode()},
)


def make_rows(episode: Episode) -> list[dict[str, Any]]:
    """Return the rows of an episode, one a step, with the columns of the files."""
    head = {name: getattr(episode, name) for name in _EPISODE_COLUMNS}
    return [
        {"episode_id": episode.episode_id, **head, "step": number, **asdict(step)}
        for number, step in enumerate(episode.steps)
    ]


def make_table(episodes: Iterable[Episode]) -> pa.Table:
    """Return the rows of episodes as a table of the schema, which its metadata names."""
    return pa.Table.from_pylist([row for one in episodes for row in make_rows(one)], schema=_SCHEMA)


def write_episodes(path: Path, episodes: Iterable[Episode]) -> None:
    """Write episodes to one parquet file, whole or not at all; equal episodes give equal bytes."""
    table = make_table(episodes)

    def write(part: Path) -> None:
        with pq.ParquetWriter(part, _SCHEMA, compression="zstd", write_page_checksum=True) as writer:
            if len(table):  # Hugging Face datasets stumbles over a row group without rows
                writer.write_table(table)

    write_whole(path, write)


def episode_files(path: Path) -> list[Path]:
    """Return the parquet files of a folder in the order of their names, without those of failed episodes.

    Raises:
        DataError: If the folder does not exist or holds none.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist. Fix: make it with 'sgd-gym collect'.")
    found = sorted(path.glob("**/*.parquet"))
    files = [file for file in found if file.relative_to(path).parts[0] != FAILED]
    if not files:
        raise DataError(f"{path} holds no .parquet file. Fix: make one with 'sgd-gym collect'.")
    return files


def read_episodes(path: Path) -> list[Episode]:
    """Read the episodes of one parquet file, or of all in a folder, in the order of their names.

    Raises:
        DataError: If the path holds no data or an episode twice, or a file is cut off or of another schema
            version.
    """
    if path.is_dir():
        found = {file: read_episodes(file) for file in episode_files(path)}
        check_unique(found)
        return [episode for episodes in found.values() for episode in episodes]
    return list(episodes_of(_read_table(path)))


def read_heads(path: Path) -> list[Head]:
    """Read who, what and how long of the episodes of one file, without their texts; see `read_episodes`."""
    table = _read_table(path, ["episode_id", *_HEAD_COLUMNS, "score"])
    heads = []
    for _, group in groupby(table.to_pylist(), key=lambda row: (row["source"], row["episode_id"])):
        rows = list(group)
        head = {name: rows[0][name] for name in _HEAD_COLUMNS}
        heads.append(Head(**head, moves=len(rows), score=rows[-1]["score"]))
    return heads


def check_unique(found: Mapping[Path, Sequence[Episode | Head]]) -> None:
    """Check that no two files hold the same episode of the same source.

    Raises:
        DataError: If two do.
    """
    first: dict[tuple[str, str], Path] = {}
    for file, episodes in found.items():
        for episode in episodes:
            other = first.setdefault((episode.source, episode.episode_id), file)
            if other != file:
                raise DataError(
                    f"{episode.episode_id} stands twice, in {other} and {file}. Fix: delete one of them."
                )


def episodes_of(table: pa.Table) -> Iterator[Episode]:
    """Yield the episodes of a table whose rows stand as they were written."""
    for _, group in groupby(table.to_pylist(), key=lambda row: (row["source"], row["episode_id"])):
        steps = list(group)
        head = {name: steps[0][name] for name in _EPISODE_COLUMNS}
        rows = [_LATER | row for row in steps]
        yield Episode(
            **head, steps=tuple(Step(**{name: row[name] for name in _STEP_COLUMNS}) for row in rows)
        )


def _read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    if not path.exists():
        raise DataError(f"{path} does not exist. Fix: make it with 'sgd-gym collect'.")
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            check_schema(path, file.schema_arrow)
            return file.read(columns)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path} is not a whole parquet file ({str(error).splitlines()[0]}). "
            f"Fix: delete it and run the command that made it again; what is whole is kept."
        ) from error


def check_schema(path: Path, schema: pa.Schema) -> None:
    """Check that a file is of this schema version.

    Raises:
        DataError: If it is of another one, or holds something else.
    """
    found = (schema.metadata or {}).get(b"sgd_gym_schema_version", b"none").decode()
    if found != str(SCHEMA_VERSION) or not set(_SCHEMA.names) - set(_LATER) <= set(schema.names):
        raise DataError(
            f"{path} has trajectory schema version {found}. Allowed: {SCHEMA_VERSION}. "
            f"Fix: make the file again with 'sgd-gym collect'."
        )
