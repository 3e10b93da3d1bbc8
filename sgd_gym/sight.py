"""What an agent sees, as things: reads the text of a room and of the inventory; knows no simulator.

A room is a list of things, each with a state, an open or closed door and what is in or on it, to any depth:
`a stove, which is turned on. On the stove is: a metal pot (containing a substance called water).`
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

INVENTORY = "inventory"
"""Where things are that the agent carries."""

_ROOM = re.compile(r"This (?:room|outside location) is called the (?P<room>[^.\n]+)\.")
_NAME = re.compile(
    r"(?:(?:[Aa]n?|[Tt]he) +)?(?:substance called )?"
    r"(?P<name>\w.*?)(?: \([^()]*\) titled [^,()]*)?(?=, |\. | \(|\.*\)|\.*$|\.+,|its terminal)"
)
_STATE = re.compile(
    r", which is (?P<which>[\w ]+)"
    r"|, currently reading a temperature of (?P<reading>-?\d+ degrees celsius)"
    r"|\. The [^.:]*? door is (?P<door>open|closed)"
    r"|\. The time reads (?P<time>\d+ ticks)"
    r"| \(that (?:is )?(?P<that>[\w ]+)\)"
    r"|\.? ?(?P<pole>its [\w ]+ is connected to: [^.]*)"
)
_HOLDS = re.compile(
    r" \((?P<containing>containing )|\. (?:In|On) the [^.:]*? (?:is|you see): ?|, with: +",
)
_PARTLY = re.compile(r" approximately (?P<down>\d+)% down the plane| at the (?P<end>top|bottom) of the plane")
_NOTHING = re.compile(r"nothing")
_COMMA = re.compile(r"[.\s]*, ")
_END = re.compile(r"[.\s]*")


@dataclass(frozen=True)
class Thing:
    """Something in sight."""

    name: str
    """As the room shows it, without article: "metal pot", "liquid tin", "pea plant in the adult stage"."""
    within: tuple[str, ...] = ()
    """In or on what it is, from the outside in; "inventory" first if the agent carries it."""
    states: tuple[str, ...] = ()
    """Such as "turned on", "open", "10 degrees celsius"."""

    @property
    def holder(self) -> str:
        """Return what it is directly in or on: a thing, "inventory", or "" for the room itself."""
        return self.within[-1] if self.within else ""


@dataclass(frozen=True)
class Sight:
    """All that is in sight."""

    room: str
    """Name of the room."""
    things: tuple[Thing, ...]
    doors: tuple[Thing, ...]
    """Doors to other rooms, named by the room behind them, with the state "open" or "closed"."""


@lru_cache(maxsize=4096)
def read_sight(look: str, inventory: str) -> Sight:
    """Read the texts `look` and `inventory` of an observation.

    What the text does not tell is not there; text of another form gives no things and no room.
    """
    room = _ROOM.search(look)
    things: list[Thing] = []
    doors: list[Thing] = []
    for text, within in ((look, ()), (inventory, (INVENTORY,))):
        for line in text.split("\n"):
            if line.startswith("\t"):
                found = list(_read_items(line.strip(), within))
                if found and found[0].name.startswith("door to the "):
                    name = found[0].name.removeprefix("door to the ")
                    doors.append(Thing(name, states=found[0].states))
                else:
                    things += [thing for thing in found if thing.name != "agent"]
    return Sight(room["room"] if room else "", tuple(things), tuple(doors))


def _read_items(text: str, within: tuple[str, ...]) -> Iterator[Thing]:
    """Yield the things of one line."""
    reader = _Reader(text)
    reader.read_list(within)
    yield from reader.things


class _Reader:
    """Reads a list of things, things in them first to last."""

    def __init__(self, text: str):
        self.text, self.at = text, 0
        self.things: list[Thing] = []

    def read_list(self, within: tuple[str, ...]) -> None:
        while self.at < len(self.text):
            if not self._take(_NOTHING):
                before = self.at
                self._read_thing(within)
                if self.at == before:
                    return
            if not self._take(_COMMA):
                return

    def _read_thing(self, within: tuple[str, ...]) -> None:
        match = self._take(_NAME)
        if match is None:
            return
        number = len(self.things)
        name, states = " ".join(match["name"].split()), []
        if partly := _PARTLY.search(name):
            name, states = name[: partly.start()], [partly[0].strip()]
        self.things.append(Thing(name, within))
        while True:
            if state := self._take(_STATE):
                states.append(next(one for one in state.groups() if one))
            elif holds := self._take(_HOLDS):
                self.read_list((*within, name))
                self._take(_END)
                if holds["containing"] and self.text.startswith(")", self.at):
                    self.at += 1
            else:
                break
        self.things[number] = Thing(name, within, tuple(states))

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match is None or match.end() == self.at:
            return None
        self.at = match.end()
        return match
