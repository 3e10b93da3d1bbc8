"""The errors that the package raises for bad input; knows no other module.

Every message names the value, what is allowed and the fix. The command line prints the message of an
`SgdGymError` alone, without a traceback, and exits with status 2.
"""

import difflib
from collections.abc import Iterable


class SgdGymError(Exception):
    """Base of all errors that a user can mend."""


class UnknownNameError(SgdGymError, ValueError):
    """A task, split, variation, info, agent or preset that does not exist."""

    def __init__(self, kind: str, value: object, allowed: Iterable[object]):
        """Build the message, with a suggestion when a name is close.

        Args:
            kind: What was named, such as "task".
            value: The value as the user gave it.
            allowed: All values that would have been accepted.
        """
        names = [str(name) for name in allowed]
        close = difflib.get_close_matches(str(value), names, n=1, cutoff=0.6)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        super().__init__(f"Unknown {kind} {value!r}.{hint} Allowed: {', '.join(names)}.")


class JavaNotFoundError(SgdGymError):
    """No Java that can run the simulator was found."""


class SimulatorError(SgdGymError):
    """The simulator's process did not start, died, hung or answered with an error."""


class DataError(SgdGymError):
    """A data file is missing, cut off, of another schema version, or has no rows for a request."""


class CheckpointError(SgdGymError):
    """A checkpoint folder is none, is incomplete, or was made for something else."""


class SubgoalError(SgdGymError, ValueError):
    """Text that is not a sub-goal of the grammar."""


class AnnotationError(SgdGymError):
    """A path that an annotator cannot divide; it is counted with the reason and skipped."""


class EndpointError(SgdGymError):
    """The endpoint of a language model is down, refuses, or answers what is no chat completion."""


class BudgetError(SgdGymError):
    """The next question to a language model would pass the budget."""
