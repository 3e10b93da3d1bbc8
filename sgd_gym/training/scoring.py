"""The dev score of a model in training, from the simulator."""

import tempfile
from pathlib import Path
from typing import Any

from sgd_gym.agents.base import Agent
from sgd_gym.agents.flat.agent import FlatAgent
from sgd_gym.agents.sgd.agent import SGDAgent
from sgd_gym.agents.sgd.shared import make_pair
from sgd_gym.benchmarks.protocols import Protocol
from sgd_gym.benchmarks.run import play
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.models.generation import load_writer, make_writer
from sgd_gym.models.writer import Writer
from sgd_gym.prompts import Role
from sgd_gym.training.config import TrainConfig


def measure_score(
    model: Any, tokenizer: Any, roles: list[Role], config: TrainConfig, tasks: list[str]
) -> float:
    """Play some dev variations of the tasks and return the mean score, a negative one counted 0.

    Args:
        model: In training; it plays in evaluation mode.
        tokenizer: Its tokenizer.
        roles: What the model writes; a planner or an executor alone plays with `config.partner`.
        config: Says how many variations, and on how many worlds.
        tasks: Names of the tasks.
    """
    names = tuple(task.name for task in get_tasks(tasks))
    limits = (100, 30, "easy", ())
    protocol = Protocol("select", names, "dev", config.score_variations, *limits, pick="spread")
    was_training = model.training
    model.eval()

    def writer(role: Role) -> Writer:
        if role in roles:
            return make_writer(model, tokenizer)
        assert config.partner is not None
        return load_writer(config.partner, role)

    def make_agent() -> Agent:
        if "flat" in roles:
            return FlatAgent(writer("flat"))
        return SGDAgent(*make_pair(writer, len(roles) == 2))

    with tempfile.TemporaryDirectory() as scratch:
        episodes = protocol.episodes(seed=config.seed)
        journal = Path(scratch) / "episodes.jsonl"
        rows = play("select", make_agent, protocol, episodes, config.worlds, journal, "select")
    model.train(was_training)
    return sum(row["score_negative_as_zero"] for row in rows) / len(rows)
