"""Whether the distillation data keeps its promises: short paths, evidence before decisions, few sub-goals."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sgd_gym.benchmarks.figures import Figure, check_bars, write_figures
from sgd_gym.data.annotate import annotate_episode
from sgd_gym.data.evidence import EVIDENCE, START, check_evidence
from sgd_gym.data.pool import play_jobs
from sgd_gym.data.recording import play_path
from sgd_gym.data.replay import SHORTENED
from sgd_gym.data.shorten import MOVES, score_at
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import TASKS, get_task
from sgd_gym.errors import DataError
from sgd_gym.progress import track
from sgd_gym.provenance import describe_run
from sgd_gym.subgoals import PREDICATES, Subgoal, parse
from sgd_gym.trajectories import FAILED, Episode, episode_files, read_episodes

SPLIT = "dev"
MUTANT_SPLITS = (SPLIT, "train")
_KEPT_NAMES = ("room", "device")
"""Roles whose names are the same in all variations; others are replaced before sub-goals are compared."""


@dataclass
class PathsConfig:
    """Check shortened and annotated paths against their bars, and take the evidence out of some."""

    raw: Path = Path("data/raw")
    """Folder that 'sgd-gym collect' wrote."""
    short: Path = Path("data/short")
    """Folder that 'sgd-gym collect --shorten' wrote."""
    mutants: int = 20
    """From how many paths of each task the deciding observation is taken out: dev first, then train."""
    worlds: int = 2
    """How many simulators run side by side."""
    made_in_s: float | None = None
    """Seconds that it took to collect, shorten and annotate the paths from nothing, if it is known."""
    out: Path = Path("runs/paths")
    """Folder for paths.json and paths.md."""


@dataclass(frozen=True)
class Mutant:
    """A path without the observation that a decision rests on."""

    task: str
    variation: int
    clue: int
    score: int
    caught: bool
    """Whether the check found that something is missing."""


def measure_paths(config: PathsConfig) -> list[Figure]:
    """Measure, write paths.json and paths.md, and return the figures with their bars.

    Raises:
        DataError: If a folder holds no data.
        SgdGymError: If a bar is missed; the files are written first.
    """
    raw, short = (_read(folder) for folder in (config.raw, config.short))
    short_by_name = {one.episode_id: one for one in short}
    failed = [one for one in _read_failed(config.raw) if one.episode_id not in short_by_name]
    mutants = make_mutants(short, config.mutants, config.worlds)
    figures = [
        *_time_figures(config),
        *_length_figures([*raw, *failed], [*short, *failed]),
        Figure(
            "mutants that the check missed",
            sum(not one.caught for one in mutants),
            bar=0,
            at_most=True,
            note=f"of {len(mutants)}; {sum(one.score == 100 for one in mutants)} of them still score 100",
        ),
        *_subgoal_figures(raw, "raw", 3, 8),
        *_subgoal_figures(short, "shortened", 2, 6),
    ]
    payload = {**describe_run(config), "mutants": [vars(one) for one in mutants]}
    lines = [*_task_lines([*raw, *failed], [*short, *failed], mutants)]
    write_figures(config.out, "paths", figures, payload, lines)
    check_bars(figures, config.out / "paths.md")
    return figures


def make_mutants(episodes: Sequence[Episode], count: int, worlds: int) -> list[Mutant]:
    """Take the deciding observations out of paths, play what is left, and check it.

    Args:
        episodes: Shortened paths.
        count: How many of each task; those of dev first, then of train.
        worlds: How many simulators run side by side.
    """
    ids = {task_id for evidence in EVIDENCE for task_id in evidence.tasks}
    chosen: list[Episode] = []
    for task in TASKS:
        own = [one for one in episodes if one.task == task.name and one.source == SHORTENED]
        by_split = [one for split in MUTANT_SPLITS for one in own if one.split == split]
        chosen += by_split[:count] if task.id in ids else []
    mutants: list[Mutant] = []
    with track("take evidence out", len(chosen)) as advance:

        def play(env: ScienceWorldEnv, episode: Episode) -> None:
            mutants.extend(_mutate(env, episode))
            advance(1)

        for split in MUTANT_SPLITS:

            def make_env(split: str = split) -> ScienceWorldEnv:
                return ScienceWorldEnv(split=split)

            play_jobs(make_env, [one for one in chosen if one.split == split], play, worlds)
    return sorted(mutants, key=lambda one: (one.task, one.variation, one.clue))


def _mutate(env: ScienceWorldEnv, episode: Episode) -> Iterator[Mutant]:
    task_id = get_task(episode.task).id
    for number, steps in enumerate(check_evidence(episode, task_id)[-1].clues):
        if START in steps:
            continue  # the room shows it at the start; no action does
        left = [command for step, command in enumerate(episode.actions) if step not in steps]
        played = play_path(env, episode.task, episode.variation, left, "mutant")
        caught = any(finding.fault for finding in check_evidence(played, task_id))
        yield Mutant(episode.task, episode.variation, number, played.score, caught)


def _read(folder: Path) -> list[Episode]:
    return [episode for file in episode_files(folder) for episode in read_episodes(file)]


def _read_failed(folder: Path) -> list[Episode]:
    return [one for file in sorted((folder / FAILED).glob("**/*.parquet")) for one in read_episodes(file)]


def _time_figures(config: PathsConfig) -> list[Figure]:
    if config.made_in_s is None:
        return []
    note = f"{config.worlds} worlds"
    return [
        Figure("minutes to make them from nothing", config.made_in_s / 60, bar=150, at_most=True, note=note)
    ]


def _length_figures(raw: Sequence[Episode], short: Sequence[Episode]) -> list[Figure]:
    """Return mean moves and score at 100 moves of the splits together, each task counting once."""
    figures = []
    for name, episodes in (("raw", raw), ("shortened", short)):
        figures.append(Figure(f"moves, {name}", _mean_of_tasks(episodes, lambda one: len(one.steps))))
    for name, episodes, bar in (("raw", raw, None), ("shortened", short, 98.0)):
        score = _mean_of_tasks(episodes, score_at)
        note = f"mean of tasks; {len(episodes)} paths, those that fail among them"
        figures.append(Figure(f"oracle score at {MOVES} moves, {name}", score, bar=bar, note=note))
    return figures


def _mean_of_tasks(episodes: Sequence[Episode], measure: Callable[[Episode], float]) -> float:
    means = []
    for task in TASKS:
        own = [measure(one) for one in episodes if one.task == task.name]
        means += [sum(own) / len(own)] if own else []
    if not means:
        raise DataError("There is no episode to measure. Fix: sgd-gym collect --shorten.")
    return sum(means) / len(means)


def _subgoal_figures(episodes: Sequence[Episode], name: str, low: float, high: float) -> list[Figure]:
    annotated = [annotate_episode(one) for one in episodes]
    dev = [one for one in annotated if one.split == SPLIT]
    moves = sum(len(one.steps) for one in dev)
    options = sum((one.steps[-1].option_index or 0) + 1 for one in dev)
    used = {split: _subgoals(one for one in annotated if one.split == split) for split in ("train", SPLIT)}
    predicates = {parse(text).predicate for texts in used.values() for text in texts}
    shapes = {split: {_shape(parse(text)) for text in texts} for split, texts in used.items()}
    unseen = shapes[SPLIT] - shapes["train"]
    share = 100 * len(unseen) / max(1, len(shapes[SPLIT]))
    ratio = moves / max(1, options)
    return [
        Figure(f"moves a sub-goal, {name}, at least", ratio, bar=low, note=f"{options} dev sub-goals"),
        Figure(f"moves a sub-goal, {name}, at most", ratio, bar=high, at_most=True),
        Figure(f"predicates, {name}", len(predicates), bar=40, at_most=True, note=f"of {len(PREDICATES)}"),
        Figure(
            f"distinct dev sub-goals unseen in train, {name}, %",
            share,
            bar=5,
            at_most=True,
            note=f"{len(unseen)} of {len(shapes[SPLIT])} without object names {sorted(unseen)[:5]}",
        ),
    ]


def _subgoals(episodes: Iterator[Episode]) -> Counter[str]:
    return Counter(step.subgoal or "" for episode in episodes for step in episode.steps)


def _shape(subgoal: Subgoal) -> str:
    """Return a sub-goal with its objects' names replaced: `heat(object, stove)`."""
    roles = PREDICATES[subgoal.predicate]
    arguments = [
        name if role in _KEPT_NAMES else role for name, role in zip(subgoal.arguments, roles, strict=True)
    ]
    return f"{subgoal.predicate}({', '.join(arguments)})"


def _task_lines(raw: Sequence[Episode], short: Sequence[Episode], mutants: Sequence[Mutant]) -> list[str]:
    lines = [
        "",
        f"Each task: paths of all splits, mean moves, mean score at {MOVES} moves, and mutants.",
        "",
        "| task | paths | moves raw | shortened | score raw | shortened | kept raw | mutants | caught |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for task in TASKS:
        before, after = ([one for one in part if one.task == task.name] for part in (raw, short))
        own = [one for one in mutants if one.task == task.name]
        if before and after:
            cells = [f"{sum(len(one.steps) for one in part) / len(part):.1f}" for part in (before, after)] + [
                f"{sum(map(score_at, part)) / len(part):.1f}" for part in (before, after)
            ]
            kept = sum(one.source != SHORTENED for one in after)
            caught = sum(one.caught for one in own)
            lines.append(
                f"| {task.name} | {len(after)} | {' | '.join(cells)} | {kept} | {len(own)} | {caught} |"
            )
    return lines
