"""The detector sees from the text what holds."""

import pytest

from sgd_gym.errors import SubgoalError
from sgd_gym.goals import Detector, View, format_achieved, is_achieved, is_named, satisfies
from sgd_gym.subgoals.grammar import parse

LOOK = """This room is called the kitchen. In it, you see:
\ta fridge. The fridge door is open. In the fridge is: a wood cup (containing orange juice).
\ta red box (containing a apple tree in the adult stage)
\ta stove, which is turned on. On the stove is: a metal pot (containing a substance called water).
You also see:
\tA door to the hallway (that is closed)"""
INVENTORY = (
    "In your inventory, you see:\n\ta thermometer, currently reading a temperature of 10 degrees celsius"
)


def see(command: str = "", reply: str = "", look: str = LOOK, detector: Detector | None = None) -> str:
    return format_achieved((detector or Detector()).update(View(command, reply, look, INVENTORY)))


@pytest.mark.parametrize(
    "goal",
    [
        "navigate_to(kitchen)",
        "pick_up(thermometer)",
        "place(apple tree, red box)",
        "pour(orange juice, cup)",
        "heat(metal pot, stove)",
        "heat(water, stove)",
        "cool(cup, fridge)",
        "fill(metal pot, sink)",
        "activate(stove)",
        "open(fridge)",
        "close(doors)",
    ],
)
def test_what_the_room_shows_holds(goal: str) -> None:
    assert is_achieved(see(), goal)


@pytest.mark.parametrize(
    "goal",
    [
        "navigate_to(hallway)",
        "pick_up(water)",
        "pick_up(metal pot)",
        "place(apple tree, green box)",
        "place(apple, red box)",
        "heat(orange juice, stove)",
        "activate(fridge)",
        "open(doors)",
        "focus_on(thermometer)",
        "examine(fridge)",
        "read(recipe)",
        "wait()",
    ],
)
def test_what_the_room_does_not_show_does_not_hold(goal: str) -> None:
    assert not is_achieved(see(), goal)


@pytest.mark.parametrize(
    ("command", "reply", "goal"),
    [
        ("focus on egg parrot", "You focus on the parrot egg.", "focus_on(parrot egg)"),
        ("0", "You focus on the parrot egg.", "focus_on(parrot egg)"),
        ("drop fork", "You move the fork to the kitchen.", "put_down(fork)"),
        ("use thermometer on water", "the thermometer measures a temperature of 9 degrees celsius",
         "measure_temperature(water)"),
        ("read recipe", "The recipe reads:\nTo make dough, you need to mix flour, water.", "read(recipe)"),
        ("mix bowl", "Yellow and red paint mix to produce orange paint.", "mix(bowl)"),
        ("mix bowl", "Yellow and red paint mix to produce orange paint.", "combine(red paint, yellow paint)"),
        ("mix bowl", "Yellow and orange paint mix to produce x.", "mix_in(yellow paint, bowl)"),
        ("use shovel on ground", "You dig a hole in the ground, and place the soil nearby.",
         "use(shovel, ground)"),
        ("look at inclined plane B", "an inclined plane B, with: a brick approximately 8% down the plane",
         "measure_time(inclined plane B)"),
        ("examine water", "a substance called water", "examine(water)"),
        ("look around", "This room is called the kitchen.", "look_around()"),
        ("wait1", "You decide to wait for 1 iterations.", "wait()"),
        ("deactivate sink", "The sink is now deactivated.", "deactivate(sink)"),
        ("close door to hallway", "The door is now closed.", "close(doors)"),
    ],
)  # fmt: skip
def test_what_a_command_did_holds_after_it_and_no_longer(command: str, reply: str, goal: str) -> None:
    look = LOOK.replace("(that is closed)", "(that is open)")
    detector = Detector()
    assert is_achieved(see(command, reply, look, detector), goal)
    assert not is_achieved(see("inventory", "…", look, detector), goal)


@pytest.mark.parametrize("reply", ["No known action matches that input.", "Ambiguous request: …"])
@pytest.mark.parametrize("command", ["examine water", "read recipe", "focus on water", "mix bowl"])
def test_a_command_that_failed_achieves_nothing(command: str, reply: str) -> None:
    assert see(command, reply) == see()


def test_a_circuit_holds_when_all_poles_are_wired() -> None:
    detector = Detector()
    joined = (
        ("anode", "battery", "terminal 1", "red wire"),
        ("cathode", "battery", "terminal 1", "blue wire"),
        ("terminal 2", "red wire", "cathode", "green light bulb"),
        ("terminal 2", "blue wire", "anode", "green light bulb"),
    )
    for number, (pole, one, to, other) in enumerate(joined):
        held = see("connect", f"{pole} on {one} is now connected to {to} on {other}", detector=detector)
        assert is_achieved(held, "connect(battery, green light bulb)") == (number == 3)
    assert is_achieved(see("wait1", detector=detector), "connect(battery, green light bulb)")
    moved = "(disconnecting red wire)You move the red wire to the inventory."
    assert not is_achieved(see("pick up red wire", moved, detector=detector), "connect(battery, bulb)")


@pytest.mark.parametrize("pole", ["terminal 1", "terminal 2"])
def test_a_thing_may_be_wired_to_itself(pole: str) -> None:
    detector = Detector()
    reply = f"terminal 1 on paper clip is now connected to {pole} on paper clip"
    for _ in range(2):
        see("connect", reply, detector=detector)
    see("pick up paper clip", "You move the paper clip to the inventory.", detector=detector)
    held = see("connect", "anode on battery is now connected to terminal 1 on paper clip", detector=detector)
    assert not is_achieved(held, "connect(battery, paper clip)")


def test_to_monitor_is_to_look_again() -> None:
    detector = Detector()
    assert not is_achieved(see("examine tin", "a substance called tin", detector=detector), "monitor(tin)")
    held = see("examine liquid tin", "a substance called liquid tin", detector=detector)
    assert is_achieved(held, "monitor(tin)")


@pytest.mark.parametrize(
    ("shown", "name", "same"),
    [
        ("tin cup", "cup", True),
        ("Unknown Substance B", "unknown substance b", True),
        ("parrot egg", "egg parrot", True),
        ("apple tree in the adult stage", "apple tree", True),
        ("recipe titled instructions to make dough", "recipe", True),
        ("orange box", "orange", False),
        ("apple tree in the adult stage", "apple tree in the seedling stage", False),
        ("cup", "tin cup", False),
    ],
)
def test_names(shown: str, name: str, same: bool) -> None:
    assert is_named(shown, name) == same


def test_other_predicates_do_not_satisfy() -> None:
    assert satisfies(parse("pick_up(cup)"), parse("pick_up(cup)"))
    assert not satisfies(parse("put_down(cup)"), parse("pick_up(cup)"))


def test_a_goal_that_does_not_parse_is_refused() -> None:
    with pytest.raises(SubgoalError, match="is not a sub-goal"):
        is_achieved("pick_up(cup)", "get the cup")
