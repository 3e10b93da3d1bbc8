"""Faults during a call, strangers at the port, forks: a typed error says why, or the world goes on."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from py4j.protocol import Py4JNetworkError

from sgd_gym.envs import gateway
from sgd_gym.envs.java import find_java
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.simulator import DETERMINISM_FLAGS, Simulator
from sgd_gym.errors import SimulatorError

LONG = ("mendelian-genetics-unknown-plant", 0, "easy", True)
"""A world whose solution takes the simulator seconds to play."""


@pytest.fixture
def env() -> Iterator[ScienceWorldEnv]:
    """Return an environment whose world was loaded."""
    env = ScienceWorldEnv(task="find-plant", variation=0)
    env.reset(seed=0)
    yield env
    env.close()


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    simulator = Simulator()
    simulator.load("find-plant", 0, "easy")
    yield simulator
    simulator.close()


def simulator_of(env: ScienceWorldEnv) -> Simulator:
    assert env._simulator is not None
    return env._simulator


@contextmanager
def meanwhile(call_fn: Callable[..., Any], *args: Any, after_s: float = 0.3) -> Iterator[None]:
    """Call a function from another thread while the block runs."""
    timer = threading.Timer(after_s, call_fn, args)
    timer.start()
    yield
    timer.join()


def make_program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def assert_goes_on(env: ScienceWorldEnv) -> None:
    """The next reset starts another JVM, which gives the same world."""
    again, _ = env.reset(seed=0)
    assert again["look"].startswith("This room is called the hallway.")
    assert env.step("go to kitchen")[0]["observation"] == "You move to the kitchen."


# --- faults in the middle of a call


def test_a_jvm_killed_while_it_works_is_told(env: ScienceWorldEnv) -> None:
    simulator = simulator_of(env)
    told = pytest.raises(SimulatorError, match=r"ended with exit status -9 during load\. Fix: ")
    with meanwhile(os.kill, simulator.pid, signal.SIGKILL), told:
        simulator.load(*LONG)
    assert simulator.closed
    assert_goes_on(env)


def test_a_jvm_killed_in_the_middle_of_a_move_is_told(
    env: ScienceWorldEnv, hang: Callable[[int], None]
) -> None:
    pid = simulator_of(env).pid
    hang(pid)  # so that the move is not over too soon
    told = pytest.raises(SimulatorError, match="ended with exit status -9 during step")
    with meanwhile(os.kill, pid, signal.SIGKILL), told:
        env.step("look around")
    assert_goes_on(env)


def test_a_jvm_killed_before_a_reset_is_told(env: ScienceWorldEnv) -> None:
    os.kill(simulator_of(env).pid, signal.SIGKILL)
    with pytest.raises(SimulatorError, match="ended with exit status -9 during load"):
        env.reset()
    assert_goes_on(env)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_stops_the_jvm_whose_answer_nobody_reads(
    env: ScienceWorldEnv, hang: Callable[[int], None], ends_within: Callable[[int, float], bool]
) -> None:
    """The answer to the move would be taken for that to the next."""
    pid = simulator_of(env).pid
    hang(pid)
    main = threading.main_thread().ident
    assert main is not None
    with meanwhile(signal.pthread_kill, main, signal.SIGINT), pytest.raises(KeyboardInterrupt):
        env.step("look around")
    assert simulator_of(env).closed
    assert ends_within(pid, 0)
    with pytest.raises(SimulatorError, match="closed"):
        env.step("inventory")
    assert_goes_on(env)


def test_an_answer_that_breaks_off_is_not_called_late(
    env: ScienceWorldEnv, ends_within: Callable[[int, float], bool]
) -> None:
    simulator = simulator_of(env)
    connection = simulator._gateway._connection
    assert connection is not None
    connection.socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(SimulatorError, match=r"broke off \(.*\) during step"):
        env.step("look around")
    assert ends_within(simulator.pid, 0)
    assert_goes_on(env)


def test_an_error_of_java_is_told_even_if_java_is_gone() -> None:
    class Gone(Exception):
        @property
        def java_exception(self) -> str:
            raise Py4JNetworkError("the JVM is gone")

    assert gateway._describe(Gone()) == "Gone"
    assert gateway._describe(OSError("no\nroute")) == "no"


# --- programs that are named java


def test_a_refused_determinism_flag_is_told_in_the_words_of_the_jvm(tmp_path: Path) -> None:
    refuses = make_program(
        tmp_path / "java",
        f"""case "$*" in *{DETERMINISM_FLAGS[-1]}*)
        echo "Unrecognized VM option 'hashCode=2'" >&2
        echo "Error: Could not create the Java Virtual Machine." >&2
        exit 1;; esac
        exec '{find_java()}' "$@" """,
    )
    with pytest.raises(
        SimulatorError, match=r"Unrecognized VM option 'hashCode=2'[^$]* Fix: .*deterministic"
    ):
        Simulator(java=refuses)
    Simulator(java=refuses, deterministic=False).close()


def test_a_flag_that_the_jvm_itself_refuses_is_told() -> None:
    with pytest.raises(SimulatorError, match="Unrecognized VM option 'hashCodes=2'"):
        Simulator(flags=["-XX:hashCodes=2"])


def test_a_java_that_is_killed_while_it_starts_is_not_called_late(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="it said: nothing, exit status -9"):
        Simulator(java=make_program(tmp_path / "java", "kill -9 $$"))


def test_a_script_need_not_exec_the_jvm(tmp_path: Path, ends_within: Callable[[int, float], bool]) -> None:
    simulator = Simulator(java=make_program(tmp_path / "java", f"'{find_java()}' \"$@\"\nexit $?"))
    (jvm,) = psutil.Process(simulator.pid).children()
    simulator.load("find-plant", 0, "easy")
    assert simulator.step("go to kitchen") == "You move to the kitchen."
    simulator.close()
    assert ends_within(jvm.pid, 10)


def test_a_script_that_hangs_does_not_hang_python(tmp_path: Path) -> None:
    """Its child holds the pipe that Python reads."""
    started = time.monotonic()
    with pytest.raises(SimulatorError, match=r"nothing within 0\.3 s"):
        Simulator(java=make_program(tmp_path / "java", "sleep 60\nexit 0"), timeout_s=0.3)
    assert time.monotonic() - started < 10


# --- strangers


def test_the_gateway_listens_on_loopback_only(simulator: Simulator) -> None:
    sockets = psutil.Process(simulator.pid).net_connections(kind="all")
    listening = [found.laddr.ip for found in sockets if found.status == psutil.CONN_LISTEN]
    assert listening
    assert {ip.removeprefix("::ffff:") for ip in listening} <= {"127.0.0.1", "::1"}


CALL = "c\nz:java.lang.System\nexit\ni3\ne\n"


@pytest.mark.parametrize(
    "text",
    [
        CALL,
        f"A\nwrong\n{CALL}",
        f"A\n\n{CALL}",
        f"A\n{'0' * 64}\ne\n{CALL}",
        "s\n",
        "r\nu\nSystem\nrj\ne\n",
        "GET / HTTP/1.1\r\n\r\n",
        "\x00" * 100_000 + "\n",
        "",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_who_lacks_the_token_is_refused_and_the_world_goes_on(simulator: Simulator, text: str) -> None:
    assert simulator._gateway._gateway is not None
    port = simulator._gateway._gateway.gateway_parameters.port
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as stranger:
        try:
            stranger.sendall(text.encode())
            stranger.shutdown(socket.SHUT_WR)
            while said := stranger.recv(1000):
                answer += said
        except OSError:  # the gateway hangs up, and does not read to the end
            pass
    assert not answer or answer.startswith((b"!xsAuthentication error", b"!zspy4j.Py4JException: Unknown"))
    assert simulator.get("look").startswith("This room is called the hallway.")


def test_who_has_the_token_is_served(simulator: Simulator) -> None:
    """Without this, the test above would pass with a gateway that serves nobody."""
    assert simulator._gateway._gateway is not None
    parameters = simulator._gateway._gateway.gateway_parameters
    with socket.create_connection(("127.0.0.1", parameters.port), timeout=10) as friend:
        friend.sendall(f"A\n{parameters.auth_token}\nc\nz:java.lang.Integer\ntoString\ni42\ne\n".encode())
        answers = b""
        while answers.count(b"\n") < 2:
            answers += friend.recv(1000)
    assert answers == b"!yv\n!ys42\n"


# --- forks


FORK = """
import gc, os, sys, time
from sgd_gym.envs.simulator import Simulator
simulator = Simulator()
simulator.load("find-plant", 0, "easy")
child = os.fork()
"""

END = """
if not child:
    del simulator
    gc.collect()
    sys.exit()
os.waitpid(child, 0)
print(simulator.get("look").splitlines()[0])
print(simulator.object_tree()["name"])
simulator.close()
"""

STAY = """
if not child:
    time.sleep(60)
    os._exit(0)
print(simulator.pid, child, flush=True)
time.sleep(60)
"""


def test_the_end_of_a_forked_child_leaves_the_parent_its_jvm() -> None:
    """py4j shuts down connections that are garbage; the JVM's folder would go, too."""
    done = subprocess.run([sys.executable, "-c", FORK + END], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    room, root = done.stdout.splitlines()
    assert room.startswith("This room is called the hallway.")
    assert root == "universe"


def test_a_forked_child_does_not_keep_the_jvm_of_a_killed_parent(
    ends_within: Callable[[int, float], bool],
) -> None:
    with subprocess.Popen([sys.executable, "-c", FORK + STAY], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid, child = map(int, process.stdout.readline().split())
        try:
            process.kill()
            process.wait()
            assert not ends_within(child, 0)
            assert ends_within(pid, 10)
        finally:
            os.kill(child, signal.SIGKILL)
