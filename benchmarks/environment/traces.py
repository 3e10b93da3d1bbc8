"""Whether equal commands give equal episodes, and the stock wrapper's; knows no clock.

A trace is everything that an episode returns: observations, rewards, ends and infos. Each walk is played
twice in one environment, in another process that plays the walks in reverse order, with another Java if one
is named, and in a stock environment whose JVM has the same flags.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sgd_gym.benchmarks.environment.stock import stock_env
from sgd_gym.benchmarks.environment.walks import SPLIT, Walk, make_walks
from sgd_gym.benchmarks.figures import Figure, check_bars, write_figures
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.simulator import DETERMINISM_FLAGS
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.processes import start_processes
from sgd_gym.progress import track
from sgd_gym.provenance import describe_run
from sgd_gym.spaces import QUESTION

INFOS = ("valid_actions", "valid_objects", "goal_progress", "object_tree")
"""What a trace holds beyond the standard infos; `oracle_path` is compared through the walks made of it."""

PREFIX = 10
"""Moves after which the trace is noted too, for a check that has little time."""


@dataclass
class TracesConfig:
    """Play walks over and over and compare everything that the environment returns."""

    tasks: list[str] = field(default_factory=lambda: ["all"])
    """Tasks to play."""
    max_moves: int = 100
    """Longest walk: "look around", then the oracle path or random valid commands."""
    seed: int = 0
    """Seed of the random walks."""
    other_java: str | None = None
    """Path of another Java, whose traces are compared too."""
    out: Path = Path("runs/traces")
    """Folder for traces.json and traces.md."""


@dataclass
class Trace:
    """The fingerprints of one episode."""

    start: str
    """SHA-256 over the first moves (`PREFIX`)."""
    whole: str
    """SHA-256 over all moves."""
    score: int
    strangers: int
    """Texts outside their spaces."""
    longest: int
    """Characters of the longest observation."""


def compare_traces(config: TracesConfig) -> list[Figure]:
    """Play, write traces.json and traces.md, and return the figures with their bars.

    Raises:
        SgdGymError: If a bar is missed; the files are written first.
    """
    tasks = [task.name for task in get_tasks(config.tasks)]
    with start_processes(1) as pool:
        elsewhere = pool.submit(_play_elsewhere, tasks, config.max_moves, config.seed, None)
        walks = make_walks(tasks, ("oracle", "random"), config.max_moves, config.seed)
        first, second = (play_walks(walks, label) for label in ("play", "play again"))
        others = {"in another process": elsewhere.result()}
        if config.other_java:
            arguments = (tasks, config.max_moves, config.seed, config.other_java)
            others["with another Java"] = pool.submit(_play_elsewhere, *arguments).result()
    differences = compare_with_stock(walks)
    rows = []
    for number, walk in enumerate(walks):
        row: dict[str, Any] = {**asdict(walk), "trace": asdict(first[number])}
        row["after another reset"] = second[number] == first[number]
        for name, (other_walks, traces) in others.items():
            row[name] = other_walks[number] == walk and traces[number] == first[number]
        row["stock"] = differences[number]
        rows.append(row)
    figures = _make_figures(rows, ["after another reset", *others])
    write_figures(config.out, "traces", figures, {**describe_run(config), "rows": rows})
    check_bars(figures, config.out / "traces.md")
    return figures


def play_walks(walks: Sequence[Walk], label: str = "play", java: str | None = None) -> list[Trace]:
    """Play walks in one environment and return their traces."""
    env = ScienceWorldEnv(split=SPLIT, infos=INFOS, java=java)
    try:
        with track(label, len(walks)) as advance:
            traces = []
            for walk in walks:
                traces.append(_play(env, walk))
                advance(1)
            return traces
    finally:
        env.close()


def _play(env: ScienceWorldEnv, walk: Walk) -> Trace:
    digest = hashlib.sha256()
    observation, info = env.reset(options={"task": walk.task, "variation": walk.variation})
    digest.update(json.dumps([observation, info]).encode())
    trace = Trace(digest.hexdigest(), digest.hexdigest(), 0, 0, 0)
    for number, command in enumerate(walk.commands, start=1):
        observation, reward, terminated, truncated, info = env.step(command)
        digest.update(json.dumps([observation, reward, terminated, truncated, info]).encode())
        trace.strangers += not env.observation_space.contains(observation)
        trace.strangers += not all(map(env.action_space.contains, info["valid_actions"]))
        trace.longest = max(trace.longest, *map(len, observation.values()))
        if number <= PREFIX:
            trace.start = digest.hexdigest()
    trace.whole, trace.score = digest.hexdigest(), info["score"]
    return trace


def _play_elsewhere(
    tasks: Sequence[str], max_moves: int, seed: int, java: str | None
) -> tuple[list[Walk], list[Trace]]:
    """Make the walks anew and play them in reverse order; return both in the usual order."""
    walks = make_walks(tasks[::-1], ("random", "oracle"), max_moves, seed, java)[::-1]
    traces = play_walks(walks[::-1], "play elsewhere", java)[::-1]
    return walks, traces


def compare_with_stock(walks: Sequence[Walk]) -> list[list[str]]:
    """Return for each walk what differs between our environment and a stock one with the same JVM flags.

    After the same first `look around`, observation, score, completion, look, inventory and valid actions, as
    a set, are compared move by move. Blanks before line ends do not count: ours drops them.
    """
    env = ScienceWorldEnv(split=SPLIT, infos=("valid_actions",))
    found = []
    try:
        with stock_env(" ".join(DETERMINISM_FLAGS)) as stock, track("play stock", len(walks)) as advance:
            for walk in walks:
                found.append(_compare(env, stock, walk))
                advance(1)
    finally:
        env.close()
    return found


def _compare(env: ScienceWorldEnv, stock: Any, walk: Walk) -> list[str]:
    env.reset(options={"task": walk.task, "variation": walk.variation})
    stock.load(walk.task, walk.variation, "easy")
    reply, told = stock.reset()  # plays the walk's first command
    completed = False
    differences = []
    for number, command in enumerate(walk.commands):
        observation, _, terminated, _, info = env.step(command)
        if number:
            reply, _, completed, told = stock.step(command)
        asked = observation["observation"].startswith(QUESTION)
        pairs = {
            "observation": (observation["observation"], reply),
            "look": (observation["look"], told["look"]),
            "inventory": (observation["inventory"], told["inv"]),
            "score": (info["score"], told["score"]),
            "completed": (terminated, completed),
            # While a question is open, ours are its answers and stock's those of another situation.
            "valid actions": (
                set(info["valid_actions"]),
                set(info["valid_actions"] if asked else told["valid"]),
            ),
        }
        for name, (ours, theirs) in pairs.items():
            if isinstance(theirs, str):
                theirs = "\n".join(line.rstrip() for line in theirs.splitlines())
            if ours != theirs:
                differences.append(f"move {number} {command!r}: {name}")
    return differences


def _make_figures(rows: Sequence[dict[str, Any]], sides: Sequence[str]) -> list[Figure]:
    moves = sum(len(row["commands"]) for row in rows)
    tasks = len({row["task"] for row in rows})
    note = f"{moves} moves in {len(rows)} walks on {tasks} tasks"
    figures = []
    for side in sides:
        unequal = [f"{row['task']} ({row['kind']})" for row in rows if not row[side]]
        figures.append(_none(f"walks whose trace differs {side}", unequal, note))
    differing = [f"{row['task']}, {text}" for row in rows for text in row["stock"]]
    figures.append(_none("values that differ from the stock environment's", differing, note))
    strangers = sum(row["trace"]["strangers"] for row in rows)
    longest = max(row["trace"]["longest"] for row in rows)
    command = max(len(command) for row in rows for command in row["commands"])
    note = f"longest observation {longest} characters, longest command {command}"
    return [*figures, Figure("texts outside their spaces", strangers, bar=0, at_most=True, note=note)]


def _none(name: str, found: Sequence[str], note: str) -> Figure:
    return Figure(name, len(found), bar=0, at_most=True, note=f"first: {found[0]}" if found else note)
