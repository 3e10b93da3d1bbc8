"""The check of the distillation data holds on sound data and sees what is missing from unsound."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sgd_gym.benchmarks import paths
from sgd_gym.benchmarks.paths import PathsConfig, make_mutants, measure_paths
from sgd_gym.data import evidence
from sgd_gym.data.collect import CollectConfig, collect
from sgd_gym.data.evidence import Finding, check_evidence
from sgd_gym.errors import SgdGymError
from sgd_gym.trajectories import Episode, read_episodes


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> PathsConfig:
    """Collect and shorten two train and two dev paths of a task whose decision rests on a reading."""
    folder = tmp_path_factory.mktemp("paths")
    config = PathsConfig(folder / "raw", folder / "short", mutants=2, worlds=1, out=folder / "out")
    collect(
        CollectConfig(
            config.raw,
            ["use-thermometer"],
            ["train", "dev"],
            max_variations=2,
            shorten=True,
            short_out=config.short,
            worlds=1,
        )
    )
    return config


@pytest.mark.slow
def test_sound_data_is_measured(config: PathsConfig) -> None:
    # Two variations of one task do not show every sub-goal; those bars are for all tasks.
    with pytest.raises(SgdGymError, match=r"Missed: .*sub-goal"):
        measure_paths(replace(config, made_in_s=90.0))
    results = json.loads((config.out / "paths.json").read_text())
    figures = {figure["name"]: figure for figure in results["figures"]}
    assert figures["minutes to make them from nothing"]["value"] == 1.5
    assert figures["mutants that the check missed"]["value"] == 0
    assert figures["oracle score at 100 moves, shortened"]["value"] == 100
    assert figures["moves, shortened"]["value"] < figures["moves, raw"]["value"]
    assert [mutant["caught"] for mutant in results["mutants"]] == [True, True]
    assert "| use-thermometer | 4 |" in (config.out / "paths.md").read_text()


@pytest.mark.slow
def test_a_blind_check_is_seen(config: PathsConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(episode: Episode, task_id: str) -> list[Finding]:
        return [replace(finding, fault=None) for finding in check_evidence(episode, task_id)]

    monkeypatch.setattr(paths, "check_evidence", blind)
    (mutant,) = make_mutants(read_episodes(config.short), 1, 1)
    assert mutant.score == 100
    assert not mutant.caught


@pytest.mark.slow
def test_what_the_first_room_shows_can_be_taken_out_of_no_path(
    config: PathsConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row, *others) = evidence.EVIDENCE
    at_start = replace(row, clues=(evidence.Clue(r"\A\Z"),), agrees=None)
    monkeypatch.setattr(evidence, "EVIDENCE", (at_start, *others))
    assert make_mutants(read_episodes(config.short), 1, 1) == []


def test_missing_folders_name_the_fix(tmp_path: Path) -> None:
    with pytest.raises(SgdGymError, match=r"does not exist.*Fix: .*sgd-gym collect"):
        measure_paths(PathsConfig(tmp_path / "raw", tmp_path / "short"))
