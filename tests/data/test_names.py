"""Commands name things as the room shows them, and stay as they are where that could mean another thing."""

import pytest

from sgd_gym.data.names import name_as_shown

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
