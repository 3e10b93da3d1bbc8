"""What an agent has read of in an episode, and so where an option can start; knows no simulator.

Initiation sets (Sutton, Precup & Singh, 1999) for sub-goals: what a sub-goal acts on must be known, from the
task or from anything read since. Whoever has to open a cupboard to learn what is in it cannot name that yet.
"""

import re
from collections.abc import Mapping

from sgd_gym.goals import is_named
from sgd_gym.sight import Sight, read_sight
from sgd_gym.spaces import COMMANDS, QUESTION, ROOMS
from sgd_gym.subgoals.grammar import Subgoal

_WORD = re.compile(r"\w+")
_GRAMMAR = {word for form in COMMANDS for word in form.split() if "{" not in word} | {"inventory"}


class Knowledge:
    """What was read in one episode."""

    def __init__(self) -> None:
        """Begin an episode."""
        self.sight = Sight("", (), ())
        """What is in sight now."""
        self._texts: dict[str, None] = {}
        """Everything read, each text once, in order."""
        self._searched: dict[str, int] = {}
        """How many texts each unknown name was looked for in."""
        self._known: set[str] = set()
        self._words: set[str] = set()
        """All words in sight."""
        self._is_asked = False

    def update(self, observation: Mapping[str, str]) -> None:
        """Read an observation."""
        self.sight = read_sight(observation["look"], observation["inventory"])
        self._words = words_of(f"{observation['look']} {observation['inventory']}")
        self._is_asked = observation["observation"].startswith(QUESTION)
        for text in observation.values():
            self._texts.setdefault(text.lower())

    @property
    def is_hiding(self) -> bool:
        """Whether a closed container is in sight, which may hold what was never read of."""
        return any("closed" in one.states for one in self.sight.things)

    def can_start(self, subgoal: Subgoal) -> bool:
        """Return whether the state is in the initiation set of a sub-goal.

        One can always go to another room, look or wait, and open or close doors that are in sight. Of any
        other sub-goal the first argument must be known; what is to be picked up may be in a closed container
        in sight.
        """
        if subgoal.predicate == "navigate_to":
            return subgoal.arguments[0] in ROOMS and subgoal.arguments[0] != self.sight.room
        if subgoal.arguments == ("doors",):
            return bool(self.sight.doors)
        if subgoal.predicate == "pick_up" and self.is_hiding:
            return True
        return not subgoal.arguments or self.knows(subgoal.arguments[0])

    def knows(self, name: str) -> bool:
        """Return whether a thing was read of in this episode."""
        if name not in self._known:
            pattern = re.compile(rf"\b{re.escape(name.lower())}\b")
            unread = list(self._texts)[self._searched.get(name, 0) :]
            self._searched[name] = len(self._texts)
            told = any(pattern.search(text) for text in unread)
            if told or any(is_named(one.name, name) for one in self.sight.things):
                self._known.add(name)
        return name in self._known

    def knows_words(self, name: str) -> bool:
        """Return whether each word of a name was read somewhere, as where "apple tree (adult)" is told."""
        read = set(_WORD.findall(" ".join(self._texts)))
        return set(_WORD.findall(name.lower())) <= read

    def can_type(self, command: str) -> bool:
        """Return whether a command may do something here: whether all it names is in sight.

        An answer such as `0` fits where the simulator has asked which thing is meant, and nothing else does.
        """
        if self._is_asked or command.isdigit():
            return self._is_asked and command.isdigit()
        verb, _, room = command.partition(" to ")
        if verb in ("teleport", "go"):
            return room != self.sight.room
        return words_of(command) <= self._words


def words_of(text: str) -> set[str]:
    """Return the words of a text that may name something: all but those of the grammar of commands."""
    return set(_WORD.findall(text.lower())) - _GRAMMAR
