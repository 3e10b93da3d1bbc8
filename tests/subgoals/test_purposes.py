"""What prepares a sub-goal belongs to it; what has a purpose of its own stays."""

import pytest

from sgd_gym.subgoals import annotate, parse
from sgd_gym.subgoals.purposes import join_purposes


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (["teleport to kitchen", "pick up cup"], ["navigate_to(kitchen)", "pick_up(cup)"]),
        (["open door to kitchen", "go to kitchen", "pick up cup"], ["navigate_to(kitchen)", "pick_up(cup)"]),
        (["teleport to kitchen"], ["navigate_to(kitchen)"]),
        (["pick up cup", "focus on cup"], ["focus_on(cup)"]),
        (["pick up cup", "focus on tree"], ["pick_up(cup)", "focus_on(tree)"]),
        (["open drawer", "open fridge", "focus on milk"], ["focus_on(milk)"]),
        (["pick up cup", "pick up cup", "focus on cup"], ["focus_on(cup)"]),
        (
            ["pour cup containing red paint in jug", "pour cup containing blue paint in jug", "mix jug"],
            ["combine(red paint, blue paint)"],
        ),
        (["pour cup containing red paint in jug", "mix jug"], ["mix_in(red paint, jug)"]),
        (
            ["pour cup containing red paint in jug", "mix bowl"],
            ["pour(red paint, jug)", "mix(bowl)"],
        ),
        (["mix jug"], ["mix(jug)"]),
        (["examine ice", "wait", "wait", "wait", "examine ice"], ["examine(ice)", "wait()", "examine(ice)"]),
        (["examine ice", "wait", "examine ice", "wait"], ["monitor(ice)"]),
    ],
)
def test_purposes_of_small_paths(commands: list[str], expected: list[str]) -> None:
    found = annotate(commands)
    assert [
        str(one) for number, one in enumerate(found) if not number or one is not found[number - 1]
    ] == expected


@pytest.mark.parametrize(
    ("seen", "joined"),
    [
        (["Find a Cup.", ""], True),
        (["Your task is to boil water. a cup (containing nothing)", ""], True),
        (["Find a plant.", "This room is called the kitchen. In it, you see: a cup"], False),
        ([], False),
    ],
)
def test_a_walk_is_joined_only_to_what_is_known_before_it(seen: list[str], joined: bool) -> None:
    expected = ["pick_up(cup)"] * 2 if joined else ["navigate_to(kitchen)", "pick_up(cup)"]
    assert [str(one) for one in annotate(["teleport to kitchen", "pick up cup"], seen)] == expected


def test_a_thing_in_hand_is_carried_to_where_it_is_placed() -> None:
    path = ["pick up cup", "teleport to kitchen", "move cup to red box"]
    seen = ["Find a cup. Move it to the red box.", "In your inventory, you see: a cup", ""]
    assert {str(one) for one in annotate(path, seen)} == {"place(cup, red box)"}


def test_spans_keep_their_ends_and_nothing_gives_nothing() -> None:
    spans = [(1, parse("navigate_to(kitchen)")), (3, parse("pick_up(cup)")), (4, parse("open(door)"))]
    assert join_purposes(spans, ["a cup"]) == [(3, parse("pick_up(cup)")), (4, parse("open(door)"))]
    assert join_purposes(spans) == spans
    assert join_purposes([]) == []
