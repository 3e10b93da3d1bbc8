"""What observations prove, for the decisions of `evidence`; knows texts of the simulator."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Slots = Mapping[str, str]
"""Names from a task and a decision, such as `{"object": "lead", "box": "red"}`."""


class Seen(NamedTuple):
    """A command, its reply, and the room as it is seen afterwards."""

    command: str
    reply: str
    look: str


def _threshold(slots: Slots) -> bool:
    """Return whether the decision says "above" the threshold."""
    return slots["box"].casefold() == slots["above"].casefold()


def _readings(seen: Sequence[Seen], slots: Slots) -> list[tuple[float, str]]:
    """Return temperatures of the object, each with the state it was seen in: "solid", "liquid" or ""."""
    core = re.sub(r"^(?:solid|liquid|gaseous) ", "", slots["object"])
    found = []
    for before, one in zip((None, *seen), seen, strict=False):
        reading = re.search(r"measures a temperature of (-?\d+)", one.reply)
        if reading and re.search(
            rf"thermometer.* on .*(?:{re.escape(core)}|substance)", one.command, re.IGNORECASE
        ):
            look = before.look if before else ""
            state = re.search(
                rf"(liquid|gaseous|solid)? ?(?:unknown )?{re.escape(core)}", look, re.IGNORECASE
            )
            found.append((float(reading[1]), (state[1] or "").lower() if state else ""))
    return found


def temperature_agrees(seen: Sequence[Seen], slots: Slots) -> bool:
    """Whether the last temperature lies on the side of the threshold that the decision says."""
    readings = _readings(seen, slots)
    return bool(readings) and (readings[-1][0] > float(slots["threshold"])) == _threshold(slots)


def melting_point_agrees(seen: Sequence[Seen], slots: Slots) -> bool:
    """Whether a reading proves the side: a solid above the threshold, or a liquid below it.

    The state shows in the name that the room gives the substance; it changes once between the readings.
    """
    readings = _readings(seen, slots)
    if not readings:
        return False
    rising = readings[-1][0] > readings[0][0]
    first = readings[0][1]
    changed = next((at for at, (_, state) in enumerate(readings) if state != first), len(readings))
    solid, liquid = readings[:changed], readings[changed:]
    if not rising:
        solid, liquid = liquid, solid
    limit = float(slots["threshold"])
    if _threshold(slots):
        return any(temperature > limit for temperature, _ in solid)
    return any(temperature < limit for temperature, _ in liquid)


def lamp_agrees(seen: Sequence[Seen], slots: Slots) -> bool:
    """Whether the lamp in the circuit is on exactly if the decision says that the object conducts.

    It may light a tick after the circuit is closed, so that darkness right after a connection tells nothing.
    """
    lamps = {
        match[1]
        for one in seen
        for part in re.split(r"^connect | (?:to|in|on) ", one.command)
        if (match := re.match(r"([a-z ]*(?:bulb|motor|buzzer))\b", part))
    }
    states = [
        state
        for lamp in lamps
        if (state := re.findall(rf"{re.escape(lamp)}, which is (on|off)", seen[-1].look))
    ]
    shines = any("on" in state for state in states)
    is_told = bool(states) and (shines or not seen[-1].command.startswith("connect "))
    return is_told and shines == (slots["box"] == slots["conducts"])


def slope_agrees(seen: Sequence[Seen], slots: Slots) -> bool:
    """Whether the block took longer, or came less far in the same time, on the plane that slows it more."""
    slow = slots["most"] in ("most", "shallowest")
    chosen = "a" if re.search(rf"\b{re.escape(slots['a'])}\b", slots["plane"], re.IGNORECASE) else "b"
    times: dict[str, int] = {}
    places: dict[str, tuple[int, int]] = {}  # ticks since the block was put there, percent of the way
    plane, ticks = "", 0
    for one in seen:
        ticks += 10 if one.command == "wait" else 1
        if moved := re.fullmatch(r"move .+ to (inclined plane.*)", one.command):
            plane = "a" if re.search(rf"\b{re.escape(slots['a'])}\b", moved[1], re.IGNORECASE) else "b"
            ticks = 0
        elif read := re.search(r"The time reads (\d+) tick", one.reply):
            times[plane] = int(read[1])
        elif down := re.search(r"approximately (\d+)% down|at the (bottom)", one.reply):
            places.setdefault(plane, (ticks, 100 if down[2] else int(down[1])))
    other = "b" if chosen == "a" else "a"
    if {"a", "b"} <= times.keys() and times[chosen] != times[other]:
        return (times[chosen] > times[other]) == slow
    if {"a", "b"} <= places.keys() and places["a"][0] == places["b"][0] and places["a"] != places["b"]:
        return (places[chosen][1] < places[other][1]) == slow
    return False


def trait_agrees(seen: Sequence[Seen], slots: Slots) -> bool:
    """Whether the children show the trait exactly if the decision says that it is dominant."""
    word, look = slots["value"].split()[0], seen[-1].look
    if "seed" in slots["value"]:
        shown = re.findall(rf"(\w+ \w+) +{re.escape(slots['plant'])} seed", look)
    else:
        crossed = max((at for at, one in enumerate(seen) if one.command == "open bee hive"), default=0)
        planted = {
            match[1]
            for one in seen[crossed:]
            if (match := re.search(r"seed to the (?:self watering )?flower pot (\d+)", one.reply))
        }
        shown = [
            text
            for pot, text in re.findall(r"flower pot (\d+) \(containing ([^\n]*)\)", look)
            if pot in planted and re.search(r"adult|reproducing", text)
        ]
    with_trait = sum(bool(re.search(rf"\b{re.escape(word)}\b", text)) for text in shown)
    return bool(shown) and (2 * with_trait > len(shown)) == (slots["box"] == slots["dominant"])
