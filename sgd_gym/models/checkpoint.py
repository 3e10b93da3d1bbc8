"""Checkpoints: a Hugging Face folder with model, tokenizer, model card and what it was made with.

Knows nothing of training or agents. `sgd_gym.json` in the folder records the role, the environment id, the
versions and the hash of the training data; loading compares them with what is installed.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sgd_gym.envs.simulator import SCIENCEWORLD_VERSION
from sgd_gym.errors import CheckpointError
from sgd_gym.files import write_folder, write_json
from sgd_gym.prompts import PROMPT_VERSION

META_FILE = "sgd_gym.json"


@dataclass(frozen=True)
class CheckpointMeta:
    """What a checkpoint was made with."""

    role: str
    preset: str
    data_hash: str
    tasks: list[str]
    settings: dict[str, Any]
    """Training settings, the seed among them."""
    command: str
    scores: dict[str, float]
    """Dev figures by name."""
    environment_id: str = "sgd_gym/ScienceWorld-v0"
    scienceworld: str = SCIENCEWORLD_VERSION
    prompt_version: int = PROMPT_VERSION


def save_checkpoint(path: Path, model: Any, tokenizer: Any, meta: CheckpointMeta) -> None:
    """Write a checkpoint folder, whole or not at all."""

    def fill(part: Path) -> None:
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)
        (part / "README.md").write_text(_card(meta, model.num_parameters()), encoding="utf-8")
        write_json(part / META_FILE, asdict(meta))

    write_folder(path, fill)


def read_meta(path: Path, role: str) -> CheckpointMeta:
    """Read what a checkpoint was made with, and check that it fits.

    Raises:
        CheckpointError: If the folder is no checkpoint, or one of another role or version.
    """
    if not (path / META_FILE).is_file() or not (path / "config.json").is_file():
        raise CheckpointError(
            f"{path} is no checkpoint of sgd_gym: it needs {META_FILE}, config.json and model.safetensors. "
            f"Fix: make one with 'sgd-gym train {role} --out {path}'."
        )
    try:
        meta = CheckpointMeta(**json.loads((path / META_FILE).read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise CheckpointError(
            f"{path / META_FILE} cannot be read: {error}. Fix: train the checkpoint again."
        ) from error
    for name, found, wanted in (
        ("role", meta.role, role),
        ("scienceworld version", meta.scienceworld, SCIENCEWORLD_VERSION),
        ("prompt version", meta.prompt_version, PROMPT_VERSION),
    ):
        if found != wanted:
            raise CheckpointError(
                f"{path} has {name} {found!r}; allowed here: {wanted!r}. "
                f"Fix: name another folder, or delete this one and train again with 'sgd-gym train {role}'."
            )
    return meta


def load_checkpoint(path: Path, role: str) -> tuple[Any, Any, CheckpointMeta]:
    """Load model (fp32, evaluation mode), tokenizer and meta data of a checkpoint folder.

    Raises:
        CheckpointError: If the folder is no checkpoint of this role, or a file in it is broken.
    """
    meta = read_meta(path, role)
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    try:
        tokenizer = PreTrainedTokenizerFast.from_pretrained(path)
        model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, local_files_only=True)
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} cannot be loaded: {str(error).splitlines()[0]} Fix: train the checkpoint again."
        ) from error
    return model.eval(), tokenizer, meta


def _card(meta: CheckpointMeta, parameters: int) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in meta.settings.items())
    scores = "\n".join(f"| {name} | {value:.4f} |" for name, value in meta.scores.items())
    return f"""---
library_name: transformers
license: apache-2.0
tags: [scienceworld, sgd-gym, {meta.role}]
---
# sgd_gym {meta.role} ({meta.preset}, {parameters / 1e6:.2f} M parameters)

Trained from scratch on annotated oracle paths of ScienceWorld {meta.scienceworld} (train split).

* Tasks: {", ".join(meta.tasks)}
* Settings: {settings}; prompt version: {meta.prompt_version}; data hash: `{meta.data_hash}`
* Command: `{meta.command}`

| dev figure | value |
|---|---|
{scores}
"""
