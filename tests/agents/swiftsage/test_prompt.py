"""What Sage is asked, and how its answers are read, malformed ones among them.

If a change of the text is meant: SGD_GYM_GOLDEN=1 pytest tests/agents
"""

import os
from pathlib import Path

import pytest

from sgd_gym.agents.history import History
from sgd_gym.agents.swiftsage.prompt import (
    ACTIONS,
    make_grounding,
    make_planning,
    read_grounding,
    to_action,
)
from sgd_gym.agents.swiftsage.sage import shipped_examples
from sgd_gym.trajectories import Episode, Step

GOLDEN = Path(__file__).with_name("golden")
HALLWAY = (
    "This room is called the hallway. In it, you see: \n\tthe agent\n\ta picture\nYou also see:\n"
    "\tA door to the kitchen (that is open)"
)
KITCHEN = (
    "This room is called the kitchen. In it, you see: \n\tthe agent\n\ta substance called air\n"
    "\ta stove, which is turned off. On the stove is: nothing.\nYou also see:\n"
    "\tA door to the hallway (that is open)"
)
INVENTORY = "In your inventory, you see:\n\tan orange\n"
TASK = "Your task is to boil water.\nFirst, focus on the substance."


def played(moves: int = 1) -> History:
    seen = {"task": TASK, "look": HALLWAY, "inventory": INVENTORY, "observation": HALLWAY}
    history = History.begin(seen)
    for number in range(moves):
        history.send("go to kitchen" if number == 0 else f"wait{number}", "swift")
        reply = "You move to the kitchen." if number == 0 else "You wait."
        history.observe(seen | {"look": KITCHEN, "observation": reply}, 3.0 if number == 0 else 0.0)
    return history


def example() -> Episode:
    rows = (("open door to kitchen", "navigate_to(kitchen)", 0), ("go to kitchen", "navigate_to(kitchen)", 0))
    rows += (("move cup to sink", "place(cup, sink)", 1),)
    steps = tuple(Step("", "", one, "", 0.0, 0, False, subgoal, index) for one, subgoal, index in rows)
    return Episode("boil", 3, "train", "Your task is\nto boil mercury.", "oracle", steps=steps)


def show(name: str) -> str:
    history = played()
    if name == "planning":
        messages = make_planning(history)
    else:
        messages = make_grounding(history, "1. A pot, in the kitchen.\n5. None.\n", [example()])
    return "".join(f"[{one['role']}]\n{one['content']}\n" for one in messages)


@pytest.mark.parametrize("name", ["planning", "grounding"])
def test_golden_prompts(name: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("SGD_GYM_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(show(name), encoding="utf-8")
    assert show(name) == path.read_text(encoding="utf-8")


def test_the_last_ten_moves_are_told() -> None:
    (question,) = make_planning(played(13))
    assert "wait2" not in question["content"]
    assert "4. wait3 (+0) -> You wait." in question["content"]
    assert "Moves made: 13. Score: 3 of 100." in question["content"]
    assert "Visited rooms: hallway, kitchen" in question["content"]


def test_examples_are_solved_train_episodes_of_the_task() -> None:
    examples = shipped_examples("find-plant")
    assert len(examples) == 2
    assert {(one.task, one.split, one.score) for one in examples} == {("find-plant", "train", 100)}


def test_every_type_of_action_comes_back_as_its_command() -> None:
    for name, (roles, template) in ACTIONS.items():
        things = [f"thing {number}" for number in range(len(roles))]
        command = template.format(*things)
        assert to_action(command) == f"{name}({', '.join(things)})"
        assert read_grounding(to_action(command)).commands == (command,)


@pytest.mark.parametrize(
    ("text", "subgoal", "commands"),
    [
        (
            "Sub-goal: fetch the pot\n1. TELEPORT(kitchen)\n2. PICK(metal pot)",
            "fetch the pot",
            ("teleport to kitchen", "pick up metal pot"),
        ),
        ("**Subgoal:** fetch\n- `PICK(the cup)` because it is there", "fetch", ("pick up cup",)),
        ("1) Move( \"cup\" , 'stove' )", "", ("move cup to stove",)),
        ("Action: FOCUS_ON(milk).\nNext sub-goal = look", "look", ("focus on milk",)),
        ("step 2: use(thermometer, milk)", "", ("use thermometer on milk",)),
        ("Pick up(cup)\nLOOK AROUND()\nWAIT1()", "", ("pick up cup", "look around", "wait1")),
        ("1. pick up cup\n2. go to hallway.", "", ("pick up cup", "go to hallway")),
        ("go to hallway\nOPEN(cup)", "", ("open cup",)),
        ("OPEN(a)\n" * 9, "", ("open a",) * 5),
        # what is dropped
        ("FLY(moon)\nMOVE(cup)\nOPEN(a, b)\nWAIT(3)\nPICK()\nOPEN(cup)", "", ("open cup",)),
        ("USE(thermometer (in inventory), milk)\nOPEN(cup", "", ()),
        ("I'm sorry, I cannot help with that.", "", ()),
        ("", "", ()),
        ("<html><body>502</body></html>", "", ()),
        ('{"action": "open", "x": ', "", ()),
        ("\x00\ufffd" * 50, "", ()),
    ],
)
def test_answers_are_read_and_malformed_lines_dropped(
    text: str, subgoal: str, commands: tuple[str, ...]
) -> None:
    advice = read_grounding(text)
    assert (advice.subgoal, advice.commands) == (subgoal, commands)
