"""Shorten a folder of collected paths, and report what became of them."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sgd_gym.data.card import write_card
from sgd_gym.data.pool import play_jobs
from sgd_gym.data.replay import Shortened, shorten
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import TASKS
from sgd_gym.errors import DataError
from sgd_gym.files import write_json, write_text
from sgd_gym.progress import track
from sgd_gym.trajectories import Episode, read_episodes, read_heads, write_episodes

MOVES = 100
"""Moves after which the report looks at the score: the limit of the benchmarks."""


@dataclass(frozen=True)
class Note:
    """What became of one path."""

    task: str
    variation: int
    split: str
    raw_moves: int
    moves: int
    raw_score: int
    """Score after at most 100 moves of the raw path; a negative one counts 0."""
    score: int
    """The same of the shortened path."""
    proposal: str
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, raw: Episode, shortened: Shortened) -> "Note":
        """Compare a path with what became of it."""
        episode = shortened.episode
        return cls(
            raw.task,
            raw.variation,
            raw.split,
            len(raw.steps),
            len(episode.steps),
            score_at(raw),
            score_at(episode),
            shortened.proposal,
            shortened.reasons,
        )


def score_at(episode: Episode, moves: int = MOVES) -> int:
    """Return the score after at most so many moves; a negative one counts 0."""
    return max(0, episode.steps[:moves][-1].score)


def shorten_folder(raw: Path, out: Path, worlds: int = 2) -> list[Note]:
    """Shorten every path of a folder, and write shards of the same names with a report beside them.

    A second call goes on where the first one stopped.

    Args:
        raw: What `sgd-gym collect` wrote.
        out: Folder to write; shards that are there are kept.
        worlds: How many simulators run side by side.

    Returns:
        One note for each path, in the order of the shards.

    Raises:
        DataError: If the folder holds no data, or a file is not whole.
    """
    shards = sorted(
        path.relative_to(raw) for split in ("train", "dev", "test") for path in raw.glob(f"{split}/*.parquet")
    )
    if not shards:
        raise DataError(f"{raw} holds no train, dev or test shards. Fix: make some with 'sgd-gym collect'.")
    missing = [shard for shard in shards if not _is_there(raw / shard, out / shard)]
    with track("shorten", len(shards), len(shards) - len(missing)) as advance:
        for split in ("train", "dev", "test"):

            def make_env(split: str = split) -> ScienceWorldEnv:
                return ScienceWorldEnv(split=split, infos=("goal_progress",))

            def play(env: ScienceWorldEnv, shard: Path) -> None:
                episodes = read_episodes(raw / shard)
                results = [shorten(env, episode) for episode in episodes]
                notes = [asdict(Note.of(*pair)) for pair in zip(episodes, results, strict=True)]
                # The notes first: a shard that is there has its notes.
                write_json(_notes_file(out, shard), notes)
                write_episodes(out / shard, [result.episode for result in results])
                advance(1)

            play_jobs(make_env, [shard for shard in missing if shard.parts[0] == split], play, worlds)
    notes = [Note(**note) for shard in shards for note in json.loads(_notes_file(out, shard).read_text())]
    write_report(out, notes)
    write_card(out, {}, "sgd-gym collect --tasks all --splits train,dev,test --shorten")
    return notes


def _is_there(raw: Path, short: Path) -> bool:
    """Whether a shard of shortened paths holds the variations of the raw one, which may have grown."""

    def variations(path: Path) -> list[int]:
        return [head.variation for head in read_heads(path)]

    return short.exists() and variations(short) == variations(raw)


def _notes_file(out: Path, shard: Path) -> Path:
    return out / "notes" / shard.with_suffix(".json")


def summarize(notes: Sequence[Note]) -> list[dict[str, Any]]:
    """Return one row a task: number of paths, moves and score at 100 moves before and after, proposals."""
    rows = []
    for task in TASKS:
        own = [note for note in notes if note.task == task.name]
        if own:
            figures = ("raw_moves", "moves", "raw_score", "score")
            means = {name: sum(getattr(note, name) for note in own) / len(own) for name in figures}
            kinds = Counter(note.proposal for note in own)
            rows.append(
                {"task": task.name, "task_id": task.id, "paths": len(own), **means, "proposals": dict(kinds)}
            )
    return rows


def write_report(out: Path, notes: Sequence[Note]) -> None:
    """Write shortening.json and shortening.md: a row a task, and each path that kept its raw form."""
    rows = summarize(notes)
    kept = [note for note in notes if note.proposal == "raw"]
    write_json(out / "shortening.json", {"rows": rows, "kept": [asdict(note) for note in kept]})
    lines = [
        "| task | paths | moves | shortened | score at 100 moves | shortened | kept raw |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in [*rows, _all(rows)]:
        figures = " | ".join(f"{row[name]:.1f}" for name in ("raw_moves", "moves", "raw_score", "score"))
        lines.append(f"| {row['task']} | {row['paths']} | {figures} | {row['proposals'].get('raw', 0)} |")
    lines += ["", "Paths that kept their raw form, and why each shortening did not hold:", ""]
    lines += [f"* {note.task}/{note.variation}: {'; '.join(note.reasons)}" for note in kept]
    write_text(out / "shortening.md", "\n".join(lines) + "\n")


def _all(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the row over all tasks; figures are means over tasks, numbers are sums."""
    means = {
        name: sum(row[name] for row in rows) / len(rows)
        for name in ("raw_moves", "moves", "raw_score", "score")
    }
    raw = sum(row["proposals"].get("raw", 0) for row in rows)
    return {
        "task": "mean of tasks",
        "paths": sum(row["paths"] for row in rows),
        **means,
        "proposals": {"raw": raw},
    }
