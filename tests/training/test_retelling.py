"""Other names and fewer bystanders, the same way in all texts of an episode."""

import re
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from random import Random

from sgd_gym.training.retelling import ANIMALS, MATERIALS, PRIMARY, TRAITS, VESSELS, retell
from sgd_gym.trajectories import Episode, read_episodes


def with_cups(episode: Episode) -> Episode:
    texts = {
        "look": "a wood cup (containing red paint), a bowl, a cupboard",
        "inventory": "a glass jar",
        "action": "pour cup containing red paint in bowl",
        "observation": "You pour the contents of the wood cup into the bowl.",
        "subgoal": "combine(red paint, blue paint)",
    }
    return replace(episode, steps=(replace(episode.steps[0], **texts),))


def test_one_name_stands_for_another_everywhere(annotated_data: Path) -> None:
    episode = with_cups(read_episodes(annotated_data)[0])
    found = set()
    for seed in range(30):
        (step,) = retell(episode, Random(seed)).steps
        material, kind = step.look.split()[1:3]
        bowl = step.look.split()[7].rstrip(",")
        assert material in MATERIALS
        assert {kind, bowl} <= set(VESSELS)
        assert kind != bowl
        red = step.look.split()[4]
        assert step.look == f"a {material} {kind} (containing {red} paint), a {bowl}, a cupboard"
        assert step.action == f"pour {kind} containing {red} paint in {bowl}"
        assert step.observation == f"You pour the contents of the {material} {kind} into the {bowl}."
        assert step.inventory == "a glass jar"
        found.add((material, kind, bowl))
    assert len(found) > 10


def test_the_same_draw_gives_the_same_names_and_nothing_else_changes(annotated_data: Path) -> None:
    for episode in read_episodes(annotated_data):
        one, two = (retell(episode, Random(7)) for _ in range(2))
        assert one == two
        assert one.task_description == episode.task_description
        assert [step.reward for step in one.steps] == [step.reward for step in episode.steps]


def test_paints_mix_as_before_in_other_colours(annotated_data: Path) -> None:
    episode = read_episodes(annotated_data)[0]
    mixed = "Yellow and red paint mix to produce orange paint. A red box, an orange, red-orange paint."
    expected = {
        ("red", "yellow"): ("Yellow", "red", "orange", "red-orange"),
        ("blue", "yellow"): ("Yellow", "blue", "green", "blue-green"),
        ("blue", "red"): ("Red", "blue", "violet", "blue-violet"),
        ("yellow", "red"): ("Red", "yellow", "orange", "yellow-orange"),
        ("yellow", "blue"): ("Blue", "yellow", "green", "yellow-green"),
        ("red", "blue"): ("Blue", "red", "violet", "red-violet"),
    }
    step = replace(episode.steps[0], observation=mixed, subgoal="combine(red paint, yellow paint)")
    found = set()
    for seed in range(40):
        (told,) = retell(replace(episode, steps=(step,)), Random(seed)).steps
        match = re.fullmatch(r"combine\((\w+) paint, (\w+) paint\)", told.subgoal or "")
        assert match is not None
        one, two, made, last = expected[match[1], match[2]]
        assert told.observation == (
            f"{one} and {two} paint mix to produce {made} paint. A red box, an orange, {last} paint."
        )
        found.add(match.groups())
    assert found == set(expected) == set(permutations(PRIMARY, 2))


def test_animals_that_grow_up_alike_are_swapped_but_where_their_lifespan_counts(annotated_data: Path) -> None:
    episode = read_episodes(annotated_data)[0]
    texts = {"look": "a giant tortoise egg, a baby wolf, a dove egg", "action": "focus on giant tortoise egg"}
    stages = replace(episode, task="identify-life-stages-1", steps=(replace(episode.steps[0], **texts),))
    lifespan = replace(stages, task="lifespan-longest-lived")
    found = set()
    for seed in range(40):
        (told,) = retell(stages, Random(seed)).steps
        match = re.fullmatch(r"a (.+) egg, a baby (\w+), a (.+) egg", told.look)
        assert match is not None
        assert match[1] != match[3]
        assert {match[1], match[3]} <= set(ANIMALS[0])
        assert match[2] in ANIMALS[1]
        assert told.action == f"focus on {match[1]} egg"
        found.add(match.groups())
        assert retell(lifespan, Random(seed)).steps == lifespan.steps
    assert len(found) > 20


def test_traits_stand_for_each_other_where_plants_are_bred(annotated_data: Path) -> None:
    episode = read_episodes(annotated_data)[0]
    look = "a pea plant with a tall height and round leaves: a large green flower, a round green  pea seed"
    step = replace(episode.steps[0], look=look, observation="The green box, an orange, a round seed jar.")
    told_task = "whether tall plant height is a dominant trait"
    bred = replace(episode, task="mendelian-genetics-known-plant", task_description=told_task, steps=(step,))
    form = r"a pea plant with a (\w+) height and (\w+) leaves: a (\w+) (\w+) flower, a (\w+) (\w+)  pea seed"
    found = set()
    for seed in range(40):
        told = retell(bred, Random(seed))
        match = re.fullmatch(form, told.steps[0].look)
        assert match is not None
        assert told.task_description == told_task.replace("tall", match[1])
        assert (match[2], match[4]) == (match[5], match[6])
        assert all(
            new in pool for new, pool in zip(match.groups(), (TRAITS[0], TRAITS[2], TRAITS[1]), strict=False)
        )
        assert told.steps[0].observation == step.observation
        assert retell(replace(bred, task="grow-plant"), Random(seed)).steps[0].look == look
        found.add(match[1])
    assert found == set(TRAITS[0])


def test_what_nobody_names_may_be_left_out(annotated_data: Path) -> None:
    episode = read_episodes(annotated_data)[0]
    things = ["\tthe agent", "\ta picture", "\ta desk (on it: a lamp)", "\ta fork. It is new.", "\ta rug"]
    look = "\n".join(["This room is called the den.", *things, "You also see:", "\tA door to the hallway"])
    texts = {"look": look, "action": "pick up fork", "observation": look, "subgoal": "open(desk)"}
    two = (replace(episode.steps[0], **texts), replace(episode.steps[0], look=look.replace("lamp", "cup")))
    seen = set()
    for seed in range(40):
        one, other = retell(replace(episode, steps=two), Random(seed)).steps
        head, *told, also, door = one.look.split("\n")
        assert (head, also, door) == (look.split("\n")[0], *look.split("\n")[-2:])
        assert set(things[2:4]) <= set(told)
        assert told == [thing for thing in things if thing in told]
        assert one.observation == one.look
        assert [line.split(" ")[:2] for line in other.look.split("\n")] == [
            line.split(" ")[:2] for line in one.look.split("\n")
        ]
        seen.add(frozenset(told))
    assert len(seen) == 8
