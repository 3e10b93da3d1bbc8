"""Train a planner, an executor, both in one, a flat model or a sage on annotated episodes.

What a model learns from are prompts of recorded episodes, what training leaves is a checkpoint folder. Until
that is written, the state of training stands in a folder beside it, from which a killed run goes on.
"""

import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from torch.utils.tensorboard import SummaryWriter
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    TrainingArguments,
    get_cosine_with_min_lr_schedule_with_warmup,
)
from transformers.integrations.integration_utils import TensorBoardCallback

from sgd_gym.envs.tasks import get_tasks
from sgd_gym.errors import SgdGymError
from sgd_gym.files import write_json
from sgd_gym.models.adapters import merge_adapters
from sgd_gym.models.checkpoint import META_FILE, CheckpointMeta, push_checkpoint, read_meta, save_checkpoint
from sgd_gym.models.loading import family_of
from sgd_gym.progress import track
from sgd_gym.training.averaging import LAST_RATE, WeightAverage
from sgd_gym.training.batches import TokenBatches
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.job import Job, make_job
from sgd_gym.training.optimizer import MuonAdamW
from sgd_gym.training.rows import data_hash, select, thin
from sgd_gym.training.trainer import LOG_EVERY, ProgressCallback, TokenTrainer, find_state
from sgd_gym.trajectories import read_episodes


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
    train_episodes = thin(select(episodes, "train", tasks), config.fraction)
    dev_episodes = select(read_episodes(config.dev_data) if config.dev_data else episodes, "dev", tasks)
    fingerprint = data_hash(train_episodes)
    if (config.out / META_FILE).exists():
        meta = read_meta(config.out, role)
        if (meta.data_hash, meta.settings) == (fingerprint, config.settings):
            return meta
    job = make_job(roles, config, train_episodes, dev_episodes)
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
        tasks=job.tasks,
        settings=config.settings,
        command=shlex.join(["sgd-gym", *sys.argv[1:]]),
        scores=job.evaluate(job.model) | {"prompts_cut": float(job.cut)},
    )
    if trainer.is_world_process_zero():
        save_checkpoint(config.out, job.model, job.tokenizer, meta)
        shutil.rmtree(state)
        if config.push_to_hub:
            push_checkpoint(config.out, config.push_to_hub)
    return meta


def _fit(job: Job, state: Path, made_with: dict[str, Any]) -> TokenTrainer:
    """Train the model of a job; it ends with the weights that are chosen."""
    config = job.config

    def make_batches(process: int, processes: int) -> TokenBatches:
        return TokenBatches(
            [len(row) for row in job.rows],
            *(config.epochs / config.tellings, config.batch_tokens * processes),
            *(config.seed, process, processes),
            difficulty=job.difficulty,
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
    schedule = get_cosine_with_min_lr_schedule_with_warmup(
        optimizer, max(1, steps // 20), steps, min_lr_rate=LAST_RATE if config.average else 0.0
    )
    average = WeightAverage(job.model, round((1 - config.average) * steps))
    first = args.process_index == 0
    if first:
        _claim(state, made_with)
    resume = find_state(state, delete=first)
    done = 0 if resume is None else int(resume.name.rpartition("-")[2])
    if resume is not None:
        average.load(resume, done)
    with track(f"train {' and '.join(job.roles)}", steps, done) as advance:
        trainer = TokenTrainer(
            job.model,
            args,
            job.rows,
            job.collator,
            make_batches,
            job.objective,
            job.evaluate,
            average,
            callbacks=[ProgressCallback(advance)] if first else [],
            optimizers=(optimizer, schedule),
        )
        trainer.remove_callback(PrinterCallback)
        if config.tensorboard is not None and first:
            trainer.add_callback(TensorBoardCallback(SummaryWriter(str(config.tensorboard))))
        if config.patience is not None:
            trainer.add_callback(EarlyStoppingCallback(config.patience))
        trainer.train(resume_from_checkpoint=None if resume is None else str(resume))
        trainer.accelerator.unwrap_model(job.model, keep_fp32_wrapper=False)  # it computes in float32 again
    average.apply()
    if not all(bool(torch.isfinite(parameter).all()) for parameter in job.model.parameters()):
        raise SgdGymError(
            f"Training gave weights that are not numbers. "
            f"Fix: a lower learning rate than {config.peak_learning_rate:g}."
        )
    return trainer


def _arguments(job: Job, state: Path) -> TrainingArguments:
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
        bf16=job.config.uses_bfloat16,
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
