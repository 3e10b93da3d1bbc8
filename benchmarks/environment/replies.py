"""Whether hostile commands get replies of their own and leave the world alone; watches no memory.

Every hostile command is followed by a probe, a teleport to the next of ten rooms, whose reply and look are
known and unlike those of the nine probes before it. An answer that came late, or was lost, would be seen at
the next probe. Law: what is no command is refused and changes nothing.
"""

from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from sgd_gym.benchmarks.environment.hostile import HostileCommand, make_hostile_commands
from sgd_gym.benchmarks.figures import Figure
from sgd_gym.errors import SimulatorError
from sgd_gym.progress import track
from sgd_gym.spaces import QUESTION

ROOMS = (
    "art studio",
    "bathroom",
    "bedroom",
    "foundry",
    "greenhouse",
    "hallway",
    "kitchen",
    "living room",
    "outside",
    "workshop",
)
PROBE = "teleport to "
PROBED = "You teleport to the "
REFUSED = "No known action matches that input."
NO_ANSWER = "Unknown action."
"""How the simulator replies to what answers no question of its own."""

EPISODE = 250
"""Hostile commands until another world is loaded."""


@dataclass
class Replies:
    """What became of hostile commands and probes. A fault is told with the command and what came of it."""

    sent: dict[str, int] = field(default_factory=dict)
    """How many hostile commands of each kind were sent."""
    understood: int = 0
    """Hostile commands that the simulator took for its own."""
    mismatches: list[str] = field(default_factory=list)
    """Answers that do not belong to what was asked."""
    errors: list[str] = field(default_factory=list)
    """Typed errors after which the simulator went on."""
    crashes: list[str] = field(default_factory=list)
    """Ends of the JVM, and errors of any other type."""


def provoke(env: Any, count: int, seed: int = 0) -> Replies:
    """Send hostile commands, each with a probe after it, and judge every answer.

    Args:
        env: An environment of all tasks, with simplifications that let the agent teleport.
        count: How many hostile commands to send.
        seed: Seed of the commands, and of the worlds that they are sent to.
    """
    interview = _Interview(env)
    interview.begin(seed)
    rooms = cycle(ROOMS)
    with track("hostile commands", count) as advance:
        for number, command in enumerate(make_hostile_commands(count, seed), start=1):
            if not interview.send(command, next(rooms)) or number % EPISODE == 0:
                interview.begin()
            advance(1)
    return interview.replies


class _Interview:
    """An environment that is asked, and what it answered."""

    def __init__(self, env: Any):
        self._env = env
        self.replies = Replies()

    def begin(self, seed: int | None = None) -> None:
        """Load a world, a new JVM if the old one is gone; if that fails, nothing more can be asked."""
        self._seen, _ = self._env.reset(seed=seed)

    def send(self, command: HostileCommand, room: str) -> bool:
        """Send a command and a probe; return whether the episode goes on."""
        self.replies.sent[command.kind] = self.replies.sent.get(command.kind, 0) + 1
        pid = self._env._simulator.pid
        try:
            return self._try(command, room)
        except Exception as error:
            alive = pid == self._env._simulator.pid and not self._env._simulator.closed
            typed = isinstance(error, SimulatorError)
            faults = self.replies.errors if typed and alive else self.replies.crashes
            faults.append(f"{command}: {error!r:.200}")
            return False

    def _try(self, command: HostileCommand, room: str) -> bool:
        before = self._seen
        after, terminated = self._step(command)
        reply = after["observation"]
        self.replies.understood += not reply.startswith((REFUSED, NO_ANSWER))
        if not command.may_be_valid:
            self._check(after == {**before, "observation": REFUSED}, command, after)
        else:
            self._check(not reply.startswith(PROBED), command, after)
        if terminated:
            return False
        if reply.startswith(QUESTION):  # the next command answers it, whatever it is
            no_answer = HostileCommand("answer", "-1")
            after, _ = self._step(no_answer)
            self._check(after["observation"].startswith(NO_ANSWER), no_answer, after)
        probe = HostileCommand("probe", PROBE + room)
        after, terminated = self._step(probe)
        arrived = after["look"].split(".")[0].endswith(f" is called the {room}")
        self._check(after["observation"] == f"{PROBED}{room}." and arrived, probe, after)
        return not terminated

    def _step(self, command: HostileCommand) -> tuple[dict[str, str], bool]:
        """Send one command; look, inventory and score are asked in the same write, and checked, too."""
        after, _, terminated, _, info = self._env.step(command.text)
        asked = after["look"].startswith("This ") and after["inventory"].startswith("In your inventory")
        self._check(asked and -100 <= info["score"] <= 100, command, after)
        self._seen = after
        return after, terminated

    def _check(self, holds: bool, command: HostileCommand, after: dict[str, str]) -> None:
        if not holds:
            told = {name: text[:60] for name, text in after.items()}
            self.replies.mismatches.append(f"{command}: {told}")


def make_reply_figures(replies: Replies) -> list[Figure]:
    """Hold the replies against the bars."""

    def none(name: str, faults: list[str]) -> Figure:
        return Figure(name, len(faults), bar=0, at_most=True, note=f"first: {faults[0]}" if faults else "")

    note = f"the simulator understood {replies.understood}; {replies.sent.get('long', 0)} of a megabyte"
    return [
        Figure("hostile commands", sum(replies.sent.values()), note=note),
        none("ends of the JVM and untyped errors", replies.crashes),
        none("typed errors, the JVM goes on", replies.errors),
        none("answers to something else", replies.mismatches),
    ]
