"""A trained model that another one learns from: asked at each batch, or once for its likeliest tokens."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sgd_gym.errors import CheckpointError
from sgd_gym.files import write_whole
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

        The three are added in units of their standard deviations; arXiv 2505.13820 weighs them alike. Where
        beliefs are kept, the entropy is theirs.
        """
        entropies = np.zeros(len(rows))
        for number, entropy in self._entropies(rows, collator, batch_tokens):
            spans = rows[number].spans[_first(rows[number]) :] > 0
            entropies[number] = entropy[: len(spans)][spans].mean() if spans.any() else 0.0
        lengths = [np.array([(row.spans == one).sum() for row in rows], float) for one in (1, 2)]
        total = np.zeros(len(rows))
        for part in (*lengths, entropies):
            total += part / max(float(part.std()), 1e-9)
        return total

    def keep_beliefs(
        self, rows: Sequence[Row], collator: Collator, count: int, batch_tokens: int, folder: Path
    ) -> list[Row]:
        """Return the rows with the teacher's `count` likeliest tokens at each place.

        They are kept in a file of `folder`, and what it holds is not asked again.
        """
        file = folder / f"{self._digest(rows, count)}.npz"
        if not file.is_file():
            found = self._likeliest(rows, collator, count, batch_tokens)
            tokens, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))

            def write(part: Path) -> None:
                with part.open("wb") as stream:
                    np.savez(stream, tokens=tokens, scores=scores)

            write_whole(file, write)
        with np.load(file) as kept:
            ends = np.cumsum([len(row.weights) for row in rows])[:-1]
            beliefs = map(Belief, np.split(kept["tokens"], ends), np.split(kept["scores"], ends))
            return [replace(row, belief=belief) for row, belief in zip(rows, beliefs, strict=True)]

    def _digest(self, rows: Sequence[Row], count: int) -> str:
        """Return what beliefs depend on: the teacher, the rows, and how many tokens are kept."""
        digest = hashlib.sha256(str(count).encode())
        for _, weights in sorted(self._model.state_dict().items()):
            digest.update(weights.detach().float().cpu().numpy().tobytes())
        for row in rows:
            for part in (row.tokens, row.tokens[:0] if row.answer is None else row.answer):
                digest.update(f"{len(part)} ".encode() + part.tobytes())
        return digest.hexdigest()[:16]

    def _likeliest(
        self, rows: Sequence[Row], collator: Collator, count: int, batch_tokens: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return of each row its likeliest tokens and their log-probabilities, (length, count) both."""
        found = [(np.zeros(0), np.zeros(0))] * len(rows)
        for numbers, logits in self._ask(rows, collator, batch_tokens):
            best, likeliest = torch.log_softmax(logits.float(), -1).topk(min(count, logits.shape[-1]))
            for number, own_tokens, own_scores in zip(
                numbers, likeliest.cpu().numpy(), best.cpu().numpy(), strict=True
            ):
                length, first = len(rows[number].weights), _first(rows[number])
                shape = (length, own_tokens.shape[-1])
                tokens, scores = np.zeros(shape, dtype=np.int32), np.full(shape, NOT_AMONG_THEM, np.float16)
                tokens[first:] = own_tokens[: length - first]
                scores[first:] = own_scores[: length - first]
                found[number] = tokens, scores
        return found

    def _entropies(
        self, rows: Sequence[Row], collator: Collator, batch_tokens: int
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield numbers of rows with the entropy, in nats, at each place that they predict."""
        kept = [row.belief for row in rows if row.belief is not None]
        if len(kept) == len(rows):
            for number, belief in enumerate(kept):
                log_p = torch.log_softmax(torch.from_numpy(belief.scores[_first(rows[number]) :]).float(), -1)
                yield number, -(log_p.exp() * log_p).sum(-1).numpy()
            return
        for numbers, logits in self._ask(rows, collator, batch_tokens):
            log_p = torch.log_softmax(logits.float(), -1)
            yield from zip(numbers, -(log_p.exp() * log_p).sum(-1).cpu().numpy(), strict=True)

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
