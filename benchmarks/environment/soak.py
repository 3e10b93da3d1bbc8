"""Whether the environment holds out: memory over thousands of resets, answers to hostile commands.

Law: memory is flat. After a warm-up neither Python nor the JVM grows with the number of resets, the JVM
stays below 500 MB, and no file descriptor, thread or folder is left behind.
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from sgd_gym.benchmarks.environment.memory import resident_mb
from sgd_gym.benchmarks.environment.replies import make_reply_figures, provoke
from sgd_gym.benchmarks.environment.walks import SPLIT
from sgd_gym.benchmarks.figures import Figure, check_bars, write_figures
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.errors import SgdGymError
from sgd_gym.progress import track
from sgd_gym.provenance import describe_run

MOVES = 3
"""Moves after each reset."""

WARM_UP = 1000
"""Resets, half of them at most, that do not count: the JVM compiles, and fills its old generation once."""

PYTHON_BAR_MB = 1.0
"""What Python may grow by in 1,000 resets; the upper end of the 95 % interval counts."""
JVM_BAR_MB = 10.0
"""The same for the JVM, whose heap and compiled code go up and down."""
LARGEST_BAR_MB = 500.0
"""Resident memory that the JVM never exceeds."""
HELD_BAR_MB = 2.0
"""What the JVM may hold more of after the garbage is collected, in all."""


@dataclass
class SoakConfig:
    """Reset over and over, send hostile commands, and watch memory and replies."""

    resets: int = 2000
    """How often worlds are reset, over all tasks."""
    commands: int = 10_000
    """How many hostile commands are sent."""
    seed: int = 0
    """Seed of tasks, moves and hostile commands."""
    memory_mb: int = 512
    """What the JVM shall hold at most, about, in MiB."""
    java: str | None = None
    """Path of the Java executable; None looks for one."""
    out: Path = Path("runs/soak")
    """Folder for soak.json and soak.md."""


@dataclass(frozen=True)
class Sample:
    """What the processes hold after a number of resets."""

    resets: int
    python_mb: float
    jvm_mb: float
    descriptors: int
    """Open file descriptors of Python."""
    threads: int
    """Threads of Python."""


def soak(config: SoakConfig) -> list[Figure]:
    """Measure, write soak.json and soak.md, and return the figures with their bars.

    Raises:
        SgdGymError: If a bar is missed; the files are written first.
    """
    if config.resets < 20:
        raise SgdGymError(f"resets is {config.resets}. Allowed: 20 or more.")
    jvm: dict[str, Any] = {"java": config.java, "memory_mb": config.memory_mb}
    env = ScienceWorldEnv(split=SPLIT, infos=("valid_actions", "object_tree"), **jvm)
    try:
        env.reset(seed=config.seed)
        assert env._simulator is not None
        folder = env._simulator._gateway.folder
        samples, held = watch_resets(env, config.resets, config.seed)
    finally:
        env.close()
    plain = ScienceWorldEnv(split=SPLIT, **jvm)
    try:
        replies = provoke(plain, config.commands, config.seed)
        assert plain._simulator is not None
        provoked_mb = resident_mb(plain._simulator.pid)
    finally:
        plain.close()
    figures = [
        *make_memory_figures(samples, held, folder.exists()),
        *make_reply_figures(replies),
        Figure("JVM after the hostile commands, MB", provoked_mb, bar=LARGEST_BAR_MB, at_most=True),
    ]
    payload = {**describe_run(config), "samples": [asdict(sample) for sample in samples]}
    write_figures(config.out, "soak", figures, payload | {"replies": asdict(replies)})
    check_bars(figures, config.out / "soak.md")
    return figures


def watch_resets(env: Any, resets: int, seed: int = 0) -> tuple[list[Sample], list[float]]:
    """Reset and move; return samples, and what the JVM holds of one world when warm and at the end, in MB.

    Args:
        env: An environment that tells its `valid_actions` and was reset before.
        resets: How often to reset it.
        seed: Seed of the moves.
    """
    generator = np.random.default_rng(seed)
    held: list[float] = []
    with track("reset", resets) as advance:
        samples = [_sample(env, 0)]
        for number in range(1, resets + 1):
            _, info = env.reset()
            for _ in range(MOVES):
                valid = info["valid_actions"]
                _, _, terminated, _, info = env.step(valid[generator.integers(len(valid))])
                if terminated:
                    break
            if number % max(1, resets // 40) == 0 or number == resets:
                samples.append(_sample(env, number))
            if number in (_warm_up(resets), resets):
                held.append(held_mb(env))  # after the sample: it fills the old generation
            advance(1)
    return samples, held


def _warm_up(resets: int) -> int:
    return min(WARM_UP, resets // 2)


def _sample(env: Any, resets: int) -> Sample:
    python, jvm = resident_mb(os.getpid()), resident_mb(env._simulator.pid)
    return Sample(resets, python, jvm, len(os.listdir("/dev/fd")), threading.active_count())


def held_mb(env: Any) -> float:
    """Return what the JVM holds of one and the same world after a garbage collection, in MB."""
    env.reset(options={"task": "boil", "variation": 14})
    runtime = env._simulator._gateway.jvm.java.lang.Runtime.getRuntime()
    runtime.gc()
    return float(runtime.totalMemory() - runtime.freeMemory()) / 1e6


def make_memory_figures(samples: Sequence[Sample], held: Sequence[float], folder_left: bool) -> list[Figure]:
    """Hold the samples against the bars."""
    start, end = samples[0], samples[-1]
    warm = [sample for sample in samples if sample.resets > _warm_up(end.resets)]
    resets = [sample.resets for sample in warm]
    python, jvm = ([getattr(sample, name) for sample in warm] for name in ("python_mb", "jvm_mb"))
    largest = max(sample.jvm_mb for sample in samples)

    def growth(name: str, values: Sequence[float], bar: float) -> Figure:
        slope, low, high = _slope(resets, values)
        note = (
            f"slope {slope:.2f}; {values[0]:.1f} MB after {resets[0]} resets, {values[-1]:.1f} MB at the end"
        )
        return Figure(f"growth of {name}, MB in 1,000 resets, upper end", high, low, high, bar, True, note)

    def more(name: str, before: float, after: float, bar: float) -> Figure:
        return Figure(name, after - before, bar=bar, at_most=True, note=f"{before:g} before, {after:g} after")

    return [
        growth("Python", python, PYTHON_BAR_MB),
        growth("the JVM", jvm, JVM_BAR_MB),
        Figure(
            "largest JVM, MB", largest, bar=LARGEST_BAR_MB, at_most=True, note=f"of {len(samples)} samples"
        ),
        more(
            "more held by the JVM after a collection, MB", round(held[0], 2), round(held[1], 2), HELD_BAR_MB
        ),
        more("more open file descriptors", start.descriptors, end.descriptors, 0),
        more("more threads", start.threads, end.threads, 0),
        Figure("temporary folders left", int(folder_left), bar=0, at_most=True),
    ]


def _slope(resets: Sequence[int], values: Sequence[float]) -> tuple[float, float, float]:
    """Return the slope of a line for 1,000 resets, and its 95 % interval, as if samples were independent."""
    fit = stats.linregress(resets, values)
    error = np.nan_to_num(fit.stderr)  # not a number if all values are equal
    slope, reach = float(fit.slope), float(stats.t.ppf(0.975, len(resets) - 2) * error)
    return 1000 * slope, 1000 * (slope - reach), 1000 * (slope + reach)
