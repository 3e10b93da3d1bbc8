"""A learner among a planner's best sub-goals, with untrained models on a real world."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.agents.sb3.candidates import FEATURES, FLOOR
from sgd_gym.agents.sb3.rerank import RerankConfig, RerankEnv, learn_ranking, load_ranking
from sgd_gym.agents.scripted import ScriptedExecutor
from sgd_gym.agents.sgd.agent import SGDAgent
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import get_task
from sgd_gym.errors import CheckpointError

COUNT = 3


@pytest.fixture(scope="module")
def env(checkpoints: Path) -> Iterator[RerankEnv]:
    made = RerankEnv(checkpoints / "planner", "scripted", COUNT, task="find-plant", split="dev")
    yield made
    made.close()


@pytest.fixture(scope="module")
def ranking(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ranking")
    learn_ranking(RerankConfig(checkpoints / "planner", count=COUNT, moves=3, out=out))
    return out


def test_actions_are_the_sub_goals_that_the_planner_proposes(env: RerankEnv) -> None:
    seen, _ = env.reset(options={"variation": get_task("find-plant").variations("dev")[0]})
    for _ in range(3):
        assert env.observation_space.contains(seen)
        rows = seen["options"].reshape(COUNT, FEATURES)
        assert rows[:, 0].tolist() == env.action_masks().tolist()
        there = rows[env.action_masks()]
        assert sorted(there[:, 1], reverse=True) == there[:, 1].tolist()
        texts = list(env._candidates.texts)
        number = len(texts) - 1
        seen, reward, terminated, truncated, info = env.step(np.int64(number))
        assert info["option"]["name"] == texts[number]
        assert reward == sum(info["option"]["rewards"])
        if terminated or truncated:
            return


def test_the_learner_begins_with_the_planners_probabilities(env: RerankEnv, ranking: Path) -> None:
    from sb3_contrib import MaskablePPO

    fresh = MaskablePPO.load(ranking / "model.zip").policy_class
    policy: Any = fresh(env.observation_space, env.action_space, lambda _: 1e-3)
    seen, _ = env.reset(seed=0)
    tensors, _ = policy.obs_to_tensor(seen)
    logits = policy.get_distribution(tensors, env.action_masks()).distribution.probs[0].detach()
    prior = torch.tensor(seen["options"].reshape(COUNT, FEATURES)[:, 1]) * -FLOOR
    expected = torch.softmax(prior.masked_fill(~torch.tensor(env.action_masks()), -torch.inf), 0)
    assert torch.allclose(logits, expected, atol=0.05)


def test_a_saved_ranking_plans_for_the_agent(ranking: Path) -> None:
    agent = SGDAgent(load_ranking(ranking), ScriptedExecutor())
    world = ScienceWorldEnv("find-plant", "dev")
    try:
        seen, info = world.reset(seed=0)
        agent.reset([4], [EpisodeKey("find-plant", 0, 0)])
        for _ in range(5):
            (command,) = agent.act([4], [seen], [info])
            seen, reward, ended, _, info = world.step(command)
            agent.observe(4, seen, float(reward), ended)
        assert agent.stats(4)["planner_calls"] >= 1
    finally:
        world.close()


def test_a_folder_without_a_ranking_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no ranking"):
        load_ranking(tmp_path)
