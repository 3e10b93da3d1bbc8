"""Sizes of models trained from scratch, for both families; knows no data.

Decoder-only (Llama architecture): the whole episode is one transcript, each text is read once, and at play
only new text is processed through the key-value cache. Encoder-decoder (T5 1.1 architecture, the papers'
own): the state is encoded anew at each decision.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sgd_gym.errors import UnknownNameError

Family = Literal["decoder-only", "encoder-decoder"]
FAMILIES: tuple[Family, ...] = ("decoder-only", "encoder-decoder")


@dataclass(frozen=True)
class Preset:
    """Shape of a model, in either family."""

    hidden_size: int
    heads: int
    intermediate_size: int
    layers: int
    """Layers of a decoder-only model."""
    encoder_layers: int
    decoder_layers: int
    vocabulary: int
    """Largest number of tokens; the tokenizer learns fewer from little text."""


# Up to 4, 12 and 60 M parameters; heads of 64, with which attention on a processor is fast.
PRESETS = {
    "nano": Preset(192, 3, 512, layers=4, encoder_layers=3, decoder_layers=3, vocabulary=2000),
    "tiny": Preset(320, 5, 864, layers=8, encoder_layers=4, decoder_layers=3, vocabulary=4000),
    "small": Preset(640, 10, 1728, layers=10, encoder_layers=6, decoder_layers=3, vocabulary=8000),
}
"""Sizes by name."""

CONTEXT = 4096
"""Longest transcript of a decoder-only preset, in tokens."""
WINDOW = 1024
"""Longest prompt of an encoder-decoder preset, in tokens, as in the papers."""


def make_model(name: str, family: Family, vocabulary: int, pad_id: int, end_id: int) -> Any:
    """Return a model of a preset with random weights, drawn from torch's global generator.

    Args:
        name: A name in `PRESETS`.
        family: A name in `FAMILIES`.
        vocabulary: Number of tokens.
        pad_id: Token that pads batches.
        end_id: Token that ends generated text.

    Raises:
        UnknownNameError: If there is no such preset or family.
    """
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    if family not in FAMILIES:
        raise UnknownNameError("family", family, FAMILIES)
    from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

    preset = PRESETS[name]
    if family == "decoder-only":
        return LlamaForCausalLM(
            LlamaConfig(
                vocab_size=vocabulary,
                hidden_size=preset.hidden_size,
                num_hidden_layers=preset.layers,
                num_attention_heads=preset.heads,
                num_key_value_heads=preset.heads,
                intermediate_size=preset.intermediate_size,
                max_position_embeddings=CONTEXT,
                tie_word_embeddings=True,
                pad_token_id=pad_id,
                bos_token_id=None,
                eos_token_id=end_id,
            )
        )
    tokens: dict[str, Any] = {"decoder_start_token_id": pad_id, "tie_word_embeddings": True}
    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=vocabulary,
            d_model=preset.hidden_size,
            d_kv=preset.hidden_size // preset.heads,
            d_ff=preset.intermediate_size,
            num_layers=preset.encoder_layers,
            num_decoder_layers=preset.decoder_layers,
            num_heads=preset.heads,
            feed_forward_proj="gated-gelu",
            dropout_rate=0.0,  # as in the other family: few passes, little to forget
            pad_token_id=pad_id,
            eos_token_id=end_id,
            **tokens,
        )
    )
