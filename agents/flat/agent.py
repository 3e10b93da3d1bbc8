"""Flat imitation: one model writes the next command, without sub-goals."""

from collections.abc import Sequence
from pathlib import Path

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.models.checkpoint import load_checkpoint
from sgd_gym.models.generation import Writer
from sgd_gym.options import Info, Observation
from sgd_gym.prompts import ACT, View


class FlatAgent(Agent):
    """Imitates oracle commands on the transcript of the whole episode."""

    def __init__(self, checkpoint: Path):
        """Load a checkpoint of role "flat".

        Raises:
            CheckpointError: If the folder is none.
        """
        model, tokenizer, _ = load_checkpoint(checkpoint, "flat")
        self._writer = Writer(model, tokenizer)
        self._views: dict[int, View] = {}

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin empty transcripts."""
        self._writer.reset(slots)
        for slot in slots:
            self._views.pop(slot, None)

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Let the model write each world's next command."""
        commands = []
        for slot, seen in zip(slots, observations, strict=True):
            if slot not in self._views:
                self._views[slot] = View()
                text = self._views[slot].opening(seen["task"], seen["inventory"], seen["look"])
            else:
                text = self._views[slot].reply(seen["observation"], seen["look"])
            self._writer.read(slot, text)
            commands.append(self._views[slot].slots.write(self._writer.write(slot, ACT)))
        return commands

    def stats(self, slot: int) -> dict[str, int]:
        """Return the calls and tokens of the one model, counted as executor."""
        counts = self._writer.stats(slot)
        return {"planner_calls": 0, "executor_calls": counts["calls"], "model_tokens": counts["tokens"]}
