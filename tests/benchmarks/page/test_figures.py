"""The numbers behind each figure, against values that are worked out by hand."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from sgd_gym.benchmarks.page import figures
from sgd_gym.benchmarks.page.packing import Game
from sgd_gym.benchmarks.protocols import get_protocol
from sgd_gym.benchmarks.published_rows import PublishedMethod
from sgd_gym.benchmarks.results import Results

PUBLISHED = [
    PublishedMethod("A", {"all": 65.0, "short": 90.0}, None, True, (1, 2)),
    PublishedMethod("B", {"all": 80.0, "boil": 70.0, "find-plant": 90.0}, 757.0, False, (3,)),
]
NAMED = {"A": {"name": "A", "notes": (1, 2), "nearest": True, "tokens": None}}


@pytest.fixture
def results(made_up: SimpleNamespace) -> Results:
    """Return results of two agents on two tasks; find-plant is short, boil long."""
    told = [
        ("sgd", "boil", 1, -100, {"model_tokens": 40, "score_last_good": 10}),
        ("sgd", "boil", 2, 0, {}),
        ("sgd", "find-plant", 1, 100, {"model_tokens": 30, "planner_calls": 4}),
        ("sgd", "find-plant", 2, 50, {"moves": 4, "llm_tokens": 10, "money": 0.2}),
        *(("random", task, variation, 0, {}) for task in ("boil", "find-plant") for variation in (1, 2)),
    ]
    nothing = {"moves": 2, "model_tokens": 0, "planner_calls": 0}
    rows = [made_up.row(*place, **(nothing | changes)) for *place, changes in told]
    entries = {name: [{"training_seed": None}] for name in ("sgd", "random")}
    return Results(Path("r.json"), get_protocol("sgd-100"), ["boil", "find-plant"], rows, entries)


def game(episode: int, scores: list[float]) -> Game:
    count = len(scores)
    nothing: list[None] = [None] * count
    return Game(episode, nothing, [0.0] * count, scores, [0] * count, [0.0] * count, *[nothing] * 5)


def test_overall_is_the_mean_of_tasks_with_an_interval(results: Results) -> None:
    found = figures.overall(results, results.summaries(), PUBLISHED)
    assert found["kinds"] == [
        {"name": "all", "tasks": 2},
        {"name": "short", "tasks": 1},
        {"name": "long", "tasks": 1},
    ]
    assert found["subset"] == "first 9"
    sgd, chance, published = found["rows"]
    everything, short, long = sgd["scores"]
    assert everything["mean"] == 37.5
    assert everything["low"] < 37.5 < everything["high"]
    assert (short["mean"], long["mean"]) == (75.0, 0.0)
    assert (sgd["episodes"], sgd["success"]["mean"], sgd["last_good"]["mean"]) == (4, 0.25, 40.0)
    assert sgd["iqm"]["mean"] == 37.5
    assert chance["scores"][0] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert published == NAMED["A"] | {"scores": [{"mean": 65.0}, {"mean": 90.0}, None]}


def test_the_score_is_that_of_the_protocol(results: Results) -> None:
    results.protocol = replace(get_protocol("swiftsage-271"), tasks=tuple(results.tasks))
    summaries = results.summaries()
    sgd, _ = figures.overall(results, summaries, [])["rows"]
    assert sgd["scores"][0]["mean"] == 40.0
    assert figures.heat_map(results, summaries, [])["columns"][0]["scores"] == [5.0, 75.0]
    assert figures.profile(results)[0][10] == 0.75
    assert figures.costs(results, summaries, [])[0]["score"] == 40.0
    games = [game(0, [0, 10, -100]), game(1, [0]), game(2, [0, 100]), game(3, [0, 50])]
    assert figures.curves(results, games) == [[0.0, 40.0, 40.0], None]


def test_pairs_are_compared_over_all_tasks(results: Results) -> None:
    (pair,) = figures.pairs(results)
    assert (pair["a"], pair["b"], pair["difference"]["mean"]) == (0, 1, 37.5)
    assert pair["improvement"]["mean"] == 0.75  # wins both in find-plant, ties in boil
    assert figures.pairs(replace(results, entries={"sgd": results.entries["sgd"]})) == []


def test_training_seeds_of_one_agent_are_averaged(results: Results) -> None:
    again = [row | {"training_seed": 1, "score_negative_as_zero": 100} for row in results.rows_of("sgd")]
    seeds = [{"training_seed": None}, {"training_seed": 1}]
    both = replace(results, rows=results.rows_of("sgd") + again, entries={"sgd": seeds})
    (sgd,) = figures.overall(both, both.summaries(), [])["rows"]
    assert (sgd["scores"][0]["mean"], sgd["episodes"]) == (68.75, 8)
    games = [game(place, [row["score_negative_as_zero"]]) for place, row in enumerate(both.rows)]
    assert figures.curves(both, games) == [[68.75]]


def test_heat_map_has_a_row_for_each_task(results: Results) -> None:
    found = figures.heat_map(results, results.summaries(), PUBLISHED)
    assert [(task["id"], task["kind"]) for task in found["tasks"]] == [("1-1", "long"), ("4-3", "short")]
    assert [(column["name"], column["scores"]) for column in found["columns"]] == [
        ("sgd", [0.0, 75.0]),
        ("random", [0.0, 0.0]),
        ("B", [70.0, 90.0]),  # A tells of no task
    ]


def test_the_profile_counts_episodes(results: Results) -> None:
    sgd, chance = figures.profile(results)
    assert (sgd[0], sgd[1], sgd[50], sgd[51], sgd[100]) == (1.0, 0.5, 0.5, 0.25, 0.25)
    assert (chance[0], chance[1], len(chance)) == (1.0, 0.0, 101)


def test_a_curve_ends_at_the_overall_score(results: Results) -> None:
    games = [game(2, [0, 100]), game(3, [0, 20, 40, 30, 50]), game(0, [0, 10, -100]), game(1, [0, 2, 0])]
    assert figures.curves(results, games) == [[0.0, 33.0, 35.0, 32.5, 37.5], None]
    assert figures.curves(results, []) is None


def test_costs_are_tokens_of_all_models_over_all_moves(results: Results) -> None:
    sgd, chance, published = figures.costs(results, results.summaries(), PUBLISHED)
    assert (sgd["tokens"], sgd["score"], sgd["seconds"], sgd["money"]) == (8.0, 37.5, 1.0, 0.05)
    assert (sgd["planner_calls"], sgd["llm_tokens"], sgd["peak_memory_mb"]) == (1.0, 2.5, 100.0)
    assert chance["tokens"] == 0
    assert (published["name"], published["tokens"], published["score"]) == ("B", 757.0, 80.0)
