"""How fast training goes: beside the bare Hugging Face trainer, and what one pass over the train split costs.

Both train the same model on the same rows for the same time, in turns. The bare one pads every row to the
longest, as a fixed length does; what counts are the tokens that are no padding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, cast

import numpy as np
import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from sgd_gym.benchmarks.figures import Figure, check_bars, write_figures
from sgd_gym.envs.tasks import get_tasks
from sgd_gym.progress import track
from sgd_gym.provenance import describe_run
from sgd_gym.training.batches import TokenBatches
from sgd_gym.training.config import TrainConfig
from sgd_gym.training.job import make_job
from sgd_gym.training.objectives import IGNORED, Objective, imitation
from sgd_gym.training.optimizer import MuonAdamW
from sgd_gym.training.rows import Collator, Row, make_collator, make_rows, select, thin
from sgd_gym.training.trainer import TokenTrainer
from sgd_gym.trajectories import read_episodes

PEAK_FLOPS = {"H100": 989e12, "H200": 989e12, "A100": 312e12}
"""Dense bfloat16 operations a second, by what a GPU's name holds; from the vendor's data sheets."""


@dataclass
class TrainSpeedConfig:
    """Measure tokens a second of training, and the cost of one pass over the train split."""

    data: Path = Path("data/annotated")
    """Annotated episodes."""
    tasks: list[str] = field(default_factory=lambda: ["all"])
    """Task names or ids, or "all"."""
    model: str = "nano"
    """Preset."""
    families: list[str] = field(default_factory=lambda: ["decoder-only", "encoder-decoder"])
    """Families to measure."""
    rounds: int = 3
    """How often the two trainers take turns."""
    seconds: float = 60.0
    """How long each trains in a round."""
    out: Path = Path("runs/train")
    """Folder for train.json and train.md."""


def measure_training(config: TrainSpeedConfig) -> list[Figure]:
    """Measure, write train.json and train.md, and return the figures.

    Raises:
        DataError: If the data has no train episode of a task.
        SgdGymError: If a bar is missed; the files are written first.
    """
    tasks = [task.name for task in get_tasks(config.tasks)]
    episodes = select(read_episodes(config.data), "train", tasks)
    figures: list[Figure] = []
    for family in config.families:
        settings = TrainConfig(config.out, model=config.model, family=cast(Any, family))
        job = make_job(["executor"], settings, episodes, [])
        model, tokenizer = job.model, job.tokenizer
        rows = make_rows(episodes, ["executor"], model, tokenizer, settings.context_weight).rows
        collator = make_collator(model, tokenizer)
        paces: dict[str, list[float]] = {"token batches": [], "fixed padding": []}
        with track(f"train {family}", config.rounds * len(paces)) as advance:
            for _ in range(config.rounds):
                for name, trainer in (("token batches", _make_ours), ("fixed padding", _make_bare)):
                    paces[name].append(_pace(trainer, model, rows, collator, settings, config.seconds))
                    advance(1)
        figures += _figures(family, model, rows, paces, config)
    write_figures(config.out, "train", figures, describe_run(config))
    check_bars(figures, config.out / "train.md")
    return figures


def measure_pace(role: str, settings: TrainConfig, seconds: float) -> tuple[float, int]:
    """Return tokens a second of a training with these settings, and the tokens of one of its passes."""
    episodes = thin(select(read_episodes(settings.data), "train", settings.tasks), settings.fraction)
    job = make_job(settings.roles(role), settings, episodes, [])
    make = partial(_make_ours, objective=job.objective)
    pace = _pace(make, job.model, job.rows, job.collator, settings, seconds)
    return pace, sum(map(len, job.rows)) // settings.tellings


class _Count:
    """A collator that counts the tokens of the rows it is given."""

    def __init__(self, collate: Any):
        self._collate = collate
        self.tokens = 0

    def __call__(self, rows: Sequence[Row]) -> Any:
        self.tokens += sum(map(len, rows))
        return self._collate(rows)


class _Watch(TrainerCallback):
    """Stops after some seconds, and knows how many they were."""

    def __init__(self, seconds: float):
        self._limit, self._start = seconds, 0.0
        self.seconds = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._start = monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.seconds = monotonic() - self._start
        control.should_training_stop = self.seconds >= self._limit


def _pace(
    make: Any, model: Any, rows: list[Row], collator: Collator, settings: TrainConfig, seconds: float
) -> float:
    """Return the tokens a second that one trainer makes, padding not counted."""
    watch = _Watch(seconds)
    with TemporaryDirectory() as scratch:
        trainer, count = make(model, rows, collator, settings, scratch)
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(watch)
        trainer.train()
        # The next trainer of this model shall wrap it anew: else it computes in float32.
        trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
        model.__dict__.pop("_is_accelerate_prepared", None)
    return float(count.tokens / watch.seconds)


def _arguments(scratch: str, settings: TrainConfig, **others: Any) -> TrainingArguments:
    return TrainingArguments(
        output_dir=scratch,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        use_cpu=not torch.cuda.is_available(),
        bf16=settings.uses_bfloat16,
        dataloader_pin_memory=False,
        **others,
    )


def _make_ours(
    model: Any,
    rows: list[Row],
    collator: Collator,
    settings: TrainConfig,
    scratch: str,
    objective: Objective = imitation,
) -> tuple[Trainer, _Count]:
    count = _Count(collator)
    lengths = [len(row) for row in rows]
    trainer = TokenTrainer(
        model,
        _arguments(scratch, settings, num_train_epochs=1),
        rows,
        cast(Any, count),
        lambda process, processes: TokenBatches(
            lengths, settings.epochs, settings.batch_tokens, settings.seed, process, processes
        ),
        objective,
        lambda _: {},
        optimizers=(MuonAdamW(model, settings.peak_learning_rate, 0.01), None),
    )
    return trainer, count


def _make_bare(
    model: Any, rows: list[Row], collator: Collator, settings: TrainConfig, scratch: str
) -> tuple[Trainer, _Count]:
    """Return the library's trainer as its examples use it: all rows of one length, its own optimizer."""
    longest = max(len(row.tokens) for row in rows)
    answer = max(0 if row.answer is None else len(row.answer) for row in rows)
    pad = collator.pad_id

    def collate(batch: Sequence[Row]) -> dict[str, torch.Tensor]:
        inputs = _fill([row.tokens for row in batch], longest, pad)
        mask = _fill([np.ones(len(row.tokens), dtype=np.int64) for row in batch], longest, 0)
        if answer:
            labels = _fill([row.answer for row in batch if row.answer is not None], answer, IGNORED)
        else:
            labels = _fill(
                [np.where(row.weights == 1, row.tokens, IGNORED) for row in batch], longest, IGNORED
            )
        return {"input_ids": inputs, "attention_mask": mask, "labels": labels}

    count = _Count(collate)
    size = max(1, settings.batch_tokens // (longest + answer))
    epochs = settings.epochs
    arguments = _arguments(scratch, settings, num_train_epochs=epochs, per_device_train_batch_size=size)
    trainer = Trainer(
        model=model, args=arguments, train_dataset=cast(Any, rows), data_collator=cast(Any, count)
    )
    return trainer, count


def _fill(parts: Sequence[np.ndarray], length: int, value: int) -> torch.Tensor:
    filled = np.full((len(parts), length), value, dtype=np.int64)
    for number, part in enumerate(parts):
        filled[number, : len(part)] = part
    return torch.from_numpy(filled)


def _figures(
    family: str, model: Any, rows: list[Row], paces: dict[str, list[float]], config: TrainSpeedConfig
) -> list[Figure]:
    ours, bare = paces["token batches"], paces["fixed padding"]
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    tokens = sum(map(len, rows))
    parameters = model.num_parameters()
    measured = config.rounds * config.seconds / 60
    note = f"over {measured:g} minutes of training, {config.model}, {parameters / 1e6:.2f} M parameters"
    figures = [
        Figure(
            f"{family}: useful tokens/s beside fixed padding",
            float(np.mean(ratios)),
            *(min(ratios), max(ratios), 2.0),
            note=f"ratio; smallest and largest of {config.rounds} rounds",
        ),
        Figure(f"{family}: tokens/s", float(np.mean(ours)), min(ours), max(ours), note=note),
        Figure(f"{family}: tokens/s, fixed padding", float(np.mean(bare)), min(bare), max(bare), note=note),
        Figure(
            f"{family}: tokens of one pass", tokens, note=f"{len(rows)} rows of the train split, executor"
        ),
        Figure(
            f"{family}: minutes of one pass", tokens / float(np.mean(ours)) / 60, note="tokens ÷ tokens/s"
        ),
    ]
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    for key, peak in PEAK_FLOPS.items():
        if key in name:
            used = 6 * parameters * float(np.mean(ours)) / peak
            figures.append(
                Figure(f"{family}: model FLOP utilisation", used, note=f"6 N tokens/s ÷ peak of {name}")
            )
    return figures
