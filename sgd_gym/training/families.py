"""Which family and size of model is worth its training: equal minutes, equal data, dev scores.

Each row trains one model, which writes sub-goals and commands, for the same time on the same tasks, and then
plays as agent *sgd*.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from sgd_gym.benchmarks.compare import figure_beside
from sgd_gym.benchmarks.figures import Figure, draw_scores, load_pyplot, write_figures
from sgd_gym.benchmarks.journal import Row
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.models.presets import FAMILIES
from sgd_gym.provenance import describe_run
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.equal_minutes import TASKS, dev_protocol, play_dev, train_minutes


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
    """Train and play every row, write the files, and return the figures; what was finished is kept.

    Raises:
        SgdGymError: If matplotlib is not installed.
    """
    load_pyplot()
    tasks = [task.name for task in get_tasks(config.tasks)]
    plan = TrainConfig(config.out, config.data, tasks, seed=config.seed)
    rows = [
        (f"{family} {preset}", replace(plan, model=preset, family=cast(Any, family), shared=True))
        for preset in config.presets
        for family in FAMILIES
    ]
    protocol = dev_protocol(tasks, config.dev_variations)
    played: dict[str, list[Row]] = {}
    for name, settings in rows:
        folder = config.out / name.replace(" ", "-")
        train_minutes("planner", replace(settings, out=folder), config.minutes)
        journal = config.out / f"episodes-{folder.name}.jsonl"
        played[name] = play_dev(name, folder, folder, protocol, config.worlds, config.seed, journal)
    first, base = next(iter(played.items()))
    note = f"{len(tasks)} tasks, {config.dev_variations} dev variations each, one training seed"
    figures = [figure_beside(name, own, base, protocol, first, note) for name, own in played.items()]
    write_figures(config.out, "families", figures, describe_run(config))
    label = "dev score, mean over tasks (95 % interval over variations)"
    draw_scores(figures, label, config.out / "families.png")
    return figures
