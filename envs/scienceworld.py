"""The text environment `sgd_gym/ScienceWorld-v0`; knows neither goals nor options nor agents."""

from collections.abc import Sequence
from typing import Any

import gymnasium as gym

from sgd_gym.envs.goal_progress import parse_goal_progress
from sgd_gym.envs.rendering import Frame, Renderer
from sgd_gym.envs.simulator import QUERIES, Simulator
from sgd_gym.envs.startup_cache import startup_flags
from sgd_gym.envs.tasks import SPLITS, Task, get_task, get_tasks
from sgd_gym.errors import SimulatorError, UnknownNameError
from sgd_gym.spaces import QUESTION, REFUSALS, CommandText, ObservationText

INFOS = {
    "valid_actions": "list of every command that is valid now, about 10 ms",
    "valid_objects": "list of the names of all objects that can be referred to now",
    "goal_progress": "list of the task's own goals, see `GoalRecord`",
    "object_tree": "nested dict of every object in the world, 30 ms",
    "oracle_path": "list of commands that solve the episode from its start, 0.2 to 7 s at each reset",
}
"""What a caller may ask for with `infos=`; each costs time, so nothing is given unasked."""

SIMPLIFICATIONS = (
    "teleportAction",
    "selfWateringFlowerPots",
    "openContainers",
    "openDoors",
    "noElectricalAction",
)


class ScienceWorldEnv(gym.Env[dict[str, Any], str]):
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

    ## Info
    Always: `score`, `is_success`, `task`, `task_id`, `variation`, `split`, `moves`, `last_action_error` (the
    reply if the command was not understood, else None) and `deterministic`. What `INFOS` lists only on
    request. While the simulator asks which object is meant, `valid_actions` are the numbers.

    ## Arguments
    `task`: a name, an id, a list of them, or "all". `split`: "train", "dev" or "test". `variation`: one
    variation of the split, or None for all. `simplification`: "easy", or names of `SIMPLIFICATIONS` between
    commas, or "". `infos`: names of `INFOS`. `render_mode`: None, "ansi" (`render()` returns the last move as
    text) or "human" (each move is printed). `deterministic`: equal commands give equal worlds; False gives
    the stock simulator, whose worlds differ from run to run. `stock_draws`: as in the stock wrapper, asking
    for `valid_actions` at each move draws from the generator that also moves animals and crosses plants, so
    that these go other ways than unasked; with False, infos change nothing. `java`, `memory_mb`, `timeout_s`:
    see `Simulator`.

    Law: the same id, arguments, seed and commands give the same observations, rewards and infos, over
    resets, processes and machines (`deterministic=True`).

    ## Version History
    * v0: scienceworld 1.2.3
    """

    metadata = {"render_modes": ["ansi", "human"], "render_fps": 4}  # noqa: RUF012, as Gymnasium declares it

    def __init__(
        self,
        task: str | list[str] | tuple[str, ...] = "all",
        split: str = "train",
        variation: int | None = None,
        simplification: str = "easy",
        infos: Sequence[str] = (),
        render_mode: str | None = None,
        deterministic: bool = True,
        stock_draws: bool = True,
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
        self._java = java
        self._memory_mb = memory_mb
        self._deterministic = deterministic
        self._stock_draws = stock_draws
        self._timeout_s = timeout_s
        self._simulator: Simulator | None = None
        self._closed = False
        self._task: Task | None = None
        self._renderer = Renderer()
        # What each move asks the simulator for, in one round trip.
        self._queries = ["look", "inventory", "score", "completed", *(i for i in self._infos if i in QUERIES)]
        text = ObservationText()
        self.observation_space: gym.spaces.Dict[str] = gym.spaces.Dict(
            {"observation": text, "look": text, "inventory": text, "task": text}
        )
        self.action_space = CommandText()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
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
            self._simulator = self._start_simulator()
        self._task = None  # until the world is loaded, there is no episode to step
        arguments = (task.name, int(variation), self._simplification)
        self._oracle_path: list[str] = []
        if "oracle_path" in self._infos:
            # ScienceWorld makes it anew at each reset of a world loaded with it, so it is read once, here.
            self._simulator.load(*arguments, gold_path=True)
            self._oracle_path = self._simulator.get("gold_path")
        self._simulator.load(*arguments)
        answers = self._simulator.ask("task_description", *self._queries)
        self._task, self._variation_now = task, int(variation)
        self._task_description = _clean(answers["task_description"])
        self._moves, self._score = 0, 0
        observation = self._observe(_clean(answers["look"]), answers)
        info = self._info(None, answers)
        self._render_frame(observation, info)
        return observation, info

    def step(self, action: str) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Send one command; see the class docstring.

        Raises:
            gymnasium.error.ResetNeeded: If no episode is running.
            SimulatorError: If the JVM fails.
            TypeError: If the command is no text.
        """
        if not isinstance(action, str):
            raise TypeError(f"The action is {action!r}. Allowed: a text, such as 'open cupboard'.")
        if self._simulator is None or self._task is None:
            raise gym.error.ResetNeeded("step() before reset(). Fix: call reset() first.")
        reply, answers = self._simulator.step_and_ask(action, self._queries, self._stock_draws)
        reply = _clean(reply)
        self._moves += 1
        reward, self._score = float(answers["score"] - self._score), answers["score"]
        terminated = answers["completed"] or self._score < 0
        observation = self._observe(reply, answers)
        info = self._info(reply, answers)
        self._render_frame(observation, info, action, reward, terminated)
        return observation, reward, terminated, False, info

    def render(self) -> str | None:
        """Return the last move as text a person can follow (`render_mode="ansi"`)."""
        return self._renderer.text() if self.render_mode == "ansi" else None

    def close(self) -> None:
        """Stop the JVM, for good; a second call does nothing."""
        self._closed = True
        if self._simulator is not None:
            self._simulator.close()

    def _render_frame(
        self,
        observation: dict[str, str],
        info: dict[str, Any],
        command: str | None = None,
        reward: float = 0.0,
        terminated: bool = False,
    ) -> None:
        if self.render_mode is not None:
            self._renderer.add(Frame.of(observation, info, command, reward, terminated))
        if self.render_mode == "human":
            self._renderer.show()

    def _start_simulator(self) -> Simulator:
        arguments = (self._java, self._memory_mb, self._deterministic, self._timeout_s)
        flags = startup_flags(self._java)
        try:
            return Simulator(*arguments, flags)
        except SimulatorError:
            if not flags:
                raise
            return Simulator(*arguments)  # a JVM dies of a start-up cache with broken bytes

    def _draw_task(self) -> Task:
        if len(self._tasks) == 1:
            return self._tasks[0]
        return self._tasks[int(self.np_random.integers(len(self._tasks)))]

    def _observe(self, reply: str, answers: dict[str, Any]) -> dict[str, str]:
        return {
            "observation": reply,
            "look": _clean(answers["look"]),
            "inventory": _clean(answers["inventory"]),
            "task": self._task_description,
        }

    def _info(self, reply: str | None, answers: dict[str, Any]) -> dict[str, Any]:
        assert self._simulator is not None and self._task is not None
        reply = reply or ""
        info: dict[str, Any] = {
            "score": self._score,
            "is_success": self._score >= 100,
            "task": self._task.name,
            "task_id": self._task.id,
            "variation": self._variation_now,
            "split": self._task.split_of(self._variation_now),
            "moves": self._moves,
            "last_action_error": reply if reply.startswith(REFUSALS) else None,
            "deterministic": self._deterministic,
        }
        for name in self._infos:
            if name == "oracle_path":
                info[name] = list(self._oracle_path)
            elif name == "object_tree":
                info[name] = _number_anew(self._simulator.object_tree())
            elif name == "goal_progress":
                info[name] = parse_goal_progress(answers[name])
            elif name == "valid_actions" and reply.startswith(QUESTION):
                info[name] = [line.split(":")[0] for line in reply.splitlines()[1:] if line[:1].isdigit()]
            else:
                info[name] = answers[name]
        return info


def _check_variation(task: Task, variation: int, split: str) -> None:
    variations = task.variations(split)
    if variation not in variations:
        raise UnknownNameError(
            f"{split} variation of {task.name}", variation, [f"{variations[0]} to {variations[-1]}"]
        )


def _clean(text: str) -> str:
    """Drop the blanks before line ends that the simulator prints."""
    return "\n".join(line.rstrip() for line in text.splitlines())


def _number_anew(tree: dict[str, Any]) -> dict[str, Any]:
    """Number the objects of a tree in its order; the simulator counts on from world to world."""
    numbers: dict[str, int] = {}

    def visit(node: dict[str, Any]) -> dict[str, Any]:
        number = numbers.setdefault(node["uuid"], len(numbers))
        contents = [visit(child) for child in node["contents"].values()]
        named = {f"{child['name']}-{child['uuid']}": child for child in contents}
        return {**node, "uuid": str(number), "contents": named}

    return visit(tree)
