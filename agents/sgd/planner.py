"""The distilled planner: a language model as policy over options (arXiv 2405.02749)."""

from collections.abc import Sequence

from sgd_gym.models.generation import Writer
from sgd_gym.options import Info, Observation, OptionRecord
from sgd_gym.prompts import Command, Done, Plan, Reply, Start


class ModelPlanner:
    """Writes the next sub-goal after reading the moves of the option that ended."""

    def __init__(self, writer: Writer):
        """Take the writer of a checkpoint of role "planner" (see `sgd_gym.models.generation.load_writer`)."""
        self._writer = writer

    def reset(self, slots: Sequence[int]) -> None:
        """Begin new episodes."""
        self._writer.reset(slots)

    def plan(
        self,
        slots: Sequence[int],
        observations: Sequence[Observation],
        infos: Sequence[Info],
        last: Sequence[OptionRecord | None],
    ) -> list[str]:
        """Let the model write each world's next sub-goal."""
        for slot, seen, option in zip(slots, observations, last, strict=True):
            if option is None:
                self._writer.read(slot, Start(seen["task"], seen["look"], seen["inventory"]))
                continue
            moves = zip(option.commands, option.observations, option.rewards, strict=True)
            for command, shown, reward in moves:
                self._writer.read(slot, Command(command))
                reply = Reply(shown["observation"], shown["look"], shown["inventory"], reward)
                self._writer.read(slot, reply)
            self._writer.read(slot, Done())
        return [one.text if isinstance(one, Plan) else "" for one in self._writer.write(slots, "subgoal")]

    def stats(self, slot: int) -> dict[str, int]:
        """Return calls and tokens of the running episode."""
        return self._writer.stats(slot)
