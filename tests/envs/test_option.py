"""`sgd_gym/ScienceWorldOptions-v0`: the laws of options, on the real simulator."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.wrappers import TimeLimit

from sgd_gym.agents.base import EpisodeKey
from sgd_gym.agents.oracle import plan_of
from sgd_gym.agents.sgd.agent import SGDAgent
from sgd_gym.envs.option import ScienceWorldOptionsEnv, load_executor
from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.errors import CheckpointError, SubgoalError, UnknownNameError
from sgd_gym.options import Info, Observation, OptionRecord

ENV_ID = "sgd_gym/ScienceWorldOptions-v0"
FIND_PLANT = {"task": "find-plant", "variation": 0}
SUBGOALS = ["navigate_to(kitchen)", "pick_up(thermometer)", "open(cupboard)", "navigate_to(greenhouse)"]


@pytest.fixture(scope="module")
def env() -> Iterator[ScienceWorldOptionsEnv]:
    """Return an environment with the scripted executor and a discount."""
    env = ScienceWorldOptionsEnv(**FIND_PLANT, gamma=0.9)
    yield env
    env.close()


def test_an_option_returns_the_discounted_sum_of_its_rewards(env: ScienceWorldOptionsEnv) -> None:
    env.reset()
    seen, reward, terminated, truncated, info = env.step("place(flower pot 3, red box)")
    option = info["option"]
    assert option["name"] == "place(flower pot 3, red box)"
    assert option["duration"] == len(option["rewards"]) == len(option["commands"]) == info["moves"] > 1
    assert reward == pytest.approx(sum(0.9**i * r for i, r in enumerate(option["rewards"])))
    assert sum(option["rewards"]) == info["score"]
    assert "flower pot 3" in seen["look"]
    assert option["terminated_by"] == "achieved"
    assert not terminated
    assert not truncated


def test_a_primitive_action_is_an_option_of_one_move(env: ScienceWorldOptionsEnv) -> None:
    env.reset()
    seen, _, _, _, info = env.step("do(teleport to kitchen)")
    assert seen["observation"] == "You teleport to the kitchen."
    option = {name: info["option"][name] for name in ("name", "duration", "commands", "terminated_by")}
    assert option == {
        "name": "do(teleport to kitchen)",
        "duration": 1,
        "commands": ["teleport to kitchen"],
        "terminated_by": "executor",
    }


@pytest.mark.parametrize("action", ["open cupboard", "fly(kitchen)", "do()", "", 3])
def test_text_outside_the_grammar_raises_and_the_episode_goes_on(
    env: ScienceWorldOptionsEnv, action: Any
) -> None:
    env.reset()
    for call in (env.step, env.can_start):
        with pytest.raises(SubgoalError, match="Allowed: "):
            call(action)
    assert env.step("wait()")[-1]["moves"] == 1


def test_initiation_sets_follow_what_was_read(env: ScienceWorldOptionsEnv) -> None:
    env.reset()
    assert env.can_start("navigate_to(greenhouse)")
    assert not env.can_start("focus_on(bee hive)")  # nobody has spoken of it
    env.step("navigate_to(greenhouse)")
    assert not env.can_start("navigate_to(greenhouse)")
    assert env.can_start("focus_on(bee hive)")
    env.step("navigate_to(kitchen)")
    assert env.can_start("focus_on(bee hive)")  # it is remembered
    assert env.can_start("do(anything)")


def test_moves_are_limited_not_options() -> None:
    env = gym.make(ENV_ID, **FIND_PLANT, max_moves=3, max_option_moves=2)
    try:
        env.reset()
        *_, truncated, info = env.step("pick_up(cherry seed)")  # searched for in many rooms
        assert (info["option"]["terminated_by"], info["moves"], truncated) == ("cap", 2, False)
        *_, truncated, info = env.step("pick_up(cherry seed)")
        assert (info["option"]["terminated_by"], info["moves"], truncated) == ("episode", 3, True)
        with pytest.raises(gym.error.ResetNeeded):
            gym.make(ENV_ID).step("wait()")
    finally:
        env.close()


@pytest.mark.parametrize("task", ["find-plant", "boil", "chemistry-mix-paint-secondary-color"])
def test_the_sub_goals_of_the_oracle_path_give_the_path_and_100_points(task: str) -> None:
    env = gym.make(ENV_ID, task=task, executor="oracle", until_achieved=False, max_moves=300)
    try:
        _, info = env.reset(options={"variation": 0})
        path, total, commands = info["oracle_path"], 0.0, list[str]()
        for _, subgoal in plan_of(path):
            _, reward, terminated, truncated, info = env.step(str(subgoal))
            total += reward
            commands += info["option"]["commands"]
            if terminated:
                break
        assert terminated
        assert not truncated
        assert total == info["score"] == 100
        assert commands == path[: len(commands)]
    finally:
        env.close()


def test_the_oracle_refuses_a_sub_goal_that_is_not_its_next() -> None:
    env = gym.make(ENV_ID, **FIND_PLANT, executor="oracle")
    try:
        env.reset()
        with pytest.raises(SubgoalError, match="does not go on with read"):
            env.step("read(recipe)")
    finally:
        env.close()


class ListPlanner:
    """Gives the same sub-goals in turn."""

    def reset(self, slots: Sequence[int]) -> None:
        self.told: list[str] = []
        self._next = cycle(SUBGOALS)

    def plan(
        self,
        slots: Sequence[int],
        observations: Sequence[Observation],
        infos: Sequence[Info],
        last: Sequence[OptionRecord | None],
    ) -> list[str]:
        self.told += [next(self._next) for _ in slots]
        return self.told[-len(slots) :]

    def stats(self, slot: int) -> dict[str, int]:
        return {"calls": len(self.told), "tokens": 0}


@pytest.mark.parametrize("kind", ["scripted", "trained"])
def test_stepping_with_a_planners_outputs_gives_what_agent_sgd_does(kind: str, checkpoints: Path) -> None:
    """The law that ties the environment to the benchmark: one `OptionRunner` serves both."""
    executor = str(checkpoints / "executor") if kind == "trained" else kind
    planner = ListPlanner()
    agent = SGDAgent(planner, load_executor(executor), max_option_moves=4)
    world = TimeLimit(ScienceWorldEnv(**FIND_PLANT), 20)
    options = ScienceWorldOptionsEnv(
        **FIND_PLANT, executor=executor, until_achieved=False, max_option_moves=4, max_moves=20
    )
    try:
        seen, info = world.reset()
        agent.reset([0], [EpisodeKey("find-plant", 0, 0)])
        played: list[Any] = []
        ended = False
        while not ended:
            (command,) = agent.act([0], [seen], [info])
            seen, reward, terminated, truncated, info = world.step(command)
            ended = terminated or truncated
            agent.observe(0, seen, float(reward), ended)
            played.append((command, float(reward)))
        options.reset()
        stepped: list[Any] = []
        for subgoal in planner.told:
            last = options.step(subgoal)
            option = last[-1]["option"]
            stepped += zip(option["commands"], option["rewards"], strict=True)
        assert stepped == played
        assert last[0] == seen
        assert last[2:4] == (terminated, truncated)
    finally:
        world.close()
        options.close()


@pytest.mark.parametrize("name", ["scriptd", "no.such:Class", "sgd_gym.agents.oracle:Nobody"])
def test_an_unknown_executor_is_told(name: str) -> None:
    with pytest.raises(UnknownNameError, match="Allowed: scripted, oracle, default, a checkpoint folder"):
        ScienceWorldOptionsEnv(executor=name)


def test_a_folder_without_a_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        ScienceWorldOptionsEnv(executor=str(tmp_path))


def test_a_users_own_executor_is_found_by_its_name() -> None:
    env = ScienceWorldOptionsEnv(executor="sgd_gym.agents.scripted.executor:ScriptedExecutor")
    assert env.action_space.contains("wait()")
    env.close()


@pytest.mark.parametrize("arguments", [{"gamma": 1.5}, {"max_moves": 0}, {"max_option_moves": 0}])
def test_numbers_out_of_range_are_told(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Allowed: "):
        ScienceWorldOptionsEnv(**arguments)
