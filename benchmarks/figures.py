"""Figures with the bars they are held against, as a file and as a table; measures nothing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from sgd_gym.errors import SgdGymError
from sgd_gym.files import write_json, write_text


@dataclass(frozen=True)
class Figure:
    """One measured value."""

    name: str
    value: float | int
    low: float | None = None
    """Lower end of its interval; the note says of which, if it is not 95 %."""
    high: float | None = None
    bar: float | None = None
    """What it is held against; None if it is only told."""
    at_most: bool = False
    """Whether the value must not exceed the bar; else it must reach it."""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without one."""
        if self.bar is None:
            return None
        return self.value <= self.bar if self.at_most else self.value >= self.bar

    def cells(self) -> tuple[str, ...]:
        """Return name, value, interval, bar, whether it is met, and the note, as a table shows them."""
        interval = "" if self.low is None else f"{self.low:.2f} to {self.high:.2f}"
        bar = "" if self.bar is None else f"{'≤' if self.at_most else '≥'} {self.bar:g}"
        met = {None: "", True: "yes", False: "NO"}[self.met]
        value = f"{self.value:d}" if isinstance(self.value, int) else f"{self.value:.2f}"
        return self.name, value, interval, bar, met, self.note


def check_bars(figures: Sequence[Figure], path: Path) -> None:
    """Raise if a bar is missed.

    Args:
        figures: What was measured.
        path: Where a person can read more.

    Raises:
        SgdGymError: Names the figures that miss their bars.
    """
    missed = [
        f"{figure.name}: {figure.cells()[1]} ({figure.note})" for figure in figures if figure.met is False
    ]
    if missed:
        raise SgdGymError(f"Missed: {'; '.join(missed)}. All figures: {path}.")


COLUMNS = ("figure", "value", "95 % interval", "bar", "met", "note")


def write_figures(
    folder: Path, name: str, figures: Sequence[Figure], payload: dict[str, Any], lines: Sequence[str] = ()
) -> None:
    """Write `name`.json and `name`.md into a folder.

    Args:
        folder: Where the two files shall stand.
        name: Their name, without the ending.
        figures: What was measured.
        payload: Everything else the results file shall hold; see `describe_run`.
        lines: What the Markdown file says after the table of figures.
    """
    told = [{**asdict(figure), "met": figure.met} for figure in figures]
    write_json(folder / f"{name}.json", {**payload, "figures": told})
    table = ["| " + " | ".join(COLUMNS) + " |", "|---|---:|---:|---:|---|---|"]
    table += ["| " + " | ".join(figure.cells()) + " |" for figure in figures]
    write_text(folder / f"{name}.md", "\n".join([*table, "", *lines]).rstrip() + "\n")


def load_pyplot() -> Any:
    """Return matplotlib's pyplot, which draws to files.

    A command that draws at its end calls this first, so that nobody learns after hours that it is missing.

    Raises:
        SgdGymError: If matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise SgdGymError(
            'The package matplotlib is not installed. Fix: pip install "sgd-gym[bench]".'
        ) from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def draw_scores(figures: Sequence[Figure], label: str, path: Path) -> None:
    """Draw scores (0 to 100) as bars with their intervals.

    Args:
        figures: What was measured.
        label: What the scores are, below the axis.
        path: The picture, a PNG.
    """
    pyplot = load_pyplot()
    figure, panel = pyplot.subplots(figsize=(7.2, 0.36 * len(figures) + 1.2))
    values = [one.value for one in figures]
    low = [max(0.0, one.value - (one.low or 0)) for one in figures]
    high = [max(0.0, (one.high or 0) - one.value) for one in figures]
    names = [fill(one.name, 36) for one in figures]
    panel.barh(names, values, xerr=[low, high], color="tab:blue", alpha=0.8, capsize=3)
    panel.invert_yaxis()
    figure.supxlabel(label, fontsize="medium")
    panel.set_xlim(0, 100)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def make_figure_table(figures: Sequence[Figure]) -> Table:
    """Return the figures as a table for the terminal."""
    table = Table(box=SIMPLE_HEAD)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in ("figure", "note") else "right")
    for figure in figures:
        table.add_row(*figure.cells(), style="bold red" if figure.met is False else "")
    return table
