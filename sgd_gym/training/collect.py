"""Collect oracle trajectories from the simulator; knows neither sub-goals nor models."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import gymnasium as gym

from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import Task, get_tasks
from sgd_gym.errors import DataError, SgdGymError
from sgd_gym.progress import track
from sgd_gym.trajectories import Episode, Step, read_episodes, write_episodes

SHARD_SIZE = 10
"""Episodes in one file: what a kill can lose for each world."""


@dataclass
class CollectConfig:
    """Collect oracle trajectories from the simulator as parquet files."""

    out: Path = Path("data/raw")
    """Folder to write; what is there already and whole is kept."""
    tasks: list[str] = field(default_factory=lambda: ["all"])
    """Task names or ids, or "all"."""
    splits: list[str] = field(default_factory=lambda: ["train"])
    """Splits to collect: train, dev, test."""
    max_variations: int | None = None
    """At most so many variations of each task and split, the first ones; all if not given."""
    worlds: int = 2
    """How many simulators run side by side."""


@dataclass(frozen=True)
class Shard:
    """The variations that one file holds."""

    path: Path
    task: Task
    split: str
    variations: tuple[int, ...]


def collect(config: CollectConfig) -> int:
    """Collect every missing shard; return the number of episodes that the configuration names.

    A second call goes on where the first one stopped: a file appears whole or not at all, and whole files
    are kept.

    Raises:
        UnknownNameError: If a task or split does not exist.
        DataError: If a file of the folder is not whole or holds other episodes.
    """
    for name, value in (("worlds", config.worlds), ("max_variations", config.max_variations)):
        if value is not None and value < 1:
            raise SgdGymError(f"{name} is {value}. Allowed: 1 or more.")
    shards = list(_shards(config))
    missing = [shard for shard in shards if not _is_there(shard)]
    total = sum(len(shard.variations) for shard in shards)
    done = total - sum(len(shard.variations) for shard in missing)
    with track("collect oracle paths", total, done) as advance:
        for split in config.splits:
            _collect(split, [shard for shard in missing if shard.split == split], config.worlds, advance)
    return total


def play_oracle(env: gym.Env[Any, Any], task: str, variation: int) -> Episode:
    """Play the oracle path of one variation and record it.

    Args:
        env: An environment made with `infos=("oracle_path",)` and the variation's split.
        task: Name of the task.
        variation: Which world of the task.
    """
    return play_path(env, task, variation, None, "oracle")


def play_path(
    env: gym.Env[Any, Any], task: str, variation: int, commands: Sequence[str] | None, source: str
) -> Episode:
    """Play given commands, or the oracle's, until the task ends, and record them."""
    recorder = Recorder(env, task, variation, source)
    for command in recorder.info["oracle_path"] if commands is None else commands:
        recorder.play(command)
        if recorder.ended:
            break
    return recorder.episode


class Recorder:
    """Plays one episode and writes it down."""

    def __init__(self, env: gym.Env[Any, Any], task: str, variation: int, source: str):
        """Reset the environment to the start of the episode."""
        self._env = env
        self._observation, self.info = env.reset(options={"task": task, "variation": variation})
        self._begin = (task, variation, self.info["split"], self._observation["task"], source)
        self._steps: list[Step] = []
        self.ended = False

    @property
    def look(self) -> str:
        """The room as it is now."""
        return str(self._observation["look"])

    @property
    def moves(self) -> int:
        """How many commands were played."""
        return len(self._steps)

    @property
    def episode(self) -> Episode:
        """What was played so far."""
        return Episode(*self._begin, tuple(self._steps))

    def play(self, command: str) -> str:
        """Play one command and return the reply."""
        before = self._observation
        self._observation, reward, self.ended, _, self.info = self._env.step(command)
        reply = str(self._observation["observation"])
        self._steps.append(
            Step(
                look=before["look"],
                inventory=before["inventory"],
                action=command,
                observation=reply,
                reward=float(reward),
                score=self.info["score"],
                done=self.ended,
            )
        )
        return reply


def _shards(config: CollectConfig) -> Iterator[Shard]:
    for split in config.splits:
        for task in get_tasks(config.tasks):
            variations = tuple(task.variations(split))[: config.max_variations]
            for start in range(0, len(variations), SHARD_SIZE):
                part = variations[start : start + SHARD_SIZE]
                path = config.out / split / f"{task.name}-{start:04d}.parquet"
                yield Shard(path, task, split, part)


def _is_there(shard: Shard) -> bool:
    """Whether the file holds the variations; one that is not whole, or is of another task, raises."""
    if not shard.path.exists():
        return False
    episodes = read_episodes(shard.path)
    if any((episode.task, episode.split) != (shard.task.name, shard.split) for episode in episodes):
        raise DataError(
            f"{shard.path} does not hold episodes of {shard.task.name} ({shard.split}), as its name tells. "
            f"Fix: delete it and run the command again; the other files are kept."
        )
    return {episode.variation for episode in episodes} >= set(shard.variations)


def _collect(split: str, shards: list[Shard], worlds: int, advance: Callable[[int], None]) -> None:
    """Collect shards of one split with a pool of simulators, each used by one thread at a time."""
    if not shards:
        return
    envs = [ScienceWorldEnv(split=split, infos=("oracle_path",)) for _ in range(worlds)]
    idle: SimpleQueue[ScienceWorldEnv] = SimpleQueue()
    for env in envs:
        idle.put(env)

    def write_shard(shard: Shard) -> int:
        env = idle.get()
        try:
            episodes = [play_oracle(env, shard.task.name, variation) for variation in shard.variations]
        finally:
            idle.put(env)
        write_episodes(shard.path, episodes)
        return len(episodes)

    pool = ThreadPoolExecutor(worlds)
    try:
        for future in as_completed([pool.submit(write_shard, shard) for shard in shards]):
            advance(future.result())
    finally:
        # First the worlds: after an error or Ctrl-C nobody waits for the shards that are half played.
        for env in envs:
            env.close()
        pool.shutdown(cancel_futures=True)
