"""Encoder-decoder models at play: each state is encoded anew, those of all episodes together."""

from collections.abc import Sequence
from typing import Any

import torch

from sgd_gym.models.beams import Found, search
from sgd_gym.models.decoding import Allowed, Decoding, Line
from sgd_gym.models.prompting import fit_window
from sgd_gym.models.writer import Writer, Written
from sgd_gym.prompts import Ask, Event, Slots, Start, Window


class WindowWriter(Writer):
    """Writes with an encoder-decoder model."""

    def __init__(self, model: Any, tokenizer: Any, decoding: Decoding | None = None):
        """Take a model in evaluation mode, its tokenizer and how it decodes, greedily if not given."""
        super().__init__(model, tokenizer, decoding)
        self._windows: dict[int, Window] = {}
        self._generators: dict[int, torch.Generator] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Forget what was seen."""
        super().reset(slots)
        for slot in slots:
            self._windows[slot], self._generators[slot] = Window(), torch.Generator()

    def read(self, slot: int, event: Event) -> None:
        """Take in what happened."""
        if isinstance(event, Start):
            self._generators[slot] = self.decoding.make_generator(event.task + event.look)
        self._windows[slot].read(event)

    def retract(self, slot: int, event: Written) -> None:
        """Take a command from the history, which holds no advice."""
        self._windows[slot].retract(event)

    @property
    def _end(self) -> int:
        return int(self.tokenizer.eos_token_id)

    def _slots(self, slot: int) -> Slots:
        return self._windows[slot].slots

    def _write(self, slots: Sequence[int], kind: Ask, allowed: Sequence[Allowed]) -> list[Written]:
        prompts = self._prompts(slots, kind)
        batch = self.tokenizer.pad({"input_ids": prompts}, return_tensors="pt").to(self.model.device)
        lines = [Line(may, (self._end, self._done), self._longest(kind)) for may in allowed]
        last = [int(self.model.config.decoder_start_token_id)] * len(slots)
        with torch.inference_mode():
            encoded, cache = self.model.get_encoder()(**batch), None
            while not all(line.is_over for line in lines):
                out = self.model(
                    encoder_outputs=encoded,
                    attention_mask=batch["attention_mask"],
                    decoder_input_ids=torch.tensor(last, device=self.model.device)[:, None],
                    past_key_values=cache,
                    use_cache=True,
                )
                cache = out.past_key_values
                for number, (slot, line) in enumerate(zip(slots, lines, strict=True)):
                    last[number] = int(self.tokenizer.pad_token_id)
                    if not line.is_over:
                        logits, generator = out.logits[number, -1], self._generators[slot]
                        last[number] = line.pick(logits, self.decoding, generator)
        events = [self._event(slot, kind, line.written) for slot, line in zip(slots, lines, strict=True)]
        for slot, prompt, line, event in zip(slots, prompts, lines, events, strict=True):
            self.counts[slot].tokens += len(prompt) + len(line.written)
            self._windows[slot].read(event)
        return events

    def _prompts(self, slots: Sequence[int], kind: Ask) -> list[list[int]]:
        prompts = []
        for slot in slots:
            ids, cut = fit_window(self._windows[slot], kind, self.tokenizer, self._room(kind))
            prompts.append(ids)
            self.counts[slot].calls += 1
            self.counts[slot].cut += cut
        return prompts

    def _search(
        self, slots: Sequence[int], kind: Ask, count: int, allowed: Sequence[Allowed]
    ) -> list[list[Found]]:
        prompts = self._prompts(slots, kind)
        batch = self.tokenizer.pad({"input_ids": prompts}, return_tensors="pt").to(self.model.device)
        ends, pad = (self._end, self._done), int(self.tokenizer.pad_token_id)
        found = search(self.model, batch, allowed, count, self._longest(kind), ends, pad)
        for slot, prompt, texts in zip(slots, prompts, found, strict=True):
            self.counts[slot].tokens += len(prompt) + sum(len(one.tokens) for one in texts)
        return found
