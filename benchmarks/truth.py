"""What cannot hold, by the state of the simulator: negatives for the detector of goals.

The detector reads text; this reads the tree of objects, which is the evaluator's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sgd_gym.goals import is_named, satisfies
from sgd_gym.subgoals.grammar import Subgoal

_IN_OR_ON = ("place", "pour", "fill", "heat", "cool")
_CARRIER = "agent"


@dataclass(frozen=True)
class Node:
    """An object of the world."""

    name: str
    within: tuple[str, ...]
    """In or on what it is, from the room inwards."""
    is_open: bool
    is_on: bool


@dataclass(frozen=True)
class State:
    """One state of the world, and the command that led to it."""

    nodes: tuple[Node, ...]
    command: str
    look: str
    begun: tuple[Subgoal, ...]
    """The annotated sub-goals of the path so far."""

    @classmethod
    def of(cls, tree: dict[str, Any], command: str, look: str, begun: Iterable[Subgoal]) -> "State":
        """Read the tree of `info["object_tree"]`."""
        return cls(tuple(_nodes(tree, ())), command, look, tuple(begun))

    def excludes(self, goal: Subgoal) -> bool:
        """Return whether a goal does certainly not hold here; False where nobody can tell.

        Goals that are facts (where a thing is, whether it is open or on) are looked up in the tree. Goals
        that are events (something was read, measured, focused on) are excluded where the command names
        another thing, unless they are a sub-goal of the path by now.
        """
        predicate, arguments = goal.predicate, goal.arguments
        if predicate == "navigate_to":
            return not any(one.name == _CARRIER and arguments[0] in one.within for one in self.nodes)
        if arguments == ("doors",):
            other = "(that is open)" if predicate == "close" else "(that is closed)"
            return other in self.look
        named = [one for one in self.nodes if arguments and _may_mean(one.name, arguments[0])]
        if predicate == "pick_up":
            return not any(_CARRIER in one.within for one in named)
        if predicate in _IN_OR_ON:
            thing, holder = (named, arguments[1]) if predicate != "fill" else (self._water(), arguments[0])
            return not any(_may_mean(place, holder) for one in thing for place in one.within)
        if predicate == "open":
            return not any(one.is_open for one in named)
        if predicate == "activate":
            return not any(one.is_on for one in named)
        if any(satisfies(one, goal) for one in self.begun):
            return False
        if not arguments:
            return not self.command.startswith("wait" if predicate == "wait" else "look")
        return not set(arguments[0].lower().split()) & set(self.command.lower().split())

    def _water(self) -> list[Node]:
        return [one for one in self.nodes if one.name == "water"]


def _nodes(tree: dict[str, Any], within: tuple[str, ...]) -> Iterator[Node]:
    name = tree["name"]
    container, device = tree.get("propContainer") or {}, tree.get("propDevice") or {}
    yield Node(name, within, bool(container.get("isOpen")), bool(device.get("isActivated")))
    for child in tree["contents"].values():
        yield from _nodes(child, (*within, name))


def _may_mean(name: str, other: str) -> bool:
    return is_named(name, other) or is_named(other, name) or set(other.split()) <= set(name.split())
