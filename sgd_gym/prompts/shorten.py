"""Observations of the simulator, shortened for a model; knows no prompt."""

import re

_SHORTER = (
    (r"\ba substance called ", ""),
    (r"\A(?:an?|the) ", ""),
    (r" \(containing nothing\)", ""),
    (r"\. (?:On|In) the [a-z ]+ is: nothing\.", ""),
    (r"\. The [a-z ]+ door is (open|closed)\.", r" (\1)"),
    (r", which is (?:turned )?(on|off|open|closed|activated|deactivated)\b", r" (\1)"),
    (r", currently reading a temperature of (-?[\d.]+) degrees celsius", r" (\1 degrees)"),
)


def compact_look(look: str) -> tuple[str, list[str]]:
    """Shorten a room's description to its name and one line a thing, the doors last."""
    lines = [line.strip() for line in look.splitlines() if line.strip()]
    match = re.search(r"called the ([a-z ]+)\.", lines[0]) if lines else None
    things, doors = [], []
    for line in lines[1:]:
        door = re.match(r"A door to the ([a-z ]+?) \(that is (\w+)\)", line)
        if door:
            doors.append(door.group(1) if door.group(2) == "open" else f"{door.group(1)} ({door.group(2)})")
        elif line not in ("the agent", "a substance called air", "You also see:"):
            things.append(_shorten(line))
    return match.group(1) if match else "room", [*things, f"doors: {', '.join(doors)}"]


def compact_inventory(inventory: str) -> str:
    """Shorten the inventory to its things, separated by bars."""
    return " | ".join(_shorten(line.strip()) for line in inventory.splitlines()[1:] if line.strip())


def _shorten(line: str) -> str:
    for pattern, replacement in _SHORTER:
        line = re.sub(pattern, replacement, line)
    return line


def one_line(text: str) -> str:
    """Return the lines of a text with bars between them."""
    return " | ".join(line.strip() for line in text.splitlines() if line.strip())
