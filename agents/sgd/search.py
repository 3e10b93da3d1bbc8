"""Where to look for what the task names and nobody has seen: in what is closed, and in other rooms.

A planner that learnt from paths where all stands in the kitchen asks for it there again and again. Where
a sub-goal acts on a thing that the task names and that was never in sight, and its option ended without it,
the agent opens what is closed here, and visits the rooms where it has not been, until it sees the thing;
it picks it up and carries out what was in vain, and the planner goes on. The planner's own next idea and
the executor's second attempt come first.
"""

from collections import Counter

from sgd_gym.agents.scripted.memory import Memory
from sgd_gym.errors import SubgoalError
from sgd_gym.options import Observation, OptionRecord, primitive
from sgd_gym.spaces import QUESTION
from sgd_gym.subgoals.grammar import Subgoal, parse


class Search:
    """What was seen and missed in one episode."""

    def __init__(self) -> None:
        """Begin an episode."""
        self._memory = Memory()
        self._known: set[str] = set()
        """Names of all that was ever in sight."""
        self._missed: Counter[str] = Counter()
        """How often an option ended without the thing that it needed."""
        self._wanted: str | None = None
        """What is being looked for."""
        self._postponed: dict[str, str] = {}
        """By what was missed, the first sub-goal that was in vain."""
        self._opened: set[tuple[str, str]] = set()
        """Rooms, and what the search opened there."""
        self._resumed: str | None = None
        """The sub-goal that comes next, since what it acts on was found."""

    def look(self, seen: Observation) -> None:
        """Take in what is in sight."""
        self._memory.look(seen)
        self._known.update(thing.name.lower() for thing in self._memory.sight.things)

    def end(self, option: OptionRecord) -> None:
        """Note what an option that has ended should have acted on, if the task names it and nobody saw it."""
        name = _thing(option.name)
        if name and name.lower() in self._memory.task.lower() and not self._is_known(name):
            self._missed[name] += 1
            self._postponed.setdefault(name, option.name)

    def redirect(self, text: str) -> str | None:
        """Return the sub-goal that looks for what is missed, or what comes when it is found, or None."""
        if self._resumed is not None:
            resumed, self._resumed = self._resumed, None
            return resumed
        self._wanted = self._wanted or self._choose(text)
        if self._wanted is None:
            return None
        if not self._is_known(self._wanted):
            step = self._look_further()
            self._wanted = self._wanted if step else None
            return step
        name, self._wanted = self._wanted, None
        self._resumed = self._postponed[name]
        return str(Subgoal("pick_up", (name,)))

    def _choose(self, text: str) -> str | None:
        """Return what was missed twice, or what is asked for again while nothing in sight is closed."""
        again = _thing(text)
        limit = 2 if self._memory.closed() else 1
        missed = [name for name, times in self._missed.items() if times >= (limit if name == again else 2)]
        return next((name for name in missed if not self._is_known(name)), None)

    def _look_further(self) -> str | None:
        """Return the option that brings more in sight, None if all was seen."""
        memory = self._memory
        if memory.reply.startswith(QUESTION):
            return primitive("0")
        for container in memory.closed():
            if (memory.sight.room, container) not in self._opened:
                self._opened.add((memory.sight.room, container))
                return primitive(f"open {container}")
        rooms = memory.other_rooms()
        return str(Subgoal("navigate_to", (rooms[0],))) if rooms else None

    def _is_known(self, name: str) -> bool:
        """Return whether a thing was in sight, in whatever state, or the task says where it is."""
        was_seen = any(name.lower() in one for one in self._known)
        return was_seen or bool(self._memory.known_rooms(name))


def _thing(text: str) -> str:
    """Return what a sub-goal acts on, "" if that is no thing."""
    try:
        subgoal = parse(text)
    except SubgoalError:
        return ""
    if subgoal.predicate == "navigate_to" or subgoal.arguments == ("doors",):
        return ""
    return subgoal.arguments[0] if subgoal.arguments else ""
