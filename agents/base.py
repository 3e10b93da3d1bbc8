"""What every agent is; knows no benchmark. Anyone's subclass works, wherever it lives.

An agent acts in n worlds at once, which it knows by their slot numbers.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from sgd_gym.options import Info, Observation


@dataclass(frozen=True)
class EpisodeKey:
    """Which episode a world plays: names the random numbers that an agent may draw for it."""

    task: str
    variation: int
    seed: int


@dataclass(frozen=True)
class Fault:
    """What went wrong in an episode while the world was well, such as an LLM that did not answer."""

    reason: str
    passing: bool = False
    """Whether the episode may go without it when it is played again."""
    ends: bool = False
    """Whether the agent gives the episode up."""


class Agent(ABC):
    """A policy over commands; only `act` has to be written."""

    needs_infos: tuple[str, ...] = ()
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

    def fault(self, slot: int) -> Fault | None:
        """Return the first thing that went wrong in the running episode of a world; None if nothing did."""
        return None

    def subgoal(self, slot: int) -> tuple[int, str] | None:
        """Return number (from 0) and text of the option of a world's last command; None without options.

        Transcripts show it.
        """
        return None

    def stats(self, slot: int) -> dict[str, int]:
        """Return counts of the running episode of a world; zeros where no model is called.

        An agent that asks a language model elsewhere adds `llm_tokens_in` and `llm_tokens_out`: what its
        answers cost, those from the cache among them.
        """
        return {"planner_calls": 0, "executor_calls": 0, "model_tokens": 0}
