"""What every annotator is: a name, and a function from an episode to its sub-goals; and the one by rules.

Law of `annotate`: one sub-goal for each command, in order, or none at all and the reason. Knows no network.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from sgd_gym.subgoals.grammar import Subgoal
from sgd_gym.subgoals.rules import annotate as annotate_by_rules
from sgd_gym.trajectories import Episode

AT_ONCE, REPAIRED, ASKED_AGAIN, FAILED = "at once", "repaired", "asked again", "failed"
STATUSES = (AT_ONCE, REPAIRED, ASKED_AGAIN, FAILED)
"""How a path was divided: by the first answer as it stood; after commands were joined or dropped; after more
than one question; not at all."""


@dataclass
class Outcome:
    """How the division of one episode went."""

    episode_id: str
    source: str
    status: str = AT_ONCE
    reason: str = ""
    """Why it failed."""
    passing: bool = False
    """Whether it failed for a reason of the moment, such as a time-out, so that a later run tries again."""
    counts: Counter[str] = field(default_factory=Counter)
    """Questions sent, answers from the cache, commands joined and dropped, and the like."""
    answers: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Tokens read and written for each answer, by the key of its question; episodes may share one."""


@dataclass(frozen=True)
class Annotation:
    """The sub-goals of an episode, or None, and how that came about."""

    subgoals: list[Subgoal] | None
    outcome: Outcome


class Annotator(Protocol):
    """Divides episodes into sub-goals."""

    name: str
    """What is recorded in the data: "rules", or the model's name."""

    def annotate(self, episode: Episode) -> Annotation:
        """Return a sub-goal for each command; equal neighbours that are one sub-goal are the same object."""


class RulesAnnotator:
    """Divides by rules: no network, no cost, always the same."""

    name = "rules"

    def annotate(self, episode: Episode) -> Annotation:
        """Return the sub-goals by rules; a command that no rule reads fails the episode."""
        outcome = Outcome(episode.episode_id, episode.source)
        try:
            return Annotation(annotate_by_rules(episode.actions, episode.seen), outcome)
        except ValueError as error:
            outcome.status, outcome.reason = FAILED, str(error)
            return Annotation(None, outcome)
