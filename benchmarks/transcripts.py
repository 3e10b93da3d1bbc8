"""Transcripts: what was seen and done in each episode, one row a move, as parquet; plays nothing.

Move 0 is the start: no action, the task text as observation, and look and inventory as they are then. From
move 1 on, look and inventory are what was seen after the action.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.errors import DataError
from sgd_gym.files import write_whole

FILE = "transcripts.parquet"
"""Name of the file beside results.json."""

SCHEMA = pa.schema(
    [
        ("protocol", pa.string()),
        ("agent", pa.string()),
        ("training_seed", pa.string()),
        ("task", pa.string()),
        ("variation", pa.int32()),
        ("seed", pa.int32()),
        ("move", pa.int32()),
        ("subgoal", pa.string()),
        ("option_index", pa.int32()),
        ("action", pa.string()),
        ("observation", pa.string()),
        ("look", pa.string()),
        ("inventory", pa.string()),
        ("reward", pa.float32()),
        ("score", pa.int32()),
        ("model_tokens", pa.int32()),
        ("seconds", pa.float32()),
    ]
)


@dataclass(frozen=True)
class Move:
    """One move of an episode; of its start if `action` is None."""

    move: int
    subgoal: str | None
    """The option that the agent was in, if it has options."""
    option_index: int | None
    """Its number in the episode, from 0."""
    action: str | None
    observation: str
    look: str
    inventory: str
    reward: float
    score: int
    model_tokens: int
    """Tokens that went through the agent's models for this move."""
    seconds: float
    """The agent's time for this move; n worlds that it answers at once share it."""


def write_episode(path: Path, row: Mapping[str, Any], moves: Sequence[Move]) -> None:
    """Write the transcript of one episode, whole or not at all."""
    _write(path, [_make_table(row, moves)])


def write_transcripts(path: Path, parts: Sequence[Path]) -> None:
    """Join transcripts, whole files of any number of episodes, in their order.

    Raises:
        DataError: If one of them is none.
    """
    _write(path, (read_table(part) for part in parts))


def read_moves(path: Path, agent: str, key: EpisodeKey, training_seed: int | str | None = None) -> list[Move]:
    """Read one episode of an agent; empty if the file does not hold it.

    Raises:
        DataError: If the file is no transcript.
    """
    wanted = {"agent": agent, "task": key.task, "variation": key.variation, "seed": key.seed}
    chosen = pc.field("training_seed")
    seed = name_seed(training_seed)
    filters = chosen.is_null() if seed is None else chosen == seed
    for name, value in wanted.items():
        filters &= pc.field(name) == value
    table = read_table(path, filters)
    names = Move.__dataclass_fields__
    return [Move(**{name: row[name] for name in names}) for row in table.to_pylist()]


def name_seed(training_seed: int | str | None) -> str | None:
    """Return a training seed as a transcript names it: several seeds, such as "1+2", are a text."""
    return None if training_seed is None else str(training_seed)


def read_table(path: Path, filters: pc.Expression | None = None) -> pa.Table:
    """Read moves, all or some.

    Raises:
        DataError: If the file is no transcript.
    """
    again = "Fix: delete it, and play it again with 'sgd-gym bench run'."
    try:
        names = pq.read_schema(path).names
        if names != SCHEMA.names:
            raise DataError(f"{path} has columns {names}. Allowed: {SCHEMA.names}. {again}")
        return pq.read_table(path, filters=filters)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path} is no transcript, or cut off: {error}. {again}") from error


def _make_table(row: Mapping[str, Any], moves: Sequence[Move]) -> pa.Table:
    episode = {name: row[name] for name in ("protocol", "agent", "task", "variation", "seed")}
    episode["training_seed"] = name_seed(row["training_seed"])
    return pa.Table.from_pylist([{**episode, **asdict(move)} for move in moves], SCHEMA)


def _write(path: Path, tables: Iterable[pa.Table]) -> None:
    def write(part: Path) -> None:
        with pq.ParquetWriter(part, SCHEMA, compression="zstd") as writer:
            for table in _gather(tables):
                writer.write_table(table)

    write_whole(path, write)


def _gather(tables: Iterable[pa.Table], rows: int = 10_000) -> Iterator[pa.Table]:
    """Join tables until they have so many rows: what repeats in a row group is stored once."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(one.num_rows for one in held) >= rows:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)
