"""The text environment `sgd_gym/ScienceWorld-v0`; knows neither goals nor options nor agents."""

from functools import partial
from typing import Any

import gymnasium as gym

from sgd_gym.envs.simulator import Simulator
from sgd_gym.envs.tasks import SPLITS, Task, get_task, get_tasks
from sgd_gym.errors import UnknownNameError
from sgd_gym.spaces import CommandText, ObservationText

INFOS = ("valid_actions", "visible_objects", "goal_progress", "oracle_path")
"""What a caller may ask for with `infos=`; each costs time, so nothing is given unasked."""

SIMPLIFICATIONS = (
    "teleportAction",
    "selfWateringFlowerPots",
    "openContainers",
    "openDoors",
    "noElectricalAction",
)

_ERROR_REPLIES = ("No known action matches that input.", "Unknown action.")


class ScienceWorldEnv(gym.Env[dict[str, str], str]):
    r"""ScienceWorld (arXiv 2203.07540) as a text environment.

    ## Description
    A house with a garden, and 30 tasks of primary-school science. The agent reads text and types commands.

    ## Action Space
    `CommandText`: one command, such as `open cupboard`. When the simulator asks which of several objects is
    meant, the next command is the number of one.

    ## Observation Space
    A Dict of texts: `observation` (the reply to the last command; the room at the start), `look` (the room
    now), `inventory`, `task` (the task description).

    ## Rewards
    The change of the score in points. Law: `sum(rewards) == score at the end - score at the start`.

    ## Starting State
    `reset(seed=...)` draws task and variation through `np_random`;
    `reset(options={"task": ..., "variation": ...})` chooses them.

    ## Episode End
    `terminated` when the simulator ends the task: solved (score 100), or failed by a wrong focus
    (score -100). `truncated` only by the time limit of the spec (100 moves).

    ## Arguments
    `task`: a name, an id, a list of them, or "all". `split`: "train", "dev" or "test". `variation`: one
    variation of the split, or None for all. `simplification`: "easy" or a comma-separated list.
    `infos`: what `info` shall hold beyond the standard keys. `render_mode`: None or "ansi".
    `deterministic`: equal commands give equal worlds. `java`, `memory_mb`, `timeout_s`: see `Simulator`.

    Law: the same id, arguments, seed and commands give the same observations, rewards and infos, over
    resets, processes and machines (`deterministic=True`).

    ## Version History
    * v0: scienceworld 1.2.3
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 4}  # noqa: RUF012, as Gymnasium declares it

    def __init__(
        self,
        task: str | list[str] | tuple[str, ...] = "all",
        split: str = "train",
        variation: int | None = None,
        simplification: str = "easy",
        infos: tuple[str, ...] = (),
        render_mode: str | None = None,
        deterministic: bool = True,
        java: str | None = None,
        memory_mb: int = 512,
        timeout_s: float = 60.0,
    ):
        """Check the arguments; the JVM starts at the first `reset`. See the class for the arguments.

        Raises:
            UnknownNameError: If an argument names something that does not exist.
        """
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise UnknownNameError("render_mode", render_mode, self.metadata["render_modes"])
        for name in infos:
            if name not in INFOS:
                raise UnknownNameError("info", name, INFOS)
        for name in filter(None, simplification.split(",")):
            if name not in ("easy", *SIMPLIFICATIONS):
                raise UnknownNameError("simplification", name, ("easy", *SIMPLIFICATIONS))
        self._tasks = get_tasks(task)
        self._split = split
        if variation is not None:
            for one in self._tasks:
                _check_variation(one, variation, split)
        self._variation = variation
        self._simplification = simplification
        self._infos = tuple(infos)
        self.render_mode = render_mode
        self._make_simulator = partial(Simulator, java, memory_mb, deterministic, timeout_s)
        self._simulator: Simulator | None = None
        self._closed = False
        self._task: Task | None = None
        self._last_command: str | None = None
        self._observation: dict[str, str] = {}
        text = ObservationText()
        self.observation_space: gym.spaces.Dict[str] = gym.spaces.Dict(  # type: ignore[assignment]
            {"observation": text, "look": text, "inventory": text, "task": text}
        )
        self.action_space = CommandText()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """Start an episode; see the class docstring for `seed` and `options`.

        Raises:
            UnknownNameError: If the options name a task or variation outside this environment's split.
            SimulatorError: If the JVM fails; the next reset starts a new one.
            gymnasium.error.ClosedEnvironmentError: If the environment is closed.
        """
        if self._closed:
            raise gym.error.ClosedEnvironmentError("The environment is closed. Fix: make a new one.")
        super().reset(seed=seed)
        options = dict(options or {})
        task = get_task(options.pop("task")) if "task" in options else self._draw_task()
        variation = options.pop("variation", self._variation)
        if options:
            raise UnknownNameError("reset option", next(iter(options)), ("task", "variation"))
        if variation is None:
            variations = task.variations(self._split)
            variation = variations[int(self.np_random.integers(len(variations)))]
        _check_variation(task, variation, self._split)
        if self._simulator is None or self._simulator.closed:
            self._simulator = self._make_simulator()
        self._task, self._current_variation = task, int(variation)
        oracle = "oracle_path" in self._infos
        self._simulator.load(task.name, self._current_variation, self._simplification, oracle)
        # ScienceWorld regenerates a sticky oracle path at each reset, so it is read once, here.
        self._oracle_path = self._simulator.gold_path() if oracle else []
        if oracle:
            self._simulator.load(task.name, self._current_variation, self._simplification, False)
        self._moves, self._score, self._last_command = 0, 0, None
        self._task_description = _clean(self._simulator.task_description())
        look = _clean(self._simulator.look())
        self._observation = self._observe(look, look)
        return dict(self._observation), self._info(None)

    def step(self, action: str) -> tuple[dict[str, str], float, bool, bool, dict[str, Any]]:
        """Send one command; see the class docstring.

        Raises:
            gymnasium.error.ResetNeeded: If no episode is running.
            SimulatorError: If the JVM fails.
        """
        if self._simulator is None or self._task is None:
            raise gym.error.ResetNeeded("step() before reset(). Fix: call reset() first.")
        self._last_command = action
        reply = _clean(self._simulator.step(action))
        self._moves += 1
        score = self._simulator.score()
        reward, self._score = float(score - self._score), score
        terminated = self._simulator.completed() or score < 0
        self._observation = self._observe(reply, _clean(self._simulator.look()))
        error = reply if reply.startswith(_ERROR_REPLIES) else None
        return dict(self._observation), reward, terminated, False, self._info(error)

    def render(self) -> str | None:
        """Return the last move as text a person can follow (`render_mode="ansi"`)."""
        if self.render_mode is None or self._task is None:
            return None
        command = f"> {self._last_command}\n" if self._last_command else f"{self._observation['task']}\n"
        state = f"[{self._task.name} {self._current_variation}, move {self._moves}, score {self._score}]"
        return f"{command}{self._observation['observation'].strip()}\n{state}"

    def close(self) -> None:
        """Stop the JVM, for good; a second call does nothing."""
        self._closed = True
        if self._simulator is not None:
            self._simulator.close()

    def _draw_task(self) -> Task:
        if len(self._tasks) == 1:
            return self._tasks[0]
        return self._tasks[int(self.np_random.integers(len(self._tasks)))]

    def _observe(self, reply: str, look: str) -> dict[str, str]:
        assert self._simulator is not None
        return {
            "observation": reply,
            "look": look,
            "inventory": _clean(self._simulator.inventory()),
            "task": self._task_description,
        }

    def _info(self, error: str | None) -> dict[str, Any]:
        assert self._simulator is not None and self._task is not None
        info: dict[str, Any] = {
            "score": self._score,
            "is_success": self._score >= 100,
            "task": self._task.name,
            "task_id": self._task.id,
            "variation": self._current_variation,
            "split": self._task.split_of(self._current_variation),
            "moves": self._moves,
            "last_action_error": error,
        }
        if "valid_actions" in self._infos:
            info["valid_actions"] = self._valid_actions()
        if "visible_objects" in self._infos:
            info["visible_objects"] = self._simulator.visible_objects()
        if "goal_progress" in self._infos:
            info["goal_progress"] = self._simulator.goal_progress()
        if "oracle_path" in self._infos:
            info["oracle_path"] = list(self._oracle_path)
        return info

    def _valid_actions(self) -> list[str]:
        """Return the commands valid now; while the simulator asks which object is meant, the numbers."""
        assert self._simulator is not None
        reply = self._observation["observation"]
        if reply.startswith("Ambiguous request"):
            return [line.split(":")[0] for line in reply.splitlines()[1:] if line[:1].isdigit()]
        return self._simulator.valid_actions()


def _check_variation(task: Task, variation: int, split: str) -> None:
    variations = task.variations(split)
    if variation not in variations:
        raise UnknownNameError(
            f"{split} variation of {task.name}", variation, [f"{variations[0]} to {variations[-1]}"]
        )


def _clean(text: str) -> str:
    """Drop the blanks before line ends that the simulator prints."""
    return "\n".join(line.rstrip() for line in text.splitlines())
