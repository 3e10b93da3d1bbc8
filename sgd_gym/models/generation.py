"""From a checkpoint to a `Writer`, whatever family its model is of."""

from pathlib import Path
from typing import Any, Literal

import torch

from sgd_gym.errors import SgdGymError, UnknownNameError
from sgd_gym.models.checkpoint import load_checkpoint
from sgd_gym.models.decoding import Decoding
from sgd_gym.models.loading import family_of
from sgd_gym.models.transcripts import TranscriptWriter
from sgd_gym.models.windows import WindowWriter
from sgd_gym.models.writer import Writer
from sgd_gym.prompts import Role

NumberFormat = Literal["float32", "bfloat16", "int8"]


def make_writer(model: Any, tokenizer: Any, decoding: Decoding | None = None) -> Writer:
    """Return the writer of the model's family."""
    if family_of(model) == "encoder-decoder":
        return WindowWriter(model, tokenizer, decoding)
    return TranscriptWriter(model, tokenizer, decoding)


def load_writer(
    checkpoint: Path,
    role: Role,
    decoding: Decoding | None = None,
    number_format: NumberFormat = "float32",
    fast: bool = False,
) -> Writer:
    """Return a writer with the model of a checkpoint, on a GPU if there is one.

    Args:
        checkpoint: Its folder.
        role: What it shall write.
        decoding: How it chooses; greedily if not given.
        number_format: Of the weights; "int8" with `fast` only.
        fast: Let CTranslate2 compute, on the CPU; for encoder-decoder models.

    Raises:
        CheckpointError: If the folder is no checkpoint of this role.
        SgdGymError: If `fast` or the number format does not fit the model.
    """
    model, tokenizer, _ = load_checkpoint(checkpoint, role)
    if fast:
        if family_of(model) != "encoder-decoder":
            raise SgdGymError(
                f"{checkpoint} is {family_of(model)}; --fast is for encoder-decoder models. "
                f"Fix: leave it out; transcripts are read through a cache already."
            )
        from sgd_gym.models.fast import FORMATS, FastWriter

        if number_format not in FORMATS:
            raise UnknownNameError("number format with --fast", number_format, FORMATS)
        return FastWriter(model, tokenizer, decoding, number_format)
    formats = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    if number_format not in formats:
        raise UnknownNameError("number format without --fast", number_format, formats)
    model = model.to("cuda" if torch.cuda.is_available() else "cpu", formats[number_format])
    return make_writer(model, tokenizer, decoding)
