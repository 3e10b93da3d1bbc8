"""The options layer `sgd_gym/ScienceWorldOptions-v0`: an action is a sub-goal; knows no agent by name."""

from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, ClassVar

import gymnasium as gym
from gymnasium.wrappers import TimeLimit

from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.vector import ScienceWorldVectorEnv
from sgd_gym.errors import SubgoalError, UnknownNameError
from sgd_gym.goals import Detector, GoalText, View
from sgd_gym.knowledge import Knowledge
from sgd_gym.options import Executor, OptionRecord, OptionRunner, read_primitive
from sgd_gym.shipped import DEFAULT, find_checkpoint
from sgd_gym.subgoals.grammar import Subgoal, parse

EXECUTORS: Mapping[str, str] = {
    "scripted": "sgd_gym.agents.scripted:ScriptedExecutor",
    "oracle": "sgd_gym.agents.oracle:OracleExecutor",
}
"""Executors by name, as entry points in text; "oracle" is for tests."""

_TRAINED = "sgd_gym.agents.sgd.executor:load_executor"


class ScienceWorldOptionsEnv(gym.Env[dict[str, Any], str]):
    r"""ScienceWorld with temporally extended actions: a semi-Markov decision process over sub-goals.

    ## Description
    An action is an option (Sutton, Precup & Singh, 1999): a sub-goal, which an executor carries out with
    elementary commands until it ends. See `sgd_gym.options`.

    ## Action Space
    A sub-goal in functional form, such as `pick_up(thermometer)`, or one command as a primitive option, such
    as `do(open cupboard)`. Other text raises `SubgoalError`.

    ## Observation Space
    That of the text environment, after the option's last move.

    ## Rewards
    The discounted sum `gamma^0 r_0 + gamma^1 r_1 + ...` of the changes of the score during the option. Law:
    with `gamma=1`, the default, `sum(rewards) == score at the end - score at the start`. Whoever discounts
    between options does so by `gamma ** info["option"]["duration"]`.

    ## Starting State
    That of the text environment, with the same options of `reset`.

    ## Episode End
    `terminated` when the simulator ends the task; `truncated` after `max_moves` moves of the simulator, not
    of options. Every option makes at least one move, so that no episode goes on for ever.

    ## Info
    That of the text environment, and from the first step on `option`, a dict: `name`; `duration` (moves);
    `commands` and `rewards` of each move; `terminated_by`: "executor" (it was done), "achieved" (the
    sub-goal was seen achieved), "cap" (`max_option_moves`) or "episode".

    ## Arguments
    `executor`: "scripted" (rules over what is seen), "default" (the trained executor of this package), a
    checkpoint folder, `package.module:Class`, or "oracle" (for tests). `until_achieved`: whether an option
    ends when its sub-goal is seen achieved, also if the executor would go on. `max_option_moves`, `gamma`,
    `max_moves`: see above. All others are those of `ScienceWorldEnv`.

    ## Version History
    * v0: scienceworld 1.2.3
    """

    metadata = ScienceWorldEnv.metadata

    def __init__(
        self,
        executor: str = "scripted",
        until_achieved: bool = True,
        max_option_moves: int = 30,
        gamma: float = 1.0,
        max_moves: int = 100,
        **world: Any,
    ):
        """Check the arguments and load the executor; see the class for them.

        Raises:
            UnknownNameError: If an argument names something that does not exist.
            CheckpointError: If the executor is a folder without a checkpoint of role "executor".
            ValueError: If a number is out of its range.
        """
        if not 0 <= gamma <= 1:
            raise ValueError(f"gamma is {gamma}. Allowed: 0 to 1.")
        if max_moves < 1:
            raise ValueError(f"max_moves is {max_moves}. Allowed: 1 or more.")
        if executor == "oracle":
            world["infos"] = (*world.get("infos", ()), "oracle_path")
        self._world = ScienceWorldEnv(**world)
        self._env = TimeLimit(self._world, max_moves)
        self._runner = OptionRunner(load_executor(executor), max_option_moves, until_achieved)
        self.knowledge = Knowledge()
        """What was read in the running episode."""
        self.achieved: frozenset[Subgoal] = frozenset()
        """The sub-goals that were seen to hold after the last move, or at the start."""
        self._gamma = gamma
        self._seen: dict[str, Any] | None = None
        self._info: dict[str, Any] = {}
        self.render_mode = self._world.render_mode
        self.observation_space = self._world.observation_space
        self.action_space = GoalText()

    @property
    def last(self) -> OptionRecord | None:
        """Return the option that ran last in this episode; None before the first."""
        return self._runner.last(0)

    def can_start(self, option: str) -> bool:
        """Return whether the state is in the initiation set of an option; `step` tries any.

        Raises:
            SubgoalError: If the text is neither a sub-goal nor `do(command)`.
        """
        _check(option)
        return self._runner.option(option).initiation(self.knowledge)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode; see `ScienceWorldEnv.reset`."""
        super().reset(seed=seed)
        self._seen = None
        seen, self._info = self._env.reset(seed=seed, options=options)
        self._runner.reset([0])
        self.knowledge = Knowledge()
        self.knowledge.update(seen)
        start = View("", seen["observation"], seen["look"], seen["inventory"])
        self.achieved = Detector().update(start)
        self._seen = seen
        return dict(seen), dict(self._info)

    def step(self, action: str) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Run one option to its end; see the class docstring.

        Raises:
            SubgoalError: If the action is neither a sub-goal nor `do(command)`; the episode goes on.
            gymnasium.error.ResetNeeded: If no episode is running.
            SimulatorError: If the JVM fails.
        """
        if self._seen is None:
            raise gym.error.ResetNeeded("step() before reset(). Fix: call reset() first.")
        _check(action)
        self._runner.start(0, action)
        terminated = truncated = False
        while self._runner.is_running(0):
            (command,) = self._runner.act([0], [self._seen], [self._info])
            if command is not None:
                self._seen, reward, terminated, truncated, self._info = self._env.step(command)
                self.knowledge.update(self._seen)
                self._runner.observe(0, self._seen, float(reward), terminated or truncated)
        self.achieved = self._runner.achieved[0]
        option = self.last
        assert option is not None
        total = sum(self._gamma**i * reward for i, reward in enumerate(option.rewards))
        told = {
            "name": option.name,
            "duration": option.duration,
            "commands": list(option.commands),
            "rewards": list(option.rewards),
            "terminated_by": option.terminated_by,
        }
        return dict(self._seen), float(total), terminated, truncated, {**self._info, "option": told}

    def render(self) -> Any:
        """Return the last move as text a person can follow (`render_mode="ansi"`)."""
        return self._world.render()

    def close(self) -> None:
        """Stop the JVM, for good; a second call does nothing."""
        self._world.close()


class ScienceWorldOptionsVectorEnv(ScienceWorldVectorEnv):
    """Several worlds of `ScienceWorldOptionsEnv`; `max_episode_steps` counts options."""

    world_type: ClassVar[type[gym.Env[Any, Any]]] = ScienceWorldOptionsEnv


def load_executor(name: str) -> Executor:
    """Return an executor by its name, folder, or `package.module:Class`.

    Raises:
        UnknownNameError: If there is none of that name.
        CheckpointError: If the folder holds no checkpoint of role "executor".
    """
    allowed = [*EXECUTORS, DEFAULT, "a checkpoint folder", "package.module:Class"]
    if name == DEFAULT or Path(name).is_dir():
        executor: Executor = resolve_name(_TRAINED)(find_checkpoint(name, "executor"))
        return executor
    if name not in EXECUTORS and ":" not in name:
        raise UnknownNameError("executor", name, allowed)
    try:
        executor = resolve_name(EXECUTORS.get(name, name))()
    except (ImportError, AttributeError, ValueError) as error:
        raise UnknownNameError("executor", name, allowed) from error
    return executor


def _check(option: str) -> None:
    if not isinstance(option, str):
        raise SubgoalError(f"The action is {option!r}. Allowed: a text, such as 'pick_up(thermometer)'.")
    if read_primitive(option) is None:
        parse(option)
