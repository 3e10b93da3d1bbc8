"""Two agents on the same episodes, against computations by hand; what cannot be compared is refused."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sgd_gym.benchmarks.compare import CompareConfig, compare, compare_rows, make_comparison_sheets
from sgd_gym.benchmarks.protocols import get_protocol
from sgd_gym.benchmarks.sheets import make_markdown
from sgd_gym.benchmarks.stats import Interval
from sgd_gym.errors import DataError, SgdGymError, UnknownNameError

QUICKSTART = get_protocol("quickstart-dev")


def test_episodes_are_drawn_in_pairs(made_up: SimpleNamespace) -> None:
    """Ten episodes from 0 to 90, each 5 more for a: the difference is 5 in every draw."""
    rows = [made_up.row("a", variation=n, score=10 * n + 5) for n in range(10)]
    others = [made_up.row("b", variation=n, score=10 * n) for n in range(10)]
    (one,) = compare_rows(rows, others, QUICKSTART)
    assert (one.a, one.b, one.task, one.episodes) == ("a", "b", "boil", 10)
    assert one.difference == Interval(5, 5, 5)
    assert one.improvement == Interval(1, 1, 1)


def test_one_seed_is_the_paired_bootstrap_of_scipy(made_up: SimpleNamespace) -> None:
    draw = np.random.default_rng(2)
    a, b = draw.integers(0, 100, 20), draw.integers(0, 100, 20)
    b[:4] = a[:4]
    rows, others = (
        [made_up.row(name, variation=n, score=int(score)) for n, score in enumerate(scores)]
        for name, scores in (("a", a), ("b", b))
    )
    (one,) = compare_rows(rows, others, QUICKSTART)
    wins = np.where(a > b, 1.0, np.where(a == b, 0.5, 0.0))
    for ours, sample in ((one.difference, a - b), (one.improvement, wins)):
        theirs = stats.bootstrap(
            [sample], np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(9)
        ).confidence_interval
        assert ours.mean == pytest.approx(sample.mean())
        width = theirs.high - theirs.low
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=width / 25)


def test_improvement_is_over_all_pairs_of_training_seeds(made_up: SimpleNamespace) -> None:
    """Scores 10 and 30 against 20 and 30: of the four pairs one is won, one is a tie; two are lost."""
    rows = [made_up.row("a", score=score, training_seed=seed) for seed, score in enumerate((10, 30))]
    others = [made_up.row("b", score=score, training_seed=seed) for seed, score in enumerate((20, 30))]
    (one,) = compare_rows(rows, others, QUICKSTART)
    assert one.difference == Interval(-5, -20, 10)
    assert one.improvement == Interval(1.5 / 4, 0, 1)


def test_tasks_weigh_equally_and_length_classes_are_told(made_up: SimpleNamespace) -> None:
    def rows(name: str, boil: int, plant: int) -> list[dict[str, Any]]:
        plants = [made_up.row(name, "find-plant", n, plant) for n in range(9)]
        return [made_up.row(name, "boil", 0, boil), *plants]

    found = {one.task: one for one in compare_rows(rows("a", 100, 0), rows("b", 0, 20), QUICKSTART)}
    assert {name: one.difference.mean for name, one in found.items()} == {
        "boil": 100,
        "find-plant": -20,
        "short": -20,
        "long": 100,
        "all": 40,
    }
    assert found["all"].improvement.mean == 0.5


def test_the_scoring_is_the_protocols(made_up: SimpleNamespace) -> None:
    rows = [made_up.row("a", score=-100, score_last_good=60)]
    others = [made_up.row("b", score=10)]
    for name, difference in (("quickstart-dev", -10), ("swiftsage-271", 50)):
        (one,) = compare_rows(rows, others, get_protocol(name))
        assert one.difference.mean == difference


def test_other_episodes_are_refused(made_up: SimpleNamespace) -> None:
    with pytest.raises(
        DataError, match=r"a and b did not play the same episodes: 2 .*\('boil', 0, 0\).* Fix: "
    ):
        compare_rows([made_up.row("a")], [made_up.row("b", variation=1)], QUICKSTART)


# --- the command


def test_two_agents_of_one_file(made_up: SimpleNamespace, tmp_path: Path) -> None:
    made_up.results(tmp_path, agents={"sgd": 50, "flat": 40})
    found = compare(CompareConfig([tmp_path / "results.json"], ["sgd", "flat"]))
    assert [one.task for one in found][-1] == "all"
    assert all(one.difference == Interval(10, 10, 10) for one in found)
    table = make_markdown(make_comparison_sheets(found))
    assert "## sgd less flat" in table
    assert "| +10.0* | +10.0 to +10.0 | 1.00 | 1.00 to 1.00 |" in table


def test_the_agents_that_two_files_share(made_up: SimpleNamespace, tmp_path: Path) -> None:
    made_up.results(tmp_path / "a", agents={"sgd": 50, "oracle": 90})
    made_up.results(tmp_path / "b", agents={"sgd": 45, "flat": 40})
    files = [tmp_path / "a/results.json", tmp_path / "b/results.json"]
    assert {(one.a, one.b, one.difference.mean) for one in compare(CompareConfig(files))} == {
        ("sgd", "sgd", 5)
    }
    crossed = compare(CompareConfig(files, ["oracle", "flat"]))
    assert {(one.a, one.b, one.difference.mean) for one in crossed} == {("oracle", "flat", 50)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"protocol": "dev-mini", "tasks": ("find-plant",)},
            "of protocol 'quickstart-dev'.*'dev-mini'.* Fix: ",
        ),
        ({"max_option_moves": 10}, "setting max_option_moves 30.*10.* Fix: .*--differ max_option_moves"),
        ({"tasks": ("find-plant",)}, "did not play the same episodes: 24 .* Fix: "),
    ],
)
def test_results_of_other_kinds_are_refused(
    made_up: SimpleNamespace, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    made_up.results(tmp_path / "a")
    made_up.results(tmp_path / "b", **changes)
    with pytest.raises(DataError, match=message):
        compare(CompareConfig([tmp_path / "a/results.json", tmp_path / "b/results.json"]))


def test_a_setting_may_differ_if_it_is_what_is_compared(made_up: SimpleNamespace, tmp_path: Path) -> None:
    made_up.results(tmp_path / "a")
    made_up.results(tmp_path / "b", max_option_moves=10, worlds=7)
    files = [tmp_path / "a/results.json", tmp_path / "b/results.json"]
    assert compare(CompareConfig(files, differ=["max_option_moves"]))


def test_a_protocol_whose_limits_were_others_is_refused(made_up: SimpleNamespace, tmp_path: Path) -> None:
    made_up.results(tmp_path / "a")
    made_up.results(tmp_path / "b")
    path = tmp_path / "b/results.json"
    results = json.loads(path.read_text())
    results["protocol"]["max_moves"] = 99
    path.write_text(json.dumps(results))
    with pytest.raises(DataError, match=r"protocol data .*max_moves=99"):
        compare(CompareConfig([tmp_path / "a/results.json", path]))


def test_agents_that_are_not_there_are_refused(made_up: SimpleNamespace, tmp_path: Path) -> None:
    made_up.results(tmp_path)
    path = tmp_path / "results.json"
    with pytest.raises(UnknownNameError, match=r"agent in .*results\.json 'flat'.* Allowed: sgd"):
        compare(CompareConfig([path], ["sgd", "flat"]))
    with pytest.raises(SgdGymError, match=r"Which agents .* holds sgd.* Fix: --agents A B"):
        compare(CompareConfig([path]))
    with pytest.raises(SgdGymError, match=r"3 results files.* Allowed: one or two"):
        compare(CompareConfig([path] * 3))
