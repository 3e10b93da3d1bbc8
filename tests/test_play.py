"""Playing by hand: through a pipe, at the prompt of a terminal, and every word of the game."""

import io
import json
import os
import pty
import select
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from sgd_gym import cli
from sgd_gym.envs.goal_progress import GoalRecord
from sgd_gym.envs.tasks import TASKS
from sgd_gym.play import (
    WORDS,
    CommandCompleter,
    PlayConfig,
    TerminalReader,
    find_commands,
    goal_words,
    make_task_table,
    play,
)

PATHS = json.loads(Path(__file__).with_name("subgoals").joinpath("oracle_paths.json").read_text("utf-8"))
PATH: list[str] = PATHS["find-plant/0"][1]
FIND_PLANT = ("--task", "find-plant", "--variation", "0")
COMMANDS = ["open cupboard", "open door to kitchen", "close cupboard", "go to kitchen", "look at cup", "0"]


@pytest.fixture
def keyboard() -> Iterator[PipeInput]:
    """Return a keyboard for prompts that are made in this test."""
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        yield keys


def pipe(text: bytes | str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def complete(typed: str, commands: list[str]) -> list[str]:
    found = list(CommandCompleter(commands).get_completions(Document(typed), CompleteEvent()))
    assert all(completion.start_position == -len(typed) for completion in found)
    return [completion.text for completion in found]


# --- completion


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("open", ["open cupboard", "open door to kitchen"]),
        ("o cup", ["open cupboard", "look at cup", "close cupboard"]),
        ("CUP", ["look at cup", "open cupboard", "close cupboard"]),
        ("kitchen", ["go to kitchen", "open door to kitchen"]),
        ("go kit", ["go to kitchen"]),
        ("kit go", []),
        ("c.p", []),
        ("(", []),
        ("0", ["0"]),
        ("", sorted(COMMANDS, key=lambda command: (len(command), command))),
    ],
)
def test_commands_are_found_by_any_of_their_parts(typed: str, found: list[str]) -> None:
    assert find_commands(typed, COMMANDS) == found
    assert complete(typed, COMMANDS) == found


def test_a_colon_completes_to_words_of_the_game() -> None:
    assert complete(":", COMMANDS) == list(WORDS)
    assert complete(":g", COMMANDS) == [":goals"]
    assert complete("qu", list(WORDS)) == [":quit"]
    assert complete(":x", COMMANDS) == []


def test_goals_without_words_are_named_by_their_class() -> None:
    goal: GoalRecord = {"kind": "GoalIsStateOfMatter", "text": "", "done": False, "ordered": True}
    assert goal_words(goal) == "is state of matter"
    assert goal_words(goal | {"text": "boil it"}) == "boil it"


# --- the prompt of a terminal


def type_when_menu_is_there(reader: TerminalReader, keyboard: PipeInput, keys: str) -> threading.Thread:
    """Send keys as a person does: after the menu has appeared, which is drawn in the background."""

    def send() -> None:
        deadline = time.monotonic() + 20
        while reader._session.default_buffer.complete_state is None and time.monotonic() < deadline:
            time.sleep(0.01)
        keyboard.send_text(keys)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("keys", "command"), [("\t\r", "go to kitchen"), ("\t\t\r", "open door to kitchen"), ("\r", "kitch")]
)
def test_tab_takes_what_the_menu_offers(keyboard: PipeInput, keys: str, command: str) -> None:
    reader = TerminalReader()
    keyboard.send_text("kitch")
    thread = type_when_menu_is_there(reader, keyboard, keys)
    assert reader(COMMANDS, "status") == command
    thread.join()


def test_ctrl_c_clears_the_line_and_ctrl_d_ends(keyboard: PipeInput) -> None:
    reader = TerminalReader()
    keyboard.send_text("jump\x03look around\r\x04")
    assert reader(COMMANDS, "status") == "look around"
    assert reader._session.history.get_strings() == ["look around"]
    with pytest.raises(EOFError):
        reader(COMMANDS, "status")


def test_a_person_plays_at_the_prompt(keyboard: PipeInput, capsys: pytest.CaptureFixture[str]) -> None:
    reader = TerminalReader()
    keyboard.send_text("go to kit")
    thread = type_when_menu_is_there(reader, keyboard, "\t\r:goals\r\x04")
    play(PlayConfig(task="find-plant", variation=0), reader)
    thread.join()
    page = capsys.readouterr().out
    assert "> go to kitchen\nYou move to the kitchen.\n" in page
    assert "> :goals\n" in page


def test_a_terminal_gets_the_prompt() -> None:
    """The whole command in a terminal of its own: prompt, colours, Ctrl-D."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (30, 80))
    command = [sys.executable, "-m", "sgd_gym.cli", "play", *FIND_PLANT]
    env = {**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"}
    game = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    page = b""
    try:
        for prompts, keys in ((1, b"go to kitchen\r"), (2, b"\x04")):
            while page.count(b"\x1b[?2004h") < prompts:  # the prompt asks for bracketed paste
                assert select.select([ours], [], [], 60)[0], page
                page += os.read(ours, 65536)
            os.write(ours, keys)
        assert game.wait(60) == 0
    finally:
        game.kill()
        game.wait()
        os.close(ours)
    assert b"You move to the kitchen." in page
    assert b"\x1b[" in page
    assert b"Traceback" not in page


# --- through a pipe


def test_an_episode_is_played_line_by_line_to_its_end_and_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["", *PATH, "go to hallway", ":goals", "n", "look around"]
    pipe("\n".join(lines), monkeypatch)
    cli.main(["play", *FIND_PLANT])
    page = capsys.readouterr().out
    played, after = page.split("find-plant, train variation 1, 100 moves")
    assert "find-plant, train variation 0, 100 moves" in played
    assert "Your task is to find a(n) plant." in played
    for command in PATH:
        assert f"\n> {command}\n" in played
    assert "score 17 (+9)\ngoal done: Move to a new location\n" in played
    assert "goal done: focus on a plant\n" in played
    assert f"solved in {len(PATH)} moves, score 100\n" in played
    assert "What next? :restart, :next (variation 1), :tasks or :quit." in played
    assert "The episode is over. Unknown word 'go'." in played
    assert "done   focus on a plant " in played.split("> :goals")[1]
    assert "> :next\n" in played
    assert "> look around\n" in after
    assert "\x1b" not in page
    assert "Traceback" not in page


def test_every_word_answers_and_costs_no_move(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [":help", ":goals", ":valid", ":valid go", ":valid xyzzy", ":oracle", PATH[0], ":o", ":zap", ":"]
    lines += ["fly away", ":o", ":restart", ":tasks", "nonsense", "4-2", ":quit", "not read"]
    pipe("\n".join(lines), monkeypatch)
    cli.main(["play", *FIND_PLANT])
    page = capsys.readouterr().out
    answers = page.split("\n> :")
    words = [
        "help",
        "goals",
        "valid",
        "valid",
        "valid",
        "oracle",
        "oracle",
        "oracle",
        "restart",
        "tasks",
        "quit",
    ]
    assert [answer.split()[0] for answer in answers[1:]] == words
    helped, goals, valid, some, none, first, second, left, again, tasks, last = answers[1:]
    assert all(word in helped for word in WORDS)
    assert "focus on a plant" in goals
    assert "step 1" in goals
    assert "optional" in goals
    assert "done" not in goals
    assert "look around" in valid
    assert "go to kitchen" not in valid
    assert "go to kitchen" in some
    assert "close door" not in some
    assert "0 of " in none
    assert f"{PATH[0]}    (command 1 of {len(PATH)})" in first
    assert "move 1 of 100" in first
    assert f"{PATH[1]}    (command 2 of {len(PATH)})" in second
    assert "Unknown word ':zap'. Allowed: :help" in " ".join(second.split())
    assert "Unknown word ':'" in " ".join(second.split())
    assert "move 2 of 100" in second
    assert "Your move 2 left the oracle path" in left
    assert "move 0 of 100, score 0" in again
    assert "variation 0" in again
    assert "Unknown task 'nonsense'." in tasks
    assert "find-non-living-thing, train variation" in tasks
    assert "not read" not in last


def test_a_mistyped_command_gets_a_hint_and_an_ambiguous_one_a_choice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["go to kitchn", "go to kitchen", "look at door", "", "look at door", ":valid", "1"]
    pipe("\n".join(lines), monkeypatch)
    cli.main(["play", *FIND_PLANT])
    page = capsys.readouterr().out
    assert "Did you mean 'go to kitchen'? :valid lists what works now." in page
    assert page.count("Ambiguous request") == 2
    # An empty line is the simulator's way to cancel, so there it is a command, and no mistake.
    assert page.count(":valid lists") == 1
    _, choice = page.split("> :valid\n")
    assert choice.startswith("0   1   2\n3 of 3 commands\n\n> 1\n")
    assert "move 6 of 100" in choice


def test_an_episode_may_be_short_and_its_text_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe(b"[red]w\xff\x1b[31m[/]\n\nlook around\n:r\nfocus on agent\nq\n", monkeypatch)
    cli.main(["play", *FIND_PLANT, "--max-moves", "2"])
    page = capsys.readouterr().out
    assert "find-plant, train variation 0, 2 moves" in page
    assert "> [red]w\N{REPLACEMENT CHARACTER}?[31m[/]\n" in page
    assert "move 2 of 2, score 8 (+8)\nnot solved: no moves left, score 8\n" in page
    assert "move 1 of 2, score -100 (-100)\nfailed: wrong focus, score -100\n" in page
    assert page.rstrip().endswith("> :quit")


def test_the_seed_draws_the_variation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = []
    for _ in range(2):
        pipe("", monkeypatch)
        flags = "--task 4-3 --split dev --seed 5 --simplification teleportAction"
        cli.main(["play", *flags.split()])
        starts.append(capsys.readouterr().out)
    assert starts[0] == starts[1]
    variation = int(starts[0].split("dev variation ")[1].split(",")[0])
    assert 150 <= variation < 225


# --- choosing a task, and refusals, without a JVM


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)


@pytest.mark.usefixtures("no_java")
@pytest.mark.parametrize("text", ["", "\n", "nonsense\n:quit\n", ":q"])
def test_without_a_task_a_table_is_shown(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe(text, monkeypatch)
    monkeypatch.setenv("COLUMNS", "80")
    cli.main(["play"])
    lines = capsys.readouterr().out.splitlines()
    for task in TASKS:
        (line,) = [line for line in lines if line.split()[:2] == [task.id, task.name]]
        topic, length, count = line.split()[2:]
        assert (topic, length) == (task.topic, task.length_class)
        assert count == str(task.variations_per_split[0])
        assert len(line) <= 80
    assert ("Unknown task 'nonsense'." in "".join(lines)) == text.startswith("nonsense")


def test_the_table_counts_the_variations_of_the_split() -> None:
    assert next(iter(make_task_table("test").columns[-1].cells)) == "9"


@pytest.mark.usefixtures("no_java")
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--task boyl", ["task 'boyl'", "'boil'", "Allowed: boil, 1-1"]),
        ("--task boil --split tain", ["split 'tain'", "train, dev, test"]),
        ("--split tain", ["split 'tain'", "train, dev, test"]),
        ("--task boil --variation 14", ["train variation of boil 14", "0 to 13"]),
        ("--task boil --simplification hard", ["simplification 'hard'", "easy"]),
        ("--task boil --max-moves 0", ["max_moves is 0", "1 or more"]),
        ("--variation 14", ["train variation of boil 14", "0 to 13"]),
    ],
)
def test_wrong_flags_are_told_before_a_jvm_starts(
    flags: str, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe("boil\n", monkeypatch)
    with pytest.raises(SystemExit) as stop:
        cli.main(["play", *flags.split()])
    assert stop.value.code == 2
    message = " ".join(capsys.readouterr().err.split())
    assert message.startswith("error:")
    for word in words:
        assert word in message


def test_help_explains_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["play", "--help"])
    assert not stop.value.code
    text = " ".join(capsys.readouterr().out.split())
    for flag in ("--task", "--split", "--variation", "--simplification", "--seed", "--max-moves"):
        assert flag in text
    cli.main([])
    assert "play a task yourself" in capsys.readouterr().out
