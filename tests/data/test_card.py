"""The data card says what the folder holds, and lets Hugging Face datasets load it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sgd_gym.data.card import COLUMNS, make_card, write_card
from sgd_gym.data.shards import write_reasons
from sgd_gym.data.subsets import sgd_subset
from sgd_gym.envs.tasks import TASKS
from sgd_gym.trajectories import Episode, Head, Step, make_table, read_episodes, write_episodes

LOAD = """
import json, sys
from datasets import load_dataset
data = load_dataset(sys.argv[1])
print(json.dumps({split: rows.to_list() for split, rows in data.items()}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with all splits, a shard that holds nothing and a failed episode."""
    out = tmp_path / "raw"
    for split, variations in (("train", [0, 1]), ("dev", [14]), ("test", [21])):
        write_episodes(out / split / "boil-0000.parquet", [episode(number, split) for number in variations])
    write_episodes(out / "train" / "boil-0010.parquet", [])
    write_episodes(out / "failed" / "train" / "boil-0010.parquet", [episode(11, "train", 67)])
    write_card(out, write_reasons(out))
    return out


def episode(variation: int, split: str, score: int = 100) -> Episode:
    steps = tuple(
        Step(
            "a “room”\n\tof two lines",
            "nothing",
            f"open door {number}",
            "Open.",
            score / 2,
            score,
            bool(number),
        )
        for number in range(2)
    )
    return Episode("boil", variation, split, "Boil.", "oracle", steps)


def test_every_column_has_its_meaning() -> None:
    assert list(COLUMNS) == make_table([]).column_names


def test_the_card_counts_and_names_failures(folder: Path) -> None:
    card = (folder / "README.md").read_text("utf-8")
    assert "4 episodes of" in card
    assert "in 8 rows" in card
    assert "| boil | 3 of 14 | 1 of 7 | 1 of 9 |" in card
    assert "| boil/11 | ends at score 67 |" in card
    assert "sgd-gym collect --tasks boil --splits train,dev,test  # a part of what it collects\n" in card
    assert "scienceworld 1.2.3" in card
    assert "-XX:hashCode=2" in card
    assert "license: apache-2.0" in card


def test_an_equal_card_is_left_as_it_is(folder: Path) -> None:
    before = (folder / "README.md").stat().st_mtime_ns
    write_card(folder, write_reasons(folder))
    assert (folder / "README.md").stat().st_mtime_ns == before


def test_the_command_names_the_subset() -> None:
    def heads(subset: bool) -> list[Head]:
        return [
            Head(task.name, number, task.split_of(number), "oracle", None, 1, 100)
            for task in TASKS
            for number in (sgd_subset(task) if subset else range(sum(task.variations_per_split)))
        ]

    whole, subset = (make_card(heads(flag), {}) for flag in (False, True))
    assert "sgd-gym collect --tasks all --splits train,dev,test\n" in whole
    assert "| all | 3,592 of 3,592 | 1,796 of 1,796 | 1,819 of 1,819 |" in whole
    assert "sgd-gym collect --tasks all --splits train,dev,test --subset sgd\n" in subset
    assert "4,341 episodes" in subset


def test_hugging_face_datasets_loads_the_folder(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(folder)],
        env={**os.environ, "HF_HOME": str(cache), "HF_DATASETS_CACHE": str(cache), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert list(loaded) == ["train", "dev", "test"]
    for split, rows in loaded.items():
        assert rows == pq.read_table(folder / split / "boil-0000.parquet").to_pylist()
        assert len(rows) == 2 * len(read_episodes(folder / split))
