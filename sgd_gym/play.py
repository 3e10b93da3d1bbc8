"""A person plays a task: reads what the renderer draws and types commands, on a terminal or into a pipe."""

import difflib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import gymnasium as gym
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from rich import box
from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sgd_gym.envs.goal_progress import GoalRecord
from sgd_gym.envs.rendering import Frame, Renderer
from sgd_gym.envs.tasks import TASKS, get_task
from sgd_gym.errors import SgdGymError, UnknownNameError
from sgd_gym.registration import MAX_MOVES
from sgd_gym.spaces import QUESTION

Read = Callable[[Sequence[str], str], str]
"""Gives the next line, from the commands to choose from and a line of status; EOFError ends the game."""

WORDS = {
    ":help": "these words",
    ":goals": "what the simulator gives points for, and what of it is done",
    ":valid": "commands that work now; `:valid cup` only those with 'cup' in them",
    ":oracle": "next command of the simulator's own solution (may take some seconds)",
    ":restart": "this variation again from its start",
    ":next": "the next variation of the task",
    ":tasks": "choose another task",
    ":quit": "end; so does Ctrl-D",
}
"""What the game answers itself, at no move; the first letters are enough."""

MANY = 60
"""From so many valid commands on, `:valid` alone sums them up by their first word."""


@dataclass
class PlayConfig:
    """Play a task yourself: type commands, Tab completes them, :help explains the rest."""

    task: str | None = None
    """Name or id of the task, such as boil or 1-1; without it a table shows all tasks to choose from."""
    split: str = "train"
    """Variations to play: train, dev or test."""
    variation: int | None = None
    """One variation of the split; without it the seed draws one."""
    simplification: str = "easy"
    """What is made easier: "easy", a comma-separated list, or "" for nothing."""
    seed: int = 0
    """Seed that draws the variation."""
    max_moves: int = MAX_MOVES
    """Moves of an episode."""


def play(config: PlayConfig, read: Read | None = None) -> None:
    """Play until the person quits or the input ends.

    Args:
        config: What to play.
        read: Where lines come from; None means the terminal, or standard input where that is no terminal.
    """
    if config.max_moves < 1:
        raise SgdGymError(f"max_moves is {config.max_moves}. Allowed: 1 or more.")
    if read is None:
        read = TerminalReader() if sys.stdin.isatty() and sys.stdout.isatty() else read_line
    game = Game(config, read)
    try:
        with suppress(EOFError):
            game.run()
    finally:
        game.env.close()


def read_line(commands: Sequence[str], status: str) -> str:
    """Read a line of standard input that is no terminal; a `Read`."""
    line = sys.stdin.buffer.readline()
    if not line:
        raise EOFError
    return line.decode(errors="replace")


class TerminalReader:
    """Reads lines from the terminal with completion, history and a status line; a `Read`."""

    def __init__(self) -> None:
        """Make the prompt; it takes no input yet."""
        self._completer = CommandCompleter()
        keys = KeyBindings()

        @keys.add("c-c")
        @keys.add("<sigint>")
        def _clear(event: KeyPressEvent) -> None:
            event.current_buffer.reset()

        # The line is erased, for the renderer shows it again above the reply.
        self._session: PromptSession[str] = PromptSession(
            [("ansibrightcyan bold", "> ")],
            completer=self._completer,
            complete_while_typing=True,
            erase_when_done=True,
            key_bindings=keys,
        )

    def __call__(self, commands: Sequence[str], status: str) -> str:
        """Read one line; EOFError at Ctrl-D. Ctrl-C clears the line."""
        self._completer.commands = commands
        return self._session.prompt(bottom_toolbar=[("", status)])


class CommandCompleter(Completer):
    """Completes a whole line to one of `commands`."""

    def __init__(self, commands: Sequence[str] = ()):
        """Offer these commands, and once the line begins with a colon, the words of the game."""
        self.commands = commands

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Yield the commands that fit what stands before the cursor, the best first."""
        typed = document.text_before_cursor
        found = [word for word in WORDS if word.startswith(typed)] if typed.startswith(":") else None
        for command in find_commands(typed, self.commands) if found is None else found:
            yield Completion(command, -len(typed), display_meta=WORDS.get(command))


def find_commands(typed: str, commands: Iterable[str]) -> list[str]:
    """Return the commands that hold the typed pieces in their order, wherever in them.

    First come those that begin with what was typed, then those whose words begin with the pieces ("o cup"
    finds "open cupboard"), then the others; among equals the shortest first.
    """
    pieces = [re.escape(piece) for piece in typed.lower().split()]
    starts, anywhere = (re.compile(glue + f".*{glue}".join(pieces)) for glue in (r"\b", ""))
    start = " ".join(typed.lower().split())
    ranks = {
        command: 0 if command.startswith(start) else 1 if starts.search(command) else 2
        for command in commands
        if anywhere.search(command)
    }
    return sorted(ranks, key=lambda command: (ranks[command], len(command), command))


class Game:
    """One person, one environment, one episode after the other."""

    def __init__(self, config: PlayConfig, read: Read):
        """Make the environment; the JVM starts with the first episode.

        Raises:
            UnknownNameError: If the configuration names something that does not exist.
        """
        self.console = Console(highlight=False)
        self.env = _make_env(config, "valid_actions", "goal_progress")
        self._config, self._read = config, read
        self._renderer = Renderer(self.console)
        self._answers: dict[str, Callable[[str], None]] = {
            ":help": lambda _: self._show_help(),
            ":goals": lambda _: self.console.print(make_goal_table(self._info["goal_progress"])),
            ":valid": self._show_valid,
            ":oracle": lambda _: self._show_oracle(),
            ":restart": lambda _: self._start(self._task.name, self._info["variation"]),
            ":next": lambda _: self._start(self._task.name, self._next_variation),
            ":tasks": lambda _: self._start(self._choose_task()),
        }

    def run(self) -> None:
        """Play one episode after the other.

        Raises:
            EOFError: When the person quits or the input ends.
        """
        self._start(self._config.task or self._choose_task(), self._config.variation, self._config.seed)
        while True:
            commands = list(WORDS) if self._over else self._info["valid_actions"]
            line = self._read(commands, self._status).strip()
            if line.startswith(":") or (self._over and line):
                self._answer(line)
            elif line or self._asked:
                self._move(line)

    def _start(self, task: str, variation: int | None = None, seed: int | None = None) -> None:
        options: dict[str, Any] = {"task": task}
        if variation is not None:
            options["variation"] = variation
        with self.console.status("Loading the world"):
            observation, self._info = self.env.reset(seed=seed, options=options)
        self._commands: list[str] = []
        self._path: list[str] | None = None
        self._task = get_task(task)
        self._over = False
        self._show(observation)

    def _move(self, command: str) -> None:
        goals, actions, asked = self._info["goal_progress"], self._info["valid_actions"], self._asked
        observation, reward, terminated, truncated, self._info = self.env.step(command)
        self._commands.append(command)
        self._over = terminated or truncated
        self._show(observation, command, float(reward), terminated)
        for old, new in zip(goals, self._info["goal_progress"], strict=True):
            if new["done"] and not old["done"]:
                self._print(f"goal done: {goal_words(new)}", "green")
        if self._info["last_action_error"] and not asked:
            close = difflib.get_close_matches(command, actions, n=1)
            self._print((f"Did you mean {close[0]!r}? " if close else "") + ":valid lists what works now.")
        if self._over:
            self._print(f"What next? :restart, :next (variation {self._next_variation}), :tasks or :quit.")

    def _show(self, seen: Any, command: str | None = None, reward: float = 0, end: bool = False) -> None:
        self._asked = seen["observation"].startswith(QUESTION)
        self._renderer.add(Frame.of(seen, self._info, command, reward, end, self._config.max_moves))
        self._renderer.show()

    def _print(self, text: str, style: str = "yellow") -> None:
        self.console.print(Text(text, style))

    @property
    def _next_variation(self) -> int:
        variations = self._task.variations(self._config.split)
        return variations[(variations.index(self._info["variation"]) + 1) % len(variations)]

    @property
    def _status(self) -> str:
        state = "{task} {variation} | move {moves} of {limit} | score {score} | Tab completes, :help "
        return " " + state.format(limit=self._config.max_moves, **self._info)

    def _choose_task(self) -> str:
        self.console.print(make_task_table(self._config.split))
        self._print(f"Which task? Type its name or its id. (vars: how many {self._config.split} variations.)")
        names = [word for task in TASKS for word in (task.name, task.id)]
        while True:
            line = self._read([*names, ":quit"], " Which task? | Tab completes, :quit ends ").strip()
            if line and ":quit".startswith(line):
                raise EOFError
            if line:
                try:
                    return get_task(line).name
                except UnknownNameError as error:
                    self._print(str(error).partition(" Allowed")[0] + " Allowed: the table's.", "red")

    def _answer(self, line: str) -> None:
        """Answer a word of the game; after an episode, where commands are none, it needs no colon."""
        word, _, rest = line.partition(" ")
        wanted = word if line.startswith(":") else f":{line}"
        found = [name for name in WORDS if name.startswith(wanted)]
        if len(found) == 1:
            self.console.print(Text(f"\n> {found[0]} {rest}".rstrip(), "bold cyan"))
            if found == [":quit"]:
                raise EOFError
            self._answers[found[0]](rest)
        else:
            over = "The episode is over. " if self._over else ""
            self._print(over + str(UnknownNameError("word", word, WORDS)), "red")

    def _show_help(self) -> None:
        table = Table.grid(padding=(0, 2, 0, 0))
        for word, meaning in WORDS.items():
            table.add_row(Text(word, "bold"), Text(meaning))
        self.console.print(table, "Every other line is a command to the simulator, and a move.")

    def _show_valid(self, pieces: str) -> None:
        actions = self._info["valid_actions"]
        found = find_commands(pieces, actions)
        if pieces or len(found) <= MANY:
            shown = [Text(action) for action in found[:MANY]]
            self.console.print(Columns(shown, padding=(0, 3), column_first=True))
            rest = f", {MANY} of them shown: add words" if len(found) > MANY else ""
            self._print(f"{len(found)} of {len(actions)} commands{rest}")
            return
        table = Table("first word", "commands", "such as", box=box.SIMPLE_HEAD)
        for word, group in groupby(sorted(found), key=lambda action: action.split()[0]):
            same = list(group)
            table.add_row(Text(word), str(len(same)), Text(min(same, key=len)))
        self.console.print(table)
        self._print(f"{len(actions)} commands; `:valid open` lists those with 'open' in them.")

    def _show_oracle(self) -> None:
        if self._path is None:
            with self.console.status("The simulator looks for its solution"):
                self._path = self._make_oracle_path()
        count = 0  # moves that followed the path
        while self._path[: count + 1] == self._commands[: count + 1] and count < len(self._commands):
            count += 1
        if self._over or count == len(self._path):
            self._print(f"The oracle path has {len(self._path)} commands; it is at its end.")
        elif count == len(self._commands):
            self._print(f"{self._path[count]}    (command {count + 1} of {len(self._path)})", "bold")
        else:
            self._print(
                f"Your move {count + 1} left the oracle path; it went on with {self._path[count]!r}. "
                f"The path holds from the start only: :restart, then :oracle at each move."
            )

    def _make_oracle_path(self) -> list[str]:
        env = _make_env(self._config, "oracle_path")  # another simulator, for this one would lose its world
        try:
            options = {"task": self._task.name, "variation": self._info["variation"]}
            return list(env.reset(options=options)[1]["oracle_path"])
        finally:
            env.close()


def goal_words(goal: GoalRecord) -> str:
    """Return a goal in words; the few that the simulator gives none are named by their class."""
    return goal["text"] or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", goal["kind"].removeprefix("Goal")).lower()


def make_goal_table(goals: Sequence[GoalRecord]) -> Table:
    """Lay out goals for the terminal."""
    table = Table("", "goal", "", box=box.SIMPLE_HEAD)
    for number, goal in enumerate(goals, start=1):
        done, style = ("done", "green") if goal["done"] else ("", "")
        order = f"step {number}" if goal["ordered"] else "optional"
        table.add_row(done, Text(goal_words(goal)), order, style=style)
    return table


def make_task_table(split: str) -> Table:
    """Lay out the tasks for the terminal, with how many variations a split has; fits into 80 columns."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("id", "task", "topic", "length", "vars"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "vars" else "left")
    for task in TASKS:
        count = str(len(task.variations(split)))
        table.add_row(task.id, task.name, task.topic, task.length_class, count)
    return table


def _make_env(config: PlayConfig, *infos: str) -> gym.Env[Any, Any]:
    return gym.make(
        "sgd_gym/ScienceWorld-v0",
        max_episode_steps=config.max_moves,
        disable_env_checker=True,  # it warns of commands that are no ASCII, which a person may well type
        task=config.task or "all",
        split=config.split,
        variation=config.variation if config.task else None,
        simplification=config.simplification,
        infos=infos,
        stock_draws=False,  # so that `:oracle` holds, although valid actions are asked for
    )
