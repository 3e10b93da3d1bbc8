"""The fine-tuned executor: a language model that carries a sub-goal out with elementary commands."""

from collections.abc import Sequence
from pathlib import Path

from sgd_gym.agents.commands import CommandRule, infos_of, write_commands
from sgd_gym.agents.tried import Tried
from sgd_gym.models.generation import load_writer
from sgd_gym.models.writer import Writer
from sgd_gym.options import Info, Observation
from sgd_gym.prompts import Command, Done, Event, Plan, Reply, Start


class ModelExecutor:
    """Writes commands until it writes that the sub-goal is done; the first word is always a command."""

    def __init__(self, writer: Writer, commands: CommandRule = "free", repeat_idle: bool = False):
        """Take a writer and what it may write.

        Args:
            writer: That of a checkpoint of role "executor"; `load_executor` brings both together.
            commands: See `sgd_gym.agents.commands`.
            repeat_idle: Whether it may give commands again that did nothing; see `sgd_gym.agents.tried`.
        """
        self.needs_infos = infos_of(commands)
        self.writer = writer
        self._commands = commands
        self._subgoals: dict[int, str] = {}
        """Those of options that have started; the model reads them at the next `act`."""
        self._last: dict[int, Event] = {}
        """The last event that the model wrote or read."""
        self._tried = None if repeat_idle else Tried()

    def reset(self, slots: Sequence[int]) -> None:
        """Begin new episodes."""
        self.writer.reset(slots)
        if self._tried is not None:
            self._tried.reset(slots)
        for slot in slots:
            self._subgoals.pop(slot, None)
            self._last.pop(slot, None)

    def begin(self, slot: int, start: Start) -> None:
        """Read the start of an episode, unless that was done."""
        if slot not in self._last:
            self._read(slot, start)

    def end(self, slot: int) -> None:
        """Read that an option has ended, unless it was this model that ended it."""
        # Else its cap did, or what was seen, a planner, or a primitive option.
        if isinstance(self._last.get(slot), Reply):
            self._read(slot, Done())

    def start(self, slot: int, subgoal: str) -> None:
        """Begin an option."""
        self._subgoals[slot] = subgoal

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Let the model write each world's next command, or that the option is done."""
        may_be_done = []
        for slot, seen in zip(slots, observations, strict=True):
            self.begin(slot, Start(seen["task"], seen["look"], seen["inventory"]))
            subgoal = self._subgoals.pop(slot, None)
            may_be_done.append(subgoal is None)
            if subgoal is not None:
                self.end(slot)
                self._read(slot, Plan(subgoal))
        written = write_commands(
            self.writer, self._commands, slots, observations, infos, may_be_done, self._tried
        )
        self._last.update(zip(slots, written, strict=True))
        return [one.text if isinstance(one, Command) else "" for one in written]

    def done(self, slot: int) -> bool:
        """Whether the model's last word was that the option is done."""
        return isinstance(self._last.get(slot), Done)

    def observe(self, slot: int, command: str, observation: Observation, reward: float) -> None:
        """Let the model read what a command did."""
        if self._tried is not None:
            self._tried.observe(slot, observation)
        if slot not in self._last:
            return  # a primitive option came first; what it did is in the room that the model begins with
        if not isinstance(self._last[slot], Command):
            self._read(slot, Command(command))  # a primitive option's
        shown = (observation["observation"], observation["look"], observation["inventory"])
        self._read(slot, Reply(*shown, reward))

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls and tokens of the running episode."""
        return self.writer.stats(slot)

    def _read(self, slot: int, event: Event) -> None:
        self.writer.read(slot, event)
        self._last[slot] = event


def load_executor(checkpoint: Path) -> ModelExecutor:
    """Return the executor of a checkpoint folder.

    Raises:
        CheckpointError: If it is no checkpoint of an executor.
    """
    return ModelExecutor(load_writer(checkpoint, "executor"))
