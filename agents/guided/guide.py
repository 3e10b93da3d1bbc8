"""The way on from where a student stands: the rest of a recorded path that solves the episode."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.agents.executable import is_executable
from sgd_gym.agents.scripted.memory import Memory
from sgd_gym.agents.scripted.scripts import Script, run
from sgd_gym.errors import DataError
from sgd_gym.goals import ON_STATES, is_named, satisfies
from sgd_gym.knowledge import Knowledge
from sgd_gym.options import Observation
from sgd_gym.sight import read_sight
from sgd_gym.spaces import QUESTION
from sgd_gym.subgoals.grammar import Subgoal, parse
from sgd_gym.trajectories import Episode, Step, read_episodes

FOCUS, WAIT = "focus on ", "wait1"
LASTING = {"navigate_to", "pick_up", "place", "activate", "open", "close", "connect", "heat", "cool", "fill"}
"""Predicates of sub-goals that need not be carried out where they hold; others are deeds."""
PATIENCE = 12
"""How often the guide waits for what the path saw after its own wait, and for its end."""


@dataclass(frozen=True)
class Situation:
    """What the guide knows of a world."""

    seen: Observation
    memory: Memory
    knowledge: Knowledge
    achieved: frozenset[Subgoal]


class Guide:
    """Follows one annotated path from wherever a student has left it.

    Its commands are the path's. What need not be done here is left out; what cannot be done in the path's way
    is done by the rules of the scripted executor.
    """

    def __init__(self, path: Episode):
        """Take a path.

        Raises:
            DataError: If it has no sub-goals, or does not end at 100.
        """
        if path.score != 100 or any(step.subgoal is None for step in path.steps):
            raise DataError(
                f"{path.episode_id} ends at {path.score}, or has no sub-goals, and cannot guide anyone. "
                f"Fix: 'sgd-gym annotate' and name its output."
            )
        self.subgoal = ""
        """That of the last command."""
        self._steps = path.steps
        self._focuses = [action.removeprefix(FOCUS) for action in path.actions if action.startswith(FOCUS)]
        self._at = 0
        self._option = -1
        self._waits = 0
        self._script: Script | None = None

    @property
    def length(self) -> int:
        """Return how many moves the path has."""
        return len(self._steps)

    def allows(self, command: str, focused: int) -> bool:
        """Return whether a command does not lose the game by a wrong focus.

        Args:
            command: What is about to be sent.
            focused: How often the student has focused on something.
        """
        if not command.startswith(FOCUS) or focused >= len(self._focuses):
            return True
        name, wanted = command.removeprefix(FOCUS), self._focuses[focused]
        return is_named(name, wanted) or is_named(wanted, name)

    def begin(self, score: int) -> None:
        """Go on behind the moves by which the path reached this score, or the last one below it."""
        told = [0, *(step.score for step in self._steps)]
        self._at = told.index(max(one for one in told if one <= max(score, 0)))

    def next(self, situation: Situation) -> str | None:
        """Return the next command; None if the path leads no further."""
        if self._script is not None:
            command = next(self._script, None)
            if command is not None:
                return command
            self._script = None
            self._leave_option()
        if situation.seen["observation"].startswith(QUESTION):
            return self._answer()
        while self._at < len(self._steps):
            step = self._steps[self._at]
            if step.option_index != self._option:
                subgoal = parse(step.subgoal or "")
                if not _is_due(subgoal, situation.achieved):
                    self._leave_option()
                    continue
                room = _room_of(step)
                if _leads_elsewhere(step.action) or room == situation.memory.sight.room:
                    if not _is_known(subgoal, situation.knowledge):
                        return self._wait()
                    self._option, self.subgoal, self._waits = step.option_index or 0, str(subgoal), 0
                else:
                    self.subgoal = f"navigate_to({room})"
                    return f"teleport to {room}"
            if step.action.isdigit() or _is_done(step.action, situation.memory):
                self._at += 1
                continue
            if is_executable(step.action, situation.seen["look"], situation.seen["inventory"]):
                self._at += 1
                return step.action
            if self._at and self._steps[self._at - 1].action.startswith("wait") and self._waits < PATIENCE:
                return self._wait()
            self._script = run(parse(self.subgoal), situation.memory)
            return self.next(situation)
        return self._wait()

    def _leave_option(self) -> None:
        """Go to the path's next sub-goal."""
        index = self._steps[self._at].option_index if self._at < len(self._steps) else None
        while self._at < len(self._steps) and self._steps[self._at].option_index == index:
            self._at += 1

    def _answer(self) -> str:
        """Say which of several things is meant: as the path did, or the first."""
        if self._at < len(self._steps) and self._steps[self._at].action.isdigit():
            self._at += 1
            return self._steps[self._at - 1].action
        return "0"

    def _wait(self) -> str | None:
        """Wait for what the path saw at this place, which chance may bring later."""
        self._waits += 1
        return WAIT if self.subgoal and self._waits <= PATIENCE else None


def find_guides(data: Path) -> Callable[[EpisodeKey], Guide]:
    """Return a function that finds the guide of an episode among annotated paths.

    Raises:
        DataError: If there are none; the function, if there is none of an episode.
    """
    paths = {(one.task, one.variation): one for one in read_episodes(data)}

    def find(key: EpisodeKey) -> Guide:
        path = paths.get((key.task, key.variation))
        if path is None:
            raise DataError(f"{data} holds no path of {key.task}/{key.variation}, which would guide it.")
        return Guide(path)

    return find


def _is_due(subgoal: Subgoal, achieved: frozenset[Subgoal]) -> bool:
    return subgoal.predicate not in LASTING or not any(satisfies(one, subgoal) for one in achieved)


def _is_known(subgoal: Subgoal, knowledge: Knowledge) -> bool:
    """Return whether one who has read this much could choose the sub-goal: no example shall be a guess.

    What is not known may be in a closed container in sight.
    """
    return (
        knowledge.is_hiding
        or knowledge.can_start(subgoal)
        or knowledge.knows_words(" ".join(subgoal.arguments[:1]))
    )


def _room_of(step: Step) -> str:
    return read_sight(step.look, step.inventory).room


def _leads_elsewhere(command: str) -> bool:
    return command.startswith(("teleport to ", "go to "))


def _is_done(command: str, memory: Memory) -> bool:
    """Return whether a command would change nothing here."""
    verb, _, name = command.partition(" ")
    if _leads_elsewhere(command):
        return command.rpartition(" to ")[2] == memory.sight.room
    if command.startswith("pick up "):
        return memory.carried(command.removeprefix("pick up ")) is not None
    thing = memory.find(name) if verb in ("open", "activate", "deactivate") else None
    if thing is None:
        return command == "look around"
    is_on = bool(ON_STATES & set(thing.states))
    return {"open": "open" in thing.states, "activate": is_on, "deactivate": not is_on}[verb]
