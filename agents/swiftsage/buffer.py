"""The commands that Sage has advised and that were not sent yet; knows no model."""

from collections.abc import Sequence

from sgd_gym.agents.executable import is_executable

FAILURES = 3
"""A command that was passed over so often is dropped."""
MISSES = 2
"""After so many moves at which none of the commands could be carried out all of them are dropped."""


class Buffer:
    """Gives the first command that can be carried out, and drops what never can."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waiting: list[tuple[str, int]] = []
        """Each command, and how often it was passed over."""
        self._misses = 0

    def __len__(self) -> int:
        """Return how many commands are left."""
        return len(self._waiting)

    def fill(self, commands: Sequence[str]) -> None:
        """Take new advice; what was left of the last one goes."""
        self._waiting, self._misses = [(command, 0) for command in commands], 0

    def take(self, look: str, inventory: str) -> str | None:
        """Return the first command that can be carried out now, and remove it; None if there is none."""
        ready = [is_executable(command, look, inventory) for command, _ in self._waiting]
        first = ready.index(True) if any(ready) else len(ready)
        passed = [(command, failures + 1) for command, failures in self._waiting[:first]]
        kept = [one for one in passed if one[1] < FAILURES]
        if first == len(ready):
            self._misses += 1
            self._waiting = kept if self._misses < MISSES else []
            return None
        command, _ = self._waiting[first]
        self._waiting, self._misses = [*kept, *self._waiting[first + 1 :]], 0
        return command
