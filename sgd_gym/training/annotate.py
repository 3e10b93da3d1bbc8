"""Write sub-goals into collected episodes by rules; knows no model."""

from dataclasses import dataclass, replace
from pathlib import Path

from sgd_gym.errors import DataError
from sgd_gym.progress import track
from sgd_gym.subgoals import annotate, option_indices
from sgd_gym.trajectories import Episode, read_episodes, write_episodes


@dataclass
class AnnotateConfig:
    """Divide collected episodes into sub-goals by rules."""

    data: Path = Path("data/raw")
    """Folder that 'sgd-gym collect' wrote."""
    out: Path = Path("data/annotated")
    """Folder to write: the same files, with sub-goals."""


def annotate_folder(config: AnnotateConfig) -> tuple[int, int]:
    """Annotate every file of a folder; return the numbers of commands and of sub-goals.

    Raises:
        DataError: If the folder holds no data, or a file is not whole.
    """
    files = sorted(config.data.glob("**/*.parquet"))
    if not files:
        raise DataError(f"{config.data} holds no .parquet file. Fix: make some with 'sgd-gym collect'.")
    commands = subgoals = 0
    with track("annotate", len(files)) as advance:
        for file in files:
            episodes = [annotate_episode(episode) for episode in read_episodes(file)]
            write_episodes(config.out / file.relative_to(config.data), episodes)
            commands += sum(len(episode.steps) for episode in episodes)
            subgoals += sum((episode.steps[-1].option_index or 0) + 1 for episode in episodes)
            advance(1)
    return commands, subgoals


def annotate_episode(episode: Episode) -> Episode:
    """Return the episode with the sub-goal of every command, by rules."""
    subgoals = annotate(episode.actions)
    steps = tuple(
        replace(step, subgoal=str(subgoal), option_index=index)
        for step, subgoal, index in zip(episode.steps, subgoals, option_indices(subgoals), strict=True)
    )
    return replace(episode, steps=steps, annotator="rules")
