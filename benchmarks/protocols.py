"""Protocols: which episodes, which limits, what an agent may see, how it is scored. Frozen data."""

from dataclasses import dataclass

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.errors import UnknownNameError

QUICKSTART_TASKS = (
    "use-thermometer",
    "find-plant",
    "chemistry-mix-paint-secondary-color",
    "power-component",
)


@dataclass(frozen=True)
class Protocol:
    """One way of comparing agents.

    What an agent may see: task text, observations, look, inventory and score always; beyond them only what
    `allowed_infos` lists. `oracle_path` is the evaluator's and goes to the oracle agent alone.
    """

    name: str
    tasks: tuple[str, ...]
    split: str
    max_variations: int | None
    """At most so many variations of each task, the first ones of the split; None for all."""
    max_moves: int
    stall_moves: int
    """An episode ends when its score has not risen for so many moves; one rule for all agents."""
    simplification: str
    allowed_infos: tuple[str, ...]
    version: int = 1

    def episodes(self, tasks: list[str] | None = None, seed: int = 0) -> list[EpisodeKey]:
        """Return the episodes in order, of all tasks or of some.

        Raises:
            UnknownNameError: If a task is not part of the protocol.
        """
        chosen = get_tasks(list(self.tasks) if tasks is None else tasks)
        for task in chosen:
            if task.name not in self.tasks:
                raise UnknownNameError(f"task of protocol {self.name}", task.name, self.tasks)
        return [
            EpisodeKey(task.name, variation, seed)
            for task in chosen
            for variation in task.variations(self.split)[: self.max_variations]
        ]


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol("quickstart-dev", QUICKSTART_TASKS, "dev", 10, 100, 30, "easy", ("valid_actions",)),
        Protocol("smoke", ("find-plant",), "dev", 1, 20, 20, "easy", ("valid_actions",)),
    )
}


def get_protocol(name: str) -> Protocol:
    """Return the protocol of a name.

    Raises:
        UnknownNameError: If there is none.
    """
    if name not in PROTOCOLS:
        raise UnknownNameError("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
