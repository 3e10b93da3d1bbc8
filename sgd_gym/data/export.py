"""Write collected episodes in the formats of others: JSON lines, and Minari for offline learners."""

import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym

from sgd_gym.envs.simulator import SCIENCEWORLD_VERSION
from sgd_gym.envs.tasks import SPLITS
from sgd_gym.errors import DataError, SgdGymError, UnknownNameError
from sgd_gym.files import write_folder, write_whole
from sgd_gym.progress import Advance, track
from sgd_gym.trajectories import Episode, check_unique, episode_files, make_rows, read_episodes, read_heads

FORMATS = ("jsonl", "minari")
ENV_ID = "sgd_gym/ScienceWorld-v0"


@dataclass
class ExportConfig:
    """Write collected episodes as JSON lines or as Minari datasets, one for each source and split."""

    data: Path = Path("data/raw")
    """Folder of episodes, annotated or not."""
    to: str = "jsonl"
    """Format: jsonl (one row a step, with the columns of the parquet files) or minari (Arrow)."""
    out: Path = Path("data/export")
    """Folder to write; a Minari dataset in it is found with MINARI_DATASETS_PATH set to the folder."""
    splits: list[str] = field(default_factory=lambda: list(SPLITS))
    """Splits to export, as far as the data holds them."""


def export(config: ExportConfig) -> dict[Path, int]:
    """Export episodes; return how many each file or dataset holds.

    An old export of the same name is replaced, by a whole one or not at all.

    Raises:
        UnknownNameError: If the format or a split does not exist.
        DataError: If there are no such episodes, or a file is not whole.
        SgdGymError: If minari is asked for and not installed.
    """
    if config.to not in FORMATS:
        raise UnknownNameError("format", config.to, FORMATS)
    for split in config.splits:
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
    if config.to == "minari":
        _import_minari()
    heads = {file: read_heads(file) for file in episode_files(config.data)}
    check_unique(heads)
    groups: dict[tuple[str, str], list[Path]] = {}
    for split in config.splits:
        for file, found in heads.items():
            for source in sorted({head.source for head in found if head.split == split}):
                groups.setdefault((source, split), []).append(file)
    if not groups:
        raise DataError(
            f"{config.data} holds no episode of {', '.join(config.splits)}. "
            f"Fix: make some with 'sgd-gym collect --splits {' '.join(config.splits)}'."
        )
    counts = {
        (source, split): sum(
            (head.source, head.split) == (source, split) for file in files for head in heads[file]
        )
        for (source, split), files in groups.items()
    }
    done = {}
    with track("export", sum(counts.values()), pace=True) as advance:
        for (source, split), files in groups.items():
            episodes = _read(files, source, split, advance)
            if config.to == "jsonl":
                path = config.out / f"{source}-{split}.jsonl"
                write_whole(path, partial(_write_jsonl, episodes))
            else:
                path = config.out / dataset_id(source, split)
                write_folder(path, partial(_write_minari, episodes, source, split))
            done[path] = counts[source, split]
    return done


def dataset_id(source: str, split: str) -> str:
    """Return the id of a Minari dataset: `scienceworld-oracle-train-v0`."""
    return f"scienceworld-{source}-{split}-v0"


def make_buffer(episode: Episode, number: int) -> Any:
    """Return an episode as Minari stores it.

    An observation is what the environment gave before a command: the reply to the one before (the room at
    the start), the room, the inventory and the task; one more stands at the end, whose room and inventory are
    empty because episodes do not hold them. Infos: score, sub-goal ("" where there is none) and option index
    (-1). An episode that the simulator did not end counts as truncated.
    """
    minari = _import_minari()
    steps = episode.steps
    last = len(steps) - 1
    return minari.data_collector.EpisodeBuffer(
        id=number,
        options={"task": episode.task, "variation": episode.variation},
        observations={
            "observation": [steps[0].look, *(step.observation for step in steps)],
            "look": [*(step.look for step in steps), ""],
            "inventory": [*(step.inventory for step in steps), ""],
            "task": [episode.task_description] * (len(steps) + 1),
        },
        actions=[step.action for step in steps],
        rewards=[step.reward for step in steps],
        terminations=[step.done for step in steps],
        truncations=[place == last and not step.done for place, step in enumerate(steps)],
        infos={
            "score": [0, *(step.score for step in steps)],
            "subgoal": [*(step.subgoal or "" for step in steps), ""],
            "option_index": [*(-1 if s.option_index is None else s.option_index for s in steps), -1],
            "taught": [*(step.taught for step in steps), False],
        },
    )


def _read(files: list[Path], source: str, split: str, advance: Advance) -> Iterator[Episode]:
    for file in files:
        for episode in read_episodes(file):
            if (episode.source, episode.split) == (source, split):
                yield episode
                advance(1)


def _write_jsonl(episodes: Iterator[Episode], part: Path) -> None:
    with part.open("w", encoding="utf-8") as file:
        for episode in episodes:
            for row in make_rows(episode):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_minari(episodes: Iterator[Episode], source: str, split: str, part: Path) -> None:
    """Fill a folder with the dataset that has the folder's name."""
    minari = _import_minari()
    name = dataset_id(source, split)
    # No limit of moves: some paths are longer than the 100 of the registered environment.
    env = gym.make(ENV_ID, split=split, max_episode_steps=-1)
    try:
        with _minari_folder(part), warnings.catch_warnings():
            # It recommends to name an e-mail address and a link, which there are not.
            warnings.simplefilter("ignore", UserWarning)
            dataset = minari.create_dataset_from_buffers(
                dataset_id=name,
                buffer=[],
                env=env,
                eval_env=ENV_ID,
                algorithm_name=source,
                author="The sgd_gym developers",
                description=f"ScienceWorld, {split} variations, played by: {source}.",
                requirements=[f"scienceworld=={SCIENCEWORLD_VERSION}"],
                data_format="arrow",
            )
            storage = dataset.storage
            # It measures the whole folder after each episode, which is most of the time for thousands.
            storage.get_size = lambda: 0.0
            storage.update_episodes(make_buffer(one, number) for number, one in enumerate(episodes))
            del storage.get_size
            storage.update_metadata({"dataset_size": storage.get_size()})
    finally:
        env.close()
    (part / name / "data").rename(part / "data")
    (part / name).rmdir()


@contextmanager
def _minari_folder(folder: Path) -> Iterator[None]:
    """Let Minari write into a folder, which it takes from the environment only."""
    key = "MINARI_DATASETS_PATH"
    before = os.environ.get(key)
    os.environ[key] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[key]
        else:
            os.environ[key] = before


def _import_minari() -> Any:
    try:
        import minari
        import minari.dataset._storages.arrow_storage
    except ImportError as error:
        raise SgdGymError(
            f"Minari is not here or not whole ({error}). Fix: pip install 'sgd-gym[minari]'."
        ) from error
    return minari
