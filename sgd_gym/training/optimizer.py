"""Muon for matrices, AdamW for the rest, as one optimizer; knows no trainer.

With Muon (Jordan et al., 2024) more dev commands were exact than with AdamW after the same 100 seconds,
though the dev loss was no lower; see LOG.md.
"""

from typing import Any

import torch
from torch import nn


class MuonAdamW(torch.optim.Optimizer):
    """Muon for the weight matrices between embedding and head, AdamW for everything else."""

    def __init__(self, model: nn.Module, learning_rate: float, weight_decay: float):
        """Divide the model's parameters; both parts get the same learning rate and weight decay."""
        matrices: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for name, parameter in model.named_parameters():
            inner = parameter.ndim == 2 and "embed" not in name and "lm_head" not in name
            (matrices if inner else others).append(parameter)
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.Muon(
                matrices, lr=learning_rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
            ),
            torch.optim.AdamW(others, lr=learning_rate, betas=(0.9, 0.95), weight_decay=weight_decay),
        ]
        super().__init__([*matrices, *others], {"lr": learning_rate})
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Let both parts make their step, at the learning rate that the scheduler set here."""
        # Accelerate copies param_groups when it wraps an optimizer, so the parts' own would never change.
        theirs = [group for part in self._parts for group in part.param_groups]
        for group, ours in zip(theirs, self.param_groups, strict=True):
            group["lr"] = ours["lr"]
        for part in self._parts:
            part.step()
