"""Play plans of shorter paths and keep the first that holds; knows the simulator."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sgd_gym.data.evidence import check_evidence, is_decision, speaks_for
from sgd_gym.data.names import name_as_shown
from sgd_gym.data.proposals import PROPOSALS, TICKS_OF_WAIT, Pause, Reading, phrases, propose
from sgd_gym.data.recording import Recorder
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import get_task
from sgd_gym.spaces import QUESTION
from sgd_gym.trajectories import Episode

SHORTENED = "shortened"
"""Source of the episodes of shortened paths."""

MAX_REPLAYS = 4
"""How often a path is played at most."""

_AMBIGUOUS = re.compile(QUESTION)
_NOTHING = re.compile("No known action")
_MISUNDERSTOOD = re.compile(f"{QUESTION}|No known action")

_EXTRA_WAITS = 10
"""How many more waits than the oracle's a pause may take."""


class _ShownNames(Recorder):
    """Plays commands with the names that the room shows; stops where such a name is not understood."""

    def play(self, command: str) -> str:
        """Play one command under its shown names and return the reply."""
        named = name_as_shown(command, self.look, self.inventory)
        reply = super().play(named)
        if named != command and _MISUNDERSTOOD.match(reply):
            self.ended = True
        return reply


@dataclass(frozen=True)
class Shortened:
    """What became of one path."""

    episode: Episode
    """The shortened path, or the raw one where no proposal held."""
    proposal: str
    """Name of the proposal that held; "raw" if none did."""
    reasons: tuple[str, ...]
    """Why the proposals before it did not hold."""


def shorten(env: ScienceWorldEnv, raw: Episode) -> Shortened:
    """Return the boldest shortening of a path that holds when it is played.

    It holds if it ends at score 100 with every ordered goal met, shows what its decisions depend on
    (see `evidence`), and is shorter than the raw path, or as long and only better named.

    Args:
        env: An environment made with `infos=("goal_progress",)` and the split of the path.
        raw: An oracle path.
    """
    reasons: list[str] = []
    replays = 0
    tried: list[tuple[list[str | Pause], int]] = []
    for proposal in PROPOSALS:
        plan = propose(raw, proposal)
        if (plan, proposal.step) in tried:
            continue
        if not proposal.shown_names:
            tried.append((plan, proposal.step))
        play: type[Recorder] = _ShownNames if proposal.shown_names else Recorder
        recorder = play(env, raw.task, raw.variation, SHORTENED)
        play_plan(recorder, plan, proposal.step, limit=len(raw.steps))
        replays += 1
        fault = find_fault(recorder.episode, recorder.info)
        if fault is None and len(recorder.episode.steps) >= len(raw.steps):
            same_length = len(recorder.episode.steps) == len(raw.steps)
            if not (proposal.shown_names and same_length and recorder.episode.actions != raw.actions):
                fault = "no shorter"
        if fault is None:
            episode = recorder.episode
            if replays < MAX_REPLAYS:
                episode = without_misunderstood(env, episode)
            return Shortened(episode, proposal.name, tuple(reasons))
        reasons.append(f"{proposal.name}: {fault}")
    return Shortened(raw, "raw", tuple(reasons))


def without_misunderstood(env: ScienceWorldEnv, episode: Episode) -> Episode:
    """Return a path without the commands that did nothing, if it still holds; else the path as it is.

    A path that waits less than the oracle's may have fewer seeds to plant than the oracle had.
    """
    left = [step.action for step in episode.steps if not _NOTHING.match(step.observation)]
    if len(left) == len(episode.steps):
        return episode
    recorder = Recorder(env, episode.task, episode.variation, SHORTENED)
    for command in left:
        if not recorder.ended:
            recorder.play(command)
    return episode if find_fault(recorder.episode, recorder.info) else recorder.episode


def find_fault(episode: Episode, info: dict[str, Any]) -> str | None:
    """Return why a played path does not hold; None if it does."""
    if info["score"] != 100:
        return f"ends at score {info['score']}"
    open_goals = [goal["text"] for goal in info["goal_progress"] if goal["ordered"] and not goal["done"]]
    if open_goals:
        return f"leaves the goal {open_goals[0]!r} open"
    faults = [one.fault for one in check_evidence(episode, get_task(episode.task).id) if one.fault]
    return faults[0] if faults else None


def play_plan(recorder: Recorder, plan: Sequence[str | Pause], step: int, limit: int) -> None:
    """Play the commands of a plan; at each pause wait until what it waits for is there.

    Args:
        recorder: Plays and records; its episode has just begun.
        plan: See `sgd_gym.data.proposals.propose`.
        step: Ticks between two looks at what is awaited: 10 or 1.
        limit: Moves after which playing stops.
    """
    for number, item in enumerate(plan):
        following = plan[number + 1] if number + 1 < len(plan) else None
        if recorder.ended or recorder.moves >= limit:
            return
        if isinstance(item, Pause):
            # What the oracle waited less than a `wait` for would be missed by one.
            small = following is not None and (step == 1 or item.ticks < TICKS_OF_WAIT)
            _pause(recorder, item, following, 1 if small else TICKS_OF_WAIT, limit)
        elif not item.isdigit() and _AMBIGUOUS.match(recorder.play(item)) and not str(following).isdigit():
            recorder.play("0")
        elif item.isdigit() and _AMBIGUOUS.match(recorder.episode.steps[-1].observation):
            recorder.play(item)


def _pause(recorder: Recorder, pause: Pause, following: str | Pause | None, step: int, limit: int) -> None:
    read = _read(recorder, pause)
    for _ in range(pause.ticks // step + _EXTRA_WAITS):
        if recorder.ended or recorder.moves >= limit or _is_over(recorder, pause, following, read):
            return
        if step == TICKS_OF_WAIT or not pause.rounds:
            recorder.play("wait" if step == TICKS_OF_WAIT else "wait1")
        read = _read(recorder, pause)


def _read(recorder: Recorder, pause: Pause) -> list[Reading]:
    """Read what the oracle read, under the names that fit what is to be seen now: ice becomes water."""
    read: list[Reading] = []
    known = [one for readings in pause.rounds for one in readings]
    for first in pause.rounds[0] if pause.rounds else ():
        if not recorder.ended:
            in_sight = [one for one in known if _in_sight(one.target, recorder.look)]
            same = [one for one in in_sight if one.kind == first.kind] or in_sight or [first]
            command = first.command.removesuffix(first.target) + same[-1].target
            read.append(Reading(command, recorder.play(command)))
    return read


def _in_sight(name: str, look: str) -> bool:
    return bool(re.search(rf"\b{re.escape(name)}\b", look, re.IGNORECASE))


def _is_over(
    recorder: Recorder, pause: Pause, following: str | Pause | None, read: Sequence[Reading]
) -> bool:
    """Whether there is to be seen what the oracle saw when it went on."""
    if not isinstance(following, str):
        return False
    now = phrases(recorder.look)
    if any(now[phrase] < count for phrase, count in pause.awaited):
        return False
    episode, task_id = recorder.episode, get_task(recorder.episode.task).id
    if is_decision(following, task_id):
        return speaks_for(episode, recorder.look, following, task_id)
    for one, last in zip(read, pause.rounds[-1] if pause.rounds else (), strict=False):
        if one.kind != "use" and one.reply != last.reply:
            return False
    return True
