"""Goal progress: what the simulator really writes for all tasks, and text that it does not write."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from sgd_gym.envs.goal_progress import GoalRecord, parse_goal_progress
from sgd_gym.envs.simulator import Simulator
from sgd_gym.envs.tasks import TASKS
from sgd_gym.errors import SimulatorError

RULE = "-" * 100
TEXT = f"""Completed keys: haveSoil, haveWater
{RULE}
Sequential Subgoals:
{RULE}
0\ttrue\t                                GoalFind\tfocus on [substance]: 10C, -2
1\tfalse\t                     GoalIsStateOfMatter\t
{RULE}
Unordered and Optional Subgoals:
{RULE}
0\ttrue\t                    GoalInRoomWithObject\tbe in same location as water
{RULE}

"""


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    world = Simulator()
    yield world
    world.close()


def states(goals: list[GoalRecord]) -> list[bool]:
    return [goal["done"] for goal in goals]


def test_sections_states_and_words_are_read() -> None:
    assert parse_goal_progress(TEXT) == [
        {"kind": "GoalFind", "text": "focus on [substance]: 10C, -2", "done": True, "ordered": True},
        {"kind": "GoalIsStateOfMatter", "text": "", "done": False, "ordered": True},
        {
            "kind": "GoalInRoomWithObject",
            "text": "be in same location as water",
            "done": True,
            "ordered": False,
        },
    ]


@pytest.mark.parametrize("task", [task.name for task in TASKS])
def test_every_task_has_goals_and_none_is_met_at_the_start(world: Simulator, task: str) -> None:
    world.load(task, 0, "easy")
    text = world.get("goal_progress")
    goals = parse_goal_progress(text)
    assert len(goals) == text.count("\tfalse\t") > 1
    assert not any(states(goals))
    orders = [goal["ordered"] for goal in goals]
    assert orders[0]
    assert orders == sorted(orders, reverse=True)
    for goal in goals:
        assert goal["kind"].startswith("Goal")
        assert goal["text"] == goal["text"].strip()


def test_goals_turn_true_along_the_oracle_path_and_stay_so(world: Simulator) -> None:
    world.load("find-plant", 0, "easy", gold_path=True)
    path = world.get("gold_path")
    world.load("find-plant", 0, "easy")
    seen = [parse_goal_progress(world.get("goal_progress"))]
    for command in path:
        world.step(command)
        seen.append(parse_goal_progress(world.get("goal_progress")))
    assert world.get("score") == 100
    for before, after in pairwise(seen):
        assert [goal["text"] for goal in before] == [goal["text"] for goal in after]
        assert all(later or not earlier for earlier, later in zip(states(before), states(after), strict=True))
    assert not any(states(seen[0]))
    assert any(states(seen[1]))
    assert all(goal["done"] for goal in seen[-1] if goal["ordered"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("1\tfalse", "1\tmaybe", ["'1\\tmaybe", "goal 1 under 'Sequential Subgoals:'"]),
        ("0\ttrue", "x\ttrue", ["'x\\ttrue"]),
        ("\tfocus on", " focus on", ["focus on [substance]"]),
        ("1\tfalse", "2\tfalse", ["'2\\tfalse"]),
        ("Unordered and Optional Subgoals:", "Optional:", ["'Optional:'", "goal 2"]),
        ("Completed keys", "No task is loaded", ["'No task is loaded", "'Completed keys:'"]),
        ("Sequential Subgoals:", "", ["'0\\ttrue", "'Sequential Subgoals:'"]),
        (TEXT, "", ["ends before 'Sequential Subgoals:'"]),
        (TEXT[TEXT.index("Unordered") :], "", ["ends before 'Unordered and Optional Subgoals:'"]),
    ],
)
def test_other_text_is_refused_with_its_line(old: str, new: str, words: list[str]) -> None:
    assert old in TEXT
    with pytest.raises(SimulatorError) as caught:
        parse_goal_progress(TEXT.replace(old, new, 1))
    for word in (*words, "Allowed:", "Fix:"):
        assert word in str(caught.value)
