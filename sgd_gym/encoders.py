"""Texts to vectors, for learners that take arrays; knows no environment.

An encoder is deterministic: equal texts give equal vectors, in every process and on every machine.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from sgd_gym.errors import SgdGymError, UnknownNameError

NGRAMS = "ngrams"
NGRAM_WIDTH = 256
"""Entries of a vector of hashed n-grams, unless told otherwise."""


class EncoderError(SgdGymError, ValueError):
    """An encoder of another width than what was asked for."""


class Encoder(ABC):
    """Turns each text into a vector of `width` entries between -1 and 1."""

    width: int

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return one row a text: float32, shape (len(texts), width), each of Euclidean length 0 or 1."""


class NgramEncoder(Encoder):
    """Hashed counts of words and of pairs of words (scikit-learn's `HashingVectorizer`); learns nothing."""

    def __init__(self, width: int = NGRAM_WIDTH):
        """Make the encoder.

        Raises:
            EncoderError: If the width is less than 1.
        """
        from sklearn.feature_extraction.text import HashingVectorizer

        if width < 1:
            raise EncoderError(f"The width is {width}. Allowed: 1 or more.")
        self.width = width
        self._vectorizer = HashingVectorizer(
            n_features=width, ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", dtype=np.float32
        )

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return one row a text; see `Encoder`."""
        rows: np.ndarray = self._vectorizer.transform(texts).toarray()
        return rows


class TransformerEncoder(Encoder):
    """The mean of the last hidden states of any `transformers` encoder, on the CPU; it is not trained."""

    def __init__(self, name: str):
        """Load a model.

        Args:
            name: A name on the Hugging Face hub, such as "sentence-transformers/all-MiniLM-L6-v2", or a
                folder.

        Raises:
            UnknownNameError: If there is no such model.
        """
        from transformers import AutoModel, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(name)
            model: Any = AutoModel.from_pretrained(name)
        except (OSError, ValueError) as error:
            raise UnknownNameError("encoder", name, [NGRAMS, "a hub name or folder of a model"]) from error
        # Of an encoder-decoder, the half that reads.
        self._model = (model.get_encoder() if model.config.is_encoder_decoder else model).eval()
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self.width = int(model.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return one row a text; see `Encoder`. What is longer than the model can read is cut off."""
        import torch

        limit = min(self._tokenizer.model_max_length, 512)
        batch = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=limit, return_tensors="pt"
        )
        with torch.inference_mode():
            kept = {name: batch[name] for name in ("input_ids", "attention_mask")}
            states = self._model(**kept).last_hidden_state.float()
            weights = kept["attention_mask"].unsqueeze(-1)
            means = (states * weights).sum(1) / weights.sum(1).clamp(min=1)
            rows: np.ndarray = torch.nn.functional.normalize(means, dim=-1).numpy()
        return rows


def load_encoder(name: str = NGRAMS, width: int | None = None) -> Encoder:
    """Return an encoder.

    Args:
        name: "ngrams", or the name or folder of a `transformers` model.
        width: Entries of a vector; None for what the encoder gives by itself.

    Raises:
        UnknownNameError: If there is no such encoder.
        EncoderError: If the model gives vectors of another width.
    """
    if name == NGRAMS:
        return NgramEncoder(NGRAM_WIDTH if width is None else width)
    encoder = TransformerEncoder(name)
    if width not in (None, encoder.width):
        raise EncoderError(
            f"The width is {width}, but {name} gives {encoder.width}. Fix: width=None, or {encoder.width}."
        )
    return encoder
