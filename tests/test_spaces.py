"""The text spaces behave as Gymnasium's `Text` does, and refuse what `Text` does wrong."""

import string

import gymnasium as gym
import pytest
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array, create_shared_memory

from sgd_gym.spaces import CommandText, ObservationText


def test_samples_are_commands_and_lie_in_the_space() -> None:
    space = CommandText()
    space.seed(0)
    samples = [space.sample() for _ in range(200)]
    assert all(space.contains(sample) for sample in samples)
    assert len({sample.split()[0] for sample in samples}) > 15
    assert len(set(samples)) > 100


def test_a_seed_names_the_samples() -> None:
    one, other = CommandText(), CommandText()
    one.seed(5)
    other.seed(5)
    first = [one.sample() for _ in range(10)]
    assert first == [other.sample() for _ in range(10)]
    assert first != [other.sample() for _ in range(10)]


def test_sample_takes_neither_mask_nor_probability() -> None:
    space = CommandText()
    for arguments in ({"mask": (1, None)}, {"probability": (1, None)}):
        with pytest.raises(ValueError, match=r"neither mask nor probability; call sample\(\)"):
            space.sample(**arguments)


@pytest.mark.parametrize("text", ["x", "x" * 256, "open door to kitchen", string.printable])
def test_commands_of_printable_ascii_are_in(text: str) -> None:
    assert CommandText().contains(text)


@pytest.mark.parametrize("text", ["", "x" * 257, "né", "\x00", "\x1b", b"open door", 7, None])
def test_what_is_no_command_is_out(text: object) -> None:
    assert not CommandText().contains(text)


def test_observations_may_be_empty_and_long() -> None:
    space = ObservationText()
    for text in ("", "a\n\tb\n", "x" * 16_384):
        assert space.contains(text)
    for text in ("x" * 16_385, "°C", None):
        assert not space.contains(text)
    space.seed(0)
    assert space.contains(space.sample())


def test_equal_spaces_are_equal() -> None:
    assert CommandText() == CommandText()
    assert CommandText() != CommandText(max_length=10)
    assert ObservationText() == ObservationText()
    assert ObservationText() != CommandText()


def test_observations_batch_as_text_does() -> None:
    space = gym.spaces.Dict({"look": ObservationText()})
    batch = batch_space(space, 2)
    out = concatenate(space, [{"look": "a"}, {"look": "b"}], create_empty_array(space, 2))
    assert out == {"look": ("a", "b")}
    assert batch.contains(out)


def test_observations_in_shared_memory_are_refused_with_the_fix() -> None:
    space = gym.spaces.Dict({"look": ObservationText()})
    with pytest.raises(gym.error.CustomSpaceError, match=r"shared_memory=False"):
        create_shared_memory(space, n=2)
