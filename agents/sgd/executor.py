"""The fine-tuned executor: a language model that carries a sub-goal out with elementary commands."""

from collections.abc import Sequence
from pathlib import Path

from sgd_gym.models.checkpoint import load_checkpoint
from sgd_gym.models.generation import Writer
from sgd_gym.options import Info, Observation
from sgd_gym.prompts import ACT, DONE, END, PLAN, View


class ModelExecutor:
    """Writes commands until it writes that the sub-goal is done; the first word is always a command."""

    def __init__(self, checkpoint: Path):
        """Load a checkpoint of role "executor".

        Raises:
            CheckpointError: If the folder is none.
        """
        model, tokenizer, _ = load_checkpoint(checkpoint, "executor")
        self._writer = Writer(model, tokenizer)
        self._views: dict[int, View] = {}
        self._subgoals: dict[int, str] = {}
        self._moves: dict[int, int] = {}
        self._done: dict[int, bool] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin empty transcripts."""
        self._writer.reset(slots)
        for slot in slots:
            self._views.pop(slot, None)
            self._done[slot] = True

    def start(self, slot: int, subgoal: str) -> None:
        """Begin an option; what the world showed last is read at the next `act`."""
        self._subgoals[slot] = subgoal
        self._moves[slot] = 0

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Let the model write each world's next command, or that the option is done."""
        return [self._act(slot, seen) for slot, seen in zip(slots, observations, strict=True)]

    def done(self, slot: int) -> bool:
        """Whether the model's last word was that the option is done."""
        return self._done[slot]

    def observe(self, slot: int, command: str, observation: Observation) -> None:
        """Ignore it: the transcript reads what the world shows at the next `act`."""

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls and tokens of the running episode."""
        return self._writer.stats(slot)

    def _act(self, slot: int, seen: Observation) -> str:
        starts = self._moves[slot] == 0
        if slot not in self._views:
            self._views[slot] = View()
            head = self._views[slot].opening(seen["task"], seen["inventory"], seen["look"])
            self._writer.read(slot, head)
        elif not self._done[slot]:  # after "done" the reply was read already
            self._writer.read(slot, self._views[slot].reply(seen["observation"], seen["look"]))
            if starts:  # the option before was ended by the cap, not by this model
                self._writer.read(slot, ACT)
                self._writer.read(slot, DONE)
        if starts:
            self._writer.read(slot, PLAN)
            self._writer.read(slot, f"{self._views[slot].slots.read(self._subgoals[slot])}{END}")
        command = self._writer.write(slot, ACT, may_be_done=not starts)
        self._moves[slot] += 1
        self._done[slot] = command == DONE
        return self._views[slot].slots.write(command)
