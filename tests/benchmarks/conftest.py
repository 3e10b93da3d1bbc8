"""Rows and results that nobody played, for tests of what is computed from them."""

from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sgd_gym.benchmarks.protocols import get_protocol
from sgd_gym.benchmarks.results import Results, make_results
from sgd_gym.benchmarks.transcripts import Move, write_episode, write_transcripts

Row = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def few_resamples(request: pytest.FixtureRequest) -> Generator[None]:
    """Draw few resamples, for speed, but where it is their intervals that are tested."""
    with pytest.MonkeyPatch.context() as patch:
        if request.module.__name__.rpartition(".")[2] not in ("test_stats", "test_compare"):
            patch.setattr("sgd_gym.benchmarks.stats.RESAMPLES", 200)
        yield


def make_row(
    agent: str = "sgd", task: str = "boil", variation: int = 0, score: int = 0, **changes: Any
) -> Row:
    """Return a row as `play` and `bench` make it; `changes` replace what it holds."""
    return {
        "protocol": "quickstart-dev",
        "agent": agent,
        "task": task,
        "variation": variation,
        "seed": 0,
        "score_last": score,
        "score_last_good": max(0, score),
        "score_negative_as_zero": max(0, score),
        "success": score == 100,
        "moves": 10,
        "invalid_commands": 1,
        "ended_by": "solved" if score == 100 else "move_limit",
        "error": None,
        "fault": "",
        "fault_passing": False,
        "planner_calls": 2,
        "executor_calls": 12,
        "model_tokens": 300,
        "llm_tokens_in": 0,
        "llm_tokens_out": 0,
        "llm_tokens": 0,
        "money": 0.0,
        "seconds": 1.0,
        "agent_seconds": 0.5,
        "training_seed": None,
        "peak_memory_mb": 100.0,
    } | changes


class Settings:
    """Settings of a command that was not run."""

    def __init__(self, **changes: Any) -> None:
        settings = {"agents": ["sgd"], "tasks": None, "worlds": 2, "seed": 0, "max_option_moves": 30}
        vars(self).update(settings | changes)


def make_results_file(
    folder: Path,
    protocol: str = "quickstart-dev",
    agents: dict[str, int] | None = None,
    tasks: tuple[str, ...] | None = None,
    training_seeds: tuple[int | None, ...] = (None,),
    keep: slice = slice(None),
    fingerprint: str = "f",
    **settings: Any,
) -> Results:
    """Return results whose file is written, with transcripts of one move.

    Each agent scores its points in `agents` in each episode, and one more for each variation in order.
    """
    found = get_protocol(protocol)
    names = list(tasks or found.tasks)
    rows = [
        make_row(name, key.task, key.variation, points + number % 10, protocol=protocol, training_seed=seed)
        for name, points in (agents or {"sgd": 40}).items()
        for seed in training_seeds
        for number, key in enumerate(found.episodes(names)[keep])
    ]
    entries = {
        name: [
            {"training_seed": one, "fingerprint": f"{fingerprint}-{one}", "models": ["nano"]}
            for one in training_seeds
        ]
        for name in (agents or {"sgd": 40})
    }
    parts = []
    for number, row in enumerate(rows):
        parts.append(folder / "parts" / f"{number}.parquet")
        write_episode(parts[-1], row, MOVES)
    write_transcripts(folder / "transcripts.parquet", parts)
    results = make_results(folder / "results.json", found, names, rows, entries, Settings(**settings))
    results.write()
    return results


MOVES = [
    Move(0, None, None, None, "Your task is to boil water.", "A kitchen.", "Nothing.", 0.0, 0, 0, 0.0),
    Move(1, "navigate_to(kitchen)", 0, "go to kitchen", "You go.", "A kitchen.", "Nothing.", 3.0, 3, 12, 0.5),
]


@pytest.fixture(scope="session")
def made_up() -> SimpleNamespace:
    """Return the functions that make up rows and results, and the moves of every made-up episode."""
    return SimpleNamespace(row=make_row, results=make_results_file, moves=MOVES)
