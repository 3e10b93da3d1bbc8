"""Commands that do nothing where they were given, so that an agent does not give them for ever.

A model that copies what it has read may send a refused command again and again, or wait for what will not
come. Such a command is spent: where room and inventory look as they did then, the model's next best is taken.
"""

import re
from collections.abc import Sequence

from sgd_gym.options import Observation
from sgd_gym.spaces import REFUSALS

_State = tuple[str, str, str]
"""Room, inventory and a command."""
LIMIT = 10
"""How often in a row a command may do nothing: no shortened path of the train split has more."""
_IDLE = " is already "
"""In the reply to a command that does nothing, however often it is given: "The fridge is already open."."""
_READING = re.compile(r"-?\d+ degrees celsius")
"""What a thermometer shows; it changes all the time, whatever is done."""


class Tried:
    """What was given in n episodes, and did nothing."""

    def __init__(self) -> None:
        """Start with nothing tried."""
        self._last: dict[int, tuple[_State, int]] = {}
        """The last command, and how often it was given in a row."""
        self._is_given: set[int] = set()
        self._spent: dict[int, set[_State]] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin new episodes."""
        for slot in slots:
            self._last.pop(slot, None)
            self._is_given.discard(slot)
            self._spent[slot] = set()

    def is_spent(self, slot: int, seen: Observation, command: str) -> bool:
        """Return whether a command was refused or idle here, or did nothing `LIMIT` times in a row."""
        return _state(seen, command) in self._spent[slot]

    def give(self, slot: int, seen: Observation, command: str) -> None:
        """Note a command and where it is given; `observe` then tells what it did."""
        state = _state(seen, command)
        last, times = self._last.get(slot, (None, 0))
        self._last[slot] = (state, times + 1 if state == last else 1)
        self._is_given.add(slot)

    def observe(self, slot: int, seen: Observation) -> None:
        """Note what the last command did; nothing if no model gave it."""
        if slot not in self._is_given:
            return
        self._is_given.remove(slot)
        state, times = self._last[slot]
        is_idle = seen["observation"].startswith(REFUSALS) or _IDLE in seen["observation"]
        if state == _state(seen, state[2]) and (times == LIMIT or is_idle):
            self._spent[slot].add(state)


def _state(seen: Observation, command: str) -> _State:
    return _READING.sub("", seen["look"]), _READING.sub("", seen["inventory"]), command
