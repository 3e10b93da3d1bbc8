"""Two agents on the same episodes: their difference with its interval, the probability of improvement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tyro

from sgd_gym.benchmarks.figures import Figure
from sgd_gym.benchmarks.journal import Row
from sgd_gym.benchmarks.protocols import Protocol
from sgd_gym.benchmarks.results import check_alike, read_results
from sgd_gym.benchmarks.sheets import Sheet
from sgd_gym.benchmarks.stats import Interval, Scores, bootstrap, macro_interval
from sgd_gym.benchmarks.summary import group_tasks, score_arrays
from sgd_gym.errors import DataError, SgdGymError, UnknownNameError


@dataclass
class CompareConfig:
    """Compare two agents, or two runs of one, on the same episodes."""

    results: tyro.conf.Positional[list[Path]]
    """One results.json, or two."""
    agents: list[str] | None = None
    """The two agents: of the one file, or one of each. If not given, each agent that both files hold is
    compared with itself."""
    differ: list[str] = field(default_factory=list)
    """Settings that may differ between the files, for they are what is compared."""


@dataclass(frozen=True)
class Comparison:
    """Agent `a` less agent `b` on a task, or on a group of tasks (macro mean)."""

    a: str
    b: str
    task: str
    episodes: int
    difference: Interval
    """Of the score, by the protocol's scoring."""
    improvement: Interval
    """Probability that `a` scores more than `b` in an episode; a tie counts half (arXiv 2108.13264)."""


def compare(config: CompareConfig) -> list[Comparison]:
    """Return the comparisons that the command asks for.

    Raises:
        DataError: If the files cannot be compared: other protocol, schema version, settings or episodes.
        UnknownNameError: If a file does not hold an agent.
    """
    if len(config.results) not in (1, 2):
        raise SgdGymError(f"{len(config.results)} results files are named. Allowed: one or two.")
    first, last = (read_results(path) for path in (config.results[0], config.results[-1]))
    check_alike([first, last], config.differ)
    if config.agents is not None:
        if len(config.agents) != 2:
            raise SgdGymError(f"agents are {', '.join(config.agents)}. Allowed: two of them.")
        pairs = [(config.agents[0], config.agents[1])]
    else:
        common = [name for name in first.agents if name in last.agents]
        pairs = [(name, name) for name in common if len(config.results) == 2]
    if not pairs:
        raise SgdGymError(
            f"Which agents shall be compared? {config.results[0]} holds {', '.join(first.agents)}, "
            f"{config.results[-1]} {', '.join(last.agents)}. Fix: --agents A B."
        )
    found = []
    for one, other in pairs:
        for name, results in ((one, first), (other, last)):
            if name not in results.agents:
                raise UnknownNameError(f"agent in {results.path}", name, results.agents)
        rows, others = first.rows_of(one), last.rows_of(other)
        found += compare_rows(rows, others, first.protocol)
    return found


def compare_rows(rows: Sequence[Row], others: Sequence[Row], protocol: Protocol) -> list[Comparison]:
    """Compare the rows of one agent with those of another, task by task, by length class and over all.

    Raises:
        DataError: If they are not of the same episodes.
    """
    a, b = rows[0]["agent"], others[0]["agent"]
    episodes = [{(row["task"], row["variation"], row["seed"]) for row in one} for one in (rows, others)]
    if episodes[0] != episodes[1]:
        odd = sorted(episodes[0] ^ episodes[1])
        raise DataError(
            f"{a} and {b} did not play the same episodes: {len(odd)} are of one alone, such as {odd[0]}. "
            f"Fix: run both on the same --protocol, --tasks and --seed."
        )
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    groups = {name: [tasks.index(task) for task in group] for name, group in group_tasks(tasks).items()}
    pair = [score_arrays(one, (f"score_{protocol.scoring}",), tasks) for one in (rows, others)]
    scores = _pair_up(*pair)

    def statistics(means: list[np.ndarray]) -> list[np.ndarray]:
        ours, theirs = means
        difference = ours[:, :, 0].mean(0) - theirs[:, :, 0].mean(0)
        # Of each of their seeds: our share of wins against it, times how often it was drawn.
        improvement = (ours[:, :, 1:].mean(0) * theirs[:, :, 1:].mean(0)).sum(1)
        return [one[group].mean(0) for group in groups.values() for one in (difference, improvement)]

    intervals = iter(bootstrap(scores, statistics))
    return [
        Comparison(
            a, b, group, sum(pair[0][task].shape[1] for task in members), next(intervals), next(intervals)
        )
        for group, members in groups.items()
    ]


def figure_beside(
    name: str, rows: Sequence[Row], base: Sequence[Row], protocol: Protocol, told: str, note: str = ""
) -> Figure:
    """Return the overall score of some rows, noting the difference from others on the same episodes.

    Args:
        name: Of the figure.
        rows: Of one agent.
        base: What they are compared with; the same object as `rows` if with nothing.
        protocol: What was played.
        told: How `base` is named.
        note: What else is told.
    """
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    score = macro_interval(score_arrays(rows, (f"score_{protocol.scoring}",), tasks))
    if rows is not base:
        gap = compare_rows(rows, base, protocol)[-1].difference
        note = f"{gap.mean:+.1f}{_mark(gap)} ({gap.low:+.1f} to {gap.high:+.1f}) beside {told}; {note}"
    return Figure(name, score.mean, score.low, score.high, note=note)


def _mark(gap: Interval) -> str:
    """Return a star if an interval leaves out 0."""
    return "*" if gap.low > 0 or gap.high < 0 else ""


def _pair_up(ours: Scores, theirs: Scores) -> list[Scores]:
    """Return both sides' scores with what a comparison of single episodes needs as further kinds of score.

    Ours have a column for each of their training seeds: whether we score more in that episode (1; a tie 0.5).
    Theirs have as many columns, which mark the training seed itself.
    """
    sides: list[Scores] = [[], []]
    for own, other in zip(ours, theirs, strict=True):
        wins = (1 + np.sign(own - other[:, :, 0].T)) / 2
        marks = np.broadcast_to(np.eye(len(other))[:, None], (*other.shape[:2], len(other)))
        sides[0].append(np.concatenate([own, wins], axis=2))
        sides[1].append(np.concatenate([other, marks], axis=2))
    return sides


def make_comparison_sheets(comparisons: Sequence[Comparison]) -> list[Sheet]:
    """Return comparisons as tables, one for each pair; a difference whose interval leaves out 0 is marked."""
    notes = (
        "Same episodes, drawn together. P(more): probability of more in an episode, a tie counts half.",
        "* The interval leaves out 0.",
    )
    sheets = []
    for pair in dict.fromkeys((one.a, one.b) for one in comparisons):
        lines = tuple(_cells(one) for one in comparisons if (one.a, one.b) == pair)
        columns = ("task", "n", "score", "95 % interval", "P(more)", "95 % interval")
        sheets.append(Sheet(f"{pair[0]} less {pair[1]}", columns, lines, notes))
    return sheets


def _cells(one: Comparison) -> tuple[str, ...]:
    gap, won = one.difference, one.improvement
    mark = _mark(gap) or " "
    return (
        one.task,
        str(one.episodes),
        f"{gap.mean:+.1f}{mark}",
        f"{gap.low:+.1f} to {gap.high:+.1f}",
        f"{won.mean:.2f}",
        f"{won.low:.2f} to {won.high:.2f}",
    )
