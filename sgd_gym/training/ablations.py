"""What training needs: size of the model, data, short paths, tasks seen; equal minutes, dev scores.

Each row differs from the first one in one thing, and plays as agent *sgd*. One model writes sub-goals and
commands, but for one row that divides the time between two models.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from sgd_gym.benchmarks.compare import figure_beside
from sgd_gym.benchmarks.figures import Figure, draw_scores, load_pyplot, write_figures
from sgd_gym.benchmarks.journal import Row
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.errors import SgdGymError
from sgd_gym.provenance import describe_run
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.equal_minutes import TASKS, dev_protocol, play_dev, train_minutes

UNSEEN = ("melt", "test-conductivity", "find-plant")
"""Tasks left out of the training of one row; a task of the same topic stays in it."""


@dataclass
class TrainAblationsConfig:
    """Compare what a training needs, after the same minutes."""

    data: Path = Path("data/annotated")
    """Annotated episodes of shortened paths."""
    raw: Path | None = None
    """Annotated episodes of the oracle's own paths; no such row if not given."""
    tasks: list[str] = field(default_factory=lambda: list(TASKS))
    """Task names or ids."""
    unseen: list[str] = field(default_factory=lambda: list(UNSEEN))
    """Tasks that one row does not learn from."""
    sizes: list[str] = field(default_factory=lambda: ["nano", "tiny"])
    """Presets; the first one is that of all other rows."""
    fractions: list[float] = field(default_factory=lambda: [0.5, 0.1])
    """Shares of the train episodes of each task."""
    minutes: float = 15.0
    """How long each row trains."""
    dev_variations: int = 5
    """How many dev variations of each task are played."""
    worlds: int = 2
    """How many simulators run side by side."""
    seed: int = 0
    """Of training."""
    out: Path = Path("runs/ablations-train")
    """Folder for ablations_train.json, .md and .png, and the checkpoints."""


def ablate_training(config: TrainAblationsConfig) -> list[Figure]:
    """Train and play every row, write the files, and return the figures; what was finished is kept.

    Raises:
        SgdGymError: If tasks shall be left out that are not among the tasks, or matplotlib is not installed.
    """
    load_pyplot()
    tasks = [task.name for task in get_tasks(config.tasks)]
    unseen = [task.name for task in get_tasks(config.unseen)]
    strangers = [task for task in unseen if task not in tasks]
    if strangers or len(unseen) == len(tasks):
        raise SgdGymError(f"unseen is {', '.join(unseen)}. Allowed: some, not all, of {', '.join(tasks)}.")
    base = TrainConfig(config.out, config.data, tasks, model=config.sizes[0], shared=True, seed=config.seed)
    rows = {config.sizes[0]: base}
    rows |= {size: replace(base, model=size) for size in config.sizes[1:]}
    rows["planner and executor apart"] = replace(base, shared=False)
    rows |= {
        f"{100 * share:g} % of the episodes": replace(base, fraction=share) for share in config.fractions
    }
    if config.raw is not None:
        rows["the oracle's own paths"] = replace(base, data=config.raw)
    left = [task for task in tasks if task not in unseen]
    rows[f"without {', '.join(unseen)}"] = replace(base, tasks=left)
    played: dict[str, list[Row]] = {}
    figures = []
    for name, settings in rows.items():
        played[name], passes = _train_and_play(name, settings, tasks, config)
        note = f"{' and '.join(f'{one:.1f}' for one in passes)} passes, "
        figures.append(_figure(name, played[name], played[config.sizes[0]], tasks, config, note))
    for name in (config.sizes[0], list(rows)[-1]):
        told = f"{name}: on these alone"
        figures.append(_figure(told, played[name], played[config.sizes[0]], unseen, config))
    write_figures(config.out, "ablations_train", figures, describe_run(config))
    label = "dev score, mean over tasks (95 % interval over variations)"
    draw_scores(figures, label, config.out / "ablations_train.png")
    return figures


def _train_and_play(
    name: str, settings: TrainConfig, tasks: list[str], config: TrainAblationsConfig
) -> tuple[list[Row], list[float]]:
    """Return the rows of one training's episodes, and the passes of its models."""
    folder = config.out / re.sub(r"\W+", "-", name)
    planner, executor = (folder, folder) if settings.shared else (folder / "planner", folder / "executor")
    trainings = {"planner": planner} if settings.shared else {"planner": planner, "executor": executor}
    minutes = config.minutes / len(trainings)
    passes = [train_minutes(role, replace(settings, out=out), minutes) for role, out in trainings.items()]
    protocol = dev_protocol(tasks, config.dev_variations)
    journal = config.out / f"episodes-{folder.name}.jsonl"
    return play_dev(name, planner, executor, protocol, config.worlds, config.seed, journal), passes


def _figure(
    name: str,
    rows: list[Row],
    base: list[Row],
    tasks: list[str],
    config: TrainAblationsConfig,
    note: str = "",
) -> Figure:
    """Return the score on some of the tasks beside that of the first row."""
    own = [row for row in rows if row["task"] in tasks]
    others = own if rows is base else [row for row in base if row["task"] in tasks]
    note += f"{len(tasks)} tasks, {config.dev_variations} dev variations each, one training seed"
    return figure_beside(name, own, others, dev_protocol(tasks, config.dev_variations), config.sizes[0], note)
