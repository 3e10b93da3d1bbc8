"""Where to look for what the task names and nobody has seen: the rooms not visited yet.

A planner that learnt from paths where all stands in the kitchen asks for it there again and again. Where
a sub-goal acts on a thing that the task names and that was never in sight, and its option ended without it,
the agent visits the rooms where it has not been until it sees the thing, picks it up, and carries out what
was in vain; then the planner goes on. While closed containers are in sight, the executor gets a second
attempt first.
"""

from collections import Counter

from sgd_gym.agents.scripted.memory import Memory
from sgd_gym.errors import SubgoalError
from sgd_gym.options import Observation, OptionRecord
from sgd_gym.subgoals.grammar import Subgoal, parse


class Search:
    """What was seen and missed in one episode."""

    def __init__(self) -> None:
        """Begin an episode."""
        self._memory = Memory()
        self._missed: Counter[tuple[str, str]] = Counter()
        """How often an option that needed a thing ended in a room without it."""
        self._wanted: str | None = None
        """What is being looked for."""
        self._postponed: dict[str, str] = {}
        """By what it acts on, the first sub-goal that was in vain."""
        self._resumed: str | None = None
        """The one that comes next, since what it acts on was found."""

    def look(self, seen: Observation) -> None:
        """Take in what is in sight."""
        self._memory.look(seen)

    def end(self, option: OptionRecord) -> None:
        """Note what an option that has ended should have acted on, if that is not in sight."""
        name = _thing(option.name)
        if name and self._memory.find(name) is None:
            self._missed[self._memory.sight.room, name] += 1
            self._postponed.setdefault(name, option.name)

    def redirect(self, text: str) -> str | None:
        """Return the sub-goal that looks for what is missed, or what comes when it is found, or None."""
        memory = self._memory
        if self._resumed is not None:
            resumed, self._resumed = self._resumed, None
            return resumed
        if self._wanted is None and self._is_missed(_thing(text)):
            self._wanted = _thing(text)
        if self._wanted is None:
            return None
        if memory.find(self._wanted) is None and (rooms := memory.other_rooms()):
            return str(Subgoal("navigate_to", (rooms[0],)))
        name, self._wanted = self._wanted, None
        if memory.find(name) is None:
            return None
        self._resumed = self._postponed[name]
        return str(Subgoal("pick_up", (name,)))

    def _is_missed(self, name: str) -> bool:
        """Return whether the task names a thing that was never in sight and was missed here."""
        memory = self._memory
        if not name or name.lower() not in memory.task.lower():
            return False
        is_missing = self._missed[memory.sight.room, name] >= (2 if memory.closed() else 1)
        return is_missing and memory.find(name) is None and not memory.known_rooms(name)


def _thing(text: str) -> str:
    """Return what a sub-goal acts on, "" if that is no thing."""
    try:
        subgoal = parse(text)
    except SubgoalError:
        return ""
    if subgoal.predicate == "navigate_to" or subgoal.arguments == ("doors",):
        return ""
    return subgoal.arguments[0] if subgoal.arguments else ""
