"""Decoder-only models at play: one transcript an episode, each text read once through a key-value cache."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers.cache_utils import Cache

from sgd_gym.models.beams import Found, search
from sgd_gym.models.decoding import Allowed, Decoding, Line
from sgd_gym.models.prompting import fit_transcript
from sgd_gym.models.ragged import RaggedCache
from sgd_gym.models.writer import Writer, Written
from sgd_gym.prompts import END, OPENERS, Ask, Event, Slots, Start, Transcript


@dataclass
class _Page:
    """The transcript of one episode: how it is told, and its tokens."""

    row: int
    """Its number in the cache."""
    generator: torch.Generator
    transcript: Transcript = field(default_factory=Transcript)
    segments: list[list[int]] = field(default_factory=list)

    @property
    def tokens(self) -> list[int]:
        """Return the whole transcript."""
        return [token for segment in self.segments for token in segment]


class TranscriptWriter(Writer):
    """Writes with a decoder-only model: the transcripts of all episodes go through it together."""

    def __init__(self, model: Any, tokenizer: Any, decoding: Decoding | None = None):
        """Take a model in evaluation mode, its tokenizer and how it decodes, greedily if not given."""
        super().__init__(model, tokenizer, decoding)
        self._cache = RaggedCache(model)
        self._pages: dict[int, _Page] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin empty transcripts."""
        super().reset(slots)
        for slot in slots:
            row = self._pages[slot].row if slot in self._pages else len(self._pages)
            self._pages[slot] = _Page(row, torch.Generator())
            self._cache.forget(row)

    def read(self, slot: int, event: Event) -> None:
        """Add to a transcript; the model sees it at the next `write`."""
        page = self._pages[slot]
        if isinstance(event, Start):
            page.generator = self.decoding.make_generator(event.task + event.look)
        page.segments += map(self._encode, page.transcript.read(event))

    def retract(self, slot: int, event: Written) -> None:
        """Take the opener and the answer from the transcript."""
        page = self._pages[slot]
        del page.segments[-2:]
        self._cache.cut(page.row, sum(map(len, page.segments)))

    @property
    def _end(self) -> int:
        return int(self.tokenizer.convert_tokens_to_ids(END))

    def _slots(self, slot: int) -> Slots:
        return self._pages[slot].transcript.slots

    def _write(self, slots: Sequence[int], kind: Ask, allowed: Sequence[Allowed]) -> list[Written]:
        ends = (self._end, self._done)
        lines = [Line(may, ends, self._longest(kind)) for may in allowed]
        unread = [self._ask(slot, kind) for slot in slots]
        for line, tokens in zip(lines, unread, strict=True):
            _go_on(line, tokens)
        while running := [number for number, line in enumerate(lines) if not line.is_over]:
            pages = [self._pages[slots[one]] for one in running]
            logits = self._cache.read([page.row for page in pages], [unread[one] for one in running])
            for number, page, row in zip(running, pages, logits, strict=True):
                self.counts[slots[number]].tokens += len(unread[number])
                unread[number] = [lines[number].pick(row, self.decoding, page.generator)]
                _go_on(lines[number], unread[number])
        for slot, line in zip(slots, lines, strict=True):
            ended = line.written[-1] in ends
            self._pages[slot].segments.append(line.written if ended else [*line.written, self._end])
        return [self._event(slot, kind, line.written) for slot, line in zip(slots, lines, strict=True)]

    def _ask(self, slot: int, kind: Ask) -> list[int]:
        """Ask in a transcript, cut it if it is too long, and return what the model has not read of it."""
        page = self._pages[slot]
        page.segments.append(self._encode(OPENERS[kind]))
        self._fit(slot, kind)
        return page.tokens[self._cache.length(page.row) :]

    def _fit(self, slot: int, kind: Ask) -> None:
        page = self._pages[slot]
        self.counts[slot].calls += 1
        kept = fit_transcript(page.segments, self._room(kind))
        if len(kept) < len(page.segments):
            page.segments = kept
            self._cache.forget(page.row)
            self.counts[slot].cut += 1

    def _search(
        self, slots: Sequence[int], kind: Ask, count: int, allowed: Sequence[Allowed]
    ) -> list[list[Found]]:
        opener = self._encode(OPENERS[kind])
        pages = [self._pages[slot] for slot in slots]
        for slot in slots:
            self._fit(slot, kind)
        past = None if self.decoding.reread else self._read_on(slots, count)
        prompts = [[*page.tokens, *opener] for page in pages]
        batch = self.tokenizer.pad({"input_ids": prompts}, padding_side="left", return_tensors="pt")
        found = search(
            self.model,
            batch.to(self.model.device),
            allowed,
            count,
            self._longest(kind),
            (self._end, self._done),
            self.tokenizer.pad_token_id,
            past,
        )
        for slot, prompt, texts in zip(slots, prompts, found, strict=True):
            read = len(prompt) if past is None else len(opener)
            self.counts[slot].tokens += read + sum(len(one.tokens) for one in texts)
        return found

    def _read_on(self, slots: Sequence[int], count: int) -> Cache:
        """Read what is new in the transcripts, and return what is known of each, `count` times."""
        pages = [self._pages[slot] for slot in slots]
        unread = [page.tokens[self._cache.length(page.row) :] for page in pages]
        new = [number for number, tokens in enumerate(unread) if tokens]
        if new:
            self._cache.read([pages[one].row for one in new], [unread[one] for one in new])
        for slot, tokens in zip(slots, unread, strict=True):
            self.counts[slot].tokens += len(tokens)
        return self._cache.copy([page.row for page in pages], count)


def _go_on(line: Line, unread: list[int]) -> None:
    """Write what must follow; the model is not asked where there is no choice."""
    while not line.is_over and line.choices is not None and len(line.choices) == 1:
        unread += line.choices
        line.take(unread[-1])
