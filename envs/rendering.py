"""What a person sees of an episode, on a terminal or as plain text; knows neither JVM nor Gymnasium.

A move is drawn from its `Frame` and the one before: the room in full where it is new, what changed in it
where it is not, the inventory when it changed. Plain text and terminal show the same drawing.
"""

import difflib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.text import Text

TEXT_WIDTH = 80
"""Columns of the plain text, whatever the terminal, so that equal episodes give equal texts."""

_NOT_IN_INVENTORY = re.compile(r"\AIn your inventory, you see:\s*")
_END_OF_NAME = re.compile(r"[.,(]")


@dataclass(frozen=True)
class Frame:
    """One move and the state after it, or the start of an episode."""

    task: str
    """Name of the task."""
    variation: int
    split: str
    goal: str
    """The task description."""
    moves: int
    """Moves made so far."""
    max_moves: int | None
    """Moves of the time limit, None if there is none."""
    command: str | None
    """What was sent; None at the start of an episode."""
    reply: str
    look: str
    """The room."""
    inventory: str
    score: int
    reward: float
    """Change of the score by this move."""
    terminated: bool
    is_success: bool
    is_error: bool
    """Whether the simulator did not understand the command."""

    @classmethod
    def of(
        cls,
        observation: Mapping[str, str],
        info: Mapping[str, Any],
        command: str | None = None,
        reward: float = 0.0,
        terminated: bool = False,
        max_moves: int | None = None,
    ) -> "Frame":
        """Make the frame of what the text environment's `reset` or `step` returned."""
        return cls(
            task=info["task"],
            variation=info["variation"],
            split=info["split"],
            goal=observation["task"],
            moves=info["moves"],
            max_moves=max_moves,
            command=command,
            reply=observation["observation"],
            look=observation["look"],
            inventory=observation["inventory"],
            score=info["score"],
            reward=reward,
            terminated=terminated,
            is_success=info["is_success"],
            is_error=info["last_action_error"] is not None,
        )

    @property
    def result(self) -> str:
        """Return how the episode ended, in words; empty while it goes on."""
        if self.is_success:
            return f"solved in {self.moves} moves, score {self.score}"
        if self.terminated:
            # Tasks also end by a wrong answer box, or by the wrong thing connected to power.
            why = "wrong focus" if self.reply.startswith("You focus on") else "wrong move"
            return f"failed: {why}, score {self.score}"
        if self.max_moves is not None and self.moves >= self.max_moves:
            return f"not solved: no moves left, score {self.score}"
        return ""


class Renderer:
    """Keeps the last two frames of one environment, and shows the last."""

    def __init__(self, console: Console | None = None):
        """Make a renderer; without a console, `show` prints to what is standard output then."""
        self._console = console
        self._frame: Frame | None = None
        self._before: Frame | None = None

    def add(self, frame: Frame) -> None:
        """Take the next frame; one without a command starts an episode."""
        self._before = None if frame.command is None else self._frame
        self._frame = frame

    def text(self) -> str | None:
        """Return the last frame as plain text, the same at every call; None before the first."""
        return None if self._frame is None else frame_text(self._frame, self._before)

    def show(self) -> None:
        """Print the last frame, in colours where the terminal has them, after an empty line."""
        if self._frame is not None:
            console = self._console or Console()
            console.print()
            console.print(draw_frame(self._frame, self._before))


def frame_text(frame: Frame, before: Frame | None = None, width: int = TEXT_WIDTH) -> str:
    """Return the drawing as plain text; see `draw_frame`."""
    page = io.StringIO()
    # Set in full, so that neither the terminal nor variables such as FORCE_COLOR have a say.
    console = Console(
        file=page,
        width=width,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        legacy_windows=False,
    )
    console.print(draw_frame(frame, before))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def draw_frame(frame: Frame, before: Frame | None = None) -> RenderableType:
    """Draw a frame for rich.

    Args:
        frame: The move, or the start of an episode.
        before: The frame before; without it everything counts as new.
    """
    return Group(*_draw(frame, before))


def _draw(frame: Frame, before: Frame | None) -> Iterator[RenderableType]:
    if frame.command is None:
        limit = "" if frame.max_moves is None else f", {frame.max_moves} moves"
        about = Text.assemble(
            (frame.task, "bold"), f", {frame.split} variation {frame.variation}{limit}\n", _plain(frame.goal)
        )
        yield Panel(about, border_style="blue")
    else:
        yield Text(f"> {_plain(frame.command)}", "bold cyan")
        # The room is shown below, whole where it is asked for.
        if frame.reply not in (frame.look, ""):
            yield _draw_lines(frame.reply, "yellow" if frame.is_error else "")
    if before is None or frame.reply == frame.look:
        yield _draw_lines(frame.look, first="bold")
    elif frame.look != before.look:
        yield _draw_change(before.look, frame.look)
    if (before is None or frame.inventory != before.inventory) and frame.inventory != frame.reply:
        items = _NOT_IN_INVENTORY.sub("", _plain(frame.inventory)).splitlines()
        carried = "; ".join(item.strip() for item in items)
        yield Text.assemble(("You carry: ", "bold"), carried or "nothing")
    limit = "" if frame.max_moves is None else f" of {frame.max_moves}"
    state = Text(f"move {frame.moves}{limit}, score {frame.score}", "dim")
    if frame.reward:
        state.append(
            f" ({frame.reward:+g})", "bold not dim green" if frame.reward > 0 else "bold not dim red"
        )
    yield state
    if frame.result:
        yield Text(frame.result, "bold green" if frame.is_success else "bold red")


def _draw_lines(text: str, style: str = "", first: str = "") -> RenderableType:
    """Draw a text of the simulator; lines that it indents become a list."""
    parts: list[RenderableType] = []
    for number, line in enumerate(_plain(text).splitlines()):
        if line.startswith("\t"):
            parts.append(_Item("  - ", "", line.strip()))
        else:
            parts.append(Text(line.expandtabs(4), style or (first if number == 0 else "")))
    return Group(*parts)


def _draw_change(old: str, new: str) -> RenderableType:
    """Draw what changed in a room, or the whole room where that is another or most of it is new."""
    before, after = (_plain(text).splitlines() for text in (old, new))
    marked = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    came = [line[2:].strip() for line in marked if line[0] == "+"]
    names = {_name(line) for line in came}
    gone = [line[2:].strip() for line in marked if line[0] == "-"]
    gone = [line for line in gone if _name(line) not in names]
    if before[:1] != after[:1] or len(came) + len(gone) >= len(after):
        return _draw_lines(new, first="bold")
    return Group(
        *(_Item("  now:  ", "green", line) for line in came),
        *(_Item("  gone: ", "red", line) for line in gone),
    )


@dataclass(frozen=True)
class _Item:
    """A line behind a mark, wrapped so that the mark stands alone at the left."""

    mark: str
    style: str
    line: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        mark = Text(self.mark, self.style)
        width = max(1, options.max_width - len(mark))
        for line in Text(self.line).wrap(console, width, overflow="fold"):
            line.rstrip()
            yield mark + line
            mark = Text(" " * len(mark))


def _name(line: str) -> str:
    """Return what a line of a room is about, without its state: "a cupboard" for an open one."""
    return _END_OF_NAME.split(line, maxsplit=1)[0].strip()


def _plain(text: str) -> str:
    """Keep control characters, which commands of a model may hold, away from the terminal."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)
