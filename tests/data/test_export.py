"""What is exported comes back as it was, in each format."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sgd_gym.data.export import ExportConfig, dataset_id, export
from sgd_gym.errors import DataError, SgdGymError, UnknownNameError
from sgd_gym.trajectories import Episode, Step, make_rows, read_episodes, write_episodes


def from_minari(dataset: object, found: object, annotator: str | None) -> Episode:
    """Make an episode of one that Minari gives back."""
    (metadata,) = dataset.storage.get_episode_metadata([found.id])  # type: ignore[attr-defined]
    seen, infos = found.observations, found.infos  # type: ignore[attr-defined]
    steps = tuple(
        Step(
            look=seen["look"][place],
            inventory=seen["inventory"][place],
            action=action,
            observation=seen["observation"][place + 1],
            reward=float(found.rewards[place]),  # type: ignore[attr-defined]
            score=int(infos["score"][place + 1]),
            done=bool(found.terminations[place]),  # type: ignore[attr-defined]
            subgoal=str(infos["subgoal"][place]) or None,
            option_index=int(infos["option_index"][place]) if infos["option_index"][place] >= 0 else None,
            taught=bool(infos["taught"][place]),
        )
        for place, action in enumerate(found.actions)  # type: ignore[attr-defined]
    )
    options = metadata["options"]
    return Episode(
        options["task"],
        options["variation"],
        dataset.env_spec.kwargs["split"],  # type: ignore[attr-defined]
        seen["task"][0],
        "oracle",
        annotator=annotator,
        steps=steps,
    )


@pytest.mark.parametrize("data", ["raw_data", "annotated_data"])
def test_json_lines_hold_the_rows(data: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    folder = request.getfixturevalue(data)
    done = export(ExportConfig(folder, "jsonl", tmp_path))
    assert done == {tmp_path / "oracle-train.jsonl": 2, tmp_path / "oracle-dev.jsonl": 1}
    for path in done:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        split = path.stem.removeprefix("oracle-")
        assert rows == [row for one in read_episodes(folder / split) for row in make_rows(one)]


@pytest.mark.parametrize("data", ["raw_data", "annotated_data"])
def test_minari_gives_the_episodes_back(
    data: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minari = pytest.importorskip("minari")
    folder = request.getfixturevalue(data)
    for _ in range(2):  # an old export is replaced
        done = export(ExportConfig(folder, "minari", tmp_path / "minari", ["dev", "train"]))
    names = {split: dataset_id("oracle", split) for split in ("dev", "train")}
    assert done == {tmp_path / "minari" / names["dev"]: 1, tmp_path / "minari" / names["train"]: 2}
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    for split, name in names.items():
        dataset = minari.load_dataset(name)
        episodes = read_episodes(folder / split)
        assert dataset.total_episodes == len(episodes)
        assert dataset.storage.metadata["dataset_size"] == dataset.storage.get_size()
        assert dataset.total_steps == sum(len(one.steps) for one in episodes)
        annotator = episodes[0].annotator
        assert [from_minari(dataset, one, annotator) for one in dataset] == episodes


def test_the_environment_of_a_minari_dataset_plays_it(
    raw_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minari = pytest.importorskip("minari")
    export(ExportConfig(raw_data, "minari", tmp_path, ["dev"]))
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    dataset = minari.load_dataset(dataset_id("oracle", "dev"))
    (metadata,) = dataset.storage.get_episode_metadata([0])
    env = dataset.recover_environment()
    try:
        observation, _ = env.reset(options=metadata["options"])
        for place, action in enumerate(dataset[0].actions):
            assert {name: texts[place] for name, texts in dataset[0].observations.items()} == observation
            observation, reward, terminated, truncated, _ = env.step(action)
            assert reward == dataset[0].rewards[place]
            assert terminated == dataset[0].terminations[place]
            assert not truncated
    finally:
        env.close()


def test_each_source_has_its_own_file(raw_data: Path, tmp_path: Path) -> None:
    episode, other = read_episodes(raw_data / "train")
    write_episodes(tmp_path / "data" / "a.parquet", [episode, replace(other, source="shortened")])
    done = export(ExportConfig(tmp_path / "data", out=tmp_path))
    assert [path.name for path in done] == ["oracle-train.jsonl", "shortened-train.jsonl"]


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"to": "csv"}, UnknownNameError, "format 'csv'.*jsonl, minari"),
        ({"splits": ["tarin"]}, UnknownNameError, "split 'tarin'.*train"),
        ({"splits": ["test"]}, DataError, "holds no episode of test.*Fix: "),
        ({"data": Path("nowhere")}, DataError, "nowhere does not exist.*Fix: "),
    ],
)
def test_bad_input_names_the_fix(
    raw_data: Path, tmp_path: Path, changes: dict[str, object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        export(replace(ExportConfig(raw_data, out=tmp_path / "out"), **changes))  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_without_minari_the_error_names_the_extra(
    raw_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "minari", None)
    with pytest.raises(SgdGymError, match=r"pip install 'sgd-gym\[minari\]'"):
        export(ExportConfig(raw_data, "minari", tmp_path / "out"))
