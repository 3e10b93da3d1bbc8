"""The distilled planner: a language model as policy over options (arXiv 2405.02749)."""

from collections import Counter
from collections.abc import Sequence

from sgd_gym.agents.sgd.repair import REJECTED, check
from sgd_gym.agents.sgd.search import Search
from sgd_gym.knowledge import Knowledge
from sgd_gym.models.writer import Writer, Written
from sgd_gym.options import Info, Observation, OptionRecord
from sgd_gym.prompts import Command, Done, Event, Plan, Reply, Start


class ModelPlanner:
    """Writes the next sub-goal after reading the moves of the option that ended."""

    def __init__(self, writer: Writer, search: bool = True):
        """Take a writer.

        Args:
            writer: Of a checkpoint of role "planner" (see `sgd_gym.models.generation.load_writer`).
            search: Whether to look elsewhere for what is missed; see `sgd_gym.agents.sgd.search`.
        """
        self._writer = writer
        self._searches = search
        self._knowledge: dict[int, Knowledge] = {}
        self._checked: dict[int, Counter[str]] = {}
        self._search: dict[int, Search] = {}
        self._heard: dict[int, tuple[OptionRecord | None, int]] = {}
        """The option of each world that was told last, and how many of its moves."""

    def reset(self, slots: Sequence[int]) -> None:
        """Begin new episodes."""
        self._writer.reset(slots)
        for slot in slots:
            self._knowledge[slot], self._checked[slot] = Knowledge(), Counter()
            self._search[slot] = Search()
            self._heard[slot] = (None, 0)

    def plan(
        self,
        slots: Sequence[int],
        observations: Sequence[Observation],
        infos: Sequence[Info],
        last: Sequence[OptionRecord | None],
    ) -> list[str]:
        """Let the model write each world's next sub-goal, repaired where it is no good (see `repair.py`).

        An option that still runs may be chosen again.
        """
        self._hear(slots, observations, last)
        written = self._write(slots)
        return [self._check(slot, one) for slot, one in zip(slots, written, strict=True)]

    def propose(
        self, slot: int, observation: Observation, last: OptionRecord | None, count: int
    ) -> list[tuple[str, float]]:
        """Return the model's best sub-goals for one world and their log-probabilities, best first.

        Those that are no good as written are repaired, and then left out if they are there already; one at
        least is returned. `choose` one of them.
        """
        self._hear([slot], [observation], [last])
        (found,) = self._writer.propose([slot], "subgoal", count)
        best: dict[str, float] = {}
        for one in found:
            checked = check(one.event.text if isinstance(one.event, Plan) else "", self._knowledge[slot])
            if checked.how != "rejected":
                best.setdefault(checked.text, one.total)
        return list(best.items()) or [(REJECTED, 0.0)]

    def choose(self, slot: int, subgoal: str) -> None:
        """Be told which sub-goal was chosen among those that were proposed."""
        self._writer.read(slot, Plan(subgoal))

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls and tokens of the running episode, and how many sub-goals were no good as written."""
        counts = {f"subgoals_{how}": self._checked[slot][how] for how in ("repaired", "rejected", "searched")}
        return self._writer.stats(slot) | counts

    def _hear(
        self, slots: Sequence[int], observations: Sequence[Observation], last: Sequence[OptionRecord | None]
    ) -> None:
        """Let the model read what it has not read yet."""
        for slot, seen, option in zip(slots, observations, last, strict=True):
            if option is None:
                self._read(slot, Start(seen["task"], seen["look"], seen["inventory"]))
                self._see(slot, seen)
                continue
            heard, moves = self._heard[slot]
            for number in range(moves if heard is option else 0, option.duration):
                self._read(slot, Command(option.commands[number]))
                shown = option.observations[number]
                self._see(slot, shown)
                texts = (shown["observation"], shown["look"], shown["inventory"])
                self._read(slot, Reply(*texts, option.rewards[number]))
            self._heard[slot] = (option, option.duration)
            if option.terminated_by is not None:
                self._search[slot].end(option)
                self._read(slot, Done())

    def _see(self, slot: int, seen: Observation) -> None:
        self._knowledge[slot].update(seen)
        self._search[slot].look(seen)

    def _read(self, slot: int, event: Event) -> None:
        self._writer.read(slot, event)

    def _write(self, slots: Sequence[int]) -> list[Written]:
        return self._writer.write(slots, "subgoal")

    def _check(self, slot: int, written: Written) -> str:
        checked = check(written.text if isinstance(written, Plan) else "", self._knowledge[slot])
        redirected = self._search[slot].redirect(checked.text) if self._searches else None
        self._checked[slot][checked.how if redirected is None else "searched"] += 1
        return redirected or checked.text
