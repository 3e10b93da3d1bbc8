"""One script for each predicate: a generator of commands, which reads the memory anew after each of them.

A script ends when it has nothing more to do; whether the sub-goal was achieved is for `sgd_gym.goals` to say.
"""

import re
from collections.abc import Callable, Generator

from sgd_gym.agents.scripted.memory import Memory, is_carried
from sgd_gym.goals import without_stage
from sgd_gym.sight import INVENTORY, Thing
from sgd_gym.spaces import QUESTION
from sgd_gym.subgoals.grammar import Subgoal
from sgd_gym.subgoals.rules import COOLERS

Script = Generator[str, None, None]

WATCHES = 12
"""How often a substance is looked at before a script gives up on a change."""

_LAMPS = ("light bulb", "electric motor", "buzzer", "motor")


def run(subgoal: Subgoal, memory: Memory) -> Script:
    """Yield the commands of a sub-goal, one by one; `memory` must have read the reply before the next."""
    yield from _SCRIPTS[subgoal.predicate](memory, *subgoal.arguments)


def _do(memory: Memory, command: str) -> Script:
    """Yield a command, and the first answer if the simulator asks which thing is meant."""
    yield command
    if memory.reply.startswith(QUESTION):
        yield "0"


def _go(memory: Memory, room: str) -> Script:
    if memory.sight.room != room:
        yield f"teleport to {room}"


def _search(memory: Memory, name: str) -> Script:
    """Bring a thing into sight: where it is known to be, in closed containers here, in other rooms.

    Nothing is tried twice.
    """
    tried: set[str] = set()
    while memory.find(name) is None:
        known = [f"teleport to {room}" for room in memory.known_rooms(name)]
        closed = [f"open {one}" for one in memory.closed()]
        rooms = [f"teleport to {room}" for room in memory.other_rooms()]
        # The same container may stand in several rooms.
        places = {command: f"{memory.sight.room}: {command}" for command in closed}
        untried = [one for one in [*known, *closed, *rooms] if places.get(one, one) not in tried]
        if not untried:
            return
        tried.add(places.get(untried[0], untried[0]))
        yield from _do(memory, untried[0])


def _refer(memory: Memory, thing: Thing | None, name: str) -> str:
    """Return what to call a thing, so that no other is meant."""
    if thing is None:
        return name
    called = without_stage(thing.name)
    if memory.count(thing.name) > 1 and thing.holder:
        return f"{called} in {without_stage(thing.holder)}"
    return called


def _pick_up(memory: Memory, name: str) -> Script:
    yield from _search(memory, name)
    if memory.carried(name) is None:
        yield from _do(memory, f"pick up {_refer(memory, memory.find(name), name)}")


def _put_down(memory: Memory, name: str) -> Script:
    yield from _do(memory, f"drop {_refer(memory, memory.carried(name), name)}")


def _place(memory: Memory, name: str, container: str) -> Script:
    yield from _search(memory, name)
    thing = memory.find(name)
    if memory.find(container) is None and not (thing and is_carried(thing)):
        holder = thing.holder if thing else ""
        yield from _do(memory, f"pick up {_refer(memory, thing, name)}")
        if memory.carried(name) is None and holder:  # a liquid comes in what it is in
            yield from _do(memory, f"pick up {holder}")
    yield from _search(memory, container)
    yield from _do(memory, f"move {_refer(memory, memory.find(name), name)} to {container}")


def _focus_on(memory: Memory, name: str) -> Script:
    yield from _search(memory, name)
    yield from _do(memory, f"focus on {_refer(memory, memory.find(name), name)}")


def _simply(verb: str) -> Callable[[Memory, str], Script]:
    """Return the script of a command that is all there is to do, once the thing is in sight."""

    def script(memory: Memory, name: str) -> Script:
        if name == "doors":
            for door in memory.sight.doors:
                yield f"{verb} door to {door.name}"
        else:
            yield from _search(memory, name)
            yield from _do(memory, f"{verb} {name}")

    return script


_mix = _simply("mix")


def _fill(memory: Memory, container: str, source: str) -> Script:
    if memory.carried(container) is None:
        yield from _pick_up(memory, container)
    yield from _search(memory, source)
    yield from _do(memory, f"move {container} to {source}")
    yield f"activate {source}"
    yield f"deactivate {source}"
    yield from _do(memory, f"pick up {container}")


def _water(memory: Memory, pot: str) -> Script:
    jug = "jug"
    yield from _search(memory, jug)
    sink = memory.find("sink")
    if sink:
        yield from _do(memory, f"move {jug} to sink")
        yield "activate sink"
        yield "deactivate sink"
    pots = [one.name for one in memory.sight.things if one.name.startswith("flower pot")]
    for name in pots if pot == "flower pots" else [pot]:
        yield from _do(memory, f"pour {jug} into {name}")


def _pour(memory: Memory, substance: str, container: str) -> Script:
    yield from _search(memory, substance)
    thing = memory.find(substance)
    source = thing.holder if thing and thing.holder not in ("", INVENTORY) else substance
    if memory.count(source) > 1:
        source = f"{source.split()[-1]} containing {thing.name if thing else substance}"
    yield from _do(memory, f"pour {source} into {container}")


def _mix_in(memory: Memory, substance: str, container: str) -> Script:
    yield from _pour(memory, substance, container)
    yield from _mix(memory, container)


def _combine(memory: Memory, one: str, other: str) -> Script:
    yield from _search(memory, one)
    full = {thing.holder for thing in memory.sight.things}
    empty = [name for name in ("bowl", "jug", "glass cup") if memory.count(name) == 1 and name not in full]
    if empty:
        yield from _pour(memory, one, empty[0])
        yield from _mix_in(memory, other, empty[0])
        return
    second = memory.find(other)
    if second and second.holder not in ("", INVENTORY):
        yield from _pour(memory, one, f"{second.holder.split()[-1]} containing {second.name}")
        yield from _do(memory, f"mix {second.holder}")


def _carry_into(memory: Memory, name: str, device: str) -> Script:
    """Bring a thing, or the container of a substance, into or onto a device."""
    yield from _search(memory, name)
    thing = memory.find(name)
    moved = name
    if thing and thing.holder not in ("", INVENTORY) and memory.carried(name) is None:
        pot = memory.find(thing.holder)
        if (
            pot
            and pot.name not in COOLERS
            and (pot.within or pot.name.endswith(("pot", "cup", "jar", "jug")))
        ):
            moved = pot.name
    if memory.carried(moved) is None:
        yield from _do(memory, f"pick up {_refer(memory, memory.find(moved), moved)}")
    yield from _search(memory, device)
    found = memory.find(device)
    if found and "closed" in found.states:
        yield from _do(memory, f"open {device}")
    yield from _do(memory, f"move {moved} to {device}")


def _heat(memory: Memory, name: str, device: str) -> Script:
    yield from _carry_into(memory, name, device)
    yield f"activate {device}"


def _measure_temperature(memory: Memory, name: str) -> Script:
    if memory.carried("thermometer") is None:
        yield from _pick_up(memory, "thermometer")
    yield from _search(memory, name)
    yield from _do(memory, f"use thermometer on {_refer(memory, memory.find(name), name)}")


def _monitor(memory: Memory, name: str) -> Script:
    yield from _search(memory, name)
    core = re.sub(r"\A(?:solid|liquid|gaseous) ", "", name)
    for _ in range(WATCHES):
        thing = memory.find(name) or memory.find(core)
        if thing is None:
            return
        called = _refer(memory, thing, name)
        yield from _do(memory, f"examine {called}")
        if memory.carried("thermometer"):
            yield from _do(memory, f"use thermometer on {called}")
        yield "wait"


def _measure_time(memory: Memory, plane: str) -> Script:
    yield from _search(memory, plane)
    blocks = [one.name for one in memory.sight.things if one.name.endswith(("block", "brick"))]
    if blocks:
        yield from _do(memory, f"move {blocks[0]} to {plane}")
    yield "wait"
    yield from _do(memory, f"look at {plane}")


def _connect(memory: Memory, source: str, device: str) -> Script:
    yield from _search(memory, source)
    wires = [one.name for one in memory.sight.things if one.name.endswith(" wire")]
    lamps = [one.name for one in memory.sight.things if one.name.endswith(_LAMPS)]
    if device.endswith(_LAMPS) and len(wires) > 1:
        yield f"connect {source} anode to {wires[0]} terminal 1"
        yield f"connect {source} cathode to {wires[1]} terminal 1"
        yield f"connect {wires[0]} terminal 2 to {device} cathode"
        yield f"connect {wires[1]} terminal 2 to {device} anode"
    elif len(wires) > 2 and lamps:
        yield f"connect {source} anode to {wires[0]} terminal 1"
        yield f"connect {source} cathode to {wires[1]} terminal 1"
        yield f"connect {wires[0]} terminal 2 to {lamps[0]} cathode"
        yield f"connect {wires[2]} terminal 2 to {lamps[0]} anode"
        yield f"connect {device} terminal 1 to {wires[1]} terminal 2"
        yield f"connect {device} terminal 2 to {wires[2]} terminal 1"
    yield "wait1"


def _examine(memory: Memory, name: str) -> Script:
    yield from _search(memory, name)
    yield from _do(memory, f"examine {_refer(memory, memory.find(name), name)}")


def _read(memory: Memory, name: str) -> Script:
    yield from _pick_up(memory, name)
    yield from _do(memory, f"read {name}")


def _use(memory: Memory, tool: str, name: str) -> Script:
    if memory.carried(tool) is None:
        yield from _pick_up(memory, tool)
    yield from _search(memory, name)
    yield from _do(memory, f"use {tool} on {name}")


def _look_around(memory: Memory) -> Script:
    yield "look around"


def _wait(memory: Memory) -> Script:
    yield "wait"


_SCRIPTS: dict[str, Callable[..., Script]] = {
    "navigate_to": _go,
    "pick_up": _pick_up,
    "put_down": _put_down,
    "place": _place,
    "focus_on": _focus_on,
    "open": _simply("open"),
    "close": _simply("close"),
    "activate": _simply("activate"),
    "deactivate": _simply("deactivate"),
    "fill": _fill,
    "water": _water,
    "pour": _pour,
    "mix": _mix,
    "mix_in": _mix_in,
    "combine": _combine,
    "heat": _heat,
    "cool": _carry_into,
    "measure_temperature": _measure_temperature,
    "monitor": _monitor,
    "measure_time": _measure_time,
    "connect": _connect,
    "examine": _examine,
    "read": _read,
    "eat": _simply("eat"),
    "use": _use,
    "look_around": _look_around,
    "wait": _wait,
}
"""A script for every predicate of the grammar."""
