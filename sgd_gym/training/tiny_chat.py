"""A tiny chat model that learns from scratch what the rules say; knows no server.

It is there to prove the way over an endpoint, not to annotate well. Llama shape, a tokenizer of its own, and
a chat template that shows it the last message only: instructions and examples are longer than what it learns
to read. Training renames things in paths, so that it learns to copy names rather than to recite them.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from sgd_gym.errors import DataError
from sgd_gym.files import write_folder
from sgd_gym.progress import track
from sgd_gym.prompts import END
from sgd_gym.subgoals import annotate, option_indices
from sgd_gym.subgoals.llm_prompt import (
    format_answer,
    gather,
    make_correction,
    make_gap_question,
    make_question,
)
from sgd_gym.trajectories import Episode

USER, ASSISTANT = "<|user|>", "<|assistant|>"
TEMPLATE = (
    "{% for message in messages %}{% if loop.last %}"
    f"{USER}{{{{ message['content'] }}}}{ASSISTANT}"
    "{% endif %}{% endfor %}"
)
GAPS, CORRECTED = 0.15, 0.1
"""Shares of questions for a stretch of a path, and of questions that follow a correction."""
_REASON = "It has no line of the form 'sub-goal: command; command'."


@dataclass(frozen=True)
class TinyChatSettings:
    """Shape and training of the tiny model."""

    hidden_size: int = 128
    """Width."""
    layers: int = 3
    """Number of layers."""
    heads: int = 4
    """Attention heads of a layer."""
    vocabulary: int = 1200
    """Largest number of tokens."""
    context: int = 1024
    """Longest question with its answer, in tokens."""
    steps: int = 1000
    """Updates."""
    batch_size: int = 16
    """Questions of an update."""
    learning_rate: float = 3e-3
    """Of AdamW, at its highest."""
    renamed: float = 0.8
    """Share of questions in which things have other names."""
    seed: int = 0
    """Seed of weights and questions."""


def train_tiny_chat(episodes: Sequence[Episode], out: Path, settings: TinyChatSettings) -> dict[str, Any]:
    """Train a model on what the rules say about paths, and write its folder; return figures.

    Args:
        episodes: Paths of the train split.
        out: Folder to write; `transformers serve` can serve it.
        settings: Shape and training.

    Raises:
        DataError: If there is no path, or one of another split.
    """
    if not episodes or any(episode.split != "train" for episode in episodes):
        raise DataError("The tiny model learns from paths of the train split, and from at least one.")
    import torch

    from sgd_gym.models.tokenizer import learn_tokenizer

    torch.manual_seed(settings.seed)
    draw = random.Random(settings.seed)
    names = sorted({word for episode in episodes for word in _named_words(episode)})

    def draw_pairs(number: int) -> list[tuple[str, str]]:
        return [make_pair(draw.choice(episodes), names, settings.renamed, draw) for _ in range(number)]

    pairs = draw_pairs(1000)
    texts = [text for pair in pairs for text in pair]
    tokenizer = learn_tokenizer(texts, settings.vocabulary, (USER, ASSISTANT))
    tokenizer.chat_template = TEMPLATE
    model = make_model(settings, tokenizer)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.0, weight_decay=0.05)
    model.train()
    losses: list[float] = []
    started = monotonic()
    with track("train the tiny model", settings.steps) as advance:
        for step in range(settings.steps):
            rate = min(1.0, (step + 1) / 50, 2 * (1 - step / settings.steps))
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * rate
            loss = model(**_encode(draw_pairs(settings.batch_size), tokenizer)).loss
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.detach().item())
            advance(1)

    def write(part: Path) -> None:
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)

    write_folder(out, write)
    last = losses[-50:]
    return {
        "parameters": sum(one.numel() for one in model.parameters()),
        "train_paths": len(episodes),
        "examples": settings.steps * settings.batch_size,
        "seconds": round(monotonic() - started, 1),
        "loss": round(sum(last) / len(last), 4),
    }


def make_pair(episode: Episode, names: Sequence[str], renamed: float, draw: random.Random) -> tuple[str, str]:
    """Return a question as the annotator asks it, and what the rules answer.

    Args:
        episode: A path.
        names: Words that may be exchanged for each other.
        renamed: How often that is done.
        draw: Draws all of it.
    """
    commands, subgoals = episode.actions, annotate(episode.actions, episode.seen)
    task = episode.task_description
    if draw.random() < GAPS and len(commands) > 2:
        # Whole sub-goals: what is inside one of them cannot be told from a part of it.
        indices = option_indices(subgoals)
        first = draw.randint(0, indices[-1])
        last = min(indices[-1], first + draw.randint(0, 2))
        chosen = [number for number, index in enumerate(indices) if first <= index <= last]
        commands, subgoals = [commands[one] for one in chosen], [subgoals[one] for one in chosen]
        question = make_gap_question(task, commands)
    else:
        question = make_question(task, commands)
    if draw.random() < CORRECTED:
        question = make_correction(_REASON, question)
    answer = format_answer(gather(commands, subgoals))
    if draw.random() < renamed:
        others = list(names)
        draw.shuffle(others)
        new = dict(zip(names, others, strict=True))

        def rename(text: str) -> str:
            return re.sub(r"[A-Za-z]+", lambda match: new.get(match[0], match[0]), text)

        return rename(question), rename(answer)
    return question, answer


def _named_words(episode: Episode) -> set[str]:
    """Return the words of the things that sub-goals name, but for words that commands are made of."""
    plain = {"door", "to", "in", "on", "the", "thermometer", "stove", "sink", "freezer", "inclined", "plane"}
    found: set[str] = set()
    for subgoal in annotate(episode.actions, episode.seen):
        for argument in subgoal.arguments:
            found.update(re.findall(r"[A-Za-z]+", argument))
    return found - plain


def make_model(settings: TinyChatSettings, tokenizer: Any) -> Any:
    """Return the model with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=settings.hidden_size,
            num_hidden_layers=settings.layers,
            num_attention_heads=settings.heads,
            num_key_value_heads=settings.heads,
            intermediate_size=3 * settings.hidden_size,
            max_position_embeddings=settings.context,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    model.generation_config.do_sample = False
    return model


def _encode(pairs: list[tuple[str, str]], tokenizer: Any) -> dict[str, Any]:
    """Return a padded batch; only answers are learnt."""
    import torch

    questions = [tokenizer.encode(f"{USER}{question}{ASSISTANT}") for question, _ in pairs]
    answers = [tokenizer.encode(f"{answer}{END}") for _, answer in pairs]
    longest = max(len(one) + len(two) for one, two in zip(questions, answers, strict=True))
    ids, labels, mask = [], [], []
    for question, answer in zip(questions, answers, strict=True):
        rest = longest - len(question) - len(answer)
        ids.append(question + answer + [tokenizer.pad_token_id] * rest)
        labels.append([-100] * len(question) + answer + [-100] * rest)
        mask.append([1] * (longest - rest) + [0] * rest)
    return {
        "input_ids": torch.tensor(ids),
        "labels": torch.tensor(labels),
        "attention_mask": torch.tensor(mask),
    }
