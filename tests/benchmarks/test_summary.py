"""What tables say of an agent, against a plain computation by hand."""

from types import SimpleNamespace

import pytest

from sgd_gym.benchmarks.protocols import get_protocol
from sgd_gym.benchmarks.stats import Interval
from sgd_gym.benchmarks.summary import WORD_TASKS, summarise
from sgd_gym.errors import DataError

QUICKSTART = get_protocol("quickstart-dev")


def test_negative_ends_count_by_either_scoring_and_tasks_weigh_equally(made_up: SimpleNamespace) -> None:
    rows = [
        made_up.row("sgd", "boil", 0, 100, moves=20),
        made_up.row("sgd", "boil", 1, -100, score_last_good=60, moves=10, planner_calls=4),
        *(made_up.row("sgd", "find-plant", number, 100, moves=5) for number in range(8)),
    ]
    boil, plant, short, long, both = summarise(rows, QUICKSTART)
    assert [one.task for one in (boil, plant, short, long, both)] == [
        "boil",
        "find-plant",
        "short",
        "long",
        "all",
    ]
    assert (short.score, long.score) == (plant.score, boil.score)
    assert [one.episodes for one in (boil, plant, both)] == [2, 8, 10]
    assert [one.score.mean for one in (boil, plant, both)] == [50, 100, 75]
    assert [one.score_last_good.mean for one in (boil, plant, both)] == [80, 100, 90]
    assert [one.success_rate for one in (boil, plant, both)] == [0.5, 1, 0.75]
    assert [one.moves for one in (boil, plant, both)] == [15, 5, 10]
    assert [one.planner_calls for one in (boil, plant, both)] == [3, 2, 2.5]
    assert both.score == Interval(75, 50, 100)
    assert both.success == Interval(0.75, 0.5, 1)
    assert both.training_seeds == 1
    swiftsage = summarise(rows, get_protocol("swiftsage-271"))
    assert [one.score for one in swiftsage] == [
        one.score_last_good for one in (boil, plant, short, long, both)
    ]


def test_the_subset_is_the_first_variations_of_each_task(made_up: SimpleNamespace) -> None:
    """Variations 225 to 234 are the first ten test variations of find-plant; the tenth alone fails."""
    rows = [made_up.row("sgd", "find-plant", 225 + number, 100 * (number < 9)) for number in range(10)]
    rows += [made_up.row("sgd", "boil", 21 + number, 50) for number in range(9)]
    summaries = {one.task: one for one in summarise(rows, get_protocol("sgd-100"))}
    assert summaries["all"].score.mean == pytest.approx((90 + 50) / 2)
    assert summaries["first 9"].score.mean == pytest.approx((100 + 50) / 2)
    assert summaries["first 9"].episodes == 18


def test_word_knowledge_is_told_apart_where_all_its_tasks_were_played(made_up: SimpleNamespace) -> None:
    rows = [made_up.row("sgd", task, score=100 * (task == "find-plant")) for task in WORD_TASKS]
    rows += [made_up.row("sgd", "boil", score=50)]
    scores = {one.task: one.score.mean for one in summarise(rows, QUICKSTART)}
    assert scores["word knowledge"] == pytest.approx(100 / 7)
    assert scores["all"] == pytest.approx(150 / 8)
    missing = [row for row in rows if row["task"] != "find-animal"]
    assert "word knowledge" not in {one.task for one in summarise(missing, QUICKSTART)}


def test_the_interquartile_mean_leaves_out_the_best_and_worst_tasks(made_up: SimpleNamespace) -> None:
    tasks = ("boil", "melt", "freeze", "find-plant")
    rows = [made_up.row(task=task, score=score) for task, score in zip(tasks, (0, 40, 60, 100), strict=True)]
    assert summarise(rows, QUICKSTART)[-1].iqm.mean == 50


def test_training_seeds_are_resampled(made_up: SimpleNamespace) -> None:
    rows = [
        made_up.row(task=task, variation=number, score=score, training_seed=seed)
        for seed, score in ((0, 20), (1, 80))
        for task in ("boil", "melt")
        for number in range(3)
    ]
    both = summarise(rows, QUICKSTART)[-1]
    assert (both.training_seeds, both.score) == (2, Interval(50, 20, 80))


def test_costs_are_told(made_up: SimpleNamespace) -> None:
    rows = [
        made_up.row(moves=10, model_tokens=300, llm_tokens=0, peak_memory_mb=50.0, money=0.0),
        made_up.row(variation=1, moves=30, model_tokens=100, llm_tokens=400, peak_memory_mb=70.0, money=3.0),
        made_up.row(variation=2, ended_by="error", moves=0, model_tokens=0),
    ]
    (boil,) = summarise(rows, QUICKSTART)
    assert boil.tokens_per_move == 800 / 40
    assert (boil.money, boil.peak_memory_mb, boil.errors) == (1.0, 100.0, 1)
    (unpriced,) = summarise([*rows[:2], made_up.row(variation=3, money=None)], QUICKSTART)
    assert unpriced.money is None


def test_agents_are_summed_up_apart_in_order_of_appearance(made_up: SimpleNamespace) -> None:
    rows = [
        made_up.row("flat", score=10),
        made_up.row("sgd", score=30),
        made_up.row("flat", variation=1, score=20),
    ]
    assert [(one.agent, one.task, one.score.mean) for one in summarise(rows, QUICKSTART)] == [
        ("flat", "boil", 15),
        ("sgd", "boil", 30),
    ]
    assert summarise([], QUICKSTART) == []


@pytest.mark.parametrize("other", [{}, {"variation": 1, "training_seed": 1}])
def test_an_episode_twice_or_of_one_seed_only_is_refused(
    made_up: SimpleNamespace, other: dict[str, int]
) -> None:
    rows = [made_up.row(training_seed=0), made_up.row(training_seed=0) | other]
    with pytest.raises(DataError, match=r"sgd has 2 rows of boil.*each episode once for each seed.* Fix: "):
        summarise(rows, QUICKSTART)
