"""The random agent: uniform over the commands that are valid now; the floor of every table."""

import zlib
from collections.abc import Sequence

import numpy as np

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.options import Info, Observation


class RandomAgent(Agent):
    """Draws a valid command uniformly; an episode's draws depend on its key alone, not on the slot."""

    needs_infos = ("valid_actions",)

    def __init__(self) -> None:
        """Start without episodes."""
        self._generators: dict[int, np.random.Generator] = {}

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Seed the generator of each world by its episode."""
        for slot, key in zip(slots, keys, strict=True):
            task = zlib.crc32(key.task.encode())
            self._generators[slot] = np.random.default_rng([key.seed, task, key.variation])

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return a random valid command for each world."""
        commands = []
        for slot, info in zip(slots, infos, strict=True):
            valid = info["valid_actions"]
            commands.append(valid[self._generators[slot].integers(len(valid))])
        return commands
