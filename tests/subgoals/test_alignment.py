"""Proposed sub-goals are laid over a path: every command lies in exactly one sub-goal."""

import random

import pytest

from sgd_gym.errors import SubgoalError
from sgd_gym.subgoals import Subgoal, option_indices, parse
from sgd_gym.subgoals.alignment import Part, complete, divide, fill, match
from sgd_gym.subgoals.llm_prompt import gather


def part(subgoal: str, commands: str) -> Part:
    return Part(parse(subgoal), tuple(commands.split()))


def shown(subgoals: list[Subgoal | None]) -> str:
    return " ".join(subgoal.arguments[0] if subgoal else "-" for subgoal in subgoals)


@pytest.mark.parametrize(
    ("path", "proposed", "places"),
    [
        ("a b c", "a b c", [0, 1, 2]),
        ("a b c", "a c", [0, None, 1]),
        ("a b c", "a x b c y", [0, 2, 3]),
        ("a b c", "b a c", [None, 0, 2]),
        ("w w w", "w", [0, None, None]),
        ("a b", "", [None, None]),
        ("", "a", []),
        ("A  b", "a b", [0, 1]),
    ],
)
def test_the_fewest_insertions_and_deletions(path: str, proposed: str, places: list[int | None]) -> None:
    assert match(path.split(), proposed.split()) == places


def test_case_and_blanks_do_not_matter() -> None:
    assert match(["go to  Kitchen"], [" Go to kitchen "]) == [0]


def test_what_fits_is_taken_as_it_is() -> None:
    division = divide(["a", "b", "c", "d"], [part("read(x)", "a b"), part("read(y)", "c d")])
    assert shown(division.subgoals) == "x x y y"
    assert (division.joined, division.dropped, division.gaps, division.matched) == (0, 0, [], 4)
    assert option_indices(complete(division)) == [0, 0, 1, 1]


def test_a_single_missing_command_joins_the_subgoal_before_it() -> None:
    division = divide(["a", "b", "c"], [part("read(x)", "a"), part("read(y)", "c")])
    assert shown(division.subgoals) == "x x y"
    assert (division.joined, division.gaps) == (1, [])


def test_a_missing_first_command_joins_the_subgoal_after_it() -> None:
    assert shown(divide(["a", "b"], [part("read(x)", "b")]).subgoals) == "x x"


def test_extra_commands_are_dropped_and_empty_subgoals_with_them() -> None:
    division = divide(["a", "b"], [part("read(x)", "a q"), part("read(z)", "r s"), part("read(y)", "b")])
    assert shown(division.subgoals) == "x y"
    assert division.dropped == 3


def test_a_command_out_of_place_is_missing_here_and_extra_there() -> None:
    division = divide(["a", "b", "c"], [part("read(x)", "b a"), part("read(y)", "c")])
    assert shown(division.subgoals) == "x x y"
    assert (division.joined, division.dropped) == (1, 1)


def test_a_longer_gap_is_named_and_can_be_filled() -> None:
    division = divide(["a", "b", "c", "d", "e"], [part("read(x)", "a"), part("read(y)", "e")])
    assert division.gaps == [(1, 4)]
    assert (shown(division.subgoals), division.matched) == ("x - - - y", 2)
    with pytest.raises(SubgoalError, match="have no sub-goal"):
        complete(division)
    filled = fill(division, (1, 4), [part("read(m)", "b"), part("read(n)", "d zz")])
    assert (shown(filled.subgoals), filled.gaps) == ("x m m n y", [])
    assert (filled.joined, filled.dropped) == (1, 1)
    with pytest.raises(SubgoalError, match="is no gap"):
        fill(filled, (1, 4), [])


def test_a_gap_can_be_filled_in_parts() -> None:
    division = divide(["a", "b", "c", "d", "e"], [])
    assert division.gaps == [(0, 5)]
    filled = fill(division, (0, 5), [part("read(x)", "a"), part("read(y)", "d e")])
    assert filled.gaps == [(1, 3)]
    assert shown(fill(filled, (1, 3), [part("read(z)", "b c")]).subgoals) == "x z z y y"


def test_a_subgoal_that_goes_on_in_a_gap_stays_one() -> None:
    division = divide(["a", "b", "c", "d"], [part("read(x)", "a"), part("read(y)", "d")])
    for name, options in (("x", [0, 0, 0, 1]), ("y", [0, 1, 1, 1]), ("z", [0, 1, 1, 2])):
        filled = complete(fill(division, (1, 3), [part(f"read({name})", "b c")]))
        assert option_indices(filled) == options


def test_equal_neighbours_stay_two() -> None:
    same = parse("read(x)")
    division = divide(["a", "b"], [Part(same, ("a",)), Part(same, ("b",))])
    assert option_indices(complete(division)) == [0, 1]


def test_nothing_proposed_leaves_one_gap_even_of_one_command() -> None:
    assert divide(["a"], []).gaps == [(0, 1)]
    assert divide([], []).gaps == []


@pytest.mark.parametrize("seed", range(60))
def test_the_law_holds_for_any_proposal(seed: int) -> None:
    """Every command lies in one sub-goal, and their commands, one after the other, are the path."""
    draw = random.Random(seed)
    path = [draw.choice("abcde") for _ in range(draw.randint(1, 25))]
    proposed = [one for one in path if draw.random() > 0.3]
    for _ in range(draw.randint(0, 6)):
        proposed.insert(draw.randint(0, len(proposed)), draw.choice("abcdexyz"))
    cuts = sorted(draw.choices(range(len(proposed) + 1), k=draw.randint(0, 5)))
    edges = list(zip([0, *cuts], [*cuts, len(proposed)], strict=True))
    parts = [
        Part(parse(f"read({number})"), tuple(proposed[start:end]))
        for number, (start, end) in enumerate(edges)
    ]
    division = divide(path, parts)
    places = match(path, proposed)
    kept = [place for place in places if place is not None]
    assert kept == sorted(set(kept))
    assert [proposed[place] for place in kept] == [
        command for command, place in zip(path, places, strict=True) if place is not None
    ]
    assert division.dropped == len(proposed) - len(kept)
    while division.gaps:
        start, end = gap = division.gaps[0]
        assert end - start > 1 or len(path) == 1 or not kept
        division = fill(division, gap, [Part(parse("read(gap)"), tuple(path[start:end]))])
    subgoals = complete(division)
    assert len(subgoals) == len(path)
    assert [command for one in gather(path, subgoals) for command in one.commands] == path
