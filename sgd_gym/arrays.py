"""What is seen in an episode as arrays, for policies of discrete actions; knows no environment.

Environment and agents of such policies hold an `ArrayView`, so that both show them the same.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sgd_gym.encoders import Encoder
from sgd_gym.errors import UnknownNameError
from sgd_gym.goals import satisfies
from sgd_gym.knowledge import Knowledge, words_of
from sgd_gym.options import primitive
from sgd_gym.subgoals.grammar import Subgoal, parse
from sgd_gym.vocabulary import read_vocabulary

ACTIONS = ("options", "commands")
ALWAYS = {"options": ("look_around()",), "commands": ("look around", "0")}
"""Actions of every vocabulary, of which one can always start, so that no mask is empty."""

CANNOT_START = primitive("wait1")
"""What an action that cannot start costs."""

TEXTS = ("task", "observation", "look", "inventory")
"""The texts that are encoded, in their order."""

FEATURES = 4
"""How many numbers tell of each action: see `ArrayView.observe`."""

_CACHED = 10_000
"""Texts whose vectors are kept."""


class ArrayView:
    """Discrete actions of stable meaning, and what one episode shows as arrays."""

    def __init__(self, tasks: Sequence[str], actions: str, encoder: Encoder):
        """Take the vocabulary of some tasks.

        Args:
            tasks: Their names.
            actions: "options" or "commands".
            encoder: Makes vectors of texts.

        Raises:
            UnknownNameError: If `actions` is neither.
        """
        if actions not in ACTIONS:
            raise UnknownNameError("actions", actions, ACTIONS)
        self.goals = read_vocabulary(tasks)
        """The goals, in the order of the entries of a goal vector."""
        vocabulary = self.goals if actions == "options" else read_vocabulary(tasks, "commands")
        self.actions = tuple(sorted({*vocabulary, *ALWAYS[actions]}))
        """What each action means."""
        self.encoder = encoder
        self.open = np.zeros(len(self.actions), dtype=bool)
        """Which actions can start now; one of them at least, once something was observed."""
        self._ran = np.zeros(len(self.actions), dtype=bool)
        self._subgoals = [parse(goal) for goal in self.goals]
        self._options = [parse(name) for name in self.actions] if actions == "options" else None
        # A sub-goal without its predicate, a command without its verb.
        self._words = [words_of(name.partition("(")[2] or name) for name in self.actions]
        self._cache: dict[str, np.ndarray] = {}

    def reset(self) -> None:
        """Begin an episode."""
        # Learners have no other memory, and some things, such as a focus, leave no trace in sight.
        self._ran[:] = False

    def name(self, action: int) -> str:
        """Return the option of an action, a primitive one for a command."""
        return self.actions[action] if self._options else primitive(self.actions[action])

    def choose(self, action: int) -> str:
        """Note that an action is chosen, and return the option that runs: `CANNOT_START` if it cannot."""
        self._ran[action] |= self.open[action]
        return self.name(action) if self.open[action] else CANNOT_START

    def observe(
        self, seen: Mapping[str, str], knowledge: Knowledge, achieved: Iterable[Subgoal]
    ) -> dict[str, np.ndarray]:
        """Return the arrays of what is seen now, all float32.

        Args:
            seen: Task, observation, look and inventory.
            knowledge: What was read in this episode.
            achieved: The sub-goals that hold now.

        Returns:
            `observation`: `TEXTS`, encoded, one after the other. `options`: for each action, whether it can
            start, whether it ran before in this episode, and how many of the words of its arguments the task,
            and what is in sight, have. `achieved_goal`: 1 for each of `goals` that holds now.
        """
        if self._options is None:
            self.open = np.array([knowledge.can_type(command) for command in self.actions])
        else:
            self.open = np.array([knowledge.can_start(subgoal) for subgoal in self._options])
        sight = words_of(f"{seen['look']} {seen['inventory']}")
        task = words_of(seen["task"])
        shares = [[_share(words, task), _share(words, sight)] for words in self._words]
        held = list(achieved)
        holds = [any(satisfies(one, goal) for one in held) for goal in self._subgoals]
        return {
            "observation": np.concatenate([self._encode(seen[name]) for name in TEXTS]),
            "options": np.column_stack([self.open, self._ran, np.array(shares)]).astype(np.float32).ravel(),
            "achieved_goal": np.array(holds, dtype=np.float32),
        }

    def _encode(self, text: str) -> np.ndarray:
        if text not in self._cache:
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            (self._cache[text],) = self.encoder.encode([text])
        return self._cache[text]


def _share(words: set[str], others: set[str]) -> float:
    return len(words & others) / len(words) if words else 0.0
