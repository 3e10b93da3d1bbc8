"""Where options and commands can start, by what was read."""

import pytest

from sgd_gym.knowledge import Knowledge
from sgd_gym.subgoals.grammar import parse

KITCHEN = """This room is called the kitchen. In it, you see:
\tthe agent
\ta cupboard. The cupboard door is closed.
\ta stove, which is turned off. On the stove is: nothing.
\ta substance called tin
You also see:
\tA door to the hallway (that is closed)"""
WORKSHOP = """This room is called the workshop. In it, you see:
\tthe agent
\ta battery"""
INVENTORY = "In your inventory, you see:\n\tan orange"
TASK = "Your task is to melt chocolate. Move it to the red box in the kitchen."


def knowledge(look: str = KITCHEN, reply: str = "") -> Knowledge:
    known = Knowledge()
    known.update({"task": TASK, "observation": reply, "look": look, "inventory": INVENTORY})
    return known


@pytest.mark.parametrize(
    ("subgoal", "can_start"),
    [
        ("navigate_to(kitchen)", False),  # the agent is there
        ("navigate_to(foundry)", True),
        ("focus_on(chocolate)", True),  # the task speaks of it
        ("place(chocolate, red box)", True),
        ("examine(tin)", True),
        ("examine(lead)", False),
        ("pick_up(metal pot)", True),  # may be in the cupboard
        ("pick_up(orange)", True),
        ("place(metal pot, stove)", False),
        ("open(doors)", True),
        ("wait()", True),
        ("look_around()", True),
    ],
)
def test_what_a_sub_goal_acts_on_must_be_known(subgoal: str, can_start: bool) -> None:
    assert knowledge().can_start(parse(subgoal)) is can_start


def test_what_was_read_is_remembered() -> None:
    known = knowledge()
    assert not known.can_start(parse("activate(battery)"))
    known.update({"task": TASK, "observation": "", "look": WORKSHOP, "inventory": INVENTORY})
    assert known.can_start(parse("activate(battery)"))
    assert not known.can_start(parse("open(doors)"))
    known.update({"task": TASK, "observation": "", "look": KITCHEN, "inventory": INVENTORY})
    assert known.can_start(parse("activate(battery)"))
    assert known.can_start(parse("pick_up(tin can)")) is not False  # the cupboard is closed again


@pytest.mark.parametrize(
    ("command", "can_type"),
    [
        ("open cupboard", True),
        ("open door to hallway", True),
        ("move orange to stove", True),
        ("move orange to red box", False),
        ("focus on chocolate", False),
        ("teleport to kitchen", False),
        ("teleport to foundry", True),
        ("look around", True),
        ("wait1", True),
        ("0", False),
    ],
)
def test_a_command_names_what_is_in_sight(command: str, can_type: bool) -> None:
    assert knowledge().can_type(command) is can_type


def test_a_question_wants_its_answer() -> None:
    known = knowledge(reply="Ambiguous request: Please enter the number")
    assert known.can_type("0")
    assert not known.can_type("look around")
