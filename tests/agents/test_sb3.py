"""Learners of Stable-Baselines3, for a few moves each."""

from pathlib import Path

import gymnasium as gym
import pytest
from sb3_contrib import MaskablePPO

from sgd_gym.agents.sb3.train import LearnConfig, learn
from sgd_gym.agents.sb3.worlds import CountedScore, make_worlds


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
