"""Beam search for the likeliest texts, by transformers' `generate`; knows no prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList
from transformers.cache_utils import Cache

from sgd_gym.models.decoding import Allowed, Line


@dataclass(frozen=True)
class Found:
    """A text that a search has found."""

    tokens: list[int]
    """With the token that ends it, if it has one."""
    score: float
    """Mean log-probability of its tokens."""

    @property
    def total(self) -> float:
        """Return the log-probability of the whole text."""
        return self.score * len(self.tokens)


def search(
    model: Any,
    batch: Mapping[str, torch.Tensor],
    allowed: Sequence[Allowed],
    count: int,
    max_new_tokens: int,
    ends: tuple[int, int],
    pad: int,
    past: Cache | None = None,
) -> list[list[Found]]:
    """Return the likeliest texts after each prompt, best first, `count` or fewer of them.

    Args:
        model: Of either family.
        batch: `input_ids` and `attention_mask` of the prompts, padded; on the left for decoder-only models.
        allowed: What may be written after each.
        count: How many texts are followed and returned.
        max_new_tokens: Longest text.
        ends: The tokens that end a text and an option.
        pad: The token that pads.
        past: What the model keeps of the prompts but for their last tokens, each `count` times; used up.
    """
    begun = 1 if model.config.is_encoder_decoder else batch["input_ids"].shape[1]
    with torch.inference_mode():
        out = model.generate(
            **batch,
            past_key_values=past,
            num_beams=count,
            num_return_sequences=count,
            do_sample=False,
            max_new_tokens=max_new_tokens,
            eos_token_id=list(ends),
            pad_token_id=pad,
            logits_processor=LogitsProcessorList([_Follow(allowed, begun, count, ends)]),
            return_dict_in_generate=True,
            output_scores=True,
        )
    # One beam is greedy search, which returns no scores.
    scores = [0.0] * len(allowed) if count == 1 else out.sequences_scores.tolist()
    found: list[list[Found]] = [[] for _ in allowed]
    for number, (row, score) in enumerate(zip(out.sequences[:, begun:].tolist(), scores, strict=True)):
        tokens = [one for one in row if one != pad]
        own = found[number // count]
        if score > -1e6 and all(tokens != one.tokens for one in own):  # fewer texts than beams fill up
            own.append(Found(tokens, score))
    return found


class _Follow(LogitsProcessor):
    """Keeps each beam inside what may be written."""

    def __init__(self, allowed: Sequence[Allowed], begun: int, beams: int, ends: tuple[int, int]):
        self._allowed, self._begun, self._beams = allowed, begun, beams
        self._ends = ends

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        for row in range(len(scores)):
            line = Line(self._allowed[row // self._beams], self._ends, limit=len(input_ids[row]))
            for token in input_ids[row, self._begun :].tolist():
                if not line.is_over:  # an ended beam is filled up
                    line.take(token)
            choices = [self._ends[0]] if line.is_over else line.choices
            if choices is not None:
                kept = scores[row, choices].clone()
                scores[row] = -torch.inf
                scores[row, choices] = kept
            elif not line.allowed.done:
                scores[row, self._ends[1]] = -torch.inf
        return scores
