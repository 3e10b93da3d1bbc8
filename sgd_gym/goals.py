"""Goals: sub-goals whose achievement is seen in the text.

*Achieved* is what the detector says holds now: lasting facts as the room and the inventory show them (the pot
stands on the stove, which is on), and what the last command did as its reply tells (a recipe was read). The
detector sees what an agent sees, no state of the simulator.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

from sgd_gym.errors import SubgoalError
from sgd_gym.sight import INVENTORY, Sight, read_sight
from sgd_gym.spaces import ROOMS, THINGS, WellFormedText
from sgd_gym.subgoals.grammar import PREDICATES, Subgoal, parse
from sgd_gym.subgoals.rules import COOLERS, HEATERS, short_name

SEPARATOR = "; "
"""Between the sub-goals of an achieved goal."""

ON_STATES = {"turned on", "activated", "on"}
"""How the simulator tells that a device is on."""
_STAGE = re.compile(r" (?:in the \w+ stage|with a \w+ height).*")
_MATTER = re.compile(r"\A(?:solid|liquid|gaseous) ")
_MOVED = re.compile(r"(?:\(disconnecting .+\))?You move the (?P<a>.+) to the (?P<b>.+)\.\Z")
_REPLIES = tuple(
    (re.compile(pattern), predicate)
    for pattern, predicate in (
        (r"You focus on the (?P<a>.+)\.\Z", "focus_on"),
        (r"The (?P<a>.+) is now open\.\Z", "open"),
        (r"The (?P<a>.+) is now closed\.\Z", "close"),
        (r"The (?P<a>.+) is now activated\.\Z", "activate"),
        (r"The (?P<a>.+) is now deactivated\.\Z", "deactivate"),
        (r"You pour the contents of the .+ into the (?P<a>.+)\.\Z", "water"),
    )
)
_COMMANDS = tuple(
    (re.compile(command), re.compile(reply, re.DOTALL), predicate)
    for command, reply, predicate in (
        (r"focus on (?P<a>.+)", r"You focus on", "focus_on"),
        (r"pick up (?P<a>.+)", r".*You move .+ to the inventory", "pick_up"),
        (r"(?:drop|put down) (?P<a>.+)", r".*You move", "put_down"),
        (r"move (?P<a>.+) to (?P<b>.+)", r".*You move", "place"),
        (r"open (?P<a>.+)", r"The .+ is now open", "open"),
        (r"activate (?P<a>.+)", r"The .+ is now activated", "activate"),
        (r"deactivate (?P<a>.+)", r"The .+ is now deactivated", "deactivate"),
        (
            r"use thermometer(?: in inventory)? on (?P<a>.+)",
            r"the thermometer measures",
            "measure_temperature",
        ),
        (r"use (?P<a>.+) on (?P<b>.+)", r"You ", "use"),
        (r"read (?P<a>.+)", r"The .+ reads", "read"),
        (r"eat (?P<a>.+)", r"You eat|The .+ was eaten", "eat"),
        (r"mix (?P<a>.+)", r".+ mix to produce", "mix"),
        (r"(?:look at|examine) (?P<a>inclined plane.*)", r".*(?:down|of) the plane", "measure_time"),
        (r"(?:examine|look at|look in|look on) (?P<a>.+)", r"(?!No known|Ambiguous|You )", "examine"),
        (r"look(?: around)?", r"This ", "look_around"),
        (r"wait\d*", r"You decide to wait", "wait"),
    )
)
"""Commands, and replies that tell that they were done; many do not name what they were done to."""
_CONNECTED = re.compile(r"(?P<pole>[\w ]+?) on (?P<a>.+) is now connected to (?P<to>[\w ]+?) on (?P<b>.+)\Z")
_PRODUCED = re.compile(r"(?P<reagents>.+) mix to produce (?P<product>.+)\.\Z")
_WIRE = re.compile(r".* wire\Z")


class GoalText(WellFormedText):
    """Goals as text: sub-goals in functional form."""

    def draw(self) -> str:
        """Return a sub-goal."""
        predicate = self.choose(tuple(PREDICATES))
        arguments = [self.choose(ROOMS if role == "room" else THINGS) for role in PREDICATES[predicate]]
        return str(Subgoal(predicate, tuple(arguments)))


class View(NamedTuple):
    """What an agent saw last."""

    command: str
    reply: str
    look: str
    inventory: str


class Detector:
    """Says which sub-goals hold, view by view of an episode; remembers wires and what was looked at."""

    def __init__(self) -> None:
        """Begin an episode."""
        self._wires: dict[tuple[str, str], tuple[str, str]] = {}
        """(thing, pole) to (thing, pole), both ways."""
        self._looked_at: set[str] = set()

    def update(self, view: View) -> frozenset[Subgoal]:
        """Return all sub-goals that hold after a command."""
        sight = read_sight(view.look, view.inventory)
        found = set(_make([*_facts(sight), *_events(view, sight), *self._circuits(view)]))
        return frozenset(found | set(_make(self._watched(found))))

    def _circuits(self, view: View) -> Iterator[tuple[str, ...]]:
        """Yield the pairs of devices whose poles are all wired, and which wires join."""
        if moved := _MOVED.match(view.reply):
            for end in [end for end in self._wires if end[0] == moved["a"]]:
                self._take_off(end)
        if joined := _CONNECTED.match(view.reply):
            one, two = (joined["a"], joined["pole"]), (joined["b"], joined["to"])
            for end in (one, two):
                self._take_off(end)
            self._wires[one], self._wires[two] = two, one
        names = [name for name, _ in self._wires]
        devices = sorted({name for name in names if names.count(name) > 1 and not _WIRE.match(name)})
        for device, other in permutations(devices, 2):
            if other in self._reach(device):
                yield "connect", device, other

    def _take_off(self, end: tuple[str, str]) -> None:
        # Both ends of a wire may be of one thing, and may even be the same pole.
        for one in {end, self._wires.get(end, end)}:
            self._wires.pop(one, None)

    def _reach(self, name: str) -> set[str]:
        reached, new = set(), {name}
        while new:
            reached |= new
            new = {other for (one, _), (other, _) in self._wires.items() if one in new} - reached
        return reached

    def _watched(self, found: Iterable[Subgoal]) -> Iterator[tuple[str, ...]]:
        """Yield what is looked at or measured, and was before; a substance may have changed meanwhile."""
        for subgoal in list(found):
            if subgoal.predicate in ("examine", "measure_temperature"):
                core = _MATTER.sub("", subgoal.arguments[0].lower())
                if core in self._looked_at:
                    yield "monitor", subgoal.arguments[0]
                self._looked_at.add(core)


def _facts(sight: Sight) -> Iterator[tuple[str, ...]]:
    """Yield what the room and the inventory show."""
    if sight.room:
        yield "navigate_to", sight.room
    states = {thing.name: thing.states for thing in sight.things}
    for thing in sight.things:
        if thing.within == (INVENTORY,):
            yield "pick_up", thing.name
        elif thing.within:
            yield "place", thing.name, thing.holder
            yield "pour", thing.name, thing.holder
        if thing.name == "water" and thing.holder:
            yield "fill", thing.holder, "sink"
        for device in thing.within:
            if device in HEATERS and ON_STATES & set(states.get(device, ())):
                yield "heat", thing.name, device
            if device in COOLERS:
                yield "cool", thing.name, device
        if ON_STATES & set(thing.states):
            yield "activate", thing.name
        if "open" in thing.states:
            yield "open", thing.name
    if sight.doors:
        if all("closed" in door.states for door in sight.doors):
            yield "close", "doors"
        if all("open" in door.states for door in sight.doors):
            yield "open", "doors"


def _events(view: View, sight: Sight) -> Iterator[tuple[str, ...]]:
    """Yield what the last command did."""
    if moved := _MOVED.match(view.reply):
        if moved["b"] == INVENTORY:
            yield "pick_up", moved["a"]
        elif moved["b"] == sight.room:
            yield "put_down", moved["a"]
        else:
            yield "place", moved["a"], moved["b"]
    for pattern, predicate in _REPLIES:
        if done := pattern.match(view.reply):
            yield predicate, "doors" if done["a"] == "door" else done["a"]
    for command, reply, predicate in _COMMANDS:
        done = command.fullmatch(view.command)
        if done and reply.match(view.reply):
            yield predicate, *(short_name(name) for name in done.groups())
            if predicate == "mix":
                yield from _mixed(done["a"], view.reply)


def _mixed(container: str, reply: str) -> Iterator[tuple[str, ...]]:
    """Yield what was mixed: "Yellow and red paint mix to produce orange paint."."""
    produced = _PRODUCED.match(reply)
    if produced:
        reagents = re.split(r", and |, | and ", produced["reagents"].lower())
        if reagents[-1].endswith(" paint"):
            reagents = [reagent.removesuffix(" paint") + " paint" for reagent in reagents]
        for reagent in reagents:
            yield "mix_in", reagent, short_name(container)
        for one, two in permutations(reagents, 2):
            yield "combine", one, two


def _make(found: Iterable[tuple[str, ...]]) -> Iterator[Subgoal]:
    for predicate, *arguments in found:
        try:
            yield Subgoal(predicate, tuple(arguments))
        except SubgoalError:
            continue  # a name with brackets, which no sub-goal has


def satisfies(achieved: Subgoal, desired: Subgoal) -> bool:
    """Return whether one sub-goal is what was desired; a name may have fewer words than what is shown."""
    return achieved.predicate == desired.predicate and all(
        is_named(*pair) for pair in zip(achieved.arguments, desired.arguments, strict=True)
    )


@lru_cache(maxsize=1 << 16)
def is_named(shown: str, name: str) -> bool:
    """Return whether a name means a shown thing: "cup" means "tin cup", "orange" no "orange box"."""
    shown, name = shown.lower(), name.lower()
    if shown == name or shown.startswith(f"{name} titled "):
        return True
    words, told = without_stage(shown).split(), name.split()
    same_kind = bool(told) and words[-1:] == told[-1:]
    return set(told) == set(words) or (same_kind and set(told) <= set(words))


def without_stage(name: str) -> str:
    """Return the name of a plant or animal without its stage and traits."""
    return _STAGE.sub("", name)


def format_achieved(subgoals: Iterable[Subgoal]) -> str:
    """Write what holds as one text, in the order of the alphabet."""
    return SEPARATOR.join(sorted(map(str, subgoals)))


def is_achieved(achieved: str, desired: str) -> bool:
    """Return whether a text of `format_achieved` holds a desired goal.

    Raises:
        SubgoalError: If the desired goal is no sub-goal.
    """
    goal = parse(desired)
    return any(satisfies(parse(one), goal) for one in achieved.split(SEPARATOR) if one)
