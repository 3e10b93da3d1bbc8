"""The Hugging Face trainer with token batches, weighted losses and whole training states.

Knows batches and objectives, and no episodes: `sgd_gym.training.train` brings it its rows.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, cast

import torch
from safetensors import SafetensorError
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainingArguments

from sgd_gym.errors import SgdGymError
from sgd_gym.training.averaging import WeightAverage
from sgd_gym.training.batches import TokenBatches
from sgd_gym.training.evaluation import split_batch
from sgd_gym.training.objectives import Objective
from sgd_gym.training.rows import Collator, Row

LOG_EVERY = 10
"""Steps between two lines of the log."""
STATE_FILE = "trainer_state.json"
"""The last file that is written of a training state."""


class TokenTrainer(Trainer):
    """Trains on batches of so many tokens; everything that a run needs to go on is drawn or saved."""

    def __init__(
        self,
        model: Any,
        args: TrainingArguments,
        rows: Sequence[Row],
        collator: Collator,
        make_batches: Callable[[int, int], TokenBatches],
        objective: Objective,
        evaluate_fn: Callable[[Any], dict[str, float]],
        average: WeightAverage | None = None,
        **others: Any,
    ):
        """Make a trainer.

        Args:
            model: A Hugging Face model of either family.
            args: With one epoch, which holds the batches of all passes.
            rows: What is learnt from.
            collator: Makes batches of rows.
            make_batches: Gives the batches for (number of this process, number of processes).
            objective: What is minimised.
            evaluate_fn: Returns dev figures of the model by name.
            average: Takes the mean of the weights.
            others: See `transformers.Trainer`.
        """
        super().__init__(
            model=model,
            args=args,
            train_dataset=cast(Any, rows),
            eval_dataset=cast(Any, rows[:1]),  # it wants one, though `evaluate_fn` has its own
            data_collator=collator,
            **others,
        )
        self._objective = objective
        self._evaluate_fn = evaluate_fn
        self._average = average
        if average is not None:
            self.add_callback(average)
        self._batches = make_batches(args.process_index, args.world_size)
        self._tokens, self._since = 0, monotonic()
        self.tokens = 0
        """Tokens that were no padding, of all processes, since this process began."""
        self.seconds = 0.0
        """What they took, without evaluations."""

    def get_train_dataloader(self) -> DataLoader:
        """Return this process's share of the batches."""
        return DataLoader(
            cast(Any, self.train_dataset), batch_sampler=self._batches, collate_fn=self.data_collator
        )

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> torch.Tensor:
        """Return the weighted mean of the losses over the batch of all processes."""
        self._tokens += inputs.pop("tokens") * self.args.world_size
        read, wanted = split_batch(inputs, self.args.device)
        loss, weight = self._objective(model(**read).logits, wanted, read)
        if self.args.world_size > 1:  # gradients are averaged over processes
            weight = cast(torch.Tensor, self.accelerator.reduce(weight.detach(), "sum"))
            loss = loss * self.args.world_size
        return loss / weight.clamp(min=1e-9)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Return and log the dev figures, with the prefix that selection looks for."""
        before = monotonic()
        figures = {f"eval_{name}": value for name, value in self._evaluate_fn(self.model).items()}
        self._since += monotonic() - before
        self.log(figures)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, figures)
        return figures

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log losses with the pace, and stop at one that is no number.

        Raises:
            SgdGymError: If the loss is not a number; what was saved before stays.
        """
        if "loss" in logs:
            if not torch.isfinite(torch.tensor(logs["loss"])):
                raise SgdGymError(
                    f"The loss is {logs['loss']} at step {self.state.global_step}. "
                    f"Fix: a lower learning rate than {self.args.learning_rate:g}, in another --out folder."
                )
            now = monotonic()
            logs["tokens_per_second"] = self._tokens / max(now - self._since, 1e-9)
            self.tokens += self._tokens
            self.seconds += now - self._since
            self._tokens, self._since = 0, now
        super().log(logs, start_time)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Save the state of training, whole or not at all."""
        folder = Path(self.args.output_dir or "") / f"checkpoint-{self.state.global_step}"
        try:
            if self._average is not None and self.args.should_save:
                folder.mkdir(parents=True, exist_ok=True)
                self._average.save(folder)  # first: the trainer's own last file says that all is there
            super()._save_checkpoint(model, trial)
        except (OSError, RuntimeError, SafetensorError) as error:
            if self.args.should_save:
                shutil.rmtree(folder, ignore_errors=True)
            raise SgdGymError(
                f"The state of training cannot be written to {self.args.output_dir}: {error}. "
                f"The last whole one is kept. Fix: make room; the same command then goes on from there."
            ) from error


class ProgressCallback(TrainerCallback):
    """Forwards the trainer's steps to a progress bar."""

    def __init__(self, advance: Callable[[int], None]):
        """Take the function that advances the bar."""
        self._advance = advance

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Advance by one step."""
        self._advance(1)


def find_state(folder: Path, delete: bool) -> Path | None:
    """Return the last whole training state of a folder; `delete` what a kill left half-written."""
    states = {int(path.name.rpartition("-")[2]): path for path in folder.glob("checkpoint-*")}
    for step in sorted(states, reverse=True):
        try:
            json.loads((states[step] / STATE_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            if delete:
                shutil.rmtree(states[step])
        else:
            return states[step]
    return None
