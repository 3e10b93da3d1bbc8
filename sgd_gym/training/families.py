"""Which family and size of model is worth its training: equal minutes, equal data, dev scores.

Each row trains for the same time on the same tasks, then plays as agent *sgd*. One model writes sub-goals and
commands, but for one row that divides the time between two models.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from sgd_gym.agents.base import Agent
from sgd_gym.agents.sgd.agent import SGDAgent
from sgd_gym.agents.sgd.executor import ModelExecutor
from sgd_gym.agents.sgd.planner import ModelPlanner
from sgd_gym.benchmarks.figures import Figure, write_figures
from sgd_gym.benchmarks.protocols import Protocol
from sgd_gym.benchmarks.run import fingerprint_of, play
from sgd_gym.benchmarks.stats import mean_interval
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.files import write_json
from sgd_gym.models.generation import load_writer
from sgd_gym.models.presets import FAMILIES
from sgd_gym.provenance import describe_run
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.speed import measure_pace
from sgd_gym.training.train import train

TASKS = (
    *("boil", "melt", "use-thermometer", "power-component", "test-conductivity", "find-living-thing"),
    *("find-plant", "grow-plant", "chemistry-mix-paint-secondary-color", "lifespan-longest-lived"),
    *("identify-life-stages-1", "inclined-plane-determine-angle"),
)
"""A short, a medium or a long one of nearly each topic."""


@dataclass
class FamiliesConfig:
    """Compare families and sizes of models after the same minutes of training."""

    data: Path = Path("data/annotated")
    """Annotated episodes, best of shortened paths."""
    tasks: list[str] = field(default_factory=lambda: list(TASKS))
    """Task names or ids."""
    presets: list[str] = field(default_factory=lambda: ["nano", "tiny"])
    """Sizes to compare."""
    minutes: float = 30.0
    """How long each row trains."""
    dev_variations: int = 5
    """How many dev variations of each task are played."""
    worlds: int = 2
    """How many simulators run side by side."""
    seed: int = 0
    """Of training."""
    out: Path = Path("runs/families")
    """Folder for families.json, families.md, families.png and the checkpoints."""


def compare_families(config: FamiliesConfig) -> list[Figure]:
    """Train and play every row, write the files, and return the figures; what was finished is kept."""
    tasks = [task.name for task in get_tasks(config.tasks)]
    plan = TrainConfig(config.out, config.data, tasks, seed=config.seed)
    rows = [
        (f"{family} {preset}", replace(plan, model=preset, family=cast(Any, family), shared=True))
        for preset in config.presets
        for family in FAMILIES
    ]
    rows.append((f"decoder-only {config.presets[0]}, two models", replace(plan, model=config.presets[0])))
    figures = []
    for name, settings in rows:
        planner, executor = _train(name, settings, config)
        scores = _play(name, planner, executor, tasks, config)
        one = mean_interval([scores[task] for task in tasks])
        note = f"mean over {len(tasks)} tasks, {config.dev_variations} dev variations each, one training seed"
        figures.append(Figure(name, one.mean, one.low, one.high, note=note))
    write_figures(config.out, "families", figures, describe_run(config))
    _draw(figures, config.out / "families.png")
    return figures


def _train(name: str, settings: TrainConfig, config: FamiliesConfig) -> tuple[Path, Path]:
    """Return the checkpoints of planner and executor, which may be one."""
    folder = config.out / name.replace(",", "").replace(" ", "-")
    if settings.shared:
        _train_one("planner", replace(settings, out=folder), config.minutes)
        return folder, folder
    for role in ("planner", "executor"):
        _train_one(role, replace(settings, out=folder / role), config.minutes / 2)
    return folder / "planner", folder / "executor"


def _train_one(role: str, settings: TrainConfig, minutes: float) -> None:
    """Train for so many minutes: as many passes as they are enough for at the pace measured first."""
    note = settings.out.with_name(f"{settings.out.name}.epochs.json")
    if not note.exists():
        tokens_per_second, tokens = measure_pace(role, settings, seconds=30.0)
        write_json(note, {"epochs": round(minutes * 60 * tokens_per_second / tokens, 3)})
    train(role, replace(settings, epochs=json.loads(note.read_text(encoding="utf-8"))["epochs"]))


def _play(
    name: str, planner: Path, executor: Path, tasks: list[str], config: FamiliesConfig
) -> dict[str, list[int]]:
    protocol = Protocol("families", tuple(tasks), "dev", config.dev_variations, 100, 30, "easy", ())

    def make_agent() -> Agent:
        return SGDAgent(
            ModelPlanner(load_writer(planner, "planner")), ModelExecutor(load_writer(executor, "executor"))
        )

    fingerprint = fingerprint_of(name, protocol, config.seed, [planner, executor])
    journal = config.out / f"episodes-{planner.name if planner == executor else 'two'}.jsonl"
    rows = play(
        name, make_agent, protocol, protocol.episodes(seed=config.seed), config.worlds, journal, fingerprint
    )
    return {task: [row["score_negative_as_zero"] for row in rows if row["task"] == task] for task in tasks}


def _draw(figures: list[Figure], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panel = pyplot.subplots(figsize=(6.4, 0.5 * len(figures) + 1.2))
    names = [one.name for one in figures]
    values = [one.value for one in figures]
    low = [max(0.0, one.value - (one.low or 0)) for one in figures]
    high = [max(0.0, (one.high or 0) - one.value) for one in figures]
    panel.barh(names, values, xerr=[low, high], color="tab:blue", alpha=0.8, capsize=3)
    panel.invert_yaxis()
    panel.set_xlabel("dev score, mean over tasks (95 % interval over variations)")
    panel.set_xlim(0, 100)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
