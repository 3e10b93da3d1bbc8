"""`sgd_gym/ScienceWorldSB3-v0`: masks, goal vectors and both checkers, on the real simulator."""

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as check_for_gymnasium
from stable_baselines3 import DQN, HerReplayBuffer
from stable_baselines3.common.env_checker import check_env as check_for_sb3

from sgd_gym.encoders import EncoderError
from sgd_gym.envs.array import ScienceWorldSB3Env
from sgd_gym.errors import UnknownNameError
from sgd_gym.vocabulary import read_vocabulary

ENV_ID = "sgd_gym/ScienceWorldSB3-v0"
FIND_PLANT: dict[str, Any] = {"task": "find-plant", "variation": 0, "width": 64}


@pytest.fixture(scope="module")
def env() -> Iterator[ScienceWorldSB3Env]:
    """Return an environment of options, scored in points."""
    env = ScienceWorldSB3Env(**FIND_PLANT)
    yield env
    env.close()


@pytest.fixture(scope="module")
def goal_env() -> Iterator[ScienceWorldSB3Env]:
    """Return an environment of options with goals."""
    env = ScienceWorldSB3Env(**FIND_PLANT, reward_type="sparse")
    yield env
    env.close()


def open_actions(env: ScienceWorldSB3Env) -> set[str]:
    return {name for name, is_open in zip(env.actions, env.action_masks(), strict=True) if is_open}


@pytest.mark.parametrize("reward_type", ["score", "sparse"])
@pytest.mark.parametrize("actions", ["options", "commands"])
def test_both_checkers_accept_it(actions: str, reward_type: str) -> None:
    env = gym.make(ENV_ID, **FIND_PLANT, actions=actions, reward_type=reward_type).unwrapped
    try:
        check_for_gymnasium(env, skip_render_check=True)
        check_for_sb3(env)
    finally:
        env.close()


def test_an_action_keeps_its_meaning(env: ScienceWorldSB3Env) -> None:
    assert env.actions == tuple(sorted({*read_vocabulary(["find-plant"]), "look_around()"}))
    assert env.action_space == gym.spaces.Discrete(len(env.actions))
    assert env.goals == read_vocabulary(["find-plant"])


def test_what_the_mask_opens_can_start(env: ScienceWorldSB3Env) -> None:
    env.reset()
    generator = np.random.default_rng(0)
    shares = []
    for _ in range(15):
        mask = env.action_masks()
        shares.append(mask.mean())
        seen, _, terminated, truncated, info = env.step(generator.choice(np.flatnonzero(mask)))
        assert info["option"]["terminated_by"] != "cannot_start"
        assert seen["options"].reshape(-1, 4)[:, 0].tolist() == env.action_masks().tolist()
        if terminated or truncated:
            env.reset()
    assert min(shares) > 0
    assert np.mean(shares) < 0.7


def test_what_cannot_start_costs_one_tick(env: ScienceWorldSB3Env) -> None:
    env.reset()
    assert "focus_on(banana tree)" not in open_actions(env)
    *_, info = env.step(np.int64(env.actions.index("focus_on(banana tree)")))
    assert info["option"]["name"] == "focus_on(banana tree)"
    assert info["option"]["terminated_by"] == "cannot_start"
    assert info["option"]["commands"] == ["wait1"]
    assert info["moves"] == info["option"]["duration"] == 1


def test_an_action_is_known_to_have_run(env: ScienceWorldSB3Env) -> None:
    def ran(seen: dict[str, np.ndarray]) -> list[str]:
        return [name for name, row in zip(env.actions, seen["options"].reshape(-1, 4), strict=True) if row[1]]

    seen, _ = env.reset()
    assert ran(seen) == []
    for name in ("focus_on(banana tree)", "navigate_to(greenhouse)"):  # the first cannot start
        seen, *_ = env.step(np.int64(env.actions.index(name)))
    assert ran(seen) == ["navigate_to(greenhouse)"]
    seen, _ = env.reset()
    assert ran(seen) == []


def test_before_a_reset_there_is_no_mask() -> None:
    env = ScienceWorldSB3Env(**FIND_PLANT)
    with pytest.raises(gym.error.ResetNeeded, match="call reset"):
        env.action_masks()
    with pytest.raises(gym.error.ResetNeeded, match="call reset"):
        env.step(np.int64(0))


def test_a_mask_is_a_copy(env: ScienceWorldSB3Env) -> None:
    env.reset()
    env.action_masks()[:] = False
    assert env.action_masks().any()


def test_goals_are_exact_multi_hot_vectors(goal_env: ScienceWorldSB3Env) -> None:
    seen, info = goal_env.reset(options={"goal": "navigate_to(greenhouse)"})
    at = goal_env.goals.index("navigate_to(greenhouse)")
    assert np.flatnonzero(seen["desired_goal"]).tolist() == [at]
    assert seen["achieved_goal"][at] == 0
    assert not info["is_success"]
    seen, reward, terminated, _, info = goal_env.step(np.int64(goal_env.actions.index(goal_env.goals[at])))
    assert seen["achieved_goal"][at] == reward == 1
    assert terminated
    assert info["is_success"]
    assert reward == goal_env.compute_reward(seen["achieved_goal"], seen["desired_goal"], info)


def test_rewards_of_batches_are_those_of_pairs(goal_env: ScienceWorldSB3Env) -> None:
    generator = np.random.default_rng(1)
    achieved = generator.integers(0, 2, (4, 3, len(goal_env.goals))).astype(np.float32)
    desired = achieved.copy()
    desired[1:, :, 0] = 1
    rewards = goal_env.compute_reward(achieved, desired, [{}] * 4)
    assert rewards.shape == (4, 3)
    assert rewards[0].tolist() == [1, 1, 1]
    assert 0 < rewards.mean() < 1
    for place in np.ndindex(4, 3):
        assert goal_env.compute_reward(achieved[place], desired[place], {}) == rewards[place]


def test_drawn_goals_do_not_hold_yet(goal_env: ScienceWorldSB3Env) -> None:
    drawn = set()
    for seed in range(6):
        seen, info = goal_env.reset(seed=seed)
        assert not info["is_success"]
        assert (seen["desired_goal"] == goal_env.reset(seed=seed)[0]["desired_goal"]).all()
        drawn.add(int(seen["desired_goal"].argmax()))
    assert len(drawn) > 2


def test_commands_are_masked_by_what_is_in_sight() -> None:
    env = ScienceWorldSB3Env(task="mendelian-genetics-known-plant", variation=0, width=8, actions="commands")
    try:
        env.reset()
        assert env.actions == tuple(sorted(env.actions))
        start = open_actions(env)
        assert {"look around", "teleport to greenhouse"} <= start
        assert not {"0", "pick up seed jar"} & start
        env.step(np.int64(env.actions.index("teleport to greenhouse")))
        assert "teleport to greenhouse" not in open_actions(env)
        env.step(np.int64(env.actions.index("pick up seed jar")))
        env.step(np.int64(env.actions.index("move pea seed in seed jar to flower pot 1")))
        assert open_actions(env) == {"0"}  # the simulator asks which seed
        *_, info = env.step(np.int64(env.actions.index("0")))
        assert info["option"]["commands"] == ["0"]
        assert len(open_actions(env)) > 1
    finally:
        env.close()


def test_hindsight_replay_learns_from_it() -> None:
    env = gym.make(ENV_ID, task="find-plant", split="train", width=16, reward_type="sparse", max_moves=10)
    try:
        buffer: dict[str, Any] = {"n_sampled_goal": 4, "goal_selection_strategy": "future"}
        model = DQN(
            "MultiInputPolicy",
            env,
            replay_buffer_class=HerReplayBuffer,
            replay_buffer_kwargs=buffer,
            learning_starts=40,
            batch_size=32,
            seed=0,
        )
        model.learn(60)
        assert model.replay_buffer is not None
        sampled: Any = model.replay_buffer.sample(256)
        assert (sampled.rewards == 1).any()  # hindsight: goals that were reached by chance
    finally:
        env.close()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"actions": "words"}, UnknownNameError, "Allowed: options, commands"),
        ({"reward_type": "dense"}, UnknownNameError, "Allowed: sparse, score"),
        ({"encoder": "no such model"}, UnknownNameError, "Allowed: ngrams, a hub name"),
        ({"width": 0}, EncoderError, "Allowed: 1 or more"),
        ({"task": "boyl"}, UnknownNameError, "Did you mean 'boil'"),
    ],
)
def test_wrong_arguments_are_told(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ScienceWorldSB3Env(**arguments)


def test_a_goal_of_another_task_is_told(goal_env: ScienceWorldSB3Env) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown goal 'fill\(jug, sink\)'"):
        goal_env.reset(options={"goal": "fill(jug, sink)"})
    with pytest.raises(AttributeError, match="Fix: reward_type='sparse'"):
        _ = ScienceWorldSB3Env(**FIND_PLANT).compute_reward
