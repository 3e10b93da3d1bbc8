"""Learn a tokenizer from transcripts; knows no model."""

from collections.abc import Iterable, Sequence

from transformers import PreTrainedTokenizerFast

from sgd_gym.prompts import END, SPECIAL_TOKENS

PAD = "<|pad|>"


def learn_tokenizer(
    texts: Iterable[str],
    vocabulary: int,
    special_tokens: Sequence[str] = SPECIAL_TOKENS,
    end: str = END,
) -> PreTrainedTokenizerFast:
    """Learn a byte-level BPE, so that no text is unknown; digits stand alone, so that numbers compare.

    Args:
        texts: Transcript segments of the train split.
        vocabulary: Largest number of tokens.
        special_tokens: What is one token and never cut, `end` among them; those of transcripts by default.
        end: The token that ends what a model writes.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, *special_tokens],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=end,
        additional_special_tokens=list(special_tokens),
        clean_up_tokenization_spaces=False,
    )
