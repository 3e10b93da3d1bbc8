"""What every agent is; knows no benchmark. Anyone's subclass works, wherever it lives.

An agent acts in n worlds at once, which it knows by their slot numbers.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sgd_gym.options import Info, Observation


@dataclass(frozen=True)
class EpisodeKey:
    """Which episode a world plays: names the random numbers that an agent may draw for it."""

    task: str
    variation: int
    seed: int


class Agent(ABC):
    """A policy over commands; only `act` has to be written."""

    needs_infos: ClassVar[tuple[str, ...]] = ()
    """Infos beyond the standard keys that `act` reads; the benchmark's protocol must allow them."""

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:  # noqa: B027
        """Begin new episodes in these worlds."""

    @abstractmethod
    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return one command for each world in `slots`, in their order."""

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:  # noqa: B027
        """Be told what the command of one world did; `ended` when its episode is over."""

    def stats(self, slot: int) -> dict[str, int]:
        """Return counts of the running episode of a world; zeros where no model is called."""
        return {"planner_calls": 0, "executor_calls": 0, "model_tokens": 0}
