"""The scripted executor reaches sub-goals of all kinds on the real simulator, and says when it is done."""

from collections.abc import Iterator
from itertools import islice

import pytest

from sgd_gym.agents.scripted.executor import ScriptedExecutor
from sgd_gym.agents.scripted.memory import Memory
from sgd_gym.agents.scripted.scripts import run
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.errors import SubgoalError
from sgd_gym.options import OptionRecord, OptionRunner
from sgd_gym.subgoals.grammar import PREDICATES, Subgoal

MANY = 60
OBSERVATION = {
    "observation": "",
    "look": "This room is called the kitchen. In it, you see:\n\ta cup (containing nothing)",
    "inventory": "In your inventory, you see:\n\tan orange",
    "task": "Your task is to wait.",
}


@pytest.fixture(scope="module")
def env() -> Iterator[ScienceWorldEnv]:
    env = ScienceWorldEnv(split="train")
    yield env
    env.close()


def play(env: ScienceWorldEnv, task: str, subgoals: list[str]) -> list[OptionRecord]:
    """Carry sub-goals out, one after the other, and return the options."""
    observation, info = env.reset(options={"task": task, "variation": 0})
    runner, ended = OptionRunner(ScriptedExecutor(), until_achieved=True), False
    runner.reset([0])
    for subgoal in subgoals:
        runner.start(0, subgoal)
        while runner.is_running(0) and not ended:
            (command,) = runner.act([0], [observation], [info])
            if command is not None:
                observation, reward, ended, _, info = env.step(command)
                runner.observe(0, observation, reward, ended)
    return runner.options[0]


@pytest.mark.parametrize(
    ("task", "subgoals"),
    [
        (
            "boil",
            [
                "pick_up(thermometer)",
                "pick_up(metal pot)",
                "fill(metal pot, sink)",
                "heat(metal pot, stove)",
                "measure_temperature(water)",
                "monitor(water)",
                "put_down(thermometer)",
            ],
        ),
        ("find-plant", ["navigate_to(greenhouse)", "close(doors)", "open(doors)", "look_around()", "wait()"]),
        ("grow-plant", ["use(shovel, ground)", "place(soil, flower pot 1)", "examine(flower pot 1)"]),
        (
            "chemistry-mix",
            ["read(recipe)", "cool(metal pot, freezer)", "activate(stove)", "deactivate(stove)"],
        ),
        ("chemistry-mix-paint-secondary-color", ["combine(red paint, yellow paint)"]),
        ("inclined-plane-determine-angle", ["measure_time(inclined plane C)", "open(freezer)"]),
        ("power-component", ["connect(battery, red light bulb)"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_subgoals_are_achieved(env: ScienceWorldEnv, task: str, subgoals: list[str]) -> None:
    options = play(env, task, subgoals)
    assert [(one.name, one.terminated_by) for one in options] == [(name, "achieved") for name in subgoals]


def test_a_thing_that_is_nowhere_ends_the_script(env: ScienceWorldEnv) -> None:
    (option,) = play(env, "boil", ["pick_up(elephant)"])
    assert option.terminated_by in ("executor", "cap")
    assert any(command.startswith("teleport") for command in option.commands)


@pytest.mark.parametrize("predicate", PREDICATES)
def test_every_predicate_has_a_script_whose_first_word_is_a_command(predicate: str) -> None:
    subgoal = Subgoal(predicate, ("cup",) * len(PREDICATES[predicate]))
    executor = ScriptedExecutor()
    executor.reset([0])
    executor.start(0, str(subgoal))
    (command,) = executor.act([0], [OBSERVATION], [{}])
    assert command
    memory = Memory()
    memory.look(OBSERVATION)
    assert len(list(islice(run(subgoal, memory), MANY))) < MANY


def test_a_text_outside_the_grammar_is_refused() -> None:
    executor = ScriptedExecutor()
    executor.reset([0])
    with pytest.raises(SubgoalError, match="is not a sub-goal"):
        executor.start(0, "get the cup")
