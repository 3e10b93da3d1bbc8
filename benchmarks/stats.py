"""Means, interquartile means and their bootstrap intervals; knows no rows and no files.

Scores of an agent are one array for each task, `[training seeds, variations, kinds of score]`. The bootstrap
draws training seeds, the same for all tasks, and within each task variations, the same for all seeds: the
factors are crossed, for each seed's model plays every variation (the pigeonhole bootstrap, Owen, 2007). With
one seed it is the stratified bootstrap over variations only.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

RESAMPLES = 10_000
_BATCH = 1_000

Scores = list[np.ndarray]
"""For each task, an array `[training seeds, variations, kinds of score]`."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """Print as a table shows it."""
        return f"{self.mean:.1f} [{self.low:.1f}, {self.high:.1f}]"


def mean_interval(groups: Sequence[Sequence[float]]) -> Interval:
    """Return the mean of the groups' means, with a stratified percentile bootstrap interval.

    Args:
        groups: One list of scores for each task, of one training seed; none may be empty.
    """
    return macro_interval([np.asarray(group, dtype=float)[None, :, None] for group in groups])


def macro_interval(scores: Scores) -> Interval:
    """Return the mean over seeds and tasks of the first kind of score, with its bootstrap interval."""
    (interval,) = bootstrap([scores], lambda means: [means[0][:, :, 0].mean((0, 1))])
    return interval


def interquartile_mean(means: np.ndarray) -> np.ndarray:
    """Return the mean of the middle half of all seeds' scores in all tasks (arXiv 2108.13264).

    Args:
        means: Mean scores `[training seeds, tasks, resamples]`.
    """
    return np.asarray(stats.trim_mean(means.reshape(-1, means.shape[-1]), 0.25))


def bootstrap(
    agents: Sequence[Scores], statistics: Callable[[list[np.ndarray]], Sequence[np.ndarray]]
) -> list[Interval]:
    """Return statistics of agents that played the same episodes, with 95 % percentile intervals.

    SciPy draws numbers of seeds and variations rather than scores, so that whatever is compared is
    compared on the same draw.

    Args:
        agents: Scores of each agent; their variations are drawn together, their training seeds apart.
        statistics: Given the mean scores of each agent, `[training seeds, tasks, kinds, resamples]`, returns
            statistics, each an array over resamples.
    """
    seeds = [len(scores[0]) for scores in agents]
    variations = [array.shape[1] for array in agents[0]]

    def compute(*draws: np.ndarray) -> np.ndarray:
        own, shared = draws[: len(seeds)], draws[len(seeds) :]
        means = [
            np.stack([_mean(array, drawn, one) for array, one in zip(scores, shared, strict=True)], axis=1)
            for scores, drawn in zip(agents, own, strict=True)
        ]
        return np.stack([np.asarray(one, dtype=float) for one in statistics(means)])

    sizes = [*seeds, *variations]
    values = compute(*(np.arange(size)[None] for size in sizes))[:, 0]
    low, high = _percentiles(compute, sizes, values)
    return [Interval(*map(float, one)) for one in zip(values, low, high, strict=True)]


def _mean(scores: np.ndarray, seeds: np.ndarray, variations: np.ndarray) -> np.ndarray:
    """Return the means of each drawn seed over the drawn variations, `[seeds, kinds, resamples]`."""
    by_seed = scores[:, variations].mean(2)
    return np.take_along_axis(by_seed, seeds.T[:, :, None], 0).transpose(0, 2, 1)


def _percentiles(
    compute: Callable[..., np.ndarray], sizes: Sequence[int], values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the intervals; factors with one level are not drawn, for SciPy wants two."""
    drawn = [np.arange(size) for size in sizes if size > 1]
    if not drawn:
        return values, values

    def statistic(*samples: Any, axis: int) -> np.ndarray:
        fixed, left = np.zeros((len(samples[0]), 1), int), iter(samples)
        return compute(*(next(left) if size > 1 else fixed for size in sizes))

    with warnings.catch_warnings():
        # SciPy warns where a statistic is constant; its interval then has no width, as it should.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        interval = stats.bootstrap(
            drawn,
            statistic,
            paired=False,
            vectorized=True,
            n_resamples=RESAMPLES,
            batch=_BATCH,
            method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval
    return np.asarray(interval.low), np.asarray(interval.high)
