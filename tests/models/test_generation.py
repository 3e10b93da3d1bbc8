"""A `Writer` writes what its model would write after reading everything anew, in both families."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

from sgd_gym.models.generation import make_writer
from sgd_gym.models.presets import FAMILIES, Family
from sgd_gym.models.prompting import MAX_NEW_TOKENS, fit_window, longest_prompt
from sgd_gym.models.tokenizer import learn_tokenizer
from sgd_gym.models.transcripts import TranscriptWriter
from sgd_gym.models.windows import WindowWriter
from sgd_gym.models.writer import Writer
from sgd_gym.prompts import (
    DONE,
    END,
    OPENERS,
    WINDOW_TOKENS,
    Advice,
    Ask,
    Command,
    Done,
    Event,
    Plan,
    Reply,
    Start,
    Transcript,
    Window,
)

HALLWAY = "This room is called the hallway. In it, you see:\n\ta door"
KITCHEN = "This room is called the kitchen. In it, you see:\n\ta cup"
HEAD = Start("Your task is to find a plant.", HALLWAY, "In your inventory, you see:\n\ta cup")


def reply(text: str, look: str = HALLWAY) -> Reply:
    return Reply(text, look, "In your inventory, you see:\n\ta cup", 1.0)


# What the small models learn by heart: episodes, as agents read and write them.
EPISODES: tuple[tuple[Event, ...], ...] = (
    (
        *(HEAD, Plan("navigate_to(kitchen)"), Command("go to kitchen")),
        *(reply("You move to the kitchen.", KITCHEN), Done()),
        *(Plan("pick_up(cup)"), Command("pick up cup"), reply("You move the cup.", KITCHEN), Done()),
        *(Plan("focus_on(cup)"), Command("focus on cup")),
    ),
    (HEAD, Command("open door"), reply("The door is open."), Command("wait"), reply("Tick."), Done()),
)
CONTEXT = 400


def texts_of(family: Family) -> list[str]:
    if family == "decoder-only":
        return [text for events in EPISODES for text in pieces_of(events)]
    return [text for prompt, answer in decisions() for text in (prompt, answer)]


def pieces_of(events: Sequence[Event]) -> list[str]:
    transcript = Transcript()
    return [piece for event in events for piece in transcript.read(event)]


def decisions() -> list[tuple[str, str]]:
    found = []
    for events in EPISODES:
        window = Window()
        for event in events:
            if isinstance(event, Plan | Command | Done):
                found.append(
                    (window.ask("subgoal" if isinstance(event, Plan) else "command"), window.answer(event))
                )
            window.read(event)
    return found


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def tokenizer(family: Family) -> Any:
    special = () if family == "decoder-only" else (WINDOW_TOKENS,)
    return learn_tokenizer(texts_of(family), 400, *special)


@pytest.fixture(scope="module")
def model(family: Family, tokenizer: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, batch = _decoder(tokenizer) if family == "decoder-only" else _encoder_decoder(tokenizer)
        optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
        for _ in range(120):
            loss = model(**batch).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert loss.item() < 0.2, "the small model has not learned its few lines"
    return model.eval()


def _decoder(tokenizer: Any, hidden: int = 64) -> tuple[Any, dict[str, torch.Tensor]]:
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    rows = [tokenizer.encode("".join(pieces_of(one)), add_special_tokens=False) for one in EPISODES]
    ids = tokenizer.pad({"input_ids": rows}, return_tensors="pt")["input_ids"]
    return LlamaForCausalLM(config), {
        "input_ids": ids,
        "labels": ids.masked_fill(ids == tokenizer.pad_token_id, -100),
    }


def _encoder_decoder(tokenizer: Any) -> tuple[Any, dict[str, torch.Tensor]]:
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=64,
        d_kv=32,
        d_ff=128,
        num_layers=2,
        num_heads=2,
        dropout_rate=0.0,
        pad_token_id=tokenizer.pad_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    prompts, answers = zip(*decisions(), strict=True)
    batch = tokenizer(list(prompts), padding=True, return_tensors="pt")
    labels = tokenizer([f"{one}{END}" for one in answers], padding=True, return_tensors="pt")["input_ids"]
    return T5ForConditionalGeneration(config), {
        "input_ids": batch["input_ids"],
        "attention_mask": batch["attention_mask"],
        "labels": labels.masked_fill(labels == tokenizer.pad_token_id, -100),
    }


def write_anew(model: Any, tokenizer: Any, events: Sequence[Event], kind: Ask, may_be_done: bool) -> str:
    """Write greedily after reading all events, with neither cache nor batch."""
    end, done = tokenizer.convert_tokens_to_ids([END, DONE])
    written: list[int] = []
    if model.config.is_encoder_decoder:
        window = Window()
        for event in events:
            window.read(event)
        prompt, _ = fit_window(window, kind, tokenizer, longest_prompt(model))
        inputs = {"input_ids": torch.tensor([prompt])}
        begun, name = [model.config.decoder_start_token_id], "decoder_input_ids"
    else:
        pieces = [*pieces_of(events), OPENERS[kind]]
        begun = [token for text in pieces for token in tokenizer.encode(text, add_special_tokens=False)]
        inputs, name = {}, "input_ids"
    with torch.inference_mode():
        while len(written) < MAX_NEW_TOKENS:
            logits = model(**inputs, **{name: torch.tensor([[*begun, *written]])}).logits[0, -1]
            if not may_be_done:
                logits[done] = -torch.inf
            written.append(int(logits.argmax()))
            if written[-1] in (end, done):
                break
    text = str(tokenizer.decode(written, skip_special_tokens=True)).strip()
    return DONE if written[-1] == done else text


class Checked:
    """A writer whose every word is compared with the same model's, reading everything anew."""

    def __init__(self, writer: Writer, slots: Sequence[int] = (0,)):
        self.writer = writer
        self.events: dict[int, list[Event]] = {}
        self.reset(slots)

    def reset(self, slots: Sequence[int]) -> None:
        self.writer.reset(slots)
        self.events.update({slot: [] for slot in slots})

    def read(self, *events: Event, slot: int = 0) -> None:
        for event in events:
            self.writer.read(slot, event)
            self.events[slot].append(event)

    def write(self, kind: Ask, may_be_done: bool = False, slots: Sequence[int] = (0,)) -> list[str]:
        expected = [
            write_anew(self.writer.model, self.writer.tokenizer, self.events[slot], kind, may_be_done)
            for slot in slots
        ]
        written = self.writer.write(slots, kind, [may_be_done] * len(slots))
        texts = [DONE if isinstance(one, Done) else one.text for one in written]
        assert texts == expected
        for slot, event in zip(slots, written, strict=True):
            self.events[slot].append(event)
        return texts


def test_an_episode_is_continued_piece_by_piece(model: Any, tokenizer: Any) -> None:
    checked = Checked(make_writer(model, tokenizer))
    checked.read(HEAD)
    assert checked.write("subgoal") == ["navigate_to(kitchen)"]
    assert checked.write("command") == ["go to kitchen"]
    checked.read(reply("You move to the kitchen.", KITCHEN))
    assert checked.write("command", may_be_done=True) == [DONE]
    assert checked.write("subgoal") == ["pick_up(cup)"]
    assert checked.write("command") == ["pick up cup"]
    checked.read(reply("You move the cup.", KITCHEN))
    assert checked.write("command", may_be_done=True) == [DONE]
    assert checked.write("subgoal") == ["focus_on(cup)"]


def test_done_is_written_only_where_it_is_allowed(model: Any, tokenizer: Any) -> None:
    for may_be_done in (True, False):
        checked = Checked(make_writer(model, tokenizer))
        checked.read(*EPISODES[1][:-1])
        assert (checked.write("command", may_be_done) == [DONE]) == may_be_done


def test_worlds_do_not_disturb_each_other(model: Any, tokenizer: Any) -> None:
    checked = Checked(make_writer(model, tokenizer), slots=(3, 5, 8))
    for slot in (3, 5, 8):
        checked.read(HEAD, slot=slot)
    assert checked.write("subgoal", slots=[3, 8]) == ["navigate_to(kitchen)"] * 2
    assert checked.write("command", slots=[5, 3]) == ["open door", "go to kitchen"]
    checked.read(reply("The door is open."), slot=5)
    checked.read(reply("You move to the kitchen.", KITCHEN), slot=3)
    assert checked.write("command", may_be_done=True, slots=[3, 5]) == [DONE, "wait"]
    checked.reset([5])
    checked.read(HEAD, slot=5)
    assert checked.write("subgoal", slots=[5, 3]) == ["navigate_to(kitchen)", "pick_up(cup)"]


def test_a_model_is_asked_in_names_and_answers_in_names(model: Any, tokenizer: Any) -> None:
    """Slots are the writer's business: who holds it never sees one."""
    writer = make_writer(model, tokenizer)
    writer.reset([0])
    writer.read(0, Start("Your task is to move the red box.", HALLWAY, ""))
    writer.read(0, Command("move red box to cup"))
    if isinstance(writer, WindowWriter):
        assert "1. move colourA box to cup" in writer._windows[0].ask("command")
    else:
        assert isinstance(writer, TranscriptWriter)
        assert "colourA" in tokenizer.decode(writer._pages[0].segments[-1])


def test_calls_and_tokens_are_counted(model: Any, tokenizer: Any) -> None:
    writer = make_writer(model, tokenizer)
    writer.reset([0, 1])
    assert writer.stats(0) == {"calls": 0, "tokens": 0}
    for slot in (0, 1):
        writer.read(slot, HEAD)
    before = 0
    for calls, kind in enumerate(("subgoal", "command"), 1):
        writer.write([0], kind)  # type: ignore[arg-type]
        stats = writer.stats(0)
        assert stats["calls"] == calls
        if isinstance(writer, TranscriptWriter):  # each text goes through the model once
            assert stats["tokens"] == sum(map(len, writer._pages[0].segments)) - 1
        else:  # the whole state at each decision
            assert stats["tokens"] > before + 20
        before = stats["tokens"]
    assert writer.stats(1) == {"calls": 0, "tokens": 0}
    writer.reset([0])
    assert writer.stats(0) == {"calls": 0, "tokens": 0}


def test_writing_stops_where_no_end_comes(model: Any, tokenizer: Any) -> None:
    """A model with random weights says the same for ever; its text is cut and ended."""
    torch.manual_seed(0)
    wild = type(model)(model.config).eval()
    if not wild.config.is_encoder_decoder:
        wild.config.eos_token_id = None
    checked = Checked(make_writer(wild, tokenizer))
    checked.read(HEAD)
    for _ in range(2):
        checked.write("command")


def test_a_prompt_that_is_too_long_loses_its_oldest_history(model: Any, tokenizer: Any) -> None:
    writer = make_writer(model, tokenizer)
    writer.reset([0])
    writer.read(0, HEAD)
    long_reply = reply("You see: " + "a very long corridor, " * 3)
    if isinstance(writer, TranscriptWriter):
        head = writer._pages[0].segments[0]
        lengths = []
        for _ in range(30):
            writer.write([0], "command")
            assert writer._pages[0].segments[0] == head
            lengths.append(sum(map(len, writer._pages[0].segments)))
            writer.read(0, long_reply)
        assert max(lengths) <= CONTEXT
        assert sum(after < before for before, after in pairwise(lengths)) > 1
    else:
        window = Window()
        window.read(HEAD)
        for number in range(10):
            window.read(Command(f"walk {number}"))
            window.read(long_reply)
        whole, cut = fit_window(window, "command", tokenizer, 10_000)
        assert not cut
        few, cut = fit_window(window, "command", tokenizer, len(whole) * 2 // 3)
        assert cut
        text = tokenizer.decode(few)
        assert "walk 0" not in text
        assert "walk 9" in text
        assert text.startswith("Task: Your task is to find a plant.")
        tiny, cut = fit_window(window, "command", tokenizer, 30)
        assert cut
        assert len(tiny) <= 30
    assert writer.counts[0].cut > 0 or isinstance(writer, WindowWriter)


def test_one_reply_longer_than_the_context_leaves_the_head(model: Any, tokenizer: Any) -> None:
    checked = make_writer(model, tokenizer)
    checked.reset([0])
    checked.read(0, HEAD)
    checked.read(0, Command("walk"))
    checked.read(0, reply("The door is open. " * 200))
    (event,) = checked.write([0], "command")
    assert isinstance(event, Command)


def test_what_is_taken_back_leaves_no_trace(model: Any, tokenizer: Any) -> None:
    """A command that was written and not sent, and an advice, which is never kept."""
    told = (Command("open door"), reply("The door is open."))
    plain, other = make_writer(model, tokenizer), make_writer(model, tokenizer)
    for writer in (plain, other):
        writer.reset([0, 1])
        for slot in (0, 1):
            writer.read(slot, HEAD)
    for slot in (0, 1):
        (proposed,) = other.write([slot], "command")
        other.retract(slot, proposed)
        (advice,) = other.write([slot], "advice")
        assert isinstance(advice, Advice)
        other.retract(slot, advice)
    for writer in (plain, other):
        for event in told:
            writer.read(0, event)
    for _ in range(2):
        assert plain.write([0, 1], "command") == other.write([0, 1], "command")
    if isinstance(other, TranscriptWriter) and isinstance(plain, TranscriptWriter):
        assert other._pages[0].segments == plain._pages[0].segments
    elif isinstance(other, WindowWriter) and isinstance(plain, WindowWriter):
        assert other._windows[0].ask("command") == plain._windows[0].ask("command")
