"""A JVM that Python calls through py4j: start it, call it, stop it. Knows py4j, and no ScienceWorld."""

import atexit
import contextlib
import logging
import os
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import py4j
from py4j import java_gateway, protocol
from py4j.java_gateway import GatewayConnection, GatewayParameters, JavaGateway
from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError

from sgd_gym.envs.java import JavaProcess
from sgd_gym.errors import SimulatorError

# py4j logs a whole traceback when a JVM goes away; the typed error below says it in one sentence.
logging.getLogger("py4j").setLevel(logging.CRITICAL)
# Its own warnings of a failed call go to the root logger, whatever level "py4j" has.
java_gateway.logging = logging.getLogger("py4j")

_LIVE: "weakref.WeakSet[Gateway]" = weakref.WeakSet()
_T = TypeVar("_T")


class Gateway:
    """One JVM and the one connection over which everything is asked of it.

    The JVM listens on loopback only and answers nobody without the token that it gave this process. A call
    that takes longer than `timeout_s` stops the JVM and raises. One thread at a time may use it.
    """

    def __init__(self, java: str, flags: Sequence[str], classpath: Sequence[str], timeout_s: float):
        """Start the JVM and connect to it.

        Args:
            java: Path of the Java executable.
            flags: Flags of the JVM.
            classpath: Jars beside py4j's own.
            timeout_s: How long the start, and each call after it, may take.

        Raises:
            JavaNotFoundError: If the executable does not run.
            SimulatorError: If the JVM does not start, for example because it refuses a flag.
        """
        self._closed = False
        self._timeout_s = timeout_s
        self._gateway: JavaGateway | None = None
        self._connection: GatewayConnection | None = None
        command = [java, "-classpath", os.pathsep.join((find_py4j_jar(), *classpath)), *flags]
        command += ["py4j.GatewayServer", "--die-on-broken-pipe", "--enable-auth", "0"]
        self._process = JavaProcess(command, 2, timeout_s)
        _LIVE.add(self)
        with self.starting():
            self._connect(*self._process.greeting)

    def _connect(self, port: str, token: str) -> None:
        if not port.isdigit():
            raise Py4JError(f"{port!r} instead of a port")
        parameters = GatewayParameters(
            port=int(port),
            auth_token=token,
            read_timeout=self._timeout_s,
            # Python would release Java objects from finalizers, one round trip each, even after the JVM is
            # gone; `fetch_lists` releases the lists itself.
            enable_memory_management=False,
        )
        self._gateway = JavaGateway(gateway_parameters=parameters)
        self._connection = GatewayConnection(parameters)
        self._connection.start()
        # An answer goes out in several small writes. Without this, each but the first waits for a delayed
        # acknowledgement: 40 ms for every list of valid actions.
        server = self._gateway.java_gateway_server
        connections = server.getClass().getDeclaredField("connections")
        connections.setAccessible(True)
        for connection in connections.get(server):
            connection.getSocket().setTcpNoDelay(True)

    @contextlib.contextmanager
    def starting(self) -> Any:
        """Stop the JVM if anything in the block fails; what goes wrong with Java becomes a typed error."""
        try:
            yield
        except (Py4JError, OSError) as error:
            said = _describe(error)
            self.close()
            raise SimulatorError(
                f"The JVM did not start: {said}. Fix: raise memory_mb or timeout_s."
            ) from error
        except BaseException:
            self.close()
            raise

    @property
    def jvm(self) -> Any:
        """The JVM's packages and classes, as py4j shows them; each use is a round trip or more."""
        assert self._gateway is not None
        return self._gateway.jvm

    @property
    def closed(self) -> bool:
        """Whether `close` was called or the JVM was given up after a fault."""
        return self._closed

    @property
    def pid(self) -> int:
        """The number of the JVM's process."""
        return self._process.pid

    @property
    def folder(self) -> Path:
        """The JVM's working directory, which goes with it."""
        return self._process.folder

    def exchange(self, method: str, requests: Sequence[str]) -> list[Any]:
        """Send all requests in one write and return their answers: one wait instead of one for each.

        Args:
            method: What an error shall say was called.
            requests: See `make_request`.

        Raises:
            SimulatorError: If the JVM is closed, fails, ends, or takes too long.
        """

        def exchange() -> list[Any]:
            assert self._connection is not None and self._gateway is not None
            self._connection.socket.sendall("".join(requests).encode())
            answers = [self._connection.stream.readline() for _ in requests]
            if not answers[-1].endswith(b"\n"):
                raise Py4JNetworkError("the connection ended")
            client = self._gateway._gateway_client
            return [protocol.get_return_value(line[1:-1].decode(), client, "", method) for line in answers]

        return self.guard(method, exchange)

    def fetch_lists(self, java_lists: Sequence[Any]) -> list[list[str]]:
        """Fetch lists of texts, and release them: a round trip for all instead of one for each element."""
        requests = []
        for java_list in java_lists:
            requests.append(make_request("z:java.lang.String", "join", "\n", java_list))
            delete = protocol.MEMORY_COMMAND_NAME + protocol.MEMORY_DEL_SUBCOMMAND_NAME
            requests.append(f"{delete}{java_list._get_object_id()}\n{protocol.END_COMMAND_PART}")
        joined = self.exchange("join", requests)[::2]
        return [text.split("\n") if text else [] for text in joined]

    def guard(self, method: str, call_fn: Callable[[], _T]) -> _T:
        """Call the JVM; whatever goes wrong becomes one typed error, and a JVM out of step is stopped.

        Raises:
            SimulatorError: See `exchange`.
        """
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
            raise SimulatorError(f"ScienceWorld failed in {method}: {_describe(error)}.") from error
        except (Py4JError, OSError) as error:
            code = self._process.wait(1)  # the connection breaks a moment before the process has ended
            if code is not None:
                state = f"ended with exit status {code}"
            elif isinstance(getattr(error, "cause", None) or error, TimeoutError):
                state = f"gave no answer within {self._timeout_s:g} s"
            else:
                state = f"broke off ({error})"
            self.close()
            raise SimulatorError(
                f"The JVM {state} during {method}. Fix: reset() starts a new one; if it comes again, "
                f"raise memory_mb or timeout_s."
            ) from error
        except BaseException:  # Ctrl-C: an answer is left unread, which the next call would take for its own
            self.close()
            raise

    def exit(self) -> None:
        """Let the JVM end by itself, as a start-up cache needs it; `close` is much faster.

        Raises:
            SimulatorError: If it does not end well.
        """
        try:
            with contextlib.suppress(Py4JError, OSError):  # the connection ends with the JVM
                self.jvm.java.lang.System.exit(0)
            code = self._process.wait(self._timeout_s)
        finally:
            self.close()
        if code != 0:
            state = (
                f"did not end within {self._timeout_s:g} s" if code is None else f"ended with status {code}"
            )
            raise SimulatorError(f"The JVM {state} when it was to exit. Fix: raise timeout_s.")

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

    def forget(self) -> None:
        """Leave the JVM to the parent; a forked child calls it.

        py4j shuts a connection down when it is garbage; in a child, that would end the parent's.
        """
        pooled = [] if self._gateway is None else self._gateway._gateway_client.deque
        for connection in [self._connection, *pooled]:
            if connection is not None and connection.socket.fileno() >= 0:
                os.close(connection.socket.detach())
        self._process.forget()


def _describe(error: Exception) -> str:
    """Return the first line of what went wrong; an error of Java is asked for, and Java may be gone."""
    try:
        said = str(getattr(error, "java_exception", error))
    except (Py4JError, OSError):
        said = ""
    return (said.splitlines() or [type(error).__name__])[0]


def make_request(target: Any, method: str, *args: Any) -> str:
    """Write one call of a method as py4j's protocol has it.

    Args:
        target: A Java object, or the name of a class after "z:" for a static method.
        method: Name of the method.
        args: Texts, numbers, booleans and Java objects.
    """
    name = target if isinstance(target, str) else target._get_object_id()
    parts = "".join(protocol.get_command_part(arg) for arg in args)
    return f"{protocol.CALL_COMMAND_NAME}{name}\n{method}\n{parts}{protocol.END_COMMAND_PART}"


def find_py4j_jar() -> str:
    """Return the path of py4j's jar.

    Raises:
        SimulatorError: If there is none.
    """
    jar = java_gateway.find_jar_path()
    if not jar:
        raise SimulatorError(f"py4j {py4j.__version__} has no jar. Fix: pip install --force-reinstall py4j.")
    return str(jar)


@atexit.register
def _close_all() -> None:
    for gateway in list(_LIVE):
        gateway.close()


def _forget_all() -> None:
    for gateway in list(_LIVE):
        gateway.forget()


os.register_at_fork(after_in_child=_forget_all)
