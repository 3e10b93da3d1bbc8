"""`sgd_gym/ScienceWorldGoal-v0`: the laws of goals, on the real simulator."""

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from sgd_gym.envs.goal import ScienceWorldGoalEnv
from sgd_gym.errors import SubgoalError, UnknownNameError
from sgd_gym.goals import SEPARATOR
from sgd_gym.vocabulary import read_vocabulary

ENV_ID = "sgd_gym/ScienceWorldGoal-v0"
COMMANDS = ["teleport to kitchen", "open cupboard", "pick up thermometer", "look around", "wait1"]


@pytest.fixture(scope="module")
def env() -> Iterator[ScienceWorldGoalEnv]:
    """Return an environment that goes on after a goal is achieved."""
    env = ScienceWorldGoalEnv(task="find-plant", variation=0, continuing_task=True)
    yield env
    env.close()


def play(env: ScienceWorldGoalEnv, goal: str) -> list[Any]:
    """Play the commands after a goal; return what each step returns."""
    env.reset(options={"goal": goal})
    return [env.step(command) for command in COMMANDS]


def test_rewards_and_ends_are_what_the_functions_say(env: ScienceWorldGoalEnv) -> None:
    steps = play(env, "pick_up(thermometer)")
    rewards = [reward for _, reward, *_ in steps]
    assert rewards == [0, 0, 1, 1, 1]
    achieved = [seen["achieved_goal"] for seen, *_ in steps]
    desired = [seen["desired_goal"] for seen, *_ in steps]
    infos = [info for *_, info in steps]
    assert [env.compute_reward(*one) for one in zip(achieved, desired, infos, strict=True)] == rewards
    assert [info["is_success"] for info in infos] == [reward == 1 for reward in rewards]
    for texts in (achieved, np.array(achieved), np.array(achieved, dtype=object)):
        batch = env.compute_reward(texts, np.array(desired), np.array(infos))
        assert batch.dtype == np.float32
        assert batch.tolist() == rewards
        assert not env.compute_terminated(texts, np.array(desired), infos).any()
        assert not env.compute_truncated(texts, np.array(desired), infos).any()
    table = env.compute_reward(np.array(achieved[:4]).reshape(2, 2), desired[0], {})
    assert table.tolist() == [[0, 0], [1, 1]]


def test_an_episode_ends_with_its_goal() -> None:
    env = gym.make(ENV_ID, task="find-plant", variation=0)
    try:
        env.reset(options={"goal": "navigate_to(kitchen)"})
        seen, reward, terminated, truncated, info = env.step("teleport to kitchen")
        assert (reward, terminated, truncated) == (1, True, False)
        assert info["is_success"]
        assert not info["task_over"]
        assert "navigate_to(kitchen)" in seen["achieved_goal"].split(SEPARATOR)
    finally:
        env.close()


def test_the_end_of_the_task_ends_the_episode(env: ScienceWorldGoalEnv) -> None:
    env.reset(options={"goal": "pick_up(thermometer)"})
    env.step("teleport to kitchen")
    seen, reward, terminated, _, info = env.step("focus on stove")  # no plant: the task has failed
    assert (reward, terminated, info["task_over"]) == (0, True, True)
    assert env.compute_terminated(seen["achieved_goal"], seen["desired_goal"], info)


def test_a_user_redirects_the_agent(env: ScienceWorldGoalEnv) -> None:
    env.reset(options={"goal": "pick_up(thermometer)"})
    env.step("teleport to kitchen")
    env.set_goal(" navigate_to( kitchen )")
    seen, reward, terminated, _, _ = env.step("look around")
    assert seen["desired_goal"] == "navigate_to(kitchen)"
    assert (reward, terminated) == (1, False)


@pytest.mark.parametrize("goal", ["kitchen", "fly(kitchen)", "pick_up()", "place(stove)"])
def test_a_goal_that_does_not_parse_changes_nothing(env: ScienceWorldGoalEnv, goal: str) -> None:
    env.reset(options={"goal": "navigate_to(kitchen)"})
    with pytest.raises(SubgoalError, match="Allowed: "):
        env.set_goal(goal)
    with pytest.raises(SubgoalError, match="Allowed: "):
        env.reset(options={"goal": goal})
    seen, *_, info = env.step("look around")
    assert seen["desired_goal"] == "navigate_to(kitchen)"
    assert info["moves"] == 1


def test_a_drawn_goal_is_one_of_the_task_and_does_not_hold_yet(env: ScienceWorldGoalEnv) -> None:
    drawn = set()
    for seed in range(12):
        seen, info = env.reset(seed=seed)
        assert not info["is_success"]
        assert seen["desired_goal"] == env.reset(seed=seed)[0]["desired_goal"]
        drawn.add(seen["desired_goal"])
    assert len(drawn) > 4
    assert drawn <= set(read_vocabulary(["find-plant"]))


def test_scores_have_no_compute_reward() -> None:
    env = ScienceWorldGoalEnv(task="find-plant", variation=0, reward_type="score")
    try:
        assert not hasattr(env, "compute_reward")
        env.reset(options={"goal": "navigate_to(greenhouse)"})
        _, reward, terminated, _, info = env.step("teleport to greenhouse")
        assert reward == info["score"] > 1
        assert not terminated
        assert not info["is_success"]
    finally:
        env.close()


def test_learners_that_need_numbers_are_told_where_to_go(env: ScienceWorldGoalEnv) -> None:
    with pytest.raises(TypeError, match="HER, take sgd_gym/ScienceWorldSB3-v0"):
        env.compute_reward(np.zeros((2, 3)), np.zeros((2, 3)), [{}, {}])


def test_an_unknown_reward_type_is_told() -> None:
    with pytest.raises(UnknownNameError, match="Allowed: sparse, score"):
        ScienceWorldGoalEnv(reward_type="dense")


def test_all_worlds_are_redirected_at_once() -> None:
    worlds: Any = gym.make_vec(ENV_ID, num_envs=2, task="find-plant", split="dev")
    try:
        worlds.reset(seed=1)
        worlds.call("set_goal", "navigate_to(kitchen)")
        seen, rewards, terminated, *_ = worlds.step(("teleport to kitchen", "look around"))
        assert seen["desired_goal"] == ("navigate_to(kitchen)",) * 2
        assert rewards.tolist() == [1, 0]
        assert terminated.tolist() == [True, False]
    finally:
        worlds.close()
