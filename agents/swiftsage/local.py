"""Sage-local: a model trained on annotated paths that advises without any language model of others."""

from collections.abc import Mapping, Sequence

from sgd_gym.agents.base import EpisodeKey, Fault
from sgd_gym.agents.history import History
from sgd_gym.models.writer import Writer
from sgd_gym.prompts import Advice, Event


class LocalSage:
    """Writes the sub-goal and its commands in one answer; reads every move of the episode."""

    def __init__(self, writer: Writer):
        """Take the writer of a checkpoint of role "sage" (see `sgd_gym.models.generation.load_writer`)."""
        self._writer = writer
        self._faults: dict[int, Fault] = {}

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin new episodes."""
        self._writer.reset(slots)
        for slot in slots:
            self._faults.pop(slot, None)

    def read(self, slot: int, event: Event) -> None:
        """Let the model read it."""
        self._writer.read(slot, event)

    def advise(self, histories: Mapping[int, History]) -> dict[int, Advice]:
        """Let the model write; its answer is not kept in what it reads, as in training."""
        slots = list(histories)
        found: dict[int, Advice] = {}
        for slot, written in zip(slots, self._writer.write(slots, "advice"), strict=True):
            self._writer.retract(slot, written)
            found[slot] = written if isinstance(written, Advice) else Advice("")
            if not found[slot].commands:
                self._faults.setdefault(
                    slot, Fault(f"Sage's answer holds no command: {found[slot].subgoal[:80]!r}")
                )
        return found

    def fault(self, slot: int) -> Fault | None:
        """Return the first answer of the episode that held no command."""
        return self._faults.get(slot)

    def stats(self, slot: int) -> dict[str, int]:
        """Return the tokens that went through the model."""
        return {"model_tokens": self._writer.stats(slot)["tokens"]}
