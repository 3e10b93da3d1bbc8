"""Train a planner, an executor or a flat model from scratch on annotated episodes.

Knows no simulator: what it learns from are transcripts, what it leaves is a checkpoint folder.
"""

import shlex
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch.utils.tensorboard import SummaryWriter
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    get_cosine_schedule_with_warmup,
    set_seed,
)
from transformers.integrations.integration_utils import TensorBoardCallback

from sgd_gym.envs.tasks import get_tasks
from sgd_gym.errors import SgdGymError, UnknownNameError
from sgd_gym.models.checkpoint import META_FILE, CheckpointMeta, read_meta, save_checkpoint
from sgd_gym.models.presets import PRESETS, make_model
from sgd_gym.models.tokenizer import learn_tokenizer
from sgd_gym.progress import track
from sgd_gym.prompts import ROLES, transcript
from sgd_gym.training.optimizer import MuonAdamW
from sgd_gym.training.rows import Row, balance, data_hash, encode, select
from sgd_gym.trajectories import read_episodes


@dataclass
class TrainConfig:
    """Train a model from scratch on annotated episodes."""

    out: Path
    """Checkpoint folder to write."""
    data: Path = Path("data/annotated")
    """Annotated episodes: a parquet file or a folder of them."""
    tasks: list[str] | None = None
    """Train on these tasks only; all that the data holds if not given."""
    preset: str = "nano"
    """Size of the model."""
    epochs: int = 10
    """Passes over the (balanced) train episodes."""
    batch_size: int = 4
    """Episodes in one step."""
    learning_rate: float = 3e-3
    """Peak of the learning rate; 5 % linear warm-up, then cosine to zero."""
    context_weight: float = 0.3
    """Weight of the loss on text that is read rather than written."""
    seed: int = 0
    """Seed of weights and order."""
    tensorboard: Path | None = None
    """Folder for TensorBoard events; none if not given."""


class WeightedTrainer(Trainer):
    """The Hugging Face trainer with a weight for each token's loss."""

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> torch.Tensor:
        """Return the weighted mean of the tokens' cross-entropies."""
        loss, weight, _ = _token_losses(model, inputs)
        return (loss * weight).sum() / weight.sum()


class _Progress(TrainerCallback):
    """Forward the trainer's steps to our progress bar."""

    def __init__(self, advance: Any):
        self._advance = advance

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._advance(1)


def train(role: str, config: TrainConfig) -> CheckpointMeta:
    """Train one model; a checkpoint that the same data and settings already made is kept.

    Raises:
        UnknownNameError: If role, preset or a task does not exist.
        DataError: If the data has no rows for a task, or no sub-goals.
        SgdGymError: If a setting makes no sense, or the loss is not a number.
    """
    if role not in ROLES:
        raise UnknownNameError("role", role, ROLES)
    if config.preset not in PRESETS:
        raise UnknownNameError("preset", config.preset, PRESETS)
    for name in ("epochs", "batch_size", "learning_rate"):
        if getattr(config, name) <= 0:
            raise SgdGymError(f"{name} is {getattr(config, name)}. Allowed: above 0.")
    tasks = None if config.tasks is None else [task.name for task in get_tasks(config.tasks)]
    episodes = read_episodes(config.data)
    train_episodes, dev_episodes = (select(episodes, split, tasks) for split in ("train", "dev"))

    settings = {
        name: value for name, value in vars(config).items() if name not in ("out", "data", "tensorboard")
    }
    fingerprint = data_hash(train_episodes)
    if (config.out / META_FILE).exists():
        meta = read_meta(config.out, role)
        if (meta.data_hash, meta.settings) == (fingerprint, settings):
            return meta
    set_seed(config.seed)
    tokenizer = learn_tokenizer(
        (segment.text for episode in train_episodes for segment in transcript(episode, role)),
        PRESETS[config.preset].vocabulary,
    )
    model = make_model(config.preset, len(tokenizer), tokenizer.pad_token_id, tokenizer.eos_token_id)
    rows = [encode(one, role, tokenizer, config.context_weight) for one in balance(train_episodes)]
    _fit(model, rows, config, tokenizer.pad_token_id, role)
    dev_rows = [encode(one, role, tokenizer, 0.0) for one in dev_episodes]
    scores = evaluate(model, dev_rows, tokenizer.pad_token_id, config.batch_size)
    meta = CheckpointMeta(
        role=role,
        preset=config.preset,
        data_hash=fingerprint,
        tasks=sorted({one.task for one in train_episodes}),
        settings=settings,
        command=shlex.join(["sgd-gym", *sys.argv[1:]]),
        scores=scores,
    )
    save_checkpoint(config.out, model, tokenizer, meta)
    return meta


def evaluate(model: Any, rows: list[Row], pad_id: int, batch_size: int) -> dict[str, float]:
    """Return the loss on targets and the share of targets written exactly, reading the true text before."""
    model.eval()
    total, weight_sum, exact, spans = 0.0, 0.0, 0, 0
    with torch.inference_mode():
        for start in range(0, len(rows), batch_size):
            batch = collate(rows[start : start + batch_size], pad_id)
            losses, weights, right = _token_losses(model, batch)
            total += float((losses * weights).sum())
            weight_sum += float(weights.sum())
            hits = iter(right.tolist())
            for row in rows[start : start + batch_size]:
                for span in _spans(row["weights"]):
                    exact += all([next(hits) for _ in range(span)])
                    spans += 1
    return {"loss": total / weight_sum, "exact_match": exact / spans}


def collate(rows: list[Row], pad_id: int) -> dict[str, torch.Tensor]:
    """Pad rows on the right: `input_ids` and `weights`, each (batch, longest)."""
    longest = max(len(row["input_ids"]) for row in rows)
    ids = torch.full((len(rows), longest), pad_id)
    weights = torch.zeros(len(rows), longest)
    for number, row in enumerate(rows):
        ids[number, : len(row["input_ids"])] = torch.tensor(row["input_ids"])
        weights[number, : len(row["weights"])] = torch.tensor(row["weights"])
    return {"input_ids": ids, "weights": weights}


def _token_losses(
    model: Any, inputs: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return loss, weight and correctness of every token that has a weight, each (tokens,).

    Padding stands on the right, where causal attention never looks, so no mask is needed. Logits are made
    for weighted tokens alone, which are few when only targets count.
    """
    hidden = model.model(input_ids=inputs["input_ids"]).last_hidden_state[:, :-1]
    weights = inputs["weights"][:, 1:]
    chosen = weights > 0
    logits = model.lm_head(hidden[chosen]).float()
    targets = inputs["input_ids"][:, 1:][chosen]
    losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    return losses, weights[chosen], logits.argmax(-1) == targets


def _spans(weights: list[float]) -> list[int]:
    """Return the lengths of the runs of weighted tokens."""
    lengths = [0]
    for weight in weights:
        if weight > 0:
            lengths[-1] += 1
        elif lengths[-1]:
            lengths.append(0)
    return [length for length in lengths if length]


def _fit(model: Any, rows: list[Row], config: TrainConfig, pad_id: int, role: str) -> None:
    steps = -(-len(rows) // config.batch_size) * config.epochs
    optimizer = MuonAdamW(model, config.learning_rate, weight_decay=0.01)
    callbacks: list[TrainerCallback] = []
    if config.tensorboard is not None:
        callbacks.append(TensorBoardCallback(SummaryWriter(str(config.tensorboard))))
    with tempfile.TemporaryDirectory() as scratch, track(f"train {role}", steps) as advance:
        trainer = WeightedTrainer(
            model=model,
            args=TrainingArguments(
                output_dir=scratch,
                num_train_epochs=config.epochs,
                per_device_train_batch_size=config.batch_size,
                train_sampling_strategy="group_by_length",
                seed=config.seed,
                save_strategy="no",
                logging_steps=10,
                report_to="none",
                disable_tqdm=True,
                remove_unused_columns=False,
                use_cpu=not torch.cuda.is_available(),
                dataloader_pin_memory=False,
            ),
            train_dataset=cast(Any, rows),
            data_collator=lambda batch: collate(batch, pad_id),
            callbacks=[*callbacks, _Progress(advance)],
            optimizers=(
                optimizer,
                get_cosine_schedule_with_warmup(optimizer, max(1, steps // 20), steps),
            ),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    if not all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters()):
        raise SgdGymError(
            f"Training the {role} gave weights that are not numbers. "
            f"Fix: a lower learning rate than {config.learning_rate}."
        )
    model.to("cpu")
