"""The soak finds nothing in a sound environment, and sees leaks, late answers and crashes in broken ones."""

import json
import mmap
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sgd_gym.benchmarks.environment import soak as module
from sgd_gym.benchmarks.environment.hostile import LONG, make_hostile_commands
from sgd_gym.benchmarks.environment.replies import REFUSED, Replies, provoke
from sgd_gym.benchmarks.environment.soak import Sample, SoakConfig, make_memory_figures, soak, watch_resets
from sgd_gym.errors import SgdGymError, SimulatorError


class Rooms:
    """A world of rooms to teleport to; `fault_fn` may change what a move returns."""

    def __init__(self, fault_fn: Callable[["Rooms", str, dict[str, str]], dict[str, str]] | None = None):
        self._simulator = SimpleNamespace(pid=os.getpid(), closed=False)
        self._fault_fn = fault_fn
        self.moves = 0
        self.resets = 0

    def reset(self, seed: int | None = None, options: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        self.resets += 1
        self._simulator.closed = False
        self.now = self._see("", "hallway")
        return self.now, {"score": 0, "valid_actions": ["wait"]}

    def step(self, action: str) -> tuple[dict[str, str], float, bool, bool, dict[str, Any]]:
        self.moves += 1
        before, room = self.now, action.removeprefix("teleport to ")
        self.now = {**before, "observation": REFUSED}
        if room != action:
            self.now = self._see(f"You teleport to the {room}.", room)
        told = self._fault_fn(self, action, before) if self._fault_fn else self.now
        return told, 0.0, False, False, {"score": 0, "valid_actions": ["wait"]}

    def _see(self, reply: str, room: str) -> dict[str, str]:
        look = f"This room is called the {room}. In it, you see:"
        return {"observation": reply, "look": look, "inventory": "In your inventory, you see:", "task": ""}


def at_move(number: int, fault_fn: Callable[[Rooms, str, dict[str, str]], dict[str, str]]) -> Any:
    """Let a world go wrong at one move."""
    return lambda env, action, before: fault_fn(env, action, before) if env.moves == number else env.now


def raises(error: Exception, closes: bool) -> Any:
    def fail(env: Rooms, action: str, before: dict[str, str]) -> dict[str, str]:
        env._simulator.closed = closes
        raise error

    return fail


# --- replies


def test_a_sound_world_passes() -> None:
    env = Rooms()
    replies = provoke(env, 100)
    assert (replies.mismatches, replies.errors, replies.crashes) == ([], [], [])
    assert sum(replies.sent.values()) == 100
    assert env.moves == 200


@pytest.mark.parametrize("move", [21, 22], ids=["hostile command", "probe"])
def test_answers_that_come_late_are_seen_from_the_first_on(move: int) -> None:
    replies = provoke(Rooms(lambda env, action, before: before if env.moves >= move else env.now), 20)
    assert len(replies.mismatches) >= 20 - move // 2


@pytest.mark.parametrize("name", ["observation", "look", "inventory"])
def test_one_wrong_answer_is_seen(name: str) -> None:
    def swap(env: Rooms, action: str, before: dict[str, str]) -> dict[str, str]:
        return {**env.now, name: env.now["look" if name == "inventory" else "inventory"]}

    assert provoke(Rooms(at_move(10, swap)), 20).mismatches


def test_a_refused_command_that_changes_the_world_is_seen() -> None:
    def take(env: Rooms, action: str, before: dict[str, str]) -> dict[str, str]:
        env.now = {**env.now, "inventory": f"{env.now['inventory']}\n\tan orange"}
        return env.now

    refused = next(
        number for number, command in enumerate(make_hostile_commands(20)) if not command.may_be_valid
    )
    (mismatch,) = provoke(Rooms(at_move(2 * refused + 1, take)), 20).mismatches
    assert "orange" in mismatch


@pytest.mark.parametrize(
    ("error", "closes", "kind"),
    [
        (SimulatorError("The JVM ended."), True, "crashes"),
        (SimulatorError("ScienceWorld failed."), False, "errors"),
        (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "no"), False, "crashes"),
    ],
)
def test_errors_are_told_apart_and_the_next_world_goes_on(error: Exception, closes: bool, kind: str) -> None:
    env = Rooms(at_move(11, raises(error, closes)))
    replies = provoke(env, 20)
    found = {"crashes": replies.crashes, "errors": replies.errors, "mismatches": replies.mismatches}
    assert {name for name, faults in found.items() if faults} == {kind}
    assert type(error).__name__ in found[kind][0]
    assert env.resets == 2
    assert env.moves == 39


def test_hostile_commands_are_of_all_kinds_and_the_same_again() -> None:
    commands = list(make_hostile_commands(500, seed=1))
    assert commands == list(make_hostile_commands(500, seed=1))
    assert commands[:50] != list(make_hostile_commands(500, seed=2))[:50]
    texts = "".join(command.text[:1000] for command in commands)
    assert len({command.kind for command in commands}) == 10
    assert any("\ud800" <= character <= "\udfff" for character in texts)
    assert {"\0", "\n", "\x1b"} <= set(texts)
    assert "shutdownGateway" in texts
    assert max(len(command.text) for command in commands) == LONG
    assert not any(command.text.startswith("teleport") for command in commands)


# --- memory

FLAT = [Sample(number, 50.0 + number % 3 / 100, 400.0 + number % 7, 10, 1) for number in range(0, 2001, 50)]


def missed(samples: list[Sample], held: tuple[float, float] = (15, 16), left: bool = False) -> list[str]:
    return [figure.name for figure in make_memory_figures(samples, held, left) if figure.met is False]


def test_flat_memory_passes() -> None:
    assert missed(FLAT) == []


def test_what_grows_while_warming_up_does_not_count() -> None:
    assert missed([replace(sample, python_mb=50 + min(sample.resets, 200) / 10) for sample in FLAT]) == []


def test_every_leak_is_named() -> None:
    def grown(name: str, each: float) -> list[Sample]:
        return [replace(one, **{name: getattr(one, name) + one.resets * each}) for one in FLAT]

    assert missed(grown("python_mb", 0.001)) == ["growth of Python, MB in 1,000 resets, upper end"]
    assert missed(grown("jvm_mb", 0.01)) == ["growth of the JVM, MB in 1,000 resets, upper end"]
    assert missed([replace(one, jvm_mb=501) for one in FLAT]) == ["largest JVM, MB"]
    assert missed(FLAT, (15, 18)) == ["more held by the JVM after a collection, MB"]
    assert missed([*FLAT[:-1], replace(FLAT[-1], descriptors=11)]) == ["more open file descriptors"]
    assert missed([*FLAT[:-1], replace(FLAT[-1], threads=2)]) == ["more threads"]
    assert missed(FLAT, left=True) == ["temporary folders left"]


def test_a_world_that_leaks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []

    def keep(env: Rooms, action: str, before: dict[str, str]) -> dict[str, str]:
        # Memory of its own: bytes could come from what an earlier test has freed.
        kept.append(mmap.mmap(-1, 2_000_000))
        kept[-1].write(b"x" * 2_000_000)
        kept.append(open(os.devnull))  # noqa: SIM115
        return env.now

    monkeypatch.setattr(module, "held_mb", lambda env: 15.0)
    env = Rooms(keep)
    env.reset()
    try:
        samples, held = watch_resets(env, 20)
    finally:
        for one in kept:
            one.close()
    assert [sample.resets for sample in samples] == list(range(21))
    found = missed(samples, (held[0], held[1]))
    assert {"growth of Python, MB in 1,000 resets, upper end", "more open file descriptors"} <= set(found)


# --- all of it


@pytest.mark.slow
def test_a_small_soak_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHON_BAR_MB", "JVM_BAR_MB", "HELD_BAR_MB"):
        monkeypatch.setattr(module, name, 10_000)  # so few resets say nothing of memory
    figures = soak(SoakConfig(resets=20, commands=200, out=tmp_path))
    assert not [figure for figure in figures if figure.met is False]
    results = json.loads((tmp_path / "soak.json").read_text(encoding="utf-8"))
    assert len(results["samples"]) == 21
    assert all(sample["jvm_mb"] > 50 for sample in results["samples"])
    assert sum(results["replies"]["sent"].values()) == 200
    assert "| yes |" in (tmp_path / "soak.md").read_text(encoding="utf-8")


def test_what_is_missed_is_told_and_the_files_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "watch_resets", lambda env, resets, seed: (FLAT, [15, 16]))
    monkeypatch.setattr(module, "provoke", lambda env, count, seed: env.reset() and Replies(crashes=["oh"]))
    with pytest.raises(SgdGymError, match=r"Missed: ends of the JVM and untyped errors: 1 \(first: oh\)\. "):
        soak(SoakConfig(out=tmp_path))
    assert json.loads((tmp_path / "soak.json").read_text(encoding="utf-8"))["replies"]["crashes"] == ["oh"]
    assert "| NO |" in (tmp_path / "soak.md").read_text(encoding="utf-8")


def test_too_few_resets_are_refused() -> None:
    with pytest.raises(SgdGymError, match=r"resets is 19\. Allowed: 20 or more"):
        soak(SoakConfig(resets=19))
