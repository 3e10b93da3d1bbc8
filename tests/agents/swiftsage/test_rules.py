"""Each switching rule, where it holds and where it does not; and what they decide together."""

from collections.abc import Sequence

import pytest

from sgd_gym.agents.history import History, Move
from sgd_gym.agents.swiftsage import rules
from sgd_gym.agents.swiftsage.buffer import Buffer
from sgd_gym.agents.swiftsage.rules import SAGE, SWIFT, wants_sage

KITCHEN = (
    "This room is called the kitchen. In it, you see: \n\tthe agent\n"
    "\ta cup (containing a substance called milk)\n"
    "\ta stove, which is turned off. On the stove is: nothing.\n"
    "You also see:\n\tA door to the hallway (that is open)"
)
NOTHING = "In your inventory, you see:\n\tan orange\n"
UNKNOWN, BROKEN, FINE = "No known action matches that input.", "The cup is not openable.", "You wait."


def made(moves: Sequence[Move] = (), calls: Sequence[int] = (), withheld: Sequence[str] = ()) -> History:
    task = "Your task is to boil milk. First, focus on the milk."
    return History(task, KITCHEN, NOTHING, list(moves), ["kitchen"], 0.0, list(calls), list(withheld))


def swift(*replies: str, command: str = "wait", reward: float = 0.0) -> list[Move]:
    return [Move(command, SWIFT, reply, reward) for reply in replies]


def quiet(count: int) -> list[Move]:
    return swift(*[FINE] * count)


def test_swift_begins() -> None:
    assert rules.is_early(made(quiet(9)))
    assert not rules.is_early(made(quiet(10)))


def test_swift_has_five_moves_after_sage() -> None:
    assert rules.is_after_sage(made(quiet(14), calls=[10]))
    assert not rules.is_after_sage(made(quiet(15), calls=[10]))
    assert not rules.is_after_sage(made(quiet(1)))


def test_a_reward_within_five_moves() -> None:
    paid = swift(FINE, reward=3.0)
    assert rules.is_rewarded(made([*paid, *quiet(4)]))
    assert not rules.is_rewarded(made([*paid, *quiet(5)]))
    assert not rules.is_rewarded(made(swift(FINE, reward=-5.0)))


def test_a_new_command() -> None:
    moves = [*swift(FINE, command="open cup"), *quiet(2)]
    assert not rules.is_new(made(moves), "open cup")
    assert rules.is_new(made([*moves, *quiet(1)]), "open cup")
    assert rules.is_new(made(), "wait")


def test_a_command_that_cannot_be_carried_out() -> None:
    for command in ("open fridge", "go to greenhouse", "dance", "", "teleport to moon"):
        assert rules.is_invalid(made(), command), command
    for command in ("open cup", "go to hallway", "teleport to greenhouse", "wait", "use orange on stove"):
        assert not rules.is_invalid(made(), command), command


def test_a_question_of_the_simulator_is_swifts() -> None:
    question = "Ambiguous request: Please enter the number for the action you intended (or blank to cancel):"
    asked = made(swift(UNKNOWN, UNKNOWN, question))
    assert rules.is_asked(asked)
    assert rules.wants_sage(asked, "0") is None
    assert not rules.is_asked(made(swift(question, FINE)))
    assert not rules.is_asked(made())


def test_two_unknown_commands_in_a_row() -> None:
    assert rules.is_idle(made(swift(FINE, UNKNOWN, UNKNOWN)))
    assert not rules.is_idle(made(swift(UNKNOWN, FINE, UNKNOWN)))
    assert not rules.is_idle(made(swift(UNKNOWN)))
    assert not rules.is_idle(made(swift(UNKNOWN, UNKNOWN), calls=[1]))


@pytest.mark.parametrize(
    "reply",
    [
        *(UNKNOWN, BROKEN, "The door is already open.", "I'm not sure how to use those two things together."),
        "Ambiguous request: Please enter the number for the action you intended (or blank to cancel):",
        "It's not clear how to get there from here.",
        "The cup can't be poured out, because it's not open.",
    ],
)
def test_two_failures_within_five_moves(reply: str) -> None:
    assert rules.is_unexpected(made(swift(reply, FINE, FINE, FINE, reply)))
    assert not rules.is_unexpected(made(swift(reply, FINE, FINE, FINE, FINE, reply)))
    assert not rules.is_unexpected(made(swift(reply, reply), calls=[1]))


@pytest.mark.parametrize(
    "reply",
    [
        *("You move to the kitchen.", "The stove is now activated.", "You decide to wait for 10 iterations."),
        "the thermometer measures a temperature of 10 degrees celsius",
        "a metal pot (containing a substance called water)",
        "You focus on the milk.",
    ],
)
def test_what_worked_is_no_failure(reply: str) -> None:
    assert not rules.is_unexpected(made(swift(reply, reply, reply)))


def test_swift_focuses_before_sage_did() -> None:
    assert rules.is_critical(made(), "focus on milk")
    assert not rules.is_critical(made(), "open cup")
    assert not rules.is_critical(made([Move("focus on cup", SAGE)]), "focus on milk")
    assert rules.is_critical(made([Move("focus on cup", SWIFT)]), "focus on milk")


def test_sage_was_asked_just_now() -> None:
    assert rules.is_recent(made(quiet(12), calls=[10]))
    assert not rules.is_recent(made(quiet(13), calls=[10]))
    assert not rules.is_recent(made(quiet(3)))


def test_two_questions_in_a_row_are_enough() -> None:
    advised = [Move("open cup", SAGE), Move("wait", SAGE)]
    assert rules.is_sage_worn(made([*quiet(10), *advised], calls=[10, 12]))
    assert rules.is_sage_worn(made(quiet(10), calls=[10, 10]))
    assert not rules.is_sage_worn(made([*quiet(10), *advised], calls=[10]))
    assert not rules.is_sage_worn(made([*quiet(10), *advised, *quiet(1)], calls=[10, 12]))


def test_swift_may_focus_on_what_the_task_names_or_at_the_third_attempt() -> None:
    assert rules.may_focus(made(), "focus on milk")
    assert rules.may_focus(made(), "open cup")
    assert not rules.may_focus(made(withheld=["focus on cup"]), "focus on cup")
    assert rules.may_focus(made(withheld=["focus on cup"] * 2), "focus on cup")


STUCK = [*quiet(10), *swift(FINE, command="open cup")]


@pytest.mark.parametrize(
    ("history", "command", "rule"),
    [
        (made(), "open cup", None),
        (made(), "open fridge", "invalid"),
        (made(quiet(2), calls=[1]), "open fridge", None),
        (made(), "focus on milk", "critical"),
        (made(swift(UNKNOWN, UNKNOWN)), "open cup", "idle"),
        (made(swift(BROKEN, BROKEN)), "open cup", "unexpected"),
        (made(STUCK), "open cup", "stuck"),
        (made(STUCK), "close cup", None),
        (made([*STUCK[:-1], *swift(FINE, command="open cup", reward=1.0)]), "open cup", None),
        (made(STUCK, calls=[8]), "open cup", None),
        (made(quiet(11), calls=[11, 11]), "focus on milk", None),
    ],
)
def test_the_rules_together(history: History, command: str, rule: str | None) -> None:
    assert wants_sage(history, command) == rule


# --- the buffer


def take(buffer: Buffer) -> str | None:
    return buffer.take(KITCHEN, NOTHING)


def test_commands_come_in_order_as_far_as_they_can_be_carried_out() -> None:
    buffer = Buffer()
    buffer.fill(["open fridge", "open cup", "wait"])
    assert [take(buffer), take(buffer)] == ["open cup", "wait"]
    assert len(buffer) == 1  # it may open later


def test_a_command_that_was_passed_over_three_times_is_dropped() -> None:
    buffer = Buffer()
    buffer.fill(["open fridge", "wait", "wait", "wait", "wait"])
    assert [take(buffer) for _ in range(3)] == ["wait"] * 3
    assert len(buffer) == 1
    assert take(buffer) == "wait"


def test_after_two_moves_without_any_the_rest_is_dropped() -> None:
    buffer = Buffer()
    buffer.fill(["open fridge", "open oven"])
    assert take(buffer) is None
    assert len(buffer) == 2
    assert take(buffer) is None
    assert len(buffer) == 0
    buffer.fill(["wait"])
    assert take(buffer) == "wait"
