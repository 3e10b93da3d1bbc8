"""`Writer`: what it writes with its cache is what the model would write after reading everything anew."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from sgd_gym.models.generation import MAX_NEW_TOKENS, Writer
from sgd_gym.models.tokenizer import learn_tokenizer
from sgd_gym.prompts import ACT, DONE, END, PLAN, REPLY, TASK

HEAD = f"{TASK}Your task is to find a plant."
# What the small model learns by heart: transcripts in segments, as agents read and write them.
TRANSCRIPTS = (
    (
        *(HEAD, PLAN, f"navigate_to(kitchen){END}", ACT, f"go to kitchen{END}"),
        *(f"{REPLY}You move to the kitchen.", ACT, DONE),
        *(PLAN, f"pick_up(cup){END}", ACT, f"pick up cup{END}", f"{REPLY}You move the cup.", ACT, DONE),
        *(PLAN, f"focus_on(cup){END}"),
    ),
    (
        HEAD,
        ACT,
        f"open door{END}",
        f"{REPLY}The door is open.",
        ACT,
        f"wait{END}",
        f"{REPLY}Tick.",
        ACT,
        DONE,
    ),
    # Nobody should write this, but a small model might: first some text, then that it is done.
    (HEAD, f"{REPLY}Odd.", ACT, f"go to{DONE}", f"{REPLY}You move to the kitchen.", ACT, f"wait{END}"),
)
CONTEXT = 400


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return learn_tokenizer((text for texts in TRANSCRIPTS for text in texts), 400)


@pytest.fixture(scope="module")
def model(tokenizer: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=128,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
        )
        model = LlamaForCausalLM(config)
        rows = [tokenizer.encode("".join(texts), add_special_tokens=False) for texts in TRANSCRIPTS]
        longest = max(map(len, rows))
        ids = torch.tensor([row + [tokenizer.pad_token_id] * (longest - len(row)) for row in rows])
        labels = torch.tensor([row + [-100] * (longest - len(row)) for row in rows])
        optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
        for _ in range(120):
            loss = model(input_ids=ids, labels=labels).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert loss.item() < 0.2, "the small model has not learned its few lines"
    return model.eval()


def continue_anew(model: Any, tokenizer: Any, ids: Sequence[int], may_be_done: bool) -> list[int]:
    """Write greedily with neither cache nor `generate`."""
    end, done = tokenizer.convert_tokens_to_ids([END, DONE])
    written: list[int] = []
    with torch.inference_mode():
        while len(written) < MAX_NEW_TOKENS:
            logits = model(input_ids=torch.tensor([[*ids, *written]])).logits[0, -1]
            if not may_be_done:
                logits[done] = -torch.inf
            written.append(int(logits.argmax()))
            if written[-1] in (end, done):
                break
    return written


def check_write(
    writer: Writer, model: Any, tokenizer: Any, slot: int, opener: str, may_be_done: bool = False
) -> str:
    """Write, and compare with writing anew after the same transcript."""
    end, done = tokenizer.convert_tokens_to_ids([END, DONE])
    text = writer.write(slot, opener, may_be_done)
    *before, written = writer._pages[slot].segments
    ids = [token for segment in before for token in segment]
    assert before[-1] == tokenizer.encode(opener, add_special_tokens=False)
    assert len(ids) + MAX_NEW_TOKENS <= model.config.max_position_embeddings
    expected = continue_anew(model, tokenizer, ids, may_be_done)
    if expected[-1] == done:
        assert text == DONE
        assert written[-1] == done
    else:
        assert written == [*expected, *([] if expected[-1] == end else [end])]
        assert text == tokenizer.decode(written, skip_special_tokens=True).strip()
    return text


def test_a_transcript_is_continued_piece_by_piece(model: Any, tokenizer: Any) -> None:
    writer = Writer(model, tokenizer)
    writer.reset([0])
    writer.read(0, HEAD)
    assert check_write(writer, model, tokenizer, 0, PLAN) == "navigate_to(kitchen)"
    assert check_write(writer, model, tokenizer, 0, ACT) == "go to kitchen"
    writer.read(0, f"{REPLY}You move to the kitchen.")
    assert check_write(writer, model, tokenizer, 0, ACT, may_be_done=True) == DONE
    assert check_write(writer, model, tokenizer, 0, PLAN) == "pick_up(cup)"
    assert check_write(writer, model, tokenizer, 0, ACT) == "pick up cup"
    writer.read(0, f"{REPLY}You move the cup.")
    assert check_write(writer, model, tokenizer, 0, ACT, may_be_done=True) == DONE
    assert check_write(writer, model, tokenizer, 0, PLAN) == "focus_on(cup)"


def test_reading_in_one_piece_or_many_is_the_same(model: Any, tokenizer: Any) -> None:
    reply = f"{REPLY}You move to the kitchen."
    one, other = Writer(model, tokenizer), Writer(model, tokenizer)
    for writer in (one, other):
        writer.reset([0])
    for text in TRANSCRIPTS[0][:5]:
        one.read(0, text)
    one.read(0, reply)
    other.read(0, HEAD)
    other.write(0, PLAN)
    other.write(0, ACT)
    other.read(0, reply)
    assert one.write(0, ACT, may_be_done=True) == other.write(0, ACT, may_be_done=True) == DONE
    assert one._pages[0].segments == other._pages[0].segments


def test_done_is_written_only_where_it_is_allowed(model: Any, tokenizer: Any) -> None:
    for may_be_done in (True, False):
        writer = Writer(model, tokenizer)
        writer.reset([0])
        for text in TRANSCRIPTS[1][:7]:
            writer.read(0, text)
        text = check_write(writer, model, tokenizer, 0, ACT, may_be_done)
        assert (text == DONE) == may_be_done


def test_text_before_done_does_not_confuse_what_follows(model: Any, tokenizer: Any) -> None:
    writer = Writer(model, tokenizer)
    writer.reset([0])
    writer.read(0, HEAD)
    writer.read(0, f"{REPLY}Odd.")
    assert check_write(writer, model, tokenizer, 0, ACT, may_be_done=True) == DONE
    for _ in range(3):
        writer.read(0, f"{REPLY}You move to the kitchen.")
        check_write(writer, model, tokenizer, 0, ACT)


def test_worlds_do_not_disturb_each_other(model: Any, tokenizer: Any) -> None:
    writer = Writer(model, tokenizer)
    writer.reset([3, 5])
    writer.read(3, HEAD)
    writer.read(5, HEAD)
    assert check_write(writer, model, tokenizer, 3, PLAN) == "navigate_to(kitchen)"
    assert check_write(writer, model, tokenizer, 5, ACT) == "open door"
    assert check_write(writer, model, tokenizer, 3, ACT) == "go to kitchen"
    writer.read(5, f"{REPLY}The door is open.")
    assert check_write(writer, model, tokenizer, 5, ACT) == "wait"
    writer.reset([5])
    writer.read(5, HEAD)
    assert check_write(writer, model, tokenizer, 5, PLAN) == "navigate_to(kitchen)"
    writer.read(3, f"{REPLY}You move to the kitchen.")
    assert check_write(writer, model, tokenizer, 3, ACT, may_be_done=True) == DONE


def test_calls_and_tokens_are_counted_once(model: Any, tokenizer: Any) -> None:
    writer = Writer(model, tokenizer)
    writer.reset([0])
    assert writer.stats(0) == {"calls": 0, "tokens": 0}
    writer.read(0, HEAD)
    for calls, opener in enumerate((PLAN, ACT), 1):
        writer.write(0, opener)
        total = sum(map(len, writer._pages[0].segments))
        assert writer.stats(0) == {"calls": calls, "tokens": total - 1}
    writer.reset([0])
    assert writer.stats(0) == {"calls": 0, "tokens": 0}


def test_writing_stops_where_no_end_comes(tokenizer: Any) -> None:
    """A model with random weights says the same for ever; its text is cut and ended."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=32,
        max_position_embeddings=CONTEXT,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    wild = LlamaForCausalLM(config).eval()
    writer = Writer(wild, tokenizer)
    writer.reset([0])
    writer.read(0, HEAD)
    for _ in range(2):
        check_write(writer, wild, tokenizer, 0, ACT)
        assert len(writer._pages[0].segments[-1]) == MAX_NEW_TOKENS + 1


def test_a_transcript_that_is_too_long_loses_its_oldest_turns(model: Any, tokenizer: Any) -> None:
    writer = Writer(model, tokenizer)
    writer.reset([0])
    writer.read(0, HEAD)
    head = writer._pages[0].segments[0]
    lengths = []
    for number in range(60):
        reply = f"{REPLY}The door is open. {number}"
        writer.read(0, reply)
        check_write(writer, model, tokenizer, 0, ACT)
        segments = writer._pages[0].segments
        assert segments[0] == head
        assert segments[-3] == tokenizer.encode(reply, add_special_tokens=False)
        lengths.append(sum(map(len, segments)))
    assert max(lengths) <= CONTEXT + 1
    assert sum(after < before for before, after in pairwise(lengths)) > 1


def test_one_reply_longer_than_the_context_leaves_head_and_opener(model: Any, tokenizer: Any) -> None:
    writer = Writer(model, tokenizer)
    writer.reset([0])
    writer.read(0, HEAD)
    head = writer._pages[0].segments[0]
    writer.read(0, REPLY + "The door is open. " * 200)
    check_write(writer, model, tokenizer, 0, ACT)
    assert writer._pages[0].segments[0] == head
