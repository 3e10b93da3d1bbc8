"""The oracle paths that the package ships: how the file is made, read and checked; starts no simulator.

`sgd_gym/data/oracle_paths.parquet` has the columns of every file of episodes and holds all variations of all
tasks, annotated by rules: the paths as the oracle plays them (source "oracle"), failed ones among them, and
those that could be shortened once more (source "shortened"). Each task is one row group, so that its rooms
are stored once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version as installed_version
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sgd_gym import __version__
from sgd_gym.data.annotate import annotate_episode
from sgd_gym.envs.simulator import SCIENCEWORLD_VERSION
from sgd_gym.envs.tasks import TASKS, Task
from sgd_gym.errors import DataError
from sgd_gym.files import write_whole
from sgd_gym.trajectories import (
    FAILED,
    SCHEMA_VERSION,
    Episode,
    check_schema,
    episode_files,
    episodes_of,
    make_table,
    read_episodes,
    read_heads,
)

SHIPPED = Path(__file__).with_name("oracle_paths.parquet")
"""The file that the package ships."""

RULES = "rules"
_VERSIONS = ("scienceworld", "sgd_gym")
# One page and one dictionary for a column of a task: what repeats from episode to episode is stored once.
_PAGE_SIZE = 1 << 28


def write_shipped(raw_folder: Path, short_folder: Path | None, path: Path = SHIPPED) -> int:
    """Write the file to ship from collected episodes; return the number of episodes in it.

    Args:
        raw_folder: What 'sgd-gym collect' wrote, annotated or not, with its failed episodes.
        short_folder: The same after shortening; only its episodes of source "shortened" are taken.
        path: The file to write.

    Raises:
        DataError: If an episode was annotated by something else than the rules, or a shortened one has no
            raw one.
    """
    files = {task.name: list[Path]() for task in TASKS}
    for folder in filter(None, (raw_folder, short_folder)):
        failed = sorted((folder / FAILED).glob("**/*.parquet")) if folder == raw_folder else []
        for file in [*episode_files(folder), *failed]:
            for name in {head.task for head in read_heads(file)}:
                files[name].append(file)
    metadata = {
        "sgd_gym_schema_version": str(SCHEMA_VERSION),
        "scienceworld": SCIENCEWORLD_VERSION,
        "sgd_gym": __version__,
    }
    schema = make_table([]).schema.with_metadata(metadata)
    count = 0

    def write(part: Path) -> None:
        nonlocal count
        with pq.ParquetWriter(
            part,
            schema,
            compression="zstd",
            compression_level=19,
            data_page_size=_PAGE_SIZE,
            dictionary_pagesize_limit=_PAGE_SIZE,
            write_statistics=False,
            write_page_checksum=True,
        ) as writer:
            for task in TASKS:
                episodes = list(_to_ship(task, files[task.name]))
                if episodes:
                    table = make_table(episodes).replace_schema_metadata(metadata)
                    writer.write_table(table, row_group_size=len(table))
                    count += len(episodes)

    write_whole(path, write)
    return count


def _to_ship(task: Task, files: Iterable[Path]) -> Iterator[Episode]:
    """Yield the episodes of one task by variation, the raw one first."""
    found: dict[tuple[int, str], Episode] = {}
    for file in files:
        for one in read_episodes(file):
            if one.task != task.name or (one.variation, one.source) in found:
                continue
            if one.annotator not in (None, RULES):
                raise DataError(
                    f"{file} is annotated by {one.annotator!r}. Allowed: {RULES!r}. "
                    f"Fix: take the folder that 'sgd-gym collect' wrote."
                )
            found[one.variation, one.source] = one if one.annotator else annotate_episode(one)
    for key in sorted(found):
        if (key[0], "oracle") not in found:
            raise DataError(
                f"{task.name}/{key[0]} is shortened, but the raw folder lacks it. Fix: collect it."
            )
        yield found[key]


class ShippedPaths:
    """The episodes of a shipped file, read task by task."""

    def __init__(self, path: Path | None = None):
        """Open the file, the package's own if none is given.

        Raises:
            DataError: If it is missing, cut off or of another schema version.
        """
        self.path = path or SHIPPED
        if not self.path.exists():
            raise DataError(
                f"{self.path} does not exist: this installation ships no oracle paths. "
                f"Fix: collect them without --from-shipped."
            )
        self._groups: dict[str, int] = {}
        try:
            with pq.ParquetFile(self.path) as file:
                check_schema(self.path, file.schema_arrow)
                self.versions = {
                    name: (file.schema_arrow.metadata or {}).get(name.encode(), b"unknown").decode()
                    for name in _VERSIONS
                }
                for group in range(file.num_row_groups):
                    (name,) = file.read_row_group(group, ["task"])["task"].unique().to_pylist()
                    self._groups[name] = group
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(
                f"{self.path} is not a whole file of shipped paths ({str(error).splitlines()[0]}). "
                f"Fix: install sgd-gym again, or collect without --from-shipped."
            ) from error
        self._read = lru_cache(maxsize=4)(self._read_part)

    def episodes(self, task: str, split: str, shortened: bool = False) -> dict[int, Episode]:
        """Return the shipped episodes of a task and split, annotated, by variation.

        Args:
            task: Name of the task.
            split: Train, dev or test.
            shortened: Give the shortened path where there is one; the raw path else.
        """
        raw = self._read(task, split, "oracle")
        return {**raw, **self._read(task, split, "shortened")} if shortened else raw

    def play(self, task: str, split: str, variation: int, shortened: bool = False) -> Episode:
        """Return one episode as 'sgd-gym collect' records it, without sub-goals.

        Raises:
            DataError: If it is not shipped.
        """
        found = self.episodes(task, split, shortened).get(variation)
        if found is None:
            raise DataError(f"{self.path} lacks {task}/{variation}. Fix: collect it without --from-shipped.")
        steps = tuple(replace(step, subgoal=None, option_index=None) for step in found.steps)
        return replace(found, annotator=None, steps=steps)

    def check(self, shipped: Episode, played: Episode) -> None:
        """Check that a shipped path, played again, gives the shipped texts, rewards and scores.

        Raises:
            DataError: If it does not.
        """
        if played.digest() == shipped.digest():
            return
        now = {"scienceworld": installed_version("scienceworld"), "sgd_gym": __version__}
        then, here = (", ".join(f"{n} {v}" for n, v in versions.items()) for versions in (self.versions, now))
        raise DataError(
            f"{shipped.episode_id} plays otherwise than it was shipped: digest {played.digest()}, shipped "
            f"{shipped.digest()}. It was made with {then}; here is {here}. "
            f"Fix: install the former, or collect without --from-shipped."
        )

    def _read_part(self, task: str, split: str, source: str) -> dict[int, Episode]:
        if task not in self._groups:
            return {}
        with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
            table = file.read_row_group(self._groups[task])
        chosen = pc.and_(pc.equal(table["split"], split), pc.equal(table["source"], source))
        return {one.variation: one for one in episodes_of(table.filter(chosen))}


def read_shipped(path: Path | None = None) -> ShippedPaths:
    """Return the shipped paths, of the package's own file if none is given; see `ShippedPaths`."""
    return ShippedPaths(path)
