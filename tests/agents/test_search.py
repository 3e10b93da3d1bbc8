"""Where an agent looks for what the task names and it has never seen."""

import pytest

from sgd_gym.agents.sgd.search import Search
from sgd_gym.options import OptionRecord
from sgd_gym.spaces import ROOMS

WANTED = "focus_on(rubber)"


def see(room: str, *things: str, carried: str = "an orange") -> dict[str, str]:
    look = "\n".join([f"This room is called the {room}. In it, you see:", *(f"\t{one}" for one in things)])
    inventory = f"In your inventory, you see:\n\t{carried}"
    return {
        "task": "Your task is to boil rubber.",
        "observation": "",
        "look": look,
        "inventory": inventory,
    }


def fail(search: Search, *things: str, subgoal: str = WANTED) -> None:
    seen = see("kitchen", *things)
    search.look(seen)
    search.end(OptionRecord(subgoal, ["focus on rubber"], [seen], [0.0], "executor"))


def test_rooms_are_visited_until_it_is_found_and_then_the_subgoal_is_carried_out() -> None:
    search = Search()
    search.look(see("kitchen", "a stove"))
    assert search.redirect(WANTED) is None  # not missed yet
    fail(search, "a stove")
    assert search.redirect("open(stove)") is None  # does not act on it
    rooms = [room for room in ROOMS if room != "kitchen"]
    for room in rooms[:3]:
        assert search.redirect(WANTED) == f"navigate_to({room})"
        search.look(see(room, "a chair"))
    assert search.redirect("wait()") == f"navigate_to({rooms[3]})"
    search.look(see(rooms[3], "a substance called rubber"))
    assert search.redirect("navigate_to(kitchen)") == "pick_up(rubber)"
    search.look(see(rooms[3], carried="a substance called rubber"))
    assert search.redirect("navigate_to(kitchen)") == WANTED
    assert search.redirect("navigate_to(kitchen)") is None


def test_the_executor_tries_twice_and_then_what_is_closed_is_opened() -> None:
    search = Search()
    fail(search, "a fridge. The fridge door is closed.")
    assert search.redirect(WANTED) is None
    fail(search, "a fridge. The fridge door is closed.")
    assert search.redirect("wait()") == "do(open fridge)"
    search.look(see("kitchen", "a fridge. The fridge door is open. In the fridge is: nothing"))
    assert search.redirect("wait()") == "navigate_to(greenhouse)"


def test_a_question_is_answered() -> None:
    search = Search()
    fail(search)
    assert search.redirect(WANTED) == "navigate_to(greenhouse)"
    drawers = see("greenhouse", *["a drawer. The drawer door is closed."] * 2)
    search.look(drawers)
    assert search.redirect("wait()") == "do(open drawer)"
    search.look(drawers | {"observation": "Ambiguous request: Please enter the number."})
    assert search.redirect("wait()") == "do(0)"


def test_the_search_ends_with_the_rooms() -> None:
    search = Search()
    fail(search)
    for room in ROOMS[1:]:
        assert search.redirect(WANTED) == f"navigate_to({room})"
        search.look(see(room))
    assert search.redirect(WANTED) is None


@pytest.mark.parametrize(
    ("subgoal", "ended", "things"),
    [
        ("focus_on(steam)", "focus_on(steam)", ()),  # the task does not name it
        (WANTED, WANTED, ("a substance called rubber",)),  # it is there
        (WANTED, WANTED, ("a substance called liquid rubber",)),  # in another state
        (WANTED, "navigate_to(kitchen)", ()),  # nothing was to be done with it
    ],
)
def test_nothing_is_searched_without_need(subgoal: str, ended: str, things: tuple[str, ...]) -> None:
    search = Search()
    fail(search, *things, subgoal=ended)
    assert search.redirect(subgoal) is None
