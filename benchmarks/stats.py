"""Statistics of episode rows: means with bootstrap intervals; knows no files."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

RESAMPLES = 10_000


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """Print as a table shows it."""
        return f"{self.mean:.1f} [{self.low:.1f}, {self.high:.1f}]"


def mean_interval(groups: Sequence[Sequence[float]]) -> Interval:
    """Return the mean of the groups' means, with a stratified percentile bootstrap interval.

    Each group (a task's episodes) is resampled on its own, so that every task keeps its weight. With one
    training seed the interval is over variations only.

    Args:
        groups: One list of scores for each task; none may be empty.
    """
    samples = [np.asarray(group, dtype=float) for group in groups]
    mean = float(np.mean([sample.mean() for sample in samples]))
    if all(np.ptp(sample) == 0 for sample in samples):
        return Interval(mean, mean, mean)

    def statistic(*resampled: Any, axis: int) -> Any:
        return np.mean([np.mean(sample, axis=axis) for sample in resampled], axis=0)

    with warnings.catch_warnings():
        # SciPy warns where one group is constant; its part of the interval then has no width, as it should.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        result = stats.bootstrap(
            samples,
            statistic,
            paired=False,
            vectorized=True,
            n_resamples=RESAMPLES,
            method="percentile",
            rng=np.random.default_rng(0),
        )
    interval = result.confidence_interval
    return Interval(mean, float(interval.low), float(interval.high))


@dataclass(frozen=True)
class Summary:
    """What a table says of one agent on one task, or on all of them."""

    agent: str
    task: str
    episodes: int
    score: Interval
    success_rate: float
    moves: float
    planner_calls: float
    seconds: float


def summarise(rows: Sequence[dict[str, Any]]) -> list[Summary]:
    """Return a summary for each agent and task in order of appearance, then "all" for each agent.

    The score counts a negative end as 0; "all" is the macro mean over tasks.
    """
    agents = list(dict.fromkeys(row["agent"] for row in rows))
    summaries = []
    for agent in agents:
        own = [row for row in rows if row["agent"] == agent]
        tasks = list(dict.fromkeys(row["task"] for row in own))
        groups = [[row for row in own if row["task"] == task] for task in tasks]
        summaries += [_summary(agent, task, [group]) for task, group in zip(tasks, groups, strict=True)]
        if len(tasks) > 1:
            summaries.append(_summary(agent, "all", groups))
    return summaries


def _summary(agent: str, task: str, groups: list[list[dict[str, Any]]]) -> Summary:
    def macro(name: str) -> float:
        return float(np.mean([np.mean([row[name] for row in group]) for group in groups]))

    return Summary(
        agent=agent,
        task=task,
        episodes=sum(map(len, groups)),
        score=mean_interval([[row["score_negative_as_zero"] for row in group] for group in groups]),
        success_rate=macro("success"),
        moves=macro("moves"),
        planner_calls=macro("planner_calls"),
        seconds=macro("seconds"),
    )
