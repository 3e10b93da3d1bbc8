"""The prompt of decoder-only models: one transcript an episode, read and written in turns.

It looks like this (line ends added here):

    <|task|>Your task is to ... <|inventory|>an orange <|look|>hallway: a picture | doors: kitchen, ...
    <|plan|>navigate_to(kitchen)<|end|>
    <|act|>go to kitchen<|end|> <|reply|>You move to the kitchen. <|look|>kitchen: a sink | ...
    <|act|><|done|>
    <|plan|>pick_up(thermometer)<|end|> ...

The planner is trained on what follows <|plan|>, the executor on what follows <|act|>; <|done|> ends an
option. Flat imitation has neither <|plan|> nor <|done|>. Knows neither tokenizer nor model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sgd_gym.prompts.events import (
    DONE,
    END,
    Ask,
    Command,
    Done,
    Event,
    Plan,
    Reply,
    Role,
    Start,
    is_target,
    make_events,
)
from sgd_gym.prompts.shorten import compact_inventory, compact_look, one_line
from sgd_gym.prompts.slots import Slots
from sgd_gym.trajectories import Episode

TASK, INVENTORY, LOOK = "<|task|>", "<|inventory|>", "<|look|>"
REPLY, PLAN, ACT = "<|reply|>", "<|plan|>", "<|act|>"
TRANSCRIPT_TOKENS = (TASK, INVENTORY, LOOK, REPLY, PLAN, ACT, END, DONE)
"""What a tokenizer must not cut."""

OPENERS: dict[Ask, str] = {"subgoal": PLAN, "command": ACT}
"""The token that asks for a sub-goal or a command."""


@dataclass(frozen=True)
class Segment:
    """A piece of a transcript that is tokenized on its own."""

    text: str
    target: bool = False
    """Whether the model of the role is trained to write it."""


class Transcript:
    """Writes the events of one episode down, each once.

    A room is told in full when it is first entered; afterwards only its name and the lines that changed,
    since most of a room stays as it is.
    """

    def __init__(self) -> None:
        """Start with nothing shown."""
        self.slots = Slots("")
        self._room = ""
        self._shown: dict[str, list[str]] = {}

    def read(self, event: Event) -> list[str]:
        """Return the pieces that an event adds; of what a model writes, the opener is one of its own."""
        match event:
            case Start():
                self.slots = Slots(one_line(event.task))
                carried = self.slots.read(compact_inventory(event.inventory))
                return [f"{TASK}{self.slots.task}{INVENTORY}{carried}{self._look(event.look)}"]
            case Plan():
                return [PLAN, f"{self.slots.read(event.text)}{END}"]
            case Command():
                return [ACT, f"{self.slots.read(event.text)}{END}"]
            case Done():
                return [ACT, DONE]
            case Reply():
                told = event.observation.strip() != event.look.strip()
                shown = self.slots.read(one_line(event.observation)) if told else ""
                return [f"{REPLY}{shown}{self._look(event.look)}"]

    def _look(self, look: str) -> str:
        room, lines = compact_look(self.slots.read(look))
        before = self._shown.get(room, [])
        changed = [line for line in lines if line not in before]
        entered = room != self._room
        self._room, self._shown[room] = room, lines
        if not entered and not changed:
            return ""
        return f"{LOOK}{' | '.join([f'{room}:', *changed])}"


def make_segments(episode: Episode, roles: Sequence[Role]) -> Iterator[Segment]:
    """Return the segments of an episode that a model of these roles is trained on.

    Raises:
        DataError: If planner or executor is among the roles and the episode has no sub-goals.
    """
    transcript = Transcript()
    for event in make_events(episode, subgoals="flat" not in roles):
        *before, last = transcript.read(event)
        yield from map(Segment, before)
        yield Segment(last, any(is_target(event, role) for role in roles))
