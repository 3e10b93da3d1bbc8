"""Gives the games of a report what was said and done in them; draws nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from sgd_gym.benchmarks.journal import Row
from sgd_gym.benchmarks.page.packing import Game
from sgd_gym.benchmarks.results import Results
from sgd_gym.benchmarks.transcripts import FILE, name_seed, read_table
from sgd_gym.errors import DataError

EpisodeId = tuple[str, str | None, str, int, int]
"""Agent, training seed, task, variation, seed."""


def episode_id(row: Row) -> EpisodeId:
    """Return what names an episode, from its row or from one of its moves."""
    return row["agent"], name_seed(row["training_seed"]), row["task"], row["variation"], row["seed"]


def read_games(results: Results, paths: Sequence[Path]) -> Iterator[tuple[str, list[Game]]]:
    """Yield each task's games that a transcript was kept of.

    Args:
        results: What was measured.
        paths: Its files; a transcript stands beside each, if one was kept.

    Raises:
        DataError: If a transcript is cut off, lacks columns or moves, or is of other episodes.
    """
    files = [path.with_name(FILE) for path in paths]
    tables = [read_table(file) for file in files if file.exists()]
    places = {episode_id(row): place for place, row in enumerate(results.rows)}
    for task in results.tasks:
        games = [game for table in tables for game in _games(table, task, places, results)]
        if games:
            yield task, games


def _games(table: Any, task: str, places: dict[EpisodeId, int], results: Results) -> Iterator[Game]:
    """Yield the games of one task that a table holds."""
    moves: dict[EpisodeId, list[dict[str, Any]]] = {}
    for move in table.filter(pc.equal(table["task"], task)).to_pylist():
        moves.setdefault(episode_id(move), []).append(move)
    for key, steps in moves.items():
        protocols = {step["protocol"] for step in steps}
        if key not in places or protocols != {results.protocol.name}:
            raise DataError(
                f"The transcript holds the episode {key} of {', '.join(protocols)}, which the results lack. "
                f"Fix: keep each results file beside its own {FILE}."
            )
        steps.sort(key=lambda step: step["move"])
        row = results.rows[places[key]]
        if [step["move"] for step in steps] != list(range(row["moves"] + 1)):
            raise DataError(
                f"The transcript of {key} does not hold the moves 0 to {row['moves']}, one row each. "
                "Fix: run the benchmark again."
            )
        yield Game(
            episode=places[key],
            option=[step["option_index"] for step in steps],
            reward=[_short(step["reward"]) for step in steps],
            score=[_short(step["score"]) for step in steps],
            tokens=[step["model_tokens"] or 0 for step in steps],
            seconds=[_short(step["seconds"]) for step in steps],
            subgoal=[step["subgoal"] for step in steps],
            action=[step["action"] for step in steps],
            observation=[step["observation"] for step in steps],
            look=[step["look"] for step in steps],
            inventory=[step["inventory"] for step in steps],
        )


def _short(value: float | None) -> float:
    """Return a figure as the page shows it, without digits that only cost room."""
    rounded = round(value or 0.0, 3)
    return int(rounded) if rounded == int(rounded) else rounded
