"""Sage: asked now and then for the next sub-goal and a few commands that reach it; here by a chat model.

A question that gets no answer, or only nonsense, gives no commands: Swift goes on, and the episode is marked.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from sgd_gym.agents.base import EpisodeKey, Fault
from sgd_gym.agents.history import History
from sgd_gym.agents.swiftsage.prompt import CORRECTION, make_grounding, make_planning, read_grounding
from sgd_gym.data.shipped import read_shipped
from sgd_gym.errors import BudgetError
from sgd_gym.llm.chat import Chat, Message, UnansweredError
from sgd_gym.llm.threads import map_threads
from sgd_gym.prompts import Advice, Event
from sgd_gym.trajectories import Episode

EXAMPLES = 2
"""Solved examples of a task that grounding shows."""


class Sage(Protocol):
    """Gives advice in n worlds."""

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin new episodes."""
        ...

    def read(self, slot: int, event: Event) -> None:
        """Be told what happened in one world, whoever chose the command."""
        ...

    def advise(self, histories: Mapping[int, History]) -> dict[int, Advice]:
        """Return for each world the next sub-goal with commands that reach it; none if nothing came."""
        ...

    def fault(self, slot: int) -> Fault | None:
        """Return what went wrong first in the running episode of a world."""
        ...

    def stats(self, slot: int) -> dict[str, int]:
        """Return `model_tokens` of a model of ours, and `llm_tokens_in` and `llm_tokens_out` of others'."""
        ...


@lru_cache(maxsize=64)
def shipped_examples(task: str) -> tuple[Episode, ...]:
    """Return the shortest solved train episodes of a task, of those that come with the package."""
    episodes = read_shipped().episodes(task, "train", shortened=True).values()
    return tuple(sorted(episodes, key=lambda one: (len(one.steps), one.variation))[:EXAMPLES])


class ChatSage:
    """Asks a chat model: five questions, then, with the answers, for actions."""

    def __init__(self, chat: Chat, threads: int = 4):
        """Take what answers; questions of several worlds are asked at once, in so many threads."""
        self._chat = chat
        self._threads = threads
        self._tasks: dict[int, str] = {}
        self._tokens: dict[int, tuple[int, int]] = {}
        """Read and written, by world."""
        self._faults: dict[int, Fault] = {}
        self._silent: set[int] = set()
        """Worlds in which a question was left unanswered: there Sage is not asked again."""

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin new episodes."""
        for slot, key in zip(slots, keys, strict=True):
            self._tasks[slot], self._tokens[slot] = key.task, (0, 0)
            self._faults.pop(slot, None)
            self._silent.discard(slot)

    def read(self, slot: int, event: Event) -> None:
        """Ignore it: each question tells the history anew."""

    def advise(self, histories: Mapping[int, History]) -> dict[int, Advice]:
        """Ask for each world."""
        advice = map_threads(lambda one: self._advise(*one), histories.items(), self._threads)
        return dict(zip(histories, advice, strict=True))

    def fault(self, slot: int) -> Fault | None:
        """Return the first question of the episode that brought nothing."""
        return self._faults.get(slot)

    def stats(self, slot: int) -> dict[str, int]:
        """Return the tokens of all answers of the episode."""
        read, written = self._tokens[slot]
        return {"model_tokens": 0, "llm_tokens_in": read, "llm_tokens_out": written}

    def _advise(self, slot: int, history: History) -> Advice:
        if slot in self._silent:
            return Advice("")
        try:
            plan = self._ask(slot, make_planning(history))
            messages = make_grounding(history, plan, shipped_examples(self._tasks[slot]))
            answer = self._ask(slot, messages)
            advice = read_grounding(answer)
            if not advice.commands:
                said = {"role": "assistant", "content": answer}
                again = {"role": "user", "content": CORRECTION}
                answer = self._ask(slot, [*messages, said, again])
                advice = read_grounding(answer)
        except (UnansweredError, BudgetError) as error:
            passing = isinstance(error, BudgetError) or error.passing
            self._faults.setdefault(slot, Fault(str(error), passing))
            self._silent.add(slot)
            return Advice("")
        if not advice.commands:
            first = " ".join(answer.split())[:80]
            self._faults.setdefault(slot, Fault(f"Sage's answer holds no action: {first!r}"))
        return advice

    def _ask(self, slot: int, messages: list[Message]) -> str:
        reply = self._chat.ask(messages)
        read, written = self._tokens[slot]
        self._tokens[slot] = (read + reply.tokens_in, written + reply.tokens_out)
        return reply.text
