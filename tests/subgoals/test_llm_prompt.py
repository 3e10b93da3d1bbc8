"""What a model is asked, and what is read from its answers."""

import json
from pathlib import Path

import pytest

from sgd_gym.subgoals import PREDICATES, annotate, parse
from sgd_gym.subgoals.llm_prompt import (
    Example,
    format_answer,
    gather,
    make_correction,
    make_gap_question,
    make_messages,
    make_question,
    parse_answer,
)

PATHS: dict[str, tuple[str, list[str]]] = json.loads(
    Path(__file__).with_name("oracle_paths.json").read_text(encoding="utf-8")
)


def test_a_conversation_holds_instructions_worked_example_same_task_example_and_path() -> None:
    path = PATHS["find-plant/0"][1]
    example = Example("Find a plant.", tuple(path), tuple(annotate(path)))
    messages = make_messages("Find an animal.", ["go to kitchen", "pick up cup"], example)
    assert [one["role"] for one in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert all(f"{name}(" in messages[0]["content"] for name in PREDICATES)
    assert messages[3]["content"] == make_question("Find a plant.", path)
    assert messages[4]["content"] == format_answer(gather(path, annotate(path)))
    assert messages[-1]["content"] == "Task: Find an animal.\nCommands:\ngo to kitchen\npick up cup"
    assert len(make_messages("Find an animal.", ["wait"], None)) == 4


def test_the_worked_example_is_a_right_answer() -> None:
    """It keeps its own rules: every command once, sub-goals of the grammar."""
    _, question, answer, _ = make_messages("x", ["wait"], None)
    said = parse_answer(answer["content"])
    commands = question["content"].partition("Commands:\n")[2].splitlines()
    assert said.rejected == ()
    assert [one for part in said.parts for one in part.commands] == commands


@pytest.mark.parametrize("name", PATHS)
def test_what_is_written_is_read_back(name: str) -> None:
    path = PATHS[name][1]
    parts = gather(path, annotate(path))
    answer = parse_answer(format_answer(parts))
    assert list(answer.parts) == parts
    assert answer.rejected == ()


def test_every_question_stands_on_its_own() -> None:
    for question in (
        make_question("Boil\nwater.", ["wait"]),
        make_gap_question("Boil\nwater.", ["wait"]),
        make_correction("It is empty.", make_question("Boil water.", ["wait"])),
    ):
        assert question.endswith("Task: Boil water.\nCommands:\nwait") or "missing" in question
        assert question.endswith("Commands:\nwait")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. read(x): a; b", [("read(x)", ("a", "b"))]),
        ("1) READ( x ) : a;b;", [("read(x)", ("a", "b"))]),
        ("read(x): a", [("read(x)", ("a",))]),
        ("- **read(x)**: `a`; `b`", [("read(x)", ("a", "b"))]),
        ('1. read("x"): {a; b}.', [("read(x)", ("a", "b"))]),
        ("Here you are:\n\n```\n1. read(x): a\n```\nDone.", [("read(x)", ("a",))]),
        ("1. read(x):\n   - a\n   - b\n2. wait(): c", [("read(x)", ("a", "b")), ("wait()", ("c",))]),
        ("1. read(x)\na\nb", [("read(x)", ("a", "b"))]),
        ("1. pour(milk, cup): pour jug into cup", [("pour(milk, cup)", ("pour jug into cup",))]),
        ("1. look_around()", [("look_around()", ())]),
        ("", []),
        ("I cannot help with that.", []),
        ("<html><body>no</body></html>", []),
    ],
)
def test_answers_are_read_in_many_dresses(text: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    answer = parse_answer(text)
    assert [(str(part.subgoal), part.commands) for part in answer.parts] == expected
    assert answer.rejected == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1. fetch(cup): a; b", "Unknown predicate 'fetch'"),
        ("1. read(a, b): a", "2 argument"),
        ("1. read(cup (full)): a", "is not a sub-goal"),
        ("1. go to the kitchen: a", "is not a sub-goal"),
    ],
)
def test_a_subgoal_outside_the_grammar_is_rejected_and_the_rest_kept(line: str, reason: str) -> None:
    answer = parse_answer(f"{line}\n  more\n2. read(x): c")
    assert [(part.subgoal, part.commands) for part in answer.parts] == [(parse("read(x)"), ("c",))]
    assert len(answer.rejected) == 1
    assert reason in answer.rejected[0]
