"""Swift and Sage play by turns; both read what was sent, and a fault of Sage leaves Swift alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from sgd_gym.agents.base import EpisodeKey, Fault
from sgd_gym.agents.history import History
from sgd_gym.agents.swiftsage.agent import SwiftSageAgent
from sgd_gym.agents.swiftsage.sage import ChatSage
from sgd_gym.errors import BudgetError
from sgd_gym.llm.chat import Message, UnansweredError
from sgd_gym.llm.chat import Reply as Answer
from sgd_gym.prompts import Advice, Ask, Command, Event, Reply, Start

KITCHEN = (
    "This room is called the kitchen. In it, you see: \n\tthe agent\n\ta cup\n\ta fork\nYou also see:\n"
    "\tA door to the hallway (that is open)"
)
SEEN = {
    "task": "Your task is to find the cup. First, focus on the cup.",
    "look": KITCHEN,
    "inventory": "In your inventory, you see:\n\tan orange\n",
    "observation": "Nothing happens.",
}
KEY = EpisodeKey("find-plant", 0, 0)


class Swift:
    """Stands where the flat model's `Writer` stands: proposes what it is told, and keeps what was read."""

    def __init__(self, *proposals: str):
        self.proposals = list(proposals)
        self.events: list[Event] = []
        self.asked = 0

    def reset(self, slots: Sequence[int]) -> None:
        self.events.clear()

    def read(self, slot: int, event: Event) -> None:
        self.events.append(event)

    def write(self, slots: Sequence[int], kind: Ask, *bounds: object) -> list[Event]:
        self.asked += len(slots)
        text = self.proposals.pop(0) if len(self.proposals) > 1 else self.proposals[0]
        self.events.append(Command(text))
        return [Command(text) for _ in slots]

    def retract(self, slot: int, event: Event) -> None:
        assert self.events.pop() == event

    def stats(self, slot: int) -> dict[str, int]:
        return {"calls": self.asked, "tokens": 7 * self.asked}


class Oracle:
    """Stands where Sage stands: gives advice in turn, then none."""

    def __init__(self, *advice: Advice):
        self.advice = list(advice)
        self.events: list[Event] = []

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        self.events.clear()

    def read(self, slot: int, event: Event) -> None:
        self.events.append(event)

    def advise(self, histories: Mapping[int, History]) -> dict[int, Advice]:
        return {slot: self.advice.pop(0) if self.advice else Advice("") for slot in histories}

    def fault(self, slot: int) -> Fault | None:
        return None

    def stats(self, slot: int) -> dict[str, int]:
        return {"model_tokens": 5, "llm_tokens_in": 2, "llm_tokens_out": 1}


class Scripted:
    """A chat model that plays answers one after the other, then the last one for ever."""

    def __init__(self, *answers: str | Exception):
        self.answers = list(answers)
        self.asked: list[list[Message]] = []

    def ask(self, messages: list[Message]) -> Answer:
        self.asked.append(messages)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Answer(str(len(self.asked)), answer, "stop", 10, 5, False)


def play(agent: SwiftSageAgent, moves: int) -> list[str]:
    agent.reset([0], [KEY])
    sent = []
    for _ in range(moves):
        sent += agent.act([0], [SEEN], [{}])
        agent.observe(0, SEEN, 0.0, False)
    return sent


def make_agent(swift: Any, sage: Any) -> SwiftSageAgent:
    return SwiftSageAgent(swift, sage)


def test_both_read_what_was_sent_and_nothing_else() -> None:
    swift = Swift("open fridge", "wait")
    sage = Oracle(Advice("focus_on(cup)", ("pick up cup", "open oven", "focus on cup")))
    agent = make_agent(swift, sage)
    sent = play(agent, 3)
    assert sent == ["pick up cup", "focus on cup", "wait"]
    reply = Reply("Nothing happens.", SEEN["look"], SEEN["inventory"], 0.0)
    expected: list[Event] = [Start(SEEN["task"], SEEN["look"], SEEN["inventory"])]
    for command in sent:
        expected += [Command(command), reply]
    assert swift.events == expected
    assert sage.events == expected
    assert [move.by for move in agent.histories[0].moves] == ["sage", "sage", "swift"]
    assert swift.asked == 2, "what is in the buffer needs no proposal"
    assert agent.stats(0) == {
        **{"planner_calls": 1, "executor_calls": 2, "model_tokens": 19},
        **{"llm_tokens_in": 2, "llm_tokens_out": 1},
    }


def test_a_repeating_swift_is_relieved() -> None:
    agent = make_agent(Swift("wait"), Oracle(Advice("x", ("pick up cup",))))
    sent = play(agent, 12)
    assert sent == ["wait"] * 10 + ["pick up cup", "wait"]
    assert agent.histories[0].calls == [10]


def test_a_focus_that_the_task_does_not_name_is_sent_at_the_third_attempt() -> None:
    swift = Swift("focus on fork")
    agent = make_agent(swift, Oracle())
    assert play(agent, 3) == ["look around", "look around", "focus on fork"]
    assert agent.histories[0].calls == [0, 1, 2]
    assert [one for one in swift.events if isinstance(one, Command)] == [
        Command(text) for text in ("look around", "look around", "focus on fork")
    ]


def test_advice_that_cannot_be_carried_out_leaves_the_move_to_swift() -> None:
    agent = make_agent(Swift("open fridge", "wait"), Oracle(Advice("x", ("open oven",))))
    assert play(agent, 2) == ["open fridge", "wait"]


def test_a_new_episode_begins_with_nothing() -> None:
    swift = Swift("open fridge", "wait")
    agent = make_agent(swift, Oracle(Advice("x", ("pick up cup", "wait", "wait"))))
    play(agent, 1)
    assert play(agent, 1) == ["wait"]
    assert len(agent.histories[0].moves) == 1
    assert isinstance(swift.events[0], Start)


# --- Sage as a chat model

PLAN, GOOD = "1. A cup. 2. None.", "Sub-goal: take it\n1. PICK(cup)\n2. FLY(moon)"


def advise(chat: Scripted, times: int = 1) -> tuple[ChatSage, list[Advice]]:
    sage = ChatSage(chat)
    sage.reset([0], [KEY])
    history = History.begin(SEEN)
    return sage, [sage.advise({0: history})[0] for _ in range(times)]


def test_planning_goes_before_grounding() -> None:
    chat = Scripted(PLAN, GOOD)
    sage, (advice,) = advise(chat)
    assert advice == Advice("take it", ("pick up cup",))
    planning, grounding = chat.asked
    assert "five questions" in planning[0]["content"]
    assert PLAN in grounding[0]["content"]
    assert grounding[0]["content"].count("A solved example") == 2
    assert sage.fault(0) is None
    assert sage.stats(0) == {"model_tokens": 0, "llm_tokens_in": 20, "llm_tokens_out": 10}


def test_nonsense_is_asked_once_more_then_noted() -> None:
    chat = Scripted(PLAN, "Certainly!", GOOD)
    assert advise(chat)[1][0].commands == ("pick up cup",)
    assert [one["role"] for one in chat.asked[2]] == ["user", "assistant", "user"]
    sage, (advice,) = advise(Scripted(PLAN, "Certainly!"))
    assert advice.commands == ()
    assert sage.fault(0) == Fault("Sage's answer holds no action: 'Certainly!'")


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (UnansweredError("HTTP 400: too long", passing=False), False),
        (UnansweredError("no answer within 120 s (5 tries)", passing=True), True),
        (BudgetError("the budget is spent"), True),
    ],
)
def test_a_question_without_answer_silences_sage_for_the_episode(error: Exception, passing: bool) -> None:
    chat = Scripted(error)
    sage, advice = advise(chat, times=3)
    assert [one.commands for one in advice] == [()] * 3
    assert len(chat.asked) == 1
    assert sage.fault(0) == Fault(str(error), passing)
    sage.reset([0], [KEY])
    assert sage.fault(0) is None
    sage.advise({0: History.begin(SEEN)})
    assert len(chat.asked) == 2
