"""Progress shown to a person on the terminal; knows nothing of what progresses."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

CONSOLE = Console(stderr=True)
"""Progress and notices go to standard error, results to standard output."""


@contextmanager
def track(label: str, total: int, done: int = 0) -> Iterator[Callable[[int], None]]:
    """Show a bar with count, elapsed and remaining time; yield a function that advances it.

    Where standard error is no terminal, one line at the end tells count and time.

    Args:
        label: What is being done.
        total: How many units there are.
        done: How many of them were done before.
    """
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("elapsed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=CONSOLE) as progress:
        bar = progress.add_task(label, total=total, completed=done)
        yield lambda amount: progress.advance(bar, amount)
