"""Play an episode in the simulator and write it down; knows neither sub-goals nor files."""

from collections.abc import Sequence
from typing import Any

from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.errors import DataError
from sgd_gym.trajectories import Episode, Step

ORACLE = "oracle"
"""Source of the episodes that the simulator's own solution plays."""


class Recorder:
    """Plays one episode, command by command, and writes it down."""

    def __init__(self, env: ScienceWorldEnv, task: str, variation: int, source: str):
        """Reset the environment to the start of the episode.

        Args:
            env: An environment of the variation's split.
            task: Name of the task.
            variation: Which world of the task.
            source: Who is playing, for the record.
        """
        self._env = env
        self._observation, self.info = env.reset(options={"task": task, "variation": variation})
        self._head: dict[str, Any] = {
            "task": task,
            "variation": variation,
            "split": self.info["split"],
            "task_description": self._observation["task"],
            "source": source,
        }
        self._steps: list[Step] = []
        self.ended = False

    @property
    def look(self) -> str:
        """The room as it is now."""
        return self._observation["look"]

    @property
    def inventory(self) -> str:
        """The inventory as it is now."""
        return self._observation["inventory"]

    @property
    def moves(self) -> int:
        """How many commands were played."""
        return len(self._steps)

    @property
    def episode(self) -> Episode:
        """What was played so far."""
        return Episode(**self._head, steps=tuple(self._steps))

    def play(self, command: str) -> str:
        """Play one command and return the reply."""
        before = self._observation
        self._observation, reward, self.ended, _, self.info = self._env.step(command)
        reply = self._observation["observation"]
        self._steps.append(
            Step(
                look=before["look"],
                inventory=before["inventory"],
                action=command,
                observation=reply,
                reward=reward,
                score=self.info["score"],
                done=self.ended,
            )
        )
        return reply


def play_oracle(env: ScienceWorldEnv, task: str, variation: int) -> Episode:
    """Play the oracle path of one variation and record it.

    Args:
        env: An environment made with `infos=("oracle_path",)` and the variation's split.
        task: Name of the task.
        variation: Which world of the task.

    Raises:
        DataError: If the simulator knows no path.
    """
    return play_path(env, task, variation, None, ORACLE)


def play_path(
    env: ScienceWorldEnv, task: str, variation: int, commands: Sequence[str] | None, source: str
) -> Episode:
    """Play commands from the start of one variation until the task ends, and record them.

    Args:
        env: An environment of the variation's split.
        task: Name of the task.
        variation: Which world of the task.
        commands: What to play; the environment's `oracle_path` if None.
        source: Who is playing, for the record.

    Raises:
        DataError: If there are no commands.
    """
    recorder = Recorder(env, task, variation, source)
    if commands is None:
        commands = recorder.info["oracle_path"]
    if not commands:
        raise DataError(f"There is no path of {task}/{variation}. Fix: leave this variation out.")
    for command in commands:
        recorder.play(command)
        if recorder.ended:
            break
    return recorder.episode
