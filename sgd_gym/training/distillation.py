"""What distillation from a larger teacher adds: the methods of arXiv 2505.13820, its ablations and baselines.

All students are of one size, train for the same minutes and play the same dev episodes as agent *sgd*, each
one model that writes sub-goals and commands. The teacher is asked once, before the minutes begin, and its
likeliest tokens are kept for all; one student asks it at each batch instead, within its minutes. They are
made side by side in processes, so that every student has an equal share of the CPU cores all the time.
"""

import csv
import os
from concurrent.futures import as_completed
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from sgd_gym.benchmarks.bench import BenchConfig, bench
from sgd_gym.benchmarks.compare import figure_beside
from sgd_gym.benchmarks.figures import Figure, draw_scores, load_pyplot, write_figures
from sgd_gym.benchmarks.journal import Row
from sgd_gym.benchmarks.played import PlayedConfig, keep_played
from sgd_gym.benchmarks.protocols import get_protocol
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.errors import UnknownNameError
from sgd_gym.models.checkpoint import read_meta
from sgd_gym.processes import start_processes
from sgd_gym.progress import track
from sgd_gym.provenance import describe_run
from sgd_gym.training.averaging import LAST_RATE
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.equal_minutes import TASKS, train_minutes

PROTOCOL = "dev-mini"
AVERAGE = 0.3
"""Share of training whose weights are averaged, as in the default models, so that trainings differ less."""
EVALS = 2
"""Evaluations of a student, which choose nothing among averaged weights; each keeps the state of training."""
TEACHER, IMITATION, SEQUENCE, ON_POLICY = "teacher", "imitation", "sequence-kd", "on-policy"
BELIEFS = 8
"""How many likeliest tokens of the teacher are kept at each place."""
STRUCTURED: dict[str, Any] = {"objective": "structured-kd", "beliefs": BELIEFS}
METHODS: dict[str, dict[str, Any]] = {
    IMITATION: {},
    "hard-labels": {"context_weight": 0.0},
    SEQUENCE: {},
    "token-kd": {"objective": "token-kd", "beliefs": BELIEFS},
    "structured-kd": STRUCTURED,
    "no-spans": {**STRUCTURED, "masks": "none"},
    ON_POLICY: STRUCTURED,
    "curriculum": {**STRUCTURED, "curriculum": True},
    "reason-only": {**STRUCTURED, "act_weight": 0.0},
    "act-only": {**STRUCTURED, "reason_weight": 0.0},
    "random-masks": {**STRUCTURED, "masks": "random"},
    "asked-each-time": {**STRUCTURED, "beliefs": None},
}
"""Settings of `TrainConfig` by method; those after structured-kd are kinds of it.

With hard-labels the recorded text of both spans is imitated, and nothing that is read, as in structured-kd.
For sequence-kd a student imitates the games that the teacher solved, of the whole train split; on policy, it
spends the second half of the time with its own games among the recorded ones, however they ended, and goes on
at the learning rate at which the first half ended."""

PACE = dict.fromkeys(("curriculum", "reason-only", "act-only", "random-masks"), "structured-kd")
"""Methods whose steps cost as much as those of another one, and which train for as many passes: a pace
measured beside a process that plays games is lower."""


@dataclass
class DistillationConfig:
    """Compare students of one teacher."""

    data: Path = Path("data/annotated")
    """Annotated episodes."""
    tasks: list[str] = field(default_factory=lambda: list(TASKS))
    """Task names or ids."""
    methods: list[str] = field(default_factory=lambda: list(METHODS))
    """Which students there are; imitation always is."""
    teacher_size: str = "tiny"
    """Preset of the teacher."""
    size: str = "nano"
    """Preset of the students."""
    teacher_minutes: float = 30.0
    """How long the teacher trains."""
    minutes: float = 15.0
    """How long each student trains."""
    kept_score: int = 100
    """Games of the teacher that end below are not imitated (sequence-kd)."""
    played_share: float = 0.5
    """Share of a student's own games in its on-policy half."""
    seeds: int = 1
    """How many students of each kind."""
    once: list[str] = field(default_factory=list)
    """Of these methods there is one student only."""
    processes: int = 1
    """How many students are made side by side, each with its share of the CPU cores."""
    protocol: str = PROTOCOL
    """What teacher and students play: `dev-mini`, `quickstart-dev`, `smoke`."""
    worlds: int = 8
    """How many simulators each process plays in."""
    out: Path = Path("runs/distillation")
    """Folder for distillation.json, .md and .png, and the checkpoints."""


@dataclass(frozen=True)
class _Made:
    """A model that was trained and has played."""

    passes: float
    """Over its episodes, in training."""
    scores: dict[str, float]
    """Its dev figures of training, such as the share of sub-goals written exactly."""
    rows: list[Row]
    """Its episodes on dev."""


def compare_distillation(config: DistillationConfig) -> list[Figure]:
    """Train and play teacher and students, write the files, and return the figures; what was made is kept.

    Raises:
        UnknownNameError: If there is no such method, seed or process.
    """
    for method in [*config.methods, *config.once]:
        if method not in METHODS:
            raise UnknownNameError("method", method, METHODS)
    for name in ("seeds", "processes"):
        if getattr(config, name) < 1:
            raise UnknownNameError(name, getattr(config, name), ["1 or more"])
    load_pyplot()
    tasks = [task.name for task in get_tasks(config.tasks)]
    teacher = config.out / TEACHER
    plan = TrainConfig(teacher, config.data, tasks, model=config.teacher_size, shared=True, average=AVERAGE)
    passes = train_minutes("planner", plan, config.teacher_minutes)
    made = {TEACHER: [_play_dev(teacher, TEACHER, passes, tasks, config)]}
    methods = list(dict.fromkeys([IMITATION, *config.methods]))
    if SEQUENCE in methods:
        _keep(teacher, "train-all", config.kept_score, tasks, config)  # now, with all cores
    student = replace(plan, model=config.size, teacher=teacher, evals=EVALS)
    jobs = [
        (method, replace(student, seed=seed, **METHODS[method]))
        for seed in range(config.seeds)
        for method in methods
        if not (seed and method in config.once)
    ]
    for (method, _), one in zip(jobs, _make_students(jobs, config), strict=True):
        made.setdefault(method, []).append(one)
    figures = [_figure(name, own, made[IMITATION], config.protocol) for name, own in made.items()]
    write_figures(config.out, "distillation", figures, describe_run(config), _published())
    label = f"{config.protocol}: score, mean over {len(tasks)} tasks (95 % interval)"
    draw_scores(figures, label, config.out / "distillation.png")
    return figures


def _published() -> list[str]:
    """Return the paper's figures as lines of Markdown."""
    path = files("sgd_gym.benchmarks") / "published" / "structured_distillation.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    lines = [f"| {row['method']} | {row['score']} | {row['source']} |" for row in rows]
    told = "Published on other worlds, with other models: not to be compared in height, only in order."
    return [told, "", "| method | score | source |", "|---|---:|---|", *lines]


def _make_students(jobs: list[tuple[str, TrainConfig]], config: DistillationConfig) -> list[_Made]:
    """Train and play students."""
    if config.processes == 1:
        return [_make_student(*job, config) for job in jobs]
    with track("students", len(jobs)) as advance, start_processes(config.processes) as pool:
        futures = [pool.submit(_make_beside_others, *job, config) for job in jobs]
        for future in as_completed(futures):
            future.result()
            advance(1)
    return [future.result() for future in futures]


def _make_beside_others(method: str, settings: TrainConfig, config: DistillationConfig) -> _Made:
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // config.processes))
    with (config.out / f"{method}-{settings.seed}.log").open("a", encoding="utf-8") as log:
        for stream in (1, 2):  # the bars of several processes would overwrite each other in one terminal
            os.dup2(log.fileno(), stream)
    return _make_student(method, settings, config)


def _make_student(method: str, settings: TrainConfig, config: DistillationConfig) -> _Made:
    folder = config.out / f"{method}-{settings.seed}"
    passes = _train(method, replace(settings, out=folder), config)
    return _play_dev(folder, method, passes, settings.tasks or [], config)


def _train(method: str, settings: TrainConfig, config: DistillationConfig) -> float:
    """Train one student, and return the passes over its episodes."""
    tasks = settings.tasks or []
    if method == SEQUENCE:
        games = _keep(config.out / TEACHER, "train-all", config.kept_score, tasks, config)
        settings = replace(settings, data=games, dev_data=settings.data)
    note = config.out / f"{PACE.get(method, method)}.pace.json"
    if method != ON_POLICY:
        return train_minutes("planner", settings, config.minutes, note)
    first = replace(settings, out=settings.out.with_name(f"{settings.out.name}-first"))
    first_note = note.with_name(f"{method}-first.pace.json")
    passes = train_minutes("planner", first, config.minutes / 2, first_note)
    games = _keep(first.out, "train-30", -100, tasks, config)
    second = replace(
        settings,
        init=first.out,
        learning_rate=LAST_RATE * first.peak_learning_rate,
        played=games,
        played_share=config.played_share,
    )
    return passes + train_minutes("planner", second, config.minutes / 2, note)


def _keep(folder: Path, protocol: str, min_score: int, tasks: list[str], config: DistillationConfig) -> Path:
    """Let a model play train episodes, and return a folder of those that ended at so many points or more."""
    out = folder.with_name(f"{folder.name}-games")
    _play(folder, out, protocol, tasks, config)
    keep_played(PlayedConfig(out / "results.json", "sgd", min_score, out / "episodes"))
    return out / "episodes"


def _play_dev(folder: Path, name: str, passes: float, tasks: list[str], config: DistillationConfig) -> _Made:
    rows = _play(folder, folder.with_name(f"{folder.name}-dev"), config.protocol, tasks, config)
    return _Made(passes, read_meta(folder).scores, [{**row, "agent": name} for row in rows])


def _play(folder: Path, out: Path, protocol: str, tasks: list[str], config: DistillationConfig) -> list[Row]:
    settings = BenchConfig(
        *(["sgd"], protocol, tasks, out), planner=folder, executor=folder, worlds=config.worlds
    )
    return bench(settings).rows


def _figure(name: str, made: list[_Made], imitation: list[_Made], protocol: str) -> Figure:
    count = len(made)
    subgoals, commands = (
        100 * sum(one.scores[figure] for one in made) / count for figure in ("exact_subgoal", "exact_command")
    )
    note = (
        f"{count} seed{'s' * (count > 1)}, {sum(one.passes for one in made) / count:.1f} passes, "
        f"{subgoals:.1f} % of sub-goals and {commands:.1f} % of commands exact"
    )
    rows, others = ([row for one in group for row in one.rows] for group in (made, imitation))
    base = rows if name in (TEACHER, IMITATION) else others
    return figure_beside(name, rows, base, get_protocol(protocol), IMITATION, note)
