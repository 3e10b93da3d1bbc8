"""The oracle: plays the simulator's own solution, as agent (the ceiling of every table) or as executor.

It alone reads `oracle_path`, which is the evaluator's.
"""

from collections.abc import Sequence

from sgd_gym.agents.base import Agent
from sgd_gym.errors import SubgoalError
from sgd_gym.options import Info, Observation
from sgd_gym.subgoals import Subgoal, annotate, option_indices


class OracleAgent(Agent):
    """Plays the oracle path move by move, then waits."""

    needs_infos = ("oracle_path",)

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return the command of the path at each world's number of moves."""
        return [
            info["oracle_path"][info["moves"]] if info["moves"] < len(info["oracle_path"]) else "wait1"
            for info in infos
        ]


class OracleExecutor:
    """Carries out the sub-goals of the oracle path, in their order; for tests of whoever holds options."""

    def __init__(self) -> None:
        """Start without episodes."""
        self._spans: dict[int, list[tuple[int, Subgoal]]] = {}
        """Where each sub-goal of the path ends (exclusive), and the sub-goal."""
        self._ends: dict[int, int | None] = {}
        self._subgoals: dict[int, str] = {}
        self._done: dict[int, bool] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Forget the episodes of these worlds."""
        for slot in slots:
            self._spans.pop(slot, None)

    def start(self, slot: int, subgoal: str) -> None:
        """Begin an option; that it is the path's next one is checked at the next `act`."""
        self._subgoals[slot], self._ends[slot] = subgoal, None

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return the next command of each world's path.

        Raises:
            SubgoalError: If the path does not go on with the sub-goal that was started.
        """
        return [self._act(slot, info) for slot, info in zip(slots, infos, strict=True)]

    def done(self, slot: int) -> bool:
        """Whether the part of the path that serves the sub-goal is over."""
        return self._done[slot]

    def observe(self, slot: int, command: str, observation: Observation, reward: float) -> None:
        """Ignore it: the path is known."""

    def stats(self, slot: int) -> dict[str, int]:
        """Return zeros: no model is called."""
        return {"calls": 0, "tokens": 0}

    def _act(self, slot: int, info: Info) -> str:
        path, at = info["oracle_path"], info["moves"]
        if slot not in self._spans:
            self._spans[slot] = plan_of(path)
        end = self._ends[slot]
        if end is None:
            ahead = [span for span in self._spans[slot] if span[0] > at]
            end = next((end for end, subgoal in ahead if str(subgoal) == self._subgoals[slot]), None)
            if end is None:
                allowed = ", ".join(str(subgoal) for _, subgoal in ahead[:2])
                raise SubgoalError(
                    f"The oracle path does not go on with {self._subgoals[slot]}. Allowed: {allowed}."
                )
            self._ends[slot] = end
        self._done[slot] = at >= end
        return "" if self._done[slot] else path[at]


def plan_of(path: Sequence[str]) -> list[tuple[int, Subgoal]]:
    """Return where each sub-goal of a path ends (exclusive), and the sub-goal."""
    subgoals = annotate(path)
    indices = [*option_indices(subgoals), -1]
    ends = [i + 1 for i in range(len(path)) if indices[i] != indices[i + 1]]
    return [(end, subgoals[end - 1]) for end in ends]
