"""The k best sub-goals of a planner as arrays, and a planner that lets a learnt policy choose among them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from sgd_gym.agents.sgd.planner import ModelPlanner
from sgd_gym.encoders import NgramEncoder
from sgd_gym.knowledge import words_of
from sgd_gym.models.generation import load_writer
from sgd_gym.options import Info, Observation, OptionRecord

TEXTS = ("task", "look", "inventory")
FEATURES = 5
"""Of each sub-goal: whether there is one; its log-probability; how often it ran; how many of the words of its
arguments the task has, and what is in sight."""
WIDTH = 128
"""Entries of the vector of one text."""
FLOOR = -20.0
"""Log-probabilities below are not told apart."""
_OFTEN = 5
"""Sub-goals that ran so often are not told apart."""


class Candidates:
    """The k best sub-goals of a planner at one decision, as arrays; environment and agent show the same."""

    def __init__(self, planner: ModelPlanner, count: int):
        """Take a planner; `count` is k."""
        self.planner, self.count = planner, count
        self.texts: list[str] = []
        self._encoder = NgramEncoder(WIDTH)
        self._ran: dict[str, int] = {}

    @property
    def space(self) -> gym.spaces.Dict:
        """Return the space of the arrays."""
        return gym.spaces.Dict(
            {
                "observation": gym.spaces.Box(-1, 1, (len(TEXTS) * WIDTH,), np.float32),
                "options": gym.spaces.Box(-1, 1, (FEATURES * self.count,), np.float32),
            }
        )

    @property
    def open(self) -> np.ndarray:
        """Return which of the k there are: bool, shape (k,)."""
        return np.arange(self.count) < len(self.texts)

    def reset(self, slot: int) -> None:
        """Begin an episode."""
        self.planner.reset([slot])
        self._ran, self.texts = {}, []

    def propose(self, slot: int, seen: Mapping[str, str], last: OptionRecord | None) -> dict[str, np.ndarray]:
        """Ask the planner, and return what it proposes as arrays."""
        found = self.planner.propose(slot, seen, last, self.count)
        self.texts = [text for text, _ in found]
        task, sight = words_of(seen["task"]), words_of(f"{seen['look']} {seen['inventory']}")
        rows = np.zeros((self.count, FEATURES), dtype=np.float32)
        for row, (text, score) in zip(rows, found, strict=False):
            words = words_of(text.partition("(")[2])
            told, shown = (len(words & one) / max(1, len(words)) for one in (task, sight))
            ran = min(self._ran.get(text, 0), _OFTEN) / _OFTEN
            row[:] = (1, max(score, FLOOR) / -FLOOR, ran, told, shown)
        vectors = self._encoder.encode([seen[name] for name in TEXTS])
        return {"observation": vectors.ravel(), "options": rows.ravel()}

    def choose(self, slot: int, number: int) -> str:
        """Choose one of the sub-goals and return it."""
        text = self.texts[number]
        self._ran[text] = self._ran.get(text, 0) + 1
        self.planner.choose(slot, text)
        return text


class RerankPlanner:
    """A planner whose k best sub-goals a policy of `sgd_gym.agents.sb3.rerank` ranks anew."""

    def __init__(self, planner: Path, policy: Any, count: int):
        """Load a planner.

        Args:
            planner: Checkpoint folder of role "planner".
            policy: A MaskablePPO that was trained with it.
            count: k, as in its training.

        Raises:
            CheckpointError: If the checkpoint is missing or of another role.
        """
        self._planner, self._policy = ModelPlanner(load_writer(planner, "planner")), policy
        self._count = count
        self._candidates: dict[int, Candidates] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin new episodes."""
        for slot in slots:
            self._candidates[slot] = Candidates(self._planner, self._count)
            self._candidates[slot].reset(slot)

    def plan(
        self,
        slots: Sequence[int],
        observations: Sequence[Observation],
        infos: Sequence[Info],
        last: Sequence[OptionRecord | None],
    ) -> list[str]:
        """Return the sub-goal of each world that the policy likes best."""
        chosen = []
        for slot, seen, option in zip(slots, observations, last, strict=True):
            candidates = self._candidates[slot]
            arrays = candidates.propose(slot, seen, option)
            action, _ = self._policy.predict(arrays, action_masks=candidates.open, deterministic=True)
            chosen.append(candidates.choose(slot, int(np.asarray(action).item())))
        return chosen

    def stats(self, slot: int) -> dict[str, int]:
        """Return those of the planner."""
        return self._planner.stats(slot)
