"""The flags that say how models act, wherever agents are made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sgd_gym.agents.commands import CommandRule, infos_of
from sgd_gym.agents.sgd.noise import NoiseKind, check_noise
from sgd_gym.models.decoding import Decoding
from sgd_gym.models.generation import NumberFormat, load_writer
from sgd_gym.models.writer import Writer
from sgd_gym.prompts import Role


@dataclass(kw_only=True)
class ActingConfig:
    """How models choose what they write, and how often they are asked."""

    commands: CommandRule = "free"
    """Which commands a model may write: any (free), forms filled with what is in sight (visible), those of
    the simulator's list (valid), or the papers' way: the valid one nearest to five beams (nearest)."""
    repeat_idle: bool = False
    """Let a model give a command again where it was refused, or did nothing ten times in a row, and nothing
    has changed since; else it takes its next best (`sgd_gym.agents.tried`; not with nearest)."""
    search: bool = True
    """Let the planner look in containers and other rooms for what the task names and it missed
    (`sgd_gym.agents.sgd.search`; not with --ranking)."""
    decoding: Literal["greedy", "sample", "beam"] = "greedy"
    """How a text is chosen: token by token, drawn, or by beam search."""
    beams: int = 5
    """Texts that a beam search follows."""
    temperature: float = 1.0
    """For sampling."""
    planner_every_move: bool = False
    """Ask the planner before each command, not only when an option has ended (agents sgd and scripted)."""
    max_option_moves: int = 30
    """After so many moves an option ends, whatever the executor says (agents sgd and scripted)."""
    until_achieved: bool = False
    """End an option as soon as its sub-goal is seen achieved, too (agent sgd; scripted always does)."""
    max_prompt: int | None = None
    """Longest prompt in tokens; the oldest moves are left out of a longer one. As long as the model takes if
    not given."""
    noise: NoiseKind = "none"
    """Replace sub-goals (agents sgd and scripted): by any of the train split (random), by the planner's own
    with other arguments (semi-random), or only the first one of an episode (first)."""
    noise_rate: float = 1.0
    """Probability that --noise replaces a sub-goal."""
    number_format: NumberFormat = "float32"
    """Of a model's weights; int8 with --fast only."""
    fast: bool = False
    """Let CTranslate2 compute (encoder-decoder models on a CPU; extra "fast")."""

    def check(self) -> None:
        """Check the flags before anything is loaded.

        Raises:
            UnknownNameError: If a flag names something that does not exist.
            SgdGymError: If a number is out of its range.
        """
        infos_of(self.commands)
        check_noise(self.noise, self.noise_rate)
        self.make_decoding(0)

    @property
    def command_note(self) -> str:
        """Return what tables say of the commands that a model may write, if it is not as usual."""
        bound = [] if self.commands == "free" else [f"{self.commands} commands"]
        return ", ".join([*bound, *(["idle commands again"] if self.repeat_idle else [])])

    @property
    def acting(self) -> tuple[Any, ...]:
        """Return what results depend on, as far as it is not as usual."""
        usual = ActingConfig()
        settings = ((name, getattr(self, name)) for name in ActingConfig.__dataclass_fields__)
        return tuple((name, value) for name, value in settings if value != getattr(usual, name))

    def make_decoding(self, seed: int) -> Decoding:
        """Return how models choose.

        Raises:
            UnknownNameError: If there is no such method.
            SgdGymError: If a number is out of its range.
        """
        return Decoding(self.decoding, self.beams, self.temperature, seed, max_prompt=self.max_prompt)

    def load(self, checkpoint: Path, role: Role, seed: int) -> Writer:
        """Return a writer with the model of a checkpoint.

        Raises:
            CheckpointError: If the folder is no checkpoint of this role.
            SgdGymError: If the flags do not fit the model.
        """
        return load_writer(checkpoint, role, self.make_decoding(seed), self.number_format, self.fast)
