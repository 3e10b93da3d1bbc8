"""The vector environments: equal to Gymnasium's own one, all worlds at once, faults of one leave the others.

Most laws are shown with `Talk`, a world of texts in pure Python; a few with JVMs.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from itertools import cycle
from typing import Any

import gymnasium as gym
import numpy as np
import psutil
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeLimit

from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.vector import ScienceWorldVectorEnv, ThreadVectorEnv, VectorSimulatorError
from sgd_gym.errors import SgdGymError, SimulatorError, UnknownNameError
from sgd_gym.spaces import CommandText, ObservationText

NEXT_STEP, SAME_STEP, DISABLED = AutoresetMode
ENV_ID = "sgd_gym/ScienceWorld-v0"


class Talk(gym.Env[dict[str, str], str]):
    """A world of texts. Commands that start with a word of its own end the episode or go wrong."""

    metadata = {"render_modes": ["ansi"]}  # noqa: RUF012, as Gymnasium declares it

    def __init__(self, number: int = 0, max_length: int = 16_384):
        self.number = number
        self.metadata = dict(Talk.metadata)
        self.render_mode = "ansi"
        text = ObservationText(max_length)
        self.observation_space: Any = gym.spaces.Dict({"said": text, "room": text})
        self.action_space = CommandText()
        self.before_fn: Callable[[], Any] = lambda: None
        self.reset_faults = 0
        self.busy = False
        self.closings = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        self._wait()
        if self.reset_faults:
            self.reset_faults -= 1
            raise SimulatorError("The JVM ended during load.")
        self.moves, self.length = 0, int(self.np_random.integers(2, 9))
        return self._see("start"), {"length": self.length, "options": options, "start": True}

    def step(self, action: str) -> Any:
        self._wait()
        word = action.split()[0]
        if word == "die":
            raise SimulatorError("The JVM ended during step.")
        if word == "err":
            raise KeyError(action)
        self.moves += 1
        over = self.moves == self.length or word == "end"
        odd = bool(self.moves % 2)
        info: dict[str, Any] = {
            "moves": self.moves,
            "half": self.moves / 2,
            "odd": odd,
            "error": action if odd else None,
            "valid_actions": [action] * self.moves,
            "array": np.full(2, self.moves, dtype=np.float32),
            "nested": {"moves": self.moves, **({"action": action} if odd else {})},
        }
        if self.moves % 3 == self.number:
            info["sometimes"] = 1
        reward = self.number + self.moves / 10
        return self._see(action), reward, over and not odd, over and odd, info

    def render(self) -> Any:
        return f"{self.number}: {self.moves}"

    def meet(self, greeting: str, whom: str = "") -> str:
        self._wait()
        return f"{greeting} {whom}{self.number}"

    def close(self) -> None:
        self.closings += 1

    def _see(self, said: str) -> dict[str, str]:
        return {"said": said, "room": f"{self.number}: {self.moves}"}

    def _wait(self) -> None:
        assert not self.busy, "two calls in one world at the same time"
        self.busy = True
        try:
            self.before_fn()
        finally:
            self.busy = False


TALKS = [partial(Talk, number) for number in range(3)]
POLES = [partial(gym.make, "CartPole-v1", max_episode_steps=20)] * 3


def thread_names() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "VectorEnv" in thread.name]


Make = Callable[..., ThreadVectorEnv]


@pytest.fixture
def make() -> Iterator[Make]:
    """Return a maker of environments that are closed after the test, with no thread left behind."""
    before = thread_names()
    made = []

    def make(env_fns: Any = TALKS, mode: AutoresetMode | str = NEXT_STEP) -> ThreadVectorEnv:
        made.append(ThreadVectorEnv(env_fns, mode))
        return made[-1]

    yield make
    for envs in made:
        envs.close()
    assert thread_names() == before


def assert_same(given: Any, wanted: Any) -> None:
    """Check values, types, dtypes and the order of keys."""
    assert data_equivalence(given, wanted, exact=True), f"{given}\n{wanted}"
    assert list(given[-1]) == list(wanted[-1])


def fault_of(call_fn: Callable[..., Any], *args: Any, **kwargs: Any) -> VectorSimulatorError:
    with pytest.raises(VectorSimulatorError) as caught:
        call_fn(*args, **kwargs)
    return caught.value


# --- the law: what SyncVectorEnv returns


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("env_fns", [TALKS, POLES], ids=["texts", "numbers"])
def test_every_call_returns_what_sync_vector_env_returns(
    make: Make, env_fns: list[Callable[[], gym.Env[Any, Any]]], mode: AutoresetMode
) -> None:
    envs, sync = make(env_fns, mode), SyncVectorEnv(env_fns, autoreset_mode=mode)
    sync.action_space.seed(1)
    kept = []
    ends = np.zeros(2, dtype=int)
    for seed in (3, [5, None, 7], None):
        options = None if seed is None else {"a": {"b": 1}}
        assert_same(envs.reset(seed=seed, options=options), sync.reset(seed=seed, options=options))
        if seed is None or isinstance(seed, list):  # the worlds without a seed go on with their generators
            assert envs.np_random_seed[0] == sync.np_random_seed[0]
        for _ in range(60):
            actions = sync.action_space.sample()
            given, wanted = envs.step(actions), sync.step(actions)
            assert_same(given, wanted)
            assert given[0] in envs.observation_space
            kept.append((given, deepcopy(given)))
            ended = given[2] | given[3]
            ends += given[2].sum(), given[3].sum()
            if mode == DISABLED and ended.any():
                assert_same(
                    envs.reset(options={"reset_mask": ended}), sync.reset(options={"reset_mask": ended})
                )
    sync.close()
    assert min(ends) > 5
    for given, copied in kept:  # no later call has changed what an earlier one returned
        assert_same(given, copied)


def test_the_surface_is_that_of_sync_vector_env(make: Make) -> None:
    envs, sync = make(), SyncVectorEnv(TALKS)
    for name in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
        assert getattr(envs, name) == getattr(sync, name)
    for name in ("num_envs", "render_mode", "autoreset_mode", "spec", "closed", "metadata"):
        assert getattr(envs, name) == getattr(sync, name)
    assert repr(envs) == "ThreadVectorEnv(num_envs=3)"
    for one in (envs, sync):
        one.reset(seed=4)
        assert one.np_random_seed == (4, 5, 6)
        one.set_attr("moves", 7)
        assert one.render() == ("0: 7", "1: 7", "2: 7")
        one.set_attr("moves", [1, 2, 3])
        assert one.get_attr("moves") == (1, 2, 3)
        assert one.call("meet", "hello", whom="n") == ("hello n0", "hello n1", "hello n2")
        with pytest.raises(ValueError, match="3"):
            one.set_attr("moves", (1, 2))
        with pytest.raises(AttributeError, match="nothing"):
            one.call("nothing")
    assert [rng.integers(99) for rng in envs.np_random] == [rng.integers(99) for rng in sync.np_random]
    sync.close()


@pytest.mark.parametrize("mode", AutoresetMode)
def test_the_mode_is_given_as_enum_or_value(make: Make, mode: AutoresetMode) -> None:
    for spelling in (mode, mode.value):
        envs = make(mode=spelling)
        assert envs.metadata == {"render_modes": ["ansi"], "autoreset_mode": mode}
        assert "autoreset_mode" not in envs.envs[0].metadata


# --- all at once


def test_all_worlds_are_in_flight_at_once(make: Make) -> None:
    """Each world waits until all three are there: one after the other would break the barrier."""
    envs = make()
    envs.set_attr("before_fn", threading.Barrier(3, timeout=10).wait)
    envs.reset()
    for _ in range(5):
        envs.step(("a", "b", "c"))
    assert envs.call("meet", "hi") == ("hi 0", "hi 1", "hi 2")
    assert sorted(thread_names()) == [f"ThreadVectorEnv_{number}" for number in range(3)]


def test_results_stay_with_their_world_whoever_is_first(make: Make) -> None:
    envs = make()
    envs.set_attr("before_fn", [partial(time.sleep, delay_s) for delay_s in (0.06, 0.0, 0.03)])
    assert envs.reset()[0]["room"] == ("0: 0", "1: 0", "2: 0")
    observations, rewards, *_ = envs.step(("a", "b", "c"))
    assert observations == {"said": ("a", "b", "c"), "room": ("0: 1", "1: 1", "2: 1")}
    assert rewards.tolist() == [0.1, 1.1, 2.1]


# --- faults


def test_a_fault_keeps_what_the_others_gave_and_what_was_seen_last(make: Make) -> None:
    envs = make()
    envs.reset(seed=0)
    envs.step(("a", "b", "c"))
    envs.set_attr("before_fn", [partial(time.sleep, 0.1), lambda: None, lambda: None])
    error = fault_of(envs.step, ("d", "die", "end"))
    assert str(error) == "world 1 of 3: The JVM ended during step."
    assert isinstance(error, SimulatorError)
    assert list(error.failed) == [1]
    assert error.__cause__ is error.failed[1]
    observations, rewards, terminations, truncations, infos = error.transition
    assert observations == {"said": ("d", "b", "end"), "room": ("0: 2", "1: 1", "2: 2")}
    assert rewards.tolist() == [0.2, 0.0, 2.2]
    assert terminations.tolist() == [False, False, True]
    assert truncations.tolist() == [False, True, False]
    assert all(infos[name].tolist() == [True, False, True] for name in infos if name.startswith("_m"))
    assert infos["moves"].tolist() == [2, 0, 2]


@pytest.mark.parametrize("mode", [NEXT_STEP, SAME_STEP])
def test_after_a_fault_the_next_step_resets_the_world_in_place_of_its_move(
    make: Make, mode: AutoresetMode
) -> None:
    envs = make(mode=mode)
    envs.reset(seed=0)
    error = fault_of(envs.step, ("a", "die", "die"))
    assert str(error).splitlines() == [
        "world 1 of 3: The JVM ended during step.",
        "world 2 of 3: The JVM ended during step.",
    ]
    assert "final_obs" not in error.transition[-1]
    observations, rewards, terminations, truncations, infos = envs.step(("b", "die", "die"))
    assert observations == {"said": ("b", "start", "start"), "room": ("0: 2", "1: 0", "2: 0")}
    assert rewards.tolist() == [0.2, 0, 0]
    assert not (terminations | truncations).any()
    assert infos["_start"].tolist() == [False, True, True]
    assert envs.step(("c", "d", "e"))[0]["room"] == ("0: 3", "1: 1", "2: 1")


def test_without_autoreset_a_failed_world_must_be_reset(make: Make) -> None:
    envs = make(mode=DISABLED)
    envs.reset(seed=0)
    assert fault_of(envs.step, ("a", "die", "end")).transition[3].tolist() == [False, True, True]
    with pytest.raises(ResetNeeded, match=r"world 1, 2 of 3.*reset_mask"):
        envs.step(("b", "b", "b"))
    envs.reset(options={"reset_mask": np.array([False, True, False])})
    with pytest.raises(ResetNeeded, match="world 2 of 3"):
        envs.step(("b", "b", "b"))
    envs.reset(options={"reset_mask": np.array([False, False, True])})
    assert envs.step(("b", "b", "b"))[0]["room"] == ("0: 2", "1: 1", "2: 1")


def test_a_fault_of_the_first_reset_leaves_an_empty_observation(make: Make) -> None:
    envs = make()
    envs.set_attr("reset_faults", [0, 1, 0])
    error = fault_of(envs.reset, seed=0)
    assert str(error) == "world 1 of 3: The JVM ended during load."
    observations, infos = error.transition
    assert observations == {"said": ("start", "", "start"), "room": ("0: 0", "", "2: 0")}
    assert infos["_start"].tolist() == [True, False, True]
    assert envs.reset(seed=0)[0]["room"] == ("0: 0", "1: 0", "2: 0")


def test_a_fault_of_an_autoreset_is_a_fault_like_others(make: Make) -> None:
    envs = make()
    envs.reset(seed=0)
    envs.step(("a", "end", "a"))
    envs.set_attr("reset_faults", [0, 1, 0])
    transition = fault_of(envs.step, ("b", "b", "b")).transition
    assert transition[0]["said"] == ("b", "end", "b")
    assert transition[1].tolist() == [0.2, 0.0, 2.2]
    assert transition[3].tolist() == [False, True, False]
    assert envs.step(("c", "c", "c"))[0]["said"] == ("c", "start", "c")


def test_a_fault_of_the_reset_in_the_same_step_does_not_cost_the_move(make: Make) -> None:
    envs, sync = make(mode=SAME_STEP), SyncVectorEnv(TALKS, autoreset_mode=SAME_STEP)
    for one in (envs, sync):
        one.reset(seed=0)
        one.step(("a", "a", "a"))
    envs.set_attr("reset_faults", [0, 1, 0])
    observations, *results, infos = fault_of(envs.step, ("b", "end", "b")).transition
    wanted = sync.step(("b", "end", "b"))
    sync.close()
    assert_same(tuple(results), wanted[1:4])
    assert observations["said"] == ("b", "end", "b")
    for name in ("final_obs", "_final_obs", "final_info", "_final_info"):
        assert data_equivalence(infos[name], wanted[-1][name], exact=True)
    assert "start" not in infos
    observations, rewards, *_ = envs.step(("c", "c", "c"))
    assert observations["said"] == ("c", "start", "c")
    assert rewards[1] == 0


def test_a_masked_reset_touches_the_mask_only(make: Make) -> None:
    envs = make(mode=DISABLED)
    envs.reset(seed=0)
    envs.step(("a", "a", "a"))
    envs.set_attr("reset_faults", [1, 0, 1])
    options = {"reset_mask": np.array([False, True, True]), "a": 1}
    observations, infos = fault_of(envs.reset, seed=9, options=options).transition
    assert observations == {"said": ("a", "start", "a"), "room": ("0: 1", "1: 0", "2: 1")}
    assert infos["_start"].tolist() == [False, True, False]
    assert list(options) == ["reset_mask", "a"]
    assert infos["options"]["a"].tolist() == [0, 1, 0]
    assert envs.np_random_seed == (0, 10, 11)


def test_other_errors_come_as_they_are_when_all_worlds_are_done(make: Make) -> None:
    envs = make()
    envs.reset(seed=0)
    envs.set_attr("before_fn", [lambda: None, lambda: None, partial(time.sleep, 0.1)])
    with pytest.raises(KeyError, match="err 1"):
        envs.step(("a", "err 1", "end"))
    assert envs.get_attr("busy") == (False, False, False)
    assert envs.get_attr("moves") == (1, 0, 1)
    assert envs.step(("b", "b", "b"))[0]["room"] == ("0: 2", "1: 1", "2: 0")


def test_call_raises_the_error_of_a_world(make: Make) -> None:
    envs = make()
    envs.reset(seed=0)
    with pytest.raises(SimulatorError, match="during step"):
        envs.call("step", "die")
    assert envs.step(("b", "b", "b"))[0]["room"] == ("0: 1", "1: 1", "2: 1")


# --- Ctrl-C and the end


def interrupt(envs: ThreadVectorEnv) -> threading.Event:
    """Let Ctrl-C come in the middle of a step; the moves go on until the event that is returned."""
    gate, all_there = threading.Event(), threading.Barrier(3, timeout=10)
    main = threading.main_thread().ident
    assert main is not None

    def move() -> None:
        if all_there.wait() == 0:
            time.sleep(0.1)  # until the main thread waits: a signal just before is seen after the wait only
            signal.pthread_kill(main, signal.SIGINT)
        gate.wait(10)

    envs.set_attr("before_fn", move)
    with pytest.raises(KeyboardInterrupt):
        envs.step(("a", "b", "c"))
    assert all(env.busy for env in envs.envs)  # type: ignore[attr-defined]
    return gate


@pytest.mark.usefixtures("ctrl_c")
def test_after_ctrl_c_the_moves_in_flight_end_first_and_every_world_starts_anew(make: Make) -> None:
    envs = make()
    envs.reset(seed=0)
    gate = interrupt(envs)
    timer = threading.Timer(0.2, gate.set)
    timer.start()
    envs.set_attr("before_fn", lambda: None)
    timer.join()
    assert envs.get_attr("moves") == (1, 1, 1)
    assert envs.step(("d", "d", "d"))[0]["said"] == ("start", "start", "start")


@pytest.mark.usefixtures("ctrl_c")
def test_close_works_after_ctrl_c(make: Make) -> None:
    envs = make()
    envs.reset(seed=0)
    timer = threading.Timer(0.2, interrupt(envs).set)
    timer.start()
    envs.close()
    timer.join()
    assert not thread_names()
    assert [env.closings for env in envs.envs] == [1, 1, 1]  # type: ignore[attr-defined]


def test_use_after_close_is_refused() -> None:
    envs = ThreadVectorEnv(TALKS)
    envs.reset()
    envs.close()
    envs.close()
    assert [env.closings for env in envs.envs] == [1, 1, 1]  # type: ignore[attr-defined]
    assert not thread_names()
    for use in (
        envs.reset,
        envs.render,
        partial(envs.step, ("a", "b", "c")),
        partial(envs.call, "meet", "hi"),
        partial(envs.get_attr, "number"),
        partial(envs.set_attr, "number", 1),
    ):
        with pytest.raises(ClosedEnvironmentError, match="new one"):
            use()


def test_every_world_is_closed_even_if_one_cannot_be() -> None:
    class Stuck(Talk):
        def close(self) -> None:
            raise OSError("stuck")

    envs = ThreadVectorEnv([Talk, Stuck, Talk])
    envs.reset()
    with pytest.raises(OSError, match="stuck"):
        envs.close()
    assert [env.closings for env in envs.envs] == [1, 0, 1]  # type: ignore[attr-defined]
    assert not thread_names()
    envs.close()
    assert envs.closed


# --- refusals


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"reset_mask": [True, True, True]}, TypeError, "numpy array of dtype bool"),
        ({"reset_mask": np.ones(3, dtype=int)}, TypeError, "numpy array of dtype bool"),
        ({"reset_mask": np.ones(2, dtype=bool)}, ValueError, "3 bools"),
        ({"reset_mask": np.zeros(3, dtype=bool)}, ValueError, "not all False"),
    ],
)
def test_a_wrong_mask_is_refused_as_sync_vector_env_does(
    make: Make, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    envs, sync = make(mode=DISABLED), SyncVectorEnv(TALKS, autoreset_mode=DISABLED)
    with pytest.raises(error, match=message):
        envs.reset(options=options)
    with pytest.raises((error, AssertionError)):  # older releases of Gymnasium assert
        sync.reset(options=options)
    sync.close()


def test_wrong_numbers_of_seeds_and_actions_are_refused_before_any_world_moves(make: Make) -> None:
    envs = make()
    envs.reset(seed=0)
    with pytest.raises(ValueError, match=r"2 seeds.*3 worlds"):
        envs.reset(seed=[1, 2])
    for actions in (("a", "b"), ("a", "b", "c", "d"), "abc"):
        with pytest.raises(ValueError, match="one action for each of 3 worlds"):
            envs.step(actions)
    assert envs.get_attr("moves") == (0, 0, 0)


def test_what_cannot_be_one_vector_is_closed_again() -> None:
    first, other = Talk(0), Talk(1, max_length=5)
    with pytest.raises(RuntimeError, match=r"world 1, has other spaces"):
        ThreadVectorEnv([lambda: first, lambda: other])
    with pytest.raises(ZeroDivisionError):
        ThreadVectorEnv([lambda: first, lambda: 1 // 0])  # type: ignore[list-item, return-value]
    assert (first.closings, other.closings) == (2, 1)
    with pytest.raises(UnknownNameError, match="1 or more"):
        ThreadVectorEnv([])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_envs": 0}, "num_envs 0.*1 or more"),
        ({"num_envs": -2}, "num_envs -2.*1 or more"),
        ({"num_envs": "2"}, "num_envs '2'.*1 or more"),
        (
            {"autoreset_mode": "NextStop"},
            r"autoreset_mode 'NextStop'.*'NextStep'.*NextStep, SameStep, Disabled",
        ),
        ({"autoreset_mode": None}, r"autoreset_mode None.*NextStep, SameStep, Disabled"),
        ({"task": "boyl"}, "task 'boyl'"),
    ],
)
def test_unknown_arguments_raise_with_the_allowed_ones(arguments: Any, message: str) -> None:
    with pytest.raises(UnknownNameError, match=message) as caught:
        ScienceWorldVectorEnv(**arguments)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, SgdGymError)


# --- ScienceWorld


def java_pids() -> set[int]:
    return {child.pid for child in psutil.Process().children() if child.name().startswith("java")}


@pytest.fixture(scope="module")
def worlds() -> Iterator[ScienceWorldVectorEnv]:
    """Return two worlds with a short time limit for each call."""
    before = java_pids()
    envs = ScienceWorldVectorEnv(2, task="find-plant", variation=0, timeout_s=8)
    yield envs
    pids = java_pids() - before
    assert len(pids) == 2
    envs.close()
    assert not java_pids() & pids
    assert not thread_names()


def simulator_pid(envs: ScienceWorldVectorEnv, world: int) -> int:
    env: Any = envs.envs[world].unwrapped
    return int(env._simulator.pid)


@pytest.mark.slow
def test_make_vec_returns_what_sync_vector_env_returns() -> None:
    """Through ends by a wrong focus and by the time limit."""
    arguments: dict[str, Any] = {"task": "find-plant", "infos": ("valid_actions",), "max_episode_steps": 4}
    envs = gym.make_vec(ENV_ID, num_envs=2, autoreset_mode="SameStep", **arguments)
    mode = {"autoreset_mode": SAME_STEP}
    sync = gym.make_vec(ENV_ID, num_envs=2, vectorization_mode="sync", vector_kwargs=mode, **arguments)
    try:
        assert isinstance(envs, ScienceWorldVectorEnv)
        assert_same(envs.reset(seed=3), sync.reset(seed=3))
        assert len(java_pids()) >= 4
        ends = np.zeros(2, dtype=int)
        commands = cycle(["go to kitchen", "focus on stove", "look around", "go to hallway", "inventory"])
        for pair in [(next(commands), next(commands)) for _ in range(10)]:
            given, wanted = envs.step(pair), sync.step(pair)
            assert_same(given, wanted)
            assert given[0] in envs.observation_space
            ends += given[2].sum(), given[3].sum()
        assert min(ends) > 0
        assert envs.metadata == {**ScienceWorldEnv.metadata, "autoreset_mode": SAME_STEP}
        assert envs.spec is not None
        text = envs.spec.to_json()
        assert EnvSpec.from_json(text).to_json() == text
    finally:
        envs.close()
        sync.close()


@pytest.mark.parametrize("limit", [None, -1, 3])
def test_the_time_limit_is_that_of_gym_make(limit: int | None) -> None:
    envs = ScienceWorldVectorEnv(2, max_episode_steps=limit)
    assert [isinstance(env, TimeLimit) for env in envs.envs] == [limit == 3] * 2
    envs.close()


def test_a_killed_jvm_costs_one_episode_of_one_world(worlds: ScienceWorldVectorEnv) -> None:
    worlds.reset()
    worlds.step(("go to kitchen", "look around"))
    pid = simulator_pid(worlds, 1)
    os.kill(pid, signal.SIGKILL)
    error = fault_of(worlds.step, ("go to hallway", "go to kitchen"))
    assert str(error).startswith("world 1 of 2: The JVM ended with exit status -9 during step. Fix: ")
    observations, rewards, _, truncations, infos = error.transition
    assert observations["look"][0].startswith("This room is called the hallway.")
    assert observations["look"][1].startswith("This room is called the hallway.")
    assert observations["observation"][0] == "You move to the hallway."
    assert rewards[1] == 0
    assert truncations.tolist() == [False, True]
    assert infos["_score"].tolist() == [True, False]
    observations, rewards, _, truncations, infos = worlds.step(("go to kitchen", "go to kitchen"))
    assert not truncations.any()
    assert infos["moves"].tolist() == [3, 0]
    assert worlds.step(("look around", "go to kitchen"))[4]["moves"].tolist() == [4, 1]
    assert simulator_pid(worlds, 1) != pid


@pytest.mark.slow
def test_a_hanging_jvm_is_given_up_in_time(
    worlds: ScienceWorldVectorEnv, hang: Callable[[int], None]
) -> None:
    worlds.reset()
    pid = simulator_pid(worlds, 0)
    hang(pid)
    start = time.monotonic()
    error = fault_of(worlds.step, ("go to kitchen", "go to kitchen"))
    assert time.monotonic() - start < 20
    assert str(error).startswith("world 0 of 2: The JVM gave no answer within 8 s during step.")
    assert error.transition[0]["observation"][1] == "You move to the kitchen."
    assert pid not in java_pids()
    observations, _ = worlds.reset()
    assert all(look.startswith("This room is called the hallway.") for look in observations["look"])


def test_a_jvm_that_dies_at_the_reset_takes_no_other_along(worlds: ScienceWorldVectorEnv) -> None:
    worlds.reset()
    os.kill(simulator_pid(worlds, 0), signal.SIGKILL)
    error = fault_of(worlds.reset)
    assert str(error).startswith("world 0 of 2: The JVM ended with exit status -9 during load.")
    assert error.transition[1]["_task"].tolist() == [False, True]
    assert worlds.reset()[1]["_task"].tolist() == [True, True]


def test_an_unknown_option_is_told_as_the_world_tells_it(worlds: ScienceWorldVectorEnv) -> None:
    with pytest.raises(UnknownNameError, match="task 'boyl'"):
        worlds.reset(options={"task": "boyl"})
    assert worlds.reset(options={"task": "boil", "variation": 1})[1]["variation"].tolist() == [1, 1]


def test_closing_works_after_a_fault() -> None:
    before = java_pids()
    envs = ScienceWorldVectorEnv(2, task="find-plant", variation=0)
    envs.reset()
    os.kill(simulator_pid(envs, 0), signal.SIGKILL)
    fault_of(envs.step, ("look around", "look around"))
    envs.close()
    assert java_pids() == before
    with pytest.raises(ClosedEnvironmentError):
        envs.reset()
