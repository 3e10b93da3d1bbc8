"""The prompt of encoder-decoder models: the state told anew at each decision, with the last ten moves.

The fields are those of SwiftSage and Sub-goal Distillation: task, time and score, sub-goals, history of moves
with rewards, room, inventory, rooms visited, a closing question; the words are ours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sgd_gym.prompts.events import (
    DONE,
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

HISTORY = 10
"""How many moves a prompt tells, as in the papers."""

WINDOW_TOKENS = (DONE,)
"""What a tokenizer must not cut."""

QUESTIONS: dict[Ask, str] = {
    "subgoal": "What is the next sub-goal?",
    "command": "What is the next command?",
    "advice": "What is the next sub-goal, and which commands reach it?",
}


KINDS: dict[type[Event], Ask] = {Plan: "subgoal", Advice: "advice"}
"""What is asked for where one of these is the answer; a command everywhere else."""


@dataclass
class _Move:
    command: str
    reward: float = 0.0
    reply: str = ""

    def __str__(self) -> str:
        return f"{self.command} ({self.reward:+g}) -> {self.reply}"


class Window:
    """Keeps what one episode has shown, and tells it."""

    def __init__(self) -> None:
        """Start with nothing shown."""
        self.slots = Slots("")
        self._score = 0.0
        self._moves: list[_Move] = []
        self._completed: list[str] = []
        self._subgoal: str | None = None
        self._room, self._inventory = "", ""
        self._visited: list[str] = []

    def read(self, event: Event) -> None:
        """Take in what happened."""
        match event:
            case Start():
                self.slots = Slots(one_line(event.task))
                self._see(event.look, event.inventory)
            case Plan():
                self._subgoal = self.slots.read(event.text, allot=False)
            case Done():
                self._completed.append(self._subgoal or "")
                self._subgoal = None
            case Command():
                self._moves.append(_Move(self.slots.read(event.text, allot=False)))
            case Reply():
                move = self._moves[-1]
                told = event.observation.strip() != event.look.strip()
                # A reply may name what the room then tells as slots.
                reply = compact_reply(event.observation, room_of(event.look)) or "done"
                move.reply = self.slots.read(reply) if told else "the room"
                self._see(event.look, event.inventory)
                move.reward = event.reward
                self._score += event.reward
            case Advice():
                pass  # whether it was followed is told by the commands

    def ask(self, kind: Ask, history: int = HISTORY, room: int | None = None) -> str:
        """Return the prompt that asks for a sub-goal or a command.

        Args:
            kind: What is asked for.
            history: How many of the last moves are told, and of the completed sub-goals.
            room: At most so many characters of the room; all if not given.
        """
        first = max(0, len(self._moves) - history)
        recent = [f"{number + 1}. {self._moves[number]}" for number in range(first, len(self._moves))]
        fields = [
            f"Task: {self.slots.task}",
            f"Moves: {len(self._moves)}. Score: {self._score:g}",
        ]
        if self._completed or self._subgoal is not None or kind == "subgoal":
            completed = self._completed[max(0, len(self._completed) - history) :]
            fields.append(f"Completed sub-goals: {'; '.join(completed) or 'none'}")
        if kind == "command" and self._subgoal is not None:
            fields.append(f"Sub-goal: {self._subgoal}")
        fields += [
            f"History: {'; '.join(recent) or 'none'}",
            f"Room: {self._room[:room]}",
            f"Inventory: {self._inventory or 'nothing'}",
            f"Visited rooms: {', '.join(self._visited)}",
            QUESTIONS[kind],
        ]
        return "\n".join(fields)

    def retract(self, event: Event) -> None:
        """Forget what was read last, if it is a command: it was not sent."""
        if isinstance(event, Command):
            self._moves.pop()

    def answer(self, event: Event) -> str:
        """Return what a model writes when it writes this event."""
        assert isinstance(event, Plan | Command | Done | Advice)
        if isinstance(event, Done):
            return DONE
        if isinstance(event, Advice):
            return self.slots.read(str(event), allot=False)
        return self.slots.read(event.text, allot=False)

    def _see(self, look: str, inventory: str) -> None:
        """Take in what is in sight."""
        name, lines = compact_look(self.slots.read(look))
        self._room = f"{name}: {' | '.join(lines)}"
        self._inventory = self.slots.read(compact_inventory(inventory))
        if name not in self._visited:
            self._visited.append(name)


@dataclass(frozen=True)
class Decision:
    """One decision of a recorded episode: what was asked of a model that had seen so much, and its answer."""

    window: Window
    """As it is when this is yielded; it goes on afterwards."""
    kind: Ask
    answer: str
    span: Span | None
    """What the answer is; None for a sage's advice."""


def make_decisions(episode: Episode, roles: Sequence[Role]) -> Iterator[Decision]:
    """Yield the decisions of an episode that a model of these roles is trained on.

    Raises:
        DataError: If another role than flat is among them and the episode has no sub-goals.
    """
    window = Window()
    for event in events_for(episode, roles):
        if any(is_target(event, role) for role in roles):
            kind: Ask = KINDS.get(type(event), "command")
            yield Decision(window, kind, window.answer(event), span_of(event))
        window.read(event)
