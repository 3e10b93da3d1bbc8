"""What becomes of a sub-goal that a planner wrote and that cannot be carried out.

The rule, in this order:

1. A sub-goal of the grammar is kept if it can start here (`Knowledge.can_start`), if every word of what it
   acts on was read somewhere, or if a closed container in sight may hold that: `fill(metal pot, sink)` begins
   with opening the cupboard. So is any `do(command)`.
2. Else it is read as far as its first closing bracket, surplus arguments are dropped, and an argument that
   names nothing known becomes the thing in sight with most words in common with it. If the sub-goal can then
   start, it is repaired.
3. Else it is rejected, and the agent looks around for one move before the planner is asked again.
"""

from dataclasses import dataclass
from typing import Literal

from sgd_gym.errors import SubgoalError
from sgd_gym.knowledge import Knowledge
from sgd_gym.options import read_primitive
from sgd_gym.subgoals.grammar import PREDICATES, Subgoal, parse

REJECTED = "look_around()"


@dataclass(frozen=True)
class Checked:
    """A sub-goal that can start."""

    text: str
    how: Literal["kept", "repaired", "rejected"]


def check(text: str, knowledge: Knowledge) -> Checked:
    """Return what a planner's text becomes where this is known."""
    try:
        if read_primitive(text) is not None or _is_sensible(parse(text), knowledge):
            return Checked(text, "kept")
    except SubgoalError:
        pass
    try:
        subgoal = _repair(text, knowledge)
    except SubgoalError:
        return Checked(REJECTED, "rejected")
    if knowledge.can_start(subgoal):
        return Checked(str(subgoal), "repaired")
    return Checked(REJECTED, "rejected")


def _is_sensible(subgoal: Subgoal, knowledge: Knowledge) -> bool:
    acts_on = "" if subgoal.predicate == "navigate_to" else " ".join(subgoal.arguments[:1])
    may_be_there = knowledge.is_hiding or knowledge.knows_words(acts_on)
    return knowledge.can_start(subgoal) or (acts_on != "" and may_be_there)


def _repair(text: str, knowledge: Knowledge) -> Subgoal:
    """Return the sub-goal that was probably meant.

    Raises:
        SubgoalError: If there is none.
    """
    predicate, _, rest = text.partition("(")
    predicate = predicate.strip()
    arguments = [part.strip() for part in rest.partition(")")[0].split(",")]
    roles = PREDICATES.get(predicate, ())
    if predicate != "navigate_to":
        arguments = [_known(name, knowledge) for name in arguments]
    return Subgoal(predicate, tuple(arguments[: len(roles)]))


def _known(name: str, knowledge: Knowledge) -> str:
    """Return a name if it is known, else that of the thing in sight that is most like it."""
    words = set(name.lower().split())

    def overlap(other: str) -> float:
        own = set(other.lower().split())
        return len(own & words) / len(own | words)

    if not words or knowledge.knows(name):
        return name
    best = max((thing.name for thing in knowledge.sight.things), key=overlap, default=name)
    return best if overlap(best) > 0 else name
