"""ScienceWorld in a JVM: load a world, act in it, ask about it. Knows nothing of Gymnasium.

One `Simulator` is one JVM with one world: ScienceWorld keeps whole-world singletons, so two worlds in one
JVM would disturb each other.
"""

import importlib.util
import json
from collections.abc import Sequence
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from sgd_gym.envs.gateway import Gateway, make_request
from sgd_gym.envs.java import check_executable, find_java
from sgd_gym.errors import SimulatorError

SCIENCEWORLD_VERSION = "1.2.3"

# ScienceWorld iterates over sets keyed by identity hash. This JVM flag gives every object the same hash,
# so that the sets keep insertion order and equal commands give equal worlds (measured: 16 of 16 traces).
DETERMINISM_FLAGS = ("-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2")

_MEMORY_FLAGS = (
    "-XX:+UseSerialGC",
    "-XX:SurvivorRatio=5",
    "-XX:TargetSurvivorRatio=90",
    "-XX:-UsePerfData",
)

QUERIES = {
    "look": "freeActionLook",
    "inventory": "freeActionInventory",
    "task_description": "freeActionTaskDesc",
    "score": "getScore",
    "completed": "getCompleted",
    "goal_progress": "getGoalProgressStr",
    "valid_actions": "getValidActionObjectCombinations",
    "valid_objects": "getPossibleObjects",
    "gold_path": "getGoldActionSequence",
}
"""What can be asked of a world without a move, and the simulator's name for it."""

DRAWING = ("valid_actions", "valid_objects")
"""Answers that choose at random among the names of an object."""

_LISTS = ("valid_actions", "valid_objects", "gold_path")
_SPLIT_METHODS = {"train": "getVariationsTrain", "dev": "getVariationsDev", "test": "getVariationsTest"}


class Simulator:
    """One ScienceWorld in one JVM; every call is a blocking round trip. Used by one thread at a time."""

    def __init__(
        self,
        java: str | None = None,
        memory_mb: int = 512,
        deterministic: bool = True,
        timeout_s: float = 60.0,
        flags: Sequence[str] = (),
    ):
        """Start the JVM.

        Args:
            java: Path of the Java executable; None looks for one (see `find_java`).
            memory_mb: What the JVM shall hold at most, about, in MiB; three quarters of it are its heap.
            deterministic: Start with the flag that makes equal commands give equal worlds.
            timeout_s: How long one call may take, in seconds.
            flags: Further flags of the JVM.

        Raises:
            JavaNotFoundError: If there is no usable Java.
            SimulatorError: If the JVM does not start, for example because it refuses a flag.
        """
        executable = check_executable(java, "java") if java else find_java()
        heap_mb = memory_mb * 3 // 4  # the rest is for code and classes
        # Each load leaves tens of MB of garbage: with a large young generation it is collected half as often,
        # and with room for a whole world among the survivors next to nothing reaches the old one.
        memory = [f"-Xmx{heap_mb}m", f"-Xms{heap_mb}m", f"-Xmn{heap_mb * 4 // 5}m", *_MEMORY_FLAGS]
        flags = [*memory, *flags, *(DETERMINISM_FLAGS if deterministic else ())]
        self._fresh = True
        self._gateway = Gateway(executable, flags, [find_jar()], timeout_s)
        with self._gateway.starting():
            jvm = self._gateway.jvm
            # The simulator prints much debug text; silence it before the first println of Scala binds stdout.
            null_stream = jvm.java.io.OutputStream.nullOutputStream()
            jvm.java.lang.System.setOut(jvm.java.io.PrintStream(null_stream))
            self._world = jvm.scienceworld.runtime.pythonapi.PythonInterface()
            self._finder = getattr(getattr(jvm.scienceworld.goldagent, "PathFinder$"), "MODULE$")
            self._random = getattr(getattr(jvm.scala.util, "Random$"), "MODULE$")
            self._walks = self._finder.precomputedExhaustivePaths()
            self._walk_starts: set[str] = set()
            self._count_walks = make_request(self._walks, "size")
            self._prepare_private_draws(jvm)

    def _prepare_private_draws(self, jvm: Any) -> None:
        """Write the requests that put another random generator in the place of the world's, and back.

        Some answers draw from the generator that also moves animals and crosses plants, to choose one of an
        object's names: asking would change the world.
        """
        field = self._random.getClass().getSuperclass().getDeclaredField("self")
        field.setAccessible(True)
        world, private = field.get(self._random), jvm.java.util.Random(0)
        self._draw_privately = (
            make_request(field, "set", self._random, private),
            make_request(private, "setSeed", 0),  # equal states give equal answers
        )
        self._draw_from_world = (make_request(field, "set", self._random, world),)

    @property
    def closed(self) -> bool:
        """Whether `close` was called or the JVM was given up after a fault."""
        return self._gateway.closed

    @property
    def pid(self) -> int:
        """The number of the JVM's process."""
        return self._gateway.pid

    def load(self, task: str, variation: int, simplification: str, gold_path: bool = False) -> None:
        """Load a world at its start. With `gold_path` the simulator also plays its own solution."""
        request = make_request(self._world, "load", task, variation, simplification, gold_path)
        self._gateway.exchange("load", [request])
        while gold_path and self._draw_walks_again():
            self._gateway.exchange("load", [request])
        self._fresh = True  # the simulator brings score and completion up to date at a step only

    def _draw_walks_again(self) -> bool:
        """Draw the walks again that the last load drew, and return whether there were any.

        For the gold path the simulator draws walks through all rooms, once for each room that one starts in,
        and keeps them for all later gold paths: what a path is would depend on those asked for before. Drawn
        from a fixed seed they are the same in each world, and still drawn only once.
        """
        (count,) = self._gateway.exchange("load", [self._count_walks])
        if count == len(self._walk_starts):
            return False

        def draw() -> None:
            agent_interface = self._world.agentInterface().get()
            starts = set(self._walks.keys().mkString("\n").split("\n"))
            for start in sorted(starts - self._walk_starts):
                self._walks.remove(start)
                self._random.setSeed(0)
                self._finder.createActionSequenceSearchPatternPrecomputed(
                    agent_interface.universe(), agent_interface.agent(), start
                )
                self._walk_starts.add(start)

        self._gateway.guard("load", draw)
        return True

    def step(self, command: str) -> str:
        """Send one command, return the reply; costs a move."""
        return self.step_and_ask(command, ())[0]

    def step_and_ask(
        self, command: str, names: Sequence[str], draw_from_world: bool = False
    ) -> tuple[str, dict[str, Any]]:
        """Send one command, then ask about the world, in as few round trips as can be.

        Args:
            command: Any text.
            names: Keys of `QUERIES`.
            draw_from_world: Let `valid_actions` draw from the world's random generator, as the stock wrapper
                does at each move, although that changes what happens later.

        Returns:
            The reply, and an answer for each name: texts, except `score` (int, in points), `completed`
            (bool), and lists of texts for `valid_actions`, `valid_objects` and `gold_path`.
        """
        self._fresh = False
        # py4j would give up the connection over a lone surrogate, which stands for a byte that is no UTF-8.
        text = command.encode("utf-8", "replace").decode()
        requests, places = self._queries(names, ("valid_actions",) if draw_from_world else ())
        step = make_request(self._world, "step", text)
        reply, *answers = self._gateway.exchange("step", [step, *requests])
        return str(reply), self._read(names, [answers[place] for place in places])

    def ask(self, *names: str) -> dict[str, Any]:
        """Ask about the world; costs no move. See `step_and_ask` for names and answers."""
        requests, places = self._queries(names)
        answers = self._gateway.exchange(f"ask({', '.join(names)})", requests)
        return self._read(names, [answers[place] for place in places])

    def get(self, name: str) -> Any:
        """Return the answer to one question of `ask`."""
        return self.ask(name)[name]

    def _queries(self, names: Sequence[str], in_world: Sequence[str] = ()) -> tuple[list[str], list[int]]:
        """Return the requests that ask for `names`, and where among the answers each has its own."""
        private = [name for name in names if name in DRAWING and name not in in_world]
        others = [name for name in names if name not in private]
        requests = [make_request(self._world, QUERIES[name]) for name in others]
        place = {name: number for number, name in enumerate(others)}
        if private:
            requests += self._draw_privately
            place |= {name: len(requests) + number for number, name in enumerate(private)}
            requests += [make_request(self._world, QUERIES[name]) for name in private]
            requests += self._draw_from_world
        return requests, [place[name] for name in names]

    def _read(self, names: Sequence[str], answers: Sequence[Any]) -> dict[str, Any]:
        """Turn the simulator's answers into ours; lists are fetched in one further round trip."""
        found = dict(zip(names, answers, strict=True))
        lists = [name for name in names if name in _LISTS]
        if lists:
            fetched = self._gateway.fetch_lists([found[name] for name in lists])
            for name, texts in zip(lists, fetched, strict=True):
                # Some names and commands come twice; a path may well repeat itself.
                found[name] = list(dict.fromkeys(texts)) if name in DRAWING else texts
        if "score" in found:  # points: 0 to 100, or negative after a wrong focus
            found["score"] = 0 if self._fresh else round(100 * found["score"])
        if "completed" in found:
            found["completed"] = not self._fresh and bool(found["completed"])
        if "task_description" in found:
            found["task_description"] = found["task_description"].removeprefix("Task Description:\n").strip()
        return found

    def variations(self, split: str) -> list[int]:
        """Return the variations of the loaded task that the simulator puts in `split`."""
        method = _SPLIT_METHODS[split]
        (java_list,) = self._gateway.exchange(method, [make_request(self._world, method)])
        return self._gateway.guard(method, lambda: [int(index) for index in java_list])

    def object_tree(self) -> dict[str, Any]:
        """Return every object of the world as the simulator nests them."""
        folder = self._gateway.folder
        request = make_request(self._world, "getObjectTree", str(folder))
        (fault,) = self._gateway.exchange("getObjectTree", [request])
        if fault:
            raise SimulatorError(f"ScienceWorld gave no object tree: {fault}. Fix: load a world first.")
        tree: dict[str, Any] = json.loads((folder / "objectTree.json").read_text(encoding="utf-8"))
        return tree

    def exit(self) -> None:
        """Let the JVM end by itself, as a start-up cache needs it; `close` is much faster."""
        self._gateway.exit()

    def close(self) -> None:
        """Stop the JVM; a second call does nothing, nor does one from a forked child."""
        self._gateway.close()


def find_jar() -> str:
    """Return the jar of the one version of ScienceWorld that defines the environments.

    Raises:
        SimulatorError: If it is missing or of another version.
    """
    spec = importlib.util.find_spec("scienceworld")
    if spec is None or spec.origin is None:
        raise SimulatorError(
            f"The package scienceworld is not installed. "
            f"Fix: pip install scienceworld=={SCIENCEWORLD_VERSION}."
        )
    found = installed_version("scienceworld")
    if found != SCIENCEWORLD_VERSION:
        raise SimulatorError(
            f"scienceworld {found} is installed; the environments of this version are defined by "
            f"{SCIENCEWORLD_VERSION}, other versions give other worlds. "
            f"Fix: pip install scienceworld=={SCIENCEWORLD_VERSION}."
        )
    return str(Path(spec.origin).with_name("scienceworld.jar"))
