"""Train a learner of Stable-Baselines3: `python -m sgd_gym.agents.sb3.train --learner ppo --task find-plant`.

PPO, A2C and MaskablePPO learn from the score; DQN with hindsight replay (HER) learns to reach goals. Only
MaskablePPO uses the masks; to the others an action that cannot start is a lost tick.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tyro
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.callbacks import MaskableEvalCallback
from stable_baselines3 import A2C, DQN, PPO, HerReplayBuffer
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import EvalCallback
from stable_baselines3.common.vec_env import VecEnv

from sgd_gym.agents.sb3.agent import MODEL, SETTINGS
from sgd_gym.agents.sb3.policy import OptionPolicy
from sgd_gym.agents.sb3.worlds import MoveBudget, make_worlds
from sgd_gym.encoders import NGRAMS
from sgd_gym.files import write_json

POLICY = "MultiInputPolicy"


@dataclass
class LearnConfig:
    """Train a learner on one task, and save it."""

    learner: Literal["maskable-ppo", "ppo", "a2c", "dqn-her"] = "maskable-ppo"
    """Which algorithm."""
    task: str = "find-plant"
    """Task name or id, or "all"."""
    actions: Literal["options", "commands"] = "options"
    """What it chooses: options, or elementary commands."""
    executor: str = "scripted"
    """Who carries options out."""
    moves: int = 60_000
    """Moves of the simulator to learn from."""
    worlds: int = 1
    """How many worlds it learns from at once; several are processes of their own."""
    seed: int = 0
    """Seed of weights, episodes and exploration."""
    eval_every: int = 5_000
    """Decisions between two evaluations on dev; 0 for none."""
    eval_episodes: int = 10
    """Episodes of an evaluation."""
    out: Path = Path("runs/sb3")
    """Folder for model.zip, its settings, the best model on dev, and TensorBoard's files."""


def make_learner(config: LearnConfig, worlds: VecEnv) -> BaseAlgorithm:
    """Return an untrained learner."""
    common: dict[str, Any] = {
        "seed": config.seed,
        "verbose": 0,
        "device": "cpu",
        "tensorboard_log": str(config.out / "tensorboard"),
    }
    match config.learner:
        case "maskable-ppo":
            common["learning_rate"] = 1e-3
            return MaskablePPO(OptionPolicy, worlds, n_steps=256, batch_size=64, ent_coef=0.01, **common)
        case "ppo":
            return PPO(POLICY, worlds, n_steps=256, batch_size=64, ent_coef=0.01, **common)
        case "a2c":
            return A2C(POLICY, worlds, n_steps=16, ent_coef=0.01, **common)
        case "dqn-her":
            hindsight: dict[str, Any] = {"n_sampled_goal": 4, "goal_selection_strategy": "future"}
            return DQN(
                POLICY,
                worlds,
                replay_buffer_class=HerReplayBuffer,
                replay_buffer_kwargs=hindsight,
                buffer_size=50_000,
                learning_starts=1_000,
                **common,
            )


def learn(config: LearnConfig) -> tuple[BaseAlgorithm, MoveBudget]:
    """Train a learner and save it for `SB3Agent`; return it, and the episodes it learnt from."""
    arguments: dict[str, Any] = {
        "task": config.task,
        "actions": config.actions,
        "executor": config.executor,
        "reward_type": "sparse" if config.learner == "dqn-her" else "score",
    }
    worlds = make_worlds(config.worlds, split="train", **arguments)
    dev = make_worlds(1, split="dev", **arguments) if config.eval_every else None
    try:
        learner = make_learner(config, worlds)
        budget = MoveBudget(config.moves)
        callbacks: list[Any] = [budget]
        if dev is not None:
            kind = MaskableEvalCallback if config.learner == "maskable-ppo" else EvalCallback
            callbacks.append(
                kind(
                    dev,
                    n_eval_episodes=config.eval_episodes,
                    eval_freq=max(1, config.eval_every // config.worlds),
                    best_model_save_path=str(config.out / "best"),
                    deterministic=False,
                    verbose=0,
                )
            )
        # An action makes one move at least, so that the budget of moves ends it first.
        learner.learn(config.moves, callback=callbacks, tb_log_name=config.learner)
        learner.save(config.out / MODEL)
        world = {"encoder": NGRAMS, "width": None, **arguments}
        write_json(config.out / SETTINGS, {"learner": config.learner, **world})
        return learner, budget
    finally:
        worlds.close()
        if dev is not None:
            dev.close()


if __name__ == "__main__":
    learn(tyro.cli(LearnConfig))
