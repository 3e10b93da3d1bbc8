"""What models read and write: golden prompts for each role and family, and the rules behind them.

The files in golden/ hold the transcripts, one segment a line, and the windows of each decision; targets stand
in [[double brackets]]. If a change of the text is meant, raise PROMPT_VERSION, since old checkpoints no
longer fit, and write the files again: SGD_GYM_GOLDEN=1 pytest tests/prompts
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sgd_gym.errors import DataError
from sgd_gym.prompts import (
    DONE,
    END,
    ROLES,
    TRANSCRIPT_TOKENS,
    Advice,
    Command,
    Done,
    Plan,
    Reply,
    Role,
    Slots,
    Start,
    Transcript,
    Window,
    each_advice,
    make_decisions,
    make_segments,
)
from sgd_gym.prompts.shorten import compact_inventory, compact_look, compact_reply
from sgd_gym.prompts.transcript import ACT, LOOK, PLAN, REPLY
from sgd_gym.trajectories import Episode, Step

GOLDEN = Path(__file__).with_name("golden")
HALLWAY = """This room is called the hallway. In it, you see:
\tthe agent
\ta substance called air
\ta picture
You also see:
\tA door to the kitchen (that is open)
\tA door to the workshop (that is closed)"""
KITCHEN = """This room is called the kitchen. In it, you see:
\tthe agent
\ta substance called air
\ta counter. On the counter is: a bowl (containing a red apple, a banana), a drawer.
\ta cupboard. The cupboard door is closed.
\ta glass jar (containing a substance called sodium chloride)
\ta oven, which is turned off. The oven door is closed.
\ta flower pot 4 (containing a banana tree in the seedling stage, soil)
\ta red box (containing nothing)
\ta sink, which is turned off. In the sink is: nothing.
\ta substance called soap
\ta stopwatch, which is deactivated.
\ta thermometer, currently reading a temperature of 10 degrees celsius
You also see:
\tA door to the hallway (that is open)"""
KITCHEN_LESS = KITCHEN.replace("\ta thermometer, currently reading a temperature of 10 degrees celsius\n", "")
KITCHEN_ON = KITCHEN_LESS.replace("a sink, which is turned off", "a sink, which is turned on")
ORANGE = "In your inventory, you see:\n\tan orange\n"
BOTH = f"{ORANGE}\ta thermometer, currently reading a temperature of 10 degrees celsius\n"

# look, inventory, command, reply, sub-goal, option
ROWS = (
    (HALLWAY, ORANGE, "open door to kitchen", "The door is already open.", "navigate_to(kitchen)", 0),
    (HALLWAY, ORANGE, "go to kitchen", "You move to the kitchen.", "navigate_to(kitchen)", 0),
    (KITCHEN, ORANGE, "look around", KITCHEN, "navigate_to(kitchen)", 0),
    (
        KITCHEN,
        ORANGE,
        "pick up thermometer",
        "You move the thermometer to the inventory.",
        "pick_up(thermometer)",
        1,
    ),
    (KITCHEN_LESS, BOTH, "go to hallway", "You move to the hallway.", "navigate_to(kitchen)", 2),
    (HALLWAY, BOTH, "go to kitchen", "You move to the kitchen.", "navigate_to(kitchen)", 2),
    (KITCHEN_LESS, BOTH, "activate sink", "The sink is now activated.", "activate(sink)", 3),
    (KITCHEN_ON, BOTH, "look at thermometer", "a thermometer,\n\n reading 10", "examine(thermometer)", 4),
    (KITCHEN_ON, BOTH, "focus on thermometer", "You focus on the thermometer.", "focus_on(thermometer)", 5),
    (
        KITCHEN_ON,
        BOTH,
        "move thermometer to red box",
        "You move the thermometer to the red box.",
        "place(thermometer, red box)",
        6,
    ),
    (KITCHEN_ON, ORANGE, "look at flower pot 4", "a flower pot 4", "examine(flower pot 4)", 7),
)
EPISODE = Episode(
    task="use-thermometer",
    variation=0,
    split="train",
    task_description=(
        "Your task is to measure.\n"
        "First, focus on the thermometer. Then, move it to the red box, or to the blue box."
    ),
    source="oracle",
    steps=tuple(
        Step(look, inventory, action, reply, 1.0, 1, False, subgoal, option)
        for look, inventory, action, reply, subgoal, option in ROWS
    ),
)


def show(role: Role) -> str:
    """Return a transcript as the golden files hold it."""
    lines = [f"[[{one.text}]]" if one.target else one.text for one in make_segments(EPISODE, [role])]
    assert not any("\n" in line for line in lines)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("role", ROLES)
def test_golden_transcript(role: Role) -> None:
    path = GOLDEN / f"{role}.txt"
    if os.environ.get("SGD_GYM_GOLDEN"):
        path.write_text(show(role), encoding="utf-8")
    assert show(role) == path.read_text(encoding="utf-8")


def test_targets_are_what_each_role_writes() -> None:
    slots = Slots(EPISODE.task_description)
    for step in EPISODE.steps:
        slots.read(step.look)
    targets = {
        role: [
            slots.write(one.text).removesuffix(END) for one in make_segments(EPISODE, [role]) if one.target
        ]
        for role in ROLES
    }
    needless = ("look around", "open door to kitchen")
    commands = [step.action for step in EPISODE.steps if step.action not in needless]
    subgoals = list(dict.fromkeys((step.option_index, step.subgoal) for step in EPISODE.steps))
    assert targets["flat"] == commands
    assert targets["planner"] == [subgoal for _, subgoal in subgoals]
    assert [text for text in targets["executor"] if text != DONE] == commands
    assert targets["sage"] == [
        "navigate_to(kitchen): go to kitchen",
        "pick_up(thermometer): pick up thermometer",
        "navigate_to(kitchen): go to hallway; go to kitchen",
        "navigate_to(kitchen): go to kitchen",
        "activate(sink): activate sink",
        "examine(thermometer): look at thermometer",
        "focus_on(thermometer): focus on thermometer",
        "place(thermometer, red box): move thermometer to red box",
        "examine(flower pot 4): look at flower pot 4",
    ]
    assert targets["executor"].count(DONE) == len(subgoals) - 1  # the episode ends the last one


def test_planner_and_executor_read_the_same_text() -> None:
    planner, executor = ([one.text for one in make_segments(EPISODE, [role])] for role in ROLES[:2])
    assert planner == executor


def test_flat_meets_neither_subgoals_nor_done() -> None:
    text = "".join(one.text for one in make_segments(EPISODE, ["flat"]))
    for token in (PLAN, DONE, "navigate_to"):
        assert token not in text


def test_an_advice_holds_the_next_five_commands_of_its_option() -> None:
    first = EPISODE.steps[1]
    steps = tuple(replace(first, action=f"wait{number}", option_index=number // 7) for number in range(9))
    found = [one.text for one in make_segments(replace(EPISODE, steps=steps), ["sage"]) if one.target]
    assert found == [
        f"navigate_to(kitchen): {'; '.join(f'wait{later}' for later in range(now, min(now + 5, end)))}<|end|>"
        for now, end in [*((now, 7) for now in range(7)), (7, 9), (8, 9)]
    ]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("pick_up(cup): open box; pick up cup", Advice("pick_up(cup)", ("open box", "pick up cup"))),
        ("place(a, b): move a to b", Advice("place(a, b)", ("move a to b",))),
        ("wait(): a;; b ;", Advice("wait()", ("a", "b"))),
        ("wait(): 1;2;3;4;5;6", Advice("wait()", ("1", "2", "3", "4", "5"))),
        ("wait():", Advice("wait()")),
        ("go to kitchen", Advice("go to kitchen")),
        ("", Advice("")),
    ],
)
def test_an_advice_is_read_back_and_nonsense_advises_nothing(text: str, advice: Advice) -> None:
    assert Advice.read(text) == advice
    if advice.commands:
        assert Advice.read(str(advice)) == advice


def test_an_advice_gives_no_slot_to_what_was_not_seen() -> None:
    transcript = began()
    advice = Advice("place(seed, flower pot 9)", ("move seed to flower pot 9",))
    assert "flower pot 9" in transcript.read(advice)[1]
    (seen,) = transcript.read(Reply("Hm.", KITCHEN, ORANGE, 0.0))
    assert "flower pot numberA" in seen


def test_a_sage_is_told_no_earlier_advice() -> None:
    segments = list(make_segments(EPISODE, ["sage"]))
    each = list(each_advice(segments))
    assert [one[-1] for one in each] == [one for one in segments if one.target]
    moves = [one for one in make_segments(EPISODE, ["flat"])]
    for told in each:
        *before, opener, advice = told
        assert (opener.text, advice.target) == (PLAN, True)
        assert [one.text for one in before] == [one.text for one in moves[: len(before)]]


def test_needless_commands_are_left_out() -> None:
    for role in ROLES:
        texts = [one.text for one in make_segments(EPISODE, [role])]
        for action in ("look around", "open door to kitchen"):
            assert not any(action in text for text in texts)


def test_an_option_of_needless_commands_alone_is_left_out() -> None:
    first, *others = EPISODE.steps
    looks = replace(first, action="look around", subgoal="look_around()", option_index=0)
    steps = (looks, *(replace(one, option_index=(one.option_index or 0) + 1) for one in others))
    longer = replace(EPISODE, steps=steps)
    for role in ROLES:
        assert list(make_segments(longer, [role])) == list(make_segments(EPISODE, [role]))


@pytest.mark.parametrize("role", ["planner", "executor", "sage"])
def test_subgoals_are_needed_by_those_who_learn_them(role: Role) -> None:
    bare = replace(EPISODE, steps=tuple(replace(one, subgoal=None) for one in EPISODE.steps))
    with pytest.raises(
        DataError, match=r"use-thermometer/0 has no sub-goals.*planner, executor and sage.*Fix: .*annotate"
    ):
        list(make_segments(bare, [role]))
    assert list(make_segments(bare, ["flat"])) == list(make_segments(EPISODE, ["flat"]))


def began() -> Transcript:
    transcript = Transcript()
    transcript.read(Start("task", HALLWAY, ORANGE))
    return transcript


def test_a_room_is_told_in_full_once_and_then_what_changed() -> None:
    transcript = began()

    def reply(text: str, look: str) -> str:
        (piece,) = transcript.read(Reply(text, look, ORANGE, 0.0))
        return piece

    first = reply("You move to the kitchen.", KITCHEN)
    assert first.startswith(f"{REPLY}{LOOK}kitchen: counter")
    assert all(line in first for line in compact_look(transcript.slots.read(KITCHEN))[1])
    assert reply("Nothing happens.", KITCHEN) == f"{REPLY}Nothing happens"
    assert reply("Hm.", KITCHEN_ON) == f"{REPLY}Hm{LOOK}kitchen: sink on"
    assert reply("You teleport to the hallway.", HALLWAY) == f"{REPLY}{LOOK}hallway:"
    assert reply("Back.", KITCHEN) == f"{REPLY}Back{LOOK}kitchen: sink off | thermometer 10 degrees"


def test_a_reply_that_only_tells_the_room_is_not_told_twice() -> None:
    assert began().read(Reply(HALLWAY + "\n", HALLWAY, ORANGE, 0.0)) == [REPLY]


def test_two_transcripts_do_not_share_what_they_showed() -> None:
    texts = [Transcript().read(Start("task", KITCHEN, ORANGE)) for _ in range(2)]
    assert texts[0] == texts[1]


# --- windows


def show_windows(role: Role) -> str:
    """Return the prompts of an episode as the golden files hold them."""
    prompts = [f"{one.window.ask(one.kind)}\n[[{one.answer}]]\n" for one in make_decisions(EPISODE, [role])]
    return "\n".join(prompts)


@pytest.mark.parametrize("role", ROLES)
def test_golden_windows(role: Role) -> None:
    path = GOLDEN / f"{role}-windows.txt"
    if os.environ.get("SGD_GYM_GOLDEN"):
        path.write_text(show_windows(role), encoding="utf-8")
    assert show_windows(role) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("role", ROLES)
def test_both_families_are_trained_on_the_same_answers(role: Role) -> None:
    in_transcripts = [one.text.removesuffix(END) for one in make_segments(EPISODE, [role]) if one.target]
    assert [one.answer for one in make_decisions(EPISODE, [role])] == in_transcripts


def test_a_shared_model_is_trained_on_both_roles_answers() -> None:
    both = [one.answer for one in make_decisions(EPISODE, ["planner", "executor"])]
    for role in ROLES[:2]:
        own = [one.answer for one in make_decisions(EPISODE, [role])]
        assert [one for one in both if one in own] == own
    assert len(both) == sum(len(list(make_decisions(EPISODE, [role]))) for role in ROLES[:2])


def test_a_window_tells_the_last_moves_with_their_rewards() -> None:
    window = Window()
    window.read(Start("Your task is to wait.", HALLWAY, ORANGE))
    assert "History: none" in window.ask("command")
    for number in range(12):
        window.read(Command(f"wait{number}"))
        window.read(Reply(f"Tick {number}.", HALLWAY, ORANGE, -5.0 if number == 11 else 2.0))
    text = window.ask("command")
    assert "Moves: 12. Score: 17" in text
    assert "wait1 (" not in text
    assert "3. wait2 (+2) -> Tick 2; 4. wait3" in text
    assert "12. wait11 (-5) -> Tick 11\n" in text
    assert "wait" not in window.ask("command", history=0).split("History")[1]
    assert "Room: hal\n" in window.ask("command", room=3)


def test_a_window_knows_which_subgoals_are_completed() -> None:
    window = Window()
    window.read(Start("Your task is to wait.", HALLWAY, ORANGE))
    assert "Completed sub-goals: none" in window.ask("subgoal")
    window.read(Plan("navigate_to(kitchen)"))
    assert "Sub-goal: navigate_to(kitchen)" in window.ask("command")
    window.read(Command("go to kitchen"))
    window.read(Reply("You move to the kitchen.", KITCHEN, ORANGE, 0.0))
    window.read(Done())
    window.read(Plan("pick_up(soap)"))
    text = window.ask("command")
    assert "Completed sub-goals: navigate_to(kitchen)\nSub-goal: pick_up(soap)" in text
    assert "Visited rooms: hallway, kitchen" in text


def test_a_window_forgets_a_command_that_was_not_sent() -> None:
    window = Window()
    window.read(Start("Your task is to wait.", HALLWAY, ORANGE))
    before = window.ask("command")
    for event in (Command("go to kitchen"), Advice("wait()", ("wait",))):
        window.read(event)
        window.retract(event)
        assert window.ask("command") == before


# --- what both are made of


def test_compact_look() -> None:
    room, lines = compact_look(KITCHEN)
    assert room == "kitchen"
    assert lines == [
        "counter: bowl (red apple, banana), drawer",
        "cupboard closed",
        "glass jar (sodium chloride)",
        "oven off closed",
        "flower pot 4 (banana tree seedling, soil)",
        "red box",
        "sink off",
        "soap",
        "stopwatch deactivated",
        "thermometer 10 degrees",
        "doors: hallway",
    ]
    assert compact_look(HALLWAY)[1][-1] == "doors: kitchen, workshop closed"
    assert compact_look("") == ("room", ["doors: "])


def test_compact_inventory() -> None:
    assert compact_inventory(BOTH) == "orange | thermometer 10 degrees"
    assert compact_inventory("In your inventory, you see:\n") == ""


POT = "flower pot 2 (containing a pea plant in the reproducing stage with a short height and round leaves. "
ROUND_POT = "flower pot 2 (pea plant reproducing short height round leaves: "


@pytest.mark.parametrize(
    ("line", "shorter"),
    [
        ("a adult bee\n\ta adult bee", ["2 adult bee"]),
        (f"a {POT}On the pea plant you see: a adult bee, a  pea seed, a  pea seed. )", None),
        (
            "a bed. On the bed is: a mattress. On the mattress is: a white pillow..",
            ["bed: mattress: white pillow"],
        ),
        ("a fridge. The fridge door is open. In the fridge is: a milk.", ["fridge open: milk"]),
        ("a glass jar. The glass jar is closed.", ["glass jar closed"]),
        (
            "a toilet. In the toilet is: A drain (open), a substance called water.",
            ["toilet: drain open, water"],
        ),
        (
            "a inclined plane with a tin surface, with:  a brick approximately 52% down the plane",
            ["inclined plane with a tin surface: brick 52%"],
        ),
    ],
)
def test_things_in_fewer_words(line: str, shorter: list[str] | None) -> None:
    look = f"This room is called the hallway. In it, you see:\n\t{line}\nYou also see:\n"
    expected = shorter or [f"{ROUND_POT}adult bee, 2 pea seed)"]
    assert compact_look(look) == ("hallway", [*expected, "doors: "])


WHICH = "Ambiguous request: Please enter the number for the action you intended (or blank to cancel):\n"
IN_POT = "(in pea plant, in flower pot {}, in greenhouse)"


@pytest.mark.parametrize(
    ("reply", "shorter"),
    [
        ("You decide to wait for 10 iterations.", ""),
        ("You move the orange to the red box.", ""),
        ("anode on battery is now connected to terminal 1 on red wire", ""),
        ("The door is already open.", "door is already open"),
        ("the thermometer measures a temperature of -3.5 degrees celsius", "-3.5 degrees"),
        ("a metal pot (containing a substance called liquid tin)", "metal pot (liquid tin)"),
        (f"{WHICH}0:\tmove soil (in greenhouse)\n1:\tmove soil (in greenhouse)", "Which? 0"),
        (
            f"{WHICH}0:\ttake soil (in greenhouse)\n1:\ttake soil (in inventory, in agent, in greenhouse)",
            "Which? 0 | 1 (in inventory)",
        ),
        (
            f"{WHICH}0:\tmove seed {IN_POT.format(1)} to jar\n1:\tmove seed {IN_POT.format(1)} to jar"
            f"\n2:\tmove seed {IN_POT.format(2)} to jar",
            "Which? 0 (in pea plant, in flower pot 1) | 2 (in pea plant, in flower pot 2)",
        ),
    ],
)
def test_replies_in_fewer_words(reply: str, shorter: str) -> None:
    assert compact_reply(reply, "greenhouse") == shorter


def test_special_tokens_are_distinct_and_never_text_of_the_world() -> None:
    assert len(set(TRANSCRIPT_TOKENS)) == len(TRANSCRIPT_TOKENS)
    assert all(token.startswith("<|") and token.endswith("|>") for token in TRANSCRIPT_TOKENS)
    assert ACT in TRANSCRIPT_TOKENS
