"""What a person sees: the same facts on a terminal and as text, nothing twice, nothing taken for markup."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from sgd_gym.envs.rendering import Frame, Renderer, frame_text

HALL = "This room is called the hallway. In it, you see:\n\tthe agent\nYou also see:\n\tA door (that is open)"
KITCHEN = """This room is called the kitchen. In it, you see:
\tthe agent
\ta cupboard. The cupboard door is closed.
\ta red box (containing nothing)
\ta thermometer, currently reading a temperature of 10 degrees celsius
You also see:
\tA door to the hallway (that is open)"""
OPENED = KITCHEN.replace("is closed.", "is open. In the cupboard is: a tin cup.")
PICKED = "\n".join(line for line in OPENED.splitlines() if "thermometer" not in line)
ORANGE = "In your inventory, you see:\n\tan orange"
BOTH = ORANGE + "\n\ta thermometer, currently reading a temperature of 10 degrees celsius"

START = Frame(
    task="find-plant",
    variation=0,
    split="train",
    goal="Your task is to find a(n) plant. First, focus on the thing. Then, move it to the red box.",
    moves=0,
    max_moves=100,
    command=None,
    reply=HALL,
    look=HALL,
    inventory=ORANGE,
    score=0,
    reward=0.0,
    terminated=False,
    is_success=False,
    is_error=False,
)


def move(before: Frame, command: str, reply: str, **changes: Any) -> Frame:
    return replace(before, moves=before.moves + 1, command=command, reply=reply, **{"reward": 0.0, **changes})


ENTERED = move(START, "go to kitchen", "You move to the kitchen.", look=KITCHEN, score=17, reward=17.0)
OPEN = move(ENTERED, "open cupboard", "The cupboard is now open.", look=OPENED)
FAILED = move(OPEN, "0", "You focus on the stove.", score=-100, reward=-117.0, terminated=True)
SOLVED = move(OPEN, "move it", "You move it.", score=100, reward=83.0, terminated=True, is_success=True)


def shown(frame: Frame, before: Frame | None, **console: Any) -> str:
    """Return what the terminal gets."""
    page = io.StringIO()
    renderer = Renderer(Console(file=page, **console))
    if before is not None:
        renderer.add(before)
    renderer.add(frame)
    renderer.show()
    return page.getvalue()


def test_the_start_shows_task_variation_goal_room_and_inventory() -> None:
    assert frame_text(START) == "\n".join(
        [
            f"╭{'─' * 78}╮",
            f"│ {'find-plant, train variation 0, 100 moves':<76} │",
            f"│ {'Your task is to find a(n) plant. First, focus on the thing. Then, move it to':<76} │",
            f"│ {'the red box.':<76} │",
            f"╰{'─' * 78}╯",
            "This room is called the hallway. In it, you see:",
            "  - the agent",
            "You also see:",
            "  - A door (that is open)",
            "You carry: an orange",
            "move 0 of 100, score 0",
        ]
    )


def test_a_new_room_is_shown_in_full() -> None:
    text = frame_text(ENTERED, START)
    assert text.startswith("> go to kitchen\nYou move to the kitchen.\nThis room is called the kitchen.")
    assert "  - a cupboard. The cupboard door is closed.\n" in text
    assert "You carry" not in text
    assert text.endswith("\nmove 1 of 100, score 17 (+17)")


def test_of_the_same_room_only_the_change_is_shown() -> None:
    assert frame_text(OPEN, ENTERED) == "\n".join(
        [
            "> open cupboard",
            "The cupboard is now open.",
            "  now:  a cupboard. The cupboard door is open. In the cupboard is: a tin cup.",
            "move 2 of 100, score 17",
        ]
    )
    picked = move(OPEN, "pick up thermometer", "You move it.", look=PICKED, inventory=BOTH)
    assert frame_text(picked, OPEN) == "\n".join(
        [
            "> pick up thermometer",
            "You move it.",
            "  gone: a thermometer, currently reading a temperature of 10 degrees celsius",
            "You carry: an orange; a thermometer, currently reading a temperature of 10",
            "degrees celsius",
            "move 3 of 100, score 17",
        ]
    )
    waited = move(picked, "wait1", "You decide to wait.")
    assert frame_text(waited, picked) == "> wait1\nYou decide to wait.\nmove 4 of 100, score 17"


def test_a_room_that_is_mostly_new_is_shown_in_full() -> None:
    look = HALL.replace("the agent", "a cat").replace("A door", "A gate") + "\n\ta dog\n\ta cow"
    text = frame_text(move(START, "wait", "You wait.", look=look), START)
    assert "This room is called the hallway." in text
    assert "now:" not in text


def test_what_is_asked_for_is_shown_once_and_in_full() -> None:
    looked = move(ENTERED, "look around", KITCHEN)
    text = frame_text(looked, ENTERED)
    assert text.count("This room is called the kitchen.") == 1
    assert "a red box" in text
    text = frame_text(move(ENTERED, "inventory", BOTH, inventory=BOTH), ENTERED)
    assert text.count("an orange") == 1
    assert "You carry: nothing\n" in frame_text(
        move(ENTERED, "drop", "Done.", inventory="In your inventory, you see:"), ENTERED
    )


@pytest.mark.parametrize(
    ("frame", "result"),
    [
        (OPEN, ""),
        (SOLVED, "solved in 3 moves, score 100"),
        (FAILED, "failed: wrong focus, score -100"),
        (replace(FAILED, reply="You move the cup to the blue box."), "failed: wrong move, score -100"),
        (replace(OPEN, moves=100), "not solved: no moves left, score 17"),
        (replace(SOLVED, moves=100), "solved in 100 moves, score 100"),
        (replace(OPEN, moves=100, max_moves=None), ""),
    ],
)
def test_the_end_is_told_in_words(frame: Frame, result: str) -> None:
    assert frame.result == result
    lines = frame_text(frame, OPEN).splitlines()
    assert lines[-1] == result if result else lines[-1].startswith("move ")
    assert "(-117)" in frame_text(FAILED, OPEN)


def test_without_a_limit_none_is_told() -> None:
    free = replace(START, max_moves=None)
    assert "train variation 0  " in frame_text(free)
    assert frame_text(free).endswith("\nmove 0, score 0")


@pytest.mark.parametrize("frame", [START, ENTERED, OPEN, SOLVED, FAILED])
def test_terminal_and_text_show_the_same(frame: Frame) -> None:
    before = None if frame is START else ENTERED
    text = frame_text(frame, before)
    plain = shown(frame, before, width=80)
    assert "\x1b" not in plain
    assert [line.rstrip() for line in plain.splitlines()] == ["", *text.splitlines()]
    coloured = shown(frame, before, width=80, force_terminal=True, color_system="truecolor")
    assert "\x1b[" in coloured
    assert [line.rstrip() for line in Text.from_ansi(coloured).plain.splitlines()] == ["", *text.splitlines()]


def test_the_text_is_the_same_on_every_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = frame_text(ENTERED, START)
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "30", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    assert frame_text(ENTERED, START) == text


def test_markup_and_control_characters_do_no_harm() -> None:
    goal = "boil [water] [/] :smile: [red]now[/red]"
    start = replace(START, goal=goal, look="A [b]room[/b] [/]\n\ta [link=x]cup[/link] [/]", inventory="[/i]")
    wild = move(
        start, "[/] [red]\x1b[31m\x07\ud800", "[bold] no [/wrong] \\[x]\n\t[/]", look=start.look + ", red"
    )
    text = frame_text(start) + frame_text(wild, start)
    for words in (goal, "A [b]room[/b] [/]", "a [link=x]cup[/link] [/]", "You carry: [/i]", "> [/] [red]"):
        assert words in text
    assert "[bold] no [/wrong] \\[x]\n  - [/]\n  now:  a [link=x]cup[/link] [/], red" in text
    assert "[31m" in text
    assert "\x1b" not in text
    assert "\x07" not in text
    text.encode()


@pytest.mark.parametrize("width", [20, 40, 120])
def test_no_word_is_lost_on_other_widths(width: int) -> None:
    def words(text: str) -> list[str]:
        return "".join(letter for letter in text if letter not in "╭─╮│╰╯").split()

    for frame, before in ((START, None), (ENTERED, START), (OPEN, ENTERED), (SOLVED, OPEN)):
        text = frame_text(frame, before, width)
        assert max(map(len, text.splitlines())) <= width
        assert words(text) == words(frame_text(frame, before))


def test_the_renderer_remembers_one_episode() -> None:
    renderer = Renderer()
    assert renderer.text() is None
    renderer.show()
    renderer.add(START)
    assert renderer.text() == renderer.text() == frame_text(START)
    renderer.add(ENTERED)
    assert renderer.text() == renderer.text() == frame_text(ENTERED, START)
    renderer.add(OPEN)
    renderer.show()
    assert renderer.text() == frame_text(OPEN, ENTERED)
    renderer.add(START)
    assert renderer.text() == frame_text(START)


def test_without_a_console_the_frame_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    renderer = Renderer()
    renderer.add(START)
    renderer.show()
    assert "find-plant, train variation 0" in capsys.readouterr().out


def test_a_frame_is_made_of_what_the_environment_returns() -> None:
    observation = {"observation": "No.", "look": HALL, "inventory": ORANGE, "task": "Find it."}
    info = {
        "task": "boil",
        "variation": 3,
        "split": "dev",
        "moves": 2,
        "score": 5,
        "is_success": False,
        "last_action_error": "No.",
        "valid_actions": [],
    }
    frame = Frame.of(observation, info, "jump", 5.0, False, 40)
    assert (frame.task, frame.variation, frame.split, frame.goal) == ("boil", 3, "dev", "Find it.")
    assert (frame.moves, frame.max_moves, frame.command, frame.reply) == (2, 40, "jump", "No.")
    assert (frame.look, frame.inventory, frame.score, frame.reward) == (HALL, ORANGE, 5, 5.0)
    assert (frame.terminated, frame.is_success, frame.is_error) == (False, False, True)
    start = Frame.of(observation, info | {"last_action_error": None})
    assert (start.command, start.reward, start.max_moves, start.is_error) == (None, 0.0, None, False)
