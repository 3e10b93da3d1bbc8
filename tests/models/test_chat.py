"""A chat model in a folder answers as a server would."""

from pathlib import Path

import pytest

from sgd_gym.errors import CheckpointError
from sgd_gym.llm.chat import UnansweredError
from sgd_gym.models.chat import LocalChat


def test_a_folder_answers(chat_folder: Path) -> None:
    chat = LocalChat(chat_folder, max_answer=8)
    reply = chat.ask([{"role": "user", "content": "Say something."}])
    assert reply == chat.ask([{"role": "user", "content": "Say something."}])
    assert 1 <= reply.tokens_out <= 8
    assert reply.finish == ("length" if reply.tokens_out == 8 else "stop")
    assert reply.tokens_in > 3
    assert "<|" not in reply.text


def test_a_question_that_is_too_long_is_left_unanswered(chat_folder: Path) -> None:
    with pytest.raises(UnansweredError, match=r"the model takes 256") as failed:
        LocalChat(chat_folder).ask([{"role": "user", "content": "word " * 999}])
    assert not failed.value.passing


def test_a_model_without_a_chat_template_is_refused(checkpoints: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is no chat model.*Fix: "):
        LocalChat(checkpoints / "flat")
