"""From a preset, a folder or a hub name to a model and its tokenizer; knows no data and no training."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sgd_gym.errors import CheckpointError, SgdGymError, UnknownNameError
from sgd_gym.models.presets import FAMILIES, PRESETS, Family, make_model
from sgd_gym.models.tokenizer import learn_tokenizer
from sgd_gym.prompts import TRANSCRIPT_TOKENS, WINDOW_TOKENS

SPECIAL_TOKENS: dict[Family, tuple[str, ...]] = {
    "decoder-only": TRANSCRIPT_TOKENS,
    "encoder-decoder": WINDOW_TOKENS,
}
"""The tokens of prompts and answers, which any tokenizer is taught."""


def family_of(model: Any) -> Family:
    """Return the family of a loaded model."""
    return "encoder-decoder" if model.config.is_encoder_decoder else "decoder-only"


def make_or_load(
    name: str, family: Family, texts: Callable[[], Iterable[str]], tokenizer: Any = None
) -> tuple[Any, Any]:
    """Return a model (fp32) and its tokenizer.

    Args:
        name: A preset, which gets random weights, a local folder, or the name of a model on the Hugging Face
            hub.
        family: Which family a preset shall be of; others are what they are.
        texts: Gives the texts that a preset's tokenizer learns from.
        tokenizer: That of a preset; it gets one of its own if not given.

    Raises:
        SgdGymError: If it is none of the three, or the hub cannot be reached.
    """
    if name in PRESETS:
        if family not in FAMILIES:
            raise UnknownNameError("family", family, FAMILIES)
        if tokenizer is None:
            tokenizer = learn_tokenizer(texts(), PRESETS[name].vocabulary, SPECIAL_TOKENS[family])
        return make_model(
            name, family, len(tokenizer), tokenizer.pad_token_id, tokenizer.eos_token_id
        ), tokenizer
    return load_pretrained(name)


def load_pretrained(name: str | Path) -> tuple[Any, Any]:
    """Load a model (fp32) and its tokenizer from a folder or the hub, and teach it the tokens of prompts.

    Raises:
        SgdGymError: If there is none, or it is of neither family.
    """
    try:
        model, tokenizer = load_files(name)
    except SgdGymError as error:
        raise SgdGymError(
            f"{error} Allowed: a preset ({', '.join(PRESETS)}), a folder with config.json, model.safetensors "
            f"and a tokenizer, or a name on the Hugging Face hub, such as google/flan-t5-large."
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    known = tokenizer.get_vocab()
    lacking = [token for token in SPECIAL_TOKENS[family_of(model)] if token not in known]
    tokenizer.add_tokens(lacking, special_tokens=True)
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer))
    return model, tokenizer


def load_files(name: str | Path) -> tuple[Any, Any]:
    """Load a model (fp32) of either family and its tokenizer, as they are.

    Raises:
        SgdGymError: If a file is missing or broken.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    try:
        config = AutoConfig.from_pretrained(name)
        auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        tokenizer = AutoTokenizer.from_pretrained(name)
        return auto.from_pretrained(name, dtype=torch.float32), tokenizer
    except (OSError, ValueError, SafetensorError) as error:
        raise SgdGymError(
            f"The model {str(name)!r} cannot be loaded: {str(error).splitlines()[0]}"
        ) from error


def check_tokenizer(path: Path, model: Any, tokenizer: Any) -> None:
    """Check that a checkpoint's tokenizer can be the one that its model was trained with.

    Raises:
        CheckpointError: If it has more tokens than the model, or lacks those of prompts.
    """
    rows = model.get_input_embeddings().num_embeddings
    known = tokenizer.get_vocab()
    lacking = [token for token in SPECIAL_TOKENS[family_of(model)] if token not in known]
    if len(tokenizer) > rows or lacking:
        what = f"lacks {', '.join(lacking)}" if lacking else f"has {len(tokenizer)} tokens, the model {rows}"
        raise CheckpointError(
            f"The tokenizer in {path} is of another model: it {what}. "
            f"Fix: bring the files of the folder together again, or train the checkpoint again."
        )
