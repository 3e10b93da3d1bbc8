"""Commands name things as the room shows them, and stay as they are where that could mean another thing."""

import pytest

from sgd_gym.data.names import name_as_shown, name_by_replies
from sgd_gym.trajectories import Step

ROOM = """This room is called the kitchen. In it, you see:
\tthe agent
\ta substance called air
\ta baby beaver
\ta chair. On the chair is: nothing.
\ta electric buzzer, which is off
\ta flower pot 3 (containing a apple tree in the adult stage, soil)
\ta flower pot 4 (containing a pea plant in the adult stage, soil)
\ta flower pot 5 (containing a pea plant in the seedling stage, soil)
\ta fridge. The fridge door is open. In the fridge is: a wood cup (containing orange juice).
\ta glass cup (containing nothing)
\ta parrot egg
\ta stove, which is turned on. On the stove is: a metal pot (containing a substance called liquid tin).
\ta table. On the table is: a battery, a black wire, a glass cup (containing nothing).
\tunknown substance B
You also see:
\tA door to the hallway (that is open)"""
INVENTORY = """In your inventory, you see:
\ta recipe titled instructions to make dough
\ta seed jar (containing a cherry seed)
\ta thermometer, currently reading a temperature of 10 degrees celsius"""


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("focus on egg parrot", "focus on parrot egg"),
        ("pick up baby baby beaver", "pick up baby beaver"),
        ("focus on adult apple tree", "focus on apple tree"),
        ("use thermometer in inventory on substance in metal pot", "use thermometer on liquid tin"),
        (
            "move flower pot 3 containing apple tree and soil in kitchen to table",
            "move flower pot 3 to table",
        ),
        (
            "connect black wire terminal 2 to cathode in buzzer",
            "connect black wire terminal 2 to electric buzzer cathode",
        ),
        ("pick up unknown substance", "pick up unknown substance B"),
        ("read recipe in inventory", "read recipe"),
        (
            "pour cup containing orange juice in fridge into flower pot 3",
            "pour cup containing orange juice into flower pot 3",
        ),
    ],
)
def test_names_become_those_of_the_room(command: str, expected: str) -> None:
    assert name_as_shown(command, ROOM, INVENTORY) == expected


@pytest.mark.parametrize(
    "command",
    [
        "look around",
        "wait1",
        "0",
        "teleport to kitchen",
        "focus on pea plant",  # two of them
        "pick up glass cup",
        "move cherry seed in seed jar to flower pot 3",  # others may lie unseen in pots
        "examine elephant",
        "move living thing to table",
    ],
)
def test_a_name_that_is_not_clear_stays(command: str) -> None:
    assert name_as_shown(command, ROOM, INVENTORY) == command


QUESTION = """Ambiguous request: Please enter the number for the action you intended (or blank to cancel):
0:\tmove cherry seed (in seed jar, in inventory) to flower pot 3 (in greenhouse)
1:\tmove cherry seed (in seed jar, in inventory) to flower pot 3 (in greenhouse)"""


@pytest.mark.parametrize(
    ("command", "reply", "expected"),
    [
        ("focus on living thing", "You focus on the baby beaver.", "focus on baby beaver"),
        ("drop component in inventory", "You move the thermometer to the kitchen.", "drop thermometer"),
        ("move organism on table to tin", QUESTION, "move cherry seed to flower pot 3"),
        (
            "move cherry seed in seed jar to flower pot 3",
            QUESTION,
            "move cherry seed in seed jar to flower pot 3",
        ),
        (
            "pour cup containing orange juice into metal pot",
            "You pour the contents of the wood cup into the metal pot.",
            "pour cup containing orange juice into metal pot",
        ),
        (
            "focus on egg parrot",
            "You focus on the parrot egg.",
            "focus on egg parrot",
        ),  # name_as_shown's affair
        ("examine living thing", "a baby beaver", "examine living thing"),
        ("focus on elephant", "No known action matches that input.", "focus on elephant"),
        ("wait", "You decide to wait for 10 iterations.", "wait"),
    ],
)
def test_what_no_room_shows_is_named_by_the_reply(command: str, reply: str, expected: str) -> None:
    assert name_by_replies([make_step(command, reply)]) == [expected]


def test_a_name_that_was_told_once_is_kept() -> None:
    """The simulator calls a parrot egg so when it is focused on, and by its kind when it is moved."""
    steps = [
        make_step("focus on common parrot", "You focus on the parrot egg."),
        make_step("move common parrot to table", "You move the common parrot to the table."),
    ]
    assert name_by_replies(steps) == ["focus on parrot egg", "move parrot egg to table"]


def make_step(command: str, reply: str) -> Step:
    return Step(ROOM, INVENTORY, command, reply, 0.0, 0, False)
