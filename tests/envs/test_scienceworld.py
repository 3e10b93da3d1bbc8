"""`sgd_gym/ScienceWorld-v0`: the laws of the text environment."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from sgd_gym.envs.scienceworld import INFOS, SIMPLIFICATIONS, ScienceWorldEnv
from sgd_gym.envs.tasks import get_task
from sgd_gym.errors import SgdGymError, SimulatorError, UnknownNameError

ENV_ID = "sgd_gym/ScienceWorld-v0"
PATHS: dict[str, tuple[str, list[str]]] = json.loads(
    Path(__file__).parents[1].joinpath("subgoals", "oracle_paths.json").read_text(encoding="utf-8")
)
ALL_BUT_ORACLE = ("valid_actions", "valid_objects", "goal_progress", "object_tree")
FIND_PLANT = {"task": "find-plant", "variation": 0}


@pytest.fixture(scope="module")
def env() -> Iterator[ScienceWorldEnv]:
    """Return an environment with every info but the oracle path, which costs a search at each reset."""
    env = ScienceWorldEnv(infos=ALL_BUT_ORACLE)
    yield env
    env.close()


def play(env: gym.Env[Any, Any], commands: list[str], **options: Any) -> list[Any]:
    """Return everything that an episode gives: what reset returns, then what each step returns."""
    return [env.reset(options=options), *map(env.step, commands)]


# --- the interface


def test_an_id_that_names_its_package_needs_no_import() -> None:
    env = gym.make("sgd_gym:sgd_gym/ScienceWorld-v0", task="boil", variation=3)
    assert isinstance(env.unwrapped, ScienceWorldEnv)


def test_what_is_seen_lies_in_the_space(env: ScienceWorldEnv) -> None:
    _, path = PATHS["grow-plant/0"]
    episode = play(env, path[:12], task="grow-plant", variation=0)
    for seen, *_ in episode:
        assert env.observation_space.contains(seen)
    seen, info = episode[0]
    assert seen["observation"] == seen["look"]
    assert seen["look"].startswith("This room is called the ")
    assert seen["inventory"].startswith("In your inventory, you see:")
    assert seen["task"].startswith("Your task is to grow a ")
    assert info["task"] == "grow-plant"


@pytest.mark.parametrize(
    ("variation", "room", "book"),
    [
        (7, "living room", "beowulf"),
        (7, "living room", "book (moby dick)"),
        (9, "living room", "book (pride and prejudice)"),
    ],
)
def test_the_books_lie_in_the_space(env: ScienceWorldEnv, variation: int, room: str, book: str) -> None:
    """They hold the only letters of the simulator that are no ASCII."""
    *_, (seen, *_) = play(env, [f"teleport to {room}", f"read {book}"], task="boil", variation=variation)
    assert not seen["observation"].isascii()
    assert env.observation_space.contains(seen)


def test_infos_tell_the_episode(env: ScienceWorldEnv) -> None:
    (_, first), (_, reward, _, _, second) = play(env, ["go to kitchen"], **FIND_PLANT)
    standard = {
        "score": 0,
        "is_success": False,
        "task": "find-plant",
        "task_id": "4-3",
        "variation": 0,
        "split": "train",
        "moves": 0,
        "last_action_error": None,
        "deterministic": True,
    }
    assert {name: first[name] for name in standard} == standard
    assert set(first) == set(standard) | set(ALL_BUT_ORACLE)
    assert set(second) == set(first)
    assert (second["score"], second["moves"]) == (reward, 1)
    assert "go to kitchen" in first["valid_actions"]
    assert "go to hallway" in second["valid_actions"]
    assert "stove" in second["valid_objects"]
    plant = {"kind": "GoalFocusOnPlant", "text": "focus on a plant", "done": False, "ordered": True}
    assert second["goal_progress"][0] == plant
    assert second["object_tree"]["name"] == "universe"
    assert any(name.startswith("kitchen-") for name in second["object_tree"]["contents"])


def test_nothing_is_given_unasked() -> None:
    env = ScienceWorldEnv()
    try:
        _, info = env.reset(options=FIND_PLANT)
        assert not set(info) & set(INFOS)
    finally:
        env.close()


def test_every_call_returns_dicts_of_its_own(env: ScienceWorldEnv) -> None:
    (seen, info), step = play(env, ["look around"], **FIND_PLANT)
    kept = dict(seen)
    seen.clear()
    info["valid_actions"].clear()
    info.clear()
    after, *_, told = env.step("look around")
    assert after is not step[0]
    assert told is not step[4]
    assert told["valid_actions"] == step[4]["valid_actions"]
    after["look"] = told["score"] = "spoiled"
    again, *_, told = env.step("look around")
    assert again["look"] == kept["look"]
    assert told["score"] == step[4]["score"]


def test_render_shows_command_and_reply(capsys: pytest.CaptureFixture[str]) -> None:
    shown = {}
    for mode in ("ansi", "human"):
        env = gym.make(ENV_ID, task="find-plant", variation=0, render_mode=mode).unwrapped
        try:
            assert env.render() is None
            env.reset()
            pages = [env.render()]
            env.step("go to kitchen")
            pages += [env.render(), env.render()]
        finally:
            env.close()
        shown[mode] = pages
    start, move, again = shown["ansi"]
    assert isinstance(start, str) and isinstance(move, str)
    assert "find-plant, train variation 0" in start
    assert move.startswith("> go to kitchen\nYou move to the kitchen.\nThis room is called the kitchen.")
    assert move.endswith("move 1, score 17 (+17)")
    assert again == move
    printed = capsys.readouterr().out
    assert shown["human"] == [None, None, None]
    assert "> go to kitchen" in printed and "score 17 (+17)" in printed


def test_the_stock_behaviour_says_so_in_info() -> None:
    env = ScienceWorldEnv(task="find-plant", deterministic=False)
    try:
        assert env.reset(seed=0)[1]["deterministic"] is False
        assert env.step("look around")[4]["deterministic"] is False
    finally:
        env.close()


@pytest.mark.parametrize("action", [7, None, b"look around", ["look around"]])
def test_a_command_that_is_no_text_is_refused_and_costs_nothing(env: ScienceWorldEnv, action: Any) -> None:
    env.reset(options=FIND_PLANT)
    with pytest.raises(TypeError, match="Allowed: a text"):
        env.step(action)
    assert env.step("look around")[4]["moves"] == 1


def test_after_a_reset_that_failed_there_is_no_episode(env: ScienceWorldEnv) -> None:
    env.reset(options=FIND_PLANT)
    assert env._simulator is not None
    os.kill(env._simulator.pid, signal.SIGKILL)
    with pytest.raises(SimulatorError, match="during load"):
        env.reset(options=FIND_PLANT)
    with pytest.raises(gym.error.ResetNeeded):
        env.step("look around")
    assert env.reset(options=FIND_PLANT)[1]["moves"] == 0


# --- the laws


def test_oracle_path_solves_the_task_and_rewards_sum_to_the_score() -> None:
    env = gym.make(ENV_ID, task="find-plant", infos=("oracle_path",))
    try:
        _, info = env.reset(options={"variation": 0})
        assert info["oracle_path"] == PATHS["find-plant/0"][1]
        rewards = []
        for command in info["oracle_path"]:
            _, reward, terminated, truncated, info = env.step(command)
            rewards.append(reward)
            assert sum(rewards) == info["score"]
            assert not truncated
    finally:
        env.close()
    assert terminated
    assert info["is_success"]
    assert info["score"] == sum(rewards) == 100
    assert len(info["oracle_path"]) == info["moves"]


def test_a_wrong_focus_ends_the_task_at_minus_100(env: ScienceWorldEnv) -> None:
    _, *steps = play(env, ["go to kitchen", "focus on stove"], **FIND_PLANT)
    assert [terminated for _, _, terminated, _, _ in steps] == [False, True]
    assert sum(reward for _, reward, *_ in steps) == steps[-1][4]["score"] == -100
    assert not steps[-1][4]["is_success"]


def test_a_new_episode_owes_nothing_to_the_one_before(env: ScienceWorldEnv) -> None:
    first = play(env, ["look around"], **FIND_PLANT)
    play(env, ["go to kitchen", "pick up thermometer", "focus on stove"], **FIND_PLANT)
    again = play(env, ["look around"], **FIND_PLANT)
    assert (again[0][1]["score"], again[0][1]["moves"]) == (0, 0)
    assert again == first


@pytest.mark.parametrize(("infos", "length"), [((), 63), (ALL_BUT_ORACLE, 5)])
def test_the_same_commands_give_the_same_episode_in_every_process(
    infos: tuple[str, ...], length: int
) -> None:
    """On this path ScienceWorld by itself takes its chances, at command 2 (infos) or 41 (replies)."""
    path = PATHS["grow-fruit/0"][1][:length]
    episodes = []
    for before, times in ([], 2), (PATHS["chemistry-mix/0"][1][:5], 1):
        env = ScienceWorldEnv(infos=infos)
        try:
            play(env, before, task="chemistry-mix", variation=0)
            episodes += [play(env, path, task="grow-fruit", variation=0) for _ in range(times)]
        finally:
            env.close()
    assert len(episodes) == 3
    assert all(episode == episodes[0] for episode in episodes)
    assert episodes[0][-1][4]["score"] > 0


def test_a_seed_names_the_episodes(env: ScienceWorldEnv) -> None:
    def draw(seed: int) -> list[tuple[str, int]]:
        infos = [env.reset(seed=seed)[1], env.reset()[1], env.reset()[1]]
        return [(info["task"], info["variation"]) for info in infos]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    assert len(set(draw(1))) > 1
    for task, variation in draw(3):
        assert get_task(task).split_of(variation) == "train"


def test_only_the_time_limit_truncates() -> None:
    env = gym.make(ENV_ID, task="find-plant", variation=0, max_episode_steps=3)
    try:
        env.reset()
        ends = [env.step("look around")[2:4] for _ in range(3)]
        assert ends == [(False, False), (False, False), (False, True)]
        env.reset()
        assert env.step("look around")[2:4] == (False, False)
    finally:
        env.close()


def test_an_unknown_command_costs_a_move_and_is_told(env: ScienceWorldEnv) -> None:
    _, wrong, right = play(env, ["fly to the moon", "go to kitchen"], **FIND_PLANT)
    seen, reward, terminated, _, info = wrong
    assert (reward, terminated, info["moves"]) == (0.0, False, 1)
    assert info["last_action_error"] == seen["observation"] == "No known action matches that input."
    assert right[4]["last_action_error"] is None


def test_an_ambiguous_command_offers_the_numbers(env: ScienceWorldEnv) -> None:
    _, _, asked, answered = play(env, ["go to greenhouse", "focus on flower pot", "0"], **FIND_PLANT)
    assert asked[0]["observation"].startswith("Ambiguous request")
    count = asked[0]["observation"].count("focus on flower pot")
    assert count > 1
    assert asked[4]["valid_actions"] == [str(number) for number in range(count)]
    assert asked[4]["last_action_error"] is None
    assert answered[0]["observation"].startswith("You focus on the flower pot")
    assert len(answered[4]["valid_actions"]) > count


# --- refusals


def test_step_before_reset_is_refused() -> None:
    env = ScienceWorldEnv()
    with pytest.raises(gym.error.ResetNeeded, match="reset"):
        env.step("look around")
    env.close()
    env.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "boyl"}, r"task 'boyl'.*boil.*10-2"),
        ({"task": []}, "task"),
        ({"split": "valid"}, r"split 'valid'.*train, dev, test"),
        ({"variation": 30, "task": "boil"}, r"train variation of boil 30.*0 to 13"),
        ({"variation": 14, "task": "boil"}, r"train variation of boil 14.*0 to 13"),
        ({"variation": 0, "task": "boil", "split": "test"}, r"test variation of boil 0.*21 to 29"),
        ({"infos": ("valid_action",)}, rf"info 'valid_action'.*'valid_actions'.*{', '.join(INFOS)}"),
        ({"simplification": "hard"}, rf"simplification 'hard'.*{', '.join(SIMPLIFICATIONS)}"),
        ({"simplification": "easy,openDors"}, r"simplification 'openDors'.*'openDoors'"),
        ({"render_mode": "rgb_array"}, r"render_mode 'rgb_array'.*ansi, human"),
    ],
)
def test_unknown_arguments_raise_with_the_allowed_ones(arguments: Any, message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        ScienceWorldEnv(**arguments)


def test_infos_as_one_string_are_refused() -> None:
    """A string is a sequence of letters: the message must name the string or its first letter."""
    with pytest.raises(SgdGymError, match="info"):
        ScienceWorldEnv(infos="valid_actions")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "boyl"}, "task 'boyl'"),
        ({"task": "boil", "variation": 14}, "train variation of boil 14"),
        ({"taks": "boil"}, "reset option 'taks'.*'task'.*variation"),
    ],
)
def test_unknown_reset_options_raise_and_the_environment_lives_on(
    env: ScienceWorldEnv, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnknownNameError, match=message):
        env.reset(options=options)
    assert env.reset(options=FIND_PLANT)[1]["task"] == "find-plant"


# --- vector environments


def test_shared_memory_is_refused_and_the_named_fix_works() -> None:
    def make() -> gym.Env[Any, Any]:
        return gym.make("sgd_gym:sgd_gym/ScienceWorld-v0", task="find-plant", variation=0)

    with pytest.raises(ValueError, match=r"shared_memory=False") as caught:
        gym.vector.AsyncVectorEnv([make])
    assert isinstance(caught.value.__cause__, gym.error.CustomSpaceError)
    assert "shared_memory=False" in str(caught.value.__cause__)

    envs = gym.vector.AsyncVectorEnv([make], shared_memory=False, context="spawn")
    try:
        check_vector(envs)
    finally:
        envs.close()


def test_make_vec_works() -> None:
    envs = gym.make_vec(ENV_ID, num_envs=1, task="find-plant", variation=0)
    try:
        check_vector(envs)
    finally:
        envs.close()


def check_vector(envs: Any) -> None:
    start, _ = envs.reset(seed=0)
    assert start["look"][0].startswith("This room is called the hallway.")
    after, rewards, *_, infos = envs.step(("go to kitchen",))
    assert after["observation"] == ("You move to the kitchen.",)
    assert after["look"][0].startswith("This room is called the kitchen.")
    assert rewards.tolist() == infos["score"].tolist() == [17]


@pytest.mark.slow
def test_an_oracle_path_does_not_depend_on_those_asked_for_before() -> None:
    """The simulator keeps walks that it drew for one path and would use them for the next."""
    variations = (0, 7)

    def find_paths(order: tuple[int, ...]) -> dict[int, list[str]]:
        env = ScienceWorldEnv(task="test-conductivity", infos=("oracle_path",))
        try:
            return {one: env.reset(options={"variation": one})[1]["oracle_path"] for one in order}
        finally:
            env.close()

    paths = find_paths(variations)
    assert all(paths.values())
    assert paths == find_paths(variations[::-1])
