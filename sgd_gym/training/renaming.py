"""An episode in other names, where names say nothing of what to do.

Tasks with few train variations are told many times in a pass. A model that reads each time of the same wood
cup learns to pour from a wood cup, also where there is a jug. And who has seen how orange and green are mixed
can know how violet is: red, yellow and blue may stand for each other, if all that is mixed of them follows.
So may animals that grow up alike, but where a task asks how long they live.
"""

import re
from dataclasses import replace
from random import Random

from sgd_gym.trajectories import Episode

VESSELS = ("bowl", "cup", "jug")
MATERIALS = ("ceramic", "glass", "plastic", "tin", "wood")
PRIMARY = ("red", "yellow", "blue")
MIXED = {
    frozenset(("red", "yellow")): "orange",
    frozenset(("blue", "yellow")): "green",
    frozenset(("red", "blue")): "violet",
}
"""What two primary colours make."""
ANIMALS = (
    ("blue jay", "crocodile", "dove", "giant tortoise", "parrot", "turtle"),
    ("beaver", "elephant", "wolf"),
)
"""Those that are an egg, hatchling, juvenile and adult, and those that are a baby, juvenile and adult."""

_VESSEL = re.compile(rf"\b(?:({'|'.join(MATERIALS)}) )?({'|'.join(VESSELS)})\b")
_ANIMAL = re.compile(rf"\b(?:{'|'.join(sum(ANIMALS, ()))})\b")
_COLOUR = rf"(?:{'|'.join((*PRIMARY, *MIXED.values()))})"
_PAINT = re.compile(
    rf"\b{_COLOUR}(?:[- ]{_COLOUR})?(?=(?: and {_COLOUR}(?:[- ]{_COLOUR})?)? paint\b)", re.IGNORECASE
)


def rename(episode: Episode, draw: Random) -> Episode:
    """Return the episode with vessels, materials, paints and animals swapped, the same way in all texts."""
    swapped = _swap(VESSELS, draw) | _swap(MATERIALS, draw)
    colours = _swap(PRIMARY, draw)
    colours |= {mixed: MIXED[frozenset(colours[one] for one in parts)] for parts, mixed in MIXED.items()}
    animals = {old: new for names in ANIMALS for old, new in _swap(names, draw).items()}
    asks_lifespan = episode.task.startswith("lifespan")

    def paint(match: re.Match[str]) -> str:
        told = re.sub(r"[a-z]+", lambda word: colours[word[0]], match[0].lower())
        return told.capitalize() if match[0][0].isupper() else told

    def tell(text: str) -> str:
        text = _VESSEL.sub(lambda match: " ".join(swapped[one] for one in match.groups() if one), text)
        if not asks_lifespan:
            text = _ANIMAL.sub(lambda match: animals[match[0]], text)
        return _PAINT.sub(paint, text)

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
    return replace(episode, task_description=tell(episode.task_description), steps=tuple(steps))


def _swap(names: tuple[str, ...], draw: Random) -> dict[str, str]:
    return dict(zip(names, draw.sample(names, len(names)), strict=True))
