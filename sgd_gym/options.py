"""Options: sub-goals carried out by an executor until they end (Sutton, Precup & Singh, 1999).

Knows no model and no environment: `OptionRunner` is told what the worlds say and answers with commands. One
runner serves n worlds; whoever is hierarchical uses it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Observation = Mapping[str, str]
Info = Mapping[str, Any]
TerminatedBy = Literal["executor", "cap", "episode"]


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
    """Who ended it: the executor, the cap on moves, or the episode; None while it runs."""

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

    An option ends when the executor says so, after `max_moves` moves, or with the episode. The planner is
    called at the start of an episode and when an option has ended, not at every move.
    """

    def __init__(self, planner: Planner, executor: Executor, max_moves: int = 30):
        """Make a runner; `max_moves` caps the moves of one option."""
        if max_moves < 1:
            raise ValueError(f"max_moves is {max_moves}. Allowed: 1 or more.")
        self.planner = planner
        self.executor = executor
        self.max_moves = max_moves
        self.options: dict[int, list[OptionRecord]] = {}
        """The options of the running episode of each world, the last one running or just ended."""

    def reset(self, slots: Sequence[int]) -> None:
        """Begin new episodes in these worlds."""
        for slot in slots:
            self.options[slot] = []
        self.planner.reset(slots)
        self.executor.reset(slots)

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Return the next command of each world in `slots`, starting new options where they are due."""
        for slot in slots:
            option = self._running(slot)
            if option is not None and option.duration >= self.max_moves:
                option.terminated_by = "cap"
        self._start_where_idle(slots, observations, infos)
        commands = dict(zip(slots, self.executor.act(slots, observations, infos), strict=True))
        ended = [
            number
            for number, slot in enumerate(slots)
            if self.options[slot][-1].commands and self.executor.done(slot)
        ]
        if ended:
            again = [slots[number] for number in ended]
            seen = [observations[number] for number in ended]
            told = [infos[number] for number in ended]
            for slot in again:
                self.options[slot][-1].terminated_by = "executor"
            self._start_where_idle(again, seen, told)
            commands.update(zip(again, self.executor.act(again, seen, told), strict=True))
        for slot in slots:
            self.options[slot][-1].commands.append(commands[slot])
        return [commands[slot] for slot in slots]

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        """Tell what the command of one world did; `ended` when its episode is over."""
        option = self.options[slot][-1]
        option.observations.append(observation)
        option.rewards.append(reward)
        if ended:
            option.terminated_by = "episode"

    def _running(self, slot: int) -> OptionRecord | None:
        options = self.options[slot]
        return options[-1] if options and options[-1].terminated_by is None else None

    def _start_where_idle(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> None:
        idle = [number for number, slot in enumerate(slots) if self._running(slot) is None]
        if not idle:
            return
        due = [slots[number] for number in idle]
        last = [self.options[slot][-1] if self.options[slot] else None for slot in due]
        seen, told = [observations[number] for number in idle], [infos[number] for number in idle]
        for slot, subgoal in zip(due, self.planner.plan(due, seen, told, last), strict=True):
            self.options[slot].append(OptionRecord(subgoal))
            self.executor.start(slot, subgoal)
