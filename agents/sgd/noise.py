"""A planner whose sub-goals are spoilt on the way to the executor: how much does acting depend on them?

The kinds are those of the code released with arXiv 2405.02749, which replaces at each tenth move; here a
sub-goal is replaced with a probability. The planner does not know of it.
"""

import random
from collections.abc import Sequence
from typing import Literal, get_args

from sgd_gym.envs.tasks import TASKS
from sgd_gym.errors import SgdGymError, SubgoalError, UnknownNameError
from sgd_gym.options import Info, Observation, OptionRecord, Planner
from sgd_gym.sight import read_sight
from sgd_gym.spaces import ROOMS
from sgd_gym.subgoals.grammar import Subgoal, parse
from sgd_gym.vocabulary import read_vocabulary

NoiseKind = Literal["none", "random", "semi-random", "first"]
KINDS: tuple[NoiseKind, ...] = get_args(NoiseKind)


class NoisyPlanner:
    """Replaces sub-goals of a planner at random, the same ones whatever world plays the episode.

    Kinds: `random`, any sub-goal of the train split; `semi-random`, the planner's with other arguments, rooms
    for a room and things in sight for a thing; `first`, any sub-goal of the train split, and only the first
    one of each episode.
    """

    def __init__(self, planner: Planner, kind: NoiseKind, rate: float, seed: int = 0):
        """Take any planner.

        Args:
            planner: Chooses the sub-goals.
            kind: What replaces them.
            rate: Probability that a sub-goal is replaced, 0 to 1; of `first`, that the first one is.
            seed: Of the random numbers.

        Raises:
            UnknownNameError: If there is no such kind.
            SgdGymError: If the rate is no probability.
        """
        check_noise(kind, rate)
        self._planner, self._kind, self._rate, self._seed = planner, kind, rate, seed
        self._pool = read_vocabulary([task.name for task in TASKS])
        self._random: dict[int, random.Random] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Forget the episodes of these worlds."""
        self._planner.reset(slots)

    def plan(
        self,
        slots: Sequence[int],
        observations: Sequence[Observation],
        infos: Sequence[Info],
        last: Sequence[OptionRecord | None],
    ) -> list[str]:
        """Return the next sub-goal of each world, some of them replaced."""
        planned = self._planner.plan(slots, observations, infos, last)
        told = []
        for slot, subgoal, seen, option in zip(slots, planned, observations, last, strict=True):
            if option is None:
                self._random[slot] = random.Random(f"{self._seed} {seen['task']} {seen['look']}")
            drawn = self._random[slot].random() < self._rate
            due = self._kind != "none" and (self._kind != "first" or option is None)
            told.append(self._replace(slot, subgoal, seen) if drawn and due else subgoal)
        return told

    def stats(self, slot: int) -> dict[str, int]:
        """Return those of the planner."""
        return self._planner.stats(slot)

    def _replace(self, slot: int, subgoal: str, seen: Observation) -> str:
        if self._kind != "semi-random":
            return self._random[slot].choice(self._pool)
        try:
            goal = parse(subgoal)
        except SubgoalError:
            return subgoal
        things = [thing.name for thing in read_sight(seen["look"], seen["inventory"]).things]
        names = sorted(ROOMS) if goal.predicate == "navigate_to" else things or ["air"]
        return str(Subgoal(goal.predicate, tuple(self._random[slot].choice(names) for _ in goal.arguments)))


def check_noise(kind: NoiseKind, rate: float) -> None:
    """Check kind and rate.

    Raises:
        UnknownNameError: If there is no such kind.
        SgdGymError: If the rate is no probability.
    """
    if kind not in KINDS:
        raise UnknownNameError("noise", kind, KINDS)
    if not 0 <= rate <= 1:
        raise SgdGymError(f"noise_rate is {rate}. Allowed: 0 to 1.")
