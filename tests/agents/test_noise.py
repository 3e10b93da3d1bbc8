"""Sub-goals that are spoilt on purpose."""

from collections.abc import Sequence
from typing import Any

import pytest

from sgd_gym.agents.sgd.noise import KINDS, NoisyPlanner
from sgd_gym.envs.tasks import TASKS
from sgd_gym.errors import SgdGymError, UnknownNameError
from sgd_gym.options import OptionRecord
from sgd_gym.spaces import ROOMS
from sgd_gym.subgoals.grammar import parse
from sgd_gym.vocabulary import read_vocabulary

LOOK = "This room is called the kitchen. In it, you see:\n\ta stove, which is off.\n\ta metal pot\n"
OWN = ("navigate_to(hallway)", "place(metal pot, stove)", "no sub-goal")


def seen(task: str) -> dict[str, str]:
    return {"task": task, "observation": LOOK, "look": LOOK, "inventory": "In your inventory, you see:\n"}


class Stubborn:
    """Always wants the same sub-goals, one after another."""

    def __init__(self) -> None:
        self.asked = 0

    def reset(self, slots: Sequence[int]) -> None:
        self.asked = 0

    def plan(self, slots: Sequence[int], *_: Any) -> list[str]:
        self.asked += 1
        return [OWN[(self.asked - 1) % len(OWN)]] * len(slots)

    def stats(self, slot: int) -> dict[str, int]:
        return {"calls": self.asked, "tokens": 0}


def play(kind: Any, rate: float, slots: Sequence[int] = (0,), rounds: int = 30) -> list[list[str]]:
    """Return what each world is told in so many decisions; each plays a task of its own."""
    planner = NoisyPlanner(Stubborn(), kind, rate)
    planner.reset(slots)
    told = []
    for number in range(rounds):
        last = [None if number == 0 else OptionRecord("wait()")] * len(slots)
        told.append(planner.plan(slots, [seen(f"task {slot}") for slot in slots], [{}] * len(slots), last))
    assert planner.stats(slots[0])["calls"] == rounds
    return [list(one) for one in zip(*told, strict=True)]


PURE = [OWN[number % len(OWN)] for number in range(30)]


@pytest.mark.parametrize("kind", KINDS)
def test_without_noise_the_planner_is_heard(kind: Any) -> None:
    assert play(kind, 0.0) == [PURE]
    assert play("none", 1.0) == [PURE]


def test_random_sub_goals_are_those_of_the_train_split() -> None:
    pool = set(read_vocabulary([task.name for task in TASKS]))
    (told,) = play("random", 1.0)
    assert set(told) <= pool
    assert len(set(told)) > 20
    (half,) = play("random", 0.5)
    assert 5 <= sum(one == own for one, own in zip(half, PURE, strict=True)) <= 25


def test_semi_random_keeps_what_is_done_and_takes_what_is_there() -> None:
    (told,) = play("semi-random", 1.0)
    assert told != PURE
    for text, own in zip(told, PURE, strict=True):
        if own == "no sub-goal":
            assert text == own
            continue
        goal = parse(text)
        assert goal.predicate == parse(own).predicate
        assert set(goal.arguments) <= (
            set(ROOMS) if goal.predicate == "navigate_to" else {"stove", "metal pot"}
        )


def test_first_replaces_the_first_only() -> None:
    (told,) = play("first", 1.0)
    assert told[0] != PURE[0]
    assert told[1:] == PURE[1:]


@pytest.mark.parametrize("kind", ["random", "semi-random", "first"])
def test_what_is_drawn_depends_on_the_episode_alone(kind: Any) -> None:
    both = play(kind, 0.5, slots=(0, 1))
    assert both == [*play(kind, 0.5, slots=(0,)), *play(kind, 0.5, slots=(1,))]
    assert both[0] != both[1]


def test_bad_settings_say_what_is_allowed() -> None:
    with pytest.raises(UnknownNameError, match="noise 'loud'"):
        NoisyPlanner(Stubborn(), "loud", 0.5)  # type: ignore[arg-type]
    with pytest.raises(SgdGymError, match=r"noise_rate is 1\.5\. Allowed: 0 to 1"):
        NoisyPlanner(Stubborn(), "random", 1.5)
