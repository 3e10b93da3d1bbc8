"""The name "default", in the place of a checkpoint folder, for every agent that acts by a model."""

from pathlib import Path
from typing import Any, cast

import pytest

from sgd_gym import shipped
from sgd_gym.agents.base import EpisodeKey
from sgd_gym.agents.config import ActingConfig
from sgd_gym.agents.flat.agent import FlatAgent
from sgd_gym.agents.sgd.agent import SGDAgent
from sgd_gym.agents.sgd.executor import ModelExecutor
from sgd_gym.agents.sgd.shared import SharedPlanner
from sgd_gym.benchmarks.bench import BenchConfig
from sgd_gym.benchmarks.entries import make_entry
from sgd_gym.envs.option import load_executor
from sgd_gym.errors import CheckpointError, UnknownNameError
from sgd_gym.shipped import find_checkpoint
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.train import train


@pytest.fixture(scope="module")
def shared_checkpoint(annotated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the checkpoint of a model that is planner and executor, trained for a step."""
    out = tmp_path_factory.mktemp("shared") / "model"
    train("planner", TrainConfig(out, annotated_data, shared=True))
    return out


@pytest.fixture
def weights(shared_checkpoint: Path, checkpoints: Path, tmp_path: Path, monkeypatch: Any) -> Path:
    """Ship small weights in place of the package's own."""
    (tmp_path / "sgd").symlink_to(shared_checkpoint)
    (tmp_path / "flat").symlink_to(checkpoints / "flat")
    monkeypatch.setattr(shipped, "WEIGHTS", tmp_path)
    return tmp_path


def test_a_folder_stands_for_itself(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path, "planner") == find_checkpoint(str(tmp_path), "sage") == tmp_path


def test_the_default_is_what_is_shipped(weights: Path) -> None:
    assert find_checkpoint("default", "planner") == find_checkpoint("default", "executor") == weights / "sgd"
    assert find_checkpoint(Path("default"), "flat") == weights / "flat"


def test_agents_load_what_is_shipped(weights: Path, checkpoints: Path) -> None:
    agent = SGDAgent.from_pretrained()
    executor = agent.runner.executor
    assert isinstance(executor, ModelExecutor)
    assert isinstance(agent.planner, SharedPlanner)
    apart = SGDAgent.from_pretrained("default", checkpoints / "executor")
    assert not isinstance(apart.planner, SharedPlanner)
    shipped_flat, same = FlatAgent.from_pretrained(), FlatAgent.from_pretrained(weights / "flat")
    seen = dict.fromkeys(("task", "look", "inventory", "observation"), "")
    for flat in (shipped_flat, same):
        flat.reset([0], [EpisodeKey("find-plant", 0, 0)])
    assert shipped_flat.act([0], [seen], [{}]) == same.act([0], [seen], [{}])


def test_flags_of_acting_are_checked_first() -> None:
    with pytest.raises(UnknownNameError, match="commands"):
        SGDAgent.from_pretrained("nowhere", acting=ActingConfig(commands=cast(Any, "all")))


def test_environment_and_benchmark_take_the_name(weights: Path) -> None:
    assert isinstance(load_executor("default"), ModelExecutor)
    default = Path("default")
    config = BenchConfig(planner=default, executor=default, flat=default)
    found = {name: make_entry(name, config, config.open_client) for name in ("sgd", "flat")}
    assert found["sgd"].checkpoints == [weights / "sgd"] * 2
    assert found["flat"].checkpoints == [weights / "flat"]


def test_tables_tell_what_is_shipped_from_ones_own(weights: Path, checkpoints: Path) -> None:
    own, default = checkpoints / "flat", Path("default")
    labels = [
        make_entry("flat", config, config.open_client).label
        for config in (BenchConfig(flat=own), BenchConfig(flat=default, commands="visible"))
    ]
    assert labels == ["flat", "flat (shipped, visible commands)"]


def test_a_role_that_is_not_shipped_is_told() -> None:
    with pytest.raises(CheckpointError, match=r"ships no sage\. Fix: .*'sgd-gym train sage'"):
        find_checkpoint("default", "sage")
