"""Batches hold every row once a pass, fill their tokens, and are shared out whole."""

import numpy as np
import pytest

from sgd_gym.training.batches import TokenBatches

LENGTHS = np.random.default_rng(0).integers(20, 900, size=500).tolist()


def plan(**changes: int) -> list[list[int]]:
    settings = {"passes": 2, "batch_tokens": 4096, "seed": 0} | changes
    return list(TokenBatches(LENGTHS, **settings))  # type: ignore[arg-type]


def test_each_row_stands_once_in_each_pass() -> None:
    rows = [row for batch in plan() for row in batch]
    assert sorted(rows) == sorted([*range(len(LENGTHS))] * 2)
    assert sorted(rows[: len(LENGTHS)]) == [*range(len(LENGTHS))]
    assert len(plan()) == len(TokenBatches(LENGTHS, 2, 4096, 0))


def test_batches_are_full_and_little_of_them_is_padding() -> None:
    widths = [max(LENGTHS[row] for row in batch) for batch in plan()]
    padded = [len(batch) * width for batch, width in zip(plan(), widths, strict=True)]
    assert max(padded) <= 4096
    assert sum(LENGTHS) * 2 / sum(padded) > 0.9


def test_a_row_longer_than_a_batch_stands_alone() -> None:
    batches = list(TokenBatches([10_000, 10, 10], 1, 4096, 0))
    assert [0] in batches
    assert sorted(row for batch in batches for row in batch) == [0, 1, 2]


def test_which_rows_meet_changes_from_pass_to_pass() -> None:
    batches = [frozenset(batch) for batch in plan()]
    half = len(batches) // 2
    assert len(set(batches[:half]) & set(batches[half:])) < half / 10


def test_the_plan_repeats_with_the_seed_alone() -> None:
    assert plan() == plan()
    assert plan(seed=1) != plan()


@pytest.mark.parametrize("processes", [2, 3])
def test_the_shares_of_all_processes_are_the_batch(processes: int) -> None:
    shares = [plan(process=number, processes=processes) for number in range(processes)]
    assert {len(one) for one in shares} == {len(plan())}
    for whole, *parts in zip(plan(), *shares, strict=True):
        assert sorted(row for part in parts for row in part) == sorted(whole)
