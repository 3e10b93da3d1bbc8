"""What acting costs: model seconds and tokens a move, from the papers' loop to ours, one change at a time.

The reference is the loop that the authors of Sub-goal Distillation released, with our weights: planner and
executor at every move, `generate(num_beams=5, max_new_tokens=30)`, fp32, one episode at a time, the whole
prompt encoded anew. All steps play the same episodes; what the simulator takes does not count.
"""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from sgd_gym.agents.base import Agent
from sgd_gym.agents.sgd.agent import SGDAgent
from sgd_gym.agents.sgd.shared import make_pair
from sgd_gym.benchmarks.figures import Figure, check_bars, write_figures
from sgd_gym.benchmarks.journal import Row, key_of, transcript_path
from sgd_gym.benchmarks.protocols import Protocol
from sgd_gym.benchmarks.run import fingerprint_of, play
from sgd_gym.benchmarks.transcripts import read_moves
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.models.checkpoint import read_meta
from sgd_gym.models.decoding import Decoding
from sgd_gym.models.generation import NumberFormat, load_writer
from sgd_gym.models.writer import Writer
from sgd_gym.prompts import Role
from sgd_gym.provenance import describe_run
from sgd_gym.shipped import DEFAULT, find_checkpoint

BAR_CPU, BAR_GPU = 10.0, 30.0
"""How many times fewer model seconds a move than the reference."""
MAX_TOKENS = 40.0
"""Tokens that go through decoder-only models a move."""
MAX_LOSS = 1.0
"""Points that the dev score may be below the reference's."""


@dataclass
class ActingCostConfig:
    """Measure what acting costs, beside the papers' loop."""

    planner: Path = Path(DEFAULT)
    """Checkpoint folder of the planner; "default" for the weights that come with the package."""
    executor: Path = Path(DEFAULT)
    """Checkpoint folder of the executor, the same."""
    tasks: list[str] = field(default_factory=lambda: ["find-plant", "use-thermometer", "boil", "grow-plant"])
    """Task names or ids."""
    variations: int = 4
    """How many dev variations of each are played."""
    max_moves: int = 100
    """Longest episode."""
    worlds: int = 16
    """How many episodes go through the models at once."""
    fast: bool = False
    """Add a step with CTranslate2 (encoder-decoder models, extra "fast")."""
    out: Path = Path("runs/act")
    """Folder for act.json, act.md and what was played."""


@dataclass(frozen=True)
class _Step:
    """One way of acting."""

    name: str
    decoding: Decoding
    every_move: bool = False
    one_transcript: bool = False
    """Whether planner and executor, if they are one model, have a transcript together."""
    worlds: int = 1
    number_format: NumberFormat = "float32"
    fast: bool = False
    aside: bool = False
    """Whether it is only told, and what the bars are held against is the row before."""


def measure_acting(config: ActingCostConfig) -> list[Figure]:
    """Play the episodes in every way, write act.json and act.md, and return the figures; resumable.

    Raises:
        CheckpointError: If a checkpoint is missing or unfit.
        SgdGymError: If a bar is missed; the files are written first.
    """
    config = replace(
        config,
        planner=find_checkpoint(config.planner, "planner"),
        executor=find_checkpoint(config.executor, "executor"),
    )
    steps = _steps(config)
    rows = {step.name: _play(step, config) for step in steps}
    figures = _figures(steps, rows, config)
    write_figures(config.out, "act", figures, describe_run(config))
    check_bars(figures, config.out / "act.md")
    return figures


def _steps(config: ActingCostConfig) -> list[_Step]:
    """Return the reference and what follows, each with one change more."""
    five = Decoding("beam", beams=5, reread=True, batch=1, max_tokens=30)
    greedy = Decoding(max_tokens=30)
    steps = [
        _Step("reference", five, every_move=True),
        _Step("planner asked when an option ends", five),
        _Step("one beam", replace(five, beams=1)),
        _Step(f"{config.worlds} at once", replace(five, beams=1, batch=None), worlds=config.worlds),
    ]
    if read_meta(config.planner, "planner").family == "decoder-only":
        steps.append(_Step("each text read once", greedy, worlds=config.worlds))
        if _is_one(config):
            steps.append(_Step("by both roles together", greedy, one_transcript=True, worlds=config.worlds))
    aside = not torch.cuda.is_available()  # on a processor it saves memory, hardly time
    steps.append(replace(steps[-1], name="bfloat16", number_format="bfloat16", aside=aside))
    if config.fast:
        steps.append(_Step("CTranslate2", greedy, worlds=config.worlds, fast=True))
        steps.append(
            _Step("CTranslate2, int8", greedy, worlds=config.worlds, number_format="int8", fast=True)
        )
    return steps


def _play(step: _Step, config: ActingCostConfig) -> list[Row]:
    tasks = [task.name for task in get_tasks(config.tasks)]
    protocol = Protocol("acting", tuple(tasks), "dev", config.variations, config.max_moves, 30, "easy", ())

    def load(role: Role) -> Writer:
        folder = config.planner if role == "planner" else config.executor
        return load_writer(folder, role, step.decoding, step.number_format, step.fast)

    def make() -> Agent:
        pair = make_pair(load, step.one_transcript, repeat_idle=True, search=False)  # as in the papers
        return SGDAgent(*pair, planner_every_move=step.every_move)

    journal = _journal(step, config)
    fingerprint = fingerprint_of("sgd", protocol, step, [config.planner, config.executor])
    return play(step.name, make, protocol, protocol.episodes(), step.worlds, journal, fingerprint)


def _is_one(config: ActingCostConfig) -> bool:
    return config.planner.resolve() == config.executor.resolve()


def _journal(step: _Step, config: ActingCostConfig) -> Path:
    return config.out / f"episodes-{step.name.replace(' ', '-').replace(',', '')}.jsonl"


def _figures(steps: list[_Step], rows: dict[str, list[Row]], config: ActingCostConfig) -> list[Figure]:
    figures: list[Figure] = []
    pace = {name: _per_move(own, "agent_seconds") for name, own in rows.items()}
    scores = {
        name: float(np.mean([row["score_negative_as_zero"] for row in own])) for name, own in rows.items()
    }
    before = None
    for step in steps:
        milliseconds = 1000 * pace[step.name]
        gain = "" if before is None else f"{before / pace[step.name]:.2f} times fewer than the row above"
        figures.append(Figure(f"{step.name}: model milliseconds a move", milliseconds, note=gain))
        before = pace[step.name]
    last = [step for step in steps if not step.aside][-1]
    bar = BAR_GPU if torch.cuda.is_available() else BAR_CPU
    ratio = pace["reference"] / pace[last.name]
    figures.append(Figure("fewer model seconds than the reference", ratio, bar=bar, note="times"))
    loss = scores[last.name] - scores["reference"]
    told = f"{len(rows['reference'])} dev episodes; the reference has {scores['reference']:.1f}"
    figures.append(Figure("points above the reference", loss, bar=-MAX_LOSS, note=told))
    if last.decoding.method == "greedy" and not last.fast:
        tokens = _per_move(rows[last.name], "model_tokens")
        figures.append(Figure("model tokens a move", tokens, bar=MAX_TOKENS, at_most=True))
    for one, other in pairwise(steps[2:]):
        differ, compared = _compare(one, other, rows, config)
        note = f"of {compared}, up to the first difference of an episode, beside the row above"
        name = f"{other.name}: % of commands that differ"
        figures.append(Figure(name, 100 * differ / max(1, compared), note=note))
    return figures


def _per_move(rows: list[Row], name: str) -> float:
    return float(sum(row[name] for row in rows) / sum(row["moves"] for row in rows))


def _compare(
    one: _Step, other: _Step, rows: dict[str, list[Row]], config: ActingCostConfig
) -> tuple[int, int]:
    """Return in how many episodes two ways part, and how many commands they have together until then."""
    parted = compared = 0
    for row in rows[one.name]:
        key = key_of(row)
        first, second = (
            [move.action for move in read_moves(transcript_path(_journal(step, config), key), step.name, key)]
            for step in (one, other)
        )
        same = next(
            (n for n, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), None
        )
        parted += same is not None
        compared += min(len(first), len(second)) if same is None else same + 1
    return parted, compared
