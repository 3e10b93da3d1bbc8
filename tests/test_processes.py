"""Workers end with the process that they work for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sgd_gym.processes import start_processes

PARENT = """
import sys
from test_processes import write_and_wait
from sgd_gym.processes import start_processes

if __name__ == "__main__":
    with start_processes(1) as pool:
        pool.submit(write_and_wait, sys.argv[1]).result()
"""


def write_and_wait(path: str) -> None:
    """Tell the number of this process, then work for a minute."""
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)


def test_a_pool_works() -> None:
    with start_processes(2) as pool:
        assert list(pool.map(abs, (-1, -2))) == [1, 2]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_ends_with_its_parent(
    tmp_path: Path, how: signal.Signals, ends_within: Callable[[int, float], bool]
) -> None:
    script, told = tmp_path / "parent.py", tmp_path / "pid"
    script.write_text(PARENT)
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    parent = subprocess.Popen([sys.executable, script, told], env={**os.environ, "PYTHONPATH": paths})
    deadline = time.monotonic() + 30
    while not (told.is_file() and told.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    worker = int(told.read_text())
    assert not ends_within(worker, 0)
    parent.send_signal(how)
    parent.wait(10)
    assert ends_within(worker, 10)
