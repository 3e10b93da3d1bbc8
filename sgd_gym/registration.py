"""The table of environment ids, registered in a loop; imports no environment."""

from typing import Any

import gymnasium as gym

from sgd_gym.envs.tasks import TASKS

MAX_MOVES = 100
"""Moves of an episode, as in the papers."""

MAX_SCORE = 100.0
"""Points of a solved task."""

_LIMITS = {"max_episode_steps": MAX_MOVES, "reward_threshold": MAX_SCORE}
_TEXT = {
    "entry_point": "sgd_gym.envs.scienceworld:ScienceWorldEnv",
    "vector_entry_point": "sgd_gym.envs.vector:ScienceWorldVectorEnv",
}


def preset_id(task_name: str) -> str:
    """Return the id of the environment of one task: `sgd_gym/ScienceWorld-FindPlant-v0` for "find-plant"."""
    name = "".join(word.capitalize() for word in task_name.split("-"))
    return f"sgd_gym/ScienceWorld-{name}-v0"


_GOAL = {
    "entry_point": "sgd_gym.envs.goal:ScienceWorldGoalEnv",
    "vector_entry_point": "sgd_gym.envs.goal:ScienceWorldGoalVectorEnv",
}
_OPTIONS = {
    "entry_point": "sgd_gym.envs.option:ScienceWorldOptionsEnv",
    "vector_entry_point": "sgd_gym.envs.option:ScienceWorldOptionsVectorEnv",
    "max_episode_steps": None,  # it counts moves itself
}
_ARRAYS = {
    "entry_point": "sgd_gym.envs.array:ScienceWorldSB3Env",
    "vector_entry_point": "sgd_gym.envs.array:ScienceWorldSB3VectorEnv",
    "max_episode_steps": None,
}

ENVIRONMENTS: dict[str, dict[str, Any]] = {
    "sgd_gym/ScienceWorld-v0": _TEXT,
    "sgd_gym/ScienceWorldGoal-v0": _GOAL,
    "sgd_gym/ScienceWorldOptions-v0": _OPTIONS,
    "sgd_gym/ScienceWorldSB3-v0": _ARRAYS,
    **{preset_id(task.name): {**_TEXT, "kwargs": {"task": task.name}} for task in TASKS},
}
"""What to register each id with; entry points are text, so that the specs stay JSON."""


def register_all() -> None:
    """Register every environment of the table; a second call does nothing."""
    for env_id, arguments in ENVIRONMENTS.items():
        if env_id not in gym.registry:
            gym.register(env_id, **{**_LIMITS, **arguments})
