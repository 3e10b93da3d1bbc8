"""Results files come back, and are joined without gaps and doubles."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.benchmarks.bench import MergeConfig, merge
from sgd_gym.benchmarks.results import read_results
from sgd_gym.benchmarks.transcripts import SCHEMA, read_moves
from sgd_gym.errors import DataError

Make = Callable[..., Any]


def test_results_come_back(made_up: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/sgd-gym", "bench", "run"])
    written = made_up.results(tmp_path, agents={"sgd": 40, "flat": 20})
    assert read_results(tmp_path / "results.json") == written
    payload = json.loads((tmp_path / "results.json").read_text())
    assert {"schema_version", "versions", "git", "command", "settings", "rows", "summaries"} <= set(payload)
    assert payload["command"] == "sgd-gym bench run"
    assert payload["settings"]["seed"] == "0"
    assert {"python", "sgd-gym", "scienceworld", "torch"} <= set(payload["versions"])
    assert payload["summaries"][0]["score"]["mean"] == pytest.approx(44.5)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": 99}', '"text"'])
def test_what_is_no_results_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"results\.json.*Fix: make one with 'sgd-gym bench run'"):
        read_results(path)


def test_a_cut_off_or_missing_file_is_refused(made_up: SimpleNamespace, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with pytest.raises(DataError, match="Fix: make one with 'sgd-gym bench run'"):
        read_results(path)
    made_up.results(tmp_path)
    path.write_text(path.read_text()[:-100])
    with pytest.raises(DataError, match="or cut off"):
        read_results(path)


# --- joining


def shards(make: Make, folder: Path, count: int = 3, **settings: Any) -> list[Path]:
    for number in range(count):
        make(folder / str(number), keep=slice(number, None, count), **settings)
    return [folder / str(number) / "results.json" for number in range(count)]


def test_shards_make_the_whole(made_up: SimpleNamespace, tmp_path: Path) -> None:
    paths = shards(made_up.results, tmp_path, agents={"sgd": 40, "flat": 20})
    joint = merge(MergeConfig([paths[2], paths[0], paths[1]], tmp_path / "out"))
    episodes = joint.protocol.episodes()
    for agent in ("sgd", "flat"):
        places = [EpisodeKey(row["task"], row["variation"], row["seed"]) for row in joint.rows_of(agent)]
        assert places == episodes
    assert read_results(tmp_path / "out/results.json").rows == joint.rows
    table = pq.read_table(tmp_path / "out/transcripts.parquet")
    assert table.schema.names == SCHEMA.names
    assert table.num_rows == 2 * 2 * len(episodes)
    assert read_moves(tmp_path / "out/transcripts.parquet", "flat", episodes[5]) == made_up.moves
    files = {"results.csv", "table.md", "history.jsonl", "tensorboard"}
    assert files <= {path.name for path in (tmp_path / "out").iterdir()}


def test_training_seeds_and_agents_are_joined_too(made_up: SimpleNamespace, tmp_path: Path) -> None:
    made_up.results(tmp_path / "0", training_seeds=(0,), agents={"sgd": 20})
    made_up.results(tmp_path / "1", training_seeds=(1,), agents={"sgd": 60})
    made_up.results(tmp_path / "2", agents={"random": 0})
    joint = merge(MergeConfig([tmp_path / name / "results.json" for name in "012"], tmp_path / "out"))
    found = {one.agent: one for one in joint.summaries() if one.task == "all"}
    assert {name: one.training_seeds for name, one in found.items()} == {"sgd": 2, "random": 1}
    assert found["sgd"].score.mean == pytest.approx(40 + found["random"].score.mean)
    key = joint.protocol.episodes(joint.tasks)[0]
    for agent, seed, count in (("sgd", 1, 2), ("sgd", None, 0), ("random", None, 2), ("random", 1, 0)):
        assert len(read_moves(tmp_path / "out/transcripts.parquet", agent, key, seed)) == count


def test_gaps_and_doubles_are_refused(made_up: SimpleNamespace, tmp_path: Path) -> None:
    paths = shards(made_up.results, tmp_path)
    with pytest.raises(DataError, match=r"\d+ of 34 episodes of sgd are in no file.* Fix: name all shards"):
        merge(MergeConfig(paths[:2], tmp_path / "out"))
    paths[1].write_bytes(paths[0].read_bytes())
    with pytest.raises(DataError, match=r"1/results\.json and .*0/results\.json both hold.* Fix: "):
        merge(MergeConfig(paths, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_shards_of_other_weights_are_refused(made_up: SimpleNamespace, tmp_path: Path) -> None:
    first = shards(made_up.results, tmp_path / "a", 2)
    other = shards(made_up.results, tmp_path / "b", 2, fingerprint="g")
    with pytest.raises(DataError, match=r"sgd of training seed None with other weights.* Fix: "):
        merge(MergeConfig([first[0], other[1]], tmp_path / "out"))


def test_shards_of_other_settings_or_without_transcripts_are_refused(
    made_up: SimpleNamespace, tmp_path: Path
) -> None:
    first = shards(made_up.results, tmp_path / "a", 2)
    other = shards(made_up.results, tmp_path / "b", 2, max_option_moves=9)
    with pytest.raises(DataError, match="setting max_option_moves"):
        merge(MergeConfig([first[0], other[1]], tmp_path / "out"))
    assert merge(MergeConfig([first[0], other[1]], tmp_path / "out", differ=["max_option_moves"]))
    mine = shards(made_up.results, tmp_path / "c", 2, sage_checkpoint="c/sage", llm_tries=3)
    assert merge(MergeConfig([first[0], mine[1]], tmp_path / "out")), "by whom was played may differ"
    first[1].with_name("transcripts.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"transcripts\.parquet is no transcript, or cut off.* Fix: "):
        merge(MergeConfig(first, tmp_path / "out"))


def test_an_old_protocol_is_kept_as_it_was(made_up: SimpleNamespace, tmp_path: Path) -> None:
    results = made_up.results(tmp_path)
    results.protocol = replace(results.protocol, max_moves=7)
    results.write()
    assert read_results(tmp_path / "results.json").protocol.max_moves == 7
