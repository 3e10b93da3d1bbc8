"""Agents with a language model on the real simulator: a scripted server, a tiny sage, a chat folder."""

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sgd_gym.benchmarks.bench import BenchConfig, bench
from sgd_gym.benchmarks.protocols import PROTOCOLS
from sgd_gym.errors import CheckpointError, EndpointError, SgdGymError

Make = Callable[..., BenchConfig]
ROUTE = ("teleport to greenhouse", "look around", "go to hallway")


@pytest.fixture
def make_config(chat_server: Any, checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return a function that makes the configuration of a short comparison on two episodes."""
    protocol = replace(PROTOCOLS["smoke"], max_variations=2, max_moves=len(ROUTE))
    monkeypatch.setitem(PROTOCOLS, "smoke", protocol)

    def make(*agents: str, **changes: Any) -> BenchConfig:
        settings: dict[str, Any] = {
            "out": tmp_path / "out",
            "flat": checkpoints / "flat",
            "worlds": 1,
            "llm_url": chat_server.url,
            "llm_model": "tiny",
            "llm_tries": 2,
            "llm_backoff_s": 0.01,
            "llm_timeout_s": 5.0,
            "cache": tmp_path / "cache",
        }
        return BenchConfig(list(agents), "smoke", **settings | changes)

    return make


def play_well(server: Any, tokens: int = 100) -> Callable[[dict[str, Any], int], Any]:
    """Return what a good model answers: plans, actions, or thoughts with a command."""

    def answer(body: dict[str, Any], number: int) -> Any:
        messages = body["messages"]
        if messages[0]["role"] == "system":
            command = ROUTE[sum(one["role"] == "assistant" for one in messages)]
            return server.completion(f"Thought: on.\nAction: {command}", usage=(tokens, 10))
        if "five questions" in messages[0]["content"]:
            return server.completion("1. A plant. 5. None.", usage=(100, 10))
        return server.completion("Sub-goal: find it\n1. TELEPORT(greenhouse)\n2. LOOK()", usage=(200, 10))

    return answer


def test_a_scripted_model_plays_whole_episodes(chat_server: Any, make_config: Make) -> None:
    chat_server.play = play_well(chat_server)
    config = make_config("react", "swiftsage", sage="llm")
    rows = bench(config).rows
    assert [row["agent"] for row in rows] == ["react (tiny)"] * 2 + ["swiftsage (tiny)"] * 2
    for row in rows:
        assert (row["moves"], row["fault"], row["fault_passing"]) == (3, "", False)
    for row in rows[:2]:
        assert (row["executor_calls"], row["llm_tokens"]) == (3, 330)
        assert row["score_last"] > 0, "the greenhouse is worth a point"
    assert "tiny" in (config.out / "table.md").read_text(encoding="utf-8")
    asked = len(chat_server.requests)
    # Untrained, Swift writes nonsense: Sage is asked at the first move, and what it advises is sent.
    for row in rows[2:]:
        assert row["planner_calls"] >= 1
        assert row["llm_tokens"] == 320 * row["planner_calls"]
        assert row["model_tokens"] > 0
    assert bench(config).rows == rows
    assert len(chat_server.requests) == asked, "a second run asks nothing, not even whether the server is up"


def test_a_refused_and_a_nonsensical_episode_are_marked_and_the_others_go_on(
    chat_server: Any, make_config: Make
) -> None:
    good = play_well(chat_server)

    def play(body: dict[str, Any], number: int) -> Any:
        if number == 1:  # the first question after the check
            return chat_server.answered("too long", status=400)
        return good(body, number) if number < 4 else chat_server.completion("I am sorry.")

    chat_server.play = play
    refused, nonsense = bench(make_config("react")).rows
    assert (refused["ended_by"], refused["moves"], refused["llm_tokens"]) == ("fault", 1, 0)
    assert refused["fault"].startswith("HTTP 400")
    assert not refused["fault_passing"]
    assert (nonsense["ended_by"], nonsense["moves"]) == ("move_limit", 3)
    assert nonsense["fault"] == "The answer holds no action: 'I am sorry.'"


def test_a_spent_budget_marks_episodes_and_a_larger_one_plays_them_again(
    chat_server: Any, make_config: Make
) -> None:
    chat_server.play = play_well(chat_server, tokens=1000)
    config = make_config("react", "swiftsage", sage="llm", llm_budget_tokens=4000)
    rows = bench(config).rows
    assert [row["ended_by"] for row in rows] == ["move_limit"] + ["fault"] + ["move_limit"] * 2
    for row in rows[1:]:
        assert "budget is 4000" in row["fault"]
        assert row["fault_passing"]
    assert [row["moves"] for row in rows[2:]] == [3, 3], "Swift goes on"
    asked = len(chat_server.requests)
    again = bench(replace(config, llm_budget_tokens=100_000)).rows
    assert again[0] == rows[0]
    assert [row["fault"] for row in again] == [""] * 4
    assert len(chat_server.requests) > asked


def test_a_server_that_is_down_is_known_before_anything_is_played(make_config: Make) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{one.getsockname()[1]}/v1"
        config = make_config("random", "react", llm_url=url)
        with pytest.raises(EndpointError, match=r"cannot be reached .*Fix: start the server"):
            bench(config)
    assert not config.out.exists()


@pytest.mark.parametrize(
    ("agent", "changes", "error", "message"),
    [
        ("react", {"llm_url": None}, SgdGymError, "--llm-url is missing"),
        ("react", {"llm_model": None}, SgdGymError, "--llm-model is missing"),
        ("react", {"llm_budget_money": 1.0}, SgdGymError, "--llm-price-in"),
        ("swiftsage", {"flat": None}, CheckpointError, "No flat checkpoint .*--flat"),
        ("swiftsage", {}, CheckpointError, "No sage checkpoint .*--sage-checkpoint FOLDER.*train sage"),
        ("swiftsage", {"sage": "nowhere"}, CheckpointError, "'nowhere' is neither local, llm nor a folder"),
        ("swiftsage", {"sage": "llm", "llm_model": None}, SgdGymError, "--llm-model is missing"),
    ],
)
def test_what_cannot_play_is_refused(
    make_config: Make, agent: str, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    config = make_config("random", agent, **changes)
    with pytest.raises(error, match=message):
        bench(config)
    assert not config.out.exists()


def test_a_flat_checkpoint_is_no_sage(make_config: Make, checkpoints: Path) -> None:
    with pytest.raises(CheckpointError, match="role 'flat'; allowed here: 'sage'"):
        bench(make_config("swiftsage", sage_checkpoint=checkpoints / "flat"))


def test_sage_local_and_a_chat_folder_play_without_a_server(
    chat_server: Any, make_config: Make, checkpoints: Path, chat_folder: Path, tmp_path: Path
) -> None:
    rows = bench(make_config("swiftsage", sage_checkpoint=checkpoints / "sage", llm_url=None)).rows
    for row in rows:
        assert row["agent"] == "swiftsage (Sage-local)"
        assert row["moves"] == 3
        assert row["planner_calls"] >= 1
        assert row["llm_tokens"] == 0
    folder = bench(make_config("swiftsage", sage=str(chat_folder), out=tmp_path / "folder", llm_url=None))
    for row in folder.rows:
        assert row["agent"] == f"swiftsage ({chat_folder.name})"
        # Its context is too short for the question.
        assert "the model takes 256" in row["fault"]
        assert (row["moves"], row["llm_tokens"]) == (3, 0)
    assert chat_server.requests == []
