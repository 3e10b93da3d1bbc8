"""Sub-goal Distillation: a planner starts options, an executor carries them out in an `OptionRunner`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.options import Executor, Info, Observation, OptionRunner, Planner
from sgd_gym.shipped import DEFAULT, find_checkpoint

if TYPE_CHECKING:
    from sgd_gym.agents.config import ActingConfig


class SGDAgent(Agent):
    """Asks the planner at the start of an episode and when an option has ended, or at every move."""

    def __init__(
        self,
        planner: Planner,
        executor: Executor,
        max_option_moves: int = 30,
        planner_every_move: bool = False,
        until_achieved: bool = False,
    ):
        """Take any planner and any executor.

        Args:
            planner: Chooses sub-goals.
            executor: Carries them out.
            max_option_moves: Caps the moves of one option.
            planner_every_move: Ask the planner before each command, as the loop that the paper's authors
                released does; an option ends when the answer is another sub-goal.
            until_achieved: End an option as soon as its sub-goal is seen achieved.
        """
        self.planner = planner
        self.runner = OptionRunner(executor, max_option_moves, until_achieved)
        self.needs_infos = getattr(executor, "needs_infos", ())
        self._every_move = planner_every_move

    @classmethod
    def from_pretrained(
        cls,
        planner: Path | str = DEFAULT,
        executor: Path | str | None = None,
        acting: "ActingConfig | None" = None,
        seed: int = 0,
    ) -> "SGDAgent":
        """Load both models from checkpoints.

        Args:
            planner: A folder, or "default" for the weights that come with the package.
            executor: The same; that of the planner if not given.
            acting: How they choose what they write, and how often they are asked.
            seed: Of what is drawn.

        Raises:
            CheckpointError: If a folder is no checkpoint of its role.
            SgdGymError: If `acting` does not fit the models.
        """
        from sgd_gym.agents.config import ActingConfig
        from sgd_gym.agents.sgd.shared import make_pair

        how = acting or ActingConfig()
        how.check()
        folders = {
            "planner": find_checkpoint(planner, "planner"),
            "executor": find_checkpoint(planner if executor is None else executor, "executor"),
        }
        is_one = folders["planner"].resolve() == folders["executor"].resolve()
        bounds = how.commands, how.repeat_idle, how.search
        pair = make_pair(lambda role: how.load(folders[role], role, seed), is_one, *bounds)
        return cls(*pair, how.max_option_moves, how.planner_every_move, how.until_achieved)

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin new episodes."""
        self.planner.reset(slots)
        self.runner.reset(slots)

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return the next command of each world, starting new options where they are due."""
        seen, told = dict(zip(slots, observations, strict=True)), dict(zip(slots, infos, strict=True))
        if self._every_move:
            self._plan([slot for slot in slots if self.runner.is_running(slot)], seen, told)
        commands: dict[int, str] = {}
        waiting = list(slots)
        while waiting:  # twice at most: the first word of a new option is a command
            self._plan([slot for slot in waiting if not self.runner.is_running(slot)], seen, told)
            replies = self.runner.act(waiting, [seen[one] for one in waiting], [told[one] for one in waiting])
            commands.update(
                {slot: command for slot, command in zip(waiting, replies, strict=True) if command is not None}
            )
            waiting = [slot for slot in waiting if slot not in commands]
        return [commands[slot] for slot in slots]

    def _plan(self, slots: Sequence[int], seen: Mapping[int, Observation], told: Mapping[int, Info]) -> None:
        """Start the options that the planner chooses; one that runs and is chosen again goes on."""
        if not slots:
            return
        last = [self.runner.last(slot) for slot in slots]
        subgoals = self.planner.plan(slots, [seen[one] for one in slots], [told[one] for one in slots], last)
        for slot, option, subgoal in zip(slots, last, subgoals, strict=True):
            if option is not None and self.runner.is_running(slot):
                if subgoal == option.name:
                    continue
                self.runner.stop(slot)
            self.runner.start(slot, subgoal)

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        """Tell the option of this world what its command did."""
        self.runner.observe(slot, observation, reward, ended)

    def subgoal(self, slot: int) -> tuple[int, str] | None:
        """Return number and text of the option that the last command is of."""
        options = self.runner.options[slot]
        return (len(options) - 1, options[-1].name) if options else None

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls of both models, the tokens of both together, and what else the planner counts."""
        planner, executor = dict(self.planner.stats(slot)), self.runner.executor.stats(slot)
        return {
            "planner_calls": planner.pop("calls"),
            "executor_calls": executor["calls"],
            "model_tokens": planner.pop("tokens") + executor["tokens"],
            **planner,
        }
