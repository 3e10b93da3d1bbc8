"""Name things in commands as the room shows them; knows the wording of commands and rooms, no simulator.

The oracle draws a name for each thing at random among those the simulator accepts: `egg parrot` for what the
room shows as `a parrot egg`, `thermometer in inventory`, `cathode in lamp` beside `battery anode`. An agent
learns names more easily that it reads.
"""

import re
from collections import Counter
from collections.abc import Sequence

from sgd_gym.spaces import ROOMS
from sgd_gym.trajectories import Step

_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<verb>move|connect) (?P<a>.+) (?P<by>to) (?P<b>.+)",
        r"(?P<verb>use) (?P<a>.+?) (?P<by>on) (?P<b>.+)",
        r"(?P<verb>pour|dunk) (?P<a>.+) (?P<by>into) (?P<b>.+)",
        r"(?P<verb>pour|dunk) (?P<a>.+?) (?P<by>in) "
        r"(?P<b>(?!inventory|art studio|table|desk|counter|cupboard).+)",
        r"(?P<verb>pick up|focus on|look at|look in|examine|read|eat|drop|mix|activate|deactivate|disconnect)"
        r" (?P<a>.+)",
    )
)
_TERMINAL = re.compile(r"(?P<part>anode|cathode|terminal \d) (?:in|on) (?P<device>.+)")
_NAME = re.compile(
    r"(?:\b(?:[Aa]n?|the) (?!substance called)|substance called |^\t(?!(?:[Aa]n?|the) ))"
    r"(?P<name>\w[\w -]*?)(?= ?[(,.)]|$)",
    re.MULTILINE,
)
_CONTAINER = re.compile(r"\b(?:an?|the) (?P<name>\w[\w -]*?) \(containing (?P<content>[^(),.]+)\)")
_NO_NAME = re.compile(r" door is |.* degrees celsius")
_PLACES = re.compile(rf" (?:in|on) (?:inventory|room|{'|'.join(ROOMS)})\Z")
_LONGER = 2
"""How many words more than what the oracle says a name may have."""
_MANY = "seed jar"
"""Holds many things of one name, some of which may lie elsewhere unseen."""
_STATE = re.compile(r" (?:in the \w+ stage|with a \w+ height).*")
_TOLD = tuple(
    re.compile(reply)
    for reply in (
        r"You focus on the (?P<a>.+)\.\Z",
        r"You move the (?P<a>.+) to the inventory\.\Z",
        r"You move the (?P<a>.+) to the (?P<b>.+)\.\Z",
        r"You pour the contents of the (?P<a>.+) into the (?P<b>.+)\.\Z",
    )
)
"""Replies that name what a command was done to."""
_ASKED = re.compile(r"^0:\t(?P<first>.+)", re.MULTILINE)
_IN_BRACKETS = re.compile(r" \([^()]*\)")
_INSIDE = re.compile(r" (?:in|on|containing) ")


def name_by_replies(steps: Sequence[Step]) -> list[str]:
    """Return the commands of a path, with the names of the replies for those that no room shows.

    The simulator accepts `object` for a pillow and `common toad` for what it shows as a frog egg.
    """
    aliases: dict[str, str] = {}
    return [_name_by_reply(step, aliases) for step in steps]


def _name_by_reply(step: Step, aliases: dict[str, str]) -> str:
    parts = _parse(step.action)
    if parts is None:
        return step.action
    told = {role: name for role, name in _read_reply(step.observation).items() if role in parts}
    sight = f"{step.look}\n{step.inventory}"
    shown = _read(sight)
    own = [_shown(_without_place(parts[role]), *shown) for role in told]
    if all(_is_shown(part, sight) for name in own for part in _INSIDE.split(name)):
        return step.action
    for role, name in told.items():
        called = name if _is_shown(name, sight) else aliases.get(name, name)
        aliases[parts[role]] = parts[role] = called
    return _join(parts)


def _read_reply(reply: str) -> dict[str, str]:
    """Return what a reply says a command was done to, by role; of several things it may mean, the first."""
    if asked := _ASKED.search(reply):
        parts = _parse(_IN_BRACKETS.sub("", asked["first"])) or {}
        return {role: parts[role] for role in ("a", "b") if role in parts}
    matches = (told.match(reply) for told in _TOLD)
    return next((match.groupdict() for match in matches if match), {})


def _is_shown(name: str, sight: str) -> bool:
    return bool(re.search(rf"\b{re.escape(name)}\b", sight, re.IGNORECASE))


def name_as_shown(command: str, look: str, inventory: str) -> str:
    """Return a command with the names that the room and the inventory show.

    A name stays as it is where nothing, or more than one thing in sight, may be meant by a shown one.

    Args:
        command: A command of the oracle.
        look: The room before it.
        inventory: The inventory before it.
    """
    parts = _parse(command)
    if parts is None:
        return command
    shown = _read(f"{look}\n{inventory}")
    return _join({**parts, **{role: _shown(parts[role], *shown) for role in ("a", "b") if role in parts}})


def _parse(command: str) -> dict[str, str] | None:
    """Return verb, names `a` and `b` and the word `by` between them; None for other commands."""
    matches = (form.fullmatch(command) for form in _FORMS)
    return next((match.groupdict() for match in matches if match), None)


def _join(parts: dict[str, str]) -> str:
    return " ".join(parts[part] for part in ("verb", "a", "by", "b") if part in parts)


def _read(text: str) -> tuple[Counter[str], dict[str, str]]:
    """Return the names in sight with their numbers, and what is in each container that holds one thing."""
    names = Counter(" ".join(match["name"].split()) for match in _NAME.finditer(text))
    contents: dict[str, str] = {}
    for match in _CONTAINER.finditer(text):
        content = re.sub(r"\A(?:a substance called|an?) ", "", match["content"])
        names[content] += content == match["content"]  # others are counted by their article
        contents[match["name"]] = content
        names[f"{match['name']} containing {content}"] += 1
    return Counter({name: n for name, n in names.items() if not _NO_NAME.search(name)}), contents


def _shown(name: str, names: Counter[str], contents: dict[str, str]) -> str:
    terminal = _TERMINAL.fullmatch(name)
    if terminal:
        device = _shown(terminal["device"], names, contents)
        # The simulator understands `buzzer`, and `electric buzzer anode`, but not `buzzer anode`.
        whole = [one for one in names if one.endswith(device)]
        return f"{whole[0] if len(whole) == 1 else device} {terminal['part']}"
    for short in _shortened(name, names, contents):
        words = set(short.lower().split())
        meant = [one for one in names if one.lower() == short.lower()]
        meant = meant or [one for one in names if words <= set(one.lower().split())]
        if len(meant) == 1 and names[meant[0]] == 1:
            if short.lower() in meant[0].lower():
                # Titles and contents are left out, `unknown substance O` and `wind generator` are whole.
                is_title = len(meant[0].split()) > len(words) + _LONGER or " containing " in meant[0]
                return short if is_title or _STATE.search(meant[0]) else meant[0]
            brief = _STATE.sub("", meant[0])
            if sum(one.startswith(brief) for one in names) == 1:
                return brief
    return name


def _shortened(name: str, names: Counter[str], contents: dict[str, str]) -> list[str]:
    """Return what a name may be without its place and content, the shortest first."""
    bare = _without_place(name)
    short = []
    inside = re.fullmatch(r"(?P<thing>.+) (?:in|on) (?P<container>.+)", bare)
    if inside and names[inside["container"]] and inside["container"] != _MANY:
        content = contents.get(inside["container"], "")
        if content and (inside["thing"] == "substance" or content.endswith(f" {inside['thing']}")):
            short.append(content)
        short.append(inside["thing"])
    if " containing " in bare:
        short.append(bare.split(" containing ")[0])
    return [*short, bare]


def _without_place(name: str) -> str:
    while _PLACES.search(name):
        name = _PLACES.sub("", name)
    return name
