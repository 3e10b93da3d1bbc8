"""What an episode must show before its decisive command; knows tasks and texts, no simulator.

A path may reach score 100 and yet teach nothing: whoever puts a substance into the right box without having
read the thermometer has guessed. For each task whose choice rests on an observation, `EVIDENCE` names the
observation and the decision, and `check_evidence` wants the one before the other.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sgd_gym.data.deductions import (
    Seen,
    Slots,
    lamp_agrees,
    melting_point_agrees,
    slope_agrees,
    temperature_agrees,
    trait_agrees,
)
from sgd_gym.errors import DataError
from sgd_gym.trajectories import Episode


@dataclass(frozen=True)
class Clue:
    """An observation that a decision rests on; patterns may hold {slots} of the task or the decision."""

    command: str = ".*"
    """Pattern of the command that brings the observation."""
    reply: str = ".*"
    """Pattern of the reply."""
    look: str = ".*"
    """Pattern of the room as it is seen after the command."""

    def describe(self, slots: Slots) -> str:
        """Return the patterns that ask for something, in words."""
        told = {"command": self.command, "reply": self.reply, "look": self.look}
        asked = (f"{name} {text!r}" for name, text in told.items() if text != ".*")
        return f"{', '.join(asked)} with {dict(slots)}"

    def steps(self, seen: Sequence[Seen], slots: Slots) -> list[int]:
        """Return the numbers of the steps that show it."""
        filled = {name: re.escape(text) for name, text in slots.items()}
        patterns = [
            re.compile(
                re.sub(r"\{([a-z]+)\}", lambda match: filled[match[1]], text), re.IGNORECASE | re.DOTALL
            )
            for text in (self.command, self.reply, self.look)
        ]
        return [
            number
            for number, one in enumerate(seen)
            if all(pattern.search(text) for pattern, text in zip(patterns, one, strict=True))
        ]


@dataclass(frozen=True)
class Evidence:
    """The observations that one decision rests on."""

    tasks: tuple[str, ...]
    """Ids of the tasks."""
    decision: str
    """Pattern of the command that decides; its groups are slots."""
    clues: tuple[Clue, ...]
    """Each must be seen before the decision."""
    slots: str = ""
    """Pattern of the task description; its groups are slots."""
    decisions: int = 1
    """How many different ones a solved episode holds."""
    agrees: Callable[[Sequence[Seen], Slots], bool] | None = None
    """Whether what was seen before the decision speaks for it; None where only seeing counts."""


_BOX = r"(?P<box>\w+) box"
_DEGREES = (
    r",.*?above (?P<threshold>-?[\d.]+) degrees celsius, (?:place it in|focus on) the (?P<above>\w+) box"
)

# The simulator mixes "blue green paint", which it then lets be focused on as green-blue paint.
_MIXED = (Clue(r"mix .+", r"to produce (?:{focused}|blue green paint)"),)
_OUTSIDE = (Clue(look=r"called the outside\.[^$]*\b{focused}\b"),)

EVIDENCE = (
    Evidence(
        ("2-1",),
        rf"(?:move .+ to|focus on) {_BOX}.*",
        (Clue(r"use thermometer.* on .*{object}", r"measures a temperature of"),),
        r"temperature of (?P<object>[^,]+)" + _DEGREES,
        agrees=temperature_agrees,
    ),
    Evidence(
        ("2-2", "2-3"),
        rf"focus on {_BOX}.*",
        (Clue(r"use thermometer.* on ", r"measures a temperature of"),),
        r"melting point of (?P<object>[^,]+)" + _DEGREES,
        agrees=melting_point_agrees,
    ),
    Evidence(
        ("3-3", "3-4"),
        rf"move .+ to {_BOX}.*",
        (
            Clue(r"connect .*(?:{object} terminal 1|terminal 1 (?:in|on) {object})"),
            Clue(r"connect .*(?:{object} terminal 2|terminal 2 (?:in|on) {object})"),
            Clue(look=r"which is (?:on|off)"),
        ),
        r"determine if (?P<object>.+?)(?: \(.+?\))? is electrically conductive\."
        r".*? is electrically conductive, place it in the (?P<conducts>\w+) box",
        agrees=lamp_agrees,
    ),
    Evidence(
        ("5-1",),
        r"focus on .*seed.*",
        (Clue(look=r"flower pot[^\n]*containing[^\n]*{plant} seed"),),
        r"grow an? (?P<plant>.+?) plant from seed",
    ),
    Evidence(
        ("5-2",),
        r"focus on (?!.*seed).*",
        (Clue(look=r"On the [^\n]* you see:[^\n]*\b{fruit}\b"),),
        r"grow an? (?P<fruit>.+?)\. This will",
    ),
    Evidence(
        ("6-1",),
        r"focus on .*",
        (Clue(r"read .*recipe.*", r"To make {product}"), Clue(r"mix .+", r"to produce (?:an? )?{product}")),
        r"create the substance '(?P<product>[^']+)'",
    ),
    Evidence(("6-2",), r"focus on .*", _MIXED),
    Evidence(("6-3",), r"focus on .*", _MIXED, decisions=2),
    Evidence(("7-1", "7-2"), r"focus on .*", _OUTSIDE),
    Evidence(("7-3",), r"focus on .*", _OUTSIDE, decisions=2),
    Evidence(
        ("9-1", "9-2", "9-3"),
        r"focus on (?P<plane>inclined plane.*)",
        (
            Clue(r"(?:look at|examine) inclined plane.*\b{a}\b", r"down the plane|bottom of the plane"),
            Clue(r"(?:look at|examine) inclined plane.*\b{b}\b", r"down the plane|bottom of the plane"),
        ),
        r"inclined planes \((?P<a>.+?), (?P<b>.+?)\).*? (?P<most>most|least|shallowest|steepest) ",
        agrees=slope_agrees,
    ),
    Evidence(
        ("10-1", "10-2"),
        rf"focus on {_BOX}.*",
        (
            Clue(r"move .+ to .*flower pot.*|\d+", r"{plant} seed to the"),
            Clue(look=r"{plant} plant in the (?:adult|reproducing) stage"),
        ),
        r"whether (?P<value>.+?) is a dominant or recessive trait in the (?P<plant>.+?) plant\. "
        r"If the trait is dominant, focus on the (?P<dominant>\w+) box",
        agrees=trait_agrees,
    ),
)
"""What each choice rests on; the other tasks need no more than the room and the task."""


START = -1
"""Number of what is seen before the first command."""


@dataclass(frozen=True)
class Finding:
    """What an episode shows before one decision."""

    step: int
    """Number of the decision."""
    about: str
    """What was decided on: what the focus is on, else the number."""
    clues: tuple[tuple[int, ...], ...]
    """For each clue the numbers of the steps before it that show it; `START` where the first room does."""
    fault: str | None
    """What is missing, in words; None if nothing is."""


def check_evidence(episode: Episode, task_id: str) -> list[Finding]:
    """Return one finding for each decision of an episode; none for tasks whose choices need no evidence.

    Raises:
        DataError: If the task description is not one of the task's.
    """
    findings: list[Finding] = []
    for evidence in EVIDENCE:
        if task_id in evidence.tasks:
            findings += _check(episode, evidence)
            made = len({one.about for one in findings})
            if made < evidence.decisions:
                fault = f"made {made} of {evidence.decisions} decisions"
                findings.append(Finding(len(episode.steps), "", (), fault))
    return findings


def is_decision(command: str, task_id: str) -> bool:
    """Return whether a command of a task rests on an observation."""
    return any(_deciding(command, task_id))


def speaks_for(episode: Episode, look: str, command: str, task_id: str) -> bool:
    """Return whether what was seen so far speaks for a decision.

    Args:
        episode: What was played so far.
        look: The room now.
        command: The next command, a decision.
        task_id: Id of the task.
    """
    for evidence, decided in _deciding(command, task_id):
        slots = _slots(episode, evidence) | decided.groupdict() | {"focused": ""}
        if _find(len(episode.steps), _seen(episode, look), slots, evidence).fault:
            return False
    return True


def _deciding(command: str, task_id: str) -> Iterator[tuple[Evidence, re.Match[str]]]:
    for evidence in EVIDENCE:
        decided = re.fullmatch(evidence.decision, command, re.IGNORECASE)
        if task_id in evidence.tasks and decided:
            yield evidence, decided


def _slots(episode: Episode, evidence: Evidence) -> dict[str, str]:
    described = re.search(evidence.slots, episode.task_description, re.DOTALL)
    if described is None:
        raise DataError(
            f"{episode.episode_id} is described as {episode.task_description!r}, which no task "
            f"{' or '.join(evidence.tasks)} is. Fix: collect the episode again."
        )
    return described.groupdict()


def _seen(episode: Episode, look: str) -> list[Seen]:
    """Return what was seen, first the room at the start; `look` is the room at the end."""
    looks = [*(step.look for step in episode.steps), look]
    told = [("", ""), *((step.action, step.observation) for step in episode.steps)]
    return [Seen(*pair, room) for pair, room in zip(told, looks, strict=True)]


def _check(episode: Episode, evidence: Evidence) -> list[Finding]:
    described, seen = _slots(episode, evidence), _seen(episode, "")
    findings = []
    # Where the simulator asks which object is meant, the answer completes the decision.
    replies = [step.observation for step in episode.steps] + [""]
    for number, step in enumerate(episode.steps):
        reply = replies[number + 1] if replies[number].startswith("Ambiguous") else replies[number]
        decided = re.fullmatch(evidence.decision, step.action, re.IGNORECASE)
        if decided and reply and not reply.startswith(("No known action", "Unknown action")):
            focused = re.search(r"You focus on the ([^.]+)\.", reply)
            slots = described | decided.groupdict() | {"focused": focused[1] if focused else ""}
            findings.append(_find(number, seen[: number + 1], slots, evidence))
    return findings


def _find(number: int, seen: Sequence[Seen], slots: Slots, evidence: Evidence) -> Finding:
    clues = tuple(tuple(at + START for at in clue.steps(seen, slots)) for clue in evidence.clues)
    fault = None
    for clue, steps in zip(evidence.clues, clues, strict=True):
        if not steps:
            fault = f"saw nothing like {clue.describe(slots)}"
    if fault is None and evidence.agrees and not evidence.agrees(seen, slots):
        fault = "what was seen does not speak for the decision"
    return Finding(number, slots["focused"] or str(number), clues, fault)
