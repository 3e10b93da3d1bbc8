"""The array-valued environment `sgd_gym/ScienceWorldSB3-v0`, for Stable-Baselines3 and its like."""

from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from sgd_gym.encoders import NGRAMS, load_encoder
from sgd_gym.envs.goal import REWARD_TYPES, GoalReward
from sgd_gym.envs.option import ScienceWorldOptionsEnv
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.envs.vector import ScienceWorldVectorEnv
from sgd_gym.errors import UnknownNameError
from sgd_gym.goals import satisfies
from sgd_gym.knowledge import words_of
from sgd_gym.options import primitive
from sgd_gym.subgoals.grammar import parse
from sgd_gym.vocabulary import read_vocabulary

ACTIONS = ("options", "commands")

ALWAYS = {"options": ("look_around()",), "commands": ("look around", "0")}
"""Actions of every vocabulary, of which one can always start, so that no mask is empty."""

_TEXTS = ("task", "observation", "look", "inventory")
_CANNOT_START = "wait1"
"""What an action that cannot start costs."""

_CACHED = 10_000
"""Texts whose vectors are kept."""


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
        if actions not in ACTIONS:
            raise UnknownNameError("actions", actions, ACTIONS)
        if reward_type not in REWARD_TYPES:
            raise UnknownNameError("reward_type", reward_type, REWARD_TYPES)
        tasks = [one.name for one in get_tasks(task)]
        self.goals = read_vocabulary(tasks)
        """The goals, in the order of the entries of a goal vector."""
        self._subgoals = [parse(goal) for goal in self.goals]
        vocabulary = self.goals if actions == "options" else read_vocabulary(tasks, "commands")
        self.actions = tuple(sorted({*vocabulary, *ALWAYS[actions]}))
        """What each action means."""
        self._options = [parse(name) for name in self.actions] if actions == "options" else None
        # A sub-goal without its predicate, a command without its verb.
        self._words = [words_of(name.partition("(")[2] or name) for name in self.actions]
        self._is_sparse = reward_type == "sparse"
        self._encoder = load_encoder(encoder, width)
        self._env = ScienceWorldOptionsEnv(task=task, **options)
        self._desired = np.zeros(len(self.goals), dtype=np.float32)
        self._cache: dict[str, np.ndarray] = {}
        self._open: np.ndarray | None = None
        # Learners have no other memory, and some things, such as a focus, leave no trace in sight.
        self._ran = np.zeros(len(self.actions), dtype=bool)
        self.render_mode = self._env.render_mode
        self.action_space = gym.spaces.Discrete(len(self.actions))
        spaces: dict[str, gym.Space[Any]] = {
            "observation": gym.spaces.Box(-1, 1, (len(_TEXTS) * self._encoder.width,), np.float32),
            "options": gym.spaces.Box(0, 1, (4 * len(self.actions),), np.float32),
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
        if self._open is None:
            raise gym.error.ResetNeeded("There is no episode yet. Fix: call reset() first.")
        return self._open.copy()

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
        self._ran[:] = False
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
        option = self.actions[number] if self._options else primitive(self.actions[number])
        name = option if can_start else primitive(_CANNOT_START)
        seen, reward, terminated, truncated, info = self._env.step(name)
        if not can_start:
            info["option"] |= {"name": option, "terminated_by": "cannot_start"}
        self._ran[number] |= can_start
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
        knowledge = self._env.knowledge
        if self._options is None:
            self._open = np.array([knowledge.can_type(command) for command in self.actions])
        else:
            self._open = np.array([knowledge.can_start(subgoal) for subgoal in self._options])
        sight = words_of(f"{seen['look']} {seen['inventory']}")
        task = words_of(seen["task"])
        shares = [[_share(words, task), _share(words, sight)] for words in self._words]
        achieved = self._env.achieved
        holds = [any(satisfies(one, goal) for one in achieved) for goal in self._subgoals]
        return {
            "observation": np.concatenate([self._encode(seen[name]) for name in _TEXTS]),
            "options": np.column_stack([self._open, self._ran, np.array(shares)]).astype(np.float32).ravel(),
            "achieved_goal": np.array(holds, dtype=np.float32),
        }

    def _encode(self, text: str) -> np.ndarray:
        if text not in self._cache:
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            (self._cache[text],) = self._encoder.encode([text])
        return self._cache[text]


class ScienceWorldSB3VectorEnv(ScienceWorldVectorEnv):
    """Several worlds of `ScienceWorldSB3Env` for Gymnasium's users; for SB3 make a `SubprocVecEnv`."""

    world_type: ClassVar[type[gym.Env[Any, Any]]] = ScienceWorldSB3Env


def _share(words: set[str], others: set[str]) -> float:
    return len(words & others) / len(words) if words else 0.0
