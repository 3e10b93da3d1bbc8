"""The policy over actions with features, on a world without a simulator."""

from typing import Any

import gymnasium as gym
import numpy as np
from sb3_contrib import MaskablePPO

from sgd_gym.agents.sb3.policy import OptionPolicy

ACTIONS, KEPT_BACK = 6, 5


class Pointed(gym.Env[dict[str, np.ndarray], np.int64]):
    """One action is pointed at by its second feature; to take it is all there is to do."""

    action_space = gym.spaces.Discrete(ACTIONS)
    observation_space = gym.spaces.Dict(
        {
            "achieved_goal": gym.spaces.Box(0, 1, (2,), np.float32),
            "observation": gym.spaces.Box(0, 1, (3,), np.float32),
            "options": gym.spaces.Box(0, 1, (2 * ACTIONS,), np.float32),
            "zone": gym.spaces.Box(0, 1, (1,), np.float32),
        }
    )

    def __init__(self, right: tuple[int, ...]):
        self._choices, self._right = right, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        super().reset(seed=seed)
        self._right = int(self.np_random.choice(self._choices))
        features = np.ones((ACTIONS, 2), dtype=np.float32)
        features[:, 1] = np.arange(ACTIONS) == self._right
        rest = {"achieved_goal": 2, "observation": 3, "zone": 1}
        seen: dict[str, Any] = {name: np.zeros(size, dtype=np.float32) for name, size in rest.items()}
        return seen | {"options": features.ravel()}, {}

    def step(self, action: np.int64) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        reward = float(action == self._right)
        return self.reset()[0], reward, True, False, {}

    def action_masks(self) -> np.ndarray:
        return np.isin(np.arange(ACTIONS), self._choices)


def test_what_one_action_teaches_all_learn() -> None:
    learner = MaskablePPO(
        OptionPolicy, Pointed(tuple(range(KEPT_BACK))), n_steps=128, learning_rate=3e-3, seed=0, device="cpu"
    )
    env = Pointed((KEPT_BACK,))
    seen, _ = env.reset(seed=0)
    policy: Any = learner.policy
    tensors, _ = policy.obs_to_tensor(seen)

    def chances() -> np.ndarray:
        return np.asarray(policy.get_distribution(tensors).distribution.probs.detach()[0])

    assert np.allclose(chances(), 1 / ACTIONS, atol=0.02)
    learner.learn(1_024)
    assert chances()[KEPT_BACK] > 0.4
