"""The table of environment ids, registered in a loop; imports no environment."""

import gymnasium as gym

MAX_MOVES = 100
"""Moves of an episode, as in the papers."""


ENVIRONMENTS = {
    "sgd_gym/ScienceWorld-v0": "sgd_gym.envs.scienceworld:ScienceWorldEnv",
}
"""Entry point of each id, as text, so that the specs stay JSON."""


def register_all() -> None:
    """Register every environment of the table; a second call does nothing."""
    for env_id, entry_point in ENVIRONMENTS.items():
        if env_id not in gym.registry:
            gym.register(env_id, entry_point=entry_point, max_episode_steps=MAX_MOVES)
