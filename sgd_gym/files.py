"""Whole-or-nothing file writes; knows nothing about what is written."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_whole(path: Path, write_fn: Callable[[Path], None]) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    Args:
        path: Where the file shall stand.
        write_fn: Writes the content to the path it is given, in the same folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    part = Path(name)
    try:
        write_fn(part)
        part.chmod(_usual(0o666))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: Path, payload: Any) -> None:
    """Write `payload` as indented JSON, as `write_text` does."""
    write_text(path, json.dumps(payload, indent=1, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all; one that holds this text already is left as it is."""
    content = text.encode("utf-8")
    if path.is_file() and path.read_bytes() == content:
        return

    def write(part: Path) -> None:
        part.write_bytes(content)

    write_whole(path, write)


def write_folder(path: Path, write_fn: Callable[[Path], None]) -> None:
    """Write a folder so that it exists complete or not at all; an old one is replaced.

    Args:
        path: Where the folder shall stand.
        write_fn: Fills the empty folder it is given.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        write_fn(part)
        part.chmod(_usual(0o777))
        if path.exists():
            shutil.rmtree(path)
        os.replace(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _usual(mode: int) -> int:
    """Return the mode that open() or mkdir() would give; tempfile's are private to their owner."""
    umask = os.umask(0)
    os.umask(umask)
    return mode & ~umask
