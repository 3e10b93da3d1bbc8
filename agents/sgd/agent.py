"""Sub-goal Distillation: a planner starts options, an executor carries them out in an `OptionRunner`."""

from collections.abc import Mapping, Sequence

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.options import Executor, Info, Observation, OptionRunner, Planner


class SGDAgent(Agent):
    """Asks the planner at the start of an episode and when an option has ended, not at every move."""

    def __init__(self, planner: Planner, executor: Executor, max_option_moves: int = 30):
        """Take any planner and any executor; `max_option_moves` caps the moves of one option."""
        self.planner = planner
        self.runner = OptionRunner(executor, max_option_moves)

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin new episodes."""
        self.planner.reset(slots)
        self.runner.reset(slots)

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return the next command of each world, starting new options where they are due."""
        seen, told = dict(zip(slots, observations, strict=True)), dict(zip(slots, infos, strict=True))
        commands: dict[int, str] = {}
        waiting = list(slots)
        while waiting:  # twice at most: the first word of a new option is a command
            idle = [slot for slot in waiting if not self.runner.is_running(slot)]
            if idle:
                self._plan(idle, seen, told)
            replies = self.runner.act(waiting, [seen[one] for one in waiting], [told[one] for one in waiting])
            commands.update(
                {slot: command for slot, command in zip(waiting, replies, strict=True) if command is not None}
            )
            waiting = [slot for slot in waiting if slot not in commands]
        return [commands[slot] for slot in slots]

    def _plan(self, slots: Sequence[int], seen: Mapping[int, Observation], told: Mapping[int, Info]) -> None:
        last = [self.runner.last(slot) for slot in slots]
        subgoals = self.planner.plan(slots, [seen[one] for one in slots], [told[one] for one in slots], last)
        for slot, subgoal in zip(slots, subgoals, strict=True):
            self.runner.start(slot, subgoal)

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        """Tell the option of this world what its command did."""
        self.runner.observe(slot, observation, reward, ended)

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls of both models and the tokens of both together."""
        planner, executor = self.planner.stats(slot), self.runner.executor.stats(slot)
        return {
            "planner_calls": planner["calls"],
            "executor_calls": executor["calls"],
            "model_tokens": planner["tokens"] + executor["tokens"],
        }
