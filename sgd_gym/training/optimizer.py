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
        tables = [module.weight for module in model.modules() if isinstance(module, nn.Embedding)]
        head = getattr(model, "get_output_embeddings", lambda: None)()
        outside = {id(one) for one in [*tables, *([] if head is None else [head.weight])]}
        matrices: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for parameter in model.parameters():
            (others if parameter.ndim != 2 or id(parameter) in outside else matrices).append(parameter)
        self._parts: list[torch.optim.Optimizer] = [
            torch.optim.Muon(
                matrices, lr=learning_rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
            ),
            torch.optim.AdamW(others, lr=learning_rate, betas=(0.9, 0.95), weight_decay=weight_decay),
        ]
        super().__init__([*matrices, *others], {"lr": learning_rate})
        self._share_groups()

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Let both parts make their step."""
        for part in self._parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the states of both parts."""
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the states of both parts."""
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share_groups()

    def _share_groups(self) -> None:
        """Show the parts' own groups, so that a schedule that sets a learning rate here sets it there."""
        self.param_groups = [group for part in self._parts for group in part.param_groups]
