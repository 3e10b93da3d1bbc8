"""Training leaves checkpoints that load, that repeat with the seed, and that refuse what does not fit."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from sgd_gym.envs.simulator import SCIENCEWORLD_VERSION
from sgd_gym.errors import CheckpointError, DataError, SgdGymError, UnknownNameError
from sgd_gym.models.checkpoint import META_FILE, load_checkpoint, read_meta
from sgd_gym.prompts import PROMPT_VERSION, ROLES, Role, each_advice, is_needless, make_segments
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.evaluation import evaluate
from sgd_gym.training.job import FIGURES
from sgd_gym.training.rows import Collator, Row, balance, data_hash, make_rows, select, thin
from sgd_gym.training.train import train
from sgd_gym.trajectories import read_episodes, write_episodes


@pytest.fixture
def checkpoint(checkpoints: Path, tmp_path: Path) -> Path:
    """Return a copy of the planner's checkpoint, to spoil."""
    return Path(shutil.copytree(checkpoints / "planner", tmp_path / "planner"))


def change_meta(folder: Path, **changes: Any) -> None:
    path = folder / META_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


# --- what training leaves


@pytest.mark.parametrize("role", ROLES)
def test_a_checkpoint_loads_and_knows_what_it_was_made_with(
    checkpoints: Path, annotated_data: Path, role: Role
) -> None:
    model, tokenizer, meta = load_checkpoint(checkpoints / role, role)
    assert not model.training
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert model.num_parameters() <= 4_000_000
    assert model.config.vocab_size == len(tokenizer)
    assert (meta.roles, meta.family, meta.tasks) == ([role], "decoder-only", ["find-plant"])
    assert meta.environment_id == "sgd_gym/ScienceWorld-v0"
    assert (meta.scienceworld, meta.prompt_version) == (SCIENCEWORLD_VERSION, PROMPT_VERSION)
    assert meta.data_hash == data_hash(read_episodes(annotated_data / "train"))
    assert 0 <= meta.scores[f"exact_{FIGURES[role]}"] <= 1
    assert meta.scores["prompts_cut"] == 0
    card = (checkpoints / role / "README.md").read_text(encoding="utf-8")
    assert f"# sgd_gym {role} (nano" in card
    assert meta.data_hash in card
    assert read_meta(checkpoints / role, role) == meta


@pytest.mark.parametrize("role", ROLES)
def test_scores_are_those_of_the_loaded_model_on_dev(
    checkpoints: Path, annotated_data: Path, role: Role
) -> None:
    model, tokenizer, meta = load_checkpoint(checkpoints / role, role)
    rows = make_rows(read_episodes(annotated_data / "dev"), [role], model, tokenizer, 0.0).rows
    again = evaluate(model, rows, Collator(tokenizer.pad_token_id), 4096)
    assert again["loss"] == pytest.approx(meta.scores["loss"], rel=1e-4)
    assert again["exact_match"] == meta.scores[f"exact_{FIGURES[role]}"]


def test_a_model_trained_in_bfloat16_is_one_of_float32(
    checkpoints: Path, annotated_data: Path, tmp_path: Path
) -> None:
    config = TrainConfig(tmp_path, annotated_data, epochs=3, batch_tokens=1024, number_format="bfloat16")
    meta = train("flat", config)
    model, tokenizer, _ = load_checkpoint(tmp_path, "flat")
    other, _, known = load_checkpoint(checkpoints / "flat", "flat")
    assert {one.dtype for one in model.parameters()} == {torch.float32}
    assert not torch.equal(model.get_input_embeddings().weight, other.get_input_embeddings().weight)
    assert meta.scores["loss"] == pytest.approx(known.scores["loss"], rel=0.02)
    rows = make_rows(read_episodes(annotated_data / "dev"), ["flat"], model, tokenizer, 0.0).rows
    again = evaluate(model, rows, Collator(tokenizer.pad_token_id), 4096)
    assert again["loss"] == pytest.approx(meta.scores["loss"], rel=1e-4)


def test_an_equal_seed_gives_equal_weights_and_training_changes_them(
    annotated_data: Path, tmp_path: Path
) -> None:
    def weights(name: str, **changes: Any) -> bytes:
        config = TrainConfig(tmp_path / name, annotated_data, epochs=2, batch_tokens=512)
        train("planner", replace(config, **changes))
        return (tmp_path / name / "model.safetensors").read_bytes()

    first = weights("first")
    torch.manual_seed(1234)  # whatever was drawn before must not matter
    assert weights("second") == first
    assert weights("seed", seed=1) != first
    assert weights("rate", learning_rate=1e-5) != first


def test_training_learns(checkpoints: Path, annotated_data: Path, tmp_path: Path) -> None:
    before = read_meta(checkpoints / "planner", "planner").scores["loss"]
    config = TrainConfig(tmp_path / "planner", annotated_data, epochs=12, batch_tokens=1024)
    assert train("planner", config).scores["loss"] < before - 1


def test_a_checkpoint_of_the_same_data_and_settings_is_kept(checkpoint: Path, annotated_data: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in checkpoint.iterdir()}
    config = TrainConfig(checkpoint, annotated_data, epochs=3, batch_tokens=1024, number_format="float32")
    assert train("planner", config) == read_meta(checkpoint, "planner")
    assert {path: path.stat().st_mtime_ns for path in checkpoint.iterdir()} == before
    train("planner", replace(config, epochs=1))
    assert (checkpoint / "model.safetensors").stat().st_mtime_ns > before[checkpoint / "model.safetensors"]


def test_events_for_tensorboard_are_written(annotated_data: Path, tmp_path: Path) -> None:
    events = tmp_path / "events"
    train("flat", TrainConfig(tmp_path / "flat", annotated_data, epochs=1, tensorboard=events))
    assert [path for path in events.glob("**/events.out.tfevents.*") if path.stat().st_size]


# --- what does not fit


@pytest.mark.parametrize("role", ["executor", "flat"])
def test_a_checkpoint_of_another_role_is_refused(checkpoints: Path, role: str) -> None:
    with pytest.raises(CheckpointError, match=rf"planner has role 'planner'.*'{role}'\. Fix: "):
        load_checkpoint(checkpoints / "planner", role)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt_version": PROMPT_VERSION + 1}, f"prompt version {PROMPT_VERSION + 1}"),
        ({"scienceworld": "1.3.0"}, "scienceworld version '1.3.0'"),
    ],
)
def test_a_checkpoint_of_another_version_is_refused(
    checkpoint: Path, changes: dict[str, Any], message: str
) -> None:
    change_meta(checkpoint, **changes)
    with pytest.raises(CheckpointError, match=rf"{message}.* Fix: .*sgd-gym train planner"):
        load_checkpoint(checkpoint, "planner")


def test_training_does_not_replace_a_checkpoint_of_another_version(
    checkpoint: Path, annotated_data: Path
) -> None:
    change_meta(checkpoint, prompt_version=PROMPT_VERSION - 1)
    weights = (checkpoint / "model.safetensors").read_bytes()
    with pytest.raises(CheckpointError, match="delete this one and train again"):
        train("planner", TrainConfig(checkpoint, annotated_data, epochs=1))
    assert (checkpoint / "model.safetensors").read_bytes() == weights


@pytest.mark.parametrize("missing", [META_FILE, "config.json"])
def test_a_folder_that_is_no_checkpoint_is_refused(checkpoint: Path, missing: str) -> None:
    (checkpoint / missing).unlink()
    with pytest.raises(CheckpointError, match=r"no checkpoint of sgd_gym.*Fix: .*sgd-gym train planner"):
        load_checkpoint(checkpoint, "planner")


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere is no checkpoint"):
        load_checkpoint(tmp_path / "nowhere", "flat")


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"', "{}", '{"role": "planner"}'])
def test_a_broken_record_is_refused(checkpoint: Path, text: str) -> None:
    (checkpoint / META_FILE).write_text(text)
    with pytest.raises(CheckpointError, match=rf"{META_FILE} cannot be read"):
        load_checkpoint(checkpoint, "planner")


@pytest.mark.parametrize("keep", [0, 4, 1000, -1])
def test_broken_weights_are_refused(checkpoint: Path, keep: int) -> None:
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"planner' cannot be loaded: .* Fix: train"):
        load_checkpoint(checkpoint, "planner")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_refused(checkpoint: Path, name: str) -> None:
    (checkpoint / name).unlink()
    with pytest.raises(CheckpointError, match="Fix: "):
        load_checkpoint(checkpoint, "planner")


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json"])
def test_a_broken_text_file_is_refused(checkpoint: Path, name: str) -> None:
    path = checkpoint / name
    path.write_text(path.read_text(encoding="utf-8")[:100], encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"cannot be loaded: .* Fix: train"):
        load_checkpoint(checkpoint, "planner")


# --- what cannot be trained


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"model": "./mega"}, SgdGymError, "model './mega' cannot be loaded.*preset .*nano"),
        ({"family": "encoder"}, UnknownNameError, "family 'encoder'.*encoder-decoder"),
        ({"objective": "magic"}, UnknownNameError, "objective 'magic'.*imitation"),
        ({"select": "luck"}, UnknownNameError, "selection 'luck'.*score"),
        ({"select": "score"}, SgdGymError, "plays with the other half.*--partner"),
        ({"tasks": ["find-plnt"]}, UnknownNameError, "task 'find-plnt'"),
        ({"tasks": ["find-plant", "boil"]}, DataError, "no train episode of .*boil.* Fix: "),
        ({"data": Path("nowhere")}, DataError, "nowhere does not exist"),
        ({"epochs": 0}, SgdGymError, "epochs is 0. Allowed: above 0"),
        ({"batch_tokens": -1}, SgdGymError, "batch_tokens is -1. Allowed: above 0"),
        ({"average": 1.0}, SgdGymError, "average is 1.0. Allowed: from 0 to below 1"),
        ({"learning_rate": 0.0}, SgdGymError, "learning_rate is 0.0. Allowed: above 0"),
    ],
)
def test_settings_without_sense_are_refused(
    annotated_data: Path, tmp_path: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    config = replace(TrainConfig(tmp_path / "out", annotated_data), **changes)
    with pytest.raises(error, match=message):
        train("planner", config)
    assert not (tmp_path / "out").exists()


def test_an_unknown_role_is_refused(annotated_data: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"role 'planer'.*'planner'.*executor, flat"):
        train("planer", TrainConfig(tmp_path, annotated_data))


def test_data_without_subgoals_is_refused(raw_data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no sub-goals.*Fix: .*sgd-gym annotate"):
        train("planner", TrainConfig(tmp_path / "out", raw_data))


def test_data_without_dev_is_refused(annotated_data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no dev episode.*Fix: .*collect --splits dev"):
        train("planner", TrainConfig(tmp_path / "out", annotated_data / "train"))


def test_the_test_split_takes_no_part(annotated_data: Path, tmp_path: Path) -> None:
    """Law: a test split never takes part in training or selection."""
    shutil.copytree(annotated_data, tmp_path / "data")
    secret = [
        replace(one, split="test", variation=one.variation + 225, task_description="SECRET")
        for one in read_episodes(annotated_data / "train")
    ]
    write_episodes(tmp_path / "data" / "test" / "find-plant-0000.parquet", secret)
    metas = [
        train("flat", TrainConfig(tmp_path / name, data, epochs=1))
        for name, data in (("without", annotated_data), ("with", tmp_path / "data"))
    ]
    assert metas[0].scores == metas[1].scores
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("without", "with")]
    assert weights[0] == weights[1]


# --- rows


@pytest.mark.parametrize("role", ["planner", "executor", "flat"])
def test_rows_are_the_transcript_with_targets_weighted(
    checkpoints: Path, annotated_data: Path, role: Role
) -> None:
    model, tokenizer, _ = load_checkpoint(checkpoints / role, role)
    episode = read_episodes(annotated_data)[0]
    (row,) = make_rows([episode], [role], model, tokenizer, 0.25).rows
    segments = list(make_segments(episode, [role]))
    assert tokenizer.decode(row.tokens) == "".join(segment.text for segment in segments)
    assert len(row.tokens) == len(row.weights) == len(row)
    assert tokenizer.decode(row.tokens[row.weights == 1]) == "".join(
        one.text for one in segments if one.target
    )
    assert set(row.weights.tolist()) == {0.25, 1.0}


def test_a_transcript_that_is_too_long_is_cut_as_an_agent_cuts_it(
    checkpoints: Path, annotated_data: Path
) -> None:
    model, tokenizer, _ = load_checkpoint(checkpoints / "executor", "executor")
    episode = read_episodes(annotated_data)[0]
    (whole,) = make_rows([episode], ["executor"], model, tokenizer, 0.0).rows
    model.config.max_position_embeddings = len(whole) * 2 // 3
    found = make_rows([episode], ["executor"], model, tokenizer, 0.0)
    assert found.cut == len(found.rows) - 1 > 0
    head = tokenizer.encode(next(make_segments(episode, ["executor"])).text, add_special_tokens=False)
    learnt = []
    for row in found.rows:
        assert len(row) <= model.config.max_position_embeddings
        assert row.tokens[: len(head)].tolist() == head
        learnt += row.tokens[row.weights == 1].tolist()
    assert learnt == whole.tokens[whole.weights == 1].tolist()  # each target is learnt once


def test_each_row_of_a_sage_ends_with_an_advice_and_holds_no_other(
    checkpoints: Path, annotated_data: Path
) -> None:
    model, tokenizer, _ = load_checkpoint(checkpoints / "sage", "sage")
    episode = read_episodes(annotated_data)[0]
    rows = make_rows([episode], ["sage"], model, tokenizer, 0.25).rows
    each = list(each_advice(make_segments(episode, ["sage"])))
    assert len(rows) == len(each) == sum(not is_needless(step) for step in episode.steps)
    for row, segments in zip(rows, each, strict=True):
        assert tokenizer.decode(row.tokens) == "".join(one.text for one in segments)
        assert tokenizer.decode(row.tokens[row.weights == 1]) == segments[-1].text
        assert sum(one.target for one in segments) == 1
    context = [set(row.weights.tolist()) - {1.0} for row in rows]
    assert context == [{0.0}] * (len(rows) - 1) + [{0.25}]  # text is learnt once


def test_padding_changes_no_figure(checkpoints: Path, annotated_data: Path) -> None:
    model, tokenizer, _ = load_checkpoint(checkpoints / "executor", "executor")
    rows = make_rows(read_episodes(annotated_data), ["executor"], model, tokenizer, 0.0).rows
    assert len(set(map(len, rows))) > 1
    collator = Collator(tokenizer.pad_token_id)
    one, many = (evaluate(model, rows, collator, tokens) for tokens in (1, 100_000))
    assert one == pytest.approx(many, rel=1e-5)


def test_the_loss_is_the_models_own(checkpoints: Path, annotated_data: Path) -> None:
    model, tokenizer, _ = load_checkpoint(checkpoints / "flat", "flat")
    (row,) = make_rows(read_episodes(annotated_data)[:1], ["flat"], model, tokenizer, 0.0).rows
    ids, weights = torch.tensor(row.tokens).long()[None], torch.tensor(row.weights)[None]
    with torch.inference_mode():
        expected = model(input_ids=ids, labels=ids.masked_fill(weights == 0, -100)).loss
    ours = evaluate(model, [row], Collator(tokenizer.pad_token_id), 4096)["loss"]
    assert ours == pytest.approx(float(expected), rel=1e-4)


def row_of(tokens: list[int], weights: list[float], answer: list[int] | None = None) -> Row:
    return Row(
        np.array(tokens, dtype=np.int32),
        np.array(weights, dtype=np.float32),
        np.array([one == 1 for one in weights], dtype=np.int8),
        None if answer is None else np.array(answer, dtype=np.int32),
    )


def test_a_batch_of_transcripts() -> None:
    batch = Collator(pad_id=0)([row_of([5, 6, 7], [0.5, 1.0, 1.0]), row_of([8, 9], [1.0, 1.0])])
    assert batch.pop("tokens") == 5
    assert {one.shape for one in batch.values()} == {(2, 32)}
    assert batch["input_ids"][:, :4].tolist() == [[5, 6, 7, 0], [8, 9, 0, 0]]
    assert batch["targets"][:, :3].tolist() == [[6, 7, 0], [9, 0, 0]]
    assert batch["weights"][:, :3].tolist() == [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    assert batch["spans"][:, :3].tolist() == [[1, 1, 0], [1, 0, 0]]
    assert not any(one[:, 4:].any() for one in batch.values())


def test_a_batch_of_decisions() -> None:
    rows = [row_of([5, 6, 7], [1.0, 1.0], [3, 1]), row_of([8], [1.0], [1])]
    batch = Collator(pad_id=0, start_id=2)(rows)
    assert batch.pop("tokens") == 7
    read = {name: batch.pop(name) for name in ("input_ids", "attention_mask")}
    assert {one.shape for one in read.values()} == {(2, 32)}
    assert read["input_ids"][:, :4].tolist() == [[5, 6, 7, 0], [8, 0, 0, 0]]
    assert read["attention_mask"][:, :4].tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]
    assert {one.shape for one in batch.values()} == {(2, 8)}
    assert batch["decoder_input_ids"][:, :3].tolist() == [[2, 3, 1], [2, 1, 0]]
    assert batch["targets"][:, :3].tolist() == [[3, 1, 0], [1, 0, 0]]
    assert batch["weights"][:, :3].tolist() == [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]


@pytest.mark.parametrize("start", [None, 2])
def test_an_empty_share_weighs_nothing(start: int | None) -> None:
    batch = Collator(0, start)([])
    assert float(batch["weights"].sum()) == 0
    assert batch["input_ids"].shape[1] > 0


def test_balance_repeats_rare_tasks(annotated_data: Path) -> None:
    episode = read_episodes(annotated_data)[0]
    long = replace(episode, task="grow-fruit", steps=episode.steps * 4)
    boil, melt = replace(episode, task="boil"), replace(episode, task="melt")
    episodes = [episode] * 10 + [boil] * 2 + [melt] * 7 + [long] * 3
    repeated = Counter(one.task for one in balance(episodes))
    assert repeated == {"find-plant": 10, "boil": 8, "melt": 7, "grow-fruit": 3}
    thrice = balance(episodes, tellings=3)
    assert Counter(one.task for one in thrice) == {task: 3 * count for task, count in repeated.items()}
    ways = {task: len({one.steps for one in thrice if one.task == task}) for task in repeated}
    assert ways == {
        "find-plant": 3,
        "boil": 4,
        "melt": 3,
        "grow-fruit": 3,
    }  # boil stands four times in a pass


def test_select_keeps_split_and_tasks(annotated_data: Path) -> None:
    episodes = read_episodes(annotated_data)
    assert [one.variation for one in select(episodes, "train", None)] == [0, 1]
    assert [one.variation for one in select(episodes, "dev", ["find-plant"])] == [150]


def test_the_hash_changes_with_the_data(annotated_data: Path) -> None:
    episodes = read_episodes(annotated_data)
    first = episodes[0]
    step = first.steps[0]
    other_step = replace(step, subgoal="wait()")
    changed = [replace(first, steps=(other_step, *first.steps[1:])), *episodes[1:]]
    assert data_hash(episodes) == data_hash(list(episodes))
    assert len({data_hash(one) for one in (episodes, changed, episodes[1:], episodes[::-1])}) == 4


def test_a_share_of_each_task_is_kept() -> None:
    def episode(task: str, variation: int) -> Any:
        return SimpleNamespace(task=task, variation=variation)

    episodes = [episode("a", n) for n in range(10)] + [episode("b", 7)]
    kept = [(one.task, one.variation) for one in thin(episodes, 0.25)]
    assert kept == [("a", 0), ("a", 1), ("b", 7)]
    assert thin(episodes, 1.0) == episodes
