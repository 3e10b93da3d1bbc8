"""Options: sub-goals carried out by an executor until they end (Sutton, Precup & Singh, 1999).

Knows no model and no environment: `OptionRunner` is told what the worlds say and answers with commands. One
runner serves n worlds; whoever is hierarchical uses it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sgd_gym.errors import SubgoalError
from sgd_gym.goals import Detector, View, satisfies
from sgd_gym.knowledge import Knowledge
from sgd_gym.subgoals.grammar import Subgoal, parse

Observation = Mapping[str, str]
Info = Mapping[str, Any]
TerminatedBy = Literal["executor", "achieved", "cap", "planner", "episode"]

_PRIMITIVE = re.compile(r"do\((?P<command>[^\n]+)\)")


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
    """What ended it: the executor, the sub-goal seen achieved, the cap on moves, a planner that wants another
    one, or the episode; None while it runs."""

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

    def observe(self, slot: int, command: str, observation: Observation, reward: float) -> None:
        """Be told what a command did: one of its own, or a primitive option's."""

    def stats(self, slot: int) -> dict[str, int]:
        """Return counts of the running episode of one world: `calls`, `tokens`."""
        ...


class _Once:
    """The policy of primitive options: one command."""

    def __init__(self) -> None:
        self._commands: dict[int, str] = {}

    def reset(self, slots: Sequence[int]) -> None:
        pass

    def start(self, slot: int, subgoal: str) -> None:
        self._commands[slot] = read_primitive(subgoal) or ""

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        return [self._commands[slot] for slot in slots]

    def done(self, slot: int) -> bool:
        return True

    def observe(self, slot: int, command: str, observation: Observation, reward: float) -> None:
        pass

    def stats(self, slot: int) -> dict[str, int]:
        return {"calls": 0, "tokens": 0}


@dataclass(frozen=True)
class Option:
    """A temporally extended action: initiation set, policy and termination.

    Beside `termination`, an option ends when its policy is done (`Executor.done`), after a number of moves,
    and with the episode; `OptionRunner` sees to all of it.
    """

    name: str
    """A sub-goal, or `do(command)` for a primitive action, which is an option of one move."""
    policy: Executor
    """Chooses the commands; one executor may be the policy of all sub-goals in n worlds."""

    @property
    def goal(self) -> Subgoal | None:
        """Return the sub-goal; None for a primitive, and for text that is none, which a model may write."""
        try:
            return parse(self.name)
        except SubgoalError:
            return None

    def initiation(self, knowledge: Knowledge) -> bool:
        """Return whether the option can start where this is known; a primitive always can."""
        goal = self.goal
        return read_primitive(self.name) is not None or (goal is not None and knowledge.can_start(goal))

    def termination(self, achieved: Iterable[Subgoal]) -> bool:
        """Return whether the sub-goal is among what holds now."""
        goal = self.goal
        return goal is not None and any(satisfies(one, goal) for one in achieved)


def primitive(command: str) -> str:
    """Return the name of the option of one command: `do(open cupboard)`."""
    return f"do({command})"


def read_primitive(name: str) -> str | None:
    """Return the command of a primitive option; None for the name of another one."""
    match = _PRIMITIVE.fullmatch(name.strip())
    return match["command"] if match else None


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
            until_achieved: End an option as soon as its sub-goal is seen achieved.
        """
        if max_moves < 1:
            raise ValueError(f"max_moves is {max_moves}. Allowed: 1 or more.")
        self.executor = executor
        self.max_moves = max_moves
        self.until_achieved = until_achieved
        self.options: dict[int, list[OptionRecord]] = {}
        """The options of the running episode of each world, the last one running or just ended."""
        self.achieved: dict[int, frozenset[Subgoal]] = {}
        """The sub-goals that were seen to hold after the last move of each world."""
        self._detectors: dict[int, Detector] = {}
        self._once = _Once()
        self._running: dict[int, Option] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin new episodes in these worlds."""
        for slot in slots:
            self.options[slot], self.achieved[slot], self._detectors[slot] = [], frozenset(), Detector()
        self.executor.reset(slots)

    def last(self, slot: int) -> OptionRecord | None:
        """Return the option that runs in a world or ended last; None at the start of an episode."""
        return self.options[slot][-1] if self.options[slot] else None

    def is_running(self, slot: int) -> bool:
        """Return whether an option runs in a world."""
        last = self.last(slot)
        return last is not None and last.terminated_by is None

    def option(self, name: str) -> Option:
        """Return the option of a sub-goal, or of `do(command)`."""
        return Option(name, self.executor if read_primitive(name) is None else self._once)

    def start(self, slot: int, name: str) -> None:
        """Begin an option in a world where none runs.

        Raises:
            SubgoalError: If the executor wants a sub-goal of the grammar and this is none.
        """
        option = self.option(name)
        option.policy.start(slot, name)
        self._running[slot] = option
        self.options[slot].append(OptionRecord(name))

    def stop(self, slot: int) -> None:
        """End the option that runs in a world, for its planner wants another one."""
        self.options[slot][-1].terminated_by = "planner"

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str | None]:
        """Return the next command of each world in `slots`; None where its option has ended by the executor.

        There, start the next option and ask again for these worlds alone. The first word of an option is
        always a command.
        """
        commands: dict[int, str | None] = {}
        worlds = dict(zip(slots, zip(observations, infos, strict=True), strict=True))
        for policy in (self.executor, self._once):
            own = [slot for slot in slots if self._running[slot].policy is policy]
            seen, told = [worlds[slot][0] for slot in own], [worlds[slot][1] for slot in own]
            for slot, command in zip(own, policy.act(own, seen, told) if own else [], strict=True):
                option = self.options[slot][-1]
                if option.commands and policy.done(slot):
                    option.terminated_by, commands[slot] = "executor", None
                else:
                    option.commands.append(command)
                    commands[slot] = command
        return [commands[slot] for slot in slots]

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        """Tell what the command of one world did; `ended` when its episode is over."""
        option = self.options[slot][-1]
        option.observations.append(observation)
        option.rewards.append(reward)
        view = View(
            option.commands[-1], observation["observation"], observation["look"], observation["inventory"]
        )
        self.achieved[slot] = self._detectors[slot].update(view)
        self.executor.observe(slot, option.commands[-1], observation, reward)
        if ended:
            option.terminated_by = "episode"
        elif self.until_achieved and self._running[slot].termination(self.achieved[slot]):
            option.terminated_by = "achieved"
        elif self._running[slot].policy is self._once:
            option.terminated_by = "executor"  # after its one command
        elif option.duration >= self.max_moves:
            option.terminated_by = "cap"
