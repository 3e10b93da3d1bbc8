"""Games that an agent played, as episodes to train on: what a teacher does, a student may imitate.

Sequence-level distillation (Kim & Rush, 2016, arXiv 1606.07947) learns from what the teacher writes instead
of what was recorded. Here that is a whole game: its sub-goals and its commands.
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from sgd_gym.benchmarks.journal import Row, key_of
from sgd_gym.benchmarks.results import read_results
from sgd_gym.benchmarks.transcripts import FILE, read_moves
from sgd_gym.envs.tasks import get_task
from sgd_gym.errors import DataError, UnknownNameError
from sgd_gym.progress import track
from sgd_gym.trajectories import Episode, Step, write_episodes


@dataclass
class PlayedConfig:
    """Make episodes to train on of the games that an agent played."""

    results: tyro.conf.Positional[Path]
    """File results.json with transcripts.parquet beside it."""
    agent: str = "sgd"
    """Whose games, as the results name it."""
    min_score: int = 100
    """Games that ended below are left out."""
    out: Path = Path("data/played")
    """Folder to write: a file for each split and task."""


def keep_played(config: PlayedConfig) -> dict[Path, int]:
    """Write the episodes and return the number of episodes in each file.

    Raises:
        DataError: If the results or the transcripts are missing, or no game is good enough.
        UnknownNameError: If the results do not hold the agent.
    """
    results = read_results(config.results)
    if config.agent not in results.agents:
        raise UnknownNameError(f"agent in {config.results}", config.agent, results.agents)
    rows = [
        row
        for row in results.rows_of(config.agent)
        if row["score_last"] >= config.min_score and row["moves"] > row.get("student_moves", 0)
    ]
    if not rows:
        raise DataError(
            f"No game of {config.agent} in {config.results} ended at {config.min_score} or more. "
            f"Fix: --min-score with fewer points."
        )
    files: dict[Path, list[Episode]] = {}
    with track("read games", len(rows)) as advance:
        for row in rows:
            episode = _episode(row, config.results.with_name(FILE))
            files.setdefault(config.out / episode.split / f"{episode.task}.parquet", []).append(episode)
            advance(1)
    for path, episodes in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_episodes(path, episodes)
    return {path: len(episodes) for path, episodes in files.items()}


def _episode(row: Row, transcripts: Path) -> Episode:
    """Return one game.

    Raises:
        DataError: If no transcript of it was kept.
    """
    key, seed = key_of(row), row["training_seed"]
    told = read_moves(transcripts, row["agent"], key, seed)
    if not told:
        raise DataError(f"{transcripts} does not hold {key} of {row['agent']}. Fix: play it again.")
    start, *moves = told
    ended = row["ended_by"] in ("solved", "failed")
    own = row.get("student_moves", 0)
    steps = [
        Step(
            look=before.look,
            inventory=before.inventory,
            action=move.action or "",
            observation=move.observation,
            reward=move.reward,
            score=move.score,
            done=ended and move is moves[-1],
            subgoal=move.subgoal,
            option_index=move.option_index,
            taught=number >= own,
        )
        for number, (before, move) in enumerate(zip(told, moves, strict=False))
    ]
    source = row["agent"] if seed is None else f"{row['agent']}, training seed {seed}"
    source += f", seed {key.seed}" if key.seed else ""
    return Episode(
        row["task"],
        row["variation"],
        get_task(row["task"]).split_of(row["variation"]),
        start.observation,
        source,
        annotator=source if steps[0].subgoal else None,
        steps=tuple(steps),
    )
