"""Means and bootstrap intervals, against cases that can be computed by hand and against SciPy."""

import numpy as np
import pytest
from scipy import stats

from sgd_gym.benchmarks.stats import Interval, bootstrap, interquartile_mean, mean_interval


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


def test_a_group_of_one_beside_others_is_not_drawn() -> None:
    assert mean_interval([[50], [0, 100]]) == Interval(50, 25, 75)


# --- training seeds


def over_all(scores: list[np.ndarray]) -> Interval:
    (interval,) = bootstrap([scores], lambda means: [means[0][:, :, 0].mean((0, 1))])
    return interval


def test_training_seeds_are_drawn_for_all_tasks_together() -> None:
    """Two seeds, 0 and 100 everywhere: drawn together, the mean is 0, 50 or 100, not something in between."""
    task = np.array([[0.0, 0.0], [100.0, 100.0]])[:, :, None]
    assert over_all([task, task, task]) == Interval(50, 0, 100)


def test_variations_are_drawn_for_all_seeds_together() -> None:
    """Variations 0 and 100 for both seeds: of two crossed factors the draw is one, as with one seed."""
    task = np.array([[0.0, 100.0], [0.0, 100.0]])[:, :, None]
    assert over_all([task]) == Interval(50, 0, 100)
    values: list[np.ndarray] = []
    bootstrap([[task]], lambda means: values.append(means[0].ravel()) or [means[0].mean((0, 1))[0]])
    assert set(np.concatenate(values)) == {0, 50, 100}


def test_one_seed_is_the_bootstrap_over_variations_of_scipy() -> None:
    draw = np.random.default_rng(5)
    tasks = [draw.normal(50, 20, size=(1, 12, 1)) for _ in range(3)]
    ours = over_all(tasks)
    theirs = stats.bootstrap(
        [task[0, :, 0] for task in tasks],
        lambda *groups, axis: np.mean([group.mean(axis) for group in groups], axis=0),
        paired=False,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(9),
    ).confidence_interval
    width = theirs.high - theirs.low
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=width / 40)


def test_with_many_seeds_the_width_is_that_of_two_random_effects() -> None:
    """The variance of the mean of crossed effects is v_seed / S + v_variation / V (no interaction)."""
    draw = np.random.default_rng(1)
    seeds, variations = draw.normal(0, 10, 40), draw.normal(50, 10, 40)
    interval = over_all([(seeds[:, None] + variations[None])[:, :, None]])
    sigma = np.sqrt(np.var(seeds) / 40 + np.var(variations) / 40)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * sigma, rel=0.05)


def test_the_interquartile_mean_is_that_of_the_middle_half() -> None:
    """Of 0 to 100 in eight steps, the middle four: 30, 40, 60, 70."""
    means = np.array([[0.0, 10, 30, 40], [60.0, 70, 90, 100]])[:, :, None]
    assert interquartile_mean(means) == pytest.approx([50])
    assert interquartile_mean(np.array([[[7.0, 9.0]]])) == pytest.approx([7, 9]), "of one score, itself"
