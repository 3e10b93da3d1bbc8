"""Join sub-goals that only prepare the next one to it; knows sub-goals, no commands.

A thing is picked up to be placed, paints are poured to be mixed, a teleport serves what is done in the room.
A sub-goal of a single command is hardly an abstraction, and on short paths most would be such. Law: a walk is
joined only to what acts on a thing that the task names or that was seen before; whoever has to go somewhere
to find out what is there cannot name it yet.
"""

import re
from collections.abc import Sequence

from sgd_gym.subgoals.grammar import Subgoal

Span = tuple[int, Subgoal]
"""Where a sub-goal ends in the path (exclusive), and the sub-goal."""

_WATCHING = ("examine", "measure_temperature", "monitor")


def join_purposes(spans: Sequence[Span], seen: Sequence[str] = ()) -> list[Span]:
    """Return fewer and longer spans, which cover the same commands.

    Args:
        spans: What a path was divided into, in order, without gaps.
        seen: The text that comes into view before each command, the task first; nothing if not given.
    """
    read = [text.lower() for text in seen]
    starts = [0, *(end for end, _ in spans)]
    joined: list[tuple[int, int, Subgoal]] = []  # (start, end, sub-goal), last first
    for start, (end, subgoal) in reversed(list(zip(starts, spans, strict=False))):
        together = _together(subgoal, end - start, joined[-1][2]) if joined else None
        if subgoal.predicate == "navigate_to" and together and not _is_known(together, read[: start + 1]):
            together = None
        if together:
            joined[-1] = (start, joined[-1][1], together)
        else:
            joined.append((start, end, subgoal))
    return [(end, subgoal) for _, end, subgoal in reversed(joined)]


def _is_known(subgoal: Subgoal, read: Sequence[str]) -> bool:
    """Return whether what a sub-goal acts on was read of; devices that it is brought to have fixed places."""
    if not subgoal.arguments:
        return False
    name = re.compile(rf"\b{re.escape(subgoal.arguments[0].lower())}\b")
    return any(name.search(text) for text in read)


def _together(subgoal: Subgoal, commands: int, following: Subgoal) -> Subgoal | None:
    """Return the one sub-goal that both are; None if they are two."""
    own, next_ = subgoal.arguments, following.arguments
    match subgoal.predicate, following.predicate:
        case "navigate_to", predicate if commands == 1 and predicate != "navigate_to":
            return following  # a walk through several rooms is a purpose of its own
        case "pick_up", predicate if predicate != "pick_up" and own[0] in next_:
            return following
        case "pour", "mix" if own[1] == next_[0]:
            return Subgoal("mix_in", own)
        case "pour", "mix_in" if own[1] == next_[1]:
            return Subgoal("combine", (own[0], next_[0]))
        case first, second if first in _WATCHING and second in _WATCHING and own == next_:
            return Subgoal("monitor", own)
    return None
