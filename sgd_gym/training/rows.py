"""Episodes to token rows for training, for both families of models; knows no trainer.

A row is what one forward pass reads, with a weight for each token that the loss counts. Of a decoder-only
model it is the transcript of an episode; of an encoder-decoder it is one decision.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from sgd_gym.errors import DataError
from sgd_gym.models.loading import family_of
from sgd_gym.models.prompting import fit_transcript, fit_window, longest_prompt
from sgd_gym.prompts import Role, make_decisions, make_segments
from sgd_gym.trajectories import Episode


@dataclass(frozen=True)
class Row:
    """Tokens of one forward pass."""

    tokens: np.ndarray
    """What is read, (length,), int32."""
    weights: np.ndarray
    """Weight of the loss on each token of `answer`, or of `tokens` where there is none, float32."""
    answer: np.ndarray | None = None
    """What an encoder-decoder model writes, (answer length,), int32."""

    def __len__(self) -> int:
        """Return how many tokens go through the model."""
        return len(self.tokens) + (0 if self.answer is None else len(self.answer))


@dataclass(frozen=True)
class Rows:
    """The rows of a data set."""

    rows: list[Row]
    cut: int
    """How many prompts were longer than the model takes, and lost their oldest history."""

    @property
    def lengths(self) -> list[int]:
        """Return the tokens of each row."""
        return [len(row) for row in self.rows]


def make_rows(
    episodes: Iterable[Episode], roles: Sequence[Role], model: Any, tokenizer: Any, context_weight: float
) -> Rows:
    """Turn episodes into the rows that a model learns from, as an agent reads and writes them.

    Args:
        episodes: Annotated episodes.
        roles: Whose targets carry weight 1.
        model: Tells the family, and how long a prompt may be.
        tokenizer: A Hugging Face tokenizer that knows the tokens of prompts.
        context_weight: Weight of the loss on the text around the targets; only decoder-only models can have
            one.
    """
    room = longest_prompt(model)
    rows, cut = [], 0
    for episode in episodes:
        if family_of(model) == "encoder-decoder":
            found, lost = _rows_of_decisions(episode, roles, tokenizer, room)
        else:
            found, lost = _rows_of_transcript(episode, roles, tokenizer, room, context_weight)
        rows += found
        cut += lost
    return Rows(rows, cut)


def _rows_of_decisions(
    episode: Episode, roles: Sequence[Role], tokenizer: Any, room: int
) -> tuple[list[Row], int]:
    rows, cut = [], 0
    for decision in make_decisions(episode, roles):
        prompt, was_cut = fit_window(decision.window, decision.kind, tokenizer, room)
        answer = tokenizer(decision.answer, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
        cut += was_cut
        rows.append(
            Row(
                np.array(prompt, dtype=np.int32),
                np.ones(len(answer), dtype=np.float32),
                np.array(answer, dtype=np.int32),
            )
        )
    return rows, cut


def _rows_of_transcript(
    episode: Episode, roles: Sequence[Role], tokenizer: Any, room: int, context_weight: float
) -> tuple[list[Row], int]:
    """Return the transcript as one row; as several, cut as an agent cuts it, if the model cannot take it."""
    segments = list(make_segments(episode, roles))
    tokens = tokenizer([one.text for one in segments], add_special_tokens=False)["input_ids"]
    rows: list[Row] = []
    kept: list[list[int]] = []
    weights: list[list[float]] = []
    for segment, ids in zip(segments, tokens, strict=True):
        if kept and sum(map(len, kept)) + len(ids) > room:
            rows.append(_join(kept, weights))
            kept = fit_transcript(kept, room - len(ids))
            weights = [[0.0] * len(one) for one in kept]  # these were learnt in the row before
        kept.append(ids)
        weights.append([1.0 if segment.target else context_weight] * len(ids))
    rows.append(_join(kept, weights))
    return rows, len(rows) - 1


def _join(kept: list[list[int]], weights: list[list[float]]) -> Row:
    return Row(
        np.array([token for ids in kept for token in ids], dtype=np.int32),
        np.array([weight for part in weights for weight in part], dtype=np.float32),
    )


@dataclass(frozen=True)
class Collator:
    """Pads rows on the right to one batch: what the model reads, and what the loss needs."""

    pad_id: int
    """Token that pads."""
    start_id: int | None = None
    """First token that the decoder of an encoder-decoder model reads; None for a decoder-only model."""

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Return the inputs of the model, and `targets`, `weights` and `tokens`.

        `targets` and `weights`, each (batch, predicted tokens), stand as the model's logits do; `tokens` is
        the number of tokens that are no padding. No rows, as the share of one process may have, are a
        batch that weighs nothing.
        """
        if not rows:
            nothing = np.full(2, self.pad_id, dtype=np.int32)
            rows = [Row(nothing, np.zeros(2, dtype=np.float32), None if self.start_id is None else nothing)]
        counted = sum(map(len, rows))
        read = _pad([row.tokens for row in rows], self.pad_id)
        weights = _pad([row.weights for row in rows], 0.0)
        if self.start_id is None:
            # Padding stands on the right, where causal attention never looks, so no mask is needed.
            shifted = {"targets": read[:, 1:], "weights": weights[:, 1:]}
            return {"input_ids": read[:, :-1], **shifted, "tokens": counted}
        targets = _pad([row.answer for row in rows if row.answer is not None], self.pad_id)
        lengths = torch.tensor([len(row.tokens) for row in rows])
        start = torch.full((len(rows), 1), self.start_id)
        return {
            "input_ids": read,
            "attention_mask": (torch.arange(read.shape[1]) < lengths[:, None]).long(),
            "decoder_input_ids": torch.cat([start, targets[:, :-1]], 1),
            "targets": targets,
            "weights": weights,
            "tokens": counted,
        }


def make_collator(model: Any, tokenizer: Any) -> Collator:
    """Return the collator of a model's family."""
    start = model.config.decoder_start_token_id if family_of(model) == "encoder-decoder" else None
    return Collator(tokenizer.pad_token_id, start)


def _pad(parts: Sequence[np.ndarray], value: float) -> torch.Tensor:
    longest = max(map(len, parts))
    padded = np.full((len(parts), longest), value, dtype=parts[0].dtype)
    for number, part in enumerate(parts):
        padded[number, : len(part)] = part
    tensor = torch.from_numpy(padded)
    return tensor if tensor.is_floating_point() else tensor.long()


def balance(episodes: list[Episode]) -> list[Episode]:
    """Repeat the episodes of rare tasks, so that no task has less than half as many as the largest."""
    counts = Counter(episode.task for episode in episodes)
    largest = max(counts.values())
    return [episode for episode in episodes for _ in range(max(1, round(largest / 2 / counts[episode.task])))]


def select(episodes: Iterable[Episode], split: str, tasks: list[str] | None) -> list[Episode]:
    """Keep the episodes of a split, and of some tasks if they are named.

    Raises:
        DataError: If the split, or one of the tasks, has no episode.
    """
    chosen = [one for one in episodes if one.split == split and (tasks is None or one.task in tasks)]
    have = {one.task for one in chosen}
    missing = set(tasks or ()) - have
    if missing or not chosen:
        what = f"task(s) {', '.join(sorted(missing))}" if missing else "any task"
        raise DataError(
            f"The data holds no {split} episode of {what}. "
            f"Fix: run 'sgd-gym collect --splits {split}' and 'sgd-gym annotate' for them."
        )
    return chosen


def data_hash(episodes: Iterable[Episode]) -> str:
    """Return a hash that changes with any text, sub-goal or order of the episodes."""
    digest = hashlib.sha256()
    for episode in episodes:
        digest.update(repr((episode, episode.steps)).encode())
    return digest.hexdigest()[:16]
