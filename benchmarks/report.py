"""Results as a file, a table for people and TensorBoard events; plays nothing."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from sgd_gym.benchmarks.stats import Summary, summarise
from sgd_gym.errors import DataError
from sgd_gym.files import write_json
from sgd_gym.provenance import SCHEMA_VERSION, describe_run


def write_results(path: Path, rows: Sequence[dict[str, Any]], settings: Any) -> None:
    """Write a results file: rows with what is needed to make them again."""
    summaries = [asdict(summary) for summary in summarise(rows)]
    write_json(path, {**describe_run(settings), "summaries": summaries, "rows": list(rows)})


def read_results(path: Path) -> dict[str, Any]:
    """Read a results file.

    Raises:
        DataError: If the file is missing, cut off or of another schema version.
    """
    try:
        results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = results["schema_version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is not a results file ({error}). Fix: make one with 'sgd-gym bench'."
        ) from error
    if found != SCHEMA_VERSION:
        raise DataError(f"{path} has results schema version {found}. Allowed: {SCHEMA_VERSION}.")
    return results


_COLUMNS = ("agent", "n", "score", "95 % interval", "success", "moves", "plans", "s/episode")


def _cells(summary: Summary) -> tuple[str, ...]:
    score = summary.score
    return (
        summary.agent,
        str(summary.episodes),
        f"{score.mean:.1f}",
        f"{score.low:.1f} to {score.high:.1f}",
        f"{100 * summary.success_rate:.0f} %",
        f"{summary.moves:.1f}",
        f"{summary.planner_calls:.1f}",
        f"{summary.seconds:.1f}",
    )


def _by_task(summaries: Sequence[Summary]) -> list[list[Summary]]:
    tasks = list(dict.fromkeys(summary.task for summary in summaries))
    return [[summary for summary in summaries if summary.task == task] for task in tasks]


def make_table(rows: Sequence[dict[str, Any]], caption: str) -> Group:
    """Return the tables for the terminal, one for each task, at most 80 columns wide."""
    tables = []
    for group in _by_task(summarise(rows)):
        table = Table(title=group[0].task, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
        for column, width in zip(_COLUMNS, (8, 3, 5, 14, 7, 5, 5, 9), strict=True):
            table.add_column(
                column, justify="left" if column == "agent" else "right", min_width=width, no_wrap=True
            )
        for summary in group:
            table.add_row(*_cells(summary))
        tables.append(table)
    return Group(*tables, f"Mean score, 0 to 100; a negative end counts 0. {caption}.")


def make_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Return the same table in Markdown."""
    lines = ["| task | " + " | ".join(_COLUMNS) + " |", "|---|---" + "|---:" * (len(_COLUMNS) - 1) + "|"]
    for group in _by_task(summarise(rows)):
        lines += [f"| {summary.task} | " + " | ".join(_cells(summary)) + " |" for summary in group]
    return "\n".join(lines) + "\n"


def write_tensorboard(folder: Path, rows: Sequence[dict[str, Any]], step: int = 0) -> None:
    """Write scores as TensorBoard events, one run for each agent, with Stable-Baselines3's names."""
    from torch.utils.tensorboard import SummaryWriter

    summaries = summarise(rows)
    for agent in dict.fromkeys(summary.agent for summary in summaries):
        with SummaryWriter(str(folder / agent.replace(":", "."))) as writer:
            for summary in summaries:
                if summary.agent != agent:
                    continue
                suffix = "" if summary.task == "all" else f"/{summary.task}"
                writer.add_scalar(f"eval/score{suffix}", summary.score.mean, step)
                writer.add_scalar(f"rollout/success_rate{suffix}", summary.success_rate, step)
                writer.add_scalar(f"rollout/ep_len_mean{suffix}", summary.moves, step)
                writer.add_scalar(f"rollout/planner_calls{suffix}", summary.planner_calls, step)
                writer.add_scalar(f"time/seconds_per_episode{suffix}", summary.seconds, step)
