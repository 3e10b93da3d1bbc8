"""How well goals are detected, how often the scripted executor reaches them, how many options a mask opens.

On shortened dev paths. Positives of the detector are annotated sub-goals: one counts as found if it is seen
to hold at a move of its own. Negatives are states of other episodes in which the simulator's state excludes
the goal (`sgd_gym.benchmarks.truth`). The executor starts from the true start state of each sub-goal.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sgd_gym.agents.scripted import ScriptedExecutor
from sgd_gym.benchmarks.figures import Figure, check_bars, write_figures
from sgd_gym.benchmarks.truth import State
from sgd_gym.data.pool import play_jobs
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import TASKS, get_tasks
from sgd_gym.errors import DataError, UnknownNameError
from sgd_gym.goals import Detector, View, satisfies
from sgd_gym.knowledge import Knowledge
from sgd_gym.options import OptionRunner, primitive
from sgd_gym.progress import track
from sgd_gym.provenance import describe_run
from sgd_gym.subgoals.grammar import PREDICATES, Subgoal, parse
from sgd_gym.trajectories import Episode, episode_files, read_episodes
from sgd_gym.vocabulary import read_vocabulary

SPLIT = "dev"
RESAMPLES = 2000


@dataclass
class OptionsConfig:
    """Measure detector, scripted executor and initiation sets on shortened dev paths."""

    data: Path = Path("data/annotated")
    """Folder of annotated paths, best of shortened ones."""
    tasks: list[str] = field(default_factory=lambda: ["all"])
    """Task names or ids, or "all"."""
    max_variations: int = 6
    """How many dev paths of each task, spread evenly."""
    negatives: int = 50
    """States of other episodes for each sub-goal."""
    seed: int = 0
    """Draws the negatives."""
    worlds: int = 2
    """How many simulators run side by side."""
    out: Path = Path("runs/options")
    """Folder for options.json and options.md."""


@dataclass
class Start:
    """One annotated sub-goal of a path, from its first command on."""

    goal: Subgoal
    found: bool = False
    """Whether the detector saw it hold at one of its own moves."""
    can_start: bool = False
    """Whether its first state is in its initiation set."""
    share_open: float = 0.0
    """Which share of the task's train sub-goals could start there."""
    reached: bool = False
    """Whether the scripted executor reached it from there."""
    moves: int = 0
    """How many moves the executor made."""


@dataclass
class Played:
    """What one path showed."""

    task: str
    variation: int
    starts: list[Start]
    states: list[State]
    achieved: list[frozenset[Subgoal]]
    """What the detector saw in each state."""


def measure_options(config: OptionsConfig) -> list[Figure]:
    """Measure, write options.json and options.md, and return the figures with their bars.

    Raises:
        UnknownNameError: If a task does not exist, or a number is less than 1.
        DataError: If the folder holds no annotated dev path of a chosen task.
        SgdGymError: If a bar is missed; the files are written first.
    """
    for name in ("max_variations", "negatives", "worlds"):
        if getattr(config, name) < 1:
            raise UnknownNameError(name, getattr(config, name), ["1 or more"])
    episodes = _choose(config)
    played: list[Played] = []
    with track("play options", len(episodes)) as advance:

        def play(env: ScienceWorldEnv, episode: Episode) -> None:
            played.append(_play(env, episode))
            advance(1)

        def make_env() -> ScienceWorldEnv:
            return ScienceWorldEnv(split=SPLIT, infos=("object_tree",))

        play_jobs(make_env, episodes, play, config.worlds)
    order = {task.name: number for number, task in enumerate(TASKS)}
    played.sort(key=lambda one: (order[one.task], one.variation))
    negatives = _draw_negatives(played, config)
    figures = _figures(played, negatives)
    rows = _rows(played, negatives)
    write_figures(config.out, "options", figures, {**describe_run(config), "rows": rows}, _lines(rows))
    check_bars(figures, config.out / "options.md")
    return figures


def _choose(config: OptionsConfig) -> list[Episode]:
    names = [task.name for task in get_tasks(config.tasks)]
    found: dict[str, list[Episode]] = {name: [] for name in names}
    for file in episode_files(config.data):
        for episode in read_episodes(file):
            if episode.split == SPLIT and episode.task in found and episode.annotator:
                found[episode.task].append(episode)
    chosen: list[Episode] = []
    for name, own in found.items():
        if not own:
            raise DataError(
                f"{config.data} holds no annotated {SPLIT} path of {name}. Fix: sgd-gym collect --shorten, "
                f"then sgd-gym annotate."
            )
        chosen += own[:: max(1, len(own) // config.max_variations)][: config.max_variations]
    return chosen


def _play(env: ScienceWorldEnv, episode: Episode) -> Played:
    played = Played(episode.task, episode.variation, [], [], [])
    options = [parse(text) for text in read_vocabulary([episode.task])]
    detector, knowledge = Detector(), Knowledge()
    seen, info = _reset(env, episode)
    first: list[int] = []
    for number, step in enumerate(episode.steps):
        knowledge.update(seen)
        if number == 0 or step.option_index != episode.steps[number - 1].option_index:
            goal = parse(step.subgoal or "")
            share = sum(map(knowledge.can_start, options)) / len(options)
            played.starts.append(Start(goal, can_start=knowledge.can_start(goal), share_open=share))
            first.append(number)
        seen, _, _, _, info = env.step(step.action)
        achieved = detector.update(View(step.action, seen["observation"], seen["look"], seen["inventory"]))
        begun = [start.goal for start in played.starts]
        played.states.append(State.of(info["object_tree"], step.action, seen["look"], begun))
        played.achieved.append(achieved)
        start = played.starts[-1]
        start.found |= any(satisfies(one, start.goal) for one in achieved)
    for start, number in zip(played.starts, first, strict=True):
        _try(env, episode, start, number)
    return played


def _reset(env: ScienceWorldEnv, episode: Episode) -> tuple[dict[str, Any], dict[str, Any]]:
    return env.reset(options={"task": episode.task, "variation": episode.variation})


def _try(env: ScienceWorldEnv, episode: Episode, start: Start, number: int) -> None:
    """Let the scripted executor carry a sub-goal out from where the path begins it."""
    runner = OptionRunner(ScriptedExecutor(), until_achieved=True)
    runner.reset([0])
    seen, info = _reset(env, episode)
    for name in (*map(primitive, episode.actions[:number]), str(start.goal)):
        runner.start(0, name)
        while runner.is_running(0):
            (command,) = runner.act([0], [seen], [info])
            if command is not None:
                seen, reward, ended, _, info = env.step(command)
                runner.observe(0, seen, reward, ended)
    option = runner.last(0)
    assert option is not None
    start.moves = option.duration
    start.reached = any(satisfies(one, start.goal) for one in runner.achieved[0])


def _draw_negatives(played: Sequence[Played], config: OptionsConfig) -> list[list[tuple[Subgoal, bool]]]:
    """Return for each path the goals that were held against excluding states, and whether they were seen."""
    draw = random.Random(config.seed)
    drawn: list[list[tuple[Subgoal, bool]]] = []
    for own in played:
        others = [one for one in played if one is not own and one.states]
        found: list[tuple[Subgoal, bool]] = []
        for start in own.starts:
            count = 0
            for _ in range(20 * config.negatives if others else 0):
                if count == config.negatives:
                    break
                other = draw.choice(others)
                at = draw.randrange(len(other.states))
                if other.states[at].excludes(start.goal):
                    count += 1
                    seen = any(satisfies(one, start.goal) for one in other.achieved[at])
                    found.append((start.goal, seen))
        drawn.append(found)
    return drawn


def _figures(played: Sequence[Played], negatives: Sequence[Sequence[tuple[Subgoal, bool]]]) -> list[Figure]:
    # One row a path, so that intervals are over paths: sub-goals of a path are not independent.
    sums = np.array(
        [
            [
                len(own.starts),
                sum(start.found for start in own.starts),
                sum(seen for _, seen in drawn),
                sum(start.reached for start in own.starts),
                sum(start.can_start for start in own.starts),
                sum(start.share_open for start in own.starts),
            ]
            for own, drawn in zip(played, negatives, strict=True)
        ],
        dtype=float,
    )
    generator = np.random.default_rng(0)
    samples = sums[generator.integers(len(sums), size=(RESAMPLES, len(sums)))].sum(axis=1)

    def figure(name: str, part: int, whole: Sequence[int], bar: float, at_most: bool, note: str) -> Figure:
        values = 100 * samples[:, part] / samples[:, whole].sum(axis=1)
        low, high = np.percentile(values, [2.5, 97.5])
        total = sums.sum(axis=0)
        value = 100 * total[part] / total[list(whole)].sum()
        return Figure(name, float(value), float(low), float(high), bar, at_most, note)

    starts = f"{int(sums[:, 0].sum())} sub-goals of {len(played)} dev paths"
    against = f"{sum(map(len, negatives))} negatives"
    return [
        figure("detector: precision, %", 1, [1, 2], 95, False, against),
        figure("detector: recall, %", 1, [0], 90, False, starts),
        figure("scripted executor: reached, %", 3, [0], 80, False, starts),
        figure("next option is open, %", 4, [0], 99, False, starts),
        figure("options that are open, %", 5, [0], 50, True, "of the train split's of the same task"),
    ]


def _rows(
    played: Iterable[Played], negatives: Iterable[Sequence[tuple[Subgoal, bool]]]
) -> list[dict[str, Any]]:
    """Return one row a predicate."""
    counts: dict[str, Counter[str]] = {predicate: Counter() for predicate in PREDICATES}
    for own, drawn in zip(played, negatives, strict=True):
        for start in own.starts:
            counts[start.goal.predicate].update(
                subgoals=1,
                found=start.found,
                can_start=start.can_start,
                reached=start.reached,
                moves=start.moves,
            )
        for goal, seen in drawn:
            counts[goal.predicate].update(negatives=1, wrongly_seen=seen)
    return [{"predicate": name, **count} for name, count in counts.items() if count["subgoals"]]


def _lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = [
        "Each predicate. `seen wrongly`: of the negatives. `reached`: by the scripted executor.",
        "",
        "| predicate | sub-goals | found, % | negatives | seen wrongly | precision, % | reached, % "
        "| moves | can start, % |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        n, found, wrong = row["subgoals"], row["found"], row.get("wrongly_seen", 0)
        precision = f"{100 * found / (found + wrong):.1f}" if found + wrong else ""
        lines.append(
            f"| {row['predicate']} | {n} | {100 * found / n:.1f} | {row.get('negatives', 0)} | {wrong} "
            f"| {precision} | {100 * row['reached'] / n:.1f} | {row['moves'] / n:.1f} "
            f"| {100 * row['can_start'] / n:.1f} |"
        )
    return lines
