"""Propose shorter forms of oracle paths by rules; knows commands and what they show, no simulator.

The oracle opens doors that are open, walks where it could teleport, waters pots that water themselves, and
looks and waits far longer than its next choice needs. A proposal is a plan: commands, and pauses that tell
what to wait for. `sgd_gym.data.replay` plays the plans, the boldest first, and keeps the first that still
solves the task and still shows what its choices depend on.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sgd_gym.data.names import name_by_replies
from sgd_gym.trajectories import Episode

TICKS_OF_WAIT = 10
"""Ticks of the world's clock that `wait` passes; any other command passes one."""

_DOOR = re.compile(r"open door to .+|open .+ door")
_GO = re.compile(r"(?:go|teleport) to (?P<room>.+)")
_LOOK = re.compile(r"look(?: around)?")
_WAIT = re.compile(r"wait1?")
_WATCH = re.compile(r"(?P<verb>examine|look at|use thermometer(?: in inventory)? on) (?P<target>.+)")
_STILL = re.compile(r"stopwatch|seed jar")
_MEASURING = re.compile(r"measure the (?:temperature|melting point)")
_SINK = re.compile(r"(?:de)?activate sink|move jug to sink")
_WATER = re.compile(r"pour jug (?:into|in) (?:self watering )?flower pot .+")
_SLIDE = re.compile(r"move .+ to inclined plane.*")
_ROOM = re.compile(r"(?:This room|This outside location) is called the (?P<room>[^.]+)\.")
_USELESS = (
    "No known action matches that input.",
    "Unknown action.",
    "You can't move something into itself.",
)
"""Replies to commands that did nothing."""


@dataclass(frozen=True)
class Reading:
    """A look at something that changes by itself, and what it showed."""

    command: str
    reply: str

    @property
    def kind(self) -> str:
        """Return the verb, such as "examine"."""
        match = _WATCH.fullmatch(self.command)
        return match["verb"].split()[0] if match else ""

    @property
    def target(self) -> str:
        """Return what is looked at."""
        match = _WATCH.fullmatch(self.command)
        return match["target"] if match else ""


@dataclass(frozen=True)
class Pause:
    """Looking and waiting, until there is to be seen what the oracle saw at its end."""

    ticks: int
    """How long the oracle looked and waited."""
    rounds: tuple[tuple[Reading, ...], ...] = ()
    """What it read, round by round."""
    awaited: tuple[tuple[str, int], ...] = ()
    """What came into view, with numbers, and concerns the next command or what was read."""


@dataclass(frozen=True)
class Proposal:
    """How bold a shortening is."""

    name: str
    step: int = TICKS_OF_WAIT
    """How many ticks pass between two looks at what is awaited: 10 or 1."""
    planes_at_once: bool = False
    """Compare inclined planes by how far a block slid in the same time, not by the stopwatch."""
    states_only: bool = False
    """Where no temperature is asked for, look at what is heated or cooled without measuring it."""
    keep_clock: bool = False
    """Replace each command that goes by a tick of waiting, and leave the oracle's own waiting as it is."""
    told_names: bool = True
    """Name things as the replies do where no room shows the oracle's name, see `sgd_gym.data.names`."""
    shown_names: bool = False
    """Name all things as the room shows them."""


PROPOSALS = (
    Proposal("until seen, names as shown", planes_at_once=True, states_only=True, shown_names=True),
    Proposal("until seen", planes_at_once=True, states_only=True),
    Proposal("tick by tick", step=1),
    Proposal("same clock", keep_clock=True, told_names=False),
)
"""From bold to careful; each costs one replay."""


@dataclass(frozen=True)
class _Item:
    kind: str
    """act, door, go, look, wait or watch."""
    command: str
    reply: str
    look: str
    """The room before the command."""

    @property
    def ticks(self) -> int:
        return TICKS_OF_WAIT if self.command == "wait" else 1

    @property
    def room(self) -> str:
        match = _ROOM.search(self.look)
        return match["room"] if match else ""


def propose(episode: Episode, proposal: Proposal) -> list[str | Pause]:
    """Return a plan of a shorter path: commands, and pauses.

    Args:
        episode: A path as the oracle played it, with all replies.
        proposal: How bold to be.
    """
    commands = name_by_replies(episode.steps) if proposal.told_names else episode.actions
    items = list(_without_watering(_items(episode, commands)))
    if proposal.planes_at_once:
        items = list(_slide_at_once(items))
    if proposal.states_only and not _MEASURING.search(episode.task_description):
        items = list(_without_temperatures(items))
    plan: list[str | Pause] = []
    start = 0
    while start < len(items):
        end = _end(items, start, "door", "go", "look")
        if any(item.kind in ("door", "go") for item in items[start:end]):
            walk = _walk(items[start:end])
            plan += walk
            if proposal.keep_clock:
                plan += ["wait1"] * (sum(item.ticks for item in items[start:end]) - len(walk))
        else:
            end = _end(items, start, "look", "wait", "watch")
            if end == start:
                plan.append(items[start].command)
                end += 1
            elif proposal.keep_clock:
                plan += ["wait1" if item.kind == "look" else item.command for item in items[start:end]]
            else:
                plan.append(_pause(items, start, end))
        start = end
    if not isinstance(plan[-1], Pause):
        plan.append(Pause(TICKS_OF_WAIT))  # the last command may need a moment to take effect
    return plan


def _items(episode: Episode, commands: Sequence[str]) -> Iterator[_Item]:
    """Yield the commands that did something."""
    before = ""
    for step, command in zip(episode.steps, commands, strict=True):
        again = command == before and command.startswith(("pick up", "open", "activate"))
        # What cannot be wired does not conduct: such an attempt tells something.
        useless = step.observation.startswith(_USELESS) and not command.startswith("connect ")
        if not useless and not again:
            yield _Item(_kind(command), command, step.observation, step.look)
        before = command


def _kind(command: str) -> str:
    kinds = {"door": _DOOR, "go": _GO, "look": _LOOK, "wait": _WAIT, "watch": _WATCH}
    for kind, pattern in kinds.items():
        if pattern.fullmatch(command):
            return "act" if kind == "watch" and _STILL.search(command) else kind
    return "act"


def _without_watering(items: Iterator[_Item]) -> Iterator[_Item]:
    """Turn visits to the sink for watering pots, which water themselves, into time that passes."""

    def at_sink(item: _Item) -> bool:
        return bool(_SINK.fullmatch(item.command) or _WATER.fullmatch(item.command))

    for visit, group in groupby(items, at_sink):
        run = list(group)
        if visit and any(_WATER.fullmatch(item.command) for item in run):
            run = [_Item("wait", "wait1", "", item.look) for item in run]
        yield from run


def _slide_at_once(items: Sequence[_Item]) -> Iterator[_Item]:
    """Let each block slide for one wait, then look how far it came: more friction, less far."""
    start = 0
    while start < len(items):
        item = items[start]
        end = start + 1
        while end < len(items) and (items[end].kind == "watch" or "stopwatch" in items[end].command):
            end += 1
        looks = [one for one in items[start:end] if one.kind == "watch"]
        if _SLIDE.fullmatch(item.command) and looks:
            yield item
            yield _Item("act", "wait", "", item.look)
            yield _Item("act", looks[-1].command, "", item.look)
            start = end
            continue
        if item.command != "pick up stopwatch":
            yield item
        start += 1


def _without_temperatures(items: Sequence[_Item]) -> Iterator[_Item]:
    """Turn each use of the thermometer that follows another look into a tick that passes."""
    for number, item in enumerate(items):
        follows = number and items[number - 1].kind == "watch"
        if follows and item.command.startswith("use thermometer"):
            yield _Item("wait", "wait1", "", item.look)
        else:
            yield item


def _end(items: Sequence[_Item], start: int, *kinds: str) -> int:
    """Return where the run of items of these kinds that begins at `start` ends."""
    end = start
    while end < len(items) and items[end].kind in kinds:
        end += 1
    return end


def _walk(items: Sequence[_Item]) -> list[str]:
    rooms = [match["room"] for item in items if (match := _GO.fullmatch(item.command))]
    return [f"teleport to {rooms[-1]}"] if rooms and rooms[-1] != items[0].room else []


def _pause(items: Sequence[_Item], start: int, end: int) -> Pause:
    """Return what the oracle waited for between two commands."""
    span = items[start:end]
    readings = [Reading(item.command, item.reply) for item in span if item.kind == "watch"]
    size = next(
        (at for at in range(1, len(readings)) if readings[at].kind == readings[0].kind), len(readings)
    )
    rounds = tuple(tuple(readings[at : at + size]) for at in range(0, len(readings), max(size, 1)))
    awaited: list[tuple[str, int]] = []
    if end < len(items):
        # What is waited for may be named so oddly that only one of the next commands tells it.
        ahead = items[end : max(end + 1, _end(items, end, "act"))]
        words = {word for item in ahead for word in re.findall(r"\w+", item.command.lower())}
        for reading in rounds[-1] if rounds else ():
            words |= set(re.findall(r"\w+", reading.target.lower()))
        before, after = phrases(span[0].look), phrases(items[end].look)
        for phrase, count in after.items():
            if count > before[phrase] and words & set(re.findall(r"\w{4,}", phrase)):
                awaited.append((phrase, count))
    return Pause(sum(item.ticks for item in span), rounds, tuple(awaited))


def phrases(look: str) -> Counter[str]:
    """Return what a room shows, such as "a hatchling turtle", with numbers."""
    parts = re.split(r"[\n\t(),:.]|\bcontaining\b", look.lower())
    return Counter(part.strip() for part in parts if part.strip())
