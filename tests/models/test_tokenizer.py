"""The tokenizer knows every text, keeps special tokens whole and digits apart."""

from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from sgd_gym.models.tokenizer import learn_tokenizer
from sgd_gym.prompts import END, TRANSCRIPT_TOKENS
from sgd_gym.prompts.transcript import ACT

TEXTS = ["go to kitchen", "open door to hallway", f"{ACT}go to kitchen{END}", "reading 10 degrees"]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return learn_tokenizer(TEXTS, 400)


@pytest.mark.parametrize(
    "text", [*TEXTS, "", " two  blanks ", "never seen: ß € 中 \U0001f600", "a\nb\tc", "-273.15"]
)
def test_every_text_comes_back(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_special_tokens_are_one_token_each(tokenizer: PreTrainedTokenizerFast) -> None:
    ids = [tokenizer.encode(token, add_special_tokens=False) for token in TRANSCRIPT_TOKENS]
    assert all(len(one) == 1 for one in ids)
    assert len({one[0] for one in ids} | {tokenizer.pad_token_id}) == len(TRANSCRIPT_TOKENS) + 1
    assert tokenizer.eos_token == END


def test_nothing_is_added_to_a_segment(tokenizer: PreTrainedTokenizerFast) -> None:
    parts = [tokenizer.encode(text, add_special_tokens=False) for text in (ACT, "wait", END)]
    whole = tokenizer.encode(f"{ACT}wait{END}", add_special_tokens=False)
    assert whole == [token for part in parts for token in part]


def test_digits_stand_alone(tokenizer: PreTrainedTokenizerFast) -> None:
    assert len(tokenizer.encode("2024", add_special_tokens=False)) == 4


def test_equal_texts_teach_equal_tokenizers_that_can_be_saved(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    again = learn_tokenizer(iter(TEXTS), 400)
    again.save_pretrained(tmp_path)
    loaded = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    assert tokenizer.get_vocab() == again.get_vocab() == loaded.get_vocab()
    for text in TEXTS:
        ids = tokenizer.encode(text, add_special_tokens=False)
        assert loaded.encode(text, add_special_tokens=False) == ids
