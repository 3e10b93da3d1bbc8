"""The prompt of decoder-only models: one transcript an episode, read and written in turns.

It looks like this (line ends added here):

    <|task|>boil water. ... <|inventory|>orange <|look|>hallway: picture | doors: kitchen, ...
    <|plan|>navigate_to(kitchen)<|end|>
    <|act|>go to kitchen<|end|> <|reply|><|look|>kitchen: sink off | ...
    <|act|><|done|>
    <|plan|>pick_up(thermometer)<|end|> ...

The planner is trained on what follows <|plan|>, the executor on what follows <|act|>; <|done|> ends an
option. Flat imitation has neither <|plan|> nor <|done|>. A sage writes the sub-goal with its commands,
<|plan|>navigate_to(kitchen): go to kitchen<|end|>, after a transcript of commands and replies alone: what it
advised before is not told, since others may have played since. Knows neither tokenizer nor model.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sgd_gym.prompts.events import (
    DONE,
    END,
    Advice,
    Ask,
    Command,
    Done,
    Event,
    Plan,
    Reply,
    Role,
    Span,
    Start,
    events_for,
    is_target,
    span_of,
)
from sgd_gym.prompts.shorten import compact_inventory, compact_look, compact_reply, one_line, room_of
from sgd_gym.prompts.slots import Slots
from sgd_gym.trajectories import Episode

TASK, INVENTORY, LOOK = "<|task|>", "<|inventory|>", "<|look|>"
REPLY, PLAN, ACT = "<|reply|>", "<|plan|>", "<|act|>"
TRANSCRIPT_TOKENS = (TASK, INVENTORY, LOOK, REPLY, PLAN, ACT, END, DONE)
"""What a tokenizer must not cut."""

_OPENING = "Your task is to "
"""How every task begins."""

OPENERS: dict[Ask, str] = {"subgoal": PLAN, "command": ACT, "advice": PLAN}
"""The token that asks for a sub-goal, a command, or a sub-goal with its commands."""


@dataclass(frozen=True)
class Segment:
    """A piece of a transcript that is tokenized on its own."""

    text: str
    target: bool = False
    """Whether the model of the role is trained to write it."""
    span: Span | None = None
    """Of a target, what it is; None for a sage's advice."""


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
                return [
                    f"{TASK}{self.slots.task.removeprefix(_OPENING)}{INVENTORY}{carried}{self._look(event.look)}"
                ]
            case Plan() | Command() | Advice():
                opener = ACT if isinstance(event, Command) else PLAN
                text = str(event) if isinstance(event, Advice) else event.text
                # What is written gives no slots: a name not seen yet may turn out to be another thing.
                return [opener, f"{self.slots.read(text, allot=False)}{END}"]
            case Done():
                return [ACT, DONE]
            case Reply():
                told = event.observation.strip() != event.look.strip()
                # A reply may name what the room then tells as slots.
                shown = self.slots.read(compact_reply(event.observation, room_of(event.look))) if told else ""
                return [f"{REPLY}{shown}{self._look(event.look)}"]

    def _look(self, look: str) -> str:
        room, lines = compact_look(self.slots.read(look))
        before = self._shown.get(room, [])
        changed = [line for line in lines if line not in before]
        entered = room != self._room
        self._room, self._shown[room] = room, lines
        if not entered and not changed:
            return ""
        return f"{LOOK}{room}: {' | '.join(changed)}".rstrip()


def make_segments(episode: Episode, roles: Sequence[Role]) -> Iterator[Segment]:
    """Return the segments of an episode that a model of these roles is trained on.

    Raises:
        DataError: If another role than flat is among them and the episode has no sub-goals.
    """
    transcript = Transcript()
    for event in events_for(episode, roles):
        *before, last = transcript.read(event)
        yield from map(Segment, before)
        target = any(is_target(event, role) for role in roles)
        yield Segment(last, target, span_of(event) if target else None)


def each_advice(segments: Iterable[Segment]) -> Iterator[list[Segment]]:
    """Cut the segments of a sage: for each advice what was read before it, without the advice before that."""
    told: list[Segment] = []
    for segment in segments:
        if segment.target:
            yield [*told, segment]
            told.pop()  # its opener
        else:
            told.append(segment)
