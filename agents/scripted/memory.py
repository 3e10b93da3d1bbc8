"""What the scripted executor knows of one world: what is in sight now, and where it has seen things."""

import re

from sgd_gym.goals import is_named
from sgd_gym.options import Observation
from sgd_gym.sight import INVENTORY, Sight, Thing, read_sight
from sgd_gym.spaces import ROOMS


class Memory:
    """One world of the scripted executor."""

    def __init__(self) -> None:
        """Begin an episode."""
        self.reply = ""
        self.sight = Sight("", (), ())
        self.task = ""
        self.seen: dict[str, tuple[Thing, ...]] = {}
        """What was last seen in each room."""

    def look(self, observation: Observation) -> None:
        """Read an observation."""
        self.reply, self.task = observation["observation"], observation["task"]
        self.sight = read_sight(observation["look"], observation["inventory"])
        if self.sight.room:
            self.seen[self.sight.room] = tuple(one for one in self.sight.things if not is_carried(one))

    def find(self, name: str) -> Thing | None:
        """Return the thing in sight that a name means: an equal name first, then what is carried."""
        found = [one for one in self.sight.things if is_named(one.name, name)]
        return min(
            found, key=lambda one: (one.name.lower() != name.lower(), not is_carried(one)), default=None
        )

    def carried(self, name: str) -> Thing | None:
        """Return the thing that a name means if the agent carries it itself, not in something else."""
        found = [one for one in self.sight.things if is_named(one.name, name) and one.within == (INVENTORY,)]
        return found[0] if found else None

    def known_rooms(self, name: str) -> list[str]:
        """Return other rooms where a thing was seen, or where the task says it is."""
        seen = [room for room, things in self.seen.items() if any(is_named(one.name, name) for one in things)]
        told = re.findall(
            rf"\b{re.escape(name.lower())}\b[^.]*? in the ({'|'.join(ROOMS)})", self.task.lower()
        )
        return [room for room in dict.fromkeys([*seen, *told]) if room != self.sight.room]

    def other_rooms(self) -> list[str]:
        """Return rooms where the agent has not been, those first that the task names."""
        unseen = [room for room in ROOMS if room not in self.seen]
        return sorted(unseen, key=lambda room: room not in self.task.lower())

    def closed(self) -> list[str]:
        """Return the names of closed containers in sight."""
        return [one.name for one in self.sight.things if "closed" in one.states]

    def count(self, name: str) -> int:
        """Return how many things in sight have a name."""
        return sum(one.name.lower() == name.lower() for one in self.sight.things)


def is_carried(thing: Thing) -> bool:
    """Return whether the agent carries a thing, or what it is in."""
    return thing.within[:1] == (INVENTORY,)
