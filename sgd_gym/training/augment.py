"""Rename things within an episode, so that a small model learns to read names instead of knowing them.

Knows no model. A red box becomes a blue box in every text of the episode: task, rooms, replies, commands,
sub-goals. Names that carry meaning in some task (the colours of paints that are mixed) keep it in the
episodes that are not renamed; what a thing is called is then what the transcript says.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sgd_gym.trajectories import Episode

_COLOURS = ("red", "orange", "yellow", "green", "blue", "violet", "purple", "black", "white", "brown")
_PLANTS = ("apple", "avocado", "banana", "cherry", "lemon", "orange", "peach", "pea")

_FAMILIES: tuple[tuple[Sequence[str], str], ...] = (
    (_COLOURS, r"\b({})(?= (?:and|paint|box|wire|light|cup)\b)"),
    (_PLANTS, r"\b({})(?= (?:tree|plant|seed|flower)\b)"),
    (tuple("123456789"), r"(?<=flower pot )({})\b"),
    (tuple("abcdefghijklmnopqrstuvwxyz"), r"(?<=unknown substance )({})\b"),
)
"""Names that may change places, and the pattern of where they stand as names of things."""


def rename(episode: Episode, generator: random.Random) -> Episode:
    """Return the episode with the names of each family permuted at random.

    Args:
        episode: Any episode.
        generator: Source of the permutations.
    """
    tables = []
    for names, pattern in _FAMILIES:
        others = generator.sample(list(names), len(names))
        regex = re.compile(pattern.format("|".join(names)), re.IGNORECASE)
        tables.append((regex, dict(zip(names, others, strict=True))))

    def change(text: str) -> str:
        for regex, table in tables:
            text = regex.sub(partial(_new_name, table), text)
        return text

    steps = tuple(
        replace(
            step,
            look=change(step.look),
            inventory=change(step.inventory),
            action=change(step.action),
            observation=change(step.observation),
            subgoal=None if step.subgoal is None else change(step.subgoal),
        )
        for step in episode.steps
    )
    return replace(episode, task_description=change(episode.task_description), steps=steps)


def _new_name(table: dict[str, str], match: re.Match[str]) -> str:
    """Return the new name, with the old one's capital."""
    new = table[match[0].lower()]
    return new.capitalize() if match[0][0].isupper() else new
