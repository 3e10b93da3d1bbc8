"""Encoders give one vector a text, the same everywhere."""

from pathlib import Path

import numpy as np
import pytest

from sgd_gym.encoders import EncoderError, NgramEncoder, load_encoder
from sgd_gym.errors import UnknownNameError

TEXTS = ["a stove, which is turned on", "", "a stove, which is turned off", "a red box"]


def test_ngrams_are_unit_vectors_and_stable() -> None:
    vectors = NgramEncoder(32).encode(TEXTS)
    assert vectors.shape == (4, 32)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 1, 1])
    assert (vectors[0] @ vectors[2]) > (vectors[0] @ vectors[3])
    # Stable over processes and versions: this is the hash of the word.
    assert np.flatnonzero(NgramEncoder(16).encode(["stove"])[0]).tolist() == [5]
    assert (vectors == NgramEncoder(32).encode(TEXTS)).all()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small untrained encoder and its tokenizer."""
    from transformers import BertConfig, BertModel

    from sgd_gym.models.tokenizer import learn_tokenizer

    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = learn_tokenizer(TEXTS, 300)
    tokenizer.model_max_length = 32
    tokenizer.save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)
    return folder


def test_any_transformer_encodes(model: Path) -> None:
    encoder = load_encoder(str(model))
    assert encoder.width == 16
    vectors = encoder.encode([*TEXTS, "stove " * 100])
    assert vectors.shape == (5, 16)
    assert np.linalg.norm(vectors[0]) == pytest.approx(1)
    assert np.abs(encoder.encode(TEXTS[:1])[0] - vectors[0]).max() < 1e-5  # padding changes nothing


def test_a_wrong_width_is_told_with_the_fix(model: Path) -> None:
    assert load_encoder(str(model), 16).width == 16
    with pytest.raises(EncoderError, match=r"The width is 256, but .* gives 16\. Fix: width=None, or 16"):
        load_encoder(str(model), 256)


def test_an_unknown_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Allowed: ngrams"):
        load_encoder(str(tmp_path))
