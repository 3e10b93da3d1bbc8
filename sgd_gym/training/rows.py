"""Episodes to token rows for training, for both families of models; knows no trainer.

A row is what one forward pass reads, with a weight for each token that the loss counts. Of a decoder-only
model it is the transcript of an episode, or of a sage's up to one advice; of an encoder-decoder it is one
decision.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
import torch

from sgd_gym.errors import DataError
from sgd_gym.models.loading import family_of
from sgd_gym.models.prompting import fit_transcript, fit_window, longest_prompt
from sgd_gym.prompts import Role, Segment, Span, each_advice, make_decisions, make_segments
from sgd_gym.training.batches import widen
from sgd_gym.training.retelling import retell
from sgd_gym.trajectories import Episode

SPANS: dict[Span | None, int] = {None: 0, "reason": 1, "act": 2}
"""Numbers of spans; 0 for a token of none."""


@dataclass(frozen=True)
class Belief:
    """What a teacher holds likely in place of each token of a row."""

    tokens: np.ndarray
    """The likeliest ones, (length, k), int32."""
    scores: np.ndarray
    """Their log-probabilities, float16."""


@dataclass(frozen=True)
class Row:
    """Tokens of one forward pass.

    Law: a token of weight 1 that is of a sub-goal or a command has exactly one span; all others have none.
    """

    tokens: np.ndarray
    """What is read, (length,), int32."""
    weights: np.ndarray
    """Weight of the loss on each token of `answer`, or of `tokens` where there is none, float32."""
    spans: np.ndarray
    """Of the same tokens, which span each is of, as numbers of `SPANS`, int8."""
    answer: np.ndarray | None = None
    """What an encoder-decoder model writes, (answer length,), int32."""
    belief: Belief | None = None
    """Of the same tokens, what a teacher would write; None if nobody asked it."""

    def __len__(self) -> int:
        """Return how many tokens go through the model."""
        return len(self.tokens) + (0 if self.answer is None else len(self.answer))


@dataclass(frozen=True)
class Rows:
    """The rows of a data set."""

    rows: list[Row]
    cut: int
    """How many prompts were longer than the model takes, and lost their oldest history."""


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
        elif "sage" in roles:
            found, lost = _rows_of_advice(episode, tokenizer, longest_prompt(model, "advice"), context_weight)
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
                np.full(len(answer), SPANS[decision.span], dtype=np.int8),
                np.array(answer, dtype=np.int32),
            )
        )
    return rows, cut


@dataclass
class _Piece:
    """The tokens of a segment, and what the loss makes of them."""

    ids: list[int]
    weight: float
    span: int = 0


def _rows_of_transcript(
    episode: Episode, roles: Sequence[Role], tokenizer: Any, room: int, context_weight: float
) -> tuple[list[Row], int]:
    """Return the transcript as one row; as several, cut as an agent cuts it, if the model cannot take it."""
    segments = list(make_segments(episode, roles))
    rows: list[Row] = []
    kept: list[_Piece] = []
    for segment, ids in zip(segments, _encode(segments, tokenizer), strict=True):
        if kept and sum(len(one.ids) for one in kept) + len(ids) > room:
            rows.append(_join(kept))
            fitting = fit_transcript([one.ids for one in kept], room - len(ids))
            kept = [_Piece(one, 0.0) for one in fitting]  # these were learnt in the row before
        kept.append(_Piece(ids, 1.0 if segment.target else context_weight, SPANS[segment.span]))
    rows.append(_join(kept))
    return rows, len(rows) - 1


def _rows_of_advice(
    episode: Episode, tokenizer: Any, room: int, context_weight: float
) -> tuple[list[Row], int]:
    """Return a row for each advice; the text around is learnt once, in the last one, which holds it all."""
    rows, cut = [], 0
    each = list(each_advice(make_segments(episode, ["sage"])))
    for segments in each:
        *told, answer = _encode(segments, tokenizer)
        kept = fit_transcript(told, room)
        weight = context_weight if segments is each[-1] else 0.0
        rows.append(_join([*(_Piece(ids, weight) for ids in kept), _Piece(answer, 1.0)]))
        cut += len(kept) < len(told)
    return rows, cut


def _encode(segments: Sequence[Segment], tokenizer: Any) -> list[list[int]]:
    ids: list[list[int]] = tokenizer([one.text for one in segments], add_special_tokens=False)["input_ids"]
    return ids


def _join(pieces: Sequence[_Piece]) -> Row:
    return Row(
        np.array([token for one in pieces for token in one.ids], dtype=np.int32),
        np.array([one.weight for one in pieces for _ in one.ids], dtype=np.float32),
        np.array([one.span for one in pieces for _ in one.ids], dtype=np.int8),
    )


@dataclass(frozen=True)
class Wanted:
    """What a model should write, each (batch, predicted tokens), as its logits stand."""

    targets: torch.Tensor
    """The recorded tokens."""
    weights: torch.Tensor
    """How much each of them counts; 0 for padding."""
    spans: torch.Tensor
    """Numbers of `SPANS`."""
    belief: tuple[torch.Tensor, torch.Tensor] | None = None
    """Likeliest tokens of a teacher and their log-probabilities, each with a further dimension (k)."""

    @property
    def counted(self) -> torch.Tensor:
        """Return how much each token counts for a teacher, who judges a student's own games as well.

        Those have spans and no weights.
        """
        return torch.maximum(self.weights, (self.spans > 0).to(self.weights.dtype))


@dataclass(frozen=True)
class Collator:
    """Pads rows on the right to one batch: what the model reads, and what the loss needs."""

    pad_id: int
    """Token that pads."""
    start_id: int | None = None
    """First token that the decoder of an encoder-decoder model reads; None for a decoder-only model."""

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Return the inputs of the model, what it should write (see `Wanted`), and `tokens`.

        `tokens` is the number of tokens that are no padding. No rows, as the share of one process may have,
        are a batch that weighs nothing.
        """
        if not rows:
            nothing, no_weight = np.full(2, self.pad_id, dtype=np.int32), np.zeros(2, dtype=np.float32)
            answer = None if self.start_id is None else nothing
            rows = [Row(nothing, no_weight, np.zeros(2, dtype=np.int8), answer)]
        counted = sum(map(len, rows))
        answers = [row.tokens if row.answer is None else row.answer for row in rows]
        longest_answer = max(map(len, answers))
        # Of a transcript one token less is read, and one less predicted.
        width = widen(longest_answer - 1) + 1 if self.start_id is None else widen(longest_answer, 8)
        wanted = {
            "targets": _pad(answers, self.pad_id, width),
            "weights": _pad([row.weights for row in rows], 0.0, width),
            "spans": _pad([row.spans for row in rows], 0, width),
        }
        beliefs = [row.belief for row in rows if row.belief is not None]
        if len(beliefs) == len(rows):
            wanted["belief_tokens"] = _pad([one.tokens for one in beliefs], 0, width)
            wanted["belief_scores"] = _pad([one.scores for one in beliefs], 0.0, width)
        if self.start_id is None:
            # Padding stands on the right, where causal attention never looks, so no mask is needed.
            shifted = {name: one[:, 1:] for name, one in wanted.items()}
            return {"input_ids": wanted["targets"][:, :-1], **shifted, "tokens": counted}
        read = _pad([row.tokens for row in rows], self.pad_id, widen(max(len(row.tokens) for row in rows)))
        lengths = torch.tensor([len(row.tokens) for row in rows])
        start = torch.full((len(rows), 1), self.start_id)
        return {
            "input_ids": read,
            "attention_mask": (torch.arange(read.shape[1]) < lengths[:, None]).long(),
            "decoder_input_ids": torch.cat([start, wanted["targets"][:, :-1]], 1),
            **wanted,
            "tokens": counted,
        }


def make_collator(model: Any, tokenizer: Any) -> Collator:
    """Return the collator of a model's family."""
    start = model.config.decoder_start_token_id if family_of(model) == "encoder-decoder" else None
    return Collator(tokenizer.pad_token_id, start)


def _pad(parts: Sequence[np.ndarray], value: float, width: int) -> torch.Tensor:
    padded = np.full((len(parts), width, *parts[0].shape[1:]), value, dtype=parts[0].dtype)
    for number, part in enumerate(parts):
        padded[number, : len(part)] = part
    tensor = torch.from_numpy(padded)
    return tensor if tensor.is_floating_point() else tensor.long()


def balance(episodes: list[Episode], tellings: int = 1) -> list[Episode]:
    """Repeat the episodes of tasks with few moves, until they have about as many as tasks have on average.

    Each repetition is told in its own way (`retelling`). With `tellings` all is there so many times, and an
    episode is told in at least so many ways.
    """
    moves: Counter[str] = Counter()
    for episode in episodes:
        moves[episode.task] += len(episode.steps)
    mean = moves.total() / len(moves)
    repeats = {task: max(1, round(mean / count)) for task, count in moves.items()}
    found = []
    for episode in episodes:
        count = repeats[episode.task]
        told = [
            retell(episode, Random(f"{episode.episode_id} {number}")) if number else episode
            for number in range(max(count, tellings))
        ]
        found += [told[number % len(told)] for number in range(tellings * count)]
    return found


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


def mix(recorded: Sequence[Row], played: Sequence[Row], share: float) -> list[Row]:
    """Return recorded rows and a student's own, which are so large a share, in all as many as were recorded.

    Of what a student played no token is right because it was written: its rows keep their spans, which a
    teacher judges, and no weights.
    """
    count = round(share * len(recorded))
    own = [replace(row, weights=np.zeros_like(row.weights)) for row in played]
    return [*_spread(recorded, len(recorded) - count), *_spread(own, count)]


def _spread(rows: Sequence[Row], count: int) -> list[Row]:
    """Return so many of the rows, taken evenly; each as often as the others, or once more."""
    return [rows[number * len(rows) // count] for number in range(count)]


def thin(episodes: Sequence[Episode], fraction: float) -> list[Episode]:
    """Keep a share of the episodes of each task, the first ones; one at least."""
    left = {task: max(1, round(fraction * n)) for task, n in Counter(one.task for one in episodes).items()}
    kept = []
    for episode in episodes:
        if left[episode.task] > 0:
            left[episode.task] -= 1
            kept.append(episode)
    return kept


def data_hash(episodes: Iterable[Episode]) -> str:
    """Return a hash that changes with any text, sub-goal or order of the episodes."""
    digest = hashlib.sha256()
    for episode in episodes:
        digest.update(repr((episode, episode.steps)).encode())
    return digest.hexdigest()[:16]
