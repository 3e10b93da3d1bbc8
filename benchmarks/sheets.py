"""A table as data, for the terminal and for Markdown; knows nothing of what it tells."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH = 80
"""No table is wider on the terminal."""


@dataclass(frozen=True)
class Sheet:
    """One table; its first column holds names, the others figures."""

    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def make_terminal(sheets: Sequence[Sheet]) -> Group:
    """Return tables for the terminal."""
    parts: list[RenderableType] = []
    for sheet in sheets:
        table = Table(
            title=sheet.title, box=SIMPLE_HEAD, title_justify="left", title_style="bold", padding=(0, 1, 0, 0)
        )
        for number, column in enumerate(sheet.columns):
            table.add_column(
                column, justify="right" if number else "left", no_wrap=bool(number), overflow="fold"
            )
        for line in sheet.lines:
            table.add_row(*map(Text, line))
        parts.append(table)
        parts += [Padding(Text(note), (0, 0, 0, 1)) for note in sheet.notes]
    return Group(*parts)


def make_markdown(sheets: Sequence[Sheet]) -> str:
    """Return tables in Markdown."""
    lines: list[str] = []
    for sheet in sheets:
        lines += [f"## {sheet.title}", "", "| " + " | ".join(sheet.columns) + " |"]
        lines.append("|---" + "|---:" * (len(sheet.columns) - 1) + "|")
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in sheet.lines]
        lines += ["", *(note + "  " for note in sheet.notes), ""]
    return "\n".join(lines).rstrip() + "\n"
