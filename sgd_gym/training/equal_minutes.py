"""Train for some minutes and play on dev: what comparisons of trainings have in common."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sgd_gym.benchmarks.bench import BenchConfig
from sgd_gym.benchmarks.entries import make_entry
from sgd_gym.benchmarks.journal import Row
from sgd_gym.benchmarks.protocols import Protocol
from sgd_gym.benchmarks.run import fingerprint_of, play
from sgd_gym.files import write_json
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.speed import measure_pace
from sgd_gym.training.train import train

TASKS = (
    *("boil", "melt", "use-thermometer", "power-component", "test-conductivity", "find-living-thing"),
    *("find-plant", "grow-plant", "chemistry-mix-paint-secondary-color", "lifespan-longest-lived"),
    *("identify-life-stages-1", "inclined-plane-determine-angle"),
)
"""Twelve tasks: a short, a medium or a long one of nearly each topic."""


def train_minutes(role: str, settings: TrainConfig, minutes: float, note: Path | None = None) -> float:
    """Train for so many minutes, and return the passes that they are enough for, at a pace measured first.

    Args:
        role: What the model learns to write.
        settings: Of the training; how long it is, is decided here.
        minutes: How long.
        note: File that keeps the pace, so that trainings whose steps cost the same share it; beside the
            checkpoint if not given.
    """
    note = note or settings.out.with_name(f"{settings.out.name}.pace.json")
    if not note.exists():
        tokens_per_second, tokens = measure_pace(role, settings, seconds=min(30.0, 15 * minutes))
        write_json(note, {"passes_per_minute": round(60 * tokens_per_second / tokens, 5)})
    passes: float = round(minutes * json.loads(note.read_text(encoding="utf-8"))["passes_per_minute"], 3)
    train(role, replace(settings, epochs=passes))
    return passes


def dev_protocol(tasks: Sequence[str], variations: int) -> Protocol:
    """Return what is played after training: so many dev variations of each task, spread over all of them."""
    return Protocol("equal-minutes", tuple(tasks), "dev", variations, 100, 30, "easy", (), pick="spread")


def play_dev(
    name: str, planner: Path, executor: Path, protocol: Protocol, worlds: int, seed: int, journal: Path
) -> list[Row]:
    """Play as agent *sgd* and return the rows of the episodes; what the journal holds is not played again.

    Args:
        name: Of the agent in the rows.
        planner: Checkpoint folder of the planner.
        executor: Checkpoint folder of the executor; may be the same one.
        protocol: What is played.
        worlds: How many simulators run side by side.
        seed: Of the episodes.
        journal: File that keeps each finished episode.
    """
    settings = BenchConfig(planner=planner, executor=executor)
    entry = make_entry("sgd", settings, settings.open_client)
    fingerprint = fingerprint_of(name, protocol, seed, entry.checkpoints)
    return play(name, entry.make_agent, protocol, protocol.episodes(seed=seed), worlds, journal, fingerprint)
