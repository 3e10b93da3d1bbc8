"""Rules that divide a path of commands into sub-goals; knows the commands' wording, no simulator.

Each command is read as an event, such as `move metal pot to stove` as ("move", "metal pot", "stove").
Events that serve one purpose are then gathered: a walk over several doors becomes `navigate_to(room)`, a
run of thermometer readings `monitor(substance)`. Law: every command lies in exactly one sub-goal, and the
commands of the sub-goals, one after the other, are the path.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sgd_gym.subgoals.grammar import Subgoal
from sgd_gym.subgoals.purposes import join_purposes

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("door", r"(?:open|close) (?:door to (?P<a>.+)|(?P<b>.+) door)"),
    ("go", r"(?:go to|teleport to|go) (?P<a>.+)"),
    ("look", r"look(?: around)?"),
    ("wait", r"wait\d*"),
    ("choose", r"\d+"),
    ("pick_up", r"pick up (?P<a>.+)"),
    ("put_down", r"(?:drop|put down) (?P<a>.+)"),
    ("focus_on", r"focus on (?P<a>.+)"),
    ("move", r"move (?P<a>.+) to (?P<b>.+)"),
    ("pour", r"(?:pour|dunk) (?P<a>.+?) (?:into|in) (?P<b>(?!inventory|art studio).+)"),
    ("connect", r"connect (?P<a>.+) to (?P<b>.+)"),
    ("connect", r"disconnect (?P<a>.+)"),
    ("mix", r"mix (?P<a>.+)"),
    ("activate", r"activate (?P<a>.+)"),
    ("deactivate", r"deactivate (?P<a>.+)"),
    ("open", r"open (?P<a>.+)"),
    ("close", r"close (?P<a>.+)"),
    ("read", r"read (?P<a>.+)"),
    ("eat", r"eat (?P<a>.+)"),
    ("thermometer", r"use thermometer(?: in inventory)? on (?P<a>.+)"),
    ("use", r"use (?P<a>.+?) on (?P<b>.+)"),
    ("examine", r"(?:examine|look at|look in|look on) (?P<a>.+)"),
)

HEATERS = ("stove", "oven", "blast furnace", "hot plate", "fire pit")
COOLERS = ("freezer", "fridge", "ultra low temperature freezer")
_LONG_WAIT = 3  # waits in a row from which waiting is a purpose of its own, not a look at an effect


@dataclass(frozen=True)
class _Event:
    kind: str
    a: str = ""
    b: str = ""


def annotate(commands: Sequence[str], seen: Sequence[str] = ()) -> list[Subgoal]:
    """Return the sub-goal of each command; equal neighbours that are one sub-goal are the same object.

    Args:
        commands: A path, as the simulator's oracle plays it.
        seen: The text that comes into view before each command, see `Episode.seen`; nothing if not given.

    Raises:
        ValueError: If a command has a form that no rule knows.
    """
    events = [_read(command) for command in commands]
    spans: list[tuple[int, Subgoal]] = []  # (end, sub-goal)
    start = 0
    while start < len(events):
        end, subgoal = _next_span(events, start)
        # What only looks, waits shortly or answers a question belongs to what it follows.
        while end < len(events) and events[end].kind in ("look", "choose"):
            end += 1
        waits = _run(events, end, ("wait", "look"))
        if (waits < len(events) and _count(events, end, waits, "wait") < _LONG_WAIT) or waits == len(events):
            end = waits
        spans.append((end, subgoal))
        start = end
    subgoals: list[Subgoal] = []
    for end, subgoal in join_purposes(spans, seen):
        subgoals += [subgoal] * (end - len(subgoals))
    return subgoals


def option_indices(subgoals: Sequence[Subgoal]) -> list[int]:
    """Number the sub-goals of a path from 0; a new object starts a new option, even if it is equal."""
    indices: list[int] = []
    for step, subgoal in enumerate(subgoals):
        if step == 0:
            indices.append(0)
        else:
            indices.append(indices[-1] + (subgoal is not subgoals[step - 1]))
    return indices


def _read(command: str) -> _Event:
    for kind, pattern in _PATTERNS:
        match = re.fullmatch(pattern, command.strip())
        if match:
            names = {"a": "", "b": "", **match.groupdict(default="")}
            if kind == "door":
                return _Event(kind, names["a"] or names["b"], command.split()[0])
            return _Event(kind, names["a"], names["b"])
    raise ValueError(
        f"No rule reads the command {command!r}. Fix: add its form to sgd_gym/subgoals/rules.py."
    )


def _next_span(events: list[_Event], start: int) -> tuple[int, Subgoal]:
    """Return the end (exclusive) and the sub-goal of the span that begins at `start`."""
    event = events[start]
    end = start + 1
    a, b = short_name(event.a), short_name(event.b)
    match event.kind:
        case "door" | "go":
            end = _run(events, start, ("door", "go", "look"))
            rooms = [e.a for e in events[start:end] if e.kind == "go"]
            if rooms:
                return end, Subgoal("navigate_to", (rooms[-1],))
            return end, Subgoal("close" if event.b == "close" else "open", ("doors",))
        case "look":
            end = _run(events, start, ("look",))
            return end, Subgoal("look_around")
        case "wait" | "choose":
            return _run(events, start, ("wait", "look", "choose")), Subgoal("wait")
        case "open":
            # A container is opened for the sake of what is then found in it, taken out or put into it.
            ahead = _run(events, end, ("look",))
            if ahead < len(events) and events[ahead].kind in ("open", "pick_up", "move", "focus_on"):
                return _next_span(events, ahead)
            return end, Subgoal("open", (a,))
        case "move" if b == "sink":
            return _sink_span(events, start)
        case "activate" if a == "sink":
            return _sink_span(events, start)
        case "move" if b.startswith("inclined plane"):
            while end < len(events) and events[end].kind in ("activate", "examine", "deactivate", "wait"):
                end += 1
            return end, Subgoal("measure_time", (b,))
        case "move":
            if b in HEATERS:
                if end < len(events) and events[end] == _Event("activate", event.b):
                    end += 1
                return end, Subgoal("heat", (a, b))
            return end, Subgoal("cool" if b in COOLERS else "place", (a, b))
        case "pour":
            return end, Subgoal("pour", (_content(event.a), b))
        case "connect":
            end = _run(events, start, ("connect",))
            devices = [_device(name) for e in events[start:end] for name in (e.a, e.b) if name]
            devices = [name for name in devices if not name.endswith("wire")] or devices
            return end, Subgoal("connect", (devices[0], devices[-1]))
        case "thermometer" | "examine":
            end = _run(events, start, ("thermometer", "examine", "look", "wait"))
            readings = [e for e in events[start:end] if e.kind == "thermometer"]
            if not readings:
                same = start
                while same < len(events) and events[same] == event:
                    same += 1
                return same, Subgoal("examine", (a,))
            # The name can change while the substance melts or boils; the first one is known beforehand.
            name = short_name(readings[0].a)
            return end, Subgoal("monitor" if len(readings) > 1 else "measure_temperature", (name,))
        case "use":
            return end, Subgoal("use", (a, b))
        case kind:
            return end, Subgoal(kind, (a,))


def _sink_span(events: list[_Event], start: int) -> tuple[int, Subgoal]:
    """Read a visit to the sink: filling a container, or watering pots with a jug."""
    end = start
    filled, watered = "", ""
    while end < len(events):
        event = events[end]
        if event.kind == "move" and event.b == "sink":
            filled = short_name(event.a)
        elif event.kind == "pour" and event.b.startswith("flower pot"):
            watered = "flower pots" if watered else short_name(event.b)
        elif not (event.kind in ("activate", "deactivate") and event.a == "sink"):
            break
        end += 1
    if end < len(events) and events[end].kind == "pick_up" and filled == short_name(events[end].a):
        end += 1
    if watered:
        return end, Subgoal("water", (watered,))
    if filled:
        return end, Subgoal("fill", (filled, "sink"))
    return end, Subgoal(events[start].kind, ("sink",))


def _run(events: list[_Event], start: int, kinds: tuple[str, ...]) -> int:
    """Return where the run of events of these kinds that begins at `start` ends (exclusive)."""
    end = start
    while end < len(events) and events[end].kind in kinds:
        end += 1
    return end


def _count(events: list[_Event], start: int, end: int, kind: str) -> int:
    return sum(event.kind == kind for event in events[start:end])


def short_name(text: str) -> str:
    """Shorten a referent to the object's name: no place, no content, no brackets or commas.

    The stage of a plant stays, for tasks ask for one after the other.
    """
    text = re.sub(r" containing .*", "", text)
    text = re.sub(r" (?:in|on) (?!the \w+ stage\b).*", "", text)
    return re.sub(r"[(),]", "", text).strip()


def _content(text: str) -> str:
    """Name what is poured: the content if the referent tells it, else the container."""
    match = re.search(r" containing (.+)", text)
    return short_name(match.group(1) if match else text)


def _device(text: str) -> str:
    """Name the device that a terminal belongs to: "battery anode" and "cathode in lamp" are on two."""
    text = re.sub(r" (?:anode|cathode|terminal \d)\Z", "", text)
    return short_name(re.sub(r"\A(?:anode|cathode|terminal \d) (?:in|on) ", "", text))
