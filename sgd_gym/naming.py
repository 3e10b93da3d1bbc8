"""How the things in sight can be named in a command; knows no simulator and no model.

The simulator takes "glass cup", "cup", "cup containing red paint" and "cup in kitchen" for one thing, and
asks back where a name fits several. What it is told here is what it can be told of what is seen.
"""

import re
from collections.abc import Iterator
from itertools import takewhile

from sgd_gym.sight import INVENTORY, Sight, Thing
from sgd_gym.spaces import COMMANDS, ROOMS

_MORE_FORMS = (
    *("drop {}", "examine {}", "pour {} in {}"),
    *("connect {} {pole} to {}", "connect {} to {} {pole}", "connect {} {pole} to {} {pole}"),
    *("disconnect {} {pole}", "disconnect {} {pole} from {} {pole}"),
)
FORMS = tuple(sorted({*COMMANDS, "go to {door}", *_MORE_FORMS} - {"go to {place}"}))
"""Forms of commands: of things in sight ("{}"), their poles, all rooms ("{place}") and those next door."""

POLES = ("anode", "cathode", "terminal 1", "terminal 2")

_STAGE = re.compile(r" in the (?P<stage>[\w ]+) stage.*")


def names_in_sight(sight: Sight) -> list[str]:
    """Return all names of what is in sight, each once."""
    things = dict.fromkeys(
        name
        for number, thing in enumerate(sight.things)
        for name in _names(thing, _inside(sight, number), sight.room)
    )
    doors = dict.fromkeys(
        name for door in sight.doors for name in (f"door to {door.name}", f"{door.name} door", "door")
    )
    return [*things, *doors]


def fields_in_sight(sight: Sight) -> dict[str, list[str]]:
    """Return what may stand in each field of the forms."""
    return {
        "": names_in_sight(sight),
        "pole": list(POLES),
        "place": [room for room in ROOMS if room != sight.room],
        "door": [door.name for door in sight.doors],
    }


def _inside(sight: Sight, number: int) -> list[str]:
    """Return what is directly in a thing, which follows it: another one may have the same name."""
    thing = sight.things[number]
    own = (*thing.within, thing.name)
    following = takewhile(lambda one: one.within[: len(own)] == own, sight.things[number + 1 :])
    return [one.name for one in following if one.within == own]


def _names(thing: Thing, inside: list[str], room: str) -> Iterator[str]:
    """Yield the names of one thing: what it is, and with what is in it and what it is in."""
    holder = thing.holder or room
    for name in _short_names(thing.name):
        full = f"{name} containing {' and '.join(inside) or 'nothing'}"
        yield name
        yield full
        for place in (INVENTORY,) if holder == INVENTORY else _short_names(holder):
            yield f"{name} in {place}"
            if inside:
                yield f"{full} in {place}"


def _short_names(name: str) -> Iterator[str]:
    """Yield a name, without its stage of life or title, and without what comes before the noun."""
    yield name
    if stage := _STAGE.search(name):
        yield f"{stage['stage']} {name[: stage.start()]}"
    words = _STAGE.sub("", name.partition(" titled ")[0]).split()
    for first in range(len(words)):
        yield " ".join(words[first:])
