"""From the name of an agent to what a benchmark plays: how it is built, and what its results depend on."""

import hashlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sgd_gym.agents.base import Agent
from sgd_gym.errors import CheckpointError, SgdGymError, UnknownNameError
from sgd_gym.llm.client import ChatClient
from sgd_gym.models.checkpoint import read_meta
from sgd_gym.options import Planner
from sgd_gym.shipped import DEFAULT, find_checkpoint, is_default
from sgd_gym.trajectories import episode_files

if TYPE_CHECKING:
    from sgd_gym.benchmarks.bench import BenchConfig

OpenClient = Callable[[], ChatClient]

AGENTS = ("sgd", "flat", "scripted", "swiftsage", "react", "sb3", "guided", "random", "oracle")


@dataclass(frozen=True)
class Entry:
    """An agent that takes part."""

    name: str
    """As it was named."""
    make_agent: Callable[[], Agent]
    checkpoints: list[Path] = field(default_factory=list)
    """Folders of weights that it stands on."""
    model: str = ""
    """The language model in it that is not of its checkpoints, as tables tell it."""
    client: ChatClient | None = None
    """What asks a server for it."""
    settings: tuple[Any, ...] = ()
    """What else its results depend on."""

    @property
    def label(self) -> str:
        """Return the name in rows and tables: `swiftsage (Sage-local)`."""
        return f"{self.name} ({self.model})" if self.model else self.name


def make_entry(name: str, config: "BenchConfig", open_client: OpenClient) -> Entry:
    """Return the entry of an agent; nothing is loaded or asked yet.

    Args:
        name: A name in `AGENTS`, or `package.module:Class`.
        config: Names checkpoints and language models.
        open_client: Gives the client that asks the server of a language model.

    Raises:
        UnknownNameError: If there is no such agent.
        CheckpointError: If a checkpoint is missing or unfit.
        SgdGymError: If a flag is missing, or the class is no agent.
    """
    if ":" in name:
        return Entry(name, _import_agent(name))
    makers = {
        "sgd": _sgd,
        "flat": _flat,
        "scripted": _scripted,
        "swiftsage": _swiftsage,
        "react": _react,
        "sb3": _sb3,
        "guided": _guided,
        "random": _random,
        "oracle": _oracle,
    }
    if name not in makers:
        raise UnknownNameError("agent", name, [*AGENTS, "package.module:Class"])
    return makers[name](config, open_client)


def _random(config: "BenchConfig", open_client: OpenClient) -> Entry:
    from sgd_gym.agents.random import RandomAgent

    return Entry("random", RandomAgent)


def _oracle(config: "BenchConfig", open_client: OpenClient) -> Entry:
    from sgd_gym.agents.oracle import OracleAgent

    return Entry("oracle", OracleAgent)


def _flat(config: "BenchConfig", open_client: OpenClient) -> Entry:
    flat = _checkpoint("flat", config.flat)

    def make() -> Agent:
        from sgd_gym.agents.flat.agent import FlatAgent

        return FlatAgent.from_pretrained(flat, config, config.seed)

    return Entry("flat", make, [flat], _note(config.command_note, flat), settings=config.acting)


def _sgd(config: "BenchConfig", open_client: OpenClient) -> Entry:
    planners, make_planner = _planner(config)
    executor = _checkpoint("executor", config.executor)

    def make() -> Agent:
        from sgd_gym.agents.sgd.agent import SGDAgent
        from sgd_gym.agents.sgd.executor import ModelExecutor

        if config.ranking is None and config.noise == "none":
            return SGDAgent.from_pretrained(planners[0], executor, config, config.seed)
        bounds = config.commands, config.repeat_idle
        carries_out = ModelExecutor(config.load(executor, "executor", config.seed), *bounds)
        limits = (config.max_option_moves, config.planner_every_move, config.until_achieved)
        return SGDAgent(make_planner(), carries_out, *limits)

    checkpoints = [*planners, executor]
    bounds = ", ".join(filter(None, (config.command_note, _search_note(config))))
    return Entry("sgd", make, checkpoints, _note(bounds, *checkpoints), settings=config.acting)


def _scripted(config: "BenchConfig", open_client: OpenClient) -> Entry:
    planners, make_planner = _planner(config)

    def make() -> Agent:
        from sgd_gym.agents.scripted import ScriptedExecutor
        from sgd_gym.agents.sgd.agent import SGDAgent

        executor, every_move = ScriptedExecutor(), config.planner_every_move
        return SGDAgent(make_planner(), executor, config.max_option_moves, every_move, until_achieved=True)

    return Entry("scripted", make, planners, _note(_search_note(config), *planners), settings=config.acting)


def _note(bounds: str, *checkpoints: Path) -> str:
    """Return what tables say of an agent beside its name; shipped weights are told from one's own."""
    is_shipped = any(is_default(folder) for folder in checkpoints)
    return ", ".join(filter(None, ("shipped" if is_shipped else "", bounds)))


def _search_note(config: "BenchConfig") -> str:
    return "" if config.search else "no search"


def _planner(config: "BenchConfig") -> tuple[list[Path], Callable[[], Planner]]:
    """Return what a planner stands on, and a function that loads it."""
    checkpoints, make = _pure_planner(config)
    if config.noise == "none":
        return checkpoints, make

    def spoil() -> Planner:
        from sgd_gym.agents.sgd.noise import NoisyPlanner

        return NoisyPlanner(make(), config.noise, config.noise_rate, config.seed)

    return checkpoints, spoil


def _pure_planner(config: "BenchConfig") -> tuple[list[Path], Callable[[], Planner]]:
    if config.ranking is not None:
        from sgd_gym.agents.sb3.rerank import planner_of

        ranking = config.ranking
        return [ranking, planner_of(ranking)], lambda: _load_ranking(ranking)
    planner = _checkpoint("planner", config.planner)

    def make() -> Planner:
        from sgd_gym.agents.sgd.planner import ModelPlanner

        return ModelPlanner(config.load(planner, "planner", config.seed), config.search)

    return [planner], make


def _load_ranking(folder: Path) -> Planner:
    from sgd_gym.agents.sb3.rerank import load_ranking

    return load_ranking(folder)


def _sb3(config: "BenchConfig", open_client: OpenClient) -> Entry:
    from sgd_gym.agents.sb3.agent import SB3Agent, read_settings

    if config.sb3 is None:
        raise CheckpointError(
            "No policy is named. Fix: --sb3 FOLDER, made with 'python -m sgd_gym.agents.sb3.train'."
        )
    folder = config.sb3
    return Entry("sb3", lambda: SB3Agent(folder), [folder], str(read_settings(folder)["learner"]))


def _guided(config: "BenchConfig", open_client: OpenClient) -> Entry:
    if config.guide is None:
        raise SgdGymError("No paths are named. Fix: --guide FOLDER, made with 'sgd-gym annotate'.")
    # The student shall make its mistakes: the guide shows the way back.
    paths, student = config.guide, _sgd(replace(config, repeat_idle=True, search=False), open_client)
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in episode_files(paths))).hexdigest()

    def make() -> Agent:
        from sgd_gym.agents.guided.agent import GuidedAgent
        from sgd_gym.agents.guided.guide import find_guides

        return GuidedAgent(student.make_agent(), find_guides(paths))

    return Entry(
        "guided", make, student.checkpoints, config.command_note, settings=(*student.settings, digest)
    )


def _swiftsage(config: "BenchConfig", open_client: OpenClient) -> Entry:
    swift = _checkpoint("flat", config.flat)
    checkpoints, client = [swift], None
    match config.sage:
        case "local":
            own = _checkpoint("sage", config.sage_checkpoint, "--sage-checkpoint")
            checkpoints.append(own)
            model = "Sage-local"
        case "llm":
            client = open_client()
            model = client.endpoint.model
        case folder:
            if not (Path(folder) / "config.json").is_file():
                raise CheckpointError(
                    f"The sage {folder!r} is neither local, llm nor a folder with a chat model. "
                    f"Fix: --sage local, --sage llm, or --sage FOLDER with config.json in it."
                )
            checkpoints.append(Path(folder))
            model = Path(folder).resolve().name

    def make() -> Agent:
        from sgd_gym.agents.swiftsage.agent import SwiftSageAgent
        from sgd_gym.agents.swiftsage.local import LocalSage
        from sgd_gym.agents.swiftsage.sage import ChatSage
        from sgd_gym.models.chat import LocalChat
        from sgd_gym.models.generation import load_writer

        if config.sage == "local":
            return SwiftSageAgent(load_writer(swift, "flat"), LocalSage(load_writer(checkpoints[1], "sage")))
        return SwiftSageAgent(load_writer(swift, "flat"), ChatSage(client or LocalChat(Path(config.sage))))

    return Entry("swiftsage", make, checkpoints, model, client, _sampling(client))


def _react(config: "BenchConfig", open_client: OpenClient) -> Entry:
    client = open_client()

    def make() -> Agent:
        from sgd_gym.agents.react.agent import ReactAgent

        return ReactAgent(client, config.llm_history)

    settings = (config.llm_history, *_sampling(client))
    return Entry("react", make, [], client.endpoint.model, client, settings)


def _sampling(client: ChatClient | None) -> tuple[Any, ...]:
    """Return what the answers of a server depend on, beside the model's name."""
    return (client.endpoint.temperature, client.endpoint.max_tokens) if client else ()


def _checkpoint(role: str, path: Path | None, flag: str = "") -> Path:
    if path is None:
        raise CheckpointError(
            f"No {role} checkpoint is named. "
            f"Fix: {flag or f'--{role}'} FOLDER, made with 'sgd-gym train {role}', or {DEFAULT!r}."
        )
    folder = find_checkpoint(path, role)
    read_meta(folder, role)
    return folder


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
