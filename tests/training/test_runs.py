"""Whole trainings: killed, shared out over processes, of both families, from weights that are there."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.agents.flat.agent import FlatAgent
from sgd_gym.agents.sgd.agent import SGDAgent
from sgd_gym.agents.sgd.executor import ModelExecutor
from sgd_gym.agents.sgd.planner import ModelPlanner
from sgd_gym.errors import CheckpointError, SgdGymError
from sgd_gym.models.checkpoint import load_checkpoint
from sgd_gym.models.generation import load_writer
from sgd_gym.models.loading import load_pretrained
from sgd_gym.models.presets import FAMILIES, PRESETS, make_model
from sgd_gym.prompts import ROLES, Role
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.train import train
from sgd_gym.training.trainer import find_state
from sgd_gym.trajectories import read_episodes, write_episodes

LIMITS = {"nano": 4e6, "tiny": 12e6, "small": 60e6}


def start_of(data: Path) -> dict[str, str]:
    """Return what an agent sees at the start of the first episode."""
    episode = read_episodes(data)[0]
    look, inventory = episode.steps[0].look, episode.steps[0].inventory
    return {"task": episode.task_description, "look": look, "inventory": inventory, "observation": look}


def command(role: str, out: Path, data: Path, *flags: str) -> list[str]:
    return ["-m", "sgd_gym.cli", "train", role, "--out", str(out), "--data", str(data), *flags]


def run(words: list[str], **changes: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=600, **changes)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("family", FAMILIES)
def test_presets_keep_to_their_size(preset: str, family: Any) -> None:
    with torch.device("meta"):
        model = make_model(preset, family, PRESETS[preset].vocabulary, 0, 1)
    assert LIMITS[preset] / 2 < model.num_parameters() <= LIMITS[preset]


# --- killed


@pytest.mark.slow
def test_a_killed_training_ends_with_the_weights_of_an_undisturbed_one(
    annotated_data: Path, tmp_path: Path
) -> None:
    flags = ("--epochs", "40", "--batch-tokens", "512", "--evals", "4", "--average", "0.75")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    kills = 0
    for _ in range(2):
        process = subprocess.Popen([sys.executable, *command("planner", killed, annotated_data, *flags)])
        states = len(list(Path(f"{killed}.training").glob("checkpoint-*")))
        while process.poll() is None:
            found = list(Path(f"{killed}.training").glob("checkpoint-*"))
            if len(found) > states or (found and states == 2 and time.monotonic() % 7 < 0.1):
                process.send_signal(signal.SIGKILL)  # often while the state is being written
                process.wait()
                kills += 1
            time.sleep(0.01)
    assert kills >= 1
    config = TrainConfig(killed, annotated_data, epochs=40, batch_tokens=512, evals=4, average=0.75)
    metas = [train("planner", replace(config, out=out)) for out in (killed, whole)]
    weights = [(out / "model.safetensors").read_bytes() for out in (killed, whole)]
    assert weights[0] == weights[1]
    assert metas[0].scores == metas[1].scores
    assert not Path(f"{killed}.training").exists()


def test_a_state_that_a_kill_cut_off_is_not_taken(tmp_path: Path) -> None:
    for step, state in ((10, '{"global_step": 10}'), (20, '{"global_st'), (30, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert find_state(tmp_path, delete=False) == tmp_path / "checkpoint-10"
    assert len(list(tmp_path.iterdir())) == 3
    assert find_state(tmp_path, delete=True) == tmp_path / "checkpoint-10"
    assert list(tmp_path.iterdir()) == [tmp_path / "checkpoint-10"]


def test_a_training_that_has_not_ended_is_not_taken_for_another(annotated_data: Path, tmp_path: Path) -> None:
    state = tmp_path / "flat.training"
    state.mkdir()
    made_with = {"data_hash": "0", "settings": TrainConfig(tmp_path, epochs=3).settings}
    (state / "made_with.json").write_text(json.dumps(made_with))
    with pytest.raises(SgdGymError, match=r"flat.training holds .*epochs 3, now 2.*Fix: go on with"):
        train("flat", TrainConfig(tmp_path / "flat", annotated_data, epochs=2))
    assert (state / "made_with.json").exists()


@pytest.mark.slow
def test_a_full_disk_leaves_the_last_whole_state(annotated_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "flat"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    flags = ("--epochs", "20", "--batch-tokens", "512")
    words = [sys.executable, *command("flat", out, annotated_data, *flags)]
    done = run(words, preexec_fn=limit)
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()
    assert not list(Path(f"{out}.training").glob("checkpoint-*"))
    assert run(words).returncode == 0
    load_checkpoint(out, "flat")


def test_a_loss_that_is_no_number_stops_training(annotated_data: Path, tmp_path: Path) -> None:
    config = TrainConfig(tmp_path / "flat", annotated_data, epochs=20, batch_tokens=512, learning_rate=1e30)
    with pytest.raises(SgdGymError, match=r"(?s)not numbers|loss is .* Fix: a lower learning rate"):
        train("flat", config)
    assert not (tmp_path / "flat").exists()


# --- families, sharing, selection, beginnings


@pytest.mark.parametrize("family", FAMILIES)
def test_a_shared_model_plays_both_roles(family: Any, annotated_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "shared"
    config = TrainConfig(out, annotated_data, family=family, shared=True, epochs=2, batch_tokens=2048)
    meta = train("planner", config)
    assert meta.roles == ["planner", "executor"]
    assert {"exact_subgoal", "exact_command"} <= set(meta.scores)
    assert train("executor", config) == meta  # the same model: nothing to do
    agent = SGDAgent(
        ModelPlanner(load_writer(out, "planner")), ModelExecutor(load_writer(out, "executor")), 3
    )
    look = start_of(annotated_data)
    agent.reset([0], [EpisodeKey("find-plant", 0, 0)])
    for _ in range(4):
        agent.act([0], [look], [{}])
        agent.observe(0, look, 0.0, False)
    assert agent.stats(0)["planner_calls"] >= 1
    with pytest.raises(CheckpointError, match="'planner and executor'; allowed here: 'flat'"):
        load_checkpoint(out, "flat")
    with pytest.raises(SgdGymError, match="flat has neither"):
        train("flat", replace(config, out=tmp_path / "flat"))


@pytest.mark.parametrize(
    "role", ["flat", *(pytest.param(one, marks=pytest.mark.slow) for one in ROLES if one != "flat")]
)
def test_an_encoder_decoder_learns_and_plays(role: Role, annotated_data: Path, tmp_path: Path) -> None:
    config = TrainConfig(tmp_path / "one", annotated_data, family="encoder-decoder", epochs=1)
    before = train(role, config).scores["loss"]
    meta = train(role, replace(config, out=tmp_path / "many", epochs=6, batch_tokens=2048))
    assert meta.family == "encoder-decoder"
    assert meta.scores["loss"] < before - 0.5
    if role == "flat":
        agent = FlatAgent(load_writer(tmp_path / "many", role))
        agent.reset([0, 1], [EpisodeKey("find-plant", 0, 0)] * 2)
        look = start_of(annotated_data)
        commands = agent.act([0, 1], [look, look], [{}, {}])
        assert commands[0] == commands[1] != ""


@pytest.mark.slow
def test_weights_are_chosen_by_the_score_in_the_simulator(annotated_data: Path, tmp_path: Path) -> None:
    events = tmp_path / "events"
    config = TrainConfig(
        *(tmp_path / "flat", annotated_data),
        epochs=24,
        batch_tokens=1024,
        select="score",
        score_variations=1,
        evals=2,
        tensorboard=events,
    )
    meta = train("flat", config)
    assert 0 <= meta.scores["score"] <= 100
    log = EventAccumulator(str(events))
    log.Reload()
    names = {"train/loss", "train/tokens_per_second", "eval/loss", "eval/score", "eval/exact_command"}
    assert names <= set(log.Tags()["scalars"])
    assert meta.scores["score"] == max(one.value for one in log.Scalars("eval/score"))


@pytest.mark.parametrize(
    ("select", "best"), [("match", max), pytest.param("loss", min, marks=pytest.mark.slow)]
)
def test_weights_are_chosen_by_what_is_selected(
    select: Any, best: Any, annotated_data: Path, tmp_path: Path
) -> None:
    config = TrainConfig(tmp_path / "executor", annotated_data, epochs=40, batch_tokens=512, select=select)
    meta = train("executor", replace(config, tensorboard=tmp_path / "events", number_format="float32"))
    log = EventAccumulator(str(tmp_path / "events"))
    log.Reload()
    values = [one.value for one in log.Scalars(f"eval/{select}")]
    assert len(set(values)) > 1
    assert meta.scores[select] == pytest.approx(best(values), rel=1e-5)


def test_training_goes_on_from_a_checkpoint(checkpoints: Path, annotated_data: Path, tmp_path: Path) -> None:
    config = TrainConfig(tmp_path / "on", annotated_data, init=checkpoints / "flat", epochs=12)
    assert config.peak_learning_rate == 1e-4
    meta = train("flat", config)
    assert meta.model == str(checkpoints / "flat")
    before = load_checkpoint(checkpoints / "flat", "flat")
    after = load_checkpoint(tmp_path / "on", "flat")
    assert before[1].get_vocab() == after[1].get_vocab()
    assert meta.scores["loss"] < before[2].scores["loss"]
    (tmp_path / "none").mkdir()
    with pytest.raises(CheckpointError, match="none is no checkpoint"):
        train("flat", replace(config, init=tmp_path / "none"))


def test_training_stops_early_when_dev_gets_no_better(annotated_data: Path, tmp_path: Path) -> None:
    config = TrainConfig(
        *(tmp_path / "flat", annotated_data),
        **{"epochs": 120, "batch_tokens": 512, "evals": 30, "patience": 1, "select": "loss"},
    )
    train("flat", replace(config, tensorboard=tmp_path / "events"))
    log = EventAccumulator(str(tmp_path / "events"))
    log.Reload()
    losses = log.Scalars("eval/loss")
    assert losses[-1].step < 100
    assert losses[-1].value >= losses[-2].value


def test_a_checkpoint_with_another_tokenizer_is_refused(
    checkpoints: Path, annotated_data: Path, tmp_path: Path
) -> None:
    config = TrainConfig(tmp_path / "t5", annotated_data, family="encoder-decoder", epochs=1)
    train("flat", config)
    (tmp_path / "t5" / "tokenizer.json").write_bytes((checkpoints / "flat" / "tokenizer.json").read_bytes())
    other = tmp_path / "llama"
    other.mkdir()
    for file in (checkpoints / "flat").iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    tokens = json.loads((other / "tokenizer.json").read_text())
    tokens["added_tokens"] += [
        {**tokens["added_tokens"][-1], "id": 9000 + number, "content": f"<|other{number}|>"}
        for number in range(3)
    ]
    (other / "tokenizer.json").write_text(json.dumps(tokens))
    with pytest.raises(CheckpointError, match=r"tokenizer in .*llama is of another model.*Fix: "):
        load_checkpoint(other, "flat")


def test_a_foreign_model_learns_the_tokens_of_prompts(tmp_path: Path) -> None:
    """As of a model from the hub: GPT-2 shape, a tokenizer that knows nothing of ScienceWorld."""
    from transformers import GPT2Config, GPT2LMHeadModel

    from sgd_gym.models.tokenizer import learn_tokenizer

    tokenizer = learn_tokenizer(["some text"], 300, ())
    config = GPT2Config(vocab_size=len(tokenizer), n_positions=512, n_embd=32, n_layer=1, n_head=2)
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model, taught = load_pretrained(tmp_path)
    assert len(taught) > len(tokenizer)
    assert model.get_input_embeddings().num_embeddings == len(taught)


def test_adapters_are_merged_into_the_weights(
    checkpoints: Path, annotated_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "lora"
    config = TrainConfig(out, annotated_data, init=checkpoints / "flat", lora=4, epochs=12)
    meta = train("flat", replace(config, learning_rate=3e-3))
    before, after = (load_checkpoint(one, "flat")[0] for one in (checkpoints / "flat", out))
    assert {name for name, _ in before.named_parameters()} == {name for name, _ in after.named_parameters()}
    assert meta.scores["loss"] < load_checkpoint(checkpoints / "flat", "flat")[2].scores["loss"]
    assert torch.equal(before.get_input_embeddings().weight, after.get_input_embeddings().weight)


@pytest.mark.slow
def test_two_processes_train_as_one_with_twice_the_batch(annotated_data: Path, tmp_path: Path) -> None:
    # Sums in another order differ in their last digits; large steps and bfloat16 would make much of it.
    flags = ("--epochs", "60", "--evals", "1", "--number-format", "float32", "--learning-rate", "1e-3")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    losses = {}
    for name, start, tokens in (("one", [sys.executable], "1024"), ("two", launcher, "512")):
        events = str(tmp_path / f"{name}-events")
        own = ("--tensorboard", events, "--batch-tokens", tokens)
        words = command("planner", tmp_path / name, annotated_data, *flags, *own)
        done = run([*start, *words], env=environment)
        assert done.returncode == 0, done.stderr
        log = EventAccumulator(events)
        log.Reload()
        losses[name] = {one.step: one.value for one in log.Scalars("train/loss")}
    assert max(losses["one"]) >= 50
    assert losses["one"].keys() == losses["two"].keys()
    for step, loss in losses["one"].items():
        assert losses["two"][step] == pytest.approx(loss, abs=1e-3), step
    assert load_checkpoint(tmp_path / "two", "planner")[2].roles == ["planner"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_model_of_the_papers_size_trains_and_writes(annotated_data: Path, tmp_path: Path) -> None:
    """The shape of flan-t5-large with random weights: 770 M parameters from a local folder."""
    from transformers import T5Config, T5ForConditionalGeneration

    from sgd_gym.models.tokenizer import learn_tokenizer

    tokenizer = learn_tokenizer(["some text"], 300, ())
    shape = {"d_model": 1024, "d_kv": 64, "d_ff": 2816, "num_layers": 24, "num_heads": 16}
    config = T5Config(
        vocab_size=32128,
        **shape,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = T5ForConditionalGeneration(config)
    assert 700e6 < model.num_parameters() < 800e6
    model.save_pretrained(tmp_path / "large")
    tokenizer.save_pretrained(tmp_path / "large")
    del model
    one = tmp_path / "data"
    for split in ("train", "dev"):
        (episode, *_) = read_episodes(annotated_data / split)
        write_episodes(one / split / "find-plant-0000.parquet", [replace(episode, steps=episode.steps[:2])])
    config_ = TrainConfig(tmp_path / "out", one, model=str(tmp_path / "large"), epochs=1, batch_tokens=1024)
    meta = train("executor", config_)
    assert meta.scores["loss"] > 0
    executor = ModelExecutor(load_writer(tmp_path / "out", "executor"))
    executor.reset([0])
    executor.start(0, "navigate_to(kitchen)")
    (command_,) = executor.act([0], [start_of(annotated_data)], [{}])
    assert isinstance(command_, str)
