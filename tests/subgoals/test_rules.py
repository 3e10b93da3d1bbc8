"""The rules divide oracle paths into sub-goals, every command into exactly one."""

import json
from itertools import groupby
from pathlib import Path

import pytest

from sgd_gym.envs.tasks import TASKS
from sgd_gym.subgoals import annotate, option_indices, parse

# One path of each task, as the simulator gives it; inclined-plane-friction-unnamed-surfaces has none of
# fewer than 130 commands, and says nothing that its neighbour does not say.
PATHS: dict[str, tuple[str, list[str]]] = json.loads(
    Path(__file__).with_name("oracle_paths.json").read_text(encoding="utf-8")
)


def divide(commands: list[str]) -> list[tuple[str, list[str]]]:
    """Return each sub-goal as text with its commands, in order."""
    subgoals = annotate(commands)
    rows = list(zip(option_indices(subgoals), map(str, subgoals), commands, strict=True))
    parts = [list(part) for _, part in groupby(rows, key=lambda row: row[0])]
    for part in parts:
        assert len({subgoal for _, subgoal, _ in part}) == 1, f"two sub-goals in one option: {part}"
    return [(part[0][1], [command for _, _, command in part]) for part in parts]


def test_paths_of_all_but_one_task_are_there() -> None:
    missing = {task.name for task in TASKS} - {name.split("/")[0] for name in PATHS}
    assert missing == {"inclined-plane-friction-unnamed-surfaces"}


@pytest.mark.parametrize("name", PATHS)
def test_every_command_lies_in_exactly_one_subgoal(name: str) -> None:
    path = PATHS[name][1]
    subgoals = annotate(path)
    assert len(subgoals) == len(path)
    indices = option_indices(subgoals)
    assert [index for index, _ in groupby(indices)] == list(range(indices[-1] + 1))
    assert [command for _, part in divide(path) for command in part] == path
    for subgoal in subgoals:
        assert parse(str(subgoal)) == subgoal


@pytest.mark.parametrize("name", PATHS)
def test_subgoals_gather_commands_and_walks_end_where_they_say(name: str) -> None:
    path = PATHS[name][1]
    parts = divide(path)
    assert len(parts) <= 0.8 * len(path)
    for subgoal, commands in parts:
        rooms = [command.removeprefix("go to ") for command in commands if command.startswith("go to ")]
        assert bool(rooms) == subgoal.startswith("navigate_to(")
        if rooms:
            assert subgoal == f"navigate_to({rooms[-1]})"


def test_the_path_of_use_thermometer() -> None:
    walk = ["open door to hallway", "go to hallway"]
    assert divide(PATHS["use-thermometer/0"][1]) == [
        ("navigate_to(kitchen)", ["open door to kitchen", "go to kitchen", "look around"]),
        ("focus_on(thermometer)", ["pick up thermometer", "focus on thermometer in inventory"]),
        (
            "navigate_to(living room)",
            [*walk, "open door to living room", "go to living room", "look around"],
        ),
        (
            "focus_on(unknown substance B)",
            ["pick up unknown substance B", "focus on unknown substance B in inventory"],
        ),
        (
            "navigate_to(bathroom)",
            [
                *walk,
                "open door to kitchen",
                "go to kitchen",
                "open door to bathroom",
                "go to bathroom",
                "look around",
            ],
        ),
        (
            "measure_temperature(unknown substance B)",
            ["use thermometer in inventory on unknown substance B in inventory"],
        ),
        (
            "place(unknown substance B, green box)",
            ["move unknown substance B in inventory to green box", "wait1"],
        ),
    ]


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (["open cupboard", "pick up metal pot"], ["pick_up(metal pot)"] * 2),
        (["open cupboard", "look around"], ["open(cupboard)"] * 2),
        (["open door to kitchen"], ["open(doors)"]),
        (["move metal pot to stove", "activate stove"], ["heat(metal pot, stove)"] * 2),
        (["move metal pot to stove", "activate oven"], ["heat(metal pot, stove)", "activate(oven)"]),
        (["move cup to freezer"], ["cool(cup, freezer)"]),
        (["move cup to table"], ["place(cup, table)"]),
        (
            ["move jug to sink", "activate sink", "deactivate sink", "pick up jug"],
            ["fill(jug, sink)"] * 4,
        ),
        (
            ["move jug to sink", "activate sink", "deactivate sink", "pick up cup"],
            ["fill(jug, sink)"] * 3 + ["pick_up(cup)"],
        ),
        (["pour jug into flower pot 1"], ["pour(jug, flower pot 1)"]),
        (
            [
                "connect battery anode to red wire terminal 1",
                "connect red wire terminal 2 to anode in lamp",
            ],
            ["connect(battery, lamp)"] * 2,
        ),
        (["use thermometer on ice", "use thermometer on water"], ["monitor(ice)"] * 2),
        (["wait", "wait", "wait"], ["wait()"] * 3),
        (["look around", "look around"], ["look_around()"] * 2),
        (["focus on tree", "0"], ["focus_on(tree)"] * 2),
        (["pick up cup", "wait", "wait"], ["pick_up(cup)"] * 3),
        (
            ["pick up cup", "wait", "wait", "wait", "drop cup"],
            ["pick_up(cup)"] + ["wait()"] * 3 + ["put_down(cup)"],
        ),
    ],
)
def test_small_paths(commands: list[str], expected: list[str]) -> None:
    assert [str(subgoal) for subgoal in annotate(commands)] == expected


def test_equal_subgoals_in_a_row_are_options_of_their_own() -> None:
    subgoals = annotate(["examine tree", "pick up tree", "pick up tree"])
    assert option_indices(subgoals) == [0, 1, 2]


def test_nothing_gives_nothing() -> None:
    assert annotate([]) == []
    assert option_indices([]) == []


def test_a_command_of_an_unknown_form_is_named() -> None:
    with pytest.raises(ValueError, match="'juggle oranges'"):
        annotate(["go to kitchen", "juggle oranges"])


@pytest.mark.parametrize(
    "command",
    ["pick up cup (containing a, b)", "move red (light, blue) cup, jug to box (1)"],
)
def test_names_with_signs_of_the_grammar_still_parse(command: str) -> None:
    for subgoal in annotate([command]):
        assert parse(str(subgoal)) == subgoal
