"""Annotation writes a sub-goal to every command and changes nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from sgd_gym.errors import DataError
from sgd_gym.subgoals import parse
from sgd_gym.training.annotate import AnnotateConfig, annotate_episode, annotate_folder
from sgd_gym.trajectories import read_episodes


def test_every_command_gets_a_subgoal_and_nothing_else_changes(raw_data: Path, annotated_data: Path) -> None:
    for raw, annotated in zip(read_episodes(raw_data), read_episodes(annotated_data), strict=True):
        bare = tuple(replace(step, subgoal=None, option_index=None) for step in annotated.steps)
        assert replace(annotated, steps=bare, annotator=None) == raw
        assert annotated.annotator == "rules"
        indices = [step.option_index for step in annotated.steps]
        assert sorted(set(indices)) == list(range(indices[-1] + 1))  # type: ignore[operator]
        assert indices == sorted(indices)  # type: ignore[type-var]
        for step in annotated.steps:
            assert step.subgoal == str(parse(step.subgoal or ""))


def test_files_keep_their_names(raw_data: Path, annotated_data: Path) -> None:
    names = [
        sorted(str(path.relative_to(folder)) for path in folder.glob("**/*.parquet"))
        for folder in (raw_data, annotated_data)
    ]
    assert names[0] == names[1] != []


def test_annotation_counts_and_can_be_repeated(annotated_data: Path, tmp_path: Path) -> None:
    """Annotated data can be annotated again, for instance with better rules."""
    episodes = read_episodes(annotated_data)
    commands, subgoals = annotate_folder(AnnotateConfig(annotated_data, tmp_path))
    assert read_episodes(tmp_path) == episodes
    assert commands == sum(len(episode.steps) for episode in episodes)
    assert subgoals == sum((episode.steps[-1].option_index or 0) + 1 for episode in episodes)


def test_equal_neighbours_keep_their_own_option(raw_data: Path) -> None:
    episode = read_episodes(raw_data)[0]
    steps = tuple(replace(episode.steps[0], action="pick up cup") for _ in range(2))
    annotated = annotate_episode(replace(episode, steps=steps))
    assert [(step.subgoal, step.option_index) for step in annotated.steps] == [
        ("pick_up(cup)", 0),
        ("pick_up(cup)", 1),
    ]


def test_a_folder_without_data_names_the_fix(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no \.parquet file\. Fix: .*sgd-gym collect"):
        annotate_folder(AnnotateConfig(tmp_path, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
