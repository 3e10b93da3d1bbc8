"""A chat model on this machine, in place of a server: any causal model's folder with a chat template."""

import hashlib
import json
import threading
from pathlib import Path

from sgd_gym.errors import CheckpointError
from sgd_gym.llm.chat import Message, Reply, UnansweredError
from sgd_gym.models.loading import family_of, load_files
from sgd_gym.models.presets import CONTEXT

MAX_ANSWER = 512
"""Longest answer, in tokens."""


class LocalChat:
    """Answers conversations greedily, one at a time."""

    def __init__(self, folder: Path, max_answer: int = MAX_ANSWER):
        """Load the model.

        Args:
            folder: A Hugging Face folder of a causal model and its tokenizer.
            max_answer: Longest answer, in tokens.

        Raises:
            SgdGymError: If it cannot be loaded.
            CheckpointError: If it is no chat model.
        """
        model, self._tokenizer = load_files(folder)
        self._model, self._max_answer = model.eval(), max_answer
        self._context = int(getattr(model.config, "max_position_embeddings", CONTEXT))
        self._lock = threading.Lock()
        if family_of(model) != "decoder-only" or not self._tokenizer.chat_template:
            raise CheckpointError(
                f"{folder} is no chat model: it needs a causal model and a tokenizer with a chat template. "
                f"Fix: name a folder that has both."
            )

    def ask(self, messages: list[Message]) -> Reply:
        """Return the answer to a conversation.

        Raises:
            UnansweredError: If the conversation is longer than the model takes.
        """
        with self._lock:
            read = self._tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
            ).to(self._model.device)
            length = read["input_ids"].shape[1]
            room = min(self._max_answer, self._context - length)
            if room < 1:
                raise UnansweredError(
                    f"the question has {length} tokens, the model takes {self._context}", passing=False
                )
            written = self._model.generate(
                input_ids=read["input_ids"],
                attention_mask=read["attention_mask"],
                max_new_tokens=room,
                do_sample=False,
                pad_token_id=self._tokenizer.eos_token_id,
            )[0, length:]
        text = str(self._tokenizer.decode(written, skip_special_tokens=True))
        finish = "length" if len(written) == room else "stop"
        key = hashlib.sha256(json.dumps(messages).encode()).hexdigest()
        return Reply(key, text, finish, length, len(written), False)
