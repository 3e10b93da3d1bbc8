"""Ways to bound what a model may write, on a real world with an untrained model, which knows no command."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.agents.commands import RULES, CommandRule, infos_of, nearest
from sgd_gym.agents.flat.agent import FlatAgent
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.errors import UnknownNameError
from sgd_gym.models.generation import load_writer
from sgd_gym.naming import FORMS, POLES
from sgd_gym.prompts import Command, Done
from sgd_gym.spaces import ROOMS

UNREADABLE = "No known action"


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


OTHER_WORDS = words(" ".join([*FORMS, *ROOMS, *POLES])) | {"in", "containing", "nothing", "inventory", "and"}


@pytest.fixture(scope="module")
def world() -> Iterator[ScienceWorldEnv]:
    env = ScienceWorldEnv("find-plant", "dev", infos=("valid_actions",))
    yield env
    env.close()


@pytest.mark.parametrize("rule", RULES)
def test_bounded_models_write_what_the_simulator_reads(
    rule: CommandRule, world: ScienceWorldEnv, checkpoints: Path
) -> None:
    agent = FlatAgent(load_writer(checkpoints / "flat", "flat"), rule)
    assert agent.needs_infos == infos_of(rule)
    agent.reset([0], [EpisodeKey("find-plant", 0, 0)])
    seen, info = world.reset(seed=0)
    unreadable = 0
    for _ in range(6):
        before, valid = seen, info["valid_actions"]
        (command,) = agent.act([0], [seen], [info])
        if rule in ("valid", "nearest"):
            assert command in valid
        seen, reward, *_, info = world.step(command)
        print(rule, command, "|", seen["observation"][:60])
        unreadable += seen["observation"].startswith(UNREADABLE)
        agent.observe(0, seen, float(reward), ended=False)
        if rule == "visible":
            assert words(command) <= words(before["look"] + before["inventory"]) | OTHER_WORDS
    if rule != "visible":  # its forms hold more than the simulator reads
        assert (unreadable > 0) == (rule == "free")


@pytest.mark.parametrize("rule", RULES)
def test_a_question_is_answered_by_one_of_its_numbers(
    rule: CommandRule, world: ScienceWorldEnv, checkpoints: Path
) -> None:
    agent = FlatAgent(load_writer(checkpoints / "flat", "flat"), rule)
    agent.reset([0], [EpisodeKey("find-plant", 0, 0)])
    world.reset(seed=0)
    world.step("teleport to greenhouse")
    seen, *_, info = world.step("pick up flower pot")
    offered = re.findall(r"^(\d+):", seen["observation"], re.MULTILINE)
    assert len(offered) > 1
    assert agent.act([0], [seen], [info])[0] in offered


VALID = ["open door to kitchen", "look around", "pick up metal pot"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["open door", "look around", "wait"], Command("look around")),
        (["pick metal pot", "fly"], Command("pick up metal pot")),
        (["fly", "walk"], Command("look around")),
    ],
)
def test_the_first_valid_beam_is_taken_else_the_nearest(written: list[str], expected: Any) -> None:
    assert nearest([Command(one) for one in written], VALID) == expected


def test_done_is_always_valid() -> None:
    assert nearest([Command("fly"), Done()], VALID) == Done()
    assert nearest([Done()], []) == Done()
    assert nearest([Command("fly")], []) == Command("fly")


def test_an_unknown_rule_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="visible"):
        infos_of("best")  # type: ignore[arg-type]
