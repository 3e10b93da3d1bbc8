"""A policy network for many actions that have features: what one of them teaches, all learn."""

from typing import Any

import torch
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import MlpExtractor
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

_KEY = "options"
_HIDDEN = 32


class OptionPolicy(MaskableMultiInputActorCriticPolicy):
    """Scores each action by all that is seen, with weights of its own, and by its features, with shared ones.

    Through the shared weights, what happens after `place(metal fork, red box)` counts for all boxes that a
    task may name; by its own weights alone, each action would have to be tried in each of its variations.
    """

    def _build_mlp_extractor(self) -> None:
        spaces: Any = self.observation_space
        widths = {name: int(space.shape[0]) for name, space in spaces.items()}
        # The features extractor joins them in this order.
        begin = sum(widths[name] for name in list(widths)[: list(widths).index(_KEY)])
        self._extractor = _KeepFeatures(
            slice(begin, begin + widths[_KEY]),
            self.features_dim,
            net_arch=self.net_arch,
            activation_fn=self.activation_fn,
            device=self.device,
        )
        self.mlp_extractor = self._extractor

    def _build(self, lr_schedule: Schedule) -> None:
        super()._build(lr_schedule)
        space: Any = self.action_space
        self.action_net = _Scores(self._extractor.width, self._extractor.kept, int(space.n))
        make: Any = self.optimizer_class
        self.optimizer = make(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)


class _KeepFeatures(MlpExtractor):
    """Hands the features of the actions on to the network that scores them."""

    def __init__(self, features: slice, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._features = features
        self.width = self.latent_dim_pi
        self.kept = features.stop - features.start
        self.latent_dim_pi += self.kept

    def forward_actor(self, features: torch.Tensor) -> torch.Tensor:
        return torch.cat([super().forward_actor(features), features[:, self._features]], dim=1)


class _Scores(nn.Module):
    """Gives each action a score: (batch, width + features of all actions) to (batch, actions)."""

    def __init__(self, width: int, kept: int, actions: int):
        super().__init__()
        self.width, self._actions = width, actions
        self._own = nn.Linear(width, actions)
        last = nn.Linear(_HIDDEN, 1)
        self._shared = nn.Sequential(nn.Linear(kept // actions + width, _HIDDEN), nn.Tanh(), last)
        for layer in (self._own, last):  # at first all actions are nearly alike
            nn.init.orthogonal_(layer.weight, gain=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        seen, features = latent[:, : self.width], latent[:, self.width :]
        features = features.reshape(len(latent), self._actions, -1)
        both = torch.cat([features, seen.unsqueeze(1).expand(-1, self._actions, -1)], dim=2)
        scores: torch.Tensor = self._own(seen) + self._shared(both).squeeze(2)
        return scores
