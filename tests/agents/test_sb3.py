"""Learners of Stable-Baselines3, for a few moves each."""

from pathlib import Path

import gymnasium as gym
import pytest
from sb3_contrib import MaskablePPO

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.agents.sb3.agent import SB3Agent
from sgd_gym.agents.sb3.train import LearnConfig, learn
from sgd_gym.agents.sb3.worlds import CountedScore, make_worlds
from sgd_gym.envs.array import ScienceWorldSB3Env
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import get_task
from sgd_gym.errors import CheckpointError


@pytest.mark.slow
@pytest.mark.parametrize(("learner", "worlds"), [("ppo", 2), ("dqn-her", 1)])
def test_a_learner_stops_at_its_budget_and_is_saved(learner: str, worlds: int, tmp_path: Path) -> None:
    settings = {"learner": learner, "moves": 12, "worlds": worlds, "eval_every": 0, "out": tmp_path}
    _, budget = learn(LearnConfig(**settings))  # type: ignore[arg-type]
    assert 12 <= budget.moves < 12 + 30 * worlds
    assert (tmp_path / "model.zip").exists()
    assert list((tmp_path / "tensorboard").glob("*/events.*"))


def test_a_lost_game_counts_as_nothing() -> None:
    class Lost(gym.Env[int, int]):
        def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, int]]:
            score = (40, -100)[action]
            return 0, score - 10, score < 0, False, {"score": score}

    env = CountedScore(Lost())
    assert env.step(0)[1] == pytest.approx(0.3)
    assert env.step(1)[1] == pytest.approx(-0.1)


def test_a_saved_policy_chooses_open_options(tmp_path: Path) -> None:
    config = LearnConfig(moves=5, eval_every=4, eval_episodes=1, out=tmp_path)
    learn(config)
    model = MaskablePPO.load(tmp_path / "best" / "best_model.zip")
    worlds = make_worlds(1, task="find-plant", split="dev")
    try:
        seen = worlds.reset()
        for _ in range(4):
            (mask,) = worlds.env_method("action_masks")
            action, _ = model.predict(seen, action_masks=mask)
            assert mask[action[0]]
            seen, _, _, infos = worlds.step(action)
            assert infos[0]["option"]["terminated_by"] != "cannot_start"
    finally:
        worlds.close()


def test_the_agent_plays_as_the_environment_does(tmp_path: Path) -> None:
    """One view of arrays and one runner serve both: the same options, commands and score."""
    learn(LearnConfig(moves=5, eval_every=0, out=tmp_path))
    model = MaskablePPO.load(tmp_path / "model.zip")
    arrays = ScienceWorldSB3Env("find-plant", split="dev")
    texts = ScienceWorldEnv("find-plant", "dev")
    try:
        variation = get_task("find-plant").variations("dev")[0]
        agent = SB3Agent(tmp_path)
        agent.reset([0], [EpisodeKey("find-plant", variation, 0)])
        seen, info = texts.reset(options={"variation": variation})
        flat, _ = arrays.reset(options={"variation": variation})
        for _ in range(6):
            action, _ = model.predict(flat, action_masks=arrays.action_masks(), deterministic=True)
            flat, _, terminated, truncated, told = arrays.step(action)
            for command in told["option"]["commands"]:
                assert agent.act([0], [seen], [info]) == [command]
                seen, reward, ended, _, info = texts.step(command)
                agent.observe(0, seen, float(reward), ended)
            assert info["score"] == told["score"]
            if terminated or truncated:
                break
        assert agent.stats(0)["planner_calls"] > 0
    finally:
        arrays.close()
        texts.close()


def test_what_is_no_policy_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"has no settings\.json"):
        SB3Agent(tmp_path)
    (tmp_path / "settings.json").write_text('{"learner": "maskable-ppo"}')
    with pytest.raises(CheckpointError, match=r"has no model\.zip"):
        SB3Agent(tmp_path)
    (tmp_path / "model.zip").touch()
    (tmp_path / "settings.json").write_text('{"learner": "dqn-her"}')
    with pytest.raises(CheckpointError, match="plays for goals"):
        SB3Agent(tmp_path)
