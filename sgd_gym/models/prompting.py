"""Prompts cut to what a model can take; the same for training and for acting.

What is too long loses its oldest history; the task stays.
"""

from collections.abc import Sequence
from typing import Any

from sgd_gym.models.loading import family_of
from sgd_gym.models.presets import CONTEXT, WINDOW
from sgd_gym.prompts import HISTORY, Ask, Window

MAX_NEW_TOKENS = 48
"""Longest command or sub-goal that is written, in tokens; what is longer is cut."""
MAX_ADVICE_TOKENS = 160
"""The same for a sub-goal with its commands."""

KEPT = 3 / 4
"""Part of the room that a transcript fills after it was cut, so that it is not cut again at every move."""


def longest_answer(kind: Ask) -> int:
    """Return how many tokens of an answer are written."""
    return MAX_ADVICE_TOKENS if kind == "advice" else MAX_NEW_TOKENS


def longest_prompt(model: Any, kind: Ask = "command") -> int:
    """Return how many tokens a prompt may have, with room left for what is written after it."""
    if family_of(model) == "encoder-decoder":
        return WINDOW  # T5 knows relative positions only, so that any length works
    return min(CONTEXT, int(getattr(model.config, "max_position_embeddings", CONTEXT))) - longest_answer(kind)


def fit_transcript(segments: Sequence[list[int]], room: int) -> list[list[int]]:
    """Drop the oldest segments of a transcript that has more than `room` tokens, but not its head."""
    if sum(map(len, segments)) <= room:
        return list(segments)
    head, turns = segments[0], list(segments[1:])
    left = len(head) + sum(map(len, turns))
    first = 0
    while first < len(turns) - 1 and left > room * KEPT:
        left -= len(turns[first])
        first += 1
    return [head, *turns[first:]]


def fit_window(window: Window, kind: Ask, tokenizer: Any, room: int) -> tuple[list[int], bool]:
    """Return the prompt of a window as tokens, and whether it had to be cut.

    First the history gets shorter, then the description of the room; a prompt that is still too long, as of
    a very long task, loses its end.
    """
    for history in range(HISTORY, -1, -1):
        ids: list[int] = tokenizer(window.ask(kind, history))["input_ids"]
        if len(ids) <= room:
            return ids, history < HISTORY
    characters = 2 * room
    while characters > 0:
        ids = tokenizer(window.ask(kind, 0, characters))["input_ids"]
        if len(ids) <= room:
            return ids, True
        characters //= 2
    return ids[:room], True
