"""The journal of a run: what makes it go on after a kill; plays nothing.

Each finished episode is a line in a file and a transcript in the folder of the same name. The transcript is
written first, so that every line has one.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.benchmarks.transcripts import Move, write_episode
from sgd_gym.errors import DataError

Row = dict[str, Any]


class Journal:
    """Finished episodes of one agent; an episode that an error ended, or a passing fault, is played again."""

    def __init__(self, path: Path, fingerprint: str):
        """Open or begin a journal.

        Args:
            path: The file, such as `episodes-sgd.jsonl`.
            fingerprint: Names agent and settings.

        Raises:
            DataError: If the file is no journal, or one of another fingerprint.
        """
        self.path = path
        rows = _read(path, fingerprint)
        self._rows = {key_of(row): row for row in rows if transcript_path(path, key_of(row)).is_file()}

    def row(self, key: EpisodeKey) -> Row:
        """Return the row of an episode that was added."""
        return self._rows[key]

    def is_done(self, key: EpisodeKey) -> bool:
        """Return whether an episode was played to its end."""
        row = self._rows.get(key)
        return row is not None and row["ended_by"] != "error" and not row["fault_passing"]

    def add(self, row: Row, moves: Sequence[Move]) -> None:
        """Keep a finished episode."""
        key = key_of(row)
        write_episode(transcript_path(self.path, key), row, moves)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._rows[key] = row


def transcript_path(journal: Path, key: EpisodeKey) -> Path:
    """Return where the transcript of an episode stands."""
    return journal.with_suffix("") / f"{key.task}-{key.variation}-{key.seed}.parquet"


def key_of(row: Row) -> EpisodeKey:
    """Return which episode a row is of."""
    return EpisodeKey(row["task"], row["variation"], row["seed"])


def _read(path: Path, fingerprint: str) -> list[Row]:
    """Return the rows of a journal; a last line that a kill cut off is dropped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    if lines and lines[-1]:
        path.write_text("\n".join(lines[:-1]) + "\n" * (len(lines) > 1), encoding="utf-8")
        lines = lines[:-1]
    lines = [line for line in lines if line]
    if not lines:
        path.write_text(json.dumps({"fingerprint": fingerprint}) + "\n", encoding="utf-8")
        return []
    try:
        head, *rows = map(json.loads, lines)
        found = head.get("fingerprint")
        for row in rows:
            key_of(row), row["ended_by"], row["fault_passing"]
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not a journal of episodes: {error}. Fix: delete it.") from error
    if found != fingerprint:
        raise DataError(
            f"{path} holds episodes of another agent, checkpoint or setting. "
            f"Fix: name another --out folder, or delete the file to play them anew."
        )
    return rows
