"""The measurements of training measure: small runs of each, on real data and, for scores, the simulator."""

import json
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from sgd_gym.benchmarks.figures import Figure
from sgd_gym.data.annotate import AnnotateConfig, annotate_folder
from sgd_gym.data.collect import CollectConfig, collect
from sgd_gym.errors import SgdGymError
from sgd_gym.models.checkpoint import read_meta
from sgd_gym.training.ablations import TrainAblationsConfig, ablate_training
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.families import FamiliesConfig, compare_families
from sgd_gym.training.job import make_job
from sgd_gym.training.speed import TrainSpeedConfig, measure_pace, measure_training


def values(figures: list[Figure]) -> dict[str, float]:
    return {one.name: float(one.value) for one in figures}


@pytest.mark.slow
def test_paces_are_measured_for_both_families(annotated_data: Path, tmp_path: Path) -> None:
    config = TrainSpeedConfig(annotated_data, ["find-plant"], rounds=1, seconds=2.0, out=tmp_path)
    try:
        found = values(measure_training(config))
    except SgdGymError:  # with three short episodes, there is little padding to save
        told = json.loads((tmp_path / "train.json").read_text(encoding="utf-8"))["figures"]
        found = {one["name"]: one["value"] for one in told}
    for family in ("decoder-only", "encoder-decoder"):
        assert found[f"{family}: tokens/s"] > 0
        minutes = found[f"{family}: tokens of one pass"] / found[f"{family}: tokens/s"] / 60
        assert found[f"{family}: minutes of one pass"] == pytest.approx(minutes)
    # An encoder-decoder reads the state at each decision, a decoder-only model each text once.
    assert found["encoder-decoder: tokens of one pass"] > 2 * found["decoder-only: tokens of one pass"]


@pytest.mark.slow
def test_families_are_compared_after_equal_minutes(annotated_data: Path, tmp_path: Path) -> None:
    config = FamiliesConfig(
        *(annotated_data, ["find-plant"], ["nano"]), minutes=0.2, dev_variations=1, worlds=1, out=tmp_path
    )
    found = values(compare_families(config))
    assert list(found) == ["decoder-only nano", "encoder-decoder nano"]
    assert all(0 <= score <= 100 for score in found.values())
    assert (tmp_path / "families.png").stat().st_size > 1000
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("model.safetensors")}
    assert len(before) == 2
    assert values(compare_families(config)) == found  # nothing is trained or played again
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.slow
def test_what_training_needs_is_compared(tmp_path: Path) -> None:
    tasks = ["find-plant", "find-living-thing"]
    collect(CollectConfig(tmp_path / "raw", tasks, ["train", "dev"], max_variations=3, worlds=2))
    annotate_folder(AnnotateConfig(tmp_path / "raw", tmp_path / "data"))
    data = tmp_path / "data"
    config = TrainAblationsConfig(
        *(data, data, tasks, ["find-plant"], ["nano"], [0.5]),
        **{"minutes": 0.2, "dev_variations": 1, "worlds": 1, "out": tmp_path / "out"},
    )
    found = values(ablate_training(config))
    assert list(found) == [
        *("nano", "planner and executor apart", "50 % of the episodes", "the oracle's own paths"),
        "without find-plant",
        *("nano: on these alone", "without find-plant: on these alone"),
    ]
    folders = ("nano", "50-of-the-episodes", "the-oracle-s-own-paths", "without-find-plant")
    metas = [read_meta(tmp_path / "out" / folder, "executor") for folder in folders]
    assert [meta.tasks for meta in metas] == [sorted(tasks)] * 3 + [["find-living-thing"]]
    assert metas[1].data_hash != metas[0].data_hash == metas[2].data_hash
    table = (tmp_path / "out" / "ablations_train.md").read_text()
    assert len(re.findall(r"beside nano; \d+\.\d (and \d+\.\d )?passes, 2 tasks", table)) == 4
    assert (tmp_path / "out" / "ablations_train.png").stat().st_size > 1000
    assert values(ablate_training(config)) == found


@pytest.mark.parametrize("unseen", [["boil"], ["find-plant"]])
def test_some_tasks_must_be_seen(unseen: list[str], tmp_path: Path) -> None:
    config = TrainAblationsConfig(tmp_path, tasks=["find-plant"], unseen=unseen, out=tmp_path)
    with pytest.raises(SgdGymError, match=f"unseen is {unseen[0]}.*some, not all, of find-plant"):
        ablate_training(config)


def test_the_pace_of_a_training_is_that_of_its_rows(annotated_data: Path, tmp_path: Path) -> None:
    settings = TrainConfig(tmp_path, annotated_data, ["find-plant"], shared=True, batch_tokens=512)
    pace, tokens = measure_pace("planner", settings, seconds=1.0)
    assert pace > 0
    assert 500 < tokens < 5000


def test_every_trainer_of_a_model_computes_in_bfloat16(
    annotated_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainConfig, "uses_bfloat16", True)
    widths = []

    def watched(*args: Any) -> Any:
        job = make_job(*args)
        job.model.lm_head.register_forward_hook(lambda _, __, logits: widths.append(logits.dtype))
        return job

    monkeypatch.setattr("sgd_gym.training.speed.make_job", watched)
    config = TrainSpeedConfig(
        annotated_data, ["find-plant"], families=["decoder-only"], rounds=2, seconds=0.2
    )
    with suppress(SgdGymError):  # nobody expects the bar to be met in so short a time
        measure_training(replace(config, out=tmp_path))
    assert len(widths) >= 4
    assert set(widths) == {torch.bfloat16}
