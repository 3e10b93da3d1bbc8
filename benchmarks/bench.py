"""Compare agents on a protocol: build them by name, play, report."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sgd_gym.agents.base import Agent
from sgd_gym.benchmarks.protocols import get_protocol
from sgd_gym.benchmarks.report import make_markdown, write_results, write_tensorboard
from sgd_gym.benchmarks.run import Row, fingerprint_of, play
from sgd_gym.errors import CheckpointError, SgdGymError, UnknownNameError
from sgd_gym.files import write_text
from sgd_gym.models.checkpoint import read_meta

AGENTS = ("sgd", "flat", "random", "oracle")


@dataclass
class BenchConfig:
    """Compare agents on the episodes of a protocol."""

    agents: list[str] = field(default_factory=lambda: ["random", "oracle"])
    """Agents: sgd, flat, random, oracle, or package.module:Class of your own."""
    protocol: str = "quickstart-dev"
    """Name of the protocol: episodes, limits, scoring."""
    tasks: list[str] | None = None
    """Play these tasks of the protocol only."""
    out: Path = Path("runs/bench")
    """Folder for results.json, table.md, journals and TensorBoard events."""
    planner: Path | None = None
    """Checkpoint folder of the planner (agent sgd)."""
    executor: Path | None = None
    """Checkpoint folder of the executor (agent sgd)."""
    flat: Path | None = None
    """Checkpoint folder of the flat model (agent flat)."""
    worlds: int = 2
    """How many simulators run side by side; scores do not depend on it."""
    seed: int = 0
    """Seed of the agents that draw."""
    max_option_moves: int = 30
    """After so many moves an option ends, whatever the executor says (agent sgd)."""


def bench(config: BenchConfig) -> list[Row]:
    """Play every agent, write results.json, table.md and TensorBoard events, return the rows.

    Raises:
        UnknownNameError: If an agent, the protocol or a task does not exist.
        CheckpointError: If an agent's checkpoint is missing or unfit.
    """
    protocol = get_protocol(config.protocol)
    episodes = protocol.episodes(config.tasks, config.seed)
    if config.worlds < 1:
        raise SgdGymError(f"worlds is {config.worlds}. Allowed: 1 or more.")
    makers = {name: _maker(name, config) for name in config.agents}  # all are checked before one plays
    drawn = (config.max_option_moves, config.seed)
    rows: list[Row] = []
    for name, (make_agent, checkpoints) in makers.items():
        journal = config.out / f"episodes-{name.replace(':', '.')}.jsonl"
        fingerprint = fingerprint_of(name, protocol, drawn, checkpoints)
        rows += play(name, make_agent, protocol, episodes, config.worlds, journal, fingerprint)
    write_results(config.out / "results.json", rows, config)
    write_text(config.out / "table.md", make_markdown(rows))
    write_tensorboard(config.out / "tensorboard", rows)
    return rows


def _maker(name: str, config: BenchConfig) -> tuple[Callable[[], Agent], list[Path]]:
    """Return a function that builds the agent, and the checkpoints that it stands on."""
    if name == "random":
        from sgd_gym.agents.random import RandomAgent

        return RandomAgent, []
    if name == "oracle":
        from sgd_gym.agents.oracle import OracleAgent

        return OracleAgent, []
    if name == "flat":
        flat = _checkpoint("flat", config.flat)

        def make_flat() -> Agent:
            from sgd_gym.agents.flat.agent import FlatAgent
            from sgd_gym.models.generation import load_writer

            return FlatAgent(load_writer(flat, "flat"))

        return make_flat, [flat]
    if name == "sgd":
        planner, executor = _checkpoint("planner", config.planner), _checkpoint("executor", config.executor)

        def make_sgd() -> Agent:
            from sgd_gym.agents.sgd.agent import SGDAgent
            from sgd_gym.agents.sgd.executor import ModelExecutor
            from sgd_gym.agents.sgd.planner import ModelPlanner
            from sgd_gym.models.generation import load_writer

            return SGDAgent(
                ModelPlanner(load_writer(planner, "planner")),
                ModelExecutor(load_writer(executor, "executor")),
                config.max_option_moves,
            )

        return make_sgd, [planner, executor]
    if ":" in name:
        return _import_agent(name), []
    raise UnknownNameError("agent", name, [*AGENTS, "package.module:Class"])


def _checkpoint(role: str, path: Path | None) -> Path:
    if path is None:
        raise CheckpointError(
            f"No {role} checkpoint is named. Fix: --{role} FOLDER, made with 'sgd-gym train {role}'."
        )
    read_meta(path, role)
    return path


def _import_agent(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise SgdGymError(
            f"The agent {name!r} cannot be imported: {error}. "
            f"Fix: name an installed or local class as package.module:Class."
        ) from error
    if not (isinstance(found, type) and issubclass(found, Agent)):
        raise SgdGymError(f"{name!r} is no agent. Fix: let the class inherit sgd_gym.agents.base.Agent.")
    return found
