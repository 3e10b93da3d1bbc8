"""The headline figures from nothing: train the default models, then play the papers' protocols with them.

A student learns from half of the oracle paths; where it goes wrong on the train split, a guide plays on; from
all paths and the guided games learn *sgd*, one model for planner and executor, and *flat*, of the same size.
Every stage keeps what is whole, so that a second run of the same command goes on where the first one stopped.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from sgd_gym.benchmarks.bench import BenchConfig, bench
from sgd_gym.benchmarks.figures import load_pyplot, make_figure_table
from sgd_gym.benchmarks.headline import write_headline
from sgd_gym.benchmarks.page.build import ReportConfig, make_report
from sgd_gym.benchmarks.played import PlayedConfig, keep_played
from sgd_gym.data.annotate import AnnotateConfig, annotate_folder
from sgd_gym.data.collect import CollectConfig, collect
from sgd_gym.files import write_json
from sgd_gym.models.checkpoint import META_FILE, read_meta, shrink_checkpoint
from sgd_gym.processes import start_processes
from sgd_gym.progress import CONSOLE
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.train import train

STUDENT_SHARE = 0.5
"""Share of each task's variations that the student reads: on those that it has read it hardly errs."""
STUDENT_EPOCHS, EPOCHS, FLAT_EPOCHS = 3.0, 7.5, 8.0
"""Passes over the train data; *flat*, whose passes have fewer steps, shall train as long as *sgd*: about 40
minutes on two cores."""
TELLINGS = 4
"""In so many ways *sgd* and *flat* are told each episode, lest they learn by heart what they read."""
AVERAGE = 0.3
"""*sgd* and *flat* are the means of their weights over this last share of training: single trainings differ
by points in the simulator, with the same dev loss."""
GAMES = "train-30"
"""Protocol of the guided games: the last variations of each task, which the student has not read if they are
many."""
PLAYED = {
    "sgd-100": ["sgd", "flat", "random", "oracle"],
    "swiftsage-271": ["sgd", "flat"],
    "full-test": ["sgd"],
}
"""Protocols, and who plays them."""


@dataclass
class ReproduceConfig:
    """Train the default models, and evaluate them as the papers do."""

    out: Path = Path("runs/reproduce")
    """Folder for data, weights, results and the report."""
    tasks: list[str] | None = None
    """Tasks to learn and to play; all if not given."""
    seed: int = 0
    """Seed of the trainings."""
    worlds: int = 8
    """How many simulators run side by side."""


def reproduce(config: ReproduceConfig) -> dict[str, float]:
    """Run every stage, and return the minutes that each has taken, over all runs of the command.

    Raises:
        SgdGymError: If matplotlib is not installed, or a stage fails.
    """
    load_pyplot()
    out, lessons, clock = config.out, config.out / "lessons", _Clock(config.out / "minutes.json")
    with clock.measure("oracle paths"):
        raw, short = out / "paths" / "raw", out / "paths" / "short"
        tasks, splits = config.tasks or ["all"], ["train", "dev"]
        collect(CollectConfig(raw, tasks, splits, from_shipped=True, shorten=True, short_out=short))
        annotate_folder(AnnotateConfig(short, lessons / "paths"))
    plan = TrainConfig(out, lessons, dev_data=lessons / "paths", seed=config.seed)
    with clock.measure("a student"):
        half = replace(plan, data=lessons / "paths", fraction=STUDENT_SHARE, epochs=STUDENT_EPOCHS)
        student = _train("student", half, out)
    acting = BenchConfig(tasks=config.tasks, worlds=config.worlds)
    with clock.measure("guided games"):
        games = replace(acting, agents=["guided"], protocol=GAMES, out=out / "games")
        results = bench(replace(games, planner=student, executor=student, guide=lessons / "paths"))
        keep_played(PlayedConfig(results.path, "guided", out=lessons / "games"))
    plan = replace(plan, tellings=TELLINGS, average=AVERAGE)
    with clock.measure("training of sgd"):
        sgd = _train("sgd", replace(plan, epochs=EPOCHS), out)
    with clock.measure("training of flat"):
        flat = _train("flat", replace(plan, epochs=FLAT_EPOCHS), out)
    acting = replace(acting, planner=sgd, executor=sgd, flat=flat)
    played = {}
    for protocol, agents in PLAYED.items():
        with clock.measure(protocol):
            played[protocol] = bench(replace(acting, agents=agents, protocol=protocol, out=out / protocol))
            make_report(ReportConfig([played[protocol].path], out / f"{protocol}.html"))
    if config.tasks is None:  # the papers' figures are means over all tasks
        CONSOLE.print(make_figure_table(write_headline(played, out, config)))
    return clock.minutes


def _train(name: str, settings: TrainConfig, out: Path) -> Path:
    """Train a model, shared by planner and executor but for *flat*; return its weights as they ship."""
    small = out / "weights" / name
    is_flat = name == "flat"
    tensorboard = out / "tensorboard" / f"train-{name}"
    settings = replace(settings, out=out / "checkpoints" / name, shared=not is_flat, tensorboard=tensorboard)
    # A training that follows a long one in the same process runs at two thirds of its pace.
    with start_processes(1) as pool:
        meta = pool.submit(train, "flat" if is_flat else "planner", settings).result()
    if not (small / META_FILE).exists() or read_meta(small) != meta:
        shrink_checkpoint(settings.out, small)
    return small


class _Clock:
    """Adds up the minutes of the stages in a file; of a stage that SIGKILL ends, they are not counted."""

    def __init__(self, path: Path):
        self._path = path
        self.minutes: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        CONSOLE.rule(stage, align="left")
        start, before = monotonic(), self.minutes.get(stage, 0.0)
        try:
            yield
        finally:
            self.minutes[stage] = round(before + (monotonic() - start) / 60, 2)
            write_json(self._path, self.minutes)
