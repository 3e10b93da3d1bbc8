"""Planner and executor in one model with one transcript, so that each text goes through it once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sgd_gym.agents.commands import CommandRule
from sgd_gym.agents.sgd.executor import ModelExecutor
from sgd_gym.agents.sgd.planner import ModelPlanner
from sgd_gym.models.transcripts import TranscriptWriter
from sgd_gym.models.writer import Counts, Writer, Written
from sgd_gym.options import Observation, OptionRecord
from sgd_gym.prompts import Done, Event, Role, Start


class SharedPlanner(ModelPlanner):
    """Writes in the transcript of its executor, which is of the same model.

    What it writes is taken back at once: the executor reads the sub-goal that is carried out, which may be a
    repaired one.
    """

    def __init__(self, executor: ModelExecutor, search: bool = True):
        """Take an executor whose model writes sub-goals, too; for `search` see `ModelPlanner`."""
        super().__init__(executor.writer, search)
        self._executor = executor
        self._own: dict[int, Counts] = {}

    def reset(self, slots: Sequence[int]) -> None:
        """Begin new episodes."""
        super().reset(slots)
        for slot in slots:
            self._own[slot] = Counts()

    def propose(
        self, slot: int, observation: Observation, last: OptionRecord | None, count: int
    ) -> list[tuple[str, float]]:
        """Return the model's best sub-goals for one world; see `ModelPlanner.propose`."""
        with self._counting([slot]):
            return super().propose(slot, observation, last, count)

    def choose(self, slot: int, subgoal: str) -> None:
        """Do nothing: the executor reads what was chosen."""

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls and tokens of the sub-goals, and how many of them were no good as written."""
        own = self._own[slot]
        return super().stats(slot) | {"calls": own.calls, "tokens": own.tokens}

    def _read(self, slot: int, event: Event) -> None:
        """Read what the executor does not read by itself."""
        if isinstance(event, Start):
            self._executor.begin(slot, event)
        elif isinstance(event, Done):
            self._executor.end(slot)

    def _write(self, slots: Sequence[int]) -> list[Written]:
        with self._counting(slots):
            written = super()._write(slots)
        for slot, event in zip(slots, written, strict=True):
            self._writer.retract(slot, event)
        return written

    @contextmanager
    def _counting(self, slots: Sequence[int]) -> Iterator[None]:
        """Count what the model does meanwhile as the planner's, not as the executor's."""
        counts = self._writer.counts
        before = {slot: replace(counts[slot]) for slot in slots}
        yield
        for slot, then in before.items():
            own, now = self._own[slot], counts[slot]
            own.calls += now.calls - then.calls
            own.tokens += now.tokens - then.tokens
            counts[slot] = replace(then, cut=now.cut)


def make_pair(
    load: Callable[[Role], Writer],
    is_one: bool,
    commands: CommandRule = "free",
    repeat_idle: bool = False,
    search: bool = True,
) -> tuple[ModelPlanner, ModelExecutor]:
    """Return planner and executor, with one transcript if both are one decoder-only model.

    Args:
        load: Makes the writer of a role.
        is_one: Whether both roles are of the same model.
        commands: What the executor may write; see `sgd_gym.agents.commands`.
        repeat_idle: Whether it may give commands again that did nothing; see `sgd_gym.agents.tried`.
        search: Whether the planner looks elsewhere for what is missed; see `sgd_gym.agents.sgd.search`.
    """
    executor = ModelExecutor(load("executor"), commands, repeat_idle)
    if is_one and isinstance(executor.writer, TranscriptWriter):
        return SharedPlanner(executor, search), executor
    return ModelPlanner(load("planner"), search), executor
