"""A collection that is killed again and again ends as if nothing had happened."""

import random
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

# A file for each episode, so that few episodes are many places to kill at.
SCRIPT = """
import sys
from sgd_gym import cli
from sgd_gym.data import shards
shards.SHARD_SIZE = 1
cli.main(["collect", "--tasks", "find-plant,lifespan-longest-lived", "--splits", "dev",
          "--max-variations", "6", "--worlds", "2", "--out", sys.argv[1]])
"""
KILLS = 10
EPISODES = 12


def start(out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SCRIPT, str(out)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def files(folder: Path) -> dict[Path, bytes]:
    """Read what a user sees; a kill may leave hidden parts."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.glob("**/*")
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.mark.slow
def test_killed_ten_times_equals_undisturbed(tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    assert start(undisturbed).wait(120) == 0
    moment = random.Random(0)
    javas: list[psutil.Process] = []
    halves = set()
    for kill in range(KILLS):
        before = len(files(disturbed))
        process = start(disturbed)
        # Every third time it is killed a moment after a file has appeared, else wherever it is by then.
        until = time.monotonic() + (moment.uniform(0.2, 2.0) if kill % 3 else 60)
        while time.monotonic() < until and len(files(disturbed)) <= before:
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(moment.uniform(0, 0.3))
        javas += psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        halves.add(len(files(disturbed)))
    assert max(halves) < EPISODES, "the kills came too late to show anything"
    assert len(halves) > KILLS // 3
    assert start(disturbed).wait(120) == 0
    assert files(disturbed) == files(undisturbed)
    assert len(files(undisturbed)) == EPISODES + 1  # and the data card
    _, alive = psutil.wait_procs(javas, timeout=10)
    assert not alive, "a killed Python left its JVM"
