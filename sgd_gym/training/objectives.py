"""What training minimises; knows no trainer.

An objective gets the logits of a batch and what `Collator` says of it, and returns a sum and the weight it
stands on, so that batches divided over processes add up to the same loss.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch.nn.functional import cross_entropy

from sgd_gym.errors import UnknownNameError


class Objective(Protocol):
    """What is minimised over a batch."""

    def __call__(
        self, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weighted sum of losses and the sum of the weights, both scalars.

        Args:
            logits: What the model predicts, (batch, predicted tokens, vocabulary).
            targets: What was to be predicted, (batch, predicted tokens).
            weights: How much each of them counts, (batch, predicted tokens); 0 for padding.
        """
        ...


def imitation(
    logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy of what the annotated paths say: behaviour cloning."""
    chosen = weights > 0
    losses = cross_entropy(logits[chosen].float(), targets[chosen], reduction="none")
    return (losses * weights[chosen]).sum(), weights.sum()


OBJECTIVES: Mapping[str, Callable[[], Objective]] = {"imitation": lambda: imitation}
"""Makers of objectives by name."""


def make_objective(name: str, **settings: Any) -> Objective:
    """Return the objective of a name.

    Raises:
        UnknownNameError: If there is none.
    """
    if name not in OBJECTIVES:
        raise UnknownNameError("objective", name, OBJECTIVES)
    return OBJECTIVES[name](**settings)
