"""CTranslate2 writes the tokens that torch writes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from sgd_gym.errors import SgdGymError, UnknownNameError
from sgd_gym.models.decoding import Allowed, Decoding
from sgd_gym.models.fast import FastWriter
from sgd_gym.models.generation import load_writer
from sgd_gym.models.tokenizer import learn_tokenizer
from sgd_gym.models.windows import WindowWriter
from sgd_gym.models.writer import Writer
from sgd_gym.prompts import END, WINDOW_TOKENS, Command, Event, Reply, Start, Window

ROOM = "This room is called the kitchen. In it, you see:\n\ta red box\n\ta door"
TASKS = ("Your task is to open the red box.", "Your task is to find a living thing.")


ANSWERS = ("open red box", "look around", "move orange to red box", "wait")


@pytest.fixture(scope="module")
def model_and_tokenizer() -> tuple[Any, Any]:
    """Return a small model that has learnt different answers to the prompts of the episodes below."""
    tokenizer = learn_tokenizer([ROOM, *TASKS, *ANSWERS], 300, WINDOW_TOKENS)
    prompts = [window.ask("command") for slot in (0, 1) for window in _windows(slot)]
    answers = [f"{ANSWERS[number % len(ANSWERS)]}{END}" for number in range(len(prompts))]
    ids: dict[str, Any] = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    shape = {"d_model": 64, "d_kv": 32, "d_ff": 128, "num_layers": 2, "num_heads": 2, "dropout_rate": 0.0}
    start: dict[str, Any] = {"decoder_start_token_id": tokenizer.pad_token_id}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = T5ForConditionalGeneration(T5Config(vocab_size=len(tokenizer), **shape, **ids, **start))
        batch = tokenizer(prompts, padding=True, return_tensors="pt")
        labels = tokenizer(answers, padding=True, return_tensors="pt")["input_ids"]
        labels = labels.masked_fill(labels == tokenizer.pad_token_id, -100)
        optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
        for _ in range(80):
            loss = model(**batch, labels=labels).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval(), tokenizer


def _events(slot: int) -> Iterator[list[Event]]:
    """Yield what is told before each decision of an episode."""
    yield [Start(TASKS[slot], ROOM, "In your inventory, you see:\n\tan orange")]
    for number in range(3):
        yield [Command(f"move {number}"), Reply(f"Tick {number}.", ROOM, "", float(number))]


def _windows(slot: int) -> Iterator[Window]:
    window = Window()
    for events in _events(slot):
        for event in events:
            window.read(event)
        yield window


def tokens_of(writer: Writer) -> list[list[list[int]]]:
    """Return the tokens that are written in two episodes, told the same whatever was written."""
    writer.reset([0, 1])
    found = []
    for number, told in enumerate(zip(_events(0), _events(1), strict=True)):
        for slot, events in enumerate(told):
            for event in events:
                writer.read(slot, event)
        allowed = [Allowed(None, done=number % 2 == 0)] * 2
        found.append([one[0].tokens for one in writer._search([0, 1], "command", 1, allowed)])
    return found


def test_both_write_the_same_tokens(model_and_tokenizer: tuple[Any, Any]) -> None:
    expected = tokens_of(WindowWriter(*model_and_tokenizer))
    assert tokens_of(FastWriter(*model_and_tokenizer)) == expected
    assert len({tuple(tokens) for pair in expected for tokens in pair}) > 3


def test_an_episode_is_written_on(model_and_tokenizer: tuple[Any, Any]) -> None:
    slow, fast = WindowWriter(*model_and_tokenizer), FastWriter(*model_and_tokenizer)
    for writer in (slow, fast):
        writer.reset([0])
        writer.read(0, Start(TASKS[0], ROOM, ""))
    assert slow.write([0], "command") == fast.write([0], "command")
    assert slow.stats(0) == fast.stats(0)


def test_an_episode_is_bounded_by_a_tree_beside_one_that_is_not(model_and_tokenizer: tuple[Any, Any]) -> None:
    found = []
    for make in (WindowWriter, FastWriter):
        writer = make(*model_and_tokenizer)
        writer.reset([0, 1])
        for slot in (0, 1):
            writer.read(slot, Start(TASKS[slot], ROOM, ""))
        tree = writer.make_text_tree(0, ["3", "14"])
        found.append(
            (writer.write([0, 1], "command", trees=[tree, None]), [writer.stats(one) for one in (0, 1)])
        )
    assert found[0] == found[1]
    first, second = found[0][0]
    assert first in (Command("3"), Command("14"))
    assert second not in (Command("3"), Command("14"))


def test_what_it_cannot_do_is_an_error(model_and_tokenizer: tuple[Any, Any], checkpoints: Path) -> None:
    drawn = FastWriter(*model_and_tokenizer, Decoding("sample"))
    drawn.reset([0])
    drawn.read(0, Start(TASKS[0], ROOM, ""))
    with pytest.raises(SgdGymError, match="greedy or beam"):
        drawn.write([0], "command")
    with pytest.raises(SgdGymError, match="encoder-decoder models"):
        load_writer(checkpoints / "flat", "flat", fast=True)
    with pytest.raises(UnknownNameError, match="bfloat16"):
        load_writer(checkpoints / "flat", "flat", number_format="int8")


def test_int8_weights_write_something(model_and_tokenizer: tuple[Any, Any]) -> None:
    assert len(tokens_of(FastWriter(*model_and_tokenizer, None, "int8"))) == 4
