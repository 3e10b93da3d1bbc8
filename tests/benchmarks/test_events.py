"""TensorBoard: names of Stable-Baselines3, settings, episodes as text, and a project's progress as curves."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sgd_gym.benchmarks.events import write_events
from sgd_gym.benchmarks.history import add_run, read_history
from sgd_gym.errors import DataError


def write(made_up: SimpleNamespace, folder: Path, git: str, **changes: Any) -> None:
    """Write results as `bench run` does, at a revision of the project."""
    results = made_up.results(folder / "out", **changes)
    results.run["git"] = git
    summaries = results.summaries()
    runs = add_run(folder, results, summaries)
    write_events(folder / "tb", results, summaries, runs, folder / "out/transcripts.parquet")


def events_of(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder)).Reload()


@pytest.fixture(scope="module")
def project(made_up: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder after four runs, the third one at a revision that changed nothing."""
    folder = tmp_path_factory.mktemp("project")
    for git, points in (("a1", 20), ("b2", 35), ("b2", 35), ("c3", 30)):
        write(made_up, folder, git, agents={"sgd": points, "my.module:Agent": 5})
    return folder


def test_scores_have_the_names_of_stable_baselines3(project: Path) -> None:
    assert {path.name for path in (project / "tb").iterdir()} == {"sgd", "my.module.Agent", "progress"}
    events = events_of(project / "tb/sgd")
    scalars = set(events.Tags()["scalars"])
    assert {"eval/score", "rollout/success_rate", "rollout/ep_len_mean", "eval/score/find-plant"} <= scalars
    assert [event.value for event in events.Scalars("eval/score")] == pytest.approx([33.89], abs=0.01)


def test_settings_are_a_row_of_the_hparams_page(project: Path) -> None:
    data = events_of(project / "tb/sgd").summary_metadata
    assert "_hparams_/session_start_info" in data
    text = data["_hparams_/session_start_info"].plugin_data.content
    for word in (b"agent", b"sgd", b"protocol", b"quickstart-dev", b"max_option_moves", b"c3"):
        assert word in text


def test_episodes_are_texts(project: Path) -> None:
    events = events_of(project / "tb/sgd")
    tag = "episodes/find-plant/text_summary"
    assert tag in events.Tags()["tensors"]
    text = events.Tensors(tag)[0].tensor_proto.string_val[0].decode()
    assert "find-plant, variation 150" in text
    assert "1. *navigate_to(kitchen)* `go to kitchen` You go. **+3**" in text


def test_runs_are_curves_over_the_revisions_of_a_project(project: Path) -> None:
    runs = read_history(project / "history.jsonl")
    assert [(run["run"], run["git"]) for run in runs] == [(0, "a1"), (1, "b2"), (2, "c3")]
    curve = events_of(project / "tb/progress/sgd").Scalars("progress/quickstart-dev/score")
    assert [event.step for event in curve] == [0, 1, 2]
    assert [event.value - curve[0].value for event in curve] == [0, 15, 10]


def test_a_run_on_some_tasks_is_another_curve(made_up: SimpleNamespace, tmp_path: Path) -> None:
    write(made_up, tmp_path, "a1", tasks=("find-plant",))
    tags = events_of(tmp_path / "tb/progress/sgd").Tags()["scalars"]
    assert "progress/quickstart-dev-1-tasks/score" in tags


@pytest.mark.parametrize("text", ["{", "[]\n", '{"run": 0}\n'])
def test_a_broken_history_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=r"history\.jsonl is no history of runs.* Fix: "):
        read_history(path)
