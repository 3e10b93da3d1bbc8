"""How fast and how large the environment is, beside the stock wrapper, in one run; knows no agent."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from scipy import stats

from sgd_gym.benchmarks.environment.memory import resident_mb
from sgd_gym.benchmarks.environment.stock import stock_env
from sgd_gym.benchmarks.environment.walks import SPLIT, Walk, make_walks
from sgd_gym.benchmarks.figures import Figure, write_figures
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.simulator import Simulator
from sgd_gym.envs.startup_cache import startup_flags
from sgd_gym.envs.tasks import get_task, get_tasks
from sgd_gym.envs.vector import ScienceWorldVectorEnv
from sgd_gym.processes import start_processes
from sgd_gym.progress import track
from sgd_gym.provenance import describe_run

ENV_ID = "sgd_gym/ScienceWorld-v0"


@dataclass
class SpeedConfig:
    """Measure moves, resets, starts and memory beside the stock `scienceworld.ScienceWorldEnv`."""

    tasks: list[str] = field(default_factory=lambda: ["all"])
    """Tasks to play."""
    max_moves: int = 30
    """Longest walk: "look around", then the oracle path of the first dev variation."""
    rounds: int = 4
    """Measured rounds, after one that warms up; all sides play in each."""
    starts: int = 7
    """Starts of each side."""
    out: Path = Path("runs/env")
    """Folder for env.json and env.md."""


def measure_speed(config: SpeedConfig) -> list[Figure]:
    """Measure, write env.json and env.md, and return the figures with their bars."""
    walks = make_walks([task.name for task in get_tasks(config.tasks)], ("oracle",), config.max_moves)
    starts = _measure_starts(config.starts)
    rows, memory = _measure_moves(walks, config.rounds)
    pairs = _measure_two_worlds(walks, config.rounds)
    figures = _make_figures(rows, memory, starts, pairs)
    payload = {**describe_run(config), "rows": rows, "memory_mb": memory, "start_seconds": starts}
    write_figures(config.out, "env", figures, payload | {"two_worlds": pairs}, _row_lines(rows))
    return figures


def _measure_moves(walks: Sequence[Walk], rounds: int) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Play every walk on every side in turn; return a row of milliseconds for each task, and the memory."""
    times: dict[tuple[str, str], list[list[float]]] = {}
    resets: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as opened:
        stock = opened.enter_context(stock_env())
        plain = opened.enter_context(_env())
        valid = opened.enter_context(_env(infos=("valid_actions",)))
        random = opened.enter_context(_env(deterministic=False))

        def reset_stock(walk: Walk) -> None:
            stock.load(walk.task, walk.variation, "easy")
            stock.reset()

        def reset_fn(env: ScienceWorldEnv) -> Callable[[Walk], Any]:
            return lambda walk: env.reset(options={"task": walk.task, "variation": walk.variation})

        def bare_step(command: str) -> str:  # in the same JVM as `plain`, so that both are equally warm
            assert plain._simulator is not None
            return plain._simulator.step(command)

        sides: dict[str, tuple[Callable[[Walk], Any], Callable[[str], Any]]] = {
            "stock": (reset_stock, stock.step),
            "ours": (reset_fn(plain), plain.step),
            "ours_valid_actions": (reset_fn(valid), valid.step),
            "bare_step": (reset_fn(plain), bare_step),
            "ours_nondeterministic": (reset_fn(random), random.step),
        }
        with track("play on all sides", (rounds + 1) * len(walks)) as advance:
            for round_ in range(rounds + 1):
                for walk in walks:
                    for side, (reset, step) in sides.items():
                        resets.setdefault((walk.task, side), []).append(_seconds(reset, _next(walk, round_)))
                        reset(walk)
                        moves = [_seconds(step, command) for command in walk.commands]
                        times.setdefault((walk.task, side), []).append(moves)
                    advance(1)
        memory = {
            "ours": _jvm_mb(plain),
            "ours_valid_actions": _jvm_mb(valid),
            "stock": resident_mb(stock._gateway.java_process.pid),
        }
    rows = []
    for walk in walks:
        row: dict[str, Any] = {"task": walk.task, "variation": walk.variation, "moves": len(walk.commands)}
        for side in sides:
            # The fastest of the rounds for each move, as `timeit` has it: what else the machine does can
            # only add.
            fastest = np.min(times[walk.task, side][1:], axis=0)
            row[f"{side}_ms"] = round(1000 * float(fastest.mean()), 3)
        for side in ("stock", "ours", "ours_nondeterministic"):
            row[f"reset_{side}_ms"] = round(1000 * min(resets[walk.task, side][1:]), 3)
        rows.append(row)
    return rows, memory


def _next(walk: Walk, round_: int) -> Walk:
    """Return the walk on another variation of its split in each round."""
    variations = get_task(walk.task).variations(SPLIT)
    return Walk(walk.kind, walk.task, variations[(round_ + 1) % len(variations)], walk.commands)


@contextmanager
def _env(**arguments: Any) -> Iterator[ScienceWorldEnv]:
    env = ScienceWorldEnv(split=SPLIT, **arguments)
    try:
        env.reset(seed=0)
        yield env
    finally:
        env.close()


def _jvm_mb(env: ScienceWorldEnv) -> float:
    assert env._simulator is not None
    return resident_mb(env._simulator.pid)


def _seconds(call_fn: Callable[..., Any], *args: Any) -> float:
    started = time.perf_counter()
    call_fn(*args)
    return time.perf_counter() - started


def _measure_starts(count: int) -> dict[str, list[float]]:
    """Start each side in turn: until it could load a world, and until the first observation."""
    flags = startup_flags()  # makes the cache, if this is the first start on the machine
    seconds: dict[str, list[float]] = {"stock": [], "ours": [], "stock_observed": [], "ours_observed": []}
    with track("start", count) as advance:
        for _ in range(count):
            started = time.perf_counter()
            with stock_env() as stock:
                seconds["stock"].append(time.perf_counter() - started)
                stock.load("boil", 14, "easy")
                stock.reset()
                seconds["stock_observed"].append(time.perf_counter() - started)
            started = time.perf_counter()
            simulator = Simulator(flags=flags)
            seconds["ours"].append(time.perf_counter() - started)
            simulator.close()
            started = time.perf_counter()
            env = gym.make(ENV_ID, task="boil", split="dev", variation=14)
            env.reset()
            seconds["ours_observed"].append(time.perf_counter() - started)
            env.close()
            advance(1)
    return seconds


def _measure_two_worlds(walks: Sequence[Walk], rounds: int) -> dict[str, list[float]]:
    """Return moves per second of one world and of two side by side: the best first, then each round's."""
    seconds: dict[str, list[list[float]]] = {"one": [], "two": []}
    with ExitStack() as opened:
        vectors = {}
        for name, count in (("one", 1), ("two", 2)):
            vectors[name] = ScienceWorldVectorEnv(count, split=SPLIT, autoreset_mode="Disabled")
            opened.callback(vectors[name].close)
        with track("one world and two", rounds + 1) as advance:
            for _ in range(rounds + 1):
                for name in vectors:
                    seconds[name].append([])
                for walk in walks:
                    for name, envs in vectors.items():
                        envs.reset(options={"task": walk.task, "variation": walk.variation})
                        for command in walk.commands:
                            started = time.perf_counter()
                            _, _, terminated, _, _ = envs.step((command,) * envs.num_envs)
                            seconds[name][-1].append(time.perf_counter() - started)
                            if terminated.any():
                                break
                advance(1)
    rates = {}
    for name, count in (("one", 1), ("two", 2)):
        measured = np.asarray(seconds[name][1:])
        spent = [measured.min(axis=0).sum(), *measured.sum(axis=1)]
        rates[name] = [float(count * measured.shape[1] / total) for total in spent]
    return rates | {"machine": _measure_machine(rounds)}


def _measure_machine(rounds: int) -> list[float]:
    """Return how much more two busy processes do than one: what two worlds can reach at best."""
    gains = []
    with start_processes(2) as pool:
        list(pool.map(_count, range(2)))  # starts both
        for _ in range(rounds):
            one = pool.submit(_count, 0).result()
            gains.append(sum(pool.map(_count, range(2))) / one)
    return gains


def _count(_: int) -> float:
    """Return how far a busy process counts in a second, in millions a second."""
    started, count = time.perf_counter(), 0
    while (spent := time.perf_counter() - started) < 1:
        count += sum(1 for _ in range(10_000))
    return count / spent / 1e6


def _make_figures(
    rows: Sequence[dict[str, Any]],
    memory: dict[str, float],
    starts: dict[str, list[float]],
    pairs: dict[str, list[float]],
) -> list[Figure]:
    def over_tasks(name: str, over: str, under: str, bar: float | None = None) -> Figure:
        values = [row[over] / row[under] for row in rows]
        low, high = _median_interval(values)
        note = f"median over {len(values)} tasks; tasks {min(values):.2f} to {max(values):.2f}"
        return Figure(name, statistics.median(values), low, high, bar, note=note)

    def of_starts(name: str, ours: str, stock: str, bar: float | None = None) -> Figure:
        own, peer = statistics.median(starts[ours]), statistics.median(starts[stock])
        return Figure(name, own / peer, bar=bar, at_most=True, note=f"{own:.2f} s and {peer:.2f} s, medians")

    overhead = {row["task"]: row["ours_ms"] / row["bare_step_ms"] for row in rows}
    worst = max(overhead, key=lambda task: overhead[task])
    two = [two / one for one, two in zip(pairs["one"], pairs["two"], strict=True)]
    low, high = min(two[1:]), max(two[1:])
    own = max(memory["ours"], memory["ours_valid_actions"])
    return [
        over_tasks("moves per second, over stock", "stock_ms", "ours_ms", 8),
        over_tasks("the same with valid actions", "stock_ms", "ours_valid_actions_ms", 4),
        over_tasks("time of a move, over bare step", "ours_ms", "bare_step_ms"),
        Figure("the same, worst task", overhead[worst], bar=1.3, at_most=True, note=worst),
        over_tasks("resets to a new variation per second, over stock", "reset_stock_ms", "reset_ours_ms", 3),
        over_tasks("the same without determinism", "reset_stock_ms", "reset_ours_nondeterministic_ms"),
        of_starts("start of a simulator, over stock", "ours", "stock", 0.7),
        of_starts("start until the first observation, over stock", "ours_observed", "stock_observed"),
        Figure(
            "moves per second of two worlds, over one",
            two[0],
            low,
            high,
            1.7,
            note=f"one: {pairs['one'][0]:.0f} moves/s; the interval is the range over rounds",
        ),
        Figure(
            "work of two busy processes, over one: the machine's own limit",
            statistics.median(pairs["machine"]),
            min(pairs["machine"]),
            max(pairs["machine"]),
            note="range over rounds",
        ),
        Figure("resident memory, MB", own, bar=500, at_most=True, note=f"stock: {memory['stock']:.0f} MB"),
        over_tasks(
            "price of determinism: time of a move, over without", "ours_ms", "ours_nondeterministic_ms"
        ),
    ]


def _median_interval(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the 95 % percentile bootstrap interval of the median over tasks; none for fewer than 3."""
    if len(values) < 3:
        return None, None
    found = stats.bootstrap(
        (np.asarray(values),), np.median, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    return float(found.low), float(found.high)


def _row_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the table of tasks in Markdown, in milliseconds."""
    names = [name for name in rows[0] if name.endswith("_ms")]
    titles = [name.removesuffix("_ms").replace("_", " ") for name in names]
    lines = ["Milliseconds for a move, and for a reset to a new variation:", ""]
    lines += ["| task | moves | " + " | ".join(titles) + " |", "|---" + "|---:" * (len(names) + 1) + "|"]
    for row in rows:
        cells = [row["task"], str(row["moves"]), *(f"{row[name]:.1f}" for name in names)]
        lines.append("| " + " | ".join(cells) + " |")
    return lines
