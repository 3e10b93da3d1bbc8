"""The command sgd-gym as a user meets it: help, errors without tracebacks, exit status."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from sgd_gym import cli

COMMANDS = (
    "collect",
    "annotate",
    "export",
    "train planner",
    "train executor",
    "train flat",
    "train sage",
    "bench run",
    "bench keep",
    "bench annotate",
    *cli.MEASURES,
    "report",
    "quickstart",
    "reproduce",
)


def run(arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return exit status and standard error of one command."""
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments.split())
    return int(stop.value.code or 0), " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_every_flag(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([*command.split(), "--help"])
    assert not stop.value.code
    text = capsys.readouterr().out
    assert "--out" in text
    # tyro prints a flag without a docstring as a line that holds nothing but its name and default
    for line in text.splitlines():
        if line.strip(" │").startswith("--"):
            assert not line.rstrip(" │").endswith("(required)") or "Checkpoint" in text, line


def test_usage_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main([])
    usage = capsys.readouterr().out
    assert all(command.split()[-1] in usage for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("colect", ["colect", "Allowed: collect"]),
        ("train pilot", ["train pilot", "train planner"]),
        ("collect --tasks find-plnat", ["'find-plnat'", "find-plant", "Allowed"]),
        ("collect --splits tain", ["split 'tain'", "'train'", "Allowed"]),
        ("collect --max-variations 0", ["max_variations is 0", "Allowed"]),
        ("collect --subset sdg", ["subset 'sdg'", "'sgd'", "Allowed"]),
        ("collect --verify", ["--from-shipped"]),
        ("export --data {tmp}/none --out {tmp}/x", ["none", "sgd-gym collect"]),
        ("export --to csv --out {tmp}/x", ["format 'csv'", "jsonl, minari"]),
        ("annotate --data {tmp}/none", ["none", "sgd-gym collect"]),
        ("train flat --out {tmp}/x --data {tmp}/none", ["none", "sgd-gym collect"]),
        ("bench run --agents sgdd --out {tmp}/x", ["agent 'sgdd'", "'sgd'", "Allowed"]),
        ("bench run --agents flat --flat {tmp} --out {tmp}/x", ["is no checkpoint", "sgd-gym train flat"]),
        ("bench run --agents flat --out {tmp}/x", ["No flat checkpoint", "--flat"]),
        ("bench run --agents os:path --out {tmp}/x", ["os:path", "inherit"]),
        ("bench run --protocol sgd-1000 --out {tmp}/x", ["protocol 'sgd-1000'", "Allowed"]),
        ("bench run --tasks boil --out {tmp}/x", ["'boil'", "Allowed"]),
        ("report {tmp}/none.json --out {tmp}/x", ["none.json is not a results file", "sgd-gym bench"]),
        ("report --out {tmp}/x", ["No results are named", "sgd-gym report"]),
    ],
)
def test_errors_name_value_allowed_and_fix(
    arguments: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, message = run(arguments.format(tmp=tmp_path), capsys)
    assert status == 2
    assert message.startswith("error:")
    assert "Traceback" not in message
    for word in words:
        assert word in message
    assert not (tmp_path / "x").exists()


def test_names_may_have_blanks_or_commas_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from sgd_gym.data import collect as module

    seen = []
    monkeypatch.setattr(module, "collect", lambda config: seen.append((config.tasks, config.splits)) or 0)
    for tasks in ("boil,melt", "boil melt", "boil, melt"):
        cli.main([*f"collect --tasks {tasks} --splits train,dev,test".split()])
    assert seen == [(["boil", "melt"], ["train", "dev", "test"])] * 3


@pytest.mark.parametrize("name", cli.MEASURES)
def test_without_flags_settings_are_the_defaults(name: str) -> None:
    module, config, _ = cli.MEASURES[name]
    make = getattr(import_module(module), config)
    assert cli._parse(make, [], name) == make()


@pytest.mark.parametrize("java", ["/nonexistent/java", "/bin/echo"])
def test_no_usable_java_is_one_clear_error(java: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sgd_gym.cli",
            "collect",
            "--tasks",
            "find-plant",
            "--out",
            str(tmp_path / "d"),
        ],
        env={**os.environ, "SGD_GYM_JAVA": java},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert java in done.stderr
    assert "Fix:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("**/*.parquet"))
