"""Join sub-goals that only prepare the next one to it; knows sub-goals, no commands.

A teleport serves what is done in the room, a thing is picked up to be placed, paints are poured to be mixed.
A sub-goal of a single command is hardly an abstraction, and on short paths most would be such.
"""

from collections.abc import Sequence

from sgd_gym.subgoals.grammar import Subgoal

Span = tuple[int, Subgoal]
"""Where a sub-goal ends in the path (exclusive), and the sub-goal."""

_WATCHING = ("examine", "measure_temperature", "monitor")


def join_purposes(spans: Sequence[Span]) -> list[Span]:
    """Return fewer and longer spans, which cover the same commands.

    Args:
        spans: What a path was divided into, in order, without gaps.
    """
    starts = [0, *(end for end, _ in spans)]
    joined: list[tuple[int, int, Subgoal]] = []  # (start, end, sub-goal), last first
    for start, (end, subgoal) in reversed(list(zip(starts, spans, strict=False))):
        together = _together(subgoal, end - start, joined[-1][2]) if joined else None
        if together:
            joined[-1] = (start, joined[-1][1], together)
        else:
            joined.append((start, end, subgoal))
    return [(end, subgoal) for _, end, subgoal in reversed(joined)]


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
