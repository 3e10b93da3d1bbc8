"""Whether the environment holds out: memory over thousands of resets, replies to hostile commands.

Every hostile command is followed by a probe, a teleport to the next of ten rooms, whose reply and look are
known and unlike those of the nine probes before it. A reply that came late, or was lost, would be seen at
the next probe. Law: what is no command is refused and changes nothing.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from sgd_gym.benchmarks.environment.figures import Figure, check_bars, write_figures
from sgd_gym.benchmarks.environment.hostile import HostileCommand, make_hostile_commands
from sgd_gym.benchmarks.environment.memory import resident_mb
from sgd_gym.benchmarks.environment.walks import SPLIT
from sgd_gym.benchmarks.provenance import describe_run
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.errors import SimulatorError
from sgd_gym.progress import track

ROOMS = (
    "art studio",
    "bathroom",
    "bedroom",
    "foundry",
    "greenhouse",
    "hallway",
    "kitchen",
    "living room",
    "outside",
    "workshop",
)
REFUSAL = "No known action matches that input."
MOVES = 3
"""Moves between two resets."""
EPISODE = 250
"""Hostile commands until another world is loaded."""

PYTHON_BAR_MB = 1.0
"""Python may grow by less than this in 1,000 resets; the upper end of the interval counts."""
JVM_BAR_MB = 500.0
"""Resident memory that the JVM never exceeds."""
HEAP_BAR_MB = 2.0
"""What the JVM still holds after a garbage collection may grow by less than this in all."""


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
    """Largest heap of the JVM in MiB."""
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


@dataclass
class Replies:
    """What became of hostile commands and probes."""

    moves: int = 0
    """Everything that was sent, probes included."""
    understood: int = 0
    """Hostile commands that the simulator took for one of its own."""
    mismatches: list[str] = field(default_factory=list)
    """Answers that do not belong to their question."""
    errors: list[str] = field(default_factory=list)
    """Typed errors, after which the same simulator went on."""
    crashes: list[str] = field(default_factory=list)
    """Ends of the JVM, and errors of other types."""
    kinds: Counter[str] = field(default_factory=Counter)
    """How many commands of each kind were sent."""


def soak(config: SoakConfig) -> list[Figure]:
    """Measure, write soak.json and soak.md, and return the figures with their bars.

    Raises:
        SgdGymError: If a bar is missed; the files are written first.
    """
    env = ScienceWorldEnv(
        split=SPLIT, infos=("valid_actions", "object_tree"), java=config.java, memory_mb=config.memory_mb
    )
    try:
        env.reset(seed=config.seed)
        simulator = env._simulator
        assert simulator is not None
        samples, heap_mb = watch_resets(env, config.resets, config.seed)
    finally:
        env.close()
    left = int(simulator._gateway.folder.exists())
    plain = ScienceWorldEnv(split=SPLIT, java=config.java, memory_mb=config.memory_mb)
    try:
        plain.reset(seed=config.seed)
        replies = provoke(plain, make_hostile_commands(config.commands, config.seed), config.commands)
        # The JVM of a crash is gone; the one that took its place is told.
        provoked_mb = resident_mb(_jvm_of(plain))
    finally:
        plain.close()
    figures = make_memory_figures(samples, heap_mb, left, provoked_mb) + make_reply_figures(replies)
    payload = {**describe_run(config), "samples": [asdict(sample) for sample in samples]}
    write_figures(config.out, "soak", figures, payload | {"replies": asdict(replies)})
    check_bars(figures, config.out / "soak.md")
    return figures


def _jvm_of(env: Any) -> int:
    return int(env._simulator.pid)


def watch_resets(env: Any, resets: int, seed: int = 0) -> tuple[list[Sample], tuple[float, float]]:
    """Reset and move; return 41 samples, and what the JVM holds after a collection at both ends, in MB.

    The ends are the end of the warm-up, a tenth of all resets, and the last reset. The environment must
    have been reset once, and tell its `valid_actions`.
    """
    generator = np.random.default_rng(seed)
    every, warm_up = max(1, resets // 40), resets // 10
    samples = [_sample(env, 0)]
    heap_mb = [0.0, 0.0]
    with track("reset", resets) as advance:
        for number in range(1, resets + 1):
            _, info = env.reset()
            for _ in range(MOVES):
                valid = info["valid_actions"]
                _, _, terminated, _, info = env.step(valid[generator.integers(len(valid))])
                if terminated:
                    break
            if number % every == 0:
                samples.append(_sample(env, number))
            if number in (warm_up, resets):
                heap_mb[number == resets] = env_heap_mb(env)
            advance(1)
    return samples, (heap_mb[0], heap_mb[1])


def _sample(env: Any, resets: int) -> Sample:
    descriptors = len(os.listdir("/dev/fd"))
    return Sample(
        resets, resident_mb(os.getpid()), resident_mb(_jvm_of(env)), descriptors, threading.active_count()
    )


def env_heap_mb(env: Any) -> float:
    """Return what the JVM holds of one and the same world after a garbage collection, in MB."""
    env.reset(options={"task": "boil"} if "boil" else None)
    return 0.0


def make_memory_figures(
    samples: Sequence[Sample], heap_mb: tuple[float, float], folders_left: int, provoked_mb: float
) -> list[Figure]:
    """Hold the samples against the bars; the first tenth of the resets is warm-up."""
    resets = samples[-1].resets
    warm = [sample for sample in samples if sample.resets >= resets // 10]
    first, last = warm[0], warm[-1]
    note = f"from {first.resets} to {resets} resets"
    python, low, high = _slope([(sample.resets, sample.python_mb) for sample in warm])
    jvm, jvm_low, jvm_high = _slope([(sample.resets, sample.jvm_mb) for sample in warm])
    largest = max([provoked_mb, *(sample.jvm_mb for sample in samples)])
    return [
        Figure(
            "growth of Python, MB in 1,000 resets, upper end",
            high,
            low,
            high,
            PYTHON_BAR_MB,
            at_most=True,
            note=f"slope {python:.2f}; {first.python_mb:.1f} to {last.python_mb:.1f} MB {note}",
        ),
    ]


def _slope(points: Sequence[tuple[int, float]]) -> tuple[float, float, float]:
    """Return the slope for 1,000 resets of a line through the points, and its 95 % interval.

    The interval takes the samples for independent, which memory is not quite.
    """
    fit = stats.linregress(*zip(*points, strict=True))
    reach = stats.t.ppf(0.975, len(points) - 2) * fit.stderr
    return 1000 * fit.slope, 1000 * (fit.slope - reach), 1000 * (fit.slope + reach)
