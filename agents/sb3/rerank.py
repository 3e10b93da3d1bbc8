"""Fine-tuning of the policy over options: a learner chooses among the k best sub-goals of a planner.

What distillation proposes, reinforcement learning ranks anew: the learner begins with the planner's own
probabilities and is paid in points. Its actions are `Discrete(k)`, whatever the sub-goals are.

    python -m sgd_gym.agents.sb3.rerank --planner checkpoints/planner --executor checkpoints/executor
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
import tyro
from sb3_contrib import MaskablePPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

from sgd_gym.agents.sb3.agent import MODEL, SETTINGS
from sgd_gym.agents.sb3.candidates import FEATURES, FLOOR, Candidates, RerankPlanner
from sgd_gym.agents.sb3.policy import OptionPolicy
from sgd_gym.agents.sb3.worlds import CountedScore, MoveBudget
from sgd_gym.agents.sgd.planner import ModelPlanner
from sgd_gym.envs.option import ScienceWorldOptionsEnv
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.errors import CheckpointError
from sgd_gym.files import write_json
from sgd_gym.models.generation import load_writer


@dataclass
class RerankConfig:
    """Fine-tune a planner's choice of sub-goals by reinforcement learning."""

    planner: Path
    """Checkpoint folder of the planner."""
    executor: str = "scripted"
    """Who carries sub-goals out: scripted, or a checkpoint folder."""
    task: str = "find-plant"
    """Task name or id, or "all"."""
    count: int = 5
    """How many sub-goals there are to choose from at each decision."""
    moves: int = 20_000
    """Moves of the simulator to learn from."""
    seed: int = 0
    """Seed of weights, episodes and exploration."""
    out: Path = Path("runs/rerank")
    """Folder for model.zip, its settings and TensorBoard's files."""


class RerankEnv(gym.Env[dict[str, np.ndarray], np.int64]):
    """ScienceWorld in which an action is one of a planner's k best sub-goals, carried out by an executor.

    Rewards, ends and infos are those of `ScienceWorldOptionsEnv`. `action_masks()` tells which of the k there
    are: a planner may have fewer ideas.
    """

    metadata = ScienceWorldEnv.metadata

    def __init__(self, planner: Path, executor: str, count: int = 5, **world: Any):
        """Load planner and executor.

        Args:
            planner: Checkpoint folder of role "planner".
            executor: See `ScienceWorldOptionsEnv`.
            count: k, how many sub-goals there are to choose from.
            **world: Other arguments of `ScienceWorldOptionsEnv`.

        Raises:
            CheckpointError: If a checkpoint is missing or of another role.
        """
        self._candidates = Candidates(ModelPlanner(load_writer(planner, "planner")), count)
        self._env = ScienceWorldOptionsEnv(executor=executor, **{"until_achieved": False, **world})
        self.observation_space: gym.spaces.Space[Any] = self._candidates.space
        self.action_space = gym.spaces.Discrete(count)
        self.render_mode = self._env.render_mode

    def action_masks(self) -> np.ndarray:
        """Return which actions there are: bool, shape (k,)."""
        return self._candidates.open

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Start an episode; see `ScienceWorldEnv.reset`."""
        super().reset(seed=seed)
        seen, info = self._env.reset(seed=seed, options=options)
        self._candidates.reset(0)
        return self._candidates.propose(0, seen, None), info

    def step(self, action: np.int64) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        """Run one of the sub-goals to its end; a number that has none is the last one."""
        number = min(int(action), len(self._candidates.texts) - 1)
        seen, reward, terminated, truncated, info = self._env.step(self._candidates.choose(0, number))
        return self._candidates.propose(0, seen, self._env.last), reward, terminated, truncated, info

    def render(self) -> Any:
        """Return the last move as text a person can follow (`render_mode="ansi"`)."""
        return self._env.render()

    def close(self) -> None:
        """Stop the JVM, for good; a second call does nothing."""
        self._env.close()


class RerankPolicy(OptionPolicy):
    """Begins with the planner's probabilities, and learns what to add to them."""

    def _build(self, lr_schedule: Schedule) -> None:
        super()._build(lr_schedule)
        self.action_net = _AddPrior(self.action_net)
        make: Any = self.optimizer_class
        self.optimizer = make(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)


class _AddPrior(nn.Module):
    """Adds the log-probabilities of a planner, weighted, to scores."""

    def __init__(self, scores: Any):
        super().__init__()
        self._scores = scores
        self._weight = nn.Parameter(torch.ones(()))

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        features = latent[:, self._scores.width :].reshape(len(latent), -1, FEATURES)
        scores: torch.Tensor = self._scores(latent) - FLOOR * self._weight * features[:, :, 1]
        return scores


def learn_ranking(config: RerankConfig) -> tuple[MaskablePPO, MoveBudget]:
    """Train a policy on the train split and save it; return it, and the episodes that it learnt from.

    Raises:
        CheckpointError: If planner or executor is no checkpoint of its role.
    """
    world = RerankEnv(config.planner, config.executor, config.count, task=config.task, split="train")
    env = Monitor(CountedScore(world), info_keywords=("score", "is_success"))
    try:
        learner = MaskablePPO(
            RerankPolicy,
            env,
            n_steps=256,
            batch_size=64,
            ent_coef=0.005,
            seed=config.seed,
            device="cpu",
            tensorboard_log=str(config.out / "tensorboard"),
        )
        budget = MoveBudget(config.moves)
        # A sub-goal takes one move at least, so that the budget of moves ends it first.
        learner.learn(config.moves, callback=budget, tb_log_name="rerank")
        learner.save(config.out / MODEL)
        names = {"planner": str(config.planner), "count": config.count, "task": config.task}
        write_json(config.out / SETTINGS, {"learner": "rerank", **names})
        return learner, budget
    finally:
        env.close()


def load_ranking(folder: Path) -> RerankPlanner:
    """Return the planner that `learn_ranking` has left.

    Raises:
        CheckpointError: If the folder holds none, or the planner's checkpoint is gone.
    """
    settings = _read_settings(folder)
    return RerankPlanner(
        Path(settings["planner"]), MaskablePPO.load(folder / MODEL, device="cpu"), settings["count"]
    )


def planner_of(folder: Path) -> Path:
    """Return the checkpoint folder of the planner that a ranking was trained with.

    Raises:
        CheckpointError: If the folder holds no ranking.
    """
    return Path(_read_settings(folder)["planner"])


def _read_settings(folder: Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        if settings["learner"] != "rerank" or not (folder / MODEL).is_file():
            raise ValueError(f"its learner is {settings['learner']!r}, or {MODEL} is missing")
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{folder} holds no ranking of sub-goals: {error}. "
            f"Fix: python -m sgd_gym.agents.sb3.rerank --out {folder}"
        ) from error
    return settings


if __name__ == "__main__":
    learn_ranking(tyro.cli(RerankConfig))
