"""State to text, for planner, executor and flat: one transcript an episode, read and written in turns.

Training and acting call the same functions, so that a model meets the same text in both. Knows neither
tokenizer nor model. A transcript looks like this (line ends added here):

    <|task|>Your task is to ... <|inventory|>an orange <|look|>hallway: a picture | doors: kitchen, ...
    <|plan|>navigate_to(kitchen)<|end|>
    <|act|>go to kitchen<|end|> <|reply|>You move to the kitchen. <|look|>kitchen: a sink | ...
    <|act|><|done|>
    <|plan|>pick_up(thermometer)<|end|> ...

The planner is trained on what follows <|plan|>, the executor on what follows <|act|>; <|done|> ends an
option. Flat imitation has neither <|plan|> nor <|done|>.

Names that only tell things apart are written as slots, as in reading comprehension with anonymous entities
(Hermann et al., 2015): a task that says "the red box" reads "the colourA=red box", and every later red is
colourA. A small model then need not learn to copy before it can follow a task.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from sgd_gym.errors import DataError
from sgd_gym.trajectories import Episode, Step

PROMPT_VERSION = 1
"""Rises whenever a transcript's text changes; a checkpoint records the one it was trained with."""

Role = Literal["planner", "executor", "flat"]
ROLES: tuple[Role, ...] = ("planner", "executor", "flat")

TASK, INVENTORY, LOOK = "<|task|>", "<|inventory|>", "<|look|>"
REPLY, PLAN, ACT, END, DONE = "<|reply|>", "<|plan|>", "<|act|>", "<|end|>", "<|done|>"
SPECIAL_TOKENS = (TASK, INVENTORY, LOOK, REPLY, PLAN, ACT, END, DONE)


@dataclass(frozen=True)
class Segment:
    """A piece of a transcript that is tokenized on its own."""

    text: str
    target: bool = False
    """Whether the model of the role is trained to write it."""


_COLOURS = "red|orange|yellow|green|blue|violet|purple|black|white|brown"
_PLANTS = "apple|avocado|banana|cherry|lemon|orange|peach|pea"
_FAMILIES = (
    # slot word, where such a name stands, whether only names in the task get slots (paints mix by colour)
    ("wire", re.compile(rf"\b({_COLOURS})\b(?= wire\b)"), False),
    ("colour", re.compile(rf"\b({_COLOURS})\b(?= (?:and|paint|box|light)\b)", re.IGNORECASE), True),
    ("letter", re.compile(r"(?<=unknown substance )([a-z])\b", re.IGNORECASE), True),
    ("number", re.compile(r"(?<=flower pot )(\d+)\b"), False),
    ("plant", re.compile(rf"\b({_PLANTS})\b(?= (?:tree|plant)\b)"), False),
)
_SLOT = re.compile(rf"\b(?:{'|'.join(word for word, _, _ in _FAMILIES)})[A-Z]\b")


class Slots:
    """The names of one episode that are written as slots.

    Law: `write(read(text)) == text`, but for the capitals of names.
    """

    def __init__(self, task: str) -> None:
        """Give slots to the names in the task, in order."""
        self._slots: dict[tuple[str, str], str] = {}
        self._names: dict[str, str] = {}
        self.task = task
        for word, pattern, _ in _FAMILIES:
            for match in pattern.finditer(task):
                self._slot(word, match[1])
            self.task = pattern.sub(partial(self._tell, word), self.task)

    def read(self, text: str) -> str:
        """Return the text with slots for names."""
        for word, pattern, task_only in _FAMILIES:
            text = pattern.sub(partial(self._replace, word, task_only), text)
        return text

    def write(self, text: str) -> str:
        """Return the text with names for slots."""
        return re.sub(_SLOT, lambda match: self._names.get(match[0], match[0]), text)

    def _tell(self, word: str, match: re.Match[str]) -> str:
        return f"{self._slots[word, match[1].lower()]}={match[1]}"

    def _replace(self, word: str, task_only: bool, match: re.Match[str]) -> str:
        known = self._slots.get((word, match[1].lower()))
        return known or (match[1] if task_only else self._slot(word, match[1]))

    def _slot(self, word: str, name: str) -> str:
        taken = sum(family == word for family, _ in self._slots)
        slot = self._slots.setdefault((word, name.lower()), f"{word}{chr(ord('A') + taken)}")
        self._names.setdefault(slot, name)
        return slot


class View:
    """What an agent has been shown of one episode; turns observations into transcript text.

    A room is told in full when it is first entered; afterwards only its name and the lines that changed,
    since most of a room stays as it is.
    """

    def __init__(self) -> None:
        """Start with nothing shown."""
        self.slots = Slots("")
        self._room = ""
        self._shown: dict[str, list[str]] = {}

    def opening(self, task: str, inventory: str, look: str) -> str:
        """Return the head of the transcript: task, inventory, room."""
        self.slots = Slots(_one_line(task))
        carried = self.slots.read(compact_inventory(inventory))
        return f"{TASK}{self.slots.task}{INVENTORY}{carried}{self._look(look)}"

    def reply(self, observation: str, look: str) -> str:
        """Return the reply to a command, with what changed in the room."""
        shown = "" if observation.strip() == look.strip() else self.slots.read(_one_line(observation))
        return f"{REPLY}{shown}{self._look(look)}"

    def _look(self, look: str) -> str:
        room, lines = compact_look(self.slots.read(look))
        before = self._shown.get(room, [])
        changed = [line for line in lines if line not in before]
        entered = room != self._room
        self._room, self._shown[room] = room, lines
        if not entered and not changed:
            return ""
        return f"{LOOK}{' | '.join([f'{room}:', *changed])}"


_SHORTER = (
    (r"\ba substance called ", ""),
    (r"\A(?:an?|the) ", ""),
    (r" \(containing nothing\)", ""),
    (r"\. (?:On|In) the [a-z ]+ is: nothing\.", ""),
    (r"\. The [a-z ]+ door is (open|closed)\.", r" (\1)"),
    (r", which is (?:turned )?(on|off|open|closed|activated|deactivated)\b", r" (\1)"),
    (r", currently reading a temperature of (-?[\d.]+) degrees celsius", r" (\1 degrees)"),
)


def compact_look(look: str) -> tuple[str, list[str]]:
    """Shorten a room's description to its name and one line a thing, the doors last."""
    lines = [line.strip() for line in look.splitlines() if line.strip()]
    match = re.search(r"called the ([a-z ]+)\.", lines[0]) if lines else None
    things, doors = [], []
    for line in lines[1:]:
        door = re.match(r"A door to the ([a-z ]+?) \(that is (\w+)\)", line)
        if door:
            doors.append(door.group(1) if door.group(2) == "open" else f"{door.group(1)} ({door.group(2)})")
        elif line not in ("the agent", "a substance called air", "You also see:"):
            things.append(_shorten(line))
    return match.group(1) if match else "room", [*things, f"doors: {', '.join(doors)}"]


def compact_inventory(inventory: str) -> str:
    """Shorten the inventory to its things, separated by bars."""
    return " | ".join(_shorten(line.strip()) for line in inventory.splitlines()[1:] if line.strip())


def _shorten(line: str) -> str:
    for pattern, replacement in _SHORTER:
        line = re.sub(pattern, replacement, line)
    return line


def is_needless(step: Step) -> bool:
    """Whether a command told or changed nothing that the agent does not have for free.

    Imitation leaves out "look around", as the papers do, since the room is shown anyway, and the opening
    of doors that stand open.
    """
    return step.action == "look around" or step.observation == "The door is already open."


def transcript(episode: Episode, role: Role) -> Iterator[Segment]:
    """Return the segments of an episode that a model of `role` is trained on.

    Raises:
        DataError: If planner or executor is asked for and the episode has no sub-goals.
    """
    steps, subgoals = episode.steps, role != "flat"
    if subgoals and any(step.subgoal is None for step in steps):
        raise DataError(
            f"{episode.episode_id} has no sub-goals, which the {role} is trained on. "
            f"Fix: run 'sgd-gym annotate' and train on its output."
        )
    view = View()
    yield Segment(view.opening(episode.task_description, steps[0].inventory, steps[0].look))
    option: int | None = None
    for number, step in enumerate(steps):
        if is_needless(step):
            continue
        if subgoals and step.option_index != option:
            if option is not None:
                yield Segment(ACT)
                yield Segment(DONE, role == "executor")
            yield Segment(PLAN)
            yield Segment(f"{view.slots.read(step.subgoal or '')}{END}", role == "planner")
            option = step.option_index
        yield Segment(ACT)
        yield Segment(f"{view.slots.read(step.action)}{END}", role != "planner")
        if number + 1 < len(steps):
            yield Segment(view.reply(step.observation, steps[number + 1].look))


def _one_line(text: str) -> str:
    return " | ".join(line.strip() for line in text.splitlines() if line.strip())
