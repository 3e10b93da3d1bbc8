"""What a language model is asked to divide a path of commands, and how its answer is read; knows no network.

A conversation holds the instructions, a worked example, a path of the same task with its division if there
is one, and the path. Every question stands on its own, so that a model that reads the last message alone can
answer it. An answer is a list of lines `sub-goal: command; command`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sgd_gym.errors import SubgoalError
from sgd_gym.llm.chat import Message
from sgd_gym.subgoals.alignment import Part
from sgd_gym.subgoals.grammar import PREDICATES, Subgoal, parse

PROMPT_VERSION = 2
"""Rises with every change of the texts below, so that reports tell which of them were asked."""

_INSTRUCTIONS = """\
You read the commands with which a player solved a task in a text world, and say what each stretch of them \
is for. Cut the commands, in their order, into sub-goals. A sub-goal is the shortest stretch with a purpose \
of its own: walking through several doors is one sub-goal, and so is filling a pot at the sink.

Write a sub-goal as predicate(argument, ...). These are all predicates, with what they take:
{predicates}

An argument is the name of a room, device, substance or thing, without its place or content, and without \
brackets or commas.

Answer with one line for each sub-goal and nothing else: its number, the sub-goal, a colon, and its commands \
copied word for word, with semicolons between them. Use every command exactly once and in the given order. \
Commands that only look or wait belong to the sub-goal before them."""

_QUESTION = """\
Task: {task}
Commands:
{commands}"""

_GAP_QUESTION = """\
Task: {task}
These commands are missing in the answer. Give the sub-goals of these commands only, in the same form.
Commands:
{commands}"""

_CORRECTION = "The last answer cannot be used: {reason} Answer in the form that was told.\n"

_WORKED_TASK = "Your task is to boil milk. First, focus on the substance. Then, make it boil."
_WORKED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "navigate_to(kitchen)",
        ("open door to hallway", "go to hallway", "open door to kitchen", "go to kitchen", "look around"),
    ),
    ("pick_up(thermometer)", ("pick up thermometer",)),
    ("pick_up(metal pot)", ("open cupboard", "pick up metal pot")),
    ("open(fridge)", ("open fridge", "look around")),
    ("focus_on(milk)", ("focus on milk",)),
    ("pour(milk, metal pot)", ("pour cup containing milk in fridge into metal pot",)),
    ("heat(metal pot, stove)", ("move metal pot to stove", "activate stove")),
    (
        "monitor(milk)",
        (
            "examine milk",
            "use thermometer in inventory on milk",
            "examine milk",
            "use thermometer in inventory on milk",
            "wait1",
        ),
    ),
)


@dataclass(frozen=True)
class Example:
    """A path that is divided already, to be shown before the question."""

    task_description: str
    commands: tuple[str, ...]
    subgoals: tuple[Subgoal, ...]


@dataclass(frozen=True)
class Answer:
    """What an answer says."""

    parts: tuple[Part, ...]
    rejected: tuple[str, ...] = field(default=())
    """Lines that name no sub-goal of the grammar, with the reason; their commands count as missing."""


def make_messages(task_description: str, commands: Sequence[str], example: Example | None) -> list[Message]:
    """Return the conversation that asks for the division of a path.

    Args:
        task_description: The task as the simulator states it.
        commands: The path.
        example: Another path of the same task, divided; none if there is no such path.
    """
    predicates = "\n".join(f"{name}({', '.join(roles)})" for name, roles in PREDICATES.items())
    worked = [Part(parse(subgoal), commands) for subgoal, commands in _WORKED]
    path = [command for part in worked for command in part.commands]
    messages = [
        {"role": "system", "content": _INSTRUCTIONS.format(predicates=predicates)},
        {"role": "user", "content": make_question(_WORKED_TASK, path)},
        {"role": "assistant", "content": format_answer(worked)},
    ]
    if example is not None:
        messages += [
            {"role": "user", "content": make_question(example.task_description, example.commands)},
            {"role": "assistant", "content": format_answer(gather(example.commands, example.subgoals))},
        ]
    return [*messages, {"role": "user", "content": make_question(task_description, commands)}]


def make_question(task_description: str, commands: Sequence[str]) -> str:
    """Return the question for a whole path."""
    return _QUESTION.format(task=_line(task_description), commands="\n".join(commands))


def make_gap_question(task_description: str, commands: Sequence[str]) -> str:
    """Return the question for commands that an answer left out."""
    return _GAP_QUESTION.format(task=_line(task_description), commands="\n".join(commands))


def make_correction(reason: str, question: str) -> str:
    """Return the question again, after an answer that could not be used, with the reason."""
    return _CORRECTION.format(reason=reason) + question


def gather(commands: Sequence[str], subgoals: Sequence[Subgoal]) -> list[Part]:
    """Return the parts of a divided path; a new object starts a new part, as in `option_indices`."""
    parts: list[Part] = []
    for step, (command, subgoal) in enumerate(zip(commands, subgoals, strict=True)):
        if step and subgoal is subgoals[step - 1]:
            parts[-1] = Part(parts[-1].subgoal, (*parts[-1].commands, command))
        else:
            parts.append(Part(subgoal, (command,)))
    return parts


def format_answer(parts: Sequence[Part]) -> str:
    """Write parts in the form of an answer. Law: `parse_answer(format_answer(parts)).parts == parts`."""
    return "\n".join(
        f"{number}. {part.subgoal}: {'; '.join(part.commands)}" for number, part in enumerate(parts, 1)
    )


# Number or bullet, then the sub-goal with its brackets, then a colon; emphasis and quotes may stand around.
_BULLET = r"[\s\-*#`\"'>]*"
_NUMBER = r"\d+\s*[.):]\s*"
_MARKS = r"[*`\"']*"
_LINE = re.compile(rf"{_BULLET}(?:{_NUMBER})?{_MARKS}([A-Za-z_]\w*\s*\(.*?\)){_MARKS}\s*[:=]\s*(.*)\Z")
_BARE = re.compile(rf"{_BULLET}(?:{_NUMBER})?{_MARKS}([A-Za-z_]\w*\s*\([^()]*\)){_MARKS}\s*\Z")
_HEADED = re.compile(rf"{_BULLET}{_NUMBER}(.+?):\s*(\S.*)\Z")


def parse_answer(text: str) -> Answer:
    """Read an answer. What is no line of the form, such as a greeting, is passed over.

    The commands may also stand on lines of their own below the sub-goal. A line whose sub-goal the grammar
    does not know is rejected; an answer without any good line gives no parts.
    """
    parts: list[Part] = []
    rejected: list[str] = []
    open_part = False
    for line in text.splitlines():
        head = _LINE.match(line) or _BARE.match(line)
        numbered = None if head else _HEADED.match(line)
        if head:
            commands = _commands(head[2]) if head.re is _LINE else ()
            try:
                parts.append(Part(_read_subgoal(head[1]), commands))
                open_part = True
            except SubgoalError as error:
                rejected.append(str(error))
                open_part = False
        elif numbered:
            rejected.append(f"{numbered[1]!r} is not a sub-goal.")
            open_part = False
        elif line.strip().startswith("```"):
            open_part = False
        elif line.strip() and open_part:
            more = _commands(line.strip().lstrip("-*• "))
            parts[-1] = Part(parts[-1].subgoal, parts[-1].commands + more)
    return Answer(tuple(parts), tuple(rejected))


def _read_subgoal(text: str) -> Subgoal:
    """Read a sub-goal, whatever the case of its predicate and the quotes around its arguments."""
    predicate, _, inner = text.partition("(")
    return parse(f"{predicate.strip().lower()}({inner.replace(chr(34), '').replace(chr(39), '')}")


def _commands(text: str) -> tuple[str, ...]:
    commands = (command.strip(" \t`\"'{}[].,") for command in text.split(";"))
    return tuple(command for command in commands if command)


def _line(text: str) -> str:
    return " ".join(text.split())
