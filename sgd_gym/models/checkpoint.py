"""Checkpoints: a Hugging Face folder with model, tokenizer, model card and what it was made with.

Knows nothing of training or agents. `sgd_gym.json` in the folder records the role, the environment id, the
versions and the hash of the training data; loading compares them with what is installed.
"""

import json
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any, cast

from sgd_gym.envs.simulator import SCIENCEWORLD_VERSION
from sgd_gym.errors import CheckpointError, SgdGymError
from sgd_gym.files import write_folder, write_json
from sgd_gym.prompts import PROMPT_VERSION

META_FILE = "sgd_gym.json"


@dataclass(frozen=True)
class CheckpointMeta:
    """What a checkpoint was made with."""

    roles: list[str]
    """What the model was trained to write: planner, executor, both, flat, or sage."""
    model: str
    """Preset, folder or hub name that training began with."""
    family: str
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


def read_meta(path: Path, role: str | None = None) -> CheckpointMeta:
    """Read what a checkpoint was made with, and check that it fits.

    Args:
        path: Its folder.
        role: What it shall be able to write; anything if None.

    Raises:
        CheckpointError: If the folder is no checkpoint, or one of another role or version.
    """
    again = f"sgd-gym train {role or 'ROLE'}"
    if not (path / META_FILE).is_file() or not (path / "config.json").is_file():
        raise CheckpointError(
            f"{path} is no checkpoint of sgd_gym: it needs {META_FILE}, config.json and model.safetensors. "
            f"Fix: make one with '{again} --out {path}'."
        )
    try:
        meta = CheckpointMeta(**json.loads((path / META_FILE).read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise CheckpointError(
            f"{path / META_FILE} cannot be read: {error}. Fix: train the checkpoint again."
        ) from error
    if role is not None and role not in meta.roles:
        raise CheckpointError(
            f"{path} has role {' and '.join(meta.roles)!r}; allowed here: {role!r}. "
            f"Fix: name another folder, or make one with '{again}'."
        )
    for name, found, wanted in (
        ("scienceworld version", meta.scienceworld, SCIENCEWORLD_VERSION),
        ("prompt version", meta.prompt_version, PROMPT_VERSION),
    ):
        if found != wanted:
            raise CheckpointError(
                f"{path} has {name} {found!r}; allowed here: {wanted!r}. "
                f"Fix: name another folder, or delete this one and train again with '{again}'."
            )
    return meta


def load_checkpoint(path: Path, role: str) -> tuple[Any, Any, CheckpointMeta]:
    """Load model (fp32, evaluation mode), tokenizer and meta data of a checkpoint folder.

    Raises:
        CheckpointError: If the folder is no checkpoint of this role, a file in it is broken, or the tokenizer
            is another model's.
    """
    meta = read_meta(path, role)
    from sgd_gym.models.loading import check_tokenizer, load_files

    try:
        model, tokenizer = load_files(path)
    except SgdGymError as error:
        raise CheckpointError(f"{error} Fix: train the checkpoint again.") from error
    check_tokenizer(path, model, tokenizer)
    return model.eval(), tokenizer, meta


def count_parameters(path: Path) -> int:
    """Return how many parameters the safetensors files of a folder hold; weights that are tied count once."""
    from safetensors import safe_open

    count = 0
    for file in sorted(path.glob("*.safetensors")):
        with safe_open(file, "numpy") as weights:
            count += sum(prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118
    return count


def shrink_checkpoint(path: Path, out: Path) -> None:
    """Write a checkpoint anew with weights in bfloat16, half the size; it loads as float32 like any other.

    Raises:
        CheckpointError: If the folder is no checkpoint.
    """
    import torch

    meta = read_meta(path)
    model, tokenizer, _ = load_checkpoint(path, meta.roles[0])
    save_checkpoint(out, model.to(torch.bfloat16), tokenizer, meta)


def push_checkpoint(path: Path, name: str) -> None:
    """Publish a checkpoint folder on the Hugging Face hub.

    Raises:
        SgdGymError: If the hub refuses or cannot be reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    # The hub's client changes its HTTP library now and then; this is what all of its errors are.
    http_error = cast(type[Exception], HfHubHTTPError.__mro__[1])
    hub = HfApi()
    try:
        hub.create_repo(name, exist_ok=True)
        hub.upload_folder(repo_id=name, folder_path=path, commit_message="Checkpoint of sgd_gym")
    except (http_error, HFValidationError, OSError) as error:
        raise SgdGymError(
            f"{path} is whole, but cannot be published as {name!r}: {str(error).splitlines()[0]} "
            f"Fix: log in with 'hf auth login', then 'hf upload {name} {path}'."
        ) from error


def _card(meta: CheckpointMeta, parameters: int) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in meta.settings.items())
    scores = "\n".join(f"| {name} | {value:.4f} |" for name, value in meta.scores.items())
    return f"""---
library_name: transformers
license: apache-2.0
tags: [{", ".join(["scienceworld", "sgd-gym", *meta.roles])}]
---
# sgd_gym {" and ".join(meta.roles)} ({meta.model}, {meta.family}, {parameters / 1e6:.2f} M parameters)

Trained on annotated episodes of ScienceWorld {meta.scienceworld} (train split). What it reads and writes is
in `sgd_gym.prompts`; `sgd-gym bench run` plays with it.

* Tasks: {", ".join(meta.tasks)}
* Settings: {settings}; prompt version: {meta.prompt_version}; data hash: `{meta.data_hash}`
* Command: `{meta.command}`

| dev figure | value |
|---|---|
{scores}
"""
