"""What training minimises: recorded texts, or what a teacher would write; knows no trainer.

An objective gets the logits of a batch and what `Collator` says of it, and returns a sum and the weight it
stands on, so that batches divided over processes add up to the same loss.
"""

from typing import Literal, Protocol, get_args

import torch
from torch.nn.functional import cross_entropy, log_softmax

from sgd_gym.errors import SgdGymError, UnknownNameError
from sgd_gym.prompts import Span
from sgd_gym.training.act_tokens import ActTokens
from sgd_gym.training.rows import SPANS, Wanted
from sgd_gym.training.teacher import Teacher

IGNORED = -100
"""Target of a token that carries no loss."""
Masks = Literal["spans", "read", "none", "random"]
"""Which tokens are thoughts and actions: those that are (spans), with what is read for thoughts, too (read);
all are thoughts (none), or any are, drawn anew (random)."""


class Objective(Protocol):
    """What is minimised over a batch."""

    def __call__(
        self, logits: torch.Tensor, wanted: Wanted, read: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weighted sum of losses and the sum of the weights, both scalars.

        Args:
            logits: What the model predicts, (batch, predicted tokens, vocabulary).
            wanted: What it should.
            read: What it has read: the arguments of a model's forward pass.
        """
        ...


def imitation(
    logits: torch.Tensor, wanted: Wanted, read: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy of what the annotated paths say: behaviour cloning."""
    targets = wanted.targets.masked_fill(wanted.weights == 0, IGNORED)
    # Not `logits[weights > 0]`: to gather them and scatter their gradients is slow on a processor.
    losses = cross_entropy(
        logits.flatten(0, 1).float(), targets.flatten(), reduction="none", ignore_index=IGNORED
    )
    return (losses * wanted.weights.flatten()).sum(), wanted.weights.sum()


class TokenKD:
    """Divergence from the teacher at every token that counts, all alike (Sanh et al., arXiv 1910.01108)."""

    def __init__(self, teacher: Teacher):
        """Take the teacher."""
        self._teacher = teacher

    def __call__(
        self, logits: torch.Tensor, wanted: Wanted, read: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the sum of the weighted divergences, and of the weights."""
        weights, teacher = wanted.counted, self._teacher.logits(wanted, read)
        losses = divergence(teacher[weights > 0], logits[weights > 0])
        return (losses * weights[weights > 0]).sum(), weights.sum()


class StructuredKD:
    """Structured Agent Distillation (arXiv 2505.13820): thoughts and actions have losses of their own.

    A thought, which a sub-goal is here, is compared with the teacher's over the whole vocabulary, an action
    with the teacher's choice among the tokens that the grammar of commands allows there. What is only read
    carries no loss, unless `masks` says so.
    """

    def __init__(
        self,
        teacher: Teacher,
        act_tokens: ActTokens,
        reason_weight: float = 1.0,
        act_weight: float = 1.0,
        label_weight: float = 0.0,
        masks: Masks = "spans",
    ):
        """Take the teacher.

        Args:
            teacher: Whose distribution is learnt.
            act_tokens: Tells what may stand in a command.
            reason_weight: Of the divergence at each token of a thought.
            act_weight: Of the divergence at each token of an action.
            label_weight: Of the cross-entropy of what was recorded, at each token of both.
            masks: Other masks than the paper's.
        """
        check_weights(reason_weight, act_weight, label_weight, masks)
        self._teacher, self._act_tokens = teacher, act_tokens
        self._weights: dict[Span, float] = {"reason": reason_weight, "act": act_weight}
        self._label_weight, self._masks = label_weight, masks

    def __call__(
        self, logits: torch.Tensor, wanted: Wanted, read: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the sum of the weighted losses, and of the weights."""
        spans, teacher = self._spans(wanted), self._teacher.logits(wanted, read)
        loss, weight = logits.new_zeros((), dtype=torch.float32), 0.0
        for span, own in self._weights.items():
            chosen, allowed = spans == SPANS[span], None
            if span == "act":
                allowed = self._act_tokens.mask(wanted.targets, chosen, logits.shape[-1])
            loss = loss + own * divergence(teacher[chosen], logits[chosen], allowed).sum()
            weight += own * int(chosen.sum())
            if self._label_weight:
                recorded = self._label_weight * wanted.weights[chosen]
                labels = cross_entropy(logits[chosen].float(), wanted.targets[chosen], reduction="none")
                loss = loss + (recorded * labels).sum()
                weight += float(recorded.sum())
        return loss, torch.tensor(weight, device=logits.device)

    def _spans(self, wanted: Wanted) -> torch.Tensor:
        """Return the span of each token, by the masks that are asked for."""
        if self._masks == "spans":
            return wanted.spans
        counted = wanted.counted > 0
        if self._masks in ("read", "none"):
            thoughts = counted * SPANS["reason"]
            return thoughts if self._masks == "none" else wanted.spans.where(wanted.spans > 0, thoughts)
        spans = torch.zeros_like(wanted.spans)
        own = wanted.spans[counted]
        spans[counted] = own[torch.randperm(len(own), device=own.device)]
        return spans


def divergence(
    teacher: torch.Tensor, student: torch.Tensor, allowed: torch.Tensor | None = None
) -> torch.Tensor:
    """Return KL(teacher || student) at each of n places, over some tokens or over all, (n,).

    Args:
        teacher: Logits, (n, vocabulary).
        student: Logits, likewise.
        allowed: Among which tokens the teacher chooses, bool, likewise. The student's choice is among all:
            were it among these, too, nothing would ever teach it that no other may stand there.
    """
    if allowed is not None:
        teacher = teacher.masked_fill(~allowed, -torch.inf)
    log_p, log_q = log_softmax(teacher.float(), -1), log_softmax(student.float(), -1)
    # Where the teacher has no probability, 0 * log(0 / q) counts 0.
    return (log_p.exp() * (log_p.masked_fill(log_p == -torch.inf, 0.0) - log_q)).sum(-1)


def check_weights(reason: float, act: float, label: float, masks: str) -> None:
    """Check the settings of structured distillation.

    Raises:
        UnknownNameError: If there are no such masks.
        SgdGymError: If a weight is negative, or none is above 0.
    """
    if masks not in get_args(Masks):
        raise UnknownNameError("masks", masks, get_args(Masks))
    if min(reason, act, label) < 0 or reason + act == 0:
        raise SgdGymError(
            f"reason_weight is {reason}, act_weight {act}, label_weight {label}. "
            f"Allowed: 0 or more, and one of the first two above 0."
        )
