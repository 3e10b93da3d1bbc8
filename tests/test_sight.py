"""What the rooms of the simulator say is read whole, to any depth."""

import pytest

from sgd_gym.sight import Sight, Thing, read_sight

LOOK = """This room is called the kitchen. In it, you see:
\tthe agent
\ta substance called air
\ta bed. On the bed is: a mattress. On the mattress is: a white pillow..
\ta bookshelf (containing a book (Moby Dick) titled Moby Dick by Herman Melville)
\ta counter. On the counter is: a bowl (containing a red apple, a banana), a drawer.
\ta flower pot 1 (containing soil, a pea plant in the adult stage. On the pea plant you see: a  pea seed. )
\ta freezer. The freezer door is closed.
\ta fridge. The fridge door is open. In the fridge is: nothing.
\tan inclined plane A, with:  a steel block approximately 8% down the plane
\ta stopwatch, which is activated. The time reads 5 ticks.
\ta stove, which is turned on. On the stove is: a metal pot (containing a substance called liquid tin).
\ta table. On the table is: a battery, a blue light bulb, which is off, a black wire.
\tunknown substance B
You also see:
\tA door to the hallway (that is open)
\tA door to the outside (that is closed)"""
INVENTORY = """In your inventory, you see:
\tan orange
\ta seed jar (containing a cherry seed)
\ta thermometer, currently reading a temperature of -10 degrees celsius"""


@pytest.fixture(scope="module")
def sight() -> Sight:
    return read_sight(LOOK, INVENTORY)


def test_room_and_doors(sight: Sight) -> None:
    assert sight.room == "kitchen"
    assert sight.doors == (Thing("hallway", states=("open",)), Thing("outside", states=("closed",)))


@pytest.mark.parametrize(
    "thing",
    [
        Thing("air"),
        Thing("bed"),
        Thing("mattress", ("bed",)),
        Thing("white pillow", ("bed", "mattress")),
        Thing("book", ("bookshelf",)),
        Thing("red apple", ("counter", "bowl")),
        Thing("drawer", ("counter",)),
        Thing("soil", ("flower pot 1",)),
        Thing("pea plant in the adult stage", ("flower pot 1",)),
        Thing("pea seed", ("flower pot 1", "pea plant in the adult stage")),
        Thing("freezer", states=("closed",)),
        Thing("fridge", states=("open",)),
        Thing("inclined plane A"),
        Thing("steel block", ("inclined plane A",), ("approximately 8% down the plane",)),
        Thing("stopwatch", states=("activated", "5 ticks")),
        Thing("stove", states=("turned on",)),
        Thing("metal pot", ("stove",)),
        Thing("liquid tin", ("stove", "metal pot")),
        Thing("battery", ("table",)),
        Thing("blue light bulb", ("table",), ("off",)),
        Thing("black wire", ("table",)),
        Thing("unknown substance B"),
        Thing("orange", ("inventory",)),
        Thing("cherry seed", ("inventory", "seed jar")),
        Thing("thermometer", ("inventory",), ("-10 degrees celsius",)),
    ],
    ids=lambda thing: thing.name,
)
def test_things(sight: Sight, thing: Thing) -> None:
    assert thing in sight.things


def test_nothing_else_is_seen(sight: Sight) -> None:
    assert len(sight.things) == 32
    assert not {"nothing", "agent"} & {thing.name for thing in sight.things}


@pytest.mark.parametrize(
    "text", ["", "No known action matches that input.", "\t", "\t((,.", "a\n\tb (containing"]
)
def test_other_texts_are_read_without_error(text: str) -> None:
    assert read_sight(text, text).room == ""
