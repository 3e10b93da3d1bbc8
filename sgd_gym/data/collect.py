"""Collect oracle trajectories from the simulator; knows neither sub-goals nor models."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sgd_gym.data.card import write_card
from sgd_gym.data.pool import play_jobs
from sgd_gym.data.recording import ORACLE, play_oracle, play_path
from sgd_gym.data.shards import MAX_SCORE, Shard, make_shards, missing_variations, write_reasons, write_shard
from sgd_gym.data.shipped import ShippedPaths, read_shipped
from sgd_gym.data.shorten import shorten_folder
from sgd_gym.data.subsets import choose_variations
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import Task, get_tasks
from sgd_gym.errors import DataError, SgdGymError
from sgd_gym.progress import Advance, track
from sgd_gym.trajectories import Episode, write_episodes


@dataclass
class CollectConfig:
    """Collect oracle trajectories from the simulator as parquet files."""

    out: Path = Path("data/raw")
    """Folder to write; what is there already and whole is kept."""
    tasks: list[str] = field(default_factory=lambda: ["all"])
    """Task names or ids, or "all"; with blanks or commas between them."""
    splits: list[str] = field(default_factory=lambda: ["train"])
    """Splits to collect: train, dev, test; with blanks or commas between them."""
    max_variations: int | None = None
    """At most so many variations of each task and split, the first ones; all if not given."""
    subset: str | None = None
    """A named choice of variations: "sgd" for 4,341, as many as the paper; all if not given."""
    from_shipped: bool = False
    """Take the paths that the package ships instead of asking the simulator: a minute, and no Java."""
    verify: bool = False
    """With --from-shipped: play each path again in the simulator, and stop if it goes otherwise."""
    shorten: bool = False
    """Then shorten the paths, and write them with a report to `short_out`."""
    short_out: Path = Path("data/short")
    """Folder for shortened paths."""
    worlds: int = 2
    """How many simulators run side by side."""


def collect(config: CollectConfig) -> int:
    """Collect every missing episode and write the data card; return the number of episodes asked for.

    A second call goes on where the first one stopped: a file appears whole or not at all, and whole files
    are kept. Law: after any number of kills the visible files equal those of an undisturbed run.

    Raises:
        UnknownNameError: If a task, split or subset does not exist.
        DataError: If a file of the folder is not whole or holds other episodes, or a shipped path is missing
            or goes otherwise than it was shipped.
    """
    for name, value in (("worlds", config.worlds), ("max_variations", config.max_variations)):
        if value is not None and value < 1:
            raise SgdGymError(f"{name} is {value}. Allowed: 1 or more.")
    if config.verify and not config.from_shipped:
        raise SgdGymError("--verify checks shipped paths. Fix: add --from-shipped.")
    shards = list(_plan(config))
    if not shards:
        raise DataError("Tasks, splits and subset leave no variation over. Fix: name others.")
    missing = [(shard, lacks) for shard in shards if (lacks := missing_variations(shard, ORACLE))]
    total = sum(len(shard.variations) for shard in shards)
    to_play = sum(len(lacks) for _, lacks in missing)
    work = sum(len(lacks) * _cost(shard.task) for shard, lacks in missing)
    shipped = read_shipped() if config.from_shipped else None
    with track("collect oracle paths", total, total - to_play, pace=True, work=work) as advance:
        if shipped is not None and not config.verify:
            _unpack(shipped, missing, advance)
        else:
            for split in dict.fromkeys(config.splits):
                part = [(shard, lacks) for shard, lacks in missing if shard.split == split]
                # The slowest first: at the end, when shards run out, no world waits long for another.
                part.sort(key=lambda item: -_cost(item[0].task))
                _play_all(split, part, config.worlds, shipped, advance)
    write_card(config.out, write_reasons(config.out))
    if config.shorten and shipped is not None:
        _unpack_short(shipped, shards, config.short_out)
    elif config.shorten:
        shorten_folder(config.out, config.short_out, config.worlds)
    return total


def _plan(config: CollectConfig) -> Iterator[Shard]:
    for split in dict.fromkeys(config.splits):
        for task in get_tasks(config.tasks):
            variations = choose_variations(task, split, config.subset, config.max_variations)
            yield from make_shards(config.out, task, split, variations)


def _cost(task: Task) -> float:
    """Return the work of one episode; to find a path for crossing plants takes the simulator seconds."""
    return task.mean_oracle_length * (3 if task.id.startswith("10-") else 1)


def _unpack(shipped: ShippedPaths, missing: list[tuple[Shard, tuple[int, ...]]], advance: Advance) -> None:
    for shard, lacks in missing:
        write_shard(shard, [shipped.play(shard.task.name, shard.split, number) for number in lacks])
        advance(len(lacks), len(lacks) * _cost(shard.task))


def _unpack_short(shipped: ShippedPaths, shards: list[Shard], out: Path) -> None:
    for shard in shards:
        episodes = [
            shipped.play(shard.task.name, shard.split, number, shortened=True) for number in shard.variations
        ]
        write_episodes(
            out / shard.split / shard.path.name, [one for one in episodes if one.score == MAX_SCORE]
        )
    write_card(out, {}, "sgd-gym collect --from-shipped --shorten")


def _play_all(
    split: str,
    missing: list[tuple[Shard, tuple[int, ...]]],
    worlds: int,
    shipped: ShippedPaths | None,
    advance: Advance,
) -> None:
    """Collect what shards of one split lack; shipped paths are played and compared, else the oracle's."""

    def make_env() -> ScienceWorldEnv:
        return ScienceWorldEnv(split=split, infos=() if shipped else ("oracle_path",))

    def play(env: ScienceWorldEnv, task: str, variation: int) -> Episode:
        if shipped is None:
            return play_oracle(env, task, variation)
        expected = shipped.play(task, split, variation)
        played = play_path(env, task, variation, expected.actions, ORACLE)
        shipped.check(expected, played)
        return played

    def fill(env: ScienceWorldEnv, part: tuple[Shard, tuple[int, ...]]) -> None:
        shard, lacks = part
        episodes = []
        for variation in lacks:
            episodes.append(play(env, shard.task.name, variation))
            advance(1, _cost(shard.task))
        write_shard(shard, episodes)

    play_jobs(make_env, missing, fill, worlds)
