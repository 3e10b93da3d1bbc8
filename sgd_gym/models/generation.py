"""Read episodes and write sub-goals and commands with a model; the one place that lets a model write.

Knows no agent. A `Writer` is told the events of n episodes and asked for the next ones; what it writes is an
event of the episode too. Which family the model is of makes no difference to who holds it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from sgd_gym.models.checkpoint import load_checkpoint
from sgd_gym.models.loading import family_of
from sgd_gym.models.prompting import MAX_NEW_TOKENS, fit_transcript, fit_window, longest_prompt
from sgd_gym.models.ragged import RaggedCache
from sgd_gym.prompts import (
    DONE,
    END,
    OPENERS,
    Ask,
    Command,
    Done,
    Event,
    Plan,
    Role,
    Transcript,
    Window,
)


@dataclass
class Counts:
    """What one episode cost."""

    calls: int = 0
    """How often the model was asked."""
    tokens: int = 0
    """How many tokens went through it."""
    cut: int = 0
    """How many prompts were too long and lost history."""


class Writer(ABC):
    """One model that writes in n episodes, greedily."""

    def __init__(self, model: Any, tokenizer: Any):
        """Take a model in evaluation mode and its tokenizer."""
        self.model = model
        self.tokenizer = tokenizer
        self.counts: dict[int, Counts] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin new episodes, of which nothing is known yet."""
        for slot in slots:
            self.counts[slot] = Counts()

    @abstractmethod
    def read(self, slot: int, event: Event) -> None:
        """Be told what happened in one episode."""

    @abstractmethod
    def write(
        self, slots: Sequence[int], kind: Ask, may_be_done: Sequence[bool] | None = None
    ) -> list[Plan | Command | Done]:
        """Write the next event of each episode in `slots`, which becomes part of it.

        Args:
            slots: Which episodes.
            kind: What to write.
            may_be_done: For each, whether the model may answer that the option is done; nowhere if None.
        """

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls of the model and tokens that went through it in the running episode."""
        counts = self.counts[slot]
        return {"calls": counts.calls, "tokens": counts.tokens}


def make_writer(model: Any, tokenizer: Any) -> Writer:
    """Return the writer of the model's family."""
    family = family_of(model)
    return (WindowWriter if family == "encoder-decoder" else TranscriptWriter)(model, tokenizer)


def load_writer(checkpoint: Path, role: Role) -> Writer:
    """Return a writer with the model of a checkpoint.

    Raises:
        CheckpointError: If the folder is no checkpoint of this role.
    """
    model, tokenizer, _ = load_checkpoint(checkpoint, role)
    return make_writer(model, tokenizer)


def _make_event(kind: Ask, text: str) -> Plan | Command:
    return Plan(text) if kind == "subgoal" else Command(text)


@dataclass
class _Page:
    """The transcript of one episode: how it is told, and its tokens."""

    row: int
    """Its number in the cache."""
    transcript: Transcript = field(default_factory=Transcript)
    segments: list[list[int]] = field(default_factory=list)


class TranscriptWriter(Writer):
    """Writes with a decoder-only model: each text is read once, the transcripts of all episodes together."""

    def __init__(self, model: Any, tokenizer: Any):
        """Take a model in evaluation mode and its tokenizer."""
        super().__init__(model, tokenizer)
        self._room = longest_prompt(model)
        self._end, self._done = tokenizer.convert_tokens_to_ids([END, DONE])
        self._cache = RaggedCache(model)
        self._pages: dict[int, _Page] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin empty transcripts."""
        super().reset(slots)
        for slot in slots:
            row = self._pages[slot].row if slot in self._pages else len(self._pages)
            self._pages[slot] = _Page(row)
            self._cache.forget(row)

    def read(self, slot: int, event: Event) -> None:
        """Add to a transcript; the model sees it at the next `write`."""
        page = self._pages[slot]
        page.segments += map(self._encode, page.transcript.read(event))

    def write(
        self, slots: Sequence[int], kind: Ask, may_be_done: Sequence[bool] | None = None
    ) -> list[Plan | Command | Done]:
        """Continue the transcripts."""
        allowed = may_be_done or [False] * len(slots)
        unread = {slot: self._unread(slot, kind) for slot in slots}
        may = dict(zip(slots, allowed, strict=True))
        written: dict[int, list[int]] = {slot: [] for slot in slots}
        while unread:
            running = list(unread)
            logits = self._cache.read([self._pages[one].row for one in running], list(unread.values()))
            for slot, row in zip(running, logits, strict=True):
                self.counts[slot].tokens += len(unread.pop(slot))
                if not may[slot]:
                    row[self._done] = -torch.inf
                token = int(row.argmax())
                written[slot].append(token)
                if token not in (self._end, self._done) and len(written[slot]) < MAX_NEW_TOKENS:
                    unread[slot] = [token]
        return [self._event(slot, kind, written[slot]) for slot in slots]

    def _unread(self, slot: int, kind: Ask) -> list[int]:
        """Ask in a transcript, cut it if it is too long, and return what the model has not read of it."""
        page = self._pages[slot]
        self.counts[slot].calls += 1
        page.segments.append(self._encode(OPENERS[kind]))
        kept = fit_transcript(page.segments, self._room)
        if len(kept) < len(page.segments):
            page.segments = kept
            self._cache.forget(page.row)
            self.counts[slot].cut += 1
        ids = [token for segment in page.segments for token in segment]
        return ids[self._cache.length(page.row) :]

    def _event(self, slot: int, kind: Ask, written: list[int]) -> Plan | Command | Done:
        """Add what was written to its transcript; the cache holds it but for its last token."""
        page = self._pages[slot]
        done = written[-1] == self._done
        if not done and written[-1] != self._end:
            written = [*written, self._end]
        page.segments.append(written)
        if done:
            return Done()
        text = str(self.tokenizer.decode(written[:-1], skip_special_tokens=True)).strip()
        return _make_event(kind, page.transcript.slots.write(text))

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))


class WindowWriter(Writer):
    """Writes with an encoder-decoder model: encodes each state anew, those of all episodes together."""

    def __init__(self, model: Any, tokenizer: Any):
        """Take a model in evaluation mode and its tokenizer."""
        super().__init__(model, tokenizer)
        self._room = longest_prompt(model)
        self._windows: dict[int, Window] = {}
        self._done = tokenizer.convert_tokens_to_ids(DONE)

    def reset(self, slots: Sequence[int]) -> None:
        """Forget what was seen."""
        super().reset(slots)
        for slot in slots:
            self._windows[slot] = Window()

    def read(self, slot: int, event: Event) -> None:
        """Take in what happened."""
        self._windows[slot].read(event)

    def write(
        self, slots: Sequence[int], kind: Ask, may_be_done: Sequence[bool] | None = None
    ) -> list[Plan | Command | Done]:
        """Answer the prompts of all episodes."""
        allowed = may_be_done or [False] * len(slots)
        events: list[Plan | Command | Done] = []
        for slot, answer in zip(slots, self._answer(slots, kind, allowed), strict=True):
            window = self._windows[slot]
            text = str(self.tokenizer.decode(answer, skip_special_tokens=True)).strip()
            done = self._done in answer
            event = Done() if done else _make_event(kind, window.slots.write(text))
            window.read(event)
            events.append(event)
        return events

    def _answer(self, slots: Sequence[int], kind: Ask, may_be_done: Sequence[bool]) -> list[list[int]]:
        prompts = []
        for slot in slots:
            ids, cut = fit_window(self._windows[slot], kind, self.tokenizer, self._room)
            prompts.append(ids)
            self.counts[slot].cut += cut
        device = self.model.device
        batch = self.tokenizer.pad({"input_ids": prompts}, return_tensors="pt").to(device)
        start = self.model.config.decoder_start_token_id
        forbidden = torch.tensor([not may for may in may_be_done], device=device)
        with torch.inference_mode():
            encoded = self.model.get_encoder()(**batch)
            cache, step = None, torch.full((len(slots), 1), start, device=device)
            written: list[torch.Tensor] = []
            running = torch.ones(len(slots), dtype=torch.bool, device=device)
            while len(written) < MAX_NEW_TOKENS and running.any():
                out = self.model(
                    encoder_outputs=encoded,
                    attention_mask=batch["attention_mask"],
                    decoder_input_ids=step,
                    past_key_values=cache,
                    use_cache=True,
                )
                logits, cache = out.logits[:, -1], out.past_key_values
                logits[forbidden, self._done] = -torch.inf
                best = logits.argmax(-1).where(running, self.tokenizer.pad_token_id)
                written.append(best)
                running &= (best != self.tokenizer.eos_token_id) & (best != self._done)
                step = best[:, None]
        pad = self.tokenizer.pad_token_id
        answers = [[one for one in row if one != pad] for row in torch.stack(written, 1).tolist()]
        for slot, prompt, answer in zip(slots, prompts, answers, strict=True):
            self.counts[slot].calls += 1
            self.counts[slot].tokens += len(prompt) + len(answer)
        return answers
