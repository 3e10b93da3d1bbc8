"""Every registered id: it conforms to Gymnasium, and its spec is JSON."""

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env

from sgd_gym.envs.tasks import TASKS
from sgd_gym.registration import ENVIRONMENTS, MAX_MOVES, preset_id

IDS = sorted(name for name, spec in gym.registry.items() if spec.namespace == "sgd_gym")
PRESETS = [preset_id(task.name) for task in TASKS]


def test_every_environment_of_the_table_is_registered() -> None:
    assert sorted(ENVIRONMENTS) == IDS


@pytest.mark.parametrize(
    "env_id", [pytest.param(one, marks=pytest.mark.slow) if one in PRESETS else one for one in IDS]
)
def test_environment_conforms_to_gymnasium(env_id: str) -> None:
    env = gym.make(env_id)
    try:
        check_env(env.unwrapped)
    finally:
        env.close()


@pytest.mark.parametrize("env_id", IDS)
def test_spec_is_json_and_makes_the_environment_again(env_id: str) -> None:
    env = gym.make(env_id, split="dev")
    assert env.spec is not None
    counts_moves = env_id not in ("sgd_gym/ScienceWorldOptions-v0", "sgd_gym/ScienceWorldSB3-v0")
    assert env.spec.max_episode_steps == (MAX_MOVES if counts_moves else None)
    text = env.spec.to_json()
    again = gym.make(gym.envs.registration.EnvSpec.from_json(text))
    assert again.spec is not None
    assert again.spec.to_json() == text


def test_presets_play_their_task() -> None:
    env = gym.make("sgd_gym/ScienceWorld-FindPlant-v0", split="test")
    try:
        for seed in range(3):
            _, info = env.reset(seed=seed)
            assert (info["task"], info["split"]) == ("find-plant", "test")
    finally:
        env.close()
    assert len(IDS) == 34
