"""What happens in an episode, as training and agents tell it to a prompt; knows no text format.

Both families of models read the same events: a `Transcript` writes each of them down once, a `Window` tells
the last of them anew at every decision.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sgd_gym.errors import DataError
from sgd_gym.trajectories import Episode, Step

PROMPT_VERSION = 1
"""Rises whenever a prompt's text changes; a checkpoint records the one it was trained with."""

Role = Literal["planner", "executor", "flat"]
ROLES: tuple[Role, ...] = ("planner", "executor", "flat")

Ask = Literal["subgoal", "command"]
"""What a model is asked for."""

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


@dataclass(frozen=True)
class Command:
    """A command is sent."""

    text: str


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


Event = Start | Plan | Command | Reply | Done


def is_target(event: Event, role: Role) -> bool:
    """Whether a model of this role is trained to write the event."""
    if role == "planner":
        return isinstance(event, Plan)
    return isinstance(event, Command | Done)


def is_needless(step: Step) -> bool:
    """Whether a command told or changed nothing that the agent does not have for free.

    Imitation leaves out "look around", as the papers do, since the room is shown anyway, and the opening
    of doors that stand open.
    """
    return step.action == "look around" or step.observation == "The door is already open."


def make_events(episode: Episode, subgoals: bool) -> Iterator[Event]:
    """Yield what happens in a recorded episode, without needless commands.

    Args:
        episode: What was played.
        subgoals: Whether sub-goals and their ends are told; flat imitation has none.

    Raises:
        DataError: If sub-goals are asked for and the episode has none.
    """
    steps = episode.steps
    if subgoals and any(step.subgoal is None for step in steps):
        raise DataError(
            f"{episode.episode_id} has no sub-goals, which planner and executor are trained on. "
            f"Fix: run 'sgd-gym annotate' and train on its output."
        )
    yield Start(episode.task_description, steps[0].look, steps[0].inventory)
    option: int | None = None
    for number, step in enumerate(steps):
        if is_needless(step):
            continue
        if subgoals and step.option_index != option:
            if option is not None:
                yield Done()
            yield Plan(step.subgoal or "")
            option = step.option_index
        yield Command(step.action)
        if number + 1 < len(steps):
            after = steps[number + 1]
            yield Reply(step.observation, after.look, after.inventory, step.reward)
