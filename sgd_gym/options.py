"""Options: sub-goals carried out by an executor until they end (Sutton, Precup & Singh, 1999).

Knows no model and no environment: `OptionRunner` is told what the worlds say and answers with commands. One
runner serves n worlds; whoever is hierarchical uses it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sgd_gym.goals import Detector, View, satisfies
from sgd_gym.subgoals.grammar import parse

Observation = Mapping[str, str]
Info = Mapping[str, Any]
TerminatedBy = Literal["executor", "achieved", "cap", "episode"]


@dataclass
class OptionRecord:
    """One option as it ran: its sub-goal, and command and reply of each move.

    Laws: `duration == len(rewards) == len(commands)`; its return with discount g is `sum(g**i * rewards[i])`;
    every option makes at least one move.
    """

    name: str
    commands: list[str] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    """What was seen after each command."""
    rewards: list[float] = field(default_factory=list)
    terminated_by: TerminatedBy | None = None
    """What ended it: the executor, the sub-goal seen achieved, the cap on moves, or the episode; None while
    it runs."""

    @property
    def duration(self) -> int:
        """Return the number of moves made."""
        return len(self.commands)


class Planner(Protocol):
    """A policy over options."""

    def reset(self, slots: Sequence[int]) -> None:
        """Forget the episodes of these worlds."""

    def plan(
        self,
        slots: Sequence[int],
        observations: Sequence[Observation],
        infos: Sequence[Info],
        last: Sequence[OptionRecord | None],
    ) -> list[str]:
        """Return the next sub-goal of each world in `slots`.

        Args:
            slots: Worlds that need a sub-goal.
            observations: What each of them shows now.
            infos: Their infos.
            last: The option that just ended in each; None at the start of an episode.
        """
        ...

    def stats(self, slot: int) -> dict[str, int]:
        """Return counts of the running episode of one world: `calls`, `tokens`."""
        ...


class Executor(Protocol):
    """A policy inside an option."""

    def reset(self, slots: Sequence[int]) -> None:
        """Forget the episodes of these worlds."""

    def start(self, slot: int, subgoal: str) -> None:
        """Begin an option in one world. The next command must be a move."""

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return a command for each world in `slots`; it does not count where `done` then holds."""
        ...

    def done(self, slot: int) -> bool:
        """Whether the last `act` said that the option has ended."""
        ...

    def stats(self, slot: int) -> dict[str, int]:
        """Return counts of the running episode of one world: `calls`, `tokens`."""
        ...


class OptionRunner:
    """Starts, runs and ends options in n worlds.

    An option ends when the executor says so, when its sub-goal is seen achieved (`until_achieved`), after
    `max_moves` moves, or with the episode. Whoever holds the runner then starts the next one.
    """

    def __init__(self, executor: Executor, max_moves: int = 30, until_achieved: bool = False):
        """Make a runner.

        Args:
            executor: Carries the sub-goals out.
            max_moves: Caps the moves of one option.
            until_achieved: End an option as soon as its sub-goal is seen achieved; sub-goals must parse then.
        """
        if max_moves < 1:
            raise ValueError(f"max_moves is {max_moves}. Allowed: 1 or more.")
        self.executor = executor
        self.max_moves = max_moves
        self.until_achieved = until_achieved
        self.options: dict[int, list[OptionRecord]] = {}
        """The options of the running episode of each world, the last one running or just ended."""
        self._detectors: dict[int, Detector] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin new episodes in these worlds."""
        for slot in slots:
            self.options[slot], self._detectors[slot] = [], Detector()
        self.executor.reset(slots)

    def last(self, slot: int) -> OptionRecord | None:
        """Return the option that runs in a world or ended last; None at the start of an episode."""
        return self.options[slot][-1] if self.options[slot] else None

    def is_running(self, slot: int) -> bool:
        """Return whether an option runs in a world."""
        last = self.last(slot)
        return last is not None and last.terminated_by is None

    def start(self, slot: int, subgoal: str) -> None:
        """Begin an option in a world where none runs.

        Raises:
            SubgoalError: If the executor wants a sub-goal of the grammar and this is none.
        """
        self.executor.start(slot, subgoal)
        self.options[slot].append(OptionRecord(subgoal))

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str | None]:
        """Return the next command of each world in `slots`; None where its option has ended by the executor.

        There, start the next option and ask again for these worlds alone. The first word of an option is
        always a command.
        """
        commands: list[str | None] = []
        for slot, command in zip(slots, self.executor.act(slots, observations, infos), strict=True):
            option = self.options[slot][-1]
            if option.commands and self.executor.done(slot):
                option.terminated_by = "executor"
                commands.append(None)
            else:
                option.commands.append(command)
                commands.append(command)
        return commands

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        """Tell what the command of one world did; `ended` when its episode is over."""
        option = self.options[slot][-1]
        option.observations.append(observation)
        option.rewards.append(reward)
        if ended:
            option.terminated_by = "episode"
        elif self.until_achieved and self._is_achieved(slot, option, observation):
            option.terminated_by = "achieved"
        elif option.duration >= self.max_moves:
            option.terminated_by = "cap"

    def _is_achieved(self, slot: int, option: OptionRecord, seen: Observation) -> bool:
        view = View(option.commands[-1], seen["observation"], seen["look"], seen["inventory"])
        goal = parse(option.name)
        return any(satisfies(one, goal) for one in self._detectors[slot].update(view))
