"""An episode in other names: of what material a vessel is, and of what kind, says nothing of what to do.

Tasks with few train variations are told many times in a pass. A model that reads each time of the same wood
cup learns to pour from a wood cup, also where there is a jug.
"""

import re
from dataclasses import replace
from random import Random

from sgd_gym.trajectories import Episode

VESSELS = ("bowl", "cup", "jug")
MATERIALS = ("ceramic", "glass", "plastic", "tin", "wood")
_VESSEL = re.compile(rf"\b(?:({'|'.join(MATERIALS)}) )?({'|'.join(VESSELS)})\b")


def rename_vessels(episode: Episode, draw: Random) -> Episode:
    """Return the episode with kinds and materials of vessels swapped, the same way in all of its texts."""
    swapped = _swap(VESSELS, draw) | _swap(MATERIALS, draw)

    def tell(text: str) -> str:
        return _VESSEL.sub(lambda match: " ".join(swapped[one] for one in match.groups() if one), text)

    steps = (
        replace(
            step,
            look=tell(step.look),
            inventory=tell(step.inventory),
            action=tell(step.action),
            observation=tell(step.observation),
            subgoal=None if step.subgoal is None else tell(step.subgoal),
        )
        for step in episode.steps
    )
    return replace(episode, steps=tuple(steps))


def _swap(names: tuple[str, ...], draw: Random) -> dict[str, str]:
    return dict(zip(names, draw.sample(names, len(names)), strict=True))
