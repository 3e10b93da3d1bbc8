"""Learn a tokenizer from transcripts; knows no model."""

from collections.abc import Iterable, Sequence

from transformers import PreTrainedTokenizerFast

from sgd_gym.prompts import END, TRANSCRIPT_TOKENS

PAD = "<|pad|>"


def learn_tokenizer(
    texts: Iterable[str],
    vocabulary: int,
    special_tokens: Sequence[str] = TRANSCRIPT_TOKENS,
) -> PreTrainedTokenizerFast:
    """Learn a byte-level BPE, so that no text is unknown; digits stand alone, so that numbers compare.

    Args:
        texts: Transcript segments of the train split.
        vocabulary: Largest number of tokens.
        special_tokens: What else is one token and never cut, beside padding and the end of what is written;
            those of transcripts by default.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(dict.fromkeys([PAD, *special_tokens, END])),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=list(special_tokens),
        clean_up_tokenization_spaces=False,
    )
