"""Equal commands give equal episodes, here and where the kept traces were made."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sgd_gym.benchmarks.environment import traces
from sgd_gym.benchmarks.environment.traces import PREFIX, TracesConfig, compare_traces, play_walks
from sgd_gym.benchmarks.environment.walks import Walk
from sgd_gym.envs.tasks import TASKS
from sgd_gym.errors import SgdGymError

KEPT = Path(traces.__file__).parents[1] / "results" / "traces.json"


@pytest.mark.slow
def test_every_task_begins_as_it_did_where_the_kept_traces_were_made() -> None:
    """Other processes, machines and Javas: the file comes from `sgd-gym bench traces` on one of them."""
    rows = json.loads(KEPT.read_text(encoding="utf-8"))["rows"]
    assert {row["task"] for row in rows} == {task.name for task in TASKS}
    walks = [
        Walk(row["kind"], row["task"], row["variation"], tuple(row["commands"][:PREFIX])) for row in rows
    ]
    found = [trace.start for trace in play_walks(walks)]
    assert found == [row["trace"]["start"] for row in rows]


def test_another_command_gives_another_trace() -> None:
    walk = Walk("random", "find-plant", 150, ("look around", "go to kitchen"))
    same, other = walk, replace(walk, commands=("look around", "go to bedroom"))
    one, two, three = play_walks([walk, same, other])
    assert one == two
    assert one.whole != three.whole
    assert one.start == one.whole


@pytest.mark.slow
def test_a_small_comparison_finds_no_difference(tmp_path: Path) -> None:
    figures = compare_traces(TracesConfig(["find-plant", "melt"], max_moves=6, out=tmp_path))
    assert [figure.value for figure in figures] == [0] * 4
    results = json.loads((tmp_path / "traces.json").read_text(encoding="utf-8"))
    assert [row["kind"] for row in results["rows"]] == ["oracle", "random"] * 2
    assert all(row["commands"][0] == "look around" for row in results["rows"])
    assert "| yes |" in (tmp_path / "traces.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_differences_are_told_and_the_files_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the flags in the stock environment's JVM its valid actions come out otherwise."""
    monkeypatch.setattr(traces, "compare_with_stock", lambda walks: [["move 3 'wait': look"] for _ in walks])
    with pytest.raises(SgdGymError, match=r"values that differ from the stock environment's: 2"):
        compare_traces(TracesConfig(["find-plant"], max_moves=2, out=tmp_path))
    assert "| NO |" in (tmp_path / "traces.md").read_text(encoding="utf-8")
