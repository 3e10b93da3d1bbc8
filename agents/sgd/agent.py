"""Sub-goal Distillation: planner and executor behind one `OptionRunner`."""

from collections.abc import Sequence

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.options import Executor, Info, Observation, OptionRunner, Planner


class SGDAgent(Agent):
    """A planner chooses sub-goals, an executor carries them out; see `OptionRunner` for how options end."""

    def __init__(self, planner: Planner, executor: Executor, max_option_moves: int = 30):
        """Take any planner and any executor; `max_option_moves` caps the moves of one option."""
        self.runner = OptionRunner(planner, executor, max_option_moves)

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin new episodes."""
        self.runner.reset(slots)

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return the next command of each world."""
        return self.runner.act(slots, observations, infos)

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        """Tell the option of this world what its command did."""
        self.runner.observe(slot, observation, reward, ended)

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls of both models and the tokens of both together."""
        planner, executor = self.runner.planner.stats(slot), self.runner.executor.stats(slot)
        return {
            "planner_calls": planner["calls"],
            "executor_calls": executor["calls"],
            "model_tokens": planner["tokens"] + executor["tokens"],
        }
