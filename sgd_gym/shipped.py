"""Weights that come with the package; whoever takes a checkpoint folder also takes the name "default"."""

from importlib.resources import files
from pathlib import Path

from sgd_gym.errors import CheckpointError

DEFAULT = "default"
"""Stands for the shipped weights, wherever a checkpoint folder is named."""
WEIGHTS = Path(str(files("sgd_gym"))) / "weights"
"""Their folder, with one checkpoint for planner and executor together and one for *flat*."""
_FOLDERS = {"planner": "sgd", "executor": "sgd", "flat": "flat"}


def find_checkpoint(name: Path | str, role: str) -> Path:
    """Return the folder of a checkpoint.

    Args:
        name: A folder, or "default".
        role: What the model shall write.

    Raises:
        CheckpointError: If no weights of this role are shipped.
    """
    if str(name) != DEFAULT:
        return Path(name)
    folder = WEIGHTS / _FOLDERS.get(role, role)
    if not folder.is_dir():
        raise CheckpointError(
            f"This version of sgd-gym ships no {role}. "
            f"Fix: name a folder that 'sgd-gym train {role}' wrote instead of {DEFAULT!r}."
        )
    return folder


def is_default(folder: Path) -> bool:
    """Return whether a checkpoint folder is one of the package's own."""
    return folder.parent == WEIGHTS
