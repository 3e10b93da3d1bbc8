"""What a `Writer` may write and how it chooses, with models of random weights."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from sgd_gym.errors import SgdGymError, UnknownNameError
from sgd_gym.models.decoding import Allowed, Decoding, Line
from sgd_gym.models.generation import make_writer
from sgd_gym.models.presets import FAMILIES, Family, make_model
from sgd_gym.models.tokenizer import learn_tokenizer
from sgd_gym.models.transcripts import TranscriptWriter
from sgd_gym.models.writer import Writer
from sgd_gym.prompts import DONE, OPENERS, Command, Done, Plan, Reply, Start

ROOM = "This room is called the kitchen. In it, you see:\n\ta red box\n\ta door"
HEAD = Start("Your task is to open the red box.", ROOM, "In your inventory, you see:\n\tan orange")
TEXTS = ("open red box", "open door", "look around", "look at door", "wait")


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return learn_tokenizer([ROOM, HEAD.task, *TEXTS], 300)


@pytest.fixture(scope="module")
def model(family: Family, tokenizer: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = make_model("nano", family, len(tokenizer), tokenizer.pad_token_id, tokenizer.eos_token_id)
        for parameter in made.parameters():  # far from one another, so that no two texts are nearly alike
            parameter.data *= 3
    return made.eval()


def begin(model: Any, tokenizer: Any, slots: Sequence[int] = (0,), **settings: Any) -> Writer:
    writer = make_writer(model, tokenizer, Decoding(**settings))
    writer.reset(slots)
    for slot in slots:
        writer.read(slot, HEAD)
    return writer


@torch.inference_mode()
def scores_of(writer: Writer, texts: Sequence[str]) -> dict[str, float]:
    """Return the mean log-probability of the tokens of each text, each computed on its own."""
    found = {}
    for text in texts:
        told = writer._slots(0).read(text, allot=False)
        answer = [*writer.tokenizer.encode(told, add_special_tokens=False), writer._end]
        if isinstance(writer, TranscriptWriter):
            ids = [one for segment in writer._pages[0].segments for one in segment]
            begun = [*ids, *writer._encode(OPENERS["command"])]
            logits = writer.model(torch.tensor([[*begun, *answer[:-1]]])).logits[0, len(begun) - 1 :]
        else:
            prompt = torch.tensor(writer._prompts([0], "command"))  # type: ignore[attr-defined]
            start = writer.model.config.decoder_start_token_id
            inputs = {"input_ids": prompt, "decoder_input_ids": torch.tensor([[start, *answer[:-1]]])}
            logits = writer.model(**inputs).logits[0]
        chances = torch.log_softmax(logits, -1)[range(len(answer)), answer]
        found[text] = float(chances.mean())
    return found


def test_a_model_that_knows_nothing_still_writes_what_it_may(model: Any, tokenizer: Any) -> None:
    free, bound = begin(model, tokenizer), begin(model, tokenizer)
    (written,) = free.write([0], "command")
    assert isinstance(written, Command)
    assert written.text not in TEXTS
    for _ in range(3):
        (written,) = bound.write([0], "command", trees=[bound.make_text_tree(0, TEXTS)])
        assert isinstance(written, Command)
        assert written.text in TEXTS
        bound.read(0, Reply("Nothing happens.", ROOM, "", 0.0))


def test_what_must_follow_costs_no_pass(model: Any, tokenizer: Any) -> None:
    writer = begin(model, tokenizer)
    (written,) = writer.write([0], "command", trees=[writer.make_text_tree(0, ["open red box"])])
    assert written == Command("open red box")
    if isinstance(writer, TranscriptWriter):
        assert writer.stats(0) == {"calls": 1, "tokens": 0}
    alone = begin(model, tokenizer)
    alone.read(0, Command("open red box"))
    for one in (writer, alone):
        one.read(0, Reply("It is open.", ROOM, "", 0.0))
    assert writer.write([0], "command") == alone.write([0], "command")


def test_done_may_be_written_beside_the_texts_of_a_tree(model: Any, tokenizer: Any) -> None:
    writer = begin(model, tokenizer)
    tree = writer.make_text_tree(0, TEXTS)
    found = writer.propose([0], "command", 8, [True], [tree])[0]
    assert {Done()} | {Command(text) for text in TEXTS} == {one.event for one in found}
    found = writer.propose([0], "command", 8, [False], [tree])[0]
    assert {Command(text) for text in TEXTS} == {one.event for one in found}


def test_a_search_finds_texts_in_their_order(model: Any, tokenizer: Any) -> None:
    writer = begin(model, tokenizer)
    expected = scores_of(writer, TEXTS)
    (found,) = writer.propose([0], "command", 5, trees=[writer.make_text_tree(0, TEXTS)])
    assert [one.event for one in found] == [
        Command(text) for text in sorted(expected, key=expected.__getitem__, reverse=True)
    ]
    for one in found:
        assert isinstance(one.event, Command)
        # Beams are compared by what is left of each token after the others were forbidden.
        assert one.score == pytest.approx(expected[one.event.text], abs=1e-3)


def test_a_beam_of_one_writes_what_greedy_decoding_does(model: Any, tokenizer: Any) -> None:
    greedy, beam = begin(model, tokenizer), begin(model, tokenizer, method="beam", beams=1)
    for _ in range(3):
        written = []
        for writer in (greedy, beam):
            written.append(writer.write([0], "command", trees=[writer.make_text_tree(0, TEXTS)]))
            writer.read(0, Reply("Nothing happens.", ROOM, "", 0.0))
        assert written[0] == written[1]


def test_a_search_reads_each_text_once_and_finds_the_same(model: Any, tokenizer: Any) -> None:
    slots = (3, 0, 7)
    writers = [begin(model, tokenizer, slots, method="beam", reread=reread) for reread in (False, True)]
    for turn in range(3):
        found = []
        for writer in writers:
            trees = [writer.make_text_tree(slot, TEXTS) for slot in slots]
            found.append(writer.propose(slots, "command", 3, trees=trees))
            for number, slot in enumerate(slots):  # transcripts grow unlike one another
                writer.read(slot, found[0][number][turn].event)
                for _ in range(number + 1):
                    writer.read(slot, Reply("Nothing happens." * number, ROOM, "", 0.0))
        for once, anew in zip(*found, strict=True):
            assert [one.event for one in once] == [one.event for one in anew]
            assert [one.score for one in once] == pytest.approx([one.score for one in anew], abs=1e-4)
    tokens = [sum(writer.stats(slot)["tokens"] for slot in slots) for writer in writers]
    if isinstance(writers[0], TranscriptWriter):
        assert tokens[0] < 0.7 * tokens[1]  # the answers of all beams go through the model in both
    else:
        assert tokens[0] == tokens[1]


def test_proposals_become_no_part_of_the_episode(model: Any, tokenizer: Any) -> None:
    asked, other = begin(model, tokenizer), begin(model, tokenizer)
    asked.propose([0], "subgoal", 3)
    assert asked.write([0], "command") == other.write([0], "command")


def test_samples_depend_on_episode_and_seed_and_not_on_the_world(model: Any, tokenizer: Any) -> None:
    def commands(writer: Writer, slots: Sequence[int]) -> list[Any]:
        found = []
        for _ in range(4):
            trees = [writer.make_text_tree(slot, TEXTS) for slot in slots]
            found.append(writer.write(slots, "command", trees=trees)[0])
            for slot in slots:
                writer.read(slot, Reply("Nothing happens.", ROOM, "", 0.0))
        return found

    hot: dict[str, Any] = {"method": "sample", "temperature": 1e4}
    alone = commands(begin(model, tokenizer, **hot), [0])
    assert len(set(alone)) > 1
    assert commands(begin(model, tokenizer, (7, 2, 5), **hot), [2, 7, 5]) == alone
    assert commands(begin(model, tokenizer, seed=1, **hot), [0]) != alone


def test_names_are_written_as_the_episode_tells_them(model: Any, tokenizer: Any) -> None:
    writer = begin(model, tokenizer)
    tree = writer.make_form_tree(0, ["open {}"], {"": ["red box"]})
    (written,) = writer.write([0], "subgoal", trees=[tree])
    assert written == Plan("open red box")
    assert "colourA" in writer._slots(0).read("open red box", allot=False)


def test_a_line_says_when_it_is_over() -> None:
    line = Line(Allowed(), (1, 2), limit=2)
    assert line.choices is None
    for token in (7, 8):
        assert not line.is_over
        line.take(token)
    assert line.is_over


@pytest.mark.parametrize("settings", [{"beams": 0}, {"temperature": 0.0}])
def test_numbers_out_of_range_are_errors(settings: dict[str, Any]) -> None:
    with pytest.raises(SgdGymError, match="Allowed"):
        Decoding(**settings)
    with pytest.raises(UnknownNameError, match="greedy"):
        Decoding(method="best")  # type: ignore[arg-type]


def test_done_is_a_token_of_every_family(model: Any, tokenizer: Any) -> None:
    assert tokenizer.decode([begin(model, tokenizer)._done]) == DONE
