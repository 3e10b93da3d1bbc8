"""Episodes to token rows for training; knows no trainer."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any, TypedDict

from sgd_gym.errors import DataError
from sgd_gym.prompts import Role, transcript
from sgd_gym.trajectories import Episode


class Row(TypedDict):
    """One transcript: tokens, and for each the weight of its loss (1 for targets)."""

    input_ids: list[int]
    weights: list[float]
    length: int


def encode(episode: Episode, role: Role, tokenizer: Any, context_weight: float) -> Row:
    """Turn an episode into tokens, segment by segment, as an agent reads and writes it.

    Args:
        episode: An annotated episode.
        role: Whose targets carry weight 1.
        tokenizer: A Hugging Face tokenizer.
        context_weight: Weight of the loss on the text around the targets.
    """
    segments = list(transcript(episode, role))
    tokens = tokenizer([segment.text for segment in segments], add_special_tokens=False)["input_ids"]
    input_ids: list[int] = []
    weights: list[float] = []
    for segment, ids in zip(segments, tokens, strict=True):
        input_ids += ids
        weights += [1.0 if segment.target else context_weight] * len(ids)
    return {"input_ids": input_ids, "weights": weights, "length": len(input_ids)}


def balance(episodes: list[Episode]) -> list[Episode]:
    """Repeat the episodes of rare tasks, so that no task has less than half as many as the largest."""
    counts = Counter(episode.task for episode in episodes)
    largest = max(counts.values())
    return [episode for episode in episodes for _ in range(max(1, round(largest / 2 / counts[episode.task])))]


def select(episodes: Iterable[Episode], split: str, tasks: list[str] | None) -> list[Episode]:
    """Keep the episodes of a split, and of some tasks if they are named.

    Raises:
        DataError: If the split, or one of the tasks, has no episode.
    """
    chosen = [one for one in episodes if one.split == split and (tasks is None or one.task in tasks)]
    have = {one.task for one in chosen}
    missing = set(tasks or ()) - have
    if missing or not chosen:
        what = f"task(s) {', '.join(sorted(missing))}" if missing else "any task"
        raise DataError(
            f"The data holds no {split} episode of {what}. "
            f"Fix: run 'sgd-gym collect --splits {split}' and 'sgd-gym annotate' for them."
        )
    return chosen


def data_hash(episodes: Iterable[Episode]) -> str:
    """Return a hash that changes with any text, sub-goal or order of the episodes."""
    digest = hashlib.sha256()
    for episode in episodes:
        digest.update(repr((episode, episode.steps)).encode())
    return digest.hexdigest()[:16]
