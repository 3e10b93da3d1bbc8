"""Sizes of models trained from scratch; knows no data.

Decoder-only (Llama architecture): the whole episode is one transcript, each text is read once, and at play
only new text is processed through the key-value cache.
"""

from dataclasses import dataclass
from typing import Any

from sgd_gym.errors import UnknownNameError


@dataclass(frozen=True)
class Preset:
    """Shape of a model."""

    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int
    vocabulary: int
    """Largest number of tokens; the tokenizer learns fewer from little text."""
    context: int = 4096
    """Longest transcript in tokens."""


PRESETS = {
    "nano": Preset(hidden_size=192, layers=4, heads=6, intermediate_size=512, vocabulary=2000),
}
"""Sizes by name: nano has at most 4 M parameters."""


def make_model(name: str, vocabulary: int, pad_id: int, end_id: int) -> Any:
    """Return a model of a preset with random weights, drawn from torch's global generator.

    Args:
        name: A name in `PRESETS`.
        vocabulary: Number of tokens.
        pad_id: Token that pads batches.
        end_id: Token that ends generated text.

    Raises:
        UnknownNameError: If there is no such preset.
    """
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    from transformers import LlamaConfig, LlamaForCausalLM

    preset = PRESETS[name]
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=preset.hidden_size,
        num_hidden_layers=preset.layers,
        num_attention_heads=preset.heads,
        num_key_value_heads=preset.heads,
        intermediate_size=preset.intermediate_size,
        max_position_embeddings=preset.context,
        tie_word_embeddings=True,
        pad_token_id=pad_id,
        bos_token_id=None,
        eos_token_id=end_id,
    )
    return LlamaForCausalLM(config)
