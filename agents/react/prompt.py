"""What a ReAct model is asked at each move, and how its answer is read; knows no network.

A conversation: the rules of the game, the task with the first room, then turn by turn what the model wrote
and what the world replied. What is too long loses its oldest turns; rules and task stay.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sgd_gym.agents.executable import is_command
from sgd_gym.llm.chat import Message
from sgd_gym.options import Observation
from sgd_gym.prompts.shorten import compact_inventory, compact_look, one_line
from sgd_gym.spaces import COMMANDS

LETTERS_PER_TOKEN = 4
"""What a token is taken to be long, since a server's tokenizer is not known here."""
MAX_LETTERS = 256
"""Longest command, as the environment's space has it."""

_SYSTEM = """\
You play a text game in which a house of ten rooms holds what science lessons need, to solve the task that \
you are given. Before each move think about what you know, what is missing and what to do next. Answer in \
this form and with nothing else:
Thought: your thought, in a sentence or two
Action: one command

Commands, where ___ stands for a room, or for a thing as the room names it:
{commands}
"focus on" tells the game what you have chosen: on the wrong thing it loses the game."""

_TASK = """\
{task}

{seen}"""

CORRECTION = 'This has no line "Action: one command". Answer again in the form that was told.'

_ACTION = re.compile(
    r"^[\s*#>`\-]*action(?: \d+)?[\s*`]*:[\s*]*(?P<command>.+)$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Turn:
    """One move: what the model wrote, and what the world replied."""

    answer: str
    reply: str


def make_messages(task: str, seen: str, turns: Sequence[Turn], budget: int) -> list[Message]:
    """Return the conversation that asks for the next move.

    Args:
        task: As the simulator states it.
        seen: What was in sight at the start; see `describe`.
        turns: All moves so far.
        budget: At most about so many tokens; the oldest turns go first.
    """
    commands = "\n".join(form.format(*("___", "___"), place="___") for form in COMMANDS)
    head = [
        {"role": "system", "content": _SYSTEM.format(commands=commands)},
        {"role": "user", "content": _TASK.format(task=one_line(task), seen=seen)},
    ]
    left = budget * LETTERS_PER_TOKEN - sum(len(one["content"]) for one in head)
    kept: list[Message] = []
    for turn in reversed(turns):
        left -= len(turn.answer) + len(turn.reply)
        if left < 0:
            break
        kept = [{"role": "assistant", "content": turn.answer}, {"role": "user", "content": turn.reply}, *kept]
    return [*head, *kept]


def describe(seen: Observation) -> str:
    """Tell what is in sight."""
    room, things = compact_look(seen["look"])
    carried = compact_inventory(seen["inventory"]) or "nothing"
    return f"Room: {room}: {' | '.join(things)}\nInventory: {carried}"


def make_reply(seen: Observation, reward: float) -> str:
    """Tell what a command did."""
    only_room = seen["observation"].strip() == seen["look"].strip()
    told = "the room" if only_room else one_line(seen["observation"])
    return f"Observation: {told}\nChange of the score: {reward:+g}\n{describe(seen)}"


def read_answer(text: str) -> str | None:
    """Return the command that an answer holds; None if it holds none.

    The first line that says "Action" counts; an answer that is nothing but a command will do too.
    """
    match = _ACTION.search(text)
    command = _clean(match["command"]) if match else ""
    if not command and is_command(_clean(text)):
        command = _clean(text)
    return command[:MAX_LETTERS] or None


def _clean(text: str) -> str:
    return " ".join(text.strip(" \t\n`\"'*.").split())
