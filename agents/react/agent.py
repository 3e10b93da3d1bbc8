"""ReAct: one chat model that thinks and acts at each move."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sgd_gym.agents.base import Agent, EpisodeKey, Fault
from sgd_gym.agents.react.prompt import CORRECTION, Turn, describe, make_messages, make_reply, read_answer
from sgd_gym.errors import BudgetError
from sgd_gym.llm.chat import Chat, Message, UnansweredError
from sgd_gym.llm.threads import map_threads
from sgd_gym.options import Info, Observation

INSTEAD = "look around"
"""What is sent where no answer holds a command."""


@dataclass
class _Episode:
    task: str = ""
    seen: str = ""
    answer: str = ""
    """What the model wrote last."""
    turns: list[Turn] = field(default_factory=list)
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    fault: Fault | None = None


class ReactAgent(Agent):
    """Asks at each move; the worlds of one call are asked about at once."""

    def __init__(self, chat: Chat, budget: int = 6000, threads: int = 4):
        """Make an agent.

        Args:
            chat: What answers.
            budget: Longest question, in tokens; the oldest moves are left out of a longer one.
            threads: How many questions are under way at once.
        """
        self._chat, self._budget, self._threads = chat, budget, threads
        self._episodes: dict[int, _Episode] = {}

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin new episodes."""
        self._episodes.update({slot: _Episode() for slot in slots})

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Ask for the next command of each world."""
        for slot, seen in zip(slots, observations, strict=True):
            episode = self._episodes[slot]
            if not episode.task:
                episode.task, episode.seen = seen["task"], describe(seen)
        return map_threads(self._decide, [self._episodes[slot] for slot in slots], self._threads)

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        """Note what the command did."""
        episode = self._episodes[slot]
        episode.turns.append(Turn(episode.answer, make_reply(observation, reward)))

    def fault(self, slot: int) -> Fault | None:
        """Return the first question of the episode that brought no command."""
        return self._episodes[slot].fault

    def stats(self, slot: int) -> dict[str, int]:
        """Return the questions as calls of the executor, and the tokens of the answers."""
        episode = self._episodes[slot]
        return {
            "planner_calls": 0,
            "executor_calls": episode.calls,
            "model_tokens": 0,
            "llm_tokens_in": episode.tokens_in,
            "llm_tokens_out": episode.tokens_out,
        }

    def _decide(self, episode: _Episode) -> str:
        messages = make_messages(episode.task, episode.seen, episode.turns, self._budget)
        try:
            command = self._ask(episode, messages)
            if command is None:
                said = {"role": "assistant", "content": episode.answer}
                command = self._ask(episode, [*messages, said, {"role": "user", "content": CORRECTION}])
        except (UnansweredError, BudgetError) as error:
            passing = isinstance(error, BudgetError) or error.passing
            episode.fault = Fault(str(error), passing, ends=True)
            return INSTEAD
        if command is None:
            first = " ".join(episode.answer.split())[:80]
            episode.fault = episode.fault or Fault(f"The answer holds no action: {first!r}")
        return command or INSTEAD

    def _ask(self, episode: _Episode, messages: list[Message]) -> str | None:
        reply = self._chat.ask(messages)
        episode.calls += 1
        episode.tokens_in += reply.tokens_in
        episode.tokens_out += reply.tokens_out
        episode.answer = reply.text.strip()
        return read_answer(episode.answer)
