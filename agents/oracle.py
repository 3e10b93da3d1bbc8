"""The oracle agent: plays the simulator's own solution; the ceiling of every table.

It alone reads `oracle_path`, which is the evaluator's.
"""

from collections.abc import Sequence
from typing import ClassVar

from sgd_gym.agents.base import Agent
from sgd_gym.options import Info, Observation


class OracleAgent(Agent):
    """Plays the oracle path move by move, then waits."""

    needs_infos: ClassVar[tuple[str, ...]] = ("oracle_path",)

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return the command of the path at each world's number of moves."""
        return [
            info["oracle_path"][info["moves"]] if info["moves"] < len(info["oracle_path"]) else "wait1"
            for info in infos
        ]
