"""What can be set when a model is trained."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from sgd_gym.errors import SgdGymError, UnknownNameError
from sgd_gym.models.presets import FAMILIES, PRESETS
from sgd_gym.prompts import ROLES, Role
from sgd_gym.training.objectives import Masks, check_weights

OBJECTIVES = ("imitation", "token-kd", "structured-kd")
SELECTIONS = ("match", "loss", "score")
NUMBER_FORMATS = ("auto", "float32", "bfloat16")


@dataclass
class TrainConfig:
    """Train a model on annotated episodes."""

    out: Path
    """Checkpoint folder to write."""
    data: Path = Path("data/annotated")
    """Annotated episodes: a parquet file or a folder of them."""
    tasks: list[str] | None = None
    """Train on these tasks only; all that the data holds if not given."""
    dev_data: Path | None = None
    """Where the dev episodes are, if they are not in --data."""
    fraction: float = 1.0
    """Train on this share of each task's train episodes, the first ones; one at least."""
    model: str = "nano"
    """A preset trained from scratch (nano, tiny, small), a folder, or a name on the Hugging Face hub."""
    family: Literal["decoder-only", "encoder-decoder"] = "decoder-only"
    """Family of a preset."""
    init: Path | None = None
    """Begin with the weights and the tokenizer of this checkpoint instead of a model."""
    shared: bool = False
    """Let planner and executor be one model, which learns to write both."""
    objective: Literal["imitation", "token-kd", "structured-kd"] = "imitation"
    """What is learnt: recorded texts, or what --teacher would write, at every token alike or by spans."""
    teacher: Path | None = None
    """Checkpoint to learn from; a preset takes over its tokenizer, for imitation nothing else."""
    beliefs: int | None = None
    """Ask the teacher once, and keep its so many likeliest tokens at each place, in FOLDER-beliefs beside it,
    for the next student as well; it is asked at each batch if not given."""
    reason_weight: float = 1.0
    """Weight of the teacher's sub-goals (structured-kd)."""
    act_weight: float = 1.0
    """Weight of the teacher's commands (structured-kd)."""
    label_weight: float = 0.0
    """Weight of the recorded text of both, beside the teacher's (structured-kd)."""
    masks: Masks = "spans"
    """What structured-kd takes for sub-goals and commands: those that are (spans), with what is read for
    sub-goals, too (read); for ablations all for sub-goals (none), or any token, drawn anew (random)."""
    played: Path | None = None
    """Games that the student has played itself ('sgd-gym bench keep --min-score -100'), for the teacher to
    judge: on-policy distillation."""
    played_share: float = 0.5
    """Share of the rows that are of --played."""
    curriculum: bool = False
    """Begin with one pass from easy to hard, by length and by the entropy of the teacher."""
    epochs: float = 10
    """Passes over the (balanced) train episodes; of a broken number, the last one ends early."""
    tellings: int = 1
    """In so many ways, at least, each episode is told over all passes: in other names, with fewer bystanders
    (`sgd_gym.training.retelling`)."""
    batch_tokens: int = 2048
    """Tokens of one step in each process, padding among them."""
    learning_rate: float | None = None
    """Peak of the learning rate after 5 % linear warm-up, then cosine to zero. If not given: 3e-3 from
    scratch (Muon), 1e-4 for weights that are there (AdamW)."""
    average: float = 0.0
    """Take the mean of the weights over this last share of training instead of the best ones
    (`sgd_gym.training.averaging`); the learning rate then falls to a third of its peak, not to zero."""
    context_weight: float = 0.3
    """Weight of the loss on text that is read rather than written (decoder-only models)."""
    lora: int | None = None
    """Train adapters of this rank only (extra "lora"); they are merged into the weights at the end."""
    evals: int = 10
    """How often the model is evaluated on dev, and its training state saved, over the whole training."""
    dev_variations: int = 5
    """At most so many dev episodes of each task are read for the dev loss."""
    select: Literal["match", "loss", "score"] = "match"
    """Keep the weights with the most dev targets written exactly, the best dev loss (which rises again while
    the matches still do, for a model grows too sure), or the best dev score in the simulator."""
    score_variations: int = 2
    """So many dev variations of each task are played for --select score."""
    partner: Path | None = None
    """For --select score: checkpoint of the executor that plays with a planner, or the other way round."""
    patience: int | None = None
    """Stop when so many evaluations in a row were no better than the best one."""
    worlds: int = 2
    """How many simulators play side by side for --select score."""
    number_format: Literal["auto", "float32", "bfloat16"] = "auto"
    """Numbers that matrices are multiplied in; auto: bfloat16 on a GPU and on a processor that computes in it
    (AMX or AVX-512), float32 elsewhere. Weights are kept and updated in float32."""
    compile: bool = True
    """Compile the model where there is a GPU."""
    seed: int = 0
    """Seed of weights and order."""
    tensorboard: Path | None = None
    """Folder for TensorBoard events; none if not given."""
    push_to_hub: str | None = None
    """Name on the Hugging Face hub to publish the checkpoint as, such as me/scienceworld-planner."""

    @property
    def from_scratch(self) -> bool:
        """Whether the model begins with random weights."""
        return self.init is None and self.model in PRESETS

    @property
    def peak_learning_rate(self) -> float:
        """Return the learning rate that holds."""
        return self.learning_rate or (3e-3 if self.from_scratch else 1e-4)

    @property
    def uses_bfloat16(self) -> bool:
        """Whether matrices are multiplied in bfloat16 on this machine."""
        if self.number_format == "auto":
            return torch.cuda.is_available() or _processor_has_bfloat16()
        return self.number_format == "bfloat16"

    def roles(self, role: str) -> list[Role]:
        """Return what a model of `role` learns to write, two roles if they are shared.

        Raises:
            SgdGymError: If a setting makes no sense for the role.
        """
        known: list[Role] = [one for one in ROLES if one == role]
        if not known:
            raise UnknownNameError("role", role, ROLES)
        if self.shared and role not in ("planner", "executor"):
            raise SgdGymError(f"--shared joins planner and executor; {role} has neither. Fix: leave it out.")
        return ["planner", "executor"] if self.shared else known

    def check(self, role: str) -> None:
        """Check the settings before anything is read.

        Raises:
            SgdGymError: If one of them makes no sense.
        """
        if self.objective not in OBJECTIVES:
            raise UnknownNameError("objective", self.objective, OBJECTIVES)
        if self.family not in FAMILIES:
            raise UnknownNameError("family", self.family, FAMILIES)
        if self.number_format not in NUMBER_FORMATS:
            raise UnknownNameError("number format", self.number_format, NUMBER_FORMATS)
        if self.select not in SELECTIONS:
            raise UnknownNameError("selection", self.select, SELECTIONS)
        for name in (
            *("epochs", "tellings", "batch_tokens", "learning_rate", "lora", "evals", "dev_variations"),
            *("beliefs", "score_variations", "patience", "worlds"),
        ):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise SgdGymError(f"{name} is {value}. Allowed: above 0.")
        if not 0 < self.fraction <= 1:
            raise SgdGymError(f"fraction is {self.fraction}. Allowed: above 0, 1 at most.")
        if not 0 <= self.average < 1:
            raise SgdGymError(f"average is {self.average}. Allowed: from 0 to below 1.")
        check_weights(self.reason_weight, self.act_weight, self.label_weight, self.masks)
        if self.teacher is None and (self.objective != "imitation" or self.curriculum):
            what = "--curriculum" if self.curriculum else f"--objective {self.objective}"
            raise SgdGymError(f"{what} needs a teacher. Fix: --teacher FOLDER.")
        if self.played is not None and self.objective == "imitation":
            raise SgdGymError(
                "--played holds what a student did, which only a teacher can judge. "
                "Fix: --objective structured-kd --teacher FOLDER, or --data for games worth imitating."
            )
        if not 0 < self.played_share <= 1:
            raise SgdGymError(f"played_share is {self.played_share}. Allowed: above 0, 1 at most.")
        if self.context_weight < 0:
            raise SgdGymError(f"context_weight is {self.context_weight}. Allowed: 0 or more.")
        roles = self.roles(role)
        if self.select == "score" and role == "sage":
            raise SgdGymError("--select score plays episodes, and a sage does not play. Fix: --select loss.")
        if self.select == "score" and roles in (["planner"], ["executor"]) and self.partner is None:
            other = "executor" if role == "planner" else "planner"
            raise SgdGymError(
                f"--select score plays episodes, and a {role} plays with the other half. "
                f"Fix: --partner FOLDER with a checkpoint of the {other}, or --shared."
            )

    @property
    def settings(self) -> dict[str, Any]:
        """Return what the weights depend on, as plain values."""
        elsewhere = ("out", "data", "dev_data", "tensorboard", "push_to_hub", "worlds")
        found = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(self).items()
            if name not in elsewhere
        }
        return found | {"number_format": "bfloat16" if self.uses_bfloat16 else "float32"}


def _processor_has_bfloat16() -> bool:
    """Return whether the processor multiplies matrices in bfloat16."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(units) for units in ("amx_bf16", "avx512_bf16"))
