"""The main job from end to end on the real simulator, killed on the way and run again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "sgd_gym.cli", "quickstart", "--smoke", "--out")


def quickstart(out: Path, *flags: str) -> str:
    done = subprocess.run([*COMMAND, str(out), *flags], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return done.stdout


def scores(out: Path) -> list[tuple[str, int, int, int]]:
    rows = json.loads((out / "results.json").read_text())["rows"]
    return [(row["agent"], row["variation"], row["score_last"], row["moves"]) for row in rows]


@pytest.mark.slow
def test_killed_and_run_again_equals_undisturbed(tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    printed = quickstart(undisturbed)
    for agent in ("sgd", "flat", "random", "oracle", "sgd (shipped)", "flat (shipped)"):
        assert f" {agent} " in printed
    assert "<!doctype html>" in (undisturbed / "report.html").read_text()[:100].lower()
    assert f"tensorboard --logdir {undisturbed}" in "".join(printed.splitlines())
    assert list((undisturbed / "tensorboard").glob("**/events.out.tfevents.*"))
    results = json.loads((undisturbed / "results.json").read_text())
    assert results["versions"]["scienceworld"] == "1.2.3"
    assert {row["agent"]: row["score_last"] for row in results["rows"]}["oracle"] == 100

    for wait_for in ("checkpoints/planner", "trained/episodes-random.jsonl"):
        process = subprocess.Popen(
            [*COMMAND, str(disturbed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 120
        while not (disturbed / wait_for).exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    quickstart(disturbed)
    assert scores(disturbed) == scores(undisturbed)


@pytest.mark.slow
def test_weights_that_come_with_the_package_play_at_once(tmp_path: Path) -> None:
    quickstart(tmp_path, "--play-only")
    assert [row[0] for row in scores(tmp_path)] == ["sgd (shipped)", "flat (shipped)", "random", "oracle"]
    assert not (tmp_path / "checkpoints").exists()
