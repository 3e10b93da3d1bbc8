"""A cache of loaded and linked classes, which halves the start of a JVM (JEP 483 and 514).

It is made once for each Java and each installation of the jars (about 5 seconds, 30 MB), and may be deleted
at any time.
"""

import hashlib
import logging
import os
import re
import threading
import uuid
from pathlib import Path

from sgd_gym.envs.gateway import find_py4j_jar
from sgd_gym.envs.java import check_executable, find_java
from sgd_gym.envs.simulator import Simulator, find_jar
from sgd_gym.errors import SgdGymError

FIRST_JAVA = 25
"""First Java that makes such a cache in one step."""

_LOG = logging.getLogger(__name__)
_LOCK = threading.Lock()
_FAILED: set[Path] = set()
"""What this process could not make; another try would cost each world seconds."""


def startup_flags(java: str | None = None) -> list[str]:
    """Return the JVM flags that use the start-up cache, which is made if it is missing.

    Args:
        java: Path of the Java executable; None looks for one.

    Returns:
        No flags where there can be no cache: starts are slower then, and nothing else changes.
    """
    executable = check_executable(java, "java") if java else find_java()
    path = cache_path(executable)
    with _LOCK:  # worlds that start at once, in threads, make one cache
        if path is None or path in _FAILED:
            return []
        try:
            if not path.exists():
                _make_cache(executable, path)
        except (SgdGymError, OSError) as error:
            _FAILED.add(path)
            _LOG.warning(
                "No start-up cache %s: %s Fix: set SGD_GYM_CACHE to a folder, or to nothing.", path, error
            )
            return []
    # A cache that does not fit is ignored by the JVM, with a warning on stdout, where Python reads the port.
    return [f"-XX:AOTCache={path}", "-Xlog:disable", "-Xlog:all=error:stderr"]


def cache_path(java: str) -> Path | None:
    """Return where the cache of this Java lies, whether or not it is there.

    The folder is `SGD_GYM_CACHE`, else `sgd_gym` in `XDG_CACHE_HOME` or `~/.cache`.

    Returns:
        None if this Java makes no such cache, or if `SGD_GYM_CACHE` is set and empty.
    """
    folder = os.environ.get("SGD_GYM_CACHE")
    release = Path(java).resolve().parent.parent / "release"
    if folder == "" or not release.is_file():
        return None
    text = release.read_text(encoding="utf-8", errors="replace")
    version = re.search(r'JAVA_VERSION="(\d+)', text)
    if version is None or int(version[1]) < FIRST_JAVA:
        return None
    # Java 25 would take the classes of a cache that was made with other jars, so the name tells them apart.
    jars = [(jar, os.stat(jar).st_size, os.stat(jar).st_mtime_ns) for jar in (find_py4j_jar(), find_jar())]
    key = hashlib.sha256(repr((java, text, jars)).encode()).hexdigest()[:16]
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    name = f"java-{version[1]}-{key}.aot"
    # The JVM has a working directory of its own.
    return Path(folder or os.path.join(home, "sgd_gym")).absolute() / name


def _make_cache(java: str, path: Path) -> None:
    """Run a world for a moment in a JVM that writes down what it loaded when it exits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    simulator = Simulator(java, flags=(f"-XX:AOTCacheOutput={part}", "-Xlog:disable"))
    try:
        simulator.load("find-plant", 0, "easy")
        simulator.step_and_ask("look around", ("look", "inventory", "valid_actions", "goal_progress"))
        simulator.exit()
        os.replace(part, path)
    finally:
        simulator.close()
        part.unlink(missing_ok=True)
