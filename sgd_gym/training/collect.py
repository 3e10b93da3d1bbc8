"""Collect oracle trajectories from the simulator; knows neither sub-goals nor models."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import Task, get_tasks
from sgd_gym.errors import DataError, SgdGymError
from sgd_gym.progress import Advance, track
from sgd_gym.training.card import write_card
from sgd_gym.training.shards import Shard, make_shards, missing_variations, write_reasons, write_shard
from sgd_gym.training.shipped import ShippedPaths, read_shipped
from sgd_gym.training.subsets import choose_variations
from sgd_gym.trajectories import Episode, Step

SOURCE = "oracle"

Play = Callable[[ScienceWorldEnv, str, int], Episode]
"""Plays the path of a task's variation and records it."""


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
    """A named choice of variations: "sgd" for the 4,341 of the paper; all if not given."""
    from_shipped: bool = False
    """Take the paths that the package ships instead of asking the simulator: seconds, and no Java."""
    verify: bool = False
    """With --from-shipped: play each path again in the simulator, and stop if it goes otherwise."""
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
    missing = [(shard, lacks) for shard in shards if (lacks := missing_variations(shard, SOURCE))]
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
    return total


def play_oracle(env: ScienceWorldEnv, task: str, variation: int) -> Episode:
    """Play the oracle path of one variation and record it.

    Args:
        env: An environment made with `infos=("oracle_path",)` and the variation's split.
        task: Name of the task.
        variation: Which world of the task.

    Raises:
        DataError: If the simulator knows no path.
    """
    return play_path(env, task, variation, None, SOURCE)


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
    observation, info = env.reset(options={"task": task, "variation": variation})
    if commands is None:
        commands = info["oracle_path"]
    if not commands:
        raise DataError(f"There is no path of {task}/{variation}. Fix: leave this variation out.")
    steps: list[Step] = []
    for action in commands:
        following, reward, terminated, _, after = env.step(action)
        steps.append(
            Step(
                look=observation["look"],
                inventory=observation["inventory"],
                action=action,
                observation=following["observation"],
                reward=reward,
                score=after["score"],
                done=terminated,
            )
        )
        observation = following
        if terminated:
            break
    return Episode(task, variation, info["split"], observation["task"], source, steps=tuple(steps))


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


def _play_all(
    split: str,
    missing: list[tuple[Shard, tuple[int, ...]]],
    worlds: int,
    shipped: ShippedPaths | None,
    advance: Advance,
) -> None:
    """Collect what shards of one split lack with a pool of simulators, each used by one thread at a time.

    With shipped paths these are played and compared, without them the oracle's.
    """
    if not missing:
        return

    def play_shipped(env: ScienceWorldEnv, task: str, variation: int) -> Episode:
        assert shipped is not None
        expected = shipped.play(task, split, variation)
        played = play_path(env, task, variation, expected.actions, SOURCE)
        shipped.check(expected, played)
        return played

    play: Play = play_oracle if shipped is None else play_shipped
    infos = ("oracle_path",) if shipped is None else ()
    envs = [ScienceWorldEnv(split=split, infos=infos) for _ in range(min(worlds, len(missing)))]
    idle: SimpleQueue[ScienceWorldEnv] = SimpleQueue()
    for env in envs:
        idle.put(env)

    def fill(shard: Shard, lacks: tuple[int, ...]) -> None:
        env = idle.get()
        try:
            episodes = []
            for variation in lacks:
                episodes.append(play(env, shard.task.name, variation))
                advance(1, _cost(shard.task))
        finally:
            idle.put(env)
        write_shard(shard, episodes)

    pool = ThreadPoolExecutor(worlds)
    try:
        for future in as_completed([pool.submit(fill, *item) for item in missing]):
            future.result()
    finally:
        # First the worlds: after an error or Ctrl-C nobody waits for the shards that are half played.
        for env in envs:
            env.close()
        pool.shutdown(cancel_futures=True)
