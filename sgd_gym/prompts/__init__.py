"""State to text, for planner, executor, flat and sage; training and acting tell the same events.

Decoder-only models read a `Transcript`, encoder-decoder models a `Window`.
"""

from sgd_gym.prompts.events import (
    DONE,
    END,
    MAX_ADVISED,
    PROMPT_VERSION,
    ROLES,
    Advice,
    Ask,
    Command,
    Done,
    Event,
    Plan,
    Reply,
    Role,
    Span,
    Start,
    is_needless,
    make_events,
)
from sgd_gym.prompts.slots import Slots
from sgd_gym.prompts.transcript import (
    OPENERS,
    TRANSCRIPT_TOKENS,
    Segment,
    Transcript,
    each_advice,
    make_segments,
)
from sgd_gym.prompts.window import HISTORY, WINDOW_TOKENS, Decision, Window, make_decisions

__all__ = [
    "DONE",
    "END",
    "HISTORY",
    "MAX_ADVISED",
    "OPENERS",
    "PROMPT_VERSION",
    "ROLES",
    "TRANSCRIPT_TOKENS",
    "WINDOW_TOKENS",
    "Advice",
    "Ask",
    "Command",
    "Decision",
    "Done",
    "Event",
    "Plan",
    "Reply",
    "Role",
    "Segment",
    "Slots",
    "Span",
    "Start",
    "Transcript",
    "Window",
    "each_advice",
    "is_needless",
    "make_decisions",
    "make_events",
    "make_segments",
]
