"""Text spaces for commands and observations; knows no simulator.

All subclass Gymnasium's `Text`, so that vector environments and data sets handle them as they handle
`Text`.
"""

import string
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from gymnasium.error import CustomSpaceError
from gymnasium.spaces import Text
from gymnasium.vector.utils import create_shared_memory

CHARSET = string.printable + "\u2019\u201c\u201d\u2014"
"""Every character that a command or an observation may hold: ASCII, and quotes and a dash of the books."""

ROOMS = (
    "kitchen",
    "greenhouse",
    "workshop",
    "outside",
    "living room",
    "bedroom",
    "bathroom",
    "art studio",
    "foundry",
    "hallway",
)
"""All places of the house, those first where most things are."""

THINGS = (
    "bee hive",
    "blast furnace",
    "cupboard",
    "door to hallway",
    "door to kitchen",
    "drawer",
    "flower pot",
    "freezer",
    "glass cup",
    "lighter",
    "metal pot",
    "orange",
    "red box",
    "shovel",
    "sink",
    "soil",
    "stopwatch",
    "stove",
    "table",
    "thermometer",
    "toilet",
    "water",
    "wire",
)
"""Some things that most worlds have, for well-formed samples."""

REFUSALS = ("No known action matches that input.", "Unknown action.")
"""How the simulator begins its reply to a command that it does not understand."""

QUESTION = "Ambiguous request"
"""How it begins to ask which of several things a command means; a number answers."""

COMMANDS = (
    "activate {}",
    "close {}",
    "connect {} to {}",
    "deactivate {}",
    "disconnect {}",
    "dunk {} into {}",
    "eat {}",
    "flush {}",
    "focus on {}",
    "go to {place}",
    "inventory",
    "look around",
    "look at {}",
    "look in {}",
    "mix {}",
    "move {} to {}",
    "open {}",
    "pick up {}",
    "pour {} into {}",
    "put down {}",
    "read {}",
    "task",
    "teleport to {place}",
    "use {} on {}",
    "wait",
    "wait1",
)
"""The simulator's grammar of commands, without "reset task"."""


class WellFormedText(Text, ABC):
    """Texts of 1 to 256 characters of `CHARSET`, of which `sample()` draws a well-formed one.

    The space holds any text of its characters: whoever takes one reads it, and says what is wrong.
    """

    def __init__(self, max_length: int = 256):
        """Make the space; `max_length` is in characters."""
        super().__init__(max_length, min_length=1, charset=CHARSET)

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """Draw a text from the space's own random generator.

        Raises:
            ValueError: If a mask or probabilities are given; there are none for such texts.
        """
        if mask is not None or probability is not None:
            raise ValueError(
                f"{type(self).__name__}.sample takes neither mask nor probability; call sample()."
            )
        return self.draw()

    @abstractmethod
    def draw(self) -> str:
        """Return a well-formed text."""

    def choose(self, words: Sequence[str]) -> str:
        """Draw one of some words."""
        return words[int(self.np_random.integers(len(words)))]


class CommandText(WellFormedText):
    """Commands for the simulator, such as "open cupboard"; a sample need not be valid in the present room."""

    def draw(self) -> str:
        """Return a command."""
        things = self.choose(THINGS), self.choose(THINGS)
        return self.choose(COMMANDS).format(*things, place=self.choose(ROOMS))


class ObservationText(Text):
    """Texts of the simulator: characters of `CHARSET`, 0 to 16,384 of them."""

    def __init__(self, max_length: int = 16_384):
        """Make the space; `max_length` is in characters."""
        super().__init__(max_length, min_length=0, charset=CHARSET)


@create_shared_memory.register(ObservationText)
def _refuse_shared_memory(space: ObservationText, n: int = 1, ctx: Any = None) -> Any:
    """Refuse: Gymnasium's shared memory decodes `Text` once and then repeats it for ever."""
    raise CustomSpaceError(
        "Text observations do not work in shared memory (gymnasium repeats the first one silently). "
        "Fix: AsyncVectorEnv(..., shared_memory=False), or gym.make_vec(...)."
    )
