"""The grammar of sub-goals: `predicate(argument, ...)`; the one place that parses and prints it.

Knows no simulator and no annotator. A sub-goal names what shall be reached, not the commands that do it.
"""

import re
from dataclasses import dataclass

from sgd_gym.errors import SubgoalError

PREDICATES: dict[str, tuple[str, ...]] = {
    "navigate_to": ("room",),
    "pick_up": ("object",),
    "put_down": ("object",),
    "place": ("object", "container"),
    "focus_on": ("object",),
    "open": ("object",),
    "close": ("object",),
    "activate": ("device",),
    "deactivate": ("device",),
    "fill": ("container", "source"),
    "water": ("plant",),
    "pour": ("substance", "container"),
    "mix": ("container",),
    "mix_in": ("substance", "container"),
    "combine": ("substance", "substance"),
    "heat": ("object", "device"),
    "cool": ("object", "device"),
    "measure_temperature": ("object",),
    "monitor": ("object",),
    "measure_time": ("object",),
    "connect": ("device", "object"),
    "examine": ("object",),
    "read": ("object",),
    "eat": ("object",),
    "use": ("tool", "object"),
    "look_around": (),
    "wait": (),
}
"""Every predicate with the roles of its arguments."""

_FORM = re.compile(r"\s*([a-z_]+)\s*\(([^()]*)\)\s*\Z")


@dataclass(frozen=True)
class Subgoal:
    """One sub-goal. Law: `parse(str(subgoal)) == subgoal`."""

    predicate: str
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check predicate and arguments.

        Raises:
            SubgoalError: If the predicate is unknown, or the arguments do not fit it.
        """
        if self.predicate not in PREDICATES:
            raise SubgoalError(f"Unknown predicate {self.predicate!r}. Allowed: {', '.join(PREDICATES)}.")
        roles = PREDICATES[self.predicate]
        if len(self.arguments) != len(roles):
            raise SubgoalError(
                f"{self.predicate} got {len(self.arguments)} argument(s) {self.arguments}. "
                f"Allowed: {self.predicate}({', '.join(roles)})."
            )
        for argument in self.arguments:
            if not argument or argument != argument.strip() or re.search(r"[(),\n]", argument):
                raise SubgoalError(f"{argument!r} is no argument. Allowed: a name without , ( ) or line end.")

    def __str__(self) -> str:
        """Print in functional form."""
        return f"{self.predicate}({', '.join(self.arguments)})"


def parse(text: str) -> Subgoal:
    """Read a sub-goal in functional form.

    Raises:
        SubgoalError: If the text is none.
    """
    match = _FORM.match(text)
    if match is None:
        raise SubgoalError(f"{text!r} is not a sub-goal. Allowed: the form predicate(argument, ...).")
    predicate, inner = match.groups()
    arguments = tuple(part.strip() for part in inner.split(",")) if inner.strip() else ()
    return Subgoal(predicate, arguments)
