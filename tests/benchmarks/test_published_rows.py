"""Published figures are read whole, checked, and tied to our protocols."""

from pathlib import Path

import pytest

from sgd_gym.benchmarks.protocols import PROTOCOLS
from sgd_gym.benchmarks.published_rows import (
    FOLDER,
    NEAREST,
    group_methods,
    parameters,
    published_rows,
    read_published,
    tokens_per_move,
)
from sgd_gym.envs.tasks import TASKS
from sgd_gym.errors import DataError

HEAD = "source,method,task,score,protocol,provenance\n"


def test_every_figure_has_a_source_and_its_differences() -> None:
    for row in read_published():
        assert row.source
        assert row.differences
        assert NEAREST[row.protocol] in PROTOCOLS
    assert {row.provenance for row in read_published()} == {"primary", "second-hand", "derived"}


@pytest.mark.parametrize(
    "method", ["DRRN", "KG-A2C", "CALM", "TDT", "SayCan", "ReAct", "Reflexion", "SwiftSage"]
)
def test_means_of_the_paper_are_those_of_its_tasks(method: str) -> None:
    """The file was copied by hand from a picture: each column's means are the check of its 30 values."""
    scores = {row.task: row.score for row in published_rows("swiftsage-271") if row.method == method}
    for name in ("short", "medium", "long", None):
        group = [scores[task.name] for task in TASKS if name in (None, task.length_class)]
        assert scores[name or "all"] == pytest.approx(sum(group) / len(group), abs=0.011)


def test_means_that_a_paper_gives_rounded_only_are_derived() -> None:
    means = {row.method: row for row in published_rows("full-test") if row.task == "all"}
    assert round(means["DRRN"].score) == 17
    assert means["DRRN"].provenance == "derived"
    assert set(means) == {"Random", "DRRN", "KG-A2C", "CALM", "BC-T5-11B", "TDT-T5-11B"}


def test_sub_goal_distillation_is_the_mean_of_its_length_classes() -> None:
    scores = {row.task: row.score for row in published_rows("sgd-100") if row.method == "SGD"}
    mean = (10 * scores["short"] + 8 * scores["medium"] + 12 * scores["long"]) / 30
    assert scores["all"] == pytest.approx(mean, abs=0.01)


def test_tokens_are_of_methods_that_have_scores() -> None:
    assert set(tokens_per_move()) <= {row.method for row in published_rows("swiftsage-271")}
    assert round(tokens_per_move()["SwiftSage"]) == 757


def test_parameters_are_of_methods_that_have_scores() -> None:
    assert set(parameters()) <= {row.method for row in read_published()}
    assert parameters()["SGD"] == 3 * parameters()["Swift-only"] == 2_310_000_000


@pytest.mark.parametrize(
    "line",
    [
        "paper,SGD,5-9,50,sgd-100,primary",
        "paper,SGD,1-1,500,sgd-100,primary",
        "paper,SGD,1-1,high,sgd-100,primary",
        "paper,SGD,1-1,50,sgd-1000,primary",
        "paper,SGD,1-1,50,sgd-100,hearsay",
        "paper,Nobody,1-1,50,sgd-100,primary",
        ",SGD,1-1,50,sgd-100,primary",
        "paper,SGD",
    ],
)
def test_a_broken_row_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "results.csv"
    path.write_text(f"{HEAD}{line}\n")
    with pytest.raises(DataError, match=r"results\.csv, line 2, is no published row.*Allowed: "):
        read_published(path)


def test_a_figure_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text(HEAD + "paper,SGD,1-1,50,sgd-100,primary\n" * 2)
    with pytest.raises(DataError, match="twice"):
        read_published(path)


def test_the_wheel_holds_the_files() -> None:
    setup = (FOLDER.parents[1] / "setup.cfg").read_text(encoding="utf-8")
    assert "published/*.csv" in setup


def test_methods_bear_the_footnotes_of_what_differs() -> None:
    rows = published_rows("sgd-100") + published_rows("swiftsage-271")
    methods, notes = group_methods(rows, "sgd-100")
    found = {one.name: one for one in methods}
    assert (found["SGD"].scores["all"], found["SGD"].nearest) == (65.43, True)
    swiftsage = found["SwiftSage"]
    assert (swiftsage.tokens_per_move, swiftsage.nearest) == (757.07, False)
    assert {task.name for task in TASKS} <= set(swiftsage.scores)
    own = [notes[number - 1] for number in swiftsage.footnotes]
    assert list(swiftsage.footnotes) == sorted(swiftsage.footnotes)
    assert "GPT-4 while acting." in " ".join(own)
    assert "Nearest to our protocol swiftsage-271" in " ".join(own)
    assert len(set(notes)) == len(notes)
