"""Vector environments whose worlds, counted from 0, move at once, in threads; knows no task and no JVM."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array, iterate
from gymnasium.wrappers import TimeLimit

from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.errors import SimulatorError, UnknownNameError


class VectorSimulatorError(SimulatorError):
    """Simulators of some worlds failed; the other worlds have done what was asked.

    Attributes:
        failed: The error of each world that failed.
        transition: What the call would have returned, with placeholders for the worlds that failed.
    """

    def __init__(self, failed: Mapping[int, SimulatorError], num_envs: int, transition: tuple[Any, ...]):
        """Build the message, one line for each world that failed; see the class for the rest."""
        super().__init__("\n".join(f"world {i} of {num_envs}: {error}" for i, error in failed.items()))
        self.__cause__ = next(iter(failed.values()))
        self.failed = dict(failed)
        self.transition = transition


@dataclass(frozen=True)
class _Outcome:
    """What one world gave for its move or reset."""

    observation: Any
    reward: Any = 0.0
    terminated: bool = False
    truncated: bool = False
    info: dict[str, Any] = field(default_factory=dict)
    final: dict[str, Any] = field(default_factory=dict)
    error: SimulatorError | None = None


class ThreadVectorEnv(gym.vector.VectorEnv[Any, Any, np.ndarray]):
    """Environments that move at once, each in a thread of this process.

    It pays for environments that wait without the GIL, on a socket for instance.

    Law: without faults, each call returns what `SyncVectorEnv` of the same environments returns.

    A `SimulatorError` of some worlds lets the others finish; then the call raises `VectorSimulatorError`,
    whose `transition` keeps what the others gave. Any other error of a world is raised as it is, when all
    worlds are done. Ctrl-C raises at once; the moves in flight are lost, so every world needs a reset then.
    After `close`, every use raises `gymnasium.error.ClosedEnvironmentError`.
    """

    closed = True  # until all is made: older releases of Gymnasium close whatever is collected

    def __init__(
        self,
        env_fns: Sequence[Callable[[], gym.Env[Any, Any]]],
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ):
        """Make the environments; metadata and render mode are those of the first.

        Args:
            env_fns: Make one environment each.
            autoreset_mode: When a world whose episode ended is reset; Gymnasium's enum, or a value of it.

        Raises:
            UnknownNameError: If there is no such mode, or no environment at all.
            RuntimeError: If the spaces of the environments differ.
        """
        try:
            self.autoreset_mode = AutoresetMode(autoreset_mode)
        except ValueError:
            allowed = [mode.value for mode in AutoresetMode]
            raise UnknownNameError("autoreset_mode", autoreset_mode, allowed) from None
        if not env_fns:
            raise UnknownNameError("number of environments", 0, ["1 or more"])
        self.envs: list[gym.Env[Any, Any]] = []
        with ExitStack() as opened:  # closes what was made, should anything here fail
            for env_fn in env_fns:
                self.envs.append(env_fn())
                opened.callback(self.envs[-1].close)
            self._adopt_spaces()
            self._opened = opened.pop_all()
        self._pool = self._make_pool()
        self._interrupted = False
        self._seen: dict[int, Any] = {}
        # The worlds to reset in place of their next move: failed or (but in SAME_STEP) ended ones.
        self._reset_due = np.zeros(self.num_envs, dtype=np.bool_)
        self.closed = False

    def _adopt_spaces(self) -> None:
        first = self.envs[0]
        for i, env in enumerate(self.envs):
            if (env.observation_space, env.action_space) != (first.observation_space, first.action_space):
                raise RuntimeError(f"{env}, world {i}, has other spaces than {first}. Fix: use the same.")
        self.num_envs = len(self.envs)
        self.metadata = {**first.metadata, "autoreset_mode": self.autoreset_mode}
        self.render_mode = first.render_mode
        self.single_observation_space = first.observation_space
        self.single_action_space = first.action_space
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def _make_pool(self) -> ThreadPoolExecutor:
        """Start all threads now: the pool would lose one whose start Ctrl-C interrupts, and its call."""
        pool = ThreadPoolExecutor(self.num_envs, thread_name_prefix=type(self).__name__)
        gate = Event()
        try:
            for _ in range(self.num_envs):
                pool.submit(gate.wait)
        finally:
            gate.set()
        return pool

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode in every world, or in those of `options["reset_mask"]`.

        Args:
            seed: World i gets `seed + i`; a sequence holds the seed of each world.
            options: Passed to every world, without `reset_mask` (a bool array, True for a world to reset).

        Raises:
            VectorSimulatorError: If simulators fail; its `transition` is (observations, infos), with the
                last observation of a world that failed, or an empty one. The next reset works.
            TypeError: If the mask is no array of bool.
            ValueError: If mask or seeds have a wrong length, or the mask chooses no world.
        """
        if seed is None or isinstance(seed, int):
            seed = [None if seed is None else seed + i for i in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"reset() got {len(seed)} seeds. Fix: one for each of {self.num_envs} worlds.")
        worlds = list(range(self.num_envs))
        if options and "reset_mask" in options:
            options = dict(options)  # the caller's own stays whole
            worlds = self._read_mask(options.pop("reset_mask"))
        resets = {i: partial(self._reset_world, i, seed[i], options and dict(options)) for i in worlds}
        (observations, *_, infos), failed = self._join(self._run(resets))
        if failed:
            raise VectorSimulatorError(failed, self.num_envs, (observations, infos))
        return observations, infos

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Make one move in every world; a world that is due for a reset is reset in place of its move.

        Raises:
            VectorSimulatorError: If simulators fail. In its `transition` a world that failed has its last
                observation, reward 0, `truncated` and no info. If its move succeeded and only the reset
                of the mode SAME_STEP failed, the move's reward, ends, `final_obs` and `final_info` stay.
            ValueError: If there is not one action for each world.
            gymnasium.error.ResetNeeded: If a world is due for a reset and the mode is DISABLED.
        """
        moves = [] if isinstance(actions, str) else list(iterate(self.action_space, actions))
        if len(moves) != self.num_envs:
            raise ValueError(f"step() got {actions!r}. Fix: one action for each of {self.num_envs} worlds.")
        if self.autoreset_mode == AutoresetMode.DISABLED and self._reset_due.any():
            due = ", ".join(map(str, np.flatnonzero(self._reset_due)))
            raise gym.error.ResetNeeded(
                f"The episode of world {due} of {self.num_envs} has ended, or its simulator has failed. "
                f"Fix: reset(options={{'reset_mask': ...}}) with True for it."
            )
        calls = {
            i: partial(self._reset_world, i) if self._reset_due[i] else partial(self._step_world, i, move)
            for i, move in enumerate(moves)
        }
        transition, failed = self._join(self._run(calls))
        if failed:
            raise VectorSimulatorError(failed, self.num_envs, transition)
        return transition

    def render(self) -> tuple[Any, ...]:
        """Return what each world renders."""
        return self.call("render")

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Call the method `name` of all worlds at once; an attribute that is no method is returned."""

        def call_one(env: gym.Env[Any, Any]) -> Any:
            value = env.get_wrapper_attr(name)
            return value(*args, **kwargs) if callable(value) else value

        futures = self._run({i: partial(call_one, env) for i, env in enumerate(self.envs)})
        return tuple(future.result() for future in futures.values())

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """Return the attribute `name` of each world."""
        return self.call(name)

    def set_attr(self, name: str, values: Any) -> None:
        """Set the attribute `name`: a list or tuple holds the value of each world, else all get the same."""
        self._settle()
        values = values if isinstance(values, list | tuple) else [values] * self.num_envs
        if len(values) != self.num_envs:
            raise ValueError(f"set_attr() got {values!r}. Fix: one value for each of {self.num_envs} worlds.")
        for env, value in zip(self.envs, values, strict=True):
            env.set_wrapper_attr(name, value)

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The random generator of each world."""
        return self.get_attr("np_random")

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed of the random generator of each world."""
        return self.get_attr("np_random_seed")

    def close_extras(self, **kwargs: Any) -> None:
        """Wait for what is in flight, end the threads and close every world, even if one cannot be closed."""
        self._pool.shutdown()
        self._opened.close()

    def _read_mask(self, mask: Any) -> list[int]:
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
            raise TypeError(f"options['reset_mask'] is {mask!r}. Fix: pass a numpy array of dtype bool.")
        if mask.shape != (self.num_envs,) or not mask.any():
            raise ValueError(f"options['reset_mask'] is {mask!r}. Fix: {self.num_envs} bools, not all False.")
        return [int(i) for i in np.flatnonzero(mask)]

    def _settle(self) -> None:
        """Refuse a closed environment; let what Ctrl-C left in flight end before anything else begins."""
        if self.closed:
            raise gym.error.ClosedEnvironmentError("The environment is closed. Fix: make a new one.")
        if self._interrupted:
            self._pool.shutdown()
            self._pool, self._interrupted = self._make_pool(), False

    def _run(self, call_fns: Mapping[int, Callable[[], Any]]) -> dict[int, Future[Any]]:
        """Start one call for each world, all at once, and wait until every one has ended."""
        self._settle()
        try:
            futures = {i: self._pool.submit(call_fn) for i, call_fn in call_fns.items()}
            wait(futures.values())
        except BaseException:  # Ctrl-C: nobody will know what these calls gave
            self._interrupted = True
            self._reset_due[:] = True
            raise
        return futures

    def _reset_world(self, i: int, seed: int | None = None, options: Any = None) -> _Outcome:
        try:
            observation, info = self.envs[i].reset(seed=seed, options=options)
        except SimulatorError as error:
            return _Outcome(self._last_seen(i), truncated=True, error=error)
        return _Outcome(observation, info=info)

    def _step_world(self, i: int, action: Any) -> _Outcome:
        try:
            observation, reward, terminated, truncated, info = self.envs[i].step(action)
        except SimulatorError as error:
            return _Outcome(self._last_seen(i), truncated=True, error=error)
        if self.autoreset_mode == AutoresetMode.SAME_STEP and (terminated or truncated):
            self._seen[i] = observation  # what remains to be seen, should the reset fail
            final = {"final_obs": observation, "final_info": info}
            start = self._reset_world(i)
            return replace(start, reward=reward, terminated=terminated, truncated=truncated, final=final)
        return _Outcome(observation, reward, terminated, truncated, info)

    def _last_seen(self, i: int) -> Any:
        if i not in self._seen:
            empty: Any = create_empty_array(self.single_observation_space, self.num_envs)
            self._seen[i] = list(iterate(self.observation_space, empty))[i]
        return self._seen[i]

    def _join(self, futures: Mapping[int, Future[_Outcome]]) -> tuple[Any, dict[int, SimulatorError]]:
        """Make a transition of all outcomes, in the order of the worlds, and gather the faults.

        An error that is no fault of a simulator is raised, once the outcomes of the others are noted.
        """
        rewards = np.zeros(self.num_envs, dtype=np.float64)
        terminations = np.zeros(self.num_envs, dtype=np.bool_)
        truncations = np.zeros(self.num_envs, dtype=np.bool_)
        infos: dict[str, Any] = {}
        failed: dict[int, SimulatorError] = {}
        for i, future in futures.items():
            if future.exception() is not None:
                continue
            outcome = future.result()
            self._seen[i] = outcome.observation
            rewards[i], terminations[i] = outcome.reward, outcome.terminated
            truncations[i] = outcome.truncated
            infos = self._add_info(self._add_info(infos, outcome.final, i), outcome.info, i)
            ended = outcome.terminated or outcome.truncated
            self._reset_due[i] = ended and self.autoreset_mode != AutoresetMode.SAME_STEP
            if outcome.error is not None:
                self._reset_due[i], failed[i] = True, outcome.error
        for future in futures.values():
            future.result()
        seen = [self._last_seen(i) for i in range(self.num_envs)]
        empty: Any = create_empty_array(self.single_observation_space, self.num_envs)
        # The copy is for spaces whose observations Gymnasium joins without copying them.
        observations = deepcopy(concatenate(self.single_observation_space, seen, empty))
        return (observations, rewards, terminations, truncations, infos), failed


class ScienceWorldVectorEnv(ThreadVectorEnv):
    """Several worlds of `ScienceWorldEnv`, each with a JVM of its own, that move at once.

    `gym.make_vec("sgd_gym/ScienceWorld-v0", num_envs=4, task="boil")` makes it. One Python process waits
    for all JVMs at once, in threads; the JVMs start at the first `reset`.

    ## Autoreset modes
    As Gymnasium defines them: `autoreset_mode=AutoresetMode.NEXT_STEP` (or "NextStep", the default),
    SAME_STEP ("SameStep") or DISABLED ("Disabled"; then `reset(options={"reset_mask": ...})` starts the
    worlds of the mask). Episodes that start by themselves draw task and variation as `reset()` does.

    ## Faults
    A JVM that dies or hangs ends the episode of its world only: the others finish their move, then `step`
    raises `VectorSimulatorError`, which holds all results. The next `step` resets the world, with a new
    JVM, in place of its move (in the mode SAME_STEP, too); in the mode DISABLED it is for you to reset it.
    """

    world_type: ClassVar[type[gym.Env[Any, Any]]] = ScienceWorldEnv
    """What each world is."""

    def __init__(
        self,
        num_envs: int = 1,
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        **kwargs: Any,
    ):
        """Make the worlds.

        Args:
            num_envs: Number of worlds.
            max_episode_steps: Moves until an episode is truncated; None or -1 for no limit.
            autoreset_mode: See the class.
            **kwargs: Arguments of the environment of one world.

        Raises:
            UnknownNameError: If an argument names something that does not exist.
        """
        if not isinstance(num_envs, int | np.integer) or num_envs < 1:
            raise UnknownNameError("num_envs", num_envs, ["1 or more"])

        def make_world() -> gym.Env[Any, Any]:
            env = self.world_type(**kwargs)
            return env if max_episode_steps in (None, -1) else TimeLimit(env, max_episode_steps)

        super().__init__([make_world] * num_envs, autoreset_mode)
