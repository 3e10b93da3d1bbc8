"""The grammar prints what it parses and parses what it prints; all else is refused with what is allowed."""

import itertools

import pytest

from sgd_gym.errors import SubgoalError
from sgd_gym.subgoals import PREDICATES, Subgoal, parse

NAMES = ("kitchen", "unknown substance B", "adult apple tree", "inclined plane with a soapy surface")


@pytest.mark.parametrize("predicate", PREDICATES)
def test_parse_undoes_print(predicate: str) -> None:
    for arguments in itertools.permutations(NAMES, len(PREDICATES[predicate])):
        subgoal = Subgoal(predicate, arguments)
        assert parse(str(subgoal)) == subgoal
        assert str(parse(str(subgoal))) == str(subgoal)


def test_the_printed_form() -> None:
    assert str(Subgoal("place", ("metal pot", "stove"))) == "place(metal pot, stove)"
    assert str(Subgoal("look_around")) == "look_around()"


@pytest.mark.parametrize(
    "text",
    [
        "place(metal pot, stove)",
        "place(metal pot,stove)",
        "  place ( metal pot ,  stove )\n",
    ],
)
def test_blanks_do_not_matter(text: str) -> None:
    assert parse(text) == Subgoal("place", ("metal pot", "stove"))
    assert parse(" look_around( ) ") == Subgoal("look_around")


def test_equal_subgoals_are_equal_and_hash_alike() -> None:
    assert {parse("wait()"), Subgoal("wait")} == {Subgoal("wait", ())}
    assert parse("open(door)") != parse("close(door)")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kitchen",
        "open",
        "open(door",
        "open door)",
        "open((door))",
        "open(door)(door)",
        "open(door) close(door)",
        "open(door)\nclose(door)",
        "Open(door)",
        "1(door)",
    ],
)
def test_text_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(SubgoalError, match=r"is not a sub-goal\. Allowed: the form predicate\("):
        parse(text)


def test_an_unknown_predicate_is_refused_with_all_that_are_allowed() -> None:
    with pytest.raises(SubgoalError, match="Unknown predicate 'fly_to'") as caught:
        parse("fly_to(moon)")
    assert all(predicate in str(caught.value) for predicate in PREDICATES)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("navigate_to()", r"navigate_to\(room\)"),
        ("navigate_to(kitchen, hallway)", r"navigate_to\(room\)"),
        ("place(pot)", r"place\(object, container\)"),
        ("wait(here)", r"wait\(\)"),
    ],
)
def test_a_wrong_number_of_arguments_is_refused_with_the_form(text: str, allowed: str) -> None:
    with pytest.raises(SubgoalError, match=rf"argument\(s\).*Allowed: {allowed}\."):
        parse(text)


@pytest.mark.parametrize("argument", ["", " ", "a ", "a,b", "a(b", "a)b", "a\nb"])
def test_what_would_not_print_and_parse_is_no_argument(argument: str) -> None:
    with pytest.raises(SubgoalError, match="is no argument"):
        Subgoal("open", (argument,))


@pytest.mark.parametrize("text", ["place(pot,)", "place(,pot)", "open( , )"])
def test_empty_arguments_are_refused(text: str) -> None:
    with pytest.raises(SubgoalError):
        parse(text)


def test_errors_are_value_errors() -> None:
    with pytest.raises(ValueError):
        parse("nonsense")
