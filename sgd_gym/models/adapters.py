"""Low-rank adapters (LoRA; Hu et al., 2021) through peft, an extra; knows no training."""

import warnings
from typing import Any

from sgd_gym.errors import SgdGymError


def add_adapters(model: Any, rank: int) -> Any:
    """Return the model with adapters of this rank on every linear layer; they alone are trained.

    Raises:
        SgdGymError: If peft is not installed.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise SgdGymError("--lora needs peft. Fix: pip install 'sgd-gym[lora]'.") from error
    with warnings.catch_warnings():  # peft asks transformers by a name that will go
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear"))


def merge_adapters(model: Any) -> Any:
    """Return the model itself, with what the adapters learnt in its weights."""
    return model.merge_and_unload()
