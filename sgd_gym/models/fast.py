"""Encoder-decoder models through CTranslate2, faster on a CPU than torch; an extra ("fast")."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sgd_gym.errors import SgdGymError
from sgd_gym.models.beams import Found
from sgd_gym.models.decoding import Allowed, Decoding
from sgd_gym.models.windows import WindowWriter
from sgd_gym.models.writer import Written
from sgd_gym.prompts import Ask

FORMATS = ("float32", "int8")


class FastWriter(WindowWriter):
    """Writes what `WindowWriter` writes; what is bounded by a tree, torch writes here, too."""

    def __init__(
        self, model: Any, tokenizer: Any, decoding: Decoding | None = None, number_format: str = "float32"
    ):
        """Convert a model.

        Args:
            model: An encoder-decoder model of transformers.
            tokenizer: Its tokenizer.
            decoding: How to choose; greedily if not given.
            number_format: "float32", or "int8" for smaller and faster weights that write nearly the same.

        Raises:
            SgdGymError: If ctranslate2 is not installed or cannot take the model.
        """
        super().__init__(model, tokenizer, decoding)
        self._translator = _convert(model, tokenizer, number_format)

    def _write(self, slots: Sequence[int], kind: Ask, allowed: Sequence[Allowed]) -> list[Written]:
        events: dict[int, Written] = {}
        free = [number for number, may in enumerate(allowed) if may.tree is None]
        bounded = [number for number, may in enumerate(allowed) if may.tree is not None]
        if bounded:
            own = super()._write([slots[one] for one in bounded], kind, [allowed[one] for one in bounded])
            events.update(zip(bounded, own, strict=True))
        if free:
            own_slots = [slots[one] for one in free]
            found = self._search(own_slots, kind, 1, [allowed[one] for one in free])
            for number, slot, texts in zip(free, own_slots, found, strict=True):
                events[number] = self._event(slot, kind, texts[0].tokens)
                self._windows[slot].read(events[number])
        return [events[number] for number in range(len(slots))]

    def _search(
        self, slots: Sequence[int], kind: Ask, count: int, allowed: Sequence[Allowed]
    ) -> list[list[Found]]:
        if any(may.tree is not None for may in allowed):
            return super()._search(slots, kind, count, allowed)
        if self.decoding.method == "sample":
            raise SgdGymError("Samples are drawn by torch alone. Fix: greedy or beam, or without --fast.")
        prompts = self._prompts(slots, kind)
        found: list[list[Found]] = [[] for _ in slots]
        for done in (True, False):
            own = [number for number, may in enumerate(allowed) if may.done == done]
            if own:
                texts = self._translate([prompts[one] for one in own], kind, count, done)
                for number, one in zip(own, texts, strict=True):
                    found[number] = one
        for slot, prompt, own_texts in zip(slots, prompts, found, strict=True):
            self.counts[slot].tokens += len(prompt) + sum(len(one.tokens) for one in own_texts)
        return found

    def _translate(
        self, prompts: Sequence[list[int]], kind: Ask, count: int, done: bool
    ) -> list[list[Found]]:
        words = self.tokenizer.convert_ids_to_tokens
        ends = words([self._end, self._done])
        results = self._translator.translate_batch(
            [words(prompt) for prompt in prompts],
            beam_size=count,
            num_hypotheses=count,
            max_decoding_length=self._longest(kind),
            max_input_length=0,
            suppress_sequences=None if done else [[ends[1]]],
            end_token=ends,
            return_end_token=True,
            return_scores=True,
        )
        ids = self.tokenizer.convert_tokens_to_ids
        return [
            [Found(ids(text), score) for text, score in zip(one.hypotheses, one.scores, strict=True)]
            for one in results
        ]


def _convert(model: Any, tokenizer: Any, number_format: str) -> Any:
    """Return a translator that holds the weights of a model."""
    try:
        import ctranslate2
    except ImportError as error:
        raise SgdGymError("--fast needs ctranslate2. Fix: pip install 'sgd-gym[fast]'.") from error
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        model.save_pretrained(folder)
        _save_tokenizer(tokenizer, folder)
        try:
            converter = ctranslate2.converters.TransformersConverter(str(folder))
            converted = converter.convert(str(Path(scratch) / "converted"), quantization=number_format)
            return ctranslate2.Translator(converted, device="cpu", compute_type=number_format)
        except (ValueError, RuntimeError, KeyError) as error:
            raise SgdGymError(
                f"CTranslate2 cannot take this model: {str(error).splitlines()[0]}. Fix: without --fast."
            ) from error


def _save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Save a tokenizer, with names for the special tokens that CTranslate2 asks for and T5 does without."""
    before = tokenizer.bos_token, tokenizer.unk_token
    tokenizer.bos_token = before[0] or tokenizer.pad_token
    tokenizer.unk_token = before[1] or tokenizer.pad_token
    try:
        tokenizer.save_pretrained(folder)
    finally:
        tokenizer.bos_token, tokenizer.unk_token = before
