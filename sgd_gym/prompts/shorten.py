"""Observations of the simulator in fewer words; knows no prompt.

A third of what a model would read are lists of choices, articles, and answers that only repeat the command.
What is left says the same: names stay as commands write them.
"""

import re
from itertools import takewhile

_SHORTER = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\ba substance called ", ""),
        (r"(?<!with )\b(?:an?|the|A|The) +(?=\w)", ""),  # "inclined plane with a tin surface" is a name
        (r" \(containing nothing\)|\. (?:On|In) [a-z ]+ is: nothing\.", ""),
        (r"\. [a-z ]+ is (open|closed)\b\.?", r" \1"),
        (r", which is (?:turned )?(on|off|open|closed|activated|deactivated)\b", r" \1"),
        (r" \((open|closed)\)", r" \1"),
        (r", currently reading temperature of (-?[\d.]+) degrees celsius", r" \1 degrees"),
        (r"thermometer measures temperature of (-?[\d.]+) degrees celsius", r"\1 degrees"),
        (r" in ([a-z ]+) stage\b", r" \1"),
        (r" with an? ([a-zA-Z]+ height)\b", r" \1"),
        (r"\b(height) and ([a-zA-Z]+ leaves)", r"\1 \2"),
        (r",? with: +", ": "),
        (r"\bapproximately (\d+%) down plane", r"\1"),
        (r"\.? (?:On|In) [\w ]+ (?:is|you see): ", ": "),
        (r" \(containing ", " ("),
        (r"[. ]+(?=\)|$)", ""),
        (r"  +", " "),
    )
)
_DONE = re.compile(
    r"You (?:move|pour|teleport|focus|dig|decide to wait)\b[^.]*\."
    r"|[^.]+ is now (?:open|closed|activated|deactivated|connected to [^.]+)\.?"
)
"""Answers that only say that the command was carried out."""
_REPEATED = re.compile(r"(?:(?<=\()|(?<=[:,] ))([^,|():]+)((?:, \1)+)(?=[,)]|$)")
_CHOICE = re.compile(r"(\d+):\t(.*)")


def room_of(look: str) -> str:
    """Return the name of the room that is described."""
    match = re.match(r".*called the ([a-z ]+)\.", look.lstrip())
    return match[1] if match else "room"


def compact_look(look: str) -> tuple[str, list[str]]:
    """Shorten a room's description to its name and one line a thing, the doors last.

    Like things are told once, with their number.
    """
    lines = [line.strip() for line in look.splitlines() if line.strip()]
    things: dict[str, int] = {}
    doors = []
    for line in lines[1:]:
        door = re.match(r"A door to the ([a-z ]+?) \(that is (\w+)\)", line)
        if door:
            doors.append(door.group(1) if door.group(2) == "open" else f"{door.group(1)} {door.group(2)}")
        elif line not in ("the agent", "a substance called air", "You also see:"):
            thing = _shorten(line)
            things[thing] = things.get(thing, 0) + 1
    told = [_count(thing, number) for thing, number in things.items()]
    return room_of(look), [*told, f"doors: {', '.join(doors)}"]


def compact_inventory(inventory: str) -> str:
    """Shorten the inventory to its things, separated by bars."""
    return " | ".join(_shorten(line.strip()) for line in inventory.splitlines()[1:] if line.strip())


def compact_reply(reply: str, room: str) -> str:
    """Shorten the answer to a command; nothing is left of one that only says that it was carried out.

    Args:
        reply: What the simulator answers.
        room: Where the agent is; of choices it is left out, and of like ones the first is told.
    """
    numbers: dict[str, str] = {}
    for number, choice in _CHOICE.findall(reply):
        numbers.setdefault(re.sub(rf" \(in {room}\)|(?:, in agent)?, in {room}(?=\))", "", choice), number)
    if numbers:
        told = zip(numbers.values(), _differences(list(numbers)), strict=True)
        return f"Which? {' | '.join(' '.join(one).strip() for one in told)}"
    line = one_line(reply)
    return "" if _DONE.fullmatch(line) else _shorten(line)


def _differences(texts: list[str]) -> list[str]:
    """Return the texts without the words that all of them begin or end with; brackets stay whole."""
    split = [re.findall(r"\([^)]*\)|[^ (]+", text) for text in texts]
    first = _shared(split)
    last = _shared([words[first:][::-1] for words in split])
    return [" ".join(words[first : len(words) - last]) for words in split]


def _shared(texts: list[list[str]]) -> int:
    """Return how many words all texts begin with."""
    return sum(1 for _ in takewhile(lambda words: len(set(words)) == 1, zip(*texts, strict=False)))


def _shorten(line: str) -> str:
    for pattern, replacement in _SHORTER:
        line = pattern.sub(replacement, line)
    return _REPEATED.sub(_tell_number, line)


def _tell_number(match: re.Match[str]) -> str:
    return _count(match[1], 1 + match[2].count(f", {match[1]}"))


def _count(thing: str, number: int) -> str:
    return thing if number == 1 else f"{number} {thing}"


def one_line(text: str) -> str:
    """Return the lines of a text with bars between them."""
    return " | ".join(line.strip() for line in text.splitlines() if line.strip())
