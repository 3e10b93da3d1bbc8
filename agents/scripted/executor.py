"""The scripted executor: carries out sub-goals by rules over what it sees; needs no training."""

from collections.abc import Sequence

from sgd_gym.agents.scripted.memory import Memory
from sgd_gym.agents.scripted.scripts import Script, run
from sgd_gym.goals import Detector, View, satisfies
from sgd_gym.options import Info, Observation
from sgd_gym.subgoals.grammar import Subgoal, parse


class ScriptedExecutor:
    """Follows the script of a sub-goal until it ends or the sub-goal is seen achieved."""

    def __init__(self) -> None:
        """Start without episodes."""
        self._memories: dict[int, Memory] = {}
        self._detectors: dict[int, Detector] = {}
        self._scripts: dict[int, Script] = {}
        self._goals: dict[int, Subgoal] = {}
        self._commands: dict[int, str] = {}
        self._done: dict[int, bool] = {}
        self._calls: dict[int, int] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Forget the episodes of these worlds."""
        for slot in slots:
            self._memories[slot], self._detectors[slot] = Memory(), Detector()
            self._commands[slot], self._calls[slot], self._done[slot] = "", 0, True

    def start(self, slot: int, subgoal: str) -> None:
        """Begin an option.

        Raises:
            SubgoalError: If the text is no sub-goal.
        """
        self._goals[slot] = parse(subgoal)
        self._scripts[slot] = run(self._goals[slot], self._memories[slot])
        self._done[slot] = False
        self._started = True

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return the next command of each world's script."""
        return [self._act(slot, seen) for slot, seen in zip(slots, observations, strict=True)]

    def done(self, slot: int) -> bool:
        """Whether the script has ended, or the sub-goal is seen achieved."""
        return self._done[slot]

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls of the running episode; no model, so no tokens."""
        return {"calls": self._calls[slot], "tokens": 0}

    def _act(self, slot: int, seen: Observation) -> str:
        self._memories[slot].look(seen)
        self._calls[slot] += 1
        command = next(self._scripts[slot], None)
        self._done[slot] = command is None
        self._commands[slot] = command or "look around"
        return self._commands[slot]
