"""ScienceWorld in a JVM: load a world, act in it, ask about it. Knows py4j, and nothing of Gymnasium.

One `Simulator` is one JVM with one world: ScienceWorld keeps whole-world singletons, so two worlds in one
JVM would disturb each other.
"""

import atexit
import contextlib
import importlib.util
import json
import logging
import os
import weakref
from collections.abc import Callable, Sequence
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, TypeVar

import py4j
from py4j import java_gateway, protocol
from py4j.java_gateway import GatewayConnection, GatewayParameters, JavaGateway
from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError

from sgd_gym.envs.java import JavaProcess, check_executable, find_java
from sgd_gym.errors import SimulatorError

SCIENCEWORLD_VERSION = "1.2.3"

# ScienceWorld iterates over sets keyed by identity hash. This JVM flag gives every object the same hash,
# so that the sets keep insertion order and equal commands give equal worlds (measured: 16 of 16 traces).
DETERMINISM_FLAGS = ("-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2")

QUERIES = {
    "look": "freeActionLook",
    "inventory": "freeActionInventory",
    "task_description": "freeActionTaskDesc",
    "score": "getScore",
    "completed": "getCompleted",
    "goal_progress": "getGoalProgressStr",
    "valid_actions": "getValidActionObjectCombinations",
    "valid_objects": "getPossibleObjects",
    "gold_path": "getGoldActionSequence",
}
"""What can be asked of a world without a move, and the simulator's name for it."""

DRAWING = ("valid_actions", "valid_objects")
"""Answers that choose at random among the names of an object."""

_SPLIT_METHODS = {"train": "getVariationsTrain", "dev": "getVariationsDev", "test": "getVariationsTest"}

# py4j logs a whole traceback when a JVM goes away; the typed error below says it in one sentence.
logging.getLogger("py4j").setLevel(logging.CRITICAL)
# Its own warnings of a failed call go to the root logger, whatever level "py4j" has.
java_gateway.logging = logging.getLogger("py4j")

_LIVE: "weakref.WeakSet[Simulator]" = weakref.WeakSet()
_T = TypeVar("_T")


class Simulator:
    """One ScienceWorld in one JVM.

    Every call is a blocking round trip over a loopback socket with an authentication token. A call that
    takes longer than `timeout_s` kills the JVM and raises. A `Simulator` is used by one thread at a time.
    """

    def __init__(
        self,
        java: str | None = None,
        memory_mb: int = 512,
        deterministic: bool = True,
        timeout_s: float = 60.0,
        flags: Sequence[str] = (),
    ):
        """Start the JVM.

        Args:
            java: Path of the Java executable; None looks for one (see `find_java`).
            memory_mb: Largest heap of the JVM in MiB.
            deterministic: Start with the flag that makes equal commands give equal worlds.
            timeout_s: How long one call may take, in seconds.
            flags: Further flags of the JVM.

        Raises:
            JavaNotFoundError: If there is no usable Java.
            SimulatorError: If the JVM does not start, for example because it refuses a flag.
        """
        executable = check_executable(java, "java") if java else find_java()
        self._closed = False
        self._fresh = True
        self._timeout_s = timeout_s
        self._gateway: JavaGateway | None = None
        self._connection: GatewayConnection | None = None
        command = [executable, "-classpath", os.pathsep.join(find_jars()), f"-Xmx{memory_mb}m"]
        command += ["-XX:+UseSerialGC", "-XX:-UsePerfData", *flags]
        command += DETERMINISM_FLAGS if deterministic else ()
        command += ["py4j.GatewayServer", "--die-on-broken-pipe", "--enable-auth", "0"]
        self._process = JavaProcess(command, 2, timeout_s)
        _LIVE.add(self)
        try:
            self._connect(*self._process.greeting)
        except (Py4JError, OSError) as error:
            said = str(getattr(error, "java_exception", error)).splitlines()[0]  # asks the JVM
            self.close()
            raise SimulatorError(
                f"ScienceWorld did not start in the JVM: {said}. Fix: raise memory_mb or timeout_s."
            ) from error
        except BaseException:
            self.close()
            raise

    def _connect(self, port: str, token: str) -> None:
        """Make the simulator's entry point, and the one connection over which everything goes."""
        if not port.isdigit():
            raise Py4JError(f"{port!r} instead of a port")
        parameters = GatewayParameters(
            port=int(port),
            auth_token=token,
            read_timeout=self._timeout_s,
            # Python would release Java objects from finalizers, one round trip each, even after the JVM is
            # gone; `_fetch_lists` releases the lists itself.
            enable_memory_management=False,
        )
        self._gateway = JavaGateway(gateway_parameters=parameters)
        self._connection = GatewayConnection(parameters)
        self._connection.start()
        jvm = self._gateway.jvm
        # The simulator prints much debug text; silence it before the first println of Scala binds stdout.
        null_stream = jvm.java.io.OutputStream.nullOutputStream()
        jvm.java.lang.System.setOut(jvm.java.io.PrintStream(null_stream))
        # A reply goes out in several small writes. Without this, each but the first waits for a delayed
        # acknowledgement: 40 ms for every list of valid actions.
        gateway_server = self._gateway.java_gateway_server
        connections = gateway_server.getClass().getDeclaredField("connections")
        connections.setAccessible(True)
        for connection in connections.get(gateway_server):
            connection.getSocket().setTcpNoDelay(True)
        self._world_id = jvm.scienceworld.runtime.pythonapi.PythonInterface()._get_object_id()
        self._prepare_private_draws(jvm)

    def _prepare_private_draws(self, jvm: Any) -> None:
        """Write the requests that put another random generator in the place of the world's, and back.

        Some answers draw from the generator that also moves animals and crosses plants, to choose one of an
        object's names: asking would change the world.
        """
        holder = getattr(getattr(jvm.scala.util, "Random$"), "MODULE$")
        field = holder.getClass().getSuperclass().getDeclaredField("self")
        field.setAccessible(True)
        field_id, world, private = field._get_object_id(), field.get(holder), jvm.java.util.Random(0)
        self._draw_privately = (
            _make_request(field_id, "set", holder, private),
            _make_request(private._get_object_id(), "setSeed", 0),  # equal states give equal answers
        )
        self._draw_from_world = (_make_request(field_id, "set", holder, world),)

    # --- the wire

    def _exchange(self, method: str, requests: Sequence[str]) -> list[Any]:
        """Send all requests in one write and return their answers: one wait instead of one for each."""

        def exchange() -> list[Any]:
            assert self._connection is not None and self._gateway is not None
            self._connection.socket.sendall("".join(requests).encode())
            answers = [self._connection.stream.readline() for _ in requests]
            if not answers[-1].endswith(b"\n"):
                raise Py4JNetworkError("the connection ended")
            client = self._gateway._gateway_client
            return [protocol.get_return_value(line[1:-1].decode(), client, "", method) for line in answers]

        return self._guard(method, exchange)

    def _request(self, method: str, *args: Any) -> str:
        return _make_request(self._world_id, method, *args)

    def _guard(self, method: str, call_fn: Callable[[], _T]) -> _T:
        """Call the JVM; whatever goes wrong becomes one typed error, and a JVM out of step is stopped."""
        if self._closed:
            raise SimulatorError("The simulator is closed. Fix: make a new environment.")
        if os.getpid() != self._process.owner_pid:
            raise SimulatorError(
                "The simulator was started in another process and cannot be used after a fork. "
                "Fix: make the environment inside the worker process."
            )
        try:
            return call_fn()
        except Py4JJavaError as error:
            cause = str(error.java_exception).splitlines()[0]
            raise SimulatorError(f"ScienceWorld failed in {method}: {cause}.") from error
        except (Py4JError, OSError) as error:
            code = self._process.wait(1)  # the connection breaks a moment before the process has ended
            state = (
                f"gave no answer within {self._timeout_s:g} s"
                if code is None
                else f"ended with exit status {code}"
            )
            self.close()
            raise SimulatorError(
                f"The JVM {state} during {method}. Fix: reset() starts a new one; if it comes again, "
                f"raise memory_mb or timeout_s."
            ) from error
        except BaseException:  # Ctrl-C: an answer is left unread, which the next call would take for its own
            self.close()
            raise

    # --- acting and asking

    @property
    def closed(self) -> bool:
        """Whether `close` was called or the JVM was given up after a fault."""
        return self._closed

    @property
    def pid(self) -> int:
        """The number of the JVM's process."""
        return self._process.pid

    def load(self, task: str, variation: int, simplification: str, gold_path: bool = False) -> None:
        """Load a world at its start. With `gold_path` the simulator also plays its own solution."""
        self._exchange("load", [self._request("load", task, variation, simplification, gold_path)])
        self._fresh = True  # the simulator brings score and completion up to date at a step only

    def step(self, command: str) -> str:
        """Send one command, return the reply; costs a move."""
        return self.step_and_ask(command, ())[0]

    def step_and_ask(
        self, command: str, names: Sequence[str], draw_from_world: bool = False
    ) -> tuple[str, dict[str, Any]]:
        """Send one command, then ask about the world, in as few round trips as can be.

        Args:
            command: Any text.
            names: Keys of `QUERIES`.
            draw_from_world: Let `valid_actions` draw from the world's random generator, as the stock wrapper
                does at each move, although that changes what happens later.

        Returns:
            The reply, and an answer for each name: texts, except `score` (int, in points), `completed`
            (bool), and lists of texts for `valid_actions`, `valid_objects` and `gold_path`.
        """
        self._fresh = False
        # py4j would give up the connection over a lone surrogate, which stands for a byte that is no UTF-8.
        text = command.encode("utf-8", "replace").decode()
        requests, places = self._queries(names, ("valid_actions",) if draw_from_world else ())
        reply, *answers = self._exchange("step", [self._request("step", text), *requests])
        return str(reply), self._read(names, [answers[place] for place in places])

    def ask(self, *names: str) -> dict[str, Any]:
        """Ask about the world; costs no move. See `step_and_ask` for names and answers."""
        requests, places = self._queries(names)
        answers = self._exchange(f"ask({', '.join(names)})", requests)
        return self._read(names, [answers[place] for place in places])

    def get(self, name: str) -> Any:
        """Return the answer to one question of `ask`."""
        return self.ask(name)[name]

    def _queries(self, names: Sequence[str], in_world: Sequence[str] = ()) -> tuple[list[str], list[int]]:
        """Return the requests that ask for `names`, and where among the answers each has its own."""
        private = [name for name in names if name in DRAWING and name not in in_world]
        order = [name for name in names if name not in private]
        requests = [self._request(QUERIES[name]) for name in order]
        place = {name: number for number, name in enumerate(order)}
        if private:
            requests += self._draw_privately
            place |= {name: len(requests) + number for number, name in enumerate(private)}
            requests += [self._request(QUERIES[name]) for name in private]
            requests += self._draw_from_world
        return requests, [place[name] for name in names]

    def _read(self, names: Sequence[str], answers: Sequence[Any]) -> dict[str, Any]:
        """Turn the simulator's answers into ours; lists are fetched in one further round trip."""
        found = dict(zip(names, answers, strict=True))
        lists = [name for name, answer in found.items() if hasattr(answer, "_get_object_id")]
        if lists:
            found.update(zip(lists, self._fetch_lists([found[name] for name in lists]), strict=True))
        if "score" in found:  # points: 0 to 100, or negative after a wrong focus
            found["score"] = 0 if self._fresh else round(100 * found["score"])
        if "completed" in found:
            found["completed"] = not self._fresh and bool(found["completed"])
        if "task_description" in found:
            found["task_description"] = found["task_description"].removeprefix("Task Description:\n").strip()
        return found

    def _fetch_lists(self, java_lists: Sequence[Any]) -> list[list[str]]:
        """Fetch lists of texts, each text once: a round trip for all instead of one for each element."""
        requests = []
        for java_list in java_lists:
            requests.append(_make_request("z:java.lang.String", "join", "\n", java_list))
            requests.append(f"{protocol.MEMORY_COMMAND_NAME}{protocol.MEMORY_DEL_SUBCOMMAND_NAME}")
            requests[-1] += f"{java_list._get_object_id()}\n{protocol.END_COMMAND_PART}"
        joined = self._exchange("join", requests)[::2]
        return [list(dict.fromkeys(text.split("\n"))) if text else [] for text in joined]

    def variations(self, split: str) -> list[int]:
        """Return the variations of the loaded task that the simulator puts in `split`."""
        method = _SPLIT_METHODS[split]
        (java_list,) = self._exchange(method, [self._request(method)])
        return self._guard(method, lambda: [int(index) for index in java_list])

    def object_tree(self) -> dict[str, Any]:
        """Return every object of the world as the simulator nests them."""
        folder = self._process.folder
        (fault,) = self._exchange("getObjectTree", [self._request("getObjectTree", str(folder))])
        if fault:
            raise SimulatorError(f"ScienceWorld gave no object tree: {fault}. Fix: load a world first.")
        tree: dict[str, Any] = json.loads((folder / "objectTree.json").read_text(encoding="utf-8"))
        return tree

    def exit(self) -> None:
        """Let the JVM end by itself, as a start-up cache needs it; `close` is much faster."""
        assert self._gateway is not None
        with contextlib.suppress(Py4JError, OSError):  # the connection ends with the JVM
            self._gateway.jvm.java.lang.System.exit(0)
        self._process.wait(self._timeout_s)
        self.close()

    def close(self) -> None:
        """Stop the JVM; a second call does nothing, nor does one from a forked child."""
        if self._closed:
            return
        self._closed = True
        if os.getpid() == self._process.owner_pid:
            if self._connection is not None and self._connection.is_connected:
                self._connection.close(reset=True)
            if self._gateway is not None:
                self._gateway.close()
            self._process.kill()


def _make_request(target: str, method: str, *args: Any) -> str:
    """Write one call of a method as py4j's protocol has it."""
    parts = "".join(protocol.get_command_part(arg) for arg in args)
    return f"{protocol.CALL_COMMAND_NAME}{target}\n{method}\n{parts}{protocol.END_COMMAND_PART}"


def find_jars() -> list[str]:
    """Return the jars of py4j and of the one version of ScienceWorld that defines the environments.

    Raises:
        SimulatorError: If one is missing or of another version.
    """
    spec = importlib.util.find_spec("scienceworld")
    if spec is None or spec.origin is None:
        raise SimulatorError(
            f"The package scienceworld is not installed. "
            f"Fix: pip install scienceworld=={SCIENCEWORLD_VERSION}."
        )
    found = installed_version("scienceworld")
    if found != SCIENCEWORLD_VERSION:
        raise SimulatorError(
            f"scienceworld {found} is installed; the environments of this version are defined by "
            f"{SCIENCEWORLD_VERSION}, other versions give other worlds. "
            f"Fix: pip install scienceworld=={SCIENCEWORLD_VERSION}."
        )
    jar = java_gateway.find_jar_path()
    if not jar:
        raise SimulatorError(f"py4j {py4j.__version__} has no jar. Fix: pip install --force-reinstall py4j.")
    return [str(jar), str(Path(spec.origin).with_name("scienceworld.jar"))]


@atexit.register
def _close_all() -> None:
    for simulator in list(_LIVE):
        simulator.close()
