"""Protocols: which episodes, which limits, what an agent may see, how it is scored. Frozen data.

Variations are those of the simulator's own split (50/25/25). What the papers used, and with it the protocols
named after them, was read in their released code, not in their text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.envs.tasks import TASKS, get_tasks
from sgd_gym.errors import UnknownNameError

Scoring = Literal["negative_as_zero", "last_good"]
"""What a wrong focus (score -100) counts: 0, as in Sub-goal Distillation, or the score before it, as in
SwiftSage. A row has both; the scoring of a protocol is the one that its table shows first."""

QUICKSTART_TASKS = (
    "use-thermometer",
    "find-plant",
    "chemistry-mix-paint-secondary-color",
    "power-component",
)

HELDOUT_TASKS = (
    *("melt", "measure-melting-point-known-substance", "power-component-renewable-vs-nonrenewable-energy"),
    *("find-animal", "grow-fruit", "chemistry-mix-paint-tertiary-color"),
    *("lifespan-longest-lived-then-shortest-lived", "identify-life-stages-2"),
    *("inclined-plane-friction-unnamed-surfaces", "mendelian-genetics-unknown-plant"),
)
"""One task of each of the ten topics (the number before the dash of an id), so that each keeps siblings in
training: what is asked for is a new task made of known parts. 3 short, 3 medium, 4 long ones. The held-out
tasks of the papers are not known: their code has such data by name only."""

_ALL = tuple(task.name for task in TASKS)
_VALID = ("valid_actions",)
"""The agents of the papers choose among the valid actions, so protocols let agents ask for them."""


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
    """At most so many variations of each task; None for all."""
    max_moves: int
    stall_moves: int | None
    """An episode ends when its score has not risen for so many moves, one rule for all agents; None: it does
    not."""
    simplification: str
    allowed_infos: tuple[str, ...]
    scoring: Scoring = "negative_as_zero"
    stall_from: int = 0
    """The rule on stalled episodes holds from this move on."""
    pick: Literal["first", "last", "spread"] = "first"
    """Which variations of the split: the first ones, the last ones, or some from the first to the last."""
    fill: int | None = None
    """Variations are played again, with further seeds, until a task has so many episodes."""
    subset: int | None = None
    """Also report the mean over the first so many variations of each task."""
    unseen: bool = False
    """Whether a checkpoint that was trained on one of the tasks is refused."""
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
        episodes = []
        for task in chosen:
            variations = self._choose(task.variations(self.split))
            for number in range(max(len(variations), self.fill or 0)):
                again, place = divmod(number, len(variations))
                episodes.append(EpisodeKey(task.name, variations[place], seed + again))
        return episodes

    def _choose(self, variations: Sequence[int]) -> Sequence[int]:
        most = len(variations) if self.max_variations is None else min(self.max_variations, len(variations))
        match self.pick:
            case "first":
                return variations[:most]
            case "last":
                return variations[-most:]
            case "spread":
                last = len(variations) - 1
                return [variations[place * last // max(1, most - 1)] for place in range(most)]


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        # Sub-goal Distillation (arXiv 2405.02749), evaluation/agent.py: 100 moves, a negative score counts 0,
        # and an agent with sub-goals is stopped when its score was the same for 50 records (one without: when
        # ten actions hold just two texts). Here the former is the rule for every agent. That code takes the
        # first 10 test variations of each task, but its data conversion has left 9 of them at most: hence
        # the subset. The oracle's raw paths score 91.4 (first 9: 91.5) under these limits.
        Protocol("sgd-100", _ALL, "test", 10, 100, 50, "easy", _VALID, subset=9),
        # SwiftSage (arXiv 2305.17390), eval_agent_fast_slow.py: 300 moves, the score before a wrong focus,
        # and from move 100 on an end after 30 moves without a reward. Its logs hold the first 10 test
        # variations of each task, fewer where there are fewer. The oracle's raw paths score 95.9.
        Protocol("swiftsage-271", _ALL, "test", 10, 300, 30, "easy", _VALID, "last_good", stall_from=100),
        # All 1,819 test variations, as in ScienceWorld (arXiv 2203.07540), under the limits of sgd-100.
        Protocol("full-test", _ALL, "test", None, 100, 50, "easy", _VALID),
        # For tuning and ablations, so that test stays unseen: as many variations as SwiftSage's test_mini,
        # from the first to the last, since the first ones of dev resemble train most.
        Protocol("dev-mini", _ALL, "dev", 3, 100, 50, "easy", _VALID, pick="spread", version=2),
        # Games of a teacher, or with a guide, for a student to learn from; no figure is told of them.
        # Of the last variations a student of the first half of the split has read few or none.
        Protocol("train-all", _ALL, "train", None, 100, 50, "easy", _VALID),
        Protocol("train-30", _ALL, "train", 30, 100, 50, "easy", _VALID, pick="last", fill=30),
        Protocol("heldout", HELDOUT_TASKS, "test", 10, 100, 50, "easy", _VALID, unseen=True),
        Protocol("quickstart-dev", QUICKSTART_TASKS, "dev", 10, 100, 30, "easy", _VALID),
        Protocol("smoke", ("find-plant",), "dev", 1, 20, 20, "easy", _VALID),
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
