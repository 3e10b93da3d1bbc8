"""The distilled planner: a language model as policy over options (arXiv 2405.02749)."""

from collections.abc import Sequence
from pathlib import Path

from sgd_gym.models.checkpoint import load_checkpoint
from sgd_gym.models.generation import Writer
from sgd_gym.options import Info, Observation, OptionRecord
from sgd_gym.prompts import ACT, DONE, END, PLAN, View


class ModelPlanner:
    """Writes the next sub-goal after reading the moves of the option that ended."""

    def __init__(self, checkpoint: Path):
        """Load a checkpoint of role "planner".

        Raises:
            CheckpointError: If the folder is none.
        """
        model, tokenizer, _ = load_checkpoint(checkpoint, "planner")
        self._writer = Writer(model, tokenizer)
        self._views: dict[int, View] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin empty transcripts."""
        self._writer.reset(slots)

    def plan(
        self,
        slots: Sequence[int],
        observations: Sequence[Observation],
        infos: Sequence[Info],
        last: Sequence[OptionRecord | None],
    ) -> list[str]:
        """Let the model write each world's next sub-goal."""
        subgoals = []
        for slot, seen, option in zip(slots, observations, last, strict=True):
            if option is None:
                self._views[slot] = View()
                head = self._views[slot].opening(seen["task"], seen["inventory"], seen["look"])
                self._writer.read(slot, head)
            else:
                view = self._views[slot]
                for command, reply in zip(option.commands, option.observations, strict=True):
                    self._writer.read(slot, ACT)
                    self._writer.read(slot, f"{view.slots.read(command)}{END}")
                    self._writer.read(slot, view.reply(reply["observation"], reply["look"]))
                self._writer.read(slot, ACT)
                self._writer.read(slot, DONE)
            subgoals.append(self._views[slot].slots.write(self._writer.write(slot, PLAN)))
        return subgoals

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls and tokens of the running episode."""
        return self._writer.stats(slot)
