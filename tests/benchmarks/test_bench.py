"""Agents are named, checked before one plays, and their results written once."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sgd_gym.benchmarks.bench import BenchConfig, bench
from sgd_gym.benchmarks.protocols import PROTOCOLS
from sgd_gym.benchmarks.report import make_markdown, read_results, write_results, write_tensorboard
from sgd_gym.errors import CheckpointError, DataError, SgdGymError, UnknownNameError


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"agents": ["random", "sgdd"]}, UnknownNameError, "agent 'sgdd'.*'sgd'.*package.module:Class"),
        ({"agents": ["random", "sgd"]}, CheckpointError, "No planner checkpoint .*Fix: --planner"),
        ({"agents": ["random", "flat"]}, CheckpointError, "No flat checkpoint .*Fix: --flat"),
        ({"agents": ["nowhere.at_all:Agent"]}, SgdGymError, "cannot be imported: .*Fix: "),
        ({"agents": ["json:Nothing"]}, SgdGymError, "cannot be imported: .*Nothing.*Fix: "),
        ({"agents": ["json:JSONDecoder"]}, SgdGymError, "is no agent.*Fix: "),
        ({"agents": ["json:dumps"]}, SgdGymError, "is no agent.*Fix: "),
        ({"agents": ["random"], "protocol": "all"}, UnknownNameError, "protocol 'all'"),
        ({"agents": ["random"], "tasks": ["boil"]}, UnknownNameError, "task of protocol"),
        ({"agents": ["random"], "worlds": 0}, SgdGymError, "worlds is 0. Allowed: 1 or more"),
    ],
)
def test_what_cannot_play_is_refused_before_anyone_plays(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        bench(BenchConfig(**{"out": tmp_path / "out"} | changes))
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_of_another_role_is_refused(checkpoints: Path, tmp_path: Path) -> None:
    config = BenchConfig(["flat"], out=tmp_path / "out", flat=checkpoints / "planner")
    with pytest.raises(CheckpointError, match="role 'planner'"):
        bench(config)


def test_trained_and_simple_agents_give_one_results_file(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROTOCOLS, "smoke", replace(PROTOCOLS["smoke"], max_moves=3))
    config = BenchConfig(
        agents=["sgd", "random", "sgd_gym.agents.random:RandomAgent"],
        protocol="smoke",
        out=tmp_path,
        planner=checkpoints / "planner",
        executor=checkpoints / "executor",
        worlds=1,
    )
    rows = bench(config)
    results = read_results(tmp_path / "results.json")
    assert results["rows"] == rows
    assert [row["agent"] for row in rows] == config.agents
    assert {"schema_version", "versions", "git", "command", "settings", "rows"} <= set(results)
    sgd, random, mine = rows
    assert sgd["planner_calls"] > 0
    assert sgd["executor_calls"] >= sgd["moves"]
    same = ("score_last", "moves", "ended_by")
    assert [random[name] for name in same] == [mine[name] for name in same]
    table = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert table == make_markdown(rows)
    assert all(name in table for name in config.agents)
    assert bench(config) == rows, "a second run plays nothing"


ROW = {
    "agent": "random",
    "task": "find-plant",
    "score_negative_as_zero": 17,
    "success": False,
    "moves": 3,
    "planner_calls": 0,
    "seconds": 0.5,
}


def test_results_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/sgd-gym", "bench", "run"])
    write_results(tmp_path / "results.json", [ROW], SimpleNamespace(seed=0))
    results = read_results(tmp_path / "results.json")
    assert results["rows"] == [ROW]
    assert results["command"] == "sgd-gym bench run"
    assert results["settings"] == {"seed": "0"}
    assert {"python", "sgd-gym", "scienceworld", "torch"} <= set(results["versions"])


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": 99}', '"text"'])
def test_what_is_no_results_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"results\.json"):
        read_results(path)


def test_missing_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Fix: make one with 'sgd-gym bench'"):
        read_results(tmp_path / "results.json")


def test_the_table_is_markdown() -> None:
    head, rule, line = make_markdown([ROW]).splitlines()
    assert head.count("|") == rule.count("|") == line.count("|")
    assert "find-plant" in line
    assert "random" in line
    assert "17.0" in line


def test_events_for_tensorboard_have_the_names_of_stable_baselines3(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    write_tensorboard(tmp_path, [ROW, ROW | {"task": "boil", "score_negative_as_zero": 51}])
    (folder,) = tmp_path.iterdir()
    assert folder.name == "random"
    events = EventAccumulator(str(folder)).Reload()
    tags = set(events.Tags()["scalars"])
    assert {"eval/score", "rollout/success_rate", "rollout/ep_len_mean"} <= tags
    assert {"eval/score/boil", "eval/score/find-plant"} <= tags
    assert events.Scalars("eval/score")[0].value == 34
    assert json.dumps(events.Scalars("eval/score/boil")[0].value) == "51.0"
