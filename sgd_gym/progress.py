"""Progress shown to a person on the terminal; knows nothing of what progresses."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

CONSOLE = Console(stderr=True)
"""Progress and notices go to standard error, results to standard output."""

LINE_EVERY_S = 60.0
"""How often a line tells the progress where standard error is no terminal, such as a log, in seconds."""


class Advance(Protocol):
    """What advances a bar."""

    def __call__(self, amount: int, work: float | None = None) -> None:
        """Advance by so many units, which were so much work; any thread may call it."""


@contextmanager
def track(
    label: str, total: int, done: int = 0, pace: bool = False, work: float | None = None
) -> Iterator[Advance]:
    """Show a bar with count, elapsed and remaining time; yield a function that advances it.

    The remaining time follows from the pace of this run, weighed by work where units differ in length. Where
    standard error is no terminal, the bar is a line now and then, and one at the end.

    Args:
        label: What is being done.
        total: How many units there are.
        done: How many of them were done before.
        pace: Tell how many units a minute this run makes.
        work: How much work is left at the start, in any measure; the number of units left if not given.
    """
    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(10 if pace else 20),  # all fits into 80 columns
        MofNCompleteColumn(),
        *([_Pace()] if pace else []),
        TextColumn("elapsed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        _Left(),
    )
    with Progress(*columns, console=CONSOLE) as progress:
        bar = progress.add_task(
            label,
            total=total,
            completed=done,
            start_at=done,
            work=total - done if work is None else work,
            work_done=0.0,
        )

        lock = Lock()
        work_done = 0.0
        next_line_s = monotonic() + LINE_EVERY_S

        def advance(amount: int, work: float | None = None) -> None:
            nonlocal work_done, next_line_s
            with lock:
                work_done += amount if work is None else work
                progress.update(bar, advance=amount, work_done=work_done)
                if not CONSOLE.is_terminal and monotonic() >= next_line_s:
                    CONSOLE.print(progress.get_renderable())
                    next_line_s = monotonic() + LINE_EVERY_S

        yield advance


class _Pace(ProgressColumn):
    """Units a minute since the start of this run."""

    def render(self, task: Task) -> Text:
        made = task.completed - task.fields["start_at"]
        pace = f"{60 * made / task.elapsed:.0f}" if task.elapsed and made else "-"
        return Text(f"{pace}/min", style="progress.data.speed")


class _Left(ProgressColumn):
    """Remaining time at the pace of this run."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        seconds = remaining_s(task.elapsed or 0.0, task.fields["work"], task.fields["work_done"])
        if task.completed >= (task.total or 0):
            seconds = 0.0
        left = "-:--:--" if seconds is None else str(timedelta(seconds=round(seconds)))
        return Text(left, style="progress.remaining")


def remaining_s(elapsed_s: float, work: float, work_done: float) -> float | None:
    """Return the remaining time when `work_done` of `work` took `elapsed_s`; None before anything is done."""
    if work_done <= 0:
        return None
    return elapsed_s * max(work - work_done, 0.0) / work_done
