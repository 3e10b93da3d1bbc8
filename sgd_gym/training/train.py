"""Train a planner, an executor, both in one, or a flat model on annotated episodes.

What a model learns from are prompts of recorded episodes, what training leaves is a checkpoint folder. Until
that is written, the state of training stands in a folder beside it, from which a killed run goes on.
"""

import json
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from torch.utils.tensorboard import SummaryWriter
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    TrainingArguments,
    get_cosine_schedule_with_warmup,
    set_seed,
)
from transformers.integrations.integration_utils import TensorBoardCallback

from sgd_gym.envs.tasks import get_tasks
from sgd_gym.errors import SgdGymError
from sgd_gym.files import write_json
from sgd_gym.models.adapters import add_adapters, merge_adapters
from sgd_gym.models.checkpoint import META_FILE, CheckpointMeta, push_checkpoint, read_meta, save_checkpoint
from sgd_gym.models.loading import family_of, load_pretrained, make_or_load
from sgd_gym.progress import track
from sgd_gym.prompts import Role, make_decisions, make_segments
from sgd_gym.training.batches import TokenBatches
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.evaluation import evaluate
from sgd_gym.training.objectives import make_objective
from sgd_gym.training.optimizer import MuonAdamW
from sgd_gym.training.rows import Collator, Row, balance, data_hash, make_collator, make_rows, select
from sgd_gym.training.scoring import measure_score
from sgd_gym.training.trainer import LOG_EVERY, ProgressCallback, TokenTrainer, find_state
from sgd_gym.trajectories import Episode, read_episodes

FIGURES: dict[Role, str] = {"planner": "subgoal", "executor": "command", "flat": "command"}
"""What a role's exact match counts."""


@dataclass
class _Job:
    """One model in training, and what it is trained and evaluated on."""

    roles: list[Role]
    config: TrainConfig
    model: Any
    tokenizer: Any
    collator: Collator
    rows: list[Row]
    dev_rows: dict[Role, list[Row]]
    tasks: list[str]

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


def train(role: str, config: TrainConfig) -> CheckpointMeta:
    """Train one model; a checkpoint that the same data and settings already made is kept.

    Under `torchrun` or `accelerate launch`, all processes share each batch and the first one writes.

    Raises:
        UnknownNameError: If role, objective or a task does not exist.
        DataError: If the data has no rows for a task, or no sub-goals.
        CheckpointError: If `init` or `partner` is no fit checkpoint.
        SgdGymError: If a setting makes no sense, the model cannot be loaded, the loss is not a number, or a
            state of training cannot be written or belongs to other settings.
    """
    config.check(role)
    roles = config.roles(role)
    tasks = None if config.tasks is None else [task.name for task in get_tasks(config.tasks)]
    episodes = read_episodes(config.data)
    train_episodes, dev_episodes = (select(episodes, split, tasks) for split in ("train", "dev"))
    fingerprint = data_hash(train_episodes)
    if (config.out / META_FILE).exists():
        meta = read_meta(config.out, role)
        if (meta.data_hash, meta.settings) == (fingerprint, config.settings):
            return meta
    set_seed(config.seed)
    model, tokenizer = make_model(config, train_episodes, roles)
    learnt = make_rows(balance(train_episodes), roles, model, tokenizer, config.context_weight)
    few = _first_of_each_task(dev_episodes, config.dev_variations)
    dev_rows = {one: make_rows(few, [one], model, tokenizer, 0.0).rows for one in roles}
    names = sorted({one.task for one in train_episodes})
    job = _Job(roles, config, model, tokenizer, make_collator(model, tokenizer), learnt.rows, dev_rows, names)
    state = config.out.with_name(f"{config.out.name}.training")
    trainer = _fit(job, state, {"data_hash": fingerprint, "settings": config.settings})
    if config.lora:
        job.model = merge_adapters(job.model)
    job.model.to("cpu")
    meta = CheckpointMeta(
        roles=list(roles),
        model=str(config.init or config.model),
        family=family_of(job.model),
        data_hash=fingerprint,
        tasks=names,
        settings=config.settings,
        command=shlex.join(["sgd-gym", *sys.argv[1:]]),
        scores=job.evaluate(job.model) | {"prompts_cut": float(learnt.cut)},
    )
    if trainer.is_world_process_zero():
        save_checkpoint(config.out, job.model, tokenizer, meta)
        shutil.rmtree(state)
        if config.push_to_hub:
            push_checkpoint(config.out, config.push_to_hub)
    return meta


def make_model(config: TrainConfig, episodes: list[Episode], roles: Sequence[Role]) -> tuple[Any, Any]:
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

        model, tokenizer = make_or_load(config.model, config.family, texts)
    return (add_adapters(model, config.lora) if config.lora else model), tokenizer


def _first_of_each_task(episodes: list[Episode], count: int) -> list[Episode]:
    by_task = groupby(sorted(episodes, key=lambda one: one.task), key=lambda one: one.task)
    return [one for _, group in by_task for one in list(group)[:count]]


def _fit(job: _Job, state: Path, made_with: dict[str, Any]) -> TokenTrainer:
    """Train the model of a job; it ends with the weights that are chosen."""
    config = job.config

    def make_batches(process: int, processes: int) -> TokenBatches:
        return TokenBatches(
            [len(row) for row in job.rows],
            *(config.epochs, config.batch_tokens * processes, config.seed, process, processes),
        )

    args = _arguments(job, state)
    steps = len(make_batches(args.process_index, args.world_size))
    between = max(LOG_EVERY, steps // config.evals // LOG_EVERY * LOG_EVERY)
    args.eval_steps = args.save_steps = between
    optimizer: torch.optim.Optimizer
    if config.from_scratch:
        optimizer = MuonAdamW(job.model, config.peak_learning_rate, weight_decay=0.01)
    else:
        trained = [one for one in job.model.parameters() if one.requires_grad]
        optimizer = torch.optim.AdamW(trained, lr=config.peak_learning_rate, weight_decay=0.01)
    first = args.process_index == 0
    if first:
        _claim(state, made_with)
    resume = find_state(state, delete=first)
    done = 0 if resume is None else int(resume.name.rpartition("-")[2])
    with track(f"train {' and '.join(job.roles)}", steps, done) as advance:
        trainer = TokenTrainer(
            job.model,
            args,
            job.rows,
            job.collator,
            make_batches,
            make_objective(config.objective),
            job.evaluate,
            callbacks=[ProgressCallback(advance)] if first else [],
            optimizers=(optimizer, get_cosine_schedule_with_warmup(optimizer, max(1, steps // 20), steps)),
        )
        trainer.remove_callback(PrinterCallback)
        if config.tensorboard is not None and first:
            trainer.add_callback(TensorBoardCallback(SummaryWriter(str(config.tensorboard))))
        if config.patience is not None:
            trainer.add_callback(EarlyStoppingCallback(config.patience))
        trainer.train(resume_from_checkpoint=None if resume is None else str(resume))
    if not all(bool(torch.isfinite(parameter).all()) for parameter in job.model.parameters()):
        raise SgdGymError(
            f"Training gave weights that are not numbers. "
            f"Fix: a lower learning rate than {config.peak_learning_rate:g}."
        )
    return trainer


def _arguments(job: _Job, state: Path) -> TrainingArguments:
    gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(state),
        num_train_epochs=1,  # the batches of all passes are one plan
        learning_rate=job.config.peak_learning_rate,
        seed=job.config.seed,
        eval_strategy="steps",
        save_strategy="steps",
        save_total_limit=2,  # the best and the last
        load_best_model_at_end=True,
        metric_for_best_model=f"eval_{job.config.select}",
        greater_is_better=job.config.select != "loss",
        restore_callback_states_from_checkpoint=True,
        logging_steps=LOG_EVERY,
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        use_cpu=not gpu,
        bf16=gpu,
        torch_compile=gpu and job.config.compile,
        dataloader_pin_memory=False,
    )


def _claim(state: Path, made_with: dict[str, Any]) -> None:
    """Note in the folder of the training state what it is of.

    Raises:
        SgdGymError: If it is of something else.
    """
    note = state / "made_with.json"
    if note.exists():
        found = json.loads(note.read_text(encoding="utf-8"))
        if found != json.loads(json.dumps(made_with)):
            before, now = found["settings"], made_with["settings"]
            changed = [
                f"{one} {before.get(one)!r}, now {now[one]!r}" for one in now if now[one] != before.get(one)
            ]
            raise SgdGymError(
                f"{state} holds a training that has not ended, of other settings or data "
                f"({'; '.join(changed) or 'other episodes'}). "
                f"Fix: go on with the settings it has, name another --out folder, or delete that folder."
            )
    write_json(note, made_with)
