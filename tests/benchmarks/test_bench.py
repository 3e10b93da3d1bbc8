"""Agents are named, checked before one plays, and their results written once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.benchmarks.bench import BenchConfig, _money, bench
from sgd_gym.benchmarks.history import read_history
from sgd_gym.benchmarks.protocols import HELDOUT_TASKS, PROTOCOLS
from sgd_gym.benchmarks.results import read_results
from sgd_gym.benchmarks.transcripts import read_moves
from sgd_gym.errors import CheckpointError, SgdGymError, UnknownNameError


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
        *(
            (
                {"agents": ["random"], "shard": shard},
                SgdGymError,
                f"shard is '{shard}'. Allowed: i/n, such as 1/3",
            )
            for shard in ("0/3", "4/3", "3", "a/b", "1/35")
        ),
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


def test_a_checkpoint_that_saw_held_out_tasks_is_refused(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = BenchConfig(["flat"], "heldout", out=tmp_path / "out", flat=checkpoints / "flat")
    held = replace(PROTOCOLS["heldout"], tasks=("find-plant", *HELDOUT_TASKS))
    monkeypatch.setitem(PROTOCOLS, "heldout", held)
    with pytest.raises(
        CheckpointError, match=r"trained on find-plant, .* heldout keeps out.* Fix: .*--tasks 1-1,"
    ):
        bench(config)


def test_trained_and_simple_agents_give_one_set_of_files(
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
    results = bench(config)
    assert read_results(tmp_path / "results.json") == results
    assert [row["agent"] for row in results.rows] == results.agents == config.agents
    sgd, random, mine = results.rows
    assert sgd["planner_calls"] > 0
    assert sgd["executor_calls"] >= sgd["moves"]
    assert (sgd["training_seed"], random["training_seed"]) == (0, None)
    same = ("score_last", "moves", "ended_by")
    assert [random[name] for name in same] == [mine[name] for name in same]
    for name in ("table.md", "results.csv"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert all(agent in text for agent in config.agents), name

    key = EpisodeKey("find-plant", sgd["variation"], 0)
    _, *moves = read_moves(tmp_path / "transcripts.parquet", "sgd", key, sgd["training_seed"])
    assert all(move.subgoal for move in moves)
    indices = [move.option_index for move in moves]
    assert indices[0] == 0
    assert indices == sorted(indices, key=lambda index: index or 0)
    assert sum(move.model_tokens for move in moves) == sgd["model_tokens"]
    assert moves[0].model_tokens > 0

    assert bench(config).rows == results.rows, "a second run plays nothing"
    assert len(read_history(tmp_path / "history.jsonl")) == 1, "nor is it a new run of the project"


def test_money_is_what_the_tokens_of_a_language_model_cost() -> None:
    row = {"llm_tokens_in": 2_000_000, "llm_tokens_out": 1_000_000, "llm_tokens": 3_000_000}
    assert _money(row, BenchConfig(llm_price_in=0.5, llm_price_out=2.0)) == 3.0
    assert _money(row, BenchConfig()) is None
    assert _money({"llm_tokens": 0}, BenchConfig()) == 0
