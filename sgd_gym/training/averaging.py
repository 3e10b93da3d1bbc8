"""The mean of the weights over the end of a training, in place of the last ones.

Stochastic weight averaging (Izmailov et al., 2018, arXiv 1803.05407): where the learning rate stays high, the
weights wander about a place that is better than each of them. Densely sampled, it generalises better beyond
what was trained on, too (SWAD, Cha et al., 2021, arXiv 2102.08604).
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import TrainerCallback

MEAN_FILE = "mean.safetensors"
"""The mean so far, in the folder of a training state."""
LAST_RATE = 1 / 3
"""The learning rate at the end over its peak: high enough that the weights go on to wander."""


class WeightAverage(TrainerCallback):
    """Takes the mean after each step beyond a given one."""

    def __init__(self, model: nn.Module, start: int):
        """Take the model whose weights change, and the step after which they count."""
        self._model = model
        self._start = start
        self._count = 0
        self._mean: dict[str, torch.Tensor] = {}

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Take in the weights."""
        if state.global_step <= self._start:
            return
        self._count += 1
        for name, weight in self._model.named_parameters():
            now = weight.detach().float()
            if self._count == 1:
                self._mean[name] = now.clone()
            else:
                self._mean[name].lerp_(now, 1 / self._count)

    def save(self, folder: Path) -> None:
        """Write the mean into the folder of a training state, if there is one yet."""
        if self._mean:
            save_file(self._mean, folder / MEAN_FILE)

    def load(self, folder: Path, step: int) -> None:
        """Read the mean that was saved at a step."""
        self._count = max(0, step - self._start)
        if self._count:
            self._mean = load_file(folder / MEAN_FILE, str(next(self._model.parameters()).device))

    def apply(self) -> None:
        """Give the model the mean as its weights, if there is one."""
        with torch.no_grad():
            for name, weight in self._model.named_parameters():
                if name in self._mean:
                    weight.copy_(self._mean[name])
