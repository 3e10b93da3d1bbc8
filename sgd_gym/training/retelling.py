"""An episode in other names and without some bystanders, which say nothing of what to do.

Episodes are told many times in a training. A model that reads each time of the same wood cup learns to pour
from a wood cup, also where there is a jug. And who has seen how orange and green are mixed can know how
violet is: red, yellow and blue may stand for each other, if all that is mixed of them follows. So may animals
that grow up alike, but where a task asks how long they live; and forms and colours of plants, lest the model
know by heart which of them are dominant. Some of what neither task nor command nor sub-goal names is left
out, lest the model know by a picture on the wall which game it is.
"""

import re
from dataclasses import replace
from random import Random

from sgd_gym.trajectories import Episode, Step

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
TRAITS = (
    ("short", "tall"),
    ("large", "small"),
    ("elliptical", "linear", "pointed", "round", "square", "wrinkly"),
    ("blue", "brown", "green", "orange", "purple", "white", "yellow"),
)
"""Forms and colours of plants that are bred."""

_VESSEL = re.compile(rf"\b(?:({'|'.join(MATERIALS)}) )?({'|'.join(VESSELS)})\b")
_ANIMAL = re.compile(rf"\b(?:{'|'.join(sum(ANIMALS, ()))})\b")
_COLOUR = rf"(?:{'|'.join((*PRIMARY, *MIXED.values()))})"
_PAINT = re.compile(
    rf"\b{_COLOUR}(?:[- ]{_COLOUR})?(?=(?: and {_COLOUR}(?:[- ]{_COLOUR})?)? paint\b)", re.IGNORECASE
)
_TRAIT = re.compile(
    rf"\b(?:{'|'.join(sum(TRAITS, ()))})\b"
    r"(?=(?: +\w+){0,3} +(?:height|leaf|leaves|flower|seed)\b(?! (?:jar|pot)\b))"
)
_LEFT_OUT = 0.3
"""Share of the bystanders that are left out."""
_DOORS = "You also see:"
"""What stands between things and doors in the description of a room."""
_TELLING_NOTHING = {"and", "called", "containing", "light", "liquid", "substance", "the", "which", "with"}
"""Words that a bystander may have in common with what is named."""


def retell(episode: Episode, draw: Random) -> Episode:
    """Return the episode in other names and without some bystanders."""
    return _leave_out(_rename(episode, draw), draw)


def _rename(episode: Episode, draw: Random) -> Episode:
    """Return the episode with vessels, materials, paints, animals and traits swapped, alike in all texts."""
    swapped = _swap(VESSELS, draw) | _swap(MATERIALS, draw)
    colours = _swap(PRIMARY, draw)
    colours |= {mixed: MIXED[frozenset(colours[one] for one in parts)] for parts, mixed in MIXED.items()}
    animals = {old: new for names in ANIMALS for old, new in _swap(names, draw).items()}
    asks_lifespan = episode.task.startswith("lifespan")
    is_bred = episode.task.startswith("mendelian")
    traits = {old: new for names in TRAITS for old, new in _swap(names, draw).items()} if is_bred else {}

    def paint(match: re.Match[str]) -> str:
        told = re.sub(r"[a-z]+", lambda word: colours[word[0]], match[0].lower())
        return told.capitalize() if match[0][0].isupper() else told

    def tell(text: str) -> str:
        text = _VESSEL.sub(lambda match: " ".join(swapped[one] for one in match.groups() if one), text)
        if not asks_lifespan:
            text = _ANIMAL.sub(lambda match: animals[match[0]], text)
        if is_bred:
            text = _TRAIT.sub(lambda match: traits[match[0]], text)
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


def _leave_out(episode: Episode, draw: Random) -> Episode:
    """Return the episode with fewer bystanders in its rooms."""
    subgoals = (step.subgoal or "" for step in episode.steps)
    named = _words(" ".join((episode.task_description, *episode.actions, *subgoals)))
    luck: dict[str, float] = {}

    def tell(look: str) -> str:
        head, *lines = look.split("\n")
        end = lines.index(_DOORS) if _DOORS in lines else len(lines)
        told = [
            line
            for line in lines[:end]
            if luck.setdefault(_name(line), draw.random()) >= _LEFT_OUT or named & _words(line)
        ]
        return "\n".join([head, *told, *lines[end:]])

    def answer(step: Step) -> str:
        return tell(step.observation) if step.observation.strip() == step.look.strip() else step.observation

    steps = (replace(step, look=tell(step.look), observation=answer(step)) for step in episode.steps)
    return replace(episode, steps=tuple(steps))


def _name(line: str) -> str:
    """Return what a line of a room's description names, without its state."""
    return re.split(r" \(|[,.:]", line, maxsplit=1)[0]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{3,}", text.lower())) - _TELLING_NOTHING


def _swap(names: tuple[str, ...], draw: Random) -> dict[str, str]:
    return dict(zip(names, draw.sample(names, len(names)), strict=True))
