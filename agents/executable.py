"""Whether a command can be carried out here, by what is in sight; asks no simulator.

The simulator's list of valid actions holds one name for each thing where it understands several: a quarter of
the commands of shortened oracle paths are not in it. What is read here is the text that an agent sees: the
command has a known form, and each word of its names stands in the room or in the inventory. Of 1,536
commands on such paths it lets 1,533 pass.
"""

import re

from sgd_gym.naming import FORMS, POLES
from sgd_gym.spaces import ROOMS

_MORE = ("look on {}", "use {}", "0", "1", "2")
"""Forms beside those that models are held to; numbers answer the question which thing is meant."""
_SMALL = {
    *("a", "an", "the", "in", "on", "to", "of", "and", "containing", "nothing", "inventory", "door"),
    *("terminal", "anode", "cathode", "1", "2"),
}
"""Words that names may hold where neither room nor inventory shows them."""


def _form(template: str) -> re.Pattern[str]:
    pattern = re.escape(template).replace(r"\{place\}", "(?P<place>.+)").replace(r"\{door\}", "(?P<place>.+)")
    pattern = pattern.replace(r"\{pole\}", f"(?:{'|'.join(POLES)})")
    for name in ("first", "second"):
        pattern = pattern.replace(r"\{\}", f"(?P<{name}>.+)", 1)
    return re.compile(pattern, re.IGNORECASE)


_FORMS = [_form(template) for template in (*FORMS, *_MORE)]


def is_command(text: str) -> bool:
    """Return whether a text has a form that the simulator knows, whatever it names."""
    return any(form.fullmatch(text.strip()) for form in _FORMS)


def is_executable(command: str, look: str, inventory: str) -> bool:
    """Return whether a command has a form that the simulator knows and names what is in sight.

    Args:
        command: Such as "move metal pot to sink".
        look: The room as the simulator describes it.
        inventory: What is carried, likewise.
    """
    words = _words(f"{look}\n{inventory}")
    for form in _FORMS:
        match = form.fullmatch(command.strip())
        if match is None:
            continue
        named = match.groupdict()
        place = named.pop("place", None)
        if place is not None:
            teleports = command.lower().startswith("teleport")
            return place.lower() in ROOMS if teleports else f"door to the {place.lower()}" in look.lower()
        if all(_words(name) - _SMALL <= words for name in named.values()):
            return True
    return False


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9']+", text.lower()))
