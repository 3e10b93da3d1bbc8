"""The files of a folder of collected episodes; knows the table of tasks, no simulator.

`<folder>/<split>/<task>-<start>.parquet` holds the episodes of up to 10 variations that end at score 100,
from the `start`-th variation of the split on. Those that do not are kept apart, in `<folder>/failed/<split>/`
under the same name, and `<folder>/failed/reasons.json` says why. A file of the first kind appears after its
companion, so that a kill never loses an episode: a shard is there when both together hold its variations.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sgd_gym.envs.tasks import Task
from sgd_gym.errors import DataError
from sgd_gym.files import write_json
from sgd_gym.trajectories import FAILED, Episode, Head, read_episodes, read_heads, write_episodes

SHARD_SIZE = 10
"""Variations to a file: what a kill can lose for each world."""

MAX_SCORE = 100


@dataclass(frozen=True)
class Shard:
    """Variations that share a file."""

    folder: Path
    task: Task
    split: str
    start: int
    """Place of the file's first variation among those of the split."""
    variations: tuple[int, ...]
    """The variations that are asked for; the file may hold others of its range."""

    @property
    def path(self) -> Path:
        """Return the file of the episodes that end at score 100."""
        return self.folder / self.split / f"{self.task.name}-{self.start:04d}.parquet"

    @property
    def failed_path(self) -> Path:
        """Return the file of the others; there is none if all end at score 100."""
        return self.folder / FAILED / self.split / self.path.name


def make_shards(folder: Path, task: Task, split: str, variations: Iterable[int]) -> Iterator[Shard]:
    """Yield the shards that hold some variations of a task and split."""
    wanted = set(variations)
    numbers = task.variations(split)
    for start in range(0, len(numbers), SHARD_SIZE):
        part = tuple(number for number in numbers[start : start + SHARD_SIZE] if number in wanted)
        if part:
            yield Shard(folder, task, split, start, part)


def missing_variations(shard: Shard, source: str) -> tuple[int, ...]:
    """Return the variations of a shard that its files do not hold.

    Raises:
        DataError: If a file is not whole, or holds episodes of another task, split or source.
    """
    have = set()
    for path in (shard.path, shard.failed_path):
        if not path.exists():
            continue
        for head in read_heads(path):
            if (head.task, head.split, head.source) != (shard.task.name, shard.split, source):
                raise DataError(
                    f"{path} does not hold {source} episodes of {shard.task.name} ({shard.split}) only, as "
                    f"its name tells: {head.episode_id} ({head.split}, {head.source}) is another. "
                    f"Fix: delete it and run the command again; the other files are kept."
                )
            have.add(head.variation)
    if not shard.path.exists():
        return shard.variations  # a kill came between the two files
    return tuple(number for number in shard.variations if number not in have)


def write_shard(shard: Shard, episodes: Iterable[Episode]) -> None:
    """Write episodes into the files of a shard, beside those that stand there."""
    paths = (shard.path, shard.failed_path)
    together = {one.variation: one for path in paths if path.exists() for one in read_episodes(path)}
    together |= {one.variation: one for one in episodes}
    ordered = [together[variation] for variation in sorted(together)]
    failed = [one for one in ordered if one.score != MAX_SCORE]
    if failed:
        write_episodes(shard.failed_path, failed)
    write_episodes(shard.path, [one for one in ordered if one.score == MAX_SCORE])


def write_reasons(folder: Path) -> dict[str, str]:
    """Write why episodes of a folder are kept apart, as its files of failed episodes tell; return it.

    Raises:
        DataError: If one of these files is not whole.
    """
    reasons = read_reasons(folder)
    if reasons:
        write_json(folder / FAILED / "reasons.json", reasons)
    return reasons


def read_reasons(folder: Path) -> dict[str, str]:
    """Return why episodes of a folder are kept apart, by episode id; see `write_reasons`."""
    files = sorted((folder / FAILED).glob("**/*.parquet"))
    return {head.episode_id: reason_of(head) for path in files for head in read_heads(path)}


def reason_of(episode: Episode | Head) -> str:
    """Say why an episode is kept apart."""
    if episode.score < 0:
        return f"a wrong focus ended it at {episode.score}"
    return f"ends at score {episode.score}"
