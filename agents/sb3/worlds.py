"""Worlds as Stable-Baselines3 wants them, and a budget in moves of the simulator."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv

import sgd_gym  # noqa: F401 - registers the environments, also in the processes of SubprocVecEnv

ENV_ID = "sgd_gym/ScienceWorldSB3-v0"
MAX_SCORE = 100.0


def make_world(**arguments: Any) -> gym.Env[Any, Any]:
    """Return one world: scores as they count, episodes counted by `Monitor`.

    Args:
        **arguments: Those of `ScienceWorldSB3Env`.
    """
    env = gym.make(ENV_ID, disable_env_checker=True, **arguments)
    if arguments.get("reward_type", "score") == "score":
        env = CountedScore(env)
    return Monitor(env, info_keywords=("score", "is_success"))


class CountedScore(gym.Wrapper[Any, Any, Any, Any]):
    """Rewards the score as results count it: a negative one is 0, and all of it is 1.

    A wrong focus sets the score to -100. Learners that are paid that learn above all to keep away from tasks.
    """

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take the score's change and return the change of what counts, as a share of 100."""
        seen, reward, terminated, truncated, info = self.env.step(action)
        before = info["score"] - float(reward)
        reward = (max(0.0, info["score"]) - max(0.0, before)) / MAX_SCORE
        return seen, reward, terminated, truncated, info


def make_worlds(number: int, **arguments: Any) -> VecEnv:
    """Return worlds for a learner: one in this process, or several in processes of their own."""

    def make() -> gym.Env[Any, Any]:
        return make_world(**arguments)

    env_fns: list[Callable[[], gym.Env[Any, Any]]] = [make] * number
    return DummyVecEnv(env_fns) if number == 1 else SubprocVecEnv(env_fns)


class MoveBudget(BaseCallback):
    """Ends training after a number of moves of the simulator, of which an option makes several."""

    def __init__(self, moves: int):
        """Set the budget."""
        super().__init__()
        self.budget = moves
        self.moves = 0
        self.episodes: list[tuple[int, int]] = []
        """For each episode the moves made by its end, over all episodes, and its score."""

    def _on_step(self) -> bool:
        for info, ended in zip(self.locals["infos"], self.locals["dones"], strict=True):
            self.moves += info["option"]["duration"]
            if ended:
                self.episodes.append((self.moves, info["score"]))
        self.logger.record("time/moves", self.moves)
        return self.moves < self.budget
