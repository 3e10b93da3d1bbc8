"""The runs of a project, a line each in a file, so that progress over revisions is seen; plays nothing."""

import json
from pathlib import Path
from typing import Any

from sgd_gym.benchmarks.results import Results
from sgd_gym.benchmarks.summary import Summary
from sgd_gym.errors import DataError
from sgd_gym.files import write_text

FILE = "history.jsonl"
_MOVING = ("created", "run")


def add_run(folder: Path, results: Results, summaries: list[Summary]) -> list[dict[str, Any]]:
    """Add a run to the history in a folder and return all runs; one that changed nothing is not added.

    Raises:
        DataError: If the history cannot be read.
    """
    path = folder / FILE
    runs = read_history(path)
    groups = {name: [one for one in summaries if one.agent == name] for name in results.agents}
    overall = {name: next((one for one in own if one.task == "all"), own[0]) for name, own in groups.items()}
    now = {
        "run": len(runs),
        "created": results.run["created"],
        "git": results.run["git"],
        "protocol": results.protocol.name,
        "tasks": len(results.tasks),
        "whole": tuple(results.tasks) == results.protocol.tasks,
        "agents": {
            name: {
                "score": one.score.mean,
                "low": one.score.low,
                "high": one.score.high,
                "success_rate": one.success_rate,
                "fingerprints": [entry["fingerprint"] for entry in results.entries[name]],
            }
            for name, one in overall.items()
        },
    }
    if not runs or _what(runs[-1]) != _what(now):
        runs.append(now)
        write_text(path, "".join(json.dumps(run) + "\n" for run in runs))
    return runs


def read_history(path: Path) -> list[dict[str, Any]]:
    """Return the runs of a history, oldest first; none if there is no file.

    Raises:
        DataError: If the file is no history.
    """
    if not path.exists():
        return []
    try:
        runs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for run in runs:
            run["run"], run["protocol"], run["agents"], run["git"], run["whole"], run["tasks"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no history of runs: {error}. Fix: delete or move it.") from error
    return runs


def _what(run: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in run.items() if name not in _MOVING}
