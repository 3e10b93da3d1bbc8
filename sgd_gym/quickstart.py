"""The main job in one command: collect, shorten, annotate, train, compare; small enough for two cores.

Every stage keeps what is whole, so a second run of the same command goes on where the first one stopped.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from rich.console import Console

from sgd_gym.benchmarks.bench import BenchConfig, MergeConfig, bench, merge
from sgd_gym.benchmarks.page.build import ReportConfig, make_report
from sgd_gym.benchmarks.protocols import QUICKSTART_TASKS
from sgd_gym.benchmarks.sheets import make_terminal
from sgd_gym.benchmarks.tables import make_sheets
from sgd_gym.data.annotate import AnnotateConfig, annotate_folder
from sgd_gym.data.collect import CollectConfig, collect
from sgd_gym.data.shorten import shorten_folder
from sgd_gym.progress import CONSOLE
from sgd_gym.prompts import Role
from sgd_gym.shipped import DEFAULT
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.job import FIGURES
from sgd_gym.training.train import train

ROLES: tuple[Role, ...] = ("planner", "executor", "flat")
EPOCHS = 20
TRAIN_VARIATIONS, DEV_VARIATIONS = 80, 10


@dataclass
class QuickstartConfig:
    """Collect and annotate paths, train three nano models, and compare them with the shipped weights."""

    out: Path = Path("runs/quickstart")
    """Folder for data, checkpoints and results."""
    seed: int = 0
    """Seed of training and of the agents that draw."""
    worlds: int = 2
    """How many simulators run side by side."""
    play_only: bool = False
    """Train nothing: only the weights that come with the package play."""
    smoke: bool = False
    """One task, a few variations and short trainings: shows that everything works, not how well."""


def quickstart(config: QuickstartConfig) -> None:
    """Run the main job and print the table that compares the agents."""
    started = monotonic()
    out = config.out
    acting = BenchConfig(
        protocol="smoke" if config.smoke else "quickstart-dev", worlds=config.worlds, seed=config.seed
    )
    played, references = [], ["random", "oracle"]
    if not config.play_only:
        planner, executor, flat = _train(config)
        _stage(4, "play the dev variations with four agents")
        own = replace(acting, planner=planner, executor=executor, flat=flat)
        played.append(bench(replace(own, agents=["sgd", "flat", *references], out=out / "trained")).path)
        references = []
    _stage(5, "play them with the weights that come with the package")
    shipped = replace(acting, planner=Path(DEFAULT), executor=Path(DEFAULT), flat=Path(DEFAULT))
    played.append(bench(replace(shipped, agents=["sgd", "flat", *references], out=out / "shipped")).path)
    results = merge(MergeConfig(played, out=out))
    report = make_report(ReportConfig(played, out / "report.html"))
    minutes = (monotonic() - started) / 60
    console = Console()
    console.print(make_terminal(make_sheets(results.summaries(), results.protocol)))
    console.print(f"Took {minutes:.1f} minutes. Results: {results.path}", soft_wrap=True)
    console.print(f"Every game, move by move: open {report} in a browser", soft_wrap=True)
    console.print(f"Curves and scores: tensorboard --logdir {out / 'tensorboard'}", soft_wrap=True)


def _train(config: QuickstartConfig) -> list[Path]:
    """Make the data, train a model for each role, and return their folders."""
    tasks = list(QUICKSTART_TASKS[1:2] if config.smoke else QUICKSTART_TASKS)
    data = config.out / "data"
    _stage(1, "collect oracle paths from the simulator, and shorten them")
    plan = CollectConfig(out=data / "raw", tasks=tasks, worlds=config.worlds)
    for split, most in (("train", TRAIN_VARIATIONS), ("dev", DEV_VARIATIONS)):
        collect(replace(plan, splits=[split], max_variations=2 if config.smoke else most))
    shorten_folder(data / "raw", data / "short", config.worlds)
    _stage(2, "annotate them with sub-goals by rules")
    annotate_folder(AnnotateConfig(data=data / "short", out=data / "annotated"))
    _stage(3, "train a nano planner, a nano executor and a nano flat model")
    folders = [config.out / "checkpoints" / role for role in ROLES]
    for role, folder in zip(ROLES, folders, strict=True):
        meta = train(
            role,
            TrainConfig(
                out=folder,
                data=data / "annotated",
                epochs=1 if config.smoke else EPOCHS,
                seed=config.seed,
                tensorboard=config.out / "tensorboard" / f"train-{role}",
            ),
        )
        CONSOLE.print(
            f"{role}: {meta.scores[f'exact_{FIGURES[role]}']:.1%} of its dev targets written exactly"
        )
    return folders


def _stage(number: int, what: str) -> None:
    CONSOLE.rule(f"{number}/5 {what}", align="left")
