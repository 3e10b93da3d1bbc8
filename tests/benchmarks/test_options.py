"""The measurement of detector, scripted executor and masks, on real paths of one task."""

import json
from pathlib import Path

import pytest

from sgd_gym.benchmarks.options import OptionsConfig, measure_options
from sgd_gym.benchmarks.truth import State
from sgd_gym.data.annotate import AnnotateConfig, annotate_folder
from sgd_gym.data.collect import CollectConfig, collect
from sgd_gym.errors import DataError, UnknownNameError
from sgd_gym.subgoals.grammar import parse


@pytest.mark.slow
def test_two_paths_are_measured(tmp_path: Path) -> None:
    raw = CollectConfig(tmp_path / "raw", ["find-plant"], ["dev"], max_variations=2, worlds=1, shorten=True)
    raw.short_out = tmp_path / "short"
    collect(raw)
    annotate_folder(AnnotateConfig(tmp_path / "short", tmp_path / "annotated"))
    config = OptionsConfig(tmp_path / "annotated", ["find-plant"], negatives=10, worlds=1, out=tmp_path)
    figures = {figure.name: figure for figure in measure_options(config)}
    assert figures["detector: recall, %"].value == 100
    assert figures["scripted executor: reached, %"].value == 100
    assert figures["next option is open, %"].value == 100
    told = json.loads((tmp_path / "options.json").read_text(encoding="utf-8"))
    rows = {row["predicate"]: row for row in told["rows"]}
    assert rows["navigate_to"]["subgoals"] == 2
    assert sum(row["negatives"] for row in rows.values()) > 20
    assert "| navigate_to | 2 | 100.0 |" in (tmp_path / "options.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        (OptionsConfig(negatives=0), UnknownNameError, "Unknown negatives 0"),
        (OptionsConfig(tasks=["boyl"]), UnknownNameError, "Did you mean 'boil'"),
    ],
)
def test_wrong_arguments_are_told(config: OptionsConfig, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        measure_options(config)


def test_paths_of_another_task_are_told(annotated_data: Path) -> None:
    with pytest.raises(DataError, match="no annotated dev path of boil"):
        measure_options(OptionsConfig(annotated_data, ["boil"]))


def node(name: str, *contents: dict[str, object], **properties: object) -> dict[str, object]:
    return {"name": name, "contents": {str(n): one for n, one in enumerate(contents)}, **properties}


@pytest.mark.parametrize(
    ("goal", "excluded"),
    [
        ("navigate_to(kitchen)", False),
        ("navigate_to(foundry)", True),
        ("pick_up(orange)", False),
        ("pick_up(metal pot)", True),
        ("place(metal pot, stove)", False),
        ("heat(metal pot, stove)", False),
        ("place(orange, stove)", True),
        ("fill(metal pot, sink)", False),
        ("activate(stove)", False),
        ("activate(sink)", True),
        ("open(fridge)", True),
        ("open(doors)", False),
        ("close(doors)", True),
        ("read(recipe)", True),  # the command names another thing
        ("focus_on(metal pot)", False),
        ("examine(lead)", False),  # a sub-goal of the path
        ("wait()", True),
    ],
)
def test_a_state_excludes_what_cannot_hold(goal: str, excluded: bool) -> None:
    agent = node("agent", node("inventory", node("orange")))
    pot = node("metal pot", node("water"))
    stove = node("stove", pot, propDevice={"isActivated": True})
    fridge = node("fridge", propContainer={"isOpen": False})
    tree = node("universe", node("kitchen", agent, stove, fridge, node("sink")))
    begun = [parse("examine(lead)")]
    state = State.of(tree, "focus on metal pot", "A door to the hallway (that is open)", begun)
    assert state.excludes(parse(goal)) is excluded
