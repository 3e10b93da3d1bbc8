"""What becomes of a planner's text, by the documented rule."""

import pytest

from sgd_gym.agents.sgd.repair import REJECTED, check
from sgd_gym.knowledge import Knowledge

LOOK = """This room is called the kitchen. In it, you see:
\tthe agent
\ta metal pot (containing a substance called water)
\ta apple tree in the adult stage
\ta stove, which is turned off. On the stove is: nothing.
You also see:
\tA door to the hallway (that is open)"""


@pytest.fixture
def knowledge() -> Knowledge:
    known = Knowledge()
    known.update(
        {
            "task": "Your task is to boil tin. First, focus on the tin.",
            "observation": LOOK,
            "look": LOOK,
            "inventory": "In your inventory, you see:\n\tan orange",
        }
    )
    return known


@pytest.mark.parametrize(
    "text",
    [
        *(
            "pick_up(metal pot)",
            "focus_on(tin)",
            "navigate_to(hallway)",
            "look_around()",
            "heat(water, stove)",
        ),
        *("focus_on(adult apple tree)", "do(open cupboard)", "do(say anything)"),
    ],
)
def test_what_can_start_is_kept(text: str, knowledge: Knowledge) -> None:
    checked = check(text, knowledge)
    assert (checked.text, checked.how) == (text, "kept")


def test_what_a_closed_container_may_hold_is_kept(knowledge: Knowledge) -> None:
    closed = f"{LOOK}".replace("\ta stove", "\ta cupboard. The cupboard door is closed.\n\ta stove")
    knowledge.update({"observation": "", "look": closed, "inventory": ""})
    assert check("fill(tin cup, sink)", knowledge).how == "kept"
    assert check("navigate_to(moon)", knowledge).how == "rejected"
    assert check("fill(tin cup", knowledge).text == REJECTED


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("pick_up(metal pot) and so on (", "pick_up(metal pot)"),
        ("pick_up(metal pot", "pick_up(metal pot)"),
        ("pick_up(metal pot, stove)", "pick_up(metal pot)"),
        ("pick_up(steel pot)", "pick_up(metal pot)"),
        ("heat(tin, big stove)", "heat(tin, big stove)"),
        ("focus_on(banana tree)", "focus_on(apple tree in the adult stage)"),
    ],
)
def test_what_was_nearly_right_is_repaired(text: str, repaired: str, knowledge: Knowledge) -> None:
    checked = check(text, knowledge)
    assert checked.text == repaired
    assert checked.how == ("kept" if text == repaired else "repaired")


@pytest.mark.parametrize(
    "text",
    [
        *("", "hello", "fly(kitchen)", "pick_up()", "pick_up", "heat(water)", "pick_up(gold)", "\ud800(x)"),
        *("navigate_to(kitchen)", "navigate_to(moon)", "(((", "pick_up(pick_up(pick_up("),
    ],
)
def test_what_cannot_be_meant_is_rejected(text: str, knowledge: Knowledge) -> None:
    checked = check(text, knowledge)
    assert (checked.text, checked.how) == (REJECTED, "rejected")
