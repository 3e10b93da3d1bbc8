"""A saved policy of Stable-Baselines3 as an agent of the benchmark."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.arrays import ArrayView
from sgd_gym.encoders import load_encoder
from sgd_gym.envs.option import load_executor
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.errors import CheckpointError, UnknownNameError
from sgd_gym.goals import Detector, View
from sgd_gym.knowledge import Knowledge
from sgd_gym.options import Info, Observation, OptionRunner

MODEL, SETTINGS = "model.zip", "settings.json"
"""What `sgd_gym.agents.sb3.train` leaves: the policy, and the settings of the world that it learnt in."""

LEARNERS = {
    "maskable-ppo": "sb3_contrib:MaskablePPO",
    "ppo": "stable_baselines3:PPO",
    "a2c": "stable_baselines3:A2C",
}
"""Learners whose policies play for the score, as entry points in text."""


class SB3Agent(Agent):
    """Chooses an option when the last one has ended; its likeliest action each time."""

    def __init__(self, folder: Path):
        """Load a policy.

        Args:
            folder: Holds `MODEL` and `SETTINGS`.

        Raises:
            CheckpointError: If one of them is missing or broken, or the policy is for goals.
        """
        from pkgutil import resolve_name

        self._settings = read_settings(folder)
        self._policy: Any = resolve_name(LEARNERS[self._settings["learner"]]).load(
            folder / MODEL, device="cpu"
        )
        self._tasks = [task.name for task in get_tasks(self._settings["task"])]
        self._encoder = load_encoder(self._settings["encoder"], self._settings["width"])
        self._runner = OptionRunner(load_executor(self._settings["executor"]), until_achieved=True)
        self._views: dict[int, ArrayView] = {}
        self._knowledge: dict[int, Knowledge] = {}
        self._decisions: dict[int, int] = {}

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin new episodes.

        Raises:
            UnknownNameError: If the policy has not learnt the task of one.
        """
        for key in keys:
            if key.task not in self._tasks:
                raise UnknownNameError("task of this policy", key.task, self._tasks)
        self._runner.reset(slots)
        for slot in slots:
            if slot not in self._views:
                self._views[slot] = ArrayView(self._tasks, self._settings["actions"], self._encoder)
            self._views[slot].reset()
            self._knowledge.pop(slot, None)
            self._decisions[slot] = 0

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return the next command of each world, starting new options where they are due."""
        for slot, seen in zip(slots, observations, strict=True):
            if slot not in self._knowledge:
                self._knowledge[slot] = Knowledge()
                self._knowledge[slot].update(seen)
        commands: list[str] = []
        for slot, seen, info in zip(slots, observations, infos, strict=True):
            command = None
            while command is None:  # twice at most: the first word of a new option is a command
                if not self._runner.is_running(slot):
                    self._runner.start(slot, self._choose(slot, seen))
                (command,) = self._runner.act([slot], [seen], [info])
            commands.append(command)
        return commands

    def _choose(self, slot: int, seen: Observation) -> str:
        view = self._views[slot]
        if self._decisions[slot]:
            achieved = self._runner.achieved[slot]
        else:
            achieved = Detector().update(View("", seen["observation"], seen["look"], seen["inventory"]))
        self._decisions[slot] += 1
        arrays = view.observe(seen, self._knowledge[slot], achieved)
        masks = {"action_masks": view.open} if self._settings["learner"] == "maskable-ppo" else {}
        action, _ = self._policy.predict(arrays, deterministic=True, **masks)
        return view.choose(int(np.asarray(action).item()))

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        """Tell the option of this world what its command did."""
        self._knowledge[slot].update(observation)
        self._runner.observe(slot, observation, reward, ended)

    def stats(self, slot: int) -> dict[str, int]:
        """Return decisions as calls of the planner; there are no tokens."""
        return {"planner_calls": self._decisions[slot], "executor_calls": 0, "model_tokens": 0}


def read_settings(folder: Path) -> dict[str, Any]:
    """Return what a policy was trained with.

    Raises:
        CheckpointError: If the folder holds none, or one that plays for goals.
    """
    fix = f"Fix: train one with 'python -m sgd_gym.agents.sb3.train --out {folder}'."
    try:
        settings: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        learner = settings["learner"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder} has no {SETTINGS} of a policy: {error}. {fix}") from error
    if not (folder / MODEL).is_file():
        raise CheckpointError(f"{folder} has no {MODEL}. {fix}")
    if learner not in LEARNERS:
        raise CheckpointError(
            f"{folder} holds a policy of {learner!r}, which plays for goals. Allowed: {', '.join(LEARNERS)}. "
            f"{fix}"
        )
    return settings
