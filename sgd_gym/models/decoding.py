"""How the next token is chosen; knows no model and no prompt."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

import torch

from sgd_gym.errors import SgdGymError, UnknownNameError
from sgd_gym.models.trees import Tree

METHODS = ("greedy", "sample", "beam")


@dataclass(frozen=True)
class Decoding:
    """How a model's next text is chosen."""

    method: Literal["greedy", "sample", "beam"] = "greedy"
    """The likeliest token at each place; one drawn; or the likeliest text that a beam search finds."""
    beams: int = 5
    """How many texts a beam search follows; the papers' number."""
    temperature: float = 1.0
    """For sampling: below 1, likely tokens are drawn more often."""
    seed: int = 0
    """For sampling."""
    batch: int | None = None
    """How many episodes go through the model at once; all that are asked for if not given."""
    max_tokens: int | None = None
    """Longest text in tokens; that of its kind if not given."""
    max_prompt: int | None = None
    """Longest prompt in tokens, of which older history is left out; what the model takes if not given."""
    reread: bool = False
    """For beam search with a decoder-only model: read the whole transcript anew for each answer, as papers
    do, instead of each text once."""

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UnknownNameError: If there is no such method.
            SgdGymError: If a number is out of its range.
        """
        if self.method not in METHODS:
            raise UnknownNameError("decoding", self.method, METHODS)
        for name in ("beams", "batch", "max_tokens", "max_prompt"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SgdGymError(f"{name} is {value}. Allowed: 1 or more.")
        if self.temperature <= 0:
            raise SgdGymError(f"temperature is {self.temperature}. Allowed: above 0.")

    def make_generator(self, text: str) -> torch.Generator:
        """Return random numbers for an episode that begins with this text, whatever world plays it."""
        digest = hashlib.sha256(f"{self.seed} {text}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)

    def pick(self, logits: torch.Tensor, generator: torch.Generator) -> int:
        """Return the number of one of these logits."""
        if self.method != "sample":
            return int(logits.argmax())
        chances = torch.softmax(logits.float().cpu() / self.temperature, dim=-1)
        return int(torch.multinomial(chances, 1, generator=generator))


@dataclass(frozen=True)
class Allowed:
    """What may be written in one place."""

    tree: Tree | None = None
    """All texts that may; any if None."""
    done: bool = False
    """Whether the model may say instead that the option is done."""


@dataclass
class Line:
    """A text while it is written, token by token."""

    allowed: Allowed
    ends: tuple[int, int]
    """The tokens that end a text, and that say that an option is done."""
    limit: int
    """Longest text, in tokens, where any may be written."""
    written: list[int] = field(default_factory=list)
    is_over: bool = False

    def __post_init__(self) -> None:
        """Begin at the root."""
        self._node = self.allowed.tree

    @property
    def choices(self) -> list[int] | None:
        """Return the tokens that may follow; None where any may, but for the one that is not allowed."""
        if self._node is None:
            return None
        return [*self._node.next, *([self.ends[1]] if self.allowed.done and not self.written else [])]

    def pick(self, logits: torch.Tensor, decoding: Decoding, generator: torch.Generator) -> int:
        """Write the next token and return it.

        Args:
            logits: Those of all tokens, (vocabulary,).
            decoding: How to choose.
            generator: Random numbers of the episode.
        """
        choices = self.choices
        if choices is None:
            if not self.allowed.done:
                logits[self.ends[1]] = -torch.inf
            token = decoding.pick(logits, generator)
        else:
            token = choices[decoding.pick(logits[choices], generator)]
        self.take(token)
        return token

    def take(self, token: int) -> None:
        """Write one token."""
        self.written.append(token)
        self.is_over = token in self.ends
        if self._node is None:
            self.is_over |= len(self.written) >= self.limit
        elif not self.is_over:
            self._node = self._node.next[token]
