"""Read and write transcripts with a model; the one place that lets a model write.

Knows no agent. A `Writer` holds the transcript of each of n worlds as tokens, with a key-value cache, so
that a text is processed once, when it is first needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache

from sgd_gym.prompts import DONE, END

MAX_NEW_TOKENS = 48
"""Longest command or sub-goal that is written, in tokens; what is longer is cut."""


@dataclass
class _Page:
    """The transcript of one world."""

    segments: list[list[int]] = field(default_factory=list)
    cache: Any = None
    calls: int = 0
    tokens: int = 0


class Writer:
    """One model that continues the transcripts of n worlds, greedily."""

    def __init__(self, model: Any, tokenizer: Any):
        """Take a model in evaluation mode and its tokenizer."""
        self._model = model
        self._tokenizer = tokenizer
        self._context = model.config.max_position_embeddings
        self._end, self._done = tokenizer.convert_tokens_to_ids([END, DONE])
        self._pages: dict[int, _Page] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin empty transcripts for these worlds."""
        for slot in slots:
            self._pages[slot] = _Page()

    def read(self, slot: int, text: str) -> None:
        """Add a segment to a transcript; the model sees it at the next `write`."""
        self._pages[slot].segments.append(self._tokenizer.encode(text, add_special_tokens=False))

    def write(self, slot: int, opener: str, may_be_done: bool = False) -> str:
        """Let the model continue a transcript, and keep what it wrote as part of it.

        Args:
            slot: Which world.
            opener: The special token that asks for a sub-goal or a command.
            may_be_done: Whether the model may answer that the option is done.

        Returns:
            What the model wrote, without its end token; the done token alone if it said so.
        """
        page = self._pages[slot]
        self.read(slot, opener)
        self._cut(page)
        ids = [token for segment in page.segments for token in segment]
        if page.cache is None:
            page.cache = DynamicCache(config=self._model.config)
        known = page.cache.get_seq_length()
        written = self._continue(ids[known:], page.cache, may_be_done)
        page.calls += 1
        page.tokens += len(ids) - known + len(written) - 1  # the last one is processed at the next call
        ended = written[-1]
        if ended not in (self._end, self._done):
            written.append(self._end)
        page.segments.append(written)  # as it was written: the cache holds it so
        if ended == self._done:
            return DONE
        return str(self._tokenizer.decode(written[:-1], skip_special_tokens=True)).strip()

    def _continue(self, unread: list[int], cache: Any, may_be_done: bool) -> list[int]:
        """Read tokens into the cache and write greedily until an end token.

        A loop of its own, because the bookkeeping of the library's `generate` for each token is large beside
        a nano model.
        """
        written: list[int] = []
        with torch.inference_mode():
            step = torch.tensor([unread])
            while len(written) < MAX_NEW_TOKENS:
                logits = self._model(input_ids=step, past_key_values=cache, logits_to_keep=1).logits[0, -1]
                if not may_be_done:
                    logits[self._done] = -torch.inf
                written.append(int(logits.argmax()))
                if written[-1] in (self._end, self._done):
                    break
                step = torch.tensor([written[-1:]])
        return written

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls of the model and tokens that went through it in the running episode."""
        page = self._pages[slot]
        return {"calls": page.calls, "tokens": page.tokens}

    def _cut(self, page: _Page) -> None:
        """Drop the oldest turns of a transcript that is too long; never its head, which tells the task."""
        room = self._context - MAX_NEW_TOKENS
        if sum(map(len, page.segments)) <= room:
            return
        head, turns = page.segments[0], page.segments[1:]
        # Down to three quarters, so that the rest is not read again at every move.
        while turns and len(head) + sum(map(len, turns)) > room * 3 // 4:
            turns.pop(0)
        page.segments, page.cache = [head, *turns], None
