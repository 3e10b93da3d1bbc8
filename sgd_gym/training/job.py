"""What a training is made of: model, rows, objective, dev rows; trains nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from transformers import set_seed

from sgd_gym.errors import DataError
from sgd_gym.models.adapters import add_adapters
from sgd_gym.models.checkpoint import read_meta
from sgd_gym.models.loading import load_pretrained, make_or_load
from sgd_gym.prompts import Role, make_decisions, make_segments
from sgd_gym.training.act_tokens import make_act_tokens
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.evaluation import evaluate
from sgd_gym.training.objectives import Objective, StructuredKD, TokenKD, imitation
from sgd_gym.training.rows import Collator, Row, balance, make_collator, make_rows, mix
from sgd_gym.training.scoring import measure_score
from sgd_gym.training.teacher import Teacher, load_teacher
from sgd_gym.trajectories import Episode, read_episodes

FIGURES: dict[Role, str] = {
    "planner": "subgoal",
    "executor": "command",
    "flat": "command",
    "sage": "advice",
}
"""What a role's exact match counts."""


@dataclass
class Job:
    """One model in training, and what it is trained and evaluated on."""

    roles: list[Role]
    config: TrainConfig
    model: Any
    tokenizer: Any
    collator: Collator
    objective: Objective
    rows: list[Row]
    dev_rows: dict[Role, list[Row]]
    tasks: list[str]
    difficulty: np.ndarray | None
    """Of each row, if the first pass goes from easy to hard."""
    cut: int
    """How many prompts were too long and lost their oldest history."""

    def evaluate(self, model: Any) -> dict[str, float]:
        """Return the dev figures by name, over the roles that the model has."""
        config, figures = self.config, {"loss": 0.0, "match": 0.0}
        for role, rows in self.dev_rows.items():
            found = evaluate(model, rows, self.collator, config.batch_tokens)
            figures["loss"] += found["loss"] / len(self.dev_rows)
            figures["match"] += found["exact_match"] / len(self.dev_rows)
            figures[f"exact_{FIGURES[role]}"] = found["exact_match"]
        if config.select == "score":
            figures["score"] = self._score(model)
        return figures

    def _score(self, model: Any) -> float:
        """Return the dev score, which the first process measures for all."""
        found = [0.0]
        if PartialState().is_main_process:
            found = [measure_score(model, self.tokenizer, self.roles, self.config, self.tasks)]
        return float(broadcast_object_list(found)[0])


def make_job(
    roles: list[Role], config: TrainConfig, train_episodes: list[Episode], dev_episodes: list[Episode]
) -> Job:
    """Return a model as training begins with it, and all that it needs.

    Raises:
        DataError: If the episodes have no sub-goals that the roles need, or no spans.
        CheckpointError: If `init` or `teacher` is no fit checkpoint.
        SgdGymError: If the model cannot be loaded.
    """
    # Numbers below 1e-38, which trained encoder-decoder models make, halve a processor's speed (LOG.md).
    # This holds for the thread and those that torch starts from here on.
    torch.set_flush_denormal(True)
    set_seed(config.seed)
    model, tokenizer = _make_model(config, train_episodes, roles)
    learnt = make_rows(
        balance(train_episodes, config.tellings), roles, model, tokenizer, config.context_weight
    )
    collator, rows, cut = make_collator(model, tokenizer), learnt.rows, learnt.cut
    few = _first_of_each_task(dev_episodes, config.dev_variations)
    dev_rows = {one: make_rows(few, [one], model, tokenizer, 0.0).rows for one in roles}
    teacher = None
    if config.teacher is not None and (config.objective != "imitation" or config.curriculum):
        teacher = load_teacher(config.teacher, roles, model, tokenizer)
    if config.played is not None:
        found = make_rows(read_episodes(config.played), roles, model, tokenizer, 0.0)
        rows, cut = mix(rows, found.rows, config.played_share), cut + found.cut
    if teacher and config.teacher and config.beliefs:
        beside = config.teacher.with_name(f"{config.teacher.name}-beliefs")
        rows = teacher.keep_beliefs(rows, collator, config.beliefs, config.batch_tokens, beside)
    difficulty = None
    if teacher and config.curriculum:
        difficulty = teacher.measure_difficulty(rows, collator, config.batch_tokens)
    objective = _make_objective(config, teacher, tokenizer, rows)
    tasks = sorted({one.task for one in train_episodes})
    return Job(roles, config, model, tokenizer, collator, objective, rows, dev_rows, tasks, difficulty, cut)


def _make_model(config: TrainConfig, episodes: list[Episode], roles: Sequence[Role]) -> tuple[Any, Any]:
    """Return the model that training begins with, and its tokenizer, which a preset learns here."""
    if config.init is not None:
        read_meta(config.init)
        model, tokenizer = load_pretrained(config.init)
    else:

        def texts() -> list[str]:
            if config.family == "encoder-decoder":
                decisions = (one for episode in episodes for one in make_decisions(episode, roles))
                return [text for one in decisions for text in (one.window.ask(one.kind), one.answer)]
            return [segment.text for episode in episodes for segment in make_segments(episode, roles)]

        shared = None
        if config.teacher is not None:
            read_meta(config.teacher)
            _, shared = load_pretrained(config.teacher)
        model, tokenizer = make_or_load(config.model, config.family, texts, shared)
    return (add_adapters(model, config.lora) if config.lora else model), tokenizer


def _make_objective(
    config: TrainConfig, teacher: Teacher | None, tokenizer: Any, rows: Sequence[Row]
) -> Objective:
    """Return what is minimised.

    Raises:
        DataError: If spans are asked for and the rows have none.
    """
    if teacher is None or config.objective == "imitation":
        return imitation
    if config.objective == "token-kd":
        return TokenKD(teacher)
    if not any(row.spans.any() for row in rows):
        raise DataError(
            "The transcripts have no spans of sub-goals or commands. "
            "Fix: --objective token-kd or imitation; a sage writes both as one text."
        )
    return StructuredKD(
        teacher,
        make_act_tokens(tokenizer, rows),
        *(config.reason_weight, config.act_weight, config.label_weight, config.masks),
    )


def _first_of_each_task(episodes: list[Episode], count: int) -> list[Episode]:
    by_task = groupby(sorted(episodes, key=lambda one: one.task), key=lambda one: one.task)
    return [one for _, group in by_task for one in list(group)[:count]]
