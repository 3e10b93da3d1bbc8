"""Means and bootstrap intervals, against cases that can be computed by hand and against SciPy."""

import numpy as np
import pytest
from scipy import stats

from sgd_gym.benchmarks.stats import Interval, mean_interval, summarise


def test_two_scores_by_hand() -> None:
    """Resampled means of 0 and 100 are 0, 50, 100 with weights 1/4, 1/2, 1/4."""
    assert mean_interval([[0, 100]]) == Interval(50, 0, 100)


def test_many_equal_scores_and_one_other_by_hand() -> None:
    """The one 100 among ten comes up k times with probability C(10, k) 0.1^k 0.9^(10 - k).

    No time: 34.9 %; more than three times: 1.3 %; more than twice: 7.0 %.
    """
    assert mean_interval([[0] * 9 + [100]]) == Interval(10, 0, 30)


def test_groups_are_resampled_on_their_own() -> None:
    """The constant group moves the ends by its mean and adds no width."""
    assert mean_interval([[10, 10, 10], [0, 100]]) == Interval(30, 5, 55)


def test_every_task_weighs_the_same() -> None:
    few, many = [100.0], [0.0] * 99
    assert mean_interval([few, many]) == Interval(50, 50, 50)
    scores = list(range(50))
    alone = mean_interval([scores])
    with_constant = mean_interval([scores, [0.0] * 1000])
    assert with_constant.mean == alone.mean / 2
    assert with_constant.high - with_constant.low == pytest.approx((alone.high - alone.low) / 2, rel=0.1)


@pytest.mark.parametrize("groups", [[[42.0]], [[42.0] * 5], [[42.0] * 5, [42.0]]])
def test_constant_scores_have_no_width(groups: list[list[float]]) -> None:
    assert mean_interval(groups) == Interval(42, 42, 42)


def test_scipy_finds_the_same_interval() -> None:
    scores = np.random.default_rng(3).normal(50, 20, size=40)
    ours = mean_interval([scores.tolist()])
    theirs = stats.bootstrap(
        (scores,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(9)
    ).confidence_interval
    assert ours.mean == pytest.approx(scores.mean())
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=width / 50)
    assert ours.high == pytest.approx(theirs.high, abs=width / 50)


def test_stratification_is_narrower_than_pooling() -> None:
    low, high = [0.0, 1, 2, 3], [97.0, 98, 99, 100]
    interval, pooled = mean_interval([low, high]), mean_interval([low + high])
    assert interval.mean == pooled.mean == 50
    assert interval.high - interval.low < 3 < 40 < pooled.high - pooled.low


def test_equal_scores_give_equal_intervals_and_no_global_draws() -> None:
    groups = [[1.0, 5, 9], [2.0, 4]]
    np.random.seed(1)
    first = mean_interval(groups)
    drawn = np.random.random()
    np.random.seed(1)
    assert np.random.random() == drawn
    assert mean_interval(groups) == first


def test_an_interval_prints_as_a_table_shows_it() -> None:
    assert str(Interval(50.04, 0, 100)) == "50.0 [0.0, 100.0]"


def make_row(agent: str, task: str, score: int, **changes: float) -> dict[str, object]:
    return {
        "agent": agent,
        "task": task,
        "score_last": score,
        "score_negative_as_zero": max(0, score),
        "success": score == 100,
        "moves": 10,
        "planner_calls": 2,
        "seconds": 1.0,
    } | changes


def test_summaries_count_negative_ends_as_zero_and_weigh_tasks_equally() -> None:
    rows = [
        make_row("sgd", "boil", 100, moves=20),
        make_row("sgd", "boil", -100, moves=10, planner_calls=4),
        *(make_row("sgd", "find-plant", 100, moves=5) for _ in range(8)),
    ]
    boil, plant, both = summarise(rows)
    assert [one.task for one in (boil, plant, both)] == ["boil", "find-plant", "all"]
    assert [one.episodes for one in (boil, plant, both)] == [2, 8, 10]
    assert [one.score.mean for one in (boil, plant, both)] == [50, 100, 75]
    assert [one.success_rate for one in (boil, plant, both)] == [0.5, 1, 0.75]
    assert [one.moves for one in (boil, plant, both)] == [15, 5, 10]
    assert [one.planner_calls for one in (boil, plant, both)] == [3, 2, 2.5]
    assert (both.score.low, both.score.high) == (50, 100)


def test_agents_are_summed_up_apart_in_order_of_appearance() -> None:
    rows = [make_row("flat", "boil", 10), make_row("sgd", "boil", 30), make_row("flat", "boil", 20)]
    assert [(one.agent, one.task, one.score.mean) for one in summarise(rows)] == [
        ("flat", "boil", 15),
        ("sgd", "boil", 30),
    ]
    assert summarise([]) == []
