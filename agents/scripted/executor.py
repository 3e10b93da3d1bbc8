"""The scripted executor: carries out every sub-goal of the grammar by rules over what it sees."""

from collections.abc import Sequence

from sgd_gym.agents.scripted.memory import Memory
from sgd_gym.agents.scripted.scripts import Script, run
from sgd_gym.options import Info, Observation
from sgd_gym.subgoals.grammar import parse


class ScriptedExecutor:
    """Follows the script of a sub-goal to its end; needs no training and calls no model."""

    def __init__(self) -> None:
        """Start without episodes."""
        self._memories: dict[int, Memory] = {}
        self._scripts: dict[int, Script] = {}
        self._done: dict[int, bool] = {}
        self._calls: dict[int, int] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Forget the episodes of these worlds."""
        for slot in slots:
            self._memories[slot], self._calls[slot], self._done[slot] = Memory(), 0, True

    def start(self, slot: int, subgoal: str) -> None:
        """Begin an option.

        Raises:
            SubgoalError: If the text is no sub-goal.
        """
        self._scripts[slot] = run(parse(subgoal), self._memories[slot])
        self._done[slot] = False

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return the next command of each world's script."""
        return [self._act(slot, seen) for slot, seen in zip(slots, observations, strict=True)]

    def done(self, slot: int) -> bool:
        """Whether the script has ended."""
        return self._done[slot]

    def observe(self, slot: int, command: str, observation: Observation, reward: float) -> None:
        """Remember what the world showed."""
        self._memories[slot].look(observation)

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls of the running episode; without a model there are no tokens."""
        return {"calls": self._calls[slot], "tokens": 0}

    def _act(self, slot: int, seen: Observation) -> str:
        self._memories[slot].look(seen)
        self._calls[slot] += 1
        command = next(self._scripts[slot], None)
        self._done[slot] = command is None
        return command or "look around"  # the first word of an option has to be a command
