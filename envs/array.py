"""The array-valued environment `sgd_gym/ScienceWorldSB3-v0`, for Stable-Baselines3 and its like."""

from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from sgd_gym.arrays import FEATURES, TEXTS, ArrayView
from sgd_gym.encoders import NGRAMS, load_encoder
from sgd_gym.envs.goal import REWARD_TYPES, GoalReward
from sgd_gym.envs.option import ScienceWorldOptionsEnv
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.envs.vector import ScienceWorldVectorEnv
from sgd_gym.errors import UnknownNameError


class ScienceWorldSB3Env(GoalReward, gym.Env[dict[str, Any], np.int64]):
    r"""ScienceWorld in arrays: discrete options with masks, texts as vectors, goals as multi-hot vectors.

    ## Description
    The options layer (`ScienceWorldOptionsEnv`) for learners that take arrays, such as those of
    Stable-Baselines3 and sb3-contrib.

    ## Action Space
    `Discrete(n)`. Action i is `actions[i]`: the sub-goals that the train split's paths of the chosen tasks
    have, in alphabetical order, so that a meaning is stable. With `actions="commands"` the commands of these
    paths. `action_masks()` tells which can start. Any other costs one `wait1`, with
    `info["option"]["terminated_by"] == "cannot_start"`, so that learners without masks run, too.

    ## Observation Space
    A flat Dict of float32 boxes: `observation` (the texts task, observation, look and inventory, each
    encoded, one after the other), `options` (for each action, whether it can start, whether it ran before in
    this episode, and how many of the words of its arguments the task, and what is in sight, have),
    `achieved_goal` (1 for each of `goals` that holds now) and, with sparse rewards, `desired_goal` (1 for
    what is desired).

    ## Rewards
    With `reward_type="score"`, the default, those of the options layer, in points. With
    `reward_type="sparse"`, 1 if all of the desired goals hold after the option and else 0. Law:
    `reward == compute_reward(achieved_goal, desired_goal, info)`, for one pair or a batch.

    ## Starting State
    That of the options layer. With sparse rewards `reset(options={"goal": text})` sets the goal, one of
    `goals`; else it is drawn among those that do not hold.

    ## Episode End
    That of the options layer; with sparse rewards also `terminated` when the goal is achieved.

    ## Info
    That of the options layer. With sparse rewards `is_success` tells whether the goal is achieved.

    ## Arguments
    `task`, `split`, and all others of `ScienceWorldEnv` and `ScienceWorldOptionsEnv`; `actions`: "options" or
    "commands"; `reward_type`: "score" or "sparse"; `encoder`: "ngrams" (hashed words and pairs of words) or
    the name or folder of a `transformers` model; `width`: entries of the vector of one text, 256 for n-grams.

    ## Version History
    * v0: scienceworld 1.2.3
    """

    metadata = ScienceWorldOptionsEnv.metadata

    def __init__(
        self,
        task: str | list[str] | tuple[str, ...] = "all",
        actions: str = "options",
        reward_type: str = "score",
        encoder: str = NGRAMS,
        width: int | None = None,
        **options: Any,
    ):
        """Check the arguments, load encoder and executor; see the class for the arguments.

        Raises:
            UnknownNameError: If an argument names something that does not exist.
            EncoderError: If the encoder gives vectors of another width.
        """
        if reward_type not in REWARD_TYPES:
            raise UnknownNameError("reward_type", reward_type, REWARD_TYPES)
        tasks = [one.name for one in get_tasks(task)]
        self._view = ArrayView(tasks, actions, load_encoder(encoder, width))
        self.goals, self.actions = self._view.goals, self._view.actions
        self._is_sparse = reward_type == "sparse"
        self._env = ScienceWorldOptionsEnv(task=task, **options)
        self._desired = np.zeros(len(self.goals), dtype=np.float32)
        self._is_running = False
        self.render_mode = self._env.render_mode
        self.action_space = gym.spaces.Discrete(len(self.actions))
        spaces: dict[str, gym.Space[Any]] = {
            "observation": gym.spaces.Box(-1, 1, (len(TEXTS) * self._view.encoder.width,), np.float32),
            "options": gym.spaces.Box(0, 1, (FEATURES * len(self.actions),), np.float32),
            "achieved_goal": gym.spaces.Box(0, 1, (len(self.goals),), np.float32),
        }
        if self._is_sparse:
            spaces["desired_goal"] = gym.spaces.Box(0, 1, (len(self.goals),), np.float32)
        self.observation_space = gym.spaces.Dict(spaces)

    def action_masks(self) -> np.ndarray:
        """Return which actions can start now: bool, shape (n,); one of them at least.

        Raises:
            gymnasium.error.ResetNeeded: If no episode is running.
        """
        if not self._is_running:
            raise gym.error.ResetNeeded("There is no episode yet. Fix: call reset() first.")
        return self._view.open.copy()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode; see the class docstring.

        Raises:
            UnknownNameError: If the options name a goal, task or variation that this environment lacks.
        """
        super().reset(seed=seed)
        options = dict(options or {})
        goal = options.pop("goal", None)
        if goal is not None and goal not in self.goals:
            raise UnknownNameError("goal", goal, self.goals)
        seen, info = self._env.reset(seed=seed, options=options)
        self._view.reset()
        self._is_running = True
        observation = self._observe(seen)
        if self._is_sparse:
            missing = np.flatnonzero(observation["achieved_goal"] == 0)
            drawn = missing[self.np_random.integers(len(missing))] if len(missing) else 0
            self._desired = np.zeros_like(self._desired)
            self._desired[drawn if goal is None else self.goals.index(goal)] = 1
            observation["desired_goal"] = self._desired.copy()
            info["is_success"] = bool(self._compute_reward(observation["achieved_goal"], self._desired, info))
        return observation, info

    def step(self, action: np.int64) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Run one option, or pay for one that cannot start; see the class docstring.

        Raises:
            gymnasium.error.ResetNeeded: If no episode is running.
            SimulatorError: If the JVM fails.
        """
        number = int(action)
        can_start = bool(self.action_masks()[number])
        seen, reward, terminated, truncated, info = self._env.step(self._view.choose(number))
        if not can_start:
            info["option"] |= {"name": self._view.name(number), "terminated_by": "cannot_start"}
        observation = self._observe(seen)
        if self._is_sparse:
            observation["desired_goal"] = self._desired.copy()
            reward = float(self._compute_reward(observation["achieved_goal"], self._desired, info))
            info["is_success"] = reward == 1
            terminated = terminated or info["is_success"]
        return observation, reward, terminated, truncated, info

    def render(self) -> Any:
        """Return the last move as text a person can follow (`render_mode="ansi"`)."""
        return self._env.render()

    def close(self) -> None:
        """Stop the JVM, for good; a second call does nothing."""
        self._env.close()

    def _compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        """Return 1 where all that is desired holds, else 0; goals have shape (..., number of goals)."""
        return np.all(np.asarray(achieved_goal) >= np.asarray(desired_goal), axis=-1).astype(np.float32)

    def _observe(self, seen: dict[str, str]) -> dict[str, np.ndarray]:
        return self._view.observe(seen, self._env.knowledge, self._env.achieved)


class ScienceWorldSB3VectorEnv(ScienceWorldVectorEnv):
    """Several worlds of `ScienceWorldSB3Env` for Gymnasium's users; for SB3 make a `SubprocVecEnv`."""

    world_type: ClassVar[type[gym.Env[Any, Any]]] = ScienceWorldSB3Env
