"""Commands that did nothing where they were given are spent, there and then only."""

from pathlib import Path

import pytest

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.agents.flat.agent import FlatAgent
from sgd_gym.agents.tried import LIMIT, Tried
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.models.generation import load_writer
from sgd_gym.spaces import REFUSALS


def see(observation: str = "", look: str = "a room", inventory: str = "an orange") -> dict[str, str]:
    return {"task": "boil water", "observation": observation, "look": look, "inventory": inventory}


def test_a_refused_command_is_spent_where_all_looks_the_same() -> None:
    tried = Tried()
    tried.reset([0, 1])
    for slot in (0, 1):
        tried.give(slot, see(), "open box")
    tried.observe(0, see(REFUSALS[0]))
    tried.observe(1, see("The box is now open."))
    assert tried.is_spent(0, see("other words"), "open box")
    assert not tried.is_spent(0, see(), "open cupboard")
    assert not tried.is_spent(0, see(look="a room with a box"), "open box")
    assert not tried.is_spent(0, see(inventory=""), "open box")
    assert not tried.is_spent(1, see(), "open box")
    tried.reset([0])
    assert not tried.is_spent(0, see(), "open box")


@pytest.mark.parametrize("between", [None, "examine soap"])
def test_a_command_that_does_nothing_is_spent_after_many_times_in_a_row(between: str | None) -> None:
    tried = Tried()
    tried.reset([0])
    for _ in range(LIMIT):
        assert not tried.is_spent(0, see(), "wait")
        tried.give(0, see(), "wait")
        tried.observe(0, see("You decide to wait."))
        if between is not None:
            tried.give(0, see(), between)
            tried.observe(0, see("soap"))
    assert tried.is_spent(0, see(), "wait") == (between is None)


def test_what_is_told_of_as_done_is_spent_at_once_whatever_a_thermometer_shows() -> None:
    tried = Tried()
    tried.reset([0])
    tried.give(0, see(inventory="a thermometer, currently reading 4 degrees celsius"), "open box")
    warmer = see("The box is already open.", inventory="a thermometer, currently reading 5 degrees celsius")
    tried.observe(0, warmer)
    assert tried.is_spent(0, warmer, "open box")


def test_waiting_that_changes_something_is_not_spent_nor_what_others_do() -> None:
    tried = Tried()
    tried.reset([0])
    for number in range(2 * LIMIT):
        tried.give(0, see(look=f"soap of {number} degrees"), "wait")
        tried.observe(0, see(look=f"soap of {number + 1} degrees"))
        assert not tried.is_spent(0, see(look=f"soap of {number + 1} degrees"), "wait")
    tried.give(0, see(), "open box")
    tried.observe(0, see("The box is now open."))
    tried.observe(0, see(REFUSALS[0]))  # the reply to a command that no model gave
    assert not tried.is_spent(0, see(), "open box")


@pytest.mark.parametrize("repeat_idle", [False, True])
def test_a_model_that_is_refused_writes_something_else(repeat_idle: bool, checkpoints: Path) -> None:
    agent = FlatAgent(load_writer(checkpoints / "flat", "flat"), repeat_idle=repeat_idle)
    agent.reset([0], [EpisodeKey("find-plant", 0, 0)])
    env = ScienceWorldEnv("find-plant", "dev")
    try:
        seen, info = env.reset(seed=0)
        refused = []
        for _ in range(12):
            before = seen
            (command,) = agent.act([0], [seen], [info])
            seen, reward, *_, info = env.step(command)
            agent.observe(0, seen, float(reward), ended=False)
            if seen["observation"].startswith(REFUSALS):
                refused.append((before["look"], before["inventory"], command))
    finally:
        env.close()
    assert len(refused) > 1
    assert (len(set(refused)) == len(refused)) is not repeat_idle
