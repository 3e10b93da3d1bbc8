"""What acting depends on: agent *sgd* with one thing changed at a time, on the same episodes.

Sub-goals spoilt on the way to the executor, the planner asked more often, options that end otherwise, shorter
prompts, other ways of choosing words. Nothing is trained.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sgd_gym.benchmarks.bench import BenchConfig, bench
from sgd_gym.benchmarks.compare import figure_beside
from sgd_gym.benchmarks.figures import Figure, draw_scores, load_pyplot, write_figures
from sgd_gym.benchmarks.journal import Row
from sgd_gym.benchmarks.protocols import Protocol, get_protocol
from sgd_gym.benchmarks.summary import overall_summary, summarise
from sgd_gym.errors import UnknownNameError
from sgd_gym.provenance import describe_run
from sgd_gym.shipped import DEFAULT

BASE = "as it is"
SETTINGS: dict[str, dict[str, Any]] = {
    BASE: {},
    **{
        f"{kind} sub-goals, {rate:.0%}": {"noise": kind, "noise_rate": rate}
        for kind in ("random", "semi-random")
        for rate in (0.1, 0.25, 0.5, 1.0)
    },
    "first sub-goal random": {"noise": "first"},
    "planner asked at every move": {"planner_every_move": True},
    "options end when seen achieved, too": {"until_achieved": True},
    "options of 5 moves at most": {"max_option_moves": 5},
    "options of 10 moves at most": {"max_option_moves": 10},
    **{f"prompts of {tokens} tokens at most": {"max_prompt": tokens} for tokens in (256, 512, 1024)},
    **{f"commands: {rule}": {"commands": rule} for rule in ("visible", "valid", "nearest")},
    "commands that did nothing again": {"repeat_idle": True},
    "no search for what is missed": {"search": False},
    "beam search, 5 beams": {"decoding": "beam"},
    **{
        f"drawn, temperature {temperature:g}": {"decoding": "sample", "temperature": temperature}
        for temperature in (0.5, 1.0)
    },
}
"""Settings of `BenchConfig` that are changed, by what tables say."""


@dataclass
class AblationsConfig:
    """Compare agent sgd with itself, one setting changed at a time."""

    planner: Path = Path(DEFAULT)
    """Checkpoint folder of the planner; "default" for the weights that come with the package."""
    executor: Path = Path(DEFAULT)
    """Checkpoint folder of the executor, the same."""
    protocol: str = "dev-mini"
    """Episodes, limits, scoring."""
    tasks: list[str] | None = None
    """Play these tasks of the protocol only."""
    rows: list[str] | None = None
    """Only the rows whose names hold one of these words, beside the first one."""
    worlds: int = 4
    """How many simulators run side by side; scores do not depend on it."""
    seed: int = 0
    """Of what is drawn."""
    out: Path = Path("runs/ablations")
    """Folder for ablations.json, .md and .png, and the results of each row."""


def ablate(config: AblationsConfig) -> list[Figure]:
    """Play every row, write the files, and return the figures; what was played is kept.

    Raises:
        UnknownNameError: If the protocol, a task or a row does not exist.
        CheckpointError: If a checkpoint is missing or unfit.
        SgdGymError: If matplotlib is not installed.
    """
    load_pyplot()
    protocol = get_protocol(config.protocol)
    chosen = _choose(config.rows)
    rows = {name: _play(name, changes, config) for name, changes in chosen.items()}
    figures = [_figure(name, own, rows[BASE], protocol) for name, own in rows.items()]
    write_figures(config.out, "ablations", figures, describe_run(config))
    label = f"{protocol.name}: score, mean over tasks (95 % interval over variations)"
    draw_scores(figures, label, config.out / "ablations.png")
    return figures


def _choose(words: list[str] | None) -> dict[str, dict[str, Any]]:
    for word in words or ():
        if not any(word in name for name in SETTINGS):
            raise UnknownNameError("row", word, SETTINGS)
    return {
        name: changes
        for name, changes in SETTINGS.items()
        if words is None or name == BASE or any(word in name for word in words)
    }


def _play(name: str, changes: dict[str, Any], config: AblationsConfig) -> list[Row]:
    settings = BenchConfig(
        agents=["sgd"],
        protocol=config.protocol,
        tasks=config.tasks,
        planner=config.planner,
        executor=config.executor,
        worlds=config.worlds,
        seed=config.seed,
        out=config.out / re.sub(r"\W+", "-", name).strip("-"),
        **changes,
    )
    return bench(settings).rows


def _figure(name: str, rows: list[Row], base: list[Row], protocol: Protocol) -> Figure:
    one = overall_summary(summarise(rows, protocol), rows[0]["agent"])
    counts = (
        f"{one.moves:.0f} moves, {one.planner_calls:.1f} plans, {one.invalid_commands:.1f} invalid commands"
    )
    return figure_beside(name, rows, base, protocol, repr(BASE), counts)
