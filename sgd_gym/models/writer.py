"""What reads episodes and writes sub-goals and commands; the interface of both families.

Knows no agent. A `Writer` is told the events of n episodes and asked for the next ones; what it writes is an
event of the episode too. Which family the model is of makes no difference to who holds it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sgd_gym.models.beams import Found
from sgd_gym.models.decoding import Allowed, Decoding
from sgd_gym.models.prompting import longest_answer, longest_prompt
from sgd_gym.models.trees import Tree, make_form_tree, make_text_tree
from sgd_gym.prompts import DONE, Advice, Ask, Command, Done, Event, Plan, Slots

Written = Plan | Command | Done | Advice
"""What a model writes."""


@dataclass
class Counts:
    """What one episode cost."""

    calls: int = 0
    """How often the model was asked."""
    tokens: int = 0
    """How many tokens went through it."""
    cut: int = 0
    """How many prompts were too long and lost history."""


@dataclass(frozen=True)
class Proposal:
    """An event that a model might write."""

    event: Written
    score: float
    """Mean log-probability of its tokens."""
    total: float
    """Log-probability of the whole text."""


class Writer(ABC):
    """One model that writes in n episodes."""

    def __init__(self, model: Any, tokenizer: Any, decoding: Decoding | None = None):
        """Take a model in evaluation mode, its tokenizer and how it decodes, greedily if not given."""
        self.model = model
        self.tokenizer = tokenizer
        self.decoding = decoding or Decoding()
        self.counts: dict[int, Counts] = {}
        self._tokens: dict[str, list[int]] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin new episodes, of which nothing is known yet."""
        for slot in slots:
            self.counts[slot] = Counts()

    @abstractmethod
    def read(self, slot: int, event: Event) -> None:
        """Be told what happened in one episode."""

    def write(
        self,
        slots: Sequence[int],
        kind: Ask,
        may_be_done: Sequence[bool] | None = None,
        trees: Sequence[Tree | None] | None = None,
    ) -> list[Written]:
        """Write the next event of each episode in `slots`, which becomes part of it.

        Args:
            slots: Which episodes.
            kind: What to write.
            may_be_done: For each, whether the model may answer that the option is done; nowhere if None.
            trees: For each, what may be written (`make_tree`); anything if None.
        """
        done = may_be_done or [False] * len(slots)
        allowed = [Allowed(*one) for one in zip(trees or [None] * len(slots), done, strict=True)]
        if self.decoding.method != "beam":
            return [
                event for own, may in self._batches(slots, allowed) for event in self._write(own, kind, may)
            ]
        events = [found[0].event for found in self._propose(slots, kind, self.decoding.beams, allowed)]
        for slot, event in zip(slots, events, strict=True):
            self.read(slot, event)
        return events

    @abstractmethod
    def retract(self, slot: int, event: Written) -> None:
        """Take back the command or the advice that was written last in an episode: it was not followed."""

    def propose(
        self,
        slots: Sequence[int],
        kind: Ask,
        count: int,
        may_be_done: Sequence[bool] | None = None,
        trees: Sequence[Tree | None] | None = None,
    ) -> list[list[Proposal]]:
        """Return the likeliest next events of each episode, best first, by beam search.

        Nothing becomes part of the episodes: `read` the event that is chosen.
        """
        done = may_be_done or [False] * len(slots)
        allowed = [Allowed(*one) for one in zip(trees or [None] * len(slots), done, strict=True)]
        return self._propose(slots, kind, count, allowed)

    def make_text_tree(self, slot: int, texts: Iterable[str]) -> Tree:
        """Return the tree of some texts, as the episode in this slot writes them.

        Raises:
            ValueError: If there is no text.
        """
        slots = self._slots(slot)
        told = [slots.read(text, allot=False) for text in texts]
        return make_text_tree(told, self._encode_kept, self._end)

    def accepts(self, slot: int, text: str, tree: Tree) -> bool:
        """Return whether a text is among those of a tree, as the episode in this slot writes it."""
        node: Tree | None = tree
        for token in (*self._encode_kept(self._slots(slot).read(text, allot=False)), self._end):
            node = node.next.get(token) if node is not None else None
        return node is not None

    def make_form_tree(self, slot: int, forms: Iterable[str], names: Mapping[str, Iterable[str]]) -> Tree:
        """Return the tree of all texts that forms and names make, as the episode in this slot writes them.

        Raises:
            ValueError: If no form can be filled.
        """
        slots = self._slots(slot)
        told = {field: [slots.read(text, allot=False) for text in texts] for field, texts in names.items()}
        return make_form_tree(forms, told, self._encode_kept, self._end)

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls of the model and tokens that went through it in the running episode."""
        counts = self.counts[slot]
        return {"calls": counts.calls, "tokens": counts.tokens}

    @property
    @abstractmethod
    def _end(self) -> int:
        """Return the token that ends what is written."""

    @abstractmethod
    def _slots(self, slot: int) -> Slots:
        """Return the names of one episode."""

    @abstractmethod
    def _write(self, slots: Sequence[int], kind: Ask, allowed: Sequence[Allowed]) -> list[Written]:
        """Write token by token."""

    @abstractmethod
    def _search(
        self, slots: Sequence[int], kind: Ask, count: int, allowed: Sequence[Allowed]
    ) -> list[list[Found]]:
        """Return what a beam search finds after each prompt."""

    def _propose(
        self, slots: Sequence[int], kind: Ask, count: int, allowed: Sequence[Allowed]
    ) -> list[list[Proposal]]:
        return [
            [Proposal(self._event(slot, kind, one.tokens), one.score, one.total) for one in found]
            for own, may in self._batches(slots, allowed)
            for slot, found in zip(own, self._search(own, kind, count, may), strict=True)
        ]

    def _batches(
        self, slots: Sequence[int], allowed: Sequence[Allowed]
    ) -> Iterator[tuple[Sequence[int], Sequence[Allowed]]]:
        size = self.decoding.batch or len(slots)
        for first in range(0, len(slots), size):
            yield slots[first : first + size], allowed[first : first + size]

    def _room(self, kind: Ask) -> int:
        """Return how many tokens a prompt may have."""
        room = longest_prompt(self.model, kind)
        return min(room, self.decoding.max_prompt or room)

    def _longest(self, kind: Ask) -> int:
        """Return how many tokens are written."""
        return self.decoding.max_tokens or longest_answer(kind)

    def _event(self, slot: int, kind: Ask, tokens: Sequence[int]) -> Written:
        """Return the event that these tokens write."""
        if self._done in tokens:
            return Done()
        text = str(self.tokenizer.decode(tokens, skip_special_tokens=True)).strip()
        text = self._slots(slot).write(text)
        if kind == "advice":
            return Advice.read(text)
        return Plan(text) if kind == "subgoal" else Command(text)

    @property
    def _done(self) -> int:
        return int(self.tokenizer.convert_tokens_to_ids(DONE))

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def _encode_kept(self, text: str) -> list[int]:
        """Return the tokens of a short text that is asked for again and again."""
        if text not in self._tokens:
            self._tokens[text] = self._encode(text)
        return self._tokens[text]
