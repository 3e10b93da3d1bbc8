"""What a ReAct model is asked, cut to its budget, and how its answers are read.

If a change of the text is meant: SGD_GYM_GOLDEN=1 pytest tests/agents
"""

import os
from pathlib import Path

import pytest

from sgd_gym.agents.react.prompt import Turn, describe, make_messages, make_reply, read_answer

GOLDEN = Path(__file__).with_name("golden")
SEEN = {
    "task": "Your task is to boil water.\nFirst, focus on it.",
    "look": "This room is called the hallway. In it, you see: \n\tthe agent\n\ta picture\nYou also see:\n"
    "\tA door to the kitchen (that is open)",
    "inventory": "In your inventory, you see:\n\tan orange\n",
    "observation": "The door is already open.",
}
TURNS = [Turn("Thought: I go.\nAction: go to kitchen", make_reply(SEEN, 2.0))]


def test_golden_prompt() -> None:
    messages = make_messages(SEEN["task"], describe(SEEN), TURNS, 6000)
    shown = "".join(f"[{one['role']}]\n{one['content']}\n" for one in messages)
    path = GOLDEN / "react.txt"
    if os.environ.get("SGD_GYM_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def test_a_long_history_loses_its_oldest_turns_and_never_the_task() -> None:
    turns = [Turn(f"Action: wait{number}", f"Tick {number}. " + "x" * 1000) for number in range(40)]
    head = make_messages(SEEN["task"], describe(SEEN), [], 0)
    assert [one["role"] for one in head] == ["system", "user"]
    for budget in (0, 1000, 3000, 100_000):
        messages = make_messages(SEEN["task"], describe(SEEN), turns, budget)
        assert messages[:2] == head
        kept = messages[2:]
        assert kept == [
            one
            for turn in turns[len(turns) - len(kept) // 2 :]
            for one in (
                {"role": "assistant", "content": turn.answer},
                {"role": "user", "content": turn.reply},
            )
        ]
        if kept:
            assert sum(len(one["content"]) for one in messages) <= 4 * budget
        assert (len(kept) == 80) == (budget == 100_000)
    assert len(make_messages(SEEN["task"], describe(SEEN), turns, 3000)) > 2


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("Thought: so.\nAction: open cupboard", "open cupboard"),
        ("thought: so\naction: `open cupboard`.", "open cupboard"),
        ("**Action 3:** open cupboard\nObservation: it is open\nAction: wait", "open cupboard"),
        ("Action:\nopen cupboard", "open cupboard"),
        ("open cupboard", "open cupboard"),
        ("```\nopen cupboard\n```", "open cupboard"),
        ("Action: " + "x" * 999, "x" * 256),
        ("I think that the cupboard should be opened now.", None),
        ("Action: ``", None),
        ("", None),
        ("<html></html>", None),
    ],
)
def test_answers_are_read(text: str, command: str | None) -> None:
    assert read_answer(text) == command
