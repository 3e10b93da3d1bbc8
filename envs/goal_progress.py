"""The simulator's goal progress as records; knows the text that tells it, and no simulator.

ScienceWorld scores a task by a list of goals. Those of the first section are met one after the other; those
of the second in any order, or not at all: they give points on the way and are no condition of success.
"""

import re
from typing import TypedDict

from sgd_gym.errors import SimulatorError

_SECTIONS = {"Sequential Subgoals:": True, "Unordered and Optional Subgoals:": False}
_GOAL = re.compile(r"(?P<index>\d+)\t(?P<done>true|false)\t *(?P<kind>[^\s]+)\t(?P<text>.*)")
_RULE = "-" * 100


class GoalRecord(TypedDict):
    """One goal of a task, and whether it is met."""

    kind: str
    """The simulator's class of the goal, such as "GoalFind"."""
    text: str
    """The goal in words, such as "focus on substance"; empty for the few goals that have none."""
    done: bool
    """Whether it was met in this episode; it stays met."""
    ordered: bool
    """Whether it must be met, after the goals before it. Others are optional, in any order."""


def parse_goal_progress(text: str) -> list[GoalRecord]:
    """Return the goals that the simulator tells, in its order: the ordered ones first.

    Raises:
        SimulatorError: If a line is none that the simulator writes, or a section or a goal is missing.
    """
    goals: list[GoalRecord] = []
    sections = list(_SECTIONS)
    section, count = "", 0
    for line in text.splitlines():
        goal = _GOAL.fullmatch(line)
        if sections and line == sections[0]:
            section, count = sections.pop(0), 0
        elif goal and section and int(goal["index"]) == count:
            count += 1
            goals.append(
                {
                    "kind": goal["kind"],
                    "text": goal["text"].strip(),
                    "done": goal["done"] == "true",
                    "ordered": _SECTIONS[section],
                }
            )
        elif line not in ("", _RULE) and (section or not line.startswith("Completed keys:")):
            raise _error(f"has the line {line!r} where {_expected(section, count)} was expected")
    if sections:
        raise _error(f"ends before {sections[0]!r}, with {text[-60:]!r}")
    return goals


def _expected(section: str, count: int) -> str:
    return f"goal {count} under {section!r}" if section else f"'Completed keys:' or {next(iter(_SECTIONS))!r}"


def _error(fault: str) -> SimulatorError:
    return SimulatorError(
        f"The goal progress {fault}. Allowed: the sections 'Completed keys:', "
        f"{', '.join(map(repr, _SECTIONS))} with lines 'index, true or false, kind, text' between tabs. "
        f"Fix: use the scienceworld that this package requires."
    )
