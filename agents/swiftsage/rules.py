"""When Sage takes over from Swift, and when Swift goes on: each rule of SwiftSage as a predicate.

Every predicate is pure: it reads the history of moves, and some of them the command that Swift proposes.
`wants_sage` puts them together. Knows no model.
"""

import re

from sgd_gym.agents.executable import is_executable
from sgd_gym.agents.history import History, Move
from sgd_gym.spaces import QUESTION

SWIFT, SAGE = "swift", "sage"

EARLY_MOVES = 10
"""Swift begins alone with so many moves."""
REST_MOVES = 5
"""After a question to Sage Swift has so many moves before it counts as stuck."""
REWARD_MOVES = 5
"""A reward among so many last moves shows that Swift gets on."""
REPEAT_MOVES = 3
"""A command that stands among so many last ones is a repetition."""
RECENT_MOVES = 2
"""Sage is not asked again within so many moves only because a command of Swift cannot be carried out."""
MISSES = 2
"""So many moves that nothing came of force a question to Sage."""
CALLS_IN_A_ROW = 2
"""After so many questions to Sage without a move of Swift between them it is Swift's turn."""
FOCUS_ATTEMPTS = 3
"""The attempt at which Swift may focus on what the task does not name."""

_FAILED = re.compile(
    r"No known action|Ambiguous request|I'm not sure|it'?s not clear|can't|isn't open|aren't able"
    r"|is not (?:a container|closeable|currently passable|edible|mov|open|something)"
    r"|already|does(?:n't| not) (?:appear|contain|have)",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(r"No known action|Ambiguous request|I'm not sure what", re.IGNORECASE)
_FOCUS = re.compile(r"focus on (?P<thing>.+)", re.IGNORECASE)


# --- Swift keeps control


def is_asked(history: History) -> bool:
    """Whether the simulator has just asked which of several things is meant, which takes a number."""
    return bool(history.moves) and history.moves[-1].reply.startswith(QUESTION)


def is_early(history: History) -> bool:
    """Whether fewer than ten moves were made."""
    return len(history.moves) < EARLY_MOVES


def is_after_sage(history: History) -> bool:
    """Whether Sage was asked fewer than five moves ago."""
    return moves_since_sage(history) < REST_MOVES


def is_rewarded(history: History) -> bool:
    """Whether the score rose within the last five moves."""
    return any(move.reward > 0 for move in history.moves[-REWARD_MOVES:])


def is_new(history: History, command: str) -> bool:
    """Whether the command is none of the last three."""
    return all(move.command != command for move in history.moves[-REPEAT_MOVES:])


# --- Sage takes over


def is_invalid(history: History, command: str) -> bool:
    """Whether Swift's command cannot be carried out here, as far as one can see."""
    return not is_executable(command, history.look, history.inventory)


def is_idle(history: History) -> bool:
    """Whether the simulator knew neither of the last two commands, since Sage was asked."""
    recent = _since_sage(history)[-MISSES:]
    return len(recent) == MISSES and all(_UNKNOWN.match(move.reply) for move in recent)


def is_unexpected(history: History) -> bool:
    """Whether two replies since Sage was asked, among the last five, say that a command failed."""
    recent = _since_sage(history)[-REWARD_MOVES:]
    return sum(bool(_FAILED.search(move.reply)) for move in recent) >= MISSES


def is_critical(history: History, command: str) -> bool:
    """Whether Swift would focus, which can end the task, before Sage has ever done so."""
    focused = any(_FOCUS.fullmatch(move.command) for move in history.moves if move.by == SAGE)
    return _FOCUS.fullmatch(command) is not None and not focused


def is_recent(history: History) -> bool:
    """Whether Sage was asked at most two moves ago."""
    return moves_since_sage(history) <= RECENT_MOVES


# --- back to Swift: so too when `Buffer` is empty


def is_sage_worn(history: History) -> bool:
    """Whether Sage was asked twice and Swift has not moved since the first time."""
    if len(history.calls) < CALLS_IN_A_ROW:
        return False
    since = history.moves[history.calls[-CALLS_IN_A_ROW] :]
    return not any(move.by == SWIFT for move in since)


def may_focus(history: History, command: str) -> bool:
    """Whether a focus of Swift may be sent: what the task names at once, all else at the third attempt."""
    match = _FOCUS.fullmatch(command)
    if match is None or match["thing"].strip().lower() in history.task.lower():
        return True
    return len(history.withheld) >= FOCUS_ATTEMPTS - 1


def wants_sage(history: History, command: str) -> str | None:
    """Return the name of the rule that hands over to Sage; None where Swift sends its command.

    The simulator's questions are Swift's to answer, and two questions to Sage in a row are enough, whatever
    else holds. Then what forces Sage comes first; a command that can be carried out is Swift's while Swift
    gets on; one that cannot is no reason to ask Sage again at once.
    """
    if is_asked(history) or is_sage_worn(history):
        return None
    for name, holds in (
        ("idle", is_idle(history)),
        ("unexpected", is_unexpected(history)),
        ("critical", is_critical(history, command)),
    ):
        if holds:
            return name
    if is_invalid(history, command):
        return None if is_recent(history) else "invalid"
    gets_on = is_early(history) or is_after_sage(history) or is_rewarded(history) or is_new(history, command)
    return None if gets_on else "stuck"


def moves_since_sage(history: History) -> float:
    """Return how many moves ago Sage was asked; infinity if it never was."""
    return len(history.moves) - history.calls[-1] if history.calls else float("inf")


def _since_sage(history: History) -> list[Move]:
    return history.moves[history.calls[-1] :] if history.calls else history.moves
