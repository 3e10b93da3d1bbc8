"""Files and folders appear whole or not at all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sgd_gym.files import write_folder, write_json, write_whole


def fail(part: Path) -> None:
    if part.is_dir():
        (part / "half").write_text("half")
    else:
        part.write_text("half")
    raise RuntimeError("disk full")


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    for text in ("old", "new"):
        write_whole(path, lambda part, text=text: part.write_text(text) and None)
        assert path.read_text() == text
        assert list(path.parent.iterdir()) == [path]


def test_the_part_is_written_beside_the_file_and_hidden(tmp_path: Path) -> None:
    seen: list[Path] = []
    write_whole(tmp_path / "file.txt", seen.append)
    assert seen[0].parent == tmp_path
    assert seen[0].name.startswith(".file.txt.")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with pytest.raises(RuntimeError, match="disk full"):
        write_whole(path, fail)
    assert list(tmp_path.iterdir()) == []
    path.write_text("old")
    with pytest.raises(RuntimeError, match="disk full"):
        write_whole(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("umask", [0o022, 0o027])
def test_a_file_gets_the_mode_that_open_would_give(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "ours", lambda part: None)
        (tmp_path / "plain").touch()
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("ours", "plain")]
    assert modes[0] == modes[1] == 0o666 & ~umask


def test_a_folder_gets_the_mode_that_mkdir_would_give(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_folder(tmp_path / "ours", lambda part: None)
        (tmp_path / "plain").mkdir()
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("ours", "plain")]
    assert modes[0] == modes[1] == 0o750


def test_json_is_whole_readable_and_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"degrees": "21 °C", "list": [1, None]})
    assert json.loads(path.read_text(encoding="utf-8")) == {"degrees": "21 °C", "list": [1, None]}
    assert "°" in path.read_text(encoding="utf-8")
    old = path.read_bytes()
    with pytest.raises(TypeError):
        write_json(path, {"set": {1}})
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "checkpoint"
    for name in ("old", "new"):
        write_folder(path, lambda part, name=name: (part / name).write_text(name) and None)
        assert [one.name for one in path.iterdir()] == [name]
        assert list(path.parent.iterdir()) == [path]


def test_a_failed_folder_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    with pytest.raises(RuntimeError, match="disk full"):
        write_folder(path, fail)
    assert list(tmp_path.iterdir()) == []
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(RuntimeError, match="disk full"):
        write_folder(path, fail)
    assert list(tmp_path.iterdir()) == [path]
    assert [one.name for one in path.iterdir()] == ["old"]


def test_a_kill_while_writing_leaves_the_old_content(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from sgd_gym.files import write_folder, write_whole

def die(part):
    (part / "half" if part.is_dir() else part).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)

{"file": write_whole, "folder": write_folder}[sys.argv[1]](Path(sys.argv[2]), die)
"""
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").touch()
    for kind in ("file", "folder"):
        command = [sys.executable, "-c", script, kind, str(tmp_path / kind)]
        assert subprocess.run(command).returncode == -9
    assert (tmp_path / "file").read_text() == "old"
    assert [one.name for one in (tmp_path / "folder").iterdir()] == ["old"]
    visible = {one.name for one in tmp_path.iterdir() if not one.name.startswith(".")}
    assert visible == {"file", "folder"}
