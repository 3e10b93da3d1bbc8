"""A trained model that another one learns from: asked at each batch, or once for its likeliest tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sgd_gym.errors import CheckpointError
from sgd_gym.models.checkpoint import load_checkpoint
from sgd_gym.models.loading import family_of
from sgd_gym.progress import track
from sgd_gym.prompts import Role
from sgd_gym.training.rows import Belief, Collator, Row, Wanted

NOT_AMONG_THEM = -30.0
"""Log-probability of the tokens that are not among a teacher's likeliest, which alone are kept."""


class Teacher:
    """What a trained model would write."""

    def __init__(self, model: Any):
        """Take a model, which is never changed."""
        self._model = model.eval().requires_grad_(False)

    def logits(self, wanted: Wanted, read: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return its logits, (batch, predicted tokens, vocabulary): from what was kept, or by asking it."""
        if wanted.belief is None:
            self._model.to(wanted.targets.device)
            with torch.no_grad():
                logits: torch.Tensor = self._model(**read).logits
            return logits
        tokens, scores = wanted.belief
        logits = torch.full((*tokens.shape[:2], self._model.config.vocab_size), NOT_AMONG_THEM)
        return logits.to(tokens.device).scatter(-1, tokens, scores.float())

    def measure_difficulty(self, rows: Sequence[Row], collator: Collator, batch_tokens: int) -> np.ndarray:
        """Return how hard each row is, (rows,): tokens of sub-goals, of commands, and the teacher's entropy.

        The three are added in units of their standard deviations; arXiv 2505.13820 weighs them alike.
        """
        entropies = np.zeros(len(rows))
        for numbers, logits in self._ask(rows, collator, batch_tokens):
            log_p = torch.log_softmax(logits.float(), -1)
            entropy = -(log_p.exp() * log_p).sum(-1).cpu().numpy()
            for number, own in zip(numbers, entropy, strict=True):
                spans = rows[number].spans[_first(rows[number]) :] > 0
                entropies[number] = own[: len(spans)][spans].mean() if spans.any() else 0.0
        lengths = [np.array([(row.spans == one).sum() for row in rows], float) for one in (1, 2)]
        total = np.zeros(len(rows))
        for part in (*lengths, entropies):
            total += part / max(float(part.std()), 1e-9)
        return total

    def keep_beliefs(
        self, rows: Sequence[Row], collator: Collator, count: int, batch_tokens: int
    ) -> list[Row]:
        """Return the rows with the teacher's `count` likeliest tokens at each place."""
        found = list(rows)
        for numbers, logits in self._ask(rows, collator, batch_tokens):
            scores, tokens = torch.log_softmax(logits.float(), -1).topk(min(count, logits.shape[-1]))
            for number, own_tokens, own_scores in zip(
                numbers, tokens.cpu().numpy(), scores.cpu().numpy(), strict=True
            ):
                row = rows[number]
                length, first = len(row.weights), _first(row)
                shape = (length, own_tokens.shape[-1])
                kept = Belief(np.zeros(shape, dtype=np.int32), np.full(shape, NOT_AMONG_THEM, np.float16))
                kept.tokens[first:] = own_tokens[: length - first]
                kept.scores[first:] = own_scores[: length - first]
                found[number] = replace(row, belief=kept)
        return found

    def _ask(
        self, rows: Sequence[Row], collator: Collator, batch_tokens: int
    ) -> Iterator[tuple[list[int], torch.Tensor]]:
        """Yield numbers of rows with the logits at what they predict."""
        order = sorted(range(len(rows)), key=lambda number: -len(rows[number]))
        with track("ask the teacher", len(rows)) as advance, torch.inference_mode():
            while order:
                size = max(1, batch_tokens // len(rows[order[0]]))
                numbers, order = order[:size], order[size:]
                batch = collator([rows[number] for number in numbers])
                names = [name for name in batch if name.endswith(("input_ids", "attention_mask"))]
                yield (
                    numbers,
                    self._model(**{name: batch[name].to(self._model.device) for name in names}).logits,
                )
                advance(len(numbers))


def _first(row: Row) -> int:
    """Return the first place that a model predicts: a decoder-only one reads the first token only."""
    return 1 if row.answer is None else 0


def load_teacher(folder: Path, roles: Sequence[Role], model: Any, tokenizer: Any) -> Teacher:
    """Return the teacher of a student.

    Args:
        folder: Its checkpoint.
        roles: What the student learns to write, and the teacher must have learnt.
        model: The student.
        tokenizer: The student's.

    Raises:
        CheckpointError: If the folder is no checkpoint of these roles, or family or tokenizer are others.
    """
    for role in roles:
        teacher, own_tokenizer, _ = load_checkpoint(folder, role)
    if family_of(teacher) != family_of(model):
        raise CheckpointError(
            f"The teacher {folder} is {family_of(teacher)}, the student {family_of(model)}. "
            f"Fix: --family {family_of(teacher)}."
        )
    if own_tokenizer.get_vocab() != tokenizer.get_vocab():
        raise CheckpointError(
            f"The teacher {folder} has another tokenizer than the student: {len(own_tokenizer)} tokens and "
            f"{len(tokenizer)}. Fix: begin with a preset (--model nano), which takes the teacher's."
        )
    return Teacher(teacher)
