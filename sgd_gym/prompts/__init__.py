"""State to text, for planner, executor and flat; training and acting tell the same events.

Decoder-only models read a `Transcript`, encoder-decoder models a `Window`.
"""

from sgd_gym.prompts.events import (
    DONE,
    END,
    PROMPT_VERSION,
    ROLES,
    Ask,
    Command,
    Done,
    Event,
    Plan,
    Reply,
    Role,
    Start,
    is_needless,
    make_events,
)
from sgd_gym.prompts.slots import Slots
from sgd_gym.prompts.transcript import OPENERS, TRANSCRIPT_TOKENS, Segment, Transcript, make_segments
from sgd_gym.prompts.window import HISTORY, WINDOW_TOKENS, Decision, Window, make_decisions

__all__ = [
    "DONE",
    "END",
    "HISTORY",
    "OPENERS",
    "PROMPT_VERSION",
    "ROLES",
    "TRANSCRIPT_TOKENS",
    "WINDOW_TOKENS",
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
    "Start",
    "Transcript",
    "Window",
    "is_needless",
    "make_decisions",
    "make_events",
    "make_segments",
]
