"""The goal-conditioned environment `sgd_gym/ScienceWorldGoal-v0`; knows neither options nor agents."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.vector import ScienceWorldVectorEnv
from sgd_gym.errors import UnknownNameError
from sgd_gym.goals import Detector, GoalText, View, format_achieved, is_achieved, satisfies
from sgd_gym.spaces import ObservationText
from sgd_gym.subgoals.grammar import Subgoal, parse
from sgd_gym.vocabulary import read_vocabulary

REWARD_TYPES = ("sparse", "score")


class GoalReward:
    """Gives `compute_reward` to environments with sparse rewards, and to no others.

    Stable-Baselines3 takes an environment for goal-conditioned if it has that attribute.
    """

    _is_sparse: bool

    @property
    def compute_reward(self) -> Callable[[Any, Any, Any], Any]:
        """Return the function from achieved goals, desired goals and infos to rewards, single or batched.

        Raises:
            AttributeError: With `reward_type="score"`, whose reward depends on no goal.
        """
        if not self._is_sparse:
            raise AttributeError("reward_type='score' has no compute_reward. Fix: reward_type='sparse'.")
        return self._compute_reward

    def _compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        raise NotImplementedError


class ScienceWorldGoalEnv(GoalReward, ScienceWorldEnv):
    r"""ScienceWorld with goals: reach what a sub-goal says.

    ## Description
    The text environment (`ScienceWorldEnv`: action space, starting state, arguments), in which a goal such as
    `pick_up(thermometer)` or `heat(water, stove)` is to be reached. Whether it is, is detected from what the
    agent sees (`sgd_gym.goals`), not from the state of the simulator.

    ## Observation Space
    A Dict: `observation`, the Dict of texts of the text environment; `achieved_goal`, all sub-goals that hold
    now, between semicolons; `desired_goal`, a sub-goal in functional form.

    ## Rewards
    With `reward_type="sparse"`, 1 if the goal is achieved and else 0. Laws:
    `reward == compute_reward(achieved_goal, desired_goal, info)`, and likewise `terminated` and
    `compute_terminated`, for one pair or for arrays of them. With `reward_type="score"`, the change of the
    score in points; then there is no `compute_reward`.

    ## Starting State
    `reset(options={"goal": ...})` sets the goal. Else it is drawn through `np_random` from the sub-goals that
    the train split's paths of the task have, without those that hold at the start. `set_goal(text)` sets
    another one in the middle of an episode.

    ## Episode End
    `terminated` when the goal is achieved, unless `continuing_task=True`, or when the simulator ends the task
    (`info["task_over"]`). With `reward_type="score"` only then.

    ## Info
    As in the text environment; `is_success` tells whether the goal is achieved (with `reward_type="score"`:
    whether the task is solved), `task_over` whether the simulator has ended the task.

    ## Version History
    * v0: scienceworld 1.2.3
    """

    def __init__(self, reward_type: str = "sparse", continuing_task: bool = False, **world: Any):
        """Check the arguments; see the class for them.

        Args:
            reward_type: "sparse" or "score".
            continuing_task: Whether the episode goes on after the goal is achieved.
            **world: Arguments of `ScienceWorldEnv`.

        Raises:
            UnknownNameError: If an argument names something that does not exist.
        """
        if reward_type not in REWARD_TYPES:
            raise UnknownNameError("reward_type", reward_type, REWARD_TYPES)
        super().__init__(**world)
        self._is_sparse = reward_type == "sparse"
        self._continuing_task = continuing_task
        self._goal = ""
        self._detector = Detector()
        self.observation_space: gym.spaces.Dict[Any] = gym.spaces.Dict(
            {
                "observation": self.observation_space,
                "achieved_goal": ObservationText(),
                "desired_goal": GoalText(),
            }
        )

    def set_goal(self, text: str) -> None:
        """Set the desired goal, at any time; the next observation shows it.

        Raises:
            SubgoalError: If the text is no sub-goal; the goal before it stays.
        """
        self._goal = str(parse(text))

    def compute_terminated(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        """Return whether an episode ends; arguments as of `compute_reward`."""

        def is_over(achieved: str, desired: str, one: Mapping[str, Any]) -> bool:
            ends = self._is_sparse and not self._continuing_task and is_achieved(achieved, desired)
            return ends or bool(one.get("task_over", False))

        return _for_each(is_over, np.bool_, achieved_goal, desired_goal, info)

    def compute_truncated(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        """Return False: only limits truncate, and these are no affair of goals."""
        return _for_each(lambda *_: False, np.bool_, achieved_goal, desired_goal, info)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode; `options` may hold "goal" beside "task" and "variation".

        Raises:
            SubgoalError: If the goal is no sub-goal.
            UnknownNameError: If the options name a task or variation outside this environment's split.
            SimulatorError: If the JVM fails; the next reset starts a new one.
        """
        options = dict(options or {})
        goal = options.pop("goal", None)
        if goal is not None:
            parse(goal)  # before anything is lost
        seen, info = super().reset(seed=seed, options=options)
        self._detector = Detector()
        achieved = self._detector.update(View("", seen["observation"], seen["look"], seen["inventory"]))
        self.set_goal(self._draw_goal(info["task"], achieved) if goal is None else goal)
        observation = self._with_goals(seen, achieved)
        info["task_over"] = False
        if self._is_sparse:
            info["is_success"] = is_achieved(observation["achieved_goal"], self._goal)
        return observation, info

    def step(self, action: str) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Send one command; see the class docstring and `ScienceWorldEnv.step`."""
        seen, reward, terminated, truncated, info = super().step(action)
        achieved = self._detector.update(View(action, seen["observation"], seen["look"], seen["inventory"]))
        observation = self._with_goals(seen, achieved)
        info["task_over"] = terminated
        if self._is_sparse:
            goals = observation["achieved_goal"], self._goal, info
            reward = float(self._compute_reward(*goals))
            terminated = bool(self.compute_terminated(*goals))
            info["is_success"] = reward == 1
        return observation, reward, terminated, truncated, info

    def _compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        def reward(achieved: str, desired: str, _: Any) -> float:
            return float(is_achieved(achieved, desired))

        return _for_each(reward, np.float32, achieved_goal, desired_goal, info)

    def _draw_goal(self, task: str, achieved: frozenset[Subgoal]) -> str:
        known = read_vocabulary([task])
        goals = [text for text in known if not any(satisfies(one, parse(text)) for one in achieved)] or known
        return goals[int(self.np_random.integers(len(goals)))]

    def _with_goals(self, seen: dict[str, str], achieved: frozenset[Subgoal]) -> dict[str, Any]:
        return {
            "observation": seen,
            "achieved_goal": format_achieved(achieved),
            "desired_goal": self._goal,
        }


class ScienceWorldGoalVectorEnv(ScienceWorldVectorEnv):
    """Several worlds of `ScienceWorldGoalEnv`; `call("set_goal", text)` sets the goal of all of them."""

    world_type: ClassVar[type[gym.Env[Any, Any]]] = ScienceWorldGoalEnv


def _for_each(
    compute_fn: Callable[[str, str, Any], Any], dtype: Any, achieved: Any, desired: Any, infos: Any
) -> Any:
    """Apply a function to one pair of goals, or to each pair of two arrays.

    Raises:
        TypeError: If the goals are no texts.
    """
    goals = np.asarray(achieved), np.asarray(desired)
    if any(one.dtype.kind not in "UO" for one in goals):
        raise TypeError(
            f"Goals are arrays of {goals[0].dtype} and {goals[1].dtype}. Allowed: texts. "
            "Fix: learners that need numbers, such as HER, take sgd_gym/ScienceWorldSB3-v0."
        )
    if not goals[0].shape and not goals[1].shape:
        return compute_fn(str(achieved), str(desired), infos)
    pairs = np.broadcast(*goals)
    known = np.broadcast_to(np.asarray(infos, dtype=object), pairs.shape)
    values = [compute_fn(str(a), str(d), one) for (a, d), one in zip(pairs, known.flat, strict=True)]
    return np.array(values, dtype=dtype).reshape(pairs.shape)
