"""What happens in an episode, as training and agents tell it to a prompt; knows no text format.

Both families of models read the same events: a `Transcript` writes each of them down once, a `Window` tells
the last of them anew at every decision.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sgd_gym.errors import DataError
from sgd_gym.spaces import REFUSALS
from sgd_gym.trajectories import Episode, Step

PROMPT_VERSION = 5
"""Rises whenever a prompt's text changes; a checkpoint records the one it was trained with."""

Role = Literal["planner", "executor", "flat", "sage"]
ROLES: tuple[Role, ...] = ("planner", "executor", "flat", "sage")

Ask = Literal["subgoal", "command", "advice"]
"""What a model is asked for."""

MAX_ADVISED = 5
"""The most commands that a sage advises at a time, as in SwiftSage."""

END, DONE = "<|end|>", "<|done|>"
"""Tokens that end what a model writes: the second one alone says that the option has ended."""


@dataclass(frozen=True)
class Start:
    """The episode begins."""

    task: str
    look: str
    inventory: str


@dataclass(frozen=True)
class Plan:
    """The next sub-goal is chosen."""

    text: str
    taught: bool = True
    """Whether it is an example to learn from; see `Step.taught`."""


@dataclass(frozen=True)
class Command:
    """A command is sent."""

    text: str
    taught: bool = True


@dataclass(frozen=True)
class Reply:
    """The world has answered a command."""

    observation: str
    look: str
    inventory: str
    reward: float
    """Change of the score in points."""


@dataclass(frozen=True)
class Done:
    """The option has ended."""

    taught: bool = True


@dataclass(frozen=True)
class Advice:
    """A sub-goal, and the next commands that reach it; what a model of role sage writes.

    Law: `Advice.read(str(advice)) == advice`.
    """

    subgoal: str
    commands: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write it as a model does: `pick_up(cup): open cupboard; pick up cup`."""
        return f"{self.subgoal}: {'; '.join(self.commands)}"

    @classmethod
    def read(cls, text: str) -> "Advice":
        """Read what a model wrote; text of another form gives no commands, and commands beyond five go."""
        subgoal, bracket, rest = text.partition("):")
        if not bracket:
            return cls(text.strip())
        commands = [one.strip() for one in rest.split(";") if one.strip()]
        return cls(f"{subgoal.strip()})", tuple(commands[:MAX_ADVISED]))


Event = Start | Plan | Command | Reply | Done | Advice


def is_target(event: Event, role: Role) -> bool:
    """Whether a model of this role is trained to write the event."""
    if role == "sage":
        return isinstance(event, Advice)
    if role == "planner":
        return isinstance(event, Plan) and event.taught
    return isinstance(event, Command | Done) and event.taught


Span = Literal["reason", "act"]
"""What a piece of text is: a thought, which the sub-goals are here, or an action."""


def span_of(event: Event) -> Span | None:
    """Return the span that a model writes with this event, in the sense of arXiv 2505.13820.

    None for what is read, and for a sage's advice, which holds both.
    """
    if isinstance(event, Plan):
        return "reason"
    return "act" if isinstance(event, Command | Done) else None


def is_needless(step: Step) -> bool:
    """Whether a command told or changed nothing that the agent does not have for free.

    Imitation leaves out "look around", as the papers do, since the room is shown anyway, and the opening
    of doors that stand open.
    """
    return step.action == "look around" or step.observation == "The door is already open."


def make_events(episode: Episode, subgoals: bool, advice: bool = False) -> Iterator[Event]:
    """Yield what happens in a recorded episode, without needless commands.

    Args:
        episode: What was played.
        subgoals: Whether sub-goals and their ends are told; flat imitation has none.
        advice: Whether before each command stands the advice that a sage would give: its sub-goal with the
            next commands of its option. At play a sage is asked in the middle of options, too.

    Raises:
        DataError: If sub-goals are asked for and the episode has none.
    """
    steps = episode.steps
    if (subgoals or advice) and any(step.subgoal is None for step in steps):
        raise DataError(
            f"{episode.episode_id} has no sub-goals, which planner, executor and sage are trained on. "
            f"Fix: run 'sgd-gym annotate' and train on its output."
        )
    yield Start(episode.task_description, steps[0].look, steps[0].inventory)
    before: Step | None = None
    for number, step in enumerate(steps):
        if is_needless(step) and step.taught:
            continue
        if subgoals and (before is None or step.option_index != before.option_index):
            if before is not None:
                # Of a student's options, only one whose last command was refused shows when to end.
                shows = before.taught or before.observation.startswith(REFUSALS)
                yield Done(step.taught and shows)
            yield Plan(step.subgoal or "", step.taught)
        if advice and step.taught:
            yield _advise(steps[number:])
        before = step
        yield Command(step.action, step.taught)
        if number + 1 < len(steps):
            after = steps[number + 1]
            yield Reply(step.observation, after.look, after.inventory, step.reward)


def events_for(episode: Episode, roles: Sequence[Role]) -> Iterator[Event]:
    """Yield what a model of these roles is told of a recorded episode; see `make_events`."""
    return make_events(episode, subgoals="planner" in roles or "executor" in roles, advice="sage" in roles)


def _advise(steps: Sequence[Step]) -> Advice:
    """Return the advice at the first of some steps."""
    own = [one.action for one in steps if one.option_index == steps[0].option_index and not is_needless(one)]
    return Advice(steps[0].subgoal or "", tuple(own[:MAX_ADVISED]))
