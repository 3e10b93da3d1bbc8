"""What is seen can be named in all the ways that oracle paths name it."""

import re
from pathlib import Path

import pytest

from sgd_gym.naming import FORMS, fields_in_sight, names_in_sight
from sgd_gym.sight import read_sight
from sgd_gym.trajectories import read_episodes

LOOK = """This room is called the greenhouse. In it, you see:
\tthe agent
\ta substance called air
\ta flower pot 4 (containing a apple tree in the adult stage with a tall height, soil)
\ta glass cup (containing a substance called red paint)
\ta recipe titled instructions to make mixed nuts
\ta red wire. its terminal 1 is connected to: nothing. its terminal 2 is connected to: nothing
You also see:
\tA door to the hallway (that is open)"""
INVENTORY = "In your inventory, you see:\n\ta metal pot (containing nothing)"


@pytest.mark.parametrize(
    "name",
    [
        *("apple tree", "apple tree in flower pot 4", "flower pot 4", "tree"),
        *("glass cup", "cup", "cup containing red paint", "glass cup in greenhouse", "red paint in cup"),
        *("recipe", "red wire", "wire", "metal pot", "pot in inventory", "metal pot containing nothing"),
        *("door to hallway", "hallway door"),
    ],
)
def test_things_have_these_names(name: str) -> None:
    assert name in names_in_sight(read_sight(LOOK, INVENTORY))


def test_like_things_are_told_apart_by_what_is_in_them() -> None:
    cups = "a wood cup (containing red paint), a wood cup (containing blue paint)"
    look = f"This room is called the art studio. In it, you see:\n\ta table. On the table is: {cups}."
    names = names_in_sight(read_sight(look, INVENTORY))
    assert {"cup containing red paint", "wood cup containing blue paint"} <= set(names)
    assert not [name for name in names if "red" in name and "blue" in name and not name.startswith("table")]


def test_what_is_not_seen_has_no_name() -> None:
    names = names_in_sight(read_sight(LOOK, INVENTORY))
    assert not [name for name in names if "banana" in name or "kitchen" in name or "blue" in name]
    assert len(names) == len(set(names))


def test_one_goes_next_door_and_teleports_anywhere() -> None:
    fields = fields_in_sight(read_sight(LOOK, INVENTORY))
    assert fields["door"] == ["hallway"]
    assert "kitchen" in fields["place"]
    assert "greenhouse" not in fields["place"]


def test_oracle_commands_are_made_of_forms_and_names(annotated_data: Path) -> None:
    missed, told = [], 0
    for episode in read_episodes(annotated_data):
        for step in episode.steps:
            fields = fields_in_sight(read_sight(step.look, step.inventory))
            told += 1
            if not any(fits(step.action, form, fields) for form in FORMS):
                missed.append(step.action)
    assert len(missed) < 0.1 * told, missed  # "pot containing tree and soil in inventory" is rare


def fits(command: str, form: str, fields: dict[str, list[str]]) -> bool:
    """Whether a form with these names makes a command."""
    parts = re.split(r"(\{\w*\})", form)
    alternatives = ["|".join(map(re.escape, fields[part.strip("{}")])) for part in parts[1::2]]
    pattern = "".join(
        f"(?:{alternatives.pop(0)})" if part.startswith("{") else re.escape(part) for part in parts
    )
    return re.fullmatch(pattern, command) is not None
