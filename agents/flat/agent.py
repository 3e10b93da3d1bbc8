"""Flat imitation: one model writes the next command, without sub-goals."""

from collections.abc import Sequence
from pathlib import Path

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.agents.commands import CommandRule, infos_of, write_commands
from sgd_gym.agents.config import ActingConfig
from sgd_gym.agents.tried import Tried
from sgd_gym.models.writer import Writer
from sgd_gym.options import Info, Observation
from sgd_gym.prompts import Command, Reply, Start
from sgd_gym.shipped import DEFAULT, find_checkpoint


class FlatAgent(Agent):
    """Imitates oracle commands."""

    def __init__(self, writer: Writer, commands: CommandRule = "free", repeat_idle: bool = False):
        """Take a writer and what it may write.

        Args:
            writer: That of a checkpoint of role "flat" (see `sgd_gym.models.generation.load_writer`).
            commands: See `sgd_gym.agents.commands`.
            repeat_idle: Whether it may give commands again that did nothing; see `sgd_gym.agents.tried`.
        """
        self.needs_infos = infos_of(commands)
        self._writer, self._commands = writer, commands
        self._started: set[int] = set()
        self._tried = None if repeat_idle else Tried()

    @classmethod
    def from_pretrained(
        cls, checkpoint: Path | str = DEFAULT, acting: ActingConfig | None = None, seed: int = 0
    ) -> "FlatAgent":
        """Load the model from a checkpoint; see `SGDAgent.from_pretrained`.

        Raises:
            CheckpointError: If the folder is no checkpoint of role "flat".
            SgdGymError: If `acting` does not fit the model.
        """
        how = acting or ActingConfig()
        how.check()
        return cls(how.load(find_checkpoint(checkpoint, "flat"), "flat", seed), how.commands, how.repeat_idle)

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin new episodes."""
        self._writer.reset(slots)
        if self._tried is not None:
            self._tried.reset(slots)
        self._started.difference_update(slots)

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Let the model write each world's next command."""
        for slot, seen in zip(slots, observations, strict=True):
            if slot not in self._started:
                self._started.add(slot)
                self._writer.read(slot, Start(seen["task"], seen["look"], seen["inventory"]))
        written = write_commands(self._writer, self._commands, slots, observations, infos, tried=self._tried)
        return [one.text if isinstance(one, Command) else "" for one in written]

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        """Let the model read what its command did."""
        if self._tried is not None:
            self._tried.observe(slot, observation)
        shown = (observation["observation"], observation["look"], observation["inventory"])
        self._writer.read(slot, Reply(*shown, reward))

    def stats(self, slot: int) -> dict[str, int]:
        """Return the calls and tokens of the one model, counted as executor."""
        counts = self._writer.stats(slot)
        return {"planner_calls": 0, "executor_calls": counts["calls"], "model_tokens": counts["tokens"]}
