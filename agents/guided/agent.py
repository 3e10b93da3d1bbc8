"""A student that plays until it goes wrong, and a guide that plays on: examples of ways back.

Data aggregation (DAgger; Ross, Gordon & Bagnell, 2011, arXiv 1011.0686) with a guide who steps in, as in
HG-DAgger (Kelly et al., 2019, arXiv 1810.02890): from oracle paths a student learns what to do where all went
well; what to do where it has gone wrong, it learns from games like these, made on the train split.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sgd_gym.agents.base import Agent, EpisodeKey, Fault
from sgd_gym.agents.guided.guide import FOCUS, WAIT, Guide, Situation
from sgd_gym.agents.scripted.memory import Memory
from sgd_gym.goals import Detector, View
from sgd_gym.knowledge import Knowledge
from sgd_gym.options import Info, Observation
from sgd_gym.spaces import REFUSALS, ROOMS, THINGS

PATIENCE = (1, 3)
"""The guide steps in after so many refused commands in a row; how many is drawn for each episode."""
IDLE_MOVES = 20
"""Or after so many moves without a rise of the score."""
SLIPS = (1, 3)
"""Or after so many slips, which the student is made to do in episodes of another seed than 0."""
SLIP_FORMS = (
    *("teleport to {room}", "pick up {thing}", "open {thing}", "pick up {other}", "move {thing} to {other}"),
)
"""What a slip may be; the other thing may not be here."""


@dataclass
class _Game:
    """One episode."""

    guide: Guide
    random: random.Random
    patience: int
    slip_at: int | None
    """Move at which the student begins to slip; None if it does not."""
    slips: int
    """How often it still slips."""
    memory: Memory = field(default_factory=Memory)
    knowledge: Knowledge = field(default_factory=Knowledge)
    detector: Detector = field(default_factory=Detector)
    situation: Situation | None = None
    is_guided: bool = False
    is_lost: bool = False
    command: str = ""
    """The last one."""
    option: tuple[int, str] | None = None
    """Its option, number and text."""
    moves: int = 0
    student_moves: int = 0
    score: float = 0.0
    best: float = 0.0
    last_rise: int = 0
    refused: int = 0
    """Refused commands in a row."""
    focused: int = 0

    def look(self, command: str, seen: Observation) -> None:
        """Take in what the world shows."""
        self.memory.look(seen)
        self.knowledge.update(seen)
        found = self.detector.update(View(command, seen["observation"], seen["look"], seen["inventory"]))
        self.situation = Situation(seen, self.memory, self.knowledge, found)

    def turn(self) -> Literal["student", "slip", "guide"]:
        """Return whose turn it is."""
        if self.is_guided:
            return "guide"
        if self.slip_at is None or self.moves < self.slip_at:
            return "student"
        return "slip" if self.slips else "guide"

    def slip(self) -> str:
        """Return a command as one who errs might send it."""
        self.slips -= 1
        things = [thing.name for thing in self.memory.sight.things] or ["air"]
        draw = self.random.choice
        return draw(SLIP_FORMS).format(room=draw(ROOMS), thing=draw(things), other=draw(THINGS))

    def goes_wrong(self, command: str) -> bool:
        """Return whether the guide should step in before the student's next command."""
        return (
            not self.guide.allows(command, self.focused)
            or self.refused >= self.patience
            or self.moves - self.last_rise >= IDLE_MOVES
        )

    def follow(self) -> str:
        """Return the guide's next command; a wait if there is none."""
        assert self.situation is not None
        if not self.is_guided:
            self.is_guided = True
            self.guide.begin(int(self.score))
        command = self.guide.next(self.situation)
        self.is_lost = command is None
        subgoal = self.guide.subgoal
        if self.option is None or self.option[1] != subgoal:
            self.option = (0 if self.option is None else self.option[0] + 1, subgoal)
        return command or WAIT


class GuidedAgent(Agent):
    """Lets a student play, and finishes its games when they go wrong."""

    def __init__(self, student: Agent, find_guide: Callable[[EpisodeKey], Guide]):
        """Take a student, and where the guide of an episode comes from."""
        self.needs_infos = student.needs_infos
        self._student, self._find_guide = student, find_guide
        self._games: dict[int, _Game] = {}

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin new episodes."""
        self._student.reset(slots, keys)
        for slot, key in zip(slots, keys, strict=True):
            draw, guide = random.Random(repr(key)), self._find_guide(key)
            patience, slips = draw.randint(*PATIENCE), draw.randint(*SLIPS)
            slip_at = draw.randint(1, max(1, 2 * guide.length // 3)) if key.seed else None
            self._games[slot] = _Game(guide, draw, patience, slip_at, slips)

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return the student's commands, or the guide's where it plays."""
        for slot, seen in zip(slots, observations, strict=True):
            if self._games[slot].situation is None:
                self._games[slot].look("", seen)
        turns = {slot: self._games[slot].turn() for slot in slots}
        told = zip(slots, observations, infos, strict=True)
        asked = [one for one in told if turns[one[0]] == "student"]
        written = self._student.act(*zip(*asked, strict=True)) if asked else []
        for (slot, _, _), command in zip(asked, written, strict=True):
            game = self._games[slot]
            if game.goes_wrong(command):
                turns[slot] = "guide"
            else:
                game.command, game.option = command, self._student.subgoal(slot)
        for slot, turn in turns.items():
            game = self._games[slot]
            if turn != "student":
                game.command = game.slip() if turn == "slip" else game.follow()
            # Here, not in `observe`: the counts of a move are asked for before it is told what came of it.
            game.student_moves += not game.is_guided
        return [self._games[slot].command for slot in slots]

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        """Take in what the command did, and tell the student while it plays."""
        game = self._games[slot]
        game.look(game.command, observation)
        game.moves += 1
        game.score += reward
        if game.score > game.best:
            game.best, game.last_rise = game.score, game.moves
        is_refused = observation["observation"].startswith(REFUSALS)
        game.refused = game.refused + 1 if is_refused else 0
        game.focused += game.command.startswith(FOCUS) and not is_refused
        if game.turn() == "student":  # after its first slip it is not asked again
            self._student.observe(slot, observation, reward, ended)

    def fault(self, slot: int) -> Fault | None:
        """Give an episode up where the path leads no further."""
        if self._games[slot].is_lost:
            return Fault("the guide knows no way from here", ends=True)
        return self._student.fault(slot)

    def subgoal(self, slot: int) -> tuple[int, str] | None:
        """Return number and text of the option of the last command, the student's or the guide's."""
        return self._games[slot].option

    def stats(self, slot: int) -> dict[str, int]:
        """Return the student's counts, and how many moves it made before the guide stepped in."""
        return {**self._student.stats(slot), "student_moves": self._games[slot].student_moves}
