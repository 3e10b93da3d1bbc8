"""How well a model predicts recorded episodes, reading the true text before each answer; plays nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from sgd_gym.training.objectives import imitation
from sgd_gym.training.rows import Collator, Row, Wanted


def evaluate(model: Any, rows: Sequence[Row], collator: Collator, batch_tokens: int) -> dict[str, float]:
    """Return `loss` on targets, and `exact_match`: the share of answers that are right in every token.

    Args:
        model: In either mode; it is left in the mode it was in.
        rows: With weight 1 on targets, 0 elsewhere.
        collator: Makes batches of them.
        batch_tokens: Tokens of a batch, padding among them.
    """
    was_training = model.training
    model.eval()
    total, weight, exact, answers = 0.0, 0.0, 0, 0
    with torch.inference_mode():
        for part in _batches(rows, batch_tokens):
            batch = collator(part)
            inputs, wanted = split_batch(batch, model.device)
            logits, weights = model(**inputs).logits, wanted.weights
            part_loss, part_weight = imitation(logits, wanted, inputs)
            total += float(part_loss)
            weight += float(part_weight)
            right = (logits.argmax(-1) == wanted.targets) | (weights == 0)
            for hits, on in zip(right.cpu(), weights.cpu() > 0, strict=True):
                # A new answer begins where weight follows no weight.
                begins = on & ~torch.cat([torch.zeros(1, dtype=torch.bool), on[:-1]])
                number = begins.cumsum(0) * on
                count = int(begins.sum())
                wrong = torch.unique(number[~hits & on])
                answers += count
                exact += count - len(wrong)
    model.train(was_training)
    return {"loss": total / max(weight, 1.0), "exact_match": exact / max(answers, 1)}


def split_batch(batch: dict[str, Any], device: Any) -> tuple[dict[str, torch.Tensor], Wanted]:
    """Divide a batch of `Collator` into what the model reads and what it should write."""
    moved = {name: value.to(device) for name, value in batch.items() if isinstance(value, torch.Tensor)}
    wanted = Wanted(moved.pop("targets"), moved.pop("weights"), moved.pop("spans"))
    if "belief_tokens" in moved:
        belief = (moved.pop("belief_tokens"), moved.pop("belief_scores"))
        wanted = replace(wanted, belief=belief)
    return moved, wanted


def _batches(rows: Sequence[Row], batch_tokens: int) -> list[list[Row]]:
    found: list[list[Row]] = [[]]
    for row in sorted(rows, key=len, reverse=True):
        if found[-1] and (len(found[-1]) + 1) * len(found[-1][0]) > batch_tokens:
            found.append([])
        found[-1].append(row)
    return found
