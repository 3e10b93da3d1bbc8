"""What happened in one episode, in the simulator's own words, for rules and for prompts of LLMs."""

from dataclasses import dataclass, field, replace

from sgd_gym.options import Observation
from sgd_gym.prompts.shorten import compact_inventory, compact_look, one_line


@dataclass(frozen=True)
class Move:
    """A command that was sent, and what the world replied."""

    command: str
    by: str
    """Who chose it."""
    reply: str = ""
    reward: float = 0.0
    """Change of the score in points."""

    def __str__(self) -> str:
        """Tell it on one line."""
        return f"{self.command} ({self.reward:+g}) -> {self.reply}"


@dataclass
class History:
    """One episode so far."""

    task: str
    look: str
    """What the room shows now."""
    inventory: str
    moves: list[Move] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)
    """Rooms visited, in order."""
    score: float = 0.0
    calls: list[int] = field(default_factory=list)
    """For each question to a second, slower model: how many moves had been made."""
    withheld: list[str] = field(default_factory=list)
    """Commands that were proposed and not sent."""

    @classmethod
    def begin(cls, seen: Observation) -> "History":
        """Return the history of an episode that begins with this observation."""
        history = cls(one_line(seen["task"]), seen["look"], seen["inventory"])
        history._enter()
        return history

    def send(self, command: str, by: str) -> None:
        """Note a command; `observe` then tells what it did."""
        self.moves.append(Move(command, by))

    def observe(self, seen: Observation, reward: float) -> None:
        """Note what the last command did."""
        told = seen["observation"].strip() != seen["look"].strip()
        reply = one_line(seen["observation"]) if told else "the room"
        self.moves[-1] = replace(self.moves[-1], reply=reply, reward=reward)
        self.look, self.inventory = seen["look"], seen["inventory"]
        self.score += reward
        self._enter()

    def describe(self, recent: int) -> str:
        """Tell time, score, the last moves, the room, what is carried and the rooms visited."""
        first = max(0, len(self.moves) - recent)
        moves = [f"{number + 1}. {self.moves[number]}" for number in range(first, len(self.moves))]
        room, things = compact_look(self.look)
        return "\n".join(
            [
                f"Moves made: {len(self.moves)}. Score: {self.score:g} of 100.",
                "Last moves, each with the change of the score and the reply:",
                *(moves or ["none"]),
                f"Room: {room}: {' | '.join(things)}",
                f"Inventory: {compact_inventory(self.inventory) or 'nothing'}",
                f"Visited rooms: {', '.join(self.rooms)}",
            ]
        )

    def _enter(self) -> None:
        room = compact_look(self.look)[0]
        if room not in self.rooms:
            self.rooms.append(room)
