"""Which rows go through the model together, and in which order; knows neither model nor trainer.

Rows of like length stand together, as many as fill a number of tokens, so that little is padding and each
step does the same work. The whole plan is drawn at the start: a run that was killed goes on at any step.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

POOL = 16
"""Batches that are cut from one pool of rows sorted by length: rows of other lengths stay in other pools, so
that which rows meet changes from pass to pass."""


class TokenBatches:
    """Batches of row numbers for several passes over the data, as a batch sampler of a `DataLoader`.

    Law: each row stands once in each whole pass, and the shares of all processes together are the batch.
    """

    def __init__(
        self,
        lengths: Sequence[int],
        passes: float,
        batch_tokens: int,
        seed: int,
        process: int = 0,
        processes: int = 1,
        difficulty: np.ndarray | None = None,
    ):
        """Draw the plan.

        Args:
            lengths: Tokens of each row.
            passes: How often each row is used; of a broken number, the last pass ends early.
            batch_tokens: Tokens of a batch of all processes together, padding among them; a longer row stands
                alone.
            seed: Of the order.
            process: Number of this process.
            processes: How many share each batch.
            difficulty: Of each row; the first pass then goes from easy to hard.
        """
        generator = np.random.default_rng(seed)
        self._batches: list[np.ndarray] = []
        left = passes
        while left > 0:
            easy_first = difficulty is not None and not self._batches
            rows = generator.permutation(len(lengths))
            if difficulty is not None and easy_first:
                rows = np.argsort(difficulty, kind="stable")
            batches = list(_cut_pass(np.asarray(lengths), rows, batch_tokens))
            order = np.arange(len(batches)) if easy_first else generator.permutation(len(batches))
            self._batches += [batches[number] for number in order[: math.ceil(min(left, 1.0) * len(batches))]]
            left -= 1
        self._process, self._processes = process, processes

    def __len__(self) -> int:
        """Return the number of batches of all passes."""
        return len(self._batches)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield this process's share of each batch; it is empty where there are fewer rows than processes."""
        for batch in self._batches:
            yield batch[self._process :: self._processes].tolist()


def widen(length: int, multiple: int = 32) -> int:
    """Return how wide a batch is whose longest row has this length: few widths, so that shapes come again.

    For each shape of a matrix, the library that computes in bfloat16 on a processor makes a program and keeps
    it. With a new shape at each step that was half of the time, and gigabytes.
    """
    return -(-length // multiple) * multiple


def _cut_pass(lengths: np.ndarray, order: np.ndarray, batch_tokens: int) -> Iterator[np.ndarray]:
    # A pool holds the rows of about so many batches.
    in_pool = max(1, round(POOL * batch_tokens / max(1.0, float(lengths.mean()))))
    for start in range(0, len(order), in_pool):
        pool = order[start : start + in_pool]
        pool = pool[np.argsort(-lengths[pool], kind="stable")]  # the longest first: it sets the width
        at = 0
        while at < len(pool):
            rows = max(1, batch_tokens // widen(int(lengths[pool[at]])))
            yield pool[at : at + rows]
            at += rows
