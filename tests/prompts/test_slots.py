"""What only tells things apart is a slot, and comes back as a name."""

import json
from pathlib import Path

import pytest

from sgd_gym.prompts import Reply, Slots, Start, Transcript

PATHS: dict[str, tuple[str, list[str]]] = json.loads(
    Path(__file__).parents[1].joinpath("subgoals", "oracle_paths.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", PATHS)
def test_slots_come_back_as_names(name: str) -> None:
    """Law: `write(read(text)) == text`, but for capitals, which the simulator does not mind."""
    task, path = PATHS[name]
    slots = Slots(task)
    told = [slots.read(command) for command in path]
    assert [slots.write(text).lower() for text in told] == [command.lower() for command in path]
    assert [slots.read(command) for command in path] == told
    assert len(set(told)) == len({command.lower() for command in path})


def test_slots_are_given_in_order_and_told_in_the_task_once() -> None:
    slots = Slots("Use the green box or the red box, with the red wire. Open the green box.")
    assert slots.task == (
        "Use the colourA=green box or the colourB=red box, with the wireA=red wire. Open the colourA box."
    )
    text = "a red box, a green box, a blue box, a blue wire, a red wire"
    assert slots.read(text) == "a colourB box, a colourA box, a blue box, a wireB wire, a wireA wire"
    assert slots.read("the other blue wire") == "the other wireB wire"
    assert slots.write("connect wireB wire to colourB box") == "connect blue wire to red box"


@pytest.mark.parametrize(
    ("task", "told", "text", "read"),
    [
        (
            "boil ice cream. First, focus on the substance.",
            "boil thingA=ice cream. First, focus on the substance.",
            "a substance called liquid ice cream, a box with ice",
            "a substance called liquid thingA, a box with ice",
        ),
        (
            "measure the melting point of solid unknown substance F, which is near. Use unknown substance F.",
            "measure the melting point of solid thingA=unknown substance F, which is near. Use thingA.",
            "unknown substance f, unknown substance B",
            "thingA, unknown substance B",
        ),
        (
            "determine if book (On Origins) is electrically conductive.",
            "determine if thingA=book (On Origins) is electrically conductive.",
            "a book (On Origins), a book shelf",
            "a thingA (On Origins), a thingA shelf",
        ),
        (
            "turn on the blue light bulb by powering it. First, focus on the blue light bulb.",
            "turn on the thingA=blue light bulb by powering it. First, focus on the thingA.",
            "connect blue wire terminal 2 to anode in blue light bulb, a red light bulb",
            "connect wireA wire terminal 2 to anode in thingA, a deviceA",
        ),
        (
            "grow a peach plant from seed.",
            "grow a thingA=peach plant from seed.",
            "a peach seed, a peach tree, an apricot tree, a plant, the plant on tree",
            "a thingA seed, a thingA tree, an plantA tree, a plant, the plant on tree",
        ),
        (
            "determine which of the two inclined planes (tin, glass) has the most friction.",
            "determine which of the two inclined planes (thingA=tin, thingB=glass) has the most friction.",
            "a inclined plane with a glass surface, a tin cup",
            "a inclined plane with a thingB surface, a tin cup",
        ),
        (
            "determine which of the two inclined planes (B, F) has the steepest angle.",
            "determine which of the two inclined planes (thingA=B, thingB=F) has the steepest angle.",
            "focus on inclined plane F, not on B",
            "focus on inclined plane thingB, not on B",
        ),
        (
            "use chemistry to create violet-red paint. Focus on the paint you created.",
            "use chemistry to create violet-thingA=red paint. Focus on the paint you created.",
            "a cup (red paint), red and blue paint, violet red paint, red-orange paint, red apple, red wire",
            "a cup (thingA paint), thingA and blue paint, violet thingA paint, thingA-orange paint, "
            "red apple, wireA wire",
        ),
        (
            "determine whether round leaf shape is a dominant trait in the pea plant. Focus on the red box.",
            "determine whether traitA=round leaf shape is a dominant trait in the thingA=pea plant. "
            "Focus on the colourA=red box.",
            "a pea plant with a tall height and round leaves. On it: a round green  pea seed, round seed jar",
            "a thingA plant with a tall height and traitA leaves. On it: a round green  thingA seed, "
            "round seed jar",
        ),
        (
            "determine whether green seed color is a dominant trait in the unknown C plant.",
            "determine whether traitA=green seed color is a dominant trait in the thingA=unknown C plant.",
            "a green box, a round green  unknown C seed, green flower pot, green leaves",
            "a green box, a round traitA  thingA seed, green flower pot, green leaves",
        ),
        (
            "determine if a thing is electrically conductive.",
            "determine if thingA=a thing is electrically conductive.",
            "a table. On it: an electric motor, a red light bulb, a light bulb",
            "a table. On it: an deviceA, a deviceB, a light bulb",
        ),
        (
            "use chemistry to create orange paint. When you are done, focus on the orange paint.",
            "use chemistry to create orange paint. When you are done, focus on the orange paint.",
            "a cup (red paint)",
            "a cup (red paint)",
        ),
    ],
)
def test_what_a_task_is_about_gets_a_slot(task: str, told: str, text: str, read: str) -> None:
    slots = Slots(f"Your task is to {task}")
    assert slots.task == f"Your task is to {told}"
    assert slots.read(text) == read
    assert slots.write(read).lower() == text.lower()


def test_the_parts_that_a_recipe_names_get_slots_but_for_water() -> None:
    slots = Slots("Your task is to use chemistry to create the substance 'dough'.")
    recipe = "To make dough, you need to mix flour, water, peanut."
    assert slots.read(recipe, allot=False) == "To make thingA, you need to mix flour, water, peanut."
    assert slots.read(recipe) == "To make thingA, you need to mix thingB=flour, water, thingC=peanut."
    assert slots.read("a jar with Flour and peanut butter") == "a jar with thingB and thingC butter"
    assert slots.write("move thingC to cup") == "move peanut to cup"
    assert slots.read(recipe) == "To make thingA, you need to mix thingB, water, thingC."


@pytest.mark.parametrize(
    ("reading", "told"), [("-9 degrees", "-9 degrees, above"), ("-10.5 degrees", "-10.5 degrees, below")]
)
def test_a_temperature_is_compared_with_the_limit_of_the_task(reading: str, told: str) -> None:
    slots = Slots("If the soap temperature is above -10.0 degrees celsius, take the red box.")
    assert slots.read(reading) == told
    assert slots.read(f"thermometer {reading}") == f"thermometer {reading}"
    assert Slots("Your task is to boil soap.").read(reading) == reading


def test_a_slide_is_compared_with_that_on_the_other_plane() -> None:
    slots = Slots(
        "Your task is to determine which of the two inclined planes (tin, glass) has the most friction."
    )
    first, second = "inclined plane with a tin surface: block", "inclined plane with a glass surface: block"
    assert slots.read(f"{first} 20%") == "inclined plane with a thingA surface: block 20%"
    assert slots.read(f"{second} 30%") == "inclined plane with a thingB surface: block 30%, farther"
    assert slots.read(f"{first} 25%") == "inclined plane with a thingA surface: block 25%, less far"
    assert slots.read(f"{second} 25%") == "inclined plane with a thingB surface: block 25%"
    assert slots.read(f"a table, {second} 40%") == "a table, inclined plane with a thingB surface: block 40%"


def test_a_room_is_told_anew_when_a_recipe_gives_slots() -> None:
    task, kitchen = (
        "Your task is to create the substance 'dough'.",
        "This room is called the kitchen. In it: \n\tflour",
    )
    transcript = Transcript()
    transcript.read(Start(task, kitchen, ""))
    reply = Reply("The recipe reads:\nTo make dough, you need to mix flour, water.", kitchen, "", 0)
    (told,) = transcript.read(reply)
    assert told.endswith("you need to mix thingB=flour, water<|look|>kitchen: thingB")


def test_a_slot_that_nobody_has_stays_text() -> None:
    assert Slots("").write("focus on plantC tree") == "focus on plantC tree"


def test_slots_of_one_episode_are_not_those_of_another() -> None:
    slots = [Slots("") for _ in range(2)]
    slots[0].read("a red wire")
    assert [one.read("a green wire") for one in slots] == ["a wireB wire", "a wireA wire"]
