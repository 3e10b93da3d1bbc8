"""Text spaces for commands and observations; knows no simulator.

Both subclass Gymnasium's `Text`, so that vector environments and data sets handle them as they handle
`Text`.
"""

import string
from typing import Any

from gymnasium.error import CustomSpaceError
from gymnasium.spaces import Text
from gymnasium.vector.utils import create_shared_memory

CHARSET = string.printable
"""Every character that a command or an observation may hold (100 ASCII characters)."""

_VERBS = ("go to", "open", "close", "pick up", "put down", "focus on", "look at", "look in", "activate")
_OBJECTS = ("door", "kitchen", "hallway", "table", "cupboard", "thermometer", "metal pot", "sink", "water")


class CommandText(Text):
    """Commands for the simulator: printable ASCII, 1 to 256 characters.

    `sample()` draws a well-formed command such as "open cupboard", so that a random policy speaks the
    simulator's language; it need not be valid in the present room.
    """

    def __init__(self, max_length: int = 256):
        """Make the space; `max_length` is in characters."""
        super().__init__(max_length, min_length=1, charset=CHARSET)

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """Draw a command from the space's own random generator.

        Raises:
            ValueError: If a mask or probabilities are given; commands take neither.
        """
        if mask is not None or probability is not None:
            raise ValueError("CommandText.sample takes neither mask nor probability; call sample().")
        verb = _VERBS[self.np_random.integers(len(_VERBS))]
        return f"{verb} {_OBJECTS[self.np_random.integers(len(_OBJECTS))]}"


class ObservationText(Text):
    """Texts of the simulator: printable ASCII, 0 to 16,384 characters."""

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
