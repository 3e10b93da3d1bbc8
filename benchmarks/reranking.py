"""Whether reinforcement learning mends a distilled planner where it is weak: dev scores before and after.

Weak are the tasks in which agent *sgd* scores least on train variations. In each of them a policy learns to
choose among the planner's best sub-goals (`sgd_gym.agents.sb3.rerank`), with several seeds; then both play
the same dev episodes. A run that was finished is not made again.
"""

from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sgd_gym.benchmarks.bench import BenchConfig
from sgd_gym.benchmarks.compare import compare_rows
from sgd_gym.benchmarks.entries import make_entry
from sgd_gym.benchmarks.figures import Figure, write_figures
from sgd_gym.benchmarks.journal import Row
from sgd_gym.benchmarks.protocols import Protocol
from sgd_gym.benchmarks.run import fingerprint_of, play
from sgd_gym.benchmarks.summary import overall_summary, summarise
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.errors import SgdGymError
from sgd_gym.models.checkpoint import read_meta
from sgd_gym.processes import start_processes
from sgd_gym.progress import track
from sgd_gym.provenance import describe_run
from sgd_gym.shipped import DEFAULT, find_checkpoint


@dataclass
class RerankingConfig:
    """Fine-tune a planner's choice of sub-goals where agent sgd is weak, and compare on dev."""

    planner: Path = Path(DEFAULT)
    """Checkpoint folder of the planner; "default" for the weights that come with the package."""
    executor: Path = Path(DEFAULT)
    """Checkpoint folder of the executor, the same."""
    tasks: list[str] | None = None
    """Task names or ids; the weakest of those that the planner was trained on if not given."""
    weakest: int = 3
    """How many tasks."""
    train_variations: int = 5
    """How many train variations of each task tell which are weak."""
    seeds: int = 3
    """How many runs of each task."""
    moves: int = 20_000
    """Moves of the simulator that a run learns from."""
    count: int = 5
    """How many sub-goals there are to choose from at each decision."""
    dev_variations: int = 10
    """How many dev variations of each task are played."""
    max_moves: int = 100
    """Longest episode that is played."""
    processes: int = 2
    """How many runs are made, and how many episodes played, side by side."""
    out: Path = Path("runs/rerank")
    """Folder for rerank.json, rerank.md and what each run left."""


def measure_reranking(config: RerankingConfig) -> list[Figure]:
    """Make all runs, write rerank.json and rerank.md, and return the figures.

    Raises:
        UnknownNameError: If a task does not exist.
        CheckpointError: If a checkpoint is missing or unfit.
        SgdGymError: If a number is less than 1.
    """
    numbers = ("weakest", "train_variations", "seeds", "moves", "count", "dev_variations", "max_moves")
    for name in (*numbers, "processes"):
        if getattr(config, name) < 1:
            raise SgdGymError(f"{name} is {getattr(config, name)}. Allowed: 1 or more.")
    config = replace(
        config,
        planner=find_checkpoint(config.planner, "planner"),
        executor=find_checkpoint(config.executor, "executor"),
    )
    tasks = [task.name for task in get_tasks(config.tasks)] if config.tasks else _weakest(config)
    jobs = [(task, seed) for task in tasks for seed in range(config.seeds)]
    missing = [job for job in jobs if not (_folder(config, *job) / "settings.json").is_file()]
    with (
        track("rank sub-goals", len(jobs), len(jobs) - len(missing)) as advance,
        start_processes(config.processes) as pool,  # each run has its own, for torch and the simulator
    ):
        for future in as_completed([pool.submit(_learn, config, *job) for job in missing]):
            future.result()
            advance(1)
    figures = [figure for task in tasks for figure in _figures(task, config)]
    write_figures(config.out, "rerank", figures, describe_run(config))
    return figures


def _weakest(config: RerankingConfig) -> list[str]:
    """Return the tasks with the least mean score on train variations, the weakest first."""
    tasks = read_meta(config.planner, "planner").tasks
    protocol = _protocol(tasks, "train", config.train_variations, config)
    rows = _play("sgd", protocol, config)

    def mean(task: str) -> float:
        return float(np.mean([row["score_negative_as_zero"] for row in rows if row["task"] == task]))

    return sorted(tasks, key=mean)[: config.weakest]


def _folder(config: RerankingConfig, task: str, seed: int) -> Path:
    return config.out / f"{task}-{config.moves}-{seed}"


def _learn(config: RerankingConfig, task: str, seed: int) -> None:
    import torch

    from sgd_gym.agents.sb3.rerank import RerankConfig, learn_ranking

    torch.set_num_threads(1)
    learn_ranking(
        RerankConfig(
            planner=config.planner,
            executor=str(config.executor),
            task=task,
            count=config.count,
            moves=config.moves,
            seed=seed,
            out=_folder(config, task, seed),
        )
    )


def _figures(task: str, config: RerankingConfig) -> list[Figure]:
    """Return the dev scores of a task before and after, and their difference."""
    protocol = _protocol([task], "dev", config.dev_variations, config)
    before = _play(f"{task}: before", protocol, config)
    after = []
    for seed in range(config.seeds):
        after += _play(f"{task}: after", protocol, config, seed)
    figures = []
    for rows, seeds in ((before, ""), (after, f", {config.seeds} seeds")):
        one = overall_summary(summarise(rows, protocol), rows[0]["agent"])
        note = f"{one.episodes} dev episodes{seeds}"
        figures.append(Figure(one.agent, one.score.mean, one.score.low, one.score.high, note=note))
    gain = compare_rows(after, before, protocol)[-1].difference
    figures.append(
        Figure(f"{task}: gain", gain.mean, gain.low, gain.high, note="points on the same episodes")
    )
    return figures


def _protocol(tasks: list[str], split: str, variations: int, config: RerankingConfig) -> Protocol:
    limits = (config.max_moves, 50, "easy", ())
    return Protocol("reranking", tuple(tasks), split, variations, *limits, pick="spread")


def _play(name: str, protocol: Protocol, config: RerankingConfig, seed: int | None = None) -> list[Row]:
    """Play as agent *sgd*, with the ranking of a seed if there is one."""
    ranking = None if seed is None else _folder(config, protocol.tasks[0], seed)
    settings = BenchConfig(planner=config.planner, executor=config.executor, ranking=ranking)
    entry = make_entry("sgd", settings, settings.open_client)
    fingerprint = fingerprint_of(name, protocol, seed, entry.checkpoints)
    told = f"{name.replace(': ', '-')}-{protocol.split}" + ("" if seed is None else f"-{seed}")
    journal = config.out / f"episodes-{told}.jsonl"
    episodes, worlds = protocol.episodes(), config.processes
    rows = play(name, entry.make_agent, protocol, episodes, worlds, journal, fingerprint, seed)
    return [{**row, "money": 0.0} for row in rows]
