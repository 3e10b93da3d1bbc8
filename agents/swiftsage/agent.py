"""SwiftSage: Swift, the flat model, plays; where a rule says so Sage is asked, and fills a buffer."""

from collections.abc import Mapping, Sequence

from sgd_gym.agents.base import Agent, EpisodeKey, Fault
from sgd_gym.agents.commands import write_commands
from sgd_gym.agents.history import History
from sgd_gym.agents.swiftsage.buffer import Buffer
from sgd_gym.agents.swiftsage.rules import SAGE, SWIFT, is_asked, may_focus, wants_sage
from sgd_gym.agents.swiftsage.sage import Sage
from sgd_gym.models.writer import Writer, Written
from sgd_gym.options import Info, Observation
from sgd_gym.prompts import Command, Event, Reply, Start


class SwiftSageAgent(Agent):
    """Lets two models play by turns; both read every move, whoever made it."""

    def __init__(self, swift: Writer, sage: Sage):
        """Take the writer of a checkpoint of role "flat", and who advises."""
        self._swift, self._sage = swift, sage
        self.histories: dict[int, History] = {}
        self._buffers: dict[int, Buffer] = {}

    def reset(self, slots: Sequence[int], keys: Sequence[EpisodeKey]) -> None:
        """Begin new episodes."""
        self._swift.reset(slots)
        self._sage.reset(slots, keys)
        for slot in slots:
            self.histories.pop(slot, None)
            self._buffers[slot] = Buffer()

    def act(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> list[str]:
        """Send what Sage advised as long as it lasts, else what Swift proposes or Sage puts in its place."""
        for slot, seen in zip(slots, observations, strict=True):
            if slot not in self.histories:
                self.histories[slot] = History.begin(seen)
                self._read(slot, Start(seen["task"], seen["look"], seen["inventory"]))
        chosen = {slot: command for slot in slots if (command := self._take(slot)) is not None}
        rest = [one for one in zip(slots, observations, infos, strict=True) if one[0] not in chosen]
        for slot, command in chosen.items():
            self._swift.read(slot, Command(command))
        chosen.update(self._propose(*zip(*rest, strict=True)) if rest else {})
        for slot in slots:
            self._sage.read(slot, Command(chosen[slot]))
        return [chosen[slot] for slot in slots]

    def observe(self, slot: int, observation: Observation, reward: float, ended: bool) -> None:
        """Let both read what the command did."""
        self.histories[slot].observe(observation, reward)
        shown = (observation["observation"], observation["look"], observation["inventory"])
        self._read(slot, Reply(*shown, reward))

    def fault(self, slot: int) -> Fault | None:
        """Return what went wrong with Sage; Swift went on."""
        return self._sage.fault(slot)

    def stats(self, slot: int) -> dict[str, int]:
        """Return the questions to Sage as calls of the planner, Swift's as calls of the executor."""
        swift, sage = self._swift.stats(slot), dict(self._sage.stats(slot))
        return {
            "planner_calls": len(self.histories[slot].calls),
            "executor_calls": swift["calls"],
            "model_tokens": swift["tokens"] + sage.pop("model_tokens"),
            **sage,
        }

    def _propose(
        self, slots: Sequence[int], observations: Sequence[Observation], infos: Sequence[Info]
    ) -> dict[int, str]:
        """Let Swift propose, and ask Sage where a rule says so and nothing of its advice is left."""
        written = write_commands(self._swift, "free", slots, observations, infos)
        proposed = dict(zip(slots, written, strict=True))
        texts = {slot: one.text if isinstance(one, Command) else "" for slot, one in proposed.items()}
        asked = {
            slot: self.histories[slot]
            for slot in slots
            if not self._buffers[slot] and wants_sage(self.histories[slot], texts[slot])
        }
        if asked:
            self._ask(asked)
        return {slot: self._choose(slot, proposed[slot], texts[slot], slot in asked) for slot in slots}

    def _ask(self, asked: Mapping[int, History]) -> None:
        for slot, advice in self._sage.advise(asked).items():
            self.histories[slot].calls.append(len(self.histories[slot].moves))
            self._buffers[slot].fill(advice.commands)

    def _choose(self, slot: int, proposed: Written, text: str, asked: bool) -> str:
        """Return what is sent: Sage's command where it was asked and has one, else Swift's if it may."""
        history = self.histories[slot]
        advised = self._take(slot) if asked else None
        if advised is None and may_focus(history, text):
            history.send(text, SWIFT)
            return text
        if advised is None:
            history.withheld.append(text)
            history.send("look around", SWIFT)
        command = history.moves[-1].command
        self._swift.retract(slot, proposed)
        self._swift.read(slot, Command(command))
        return command

    def _take(self, slot: int) -> str | None:
        """Take a command of Sage's that can be carried out, and note that it is sent."""
        history = self.histories[slot]
        if is_asked(history):
            return None
        command = self._buffers[slot].take(history.look, history.inventory) if self._buffers[slot] else None
        if command is not None:
            history.send(command, SAGE)
        return command

    def _read(self, slot: int, event: Event) -> None:
        self._swift.read(slot, event)
        self._sage.read(slot, event)
