"""The mean of the weights over the end of a training."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from sgd_gym.training.averaging import WeightAverage


def step(average: WeightAverage, model: torch.nn.Linear, number: int) -> None:
    """Let the weights be the number of the step."""
    torch.nn.init.constant_(model.weight, float(number))
    average.on_step_end(None, SimpleNamespace(global_step=number), None)


@pytest.mark.parametrize(("start", "mean"), [(0, 3.0), (2, 4.0), (4, 5.0), (5, 5.0)])
def test_the_mean_is_of_the_steps_beyond_the_start(start: int, mean: float) -> None:
    model = torch.nn.Linear(2, 3, bias=False)
    average = WeightAverage(model, start)
    for number in range(1, 6):
        step(average, model, number)
    average.apply()  # without a step beyond the start the weights stay
    assert torch.allclose(model.weight, torch.full((3, 2), mean))


@pytest.mark.parametrize("killed_at", [1, 2, 4])
def test_it_goes_on_from_a_state(killed_at: int, tmp_path: Path) -> None:
    model = torch.nn.Linear(2, 3, bias=False)
    average = WeightAverage(model, 1)
    for number in range(1, 6):
        step(average, model, number)
        if number == killed_at:
            average.save(tmp_path)
            average = WeightAverage(model, 1)
            average.load(tmp_path, number)
    average.apply()
    assert torch.allclose(model.weight, torch.full((3, 2), 3.5))
