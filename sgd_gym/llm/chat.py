"""What answers conversations, whether a server or a model on this machine; knows neither."""

from dataclasses import dataclass
from typing import Protocol

from sgd_gym.errors import SgdGymError

Message = dict[str, str]
"""A `role` (system, user or assistant) and its `content`."""


@dataclass(frozen=True)
class Reply:
    """An answer."""

    key: str
    """Names the question, so that answers to equal ones can be counted once."""
    text: str
    finish: str
    """Why it ended: "stop", or "length" where it was cut off."""
    tokens_in: int
    tokens_out: int
    cached: bool


class UnansweredError(SgdGymError):
    """A question that got no answer. `passing` tells whether it may get one later."""

    def __init__(self, reason: str, passing: bool):
        """Store the reason.

        Args:
            reason: What happened.
            passing: Whether the same question may be answered later.
        """
        super().__init__(reason)
        self.passing = passing


class Chat(Protocol):
    """What answers conversations; may be asked from several threads at once."""

    def ask(self, messages: list[Message]) -> Reply:
        """Return the answer to a conversation.

        Raises:
            UnansweredError: If this question gets no answer.
            EndpointError: If no question gets one.
            BudgetError: If the question would pass the budget.
        """
        ...
