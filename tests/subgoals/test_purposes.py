"""What prepares a sub-goal belongs to it; what has a purpose of its own stays."""

import pytest

from sgd_gym.subgoals import annotate, parse
from sgd_gym.subgoals.purposes import join_purposes


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (["teleport to kitchen", "pick up cup"], ["pick_up(cup)"]),
        (["open door to kitchen", "go to kitchen", "pick up cup"], ["navigate_to(kitchen)", "pick_up(cup)"]),
        (["teleport to kitchen"], ["navigate_to(kitchen)"]),
        (["pick up cup", "focus on cup"], ["focus_on(cup)"]),
        (["pick up cup", "focus on tree"], ["pick_up(cup)", "focus_on(tree)"]),
        (["pick up cup", "teleport to kitchen", "move cup to red box"], ["place(cup, red box)"]),
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


def test_spans_keep_their_ends_and_nothing_gives_nothing() -> None:
    spans = [(1, parse("navigate_to(kitchen)")), (3, parse("pick_up(cup)")), (4, parse("open(door)"))]
    assert join_purposes(spans) == [(3, parse("pick_up(cup)")), (4, parse("open(door)"))]
    assert join_purposes([]) == []
