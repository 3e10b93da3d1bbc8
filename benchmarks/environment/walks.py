"""Sequences of commands that the environment's benchmarks play on every side; knows no clock."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sgd_gym.envs.scienceworld import ScienceWorldEnv
from sgd_gym.envs.tasks import get_task
from sgd_gym.progress import track

SPLIT = "dev"
"""The benchmarks of the environment leave the test split alone, too."""

LOOK = "look around"
"""Every walk begins with it, as an episode of the stock environment does."""


@dataclass(frozen=True)
class Walk:
    """Commands for one episode, from its start."""

    kind: str
    """Either "oracle" or "random"."""
    task: str
    variation: int
    commands: tuple[str, ...]


def make_walks(
    tasks: Sequence[str], kinds: Sequence[str], max_moves: int, seed: int = 0, java: str | None = None
) -> list[Walk]:
    """Return walks on the first dev variation of each task.

    Args:
        tasks: Names of tasks.
        kinds: "oracle" for the simulator's solution, "random" for commands drawn from the valid ones.
        max_moves: Longest walk, in commands.
        seed: Seed of the random walks.
        java: Path of the Java executable; None looks for one.
    """
    walks = []
    solved = ScienceWorldEnv(split=SPLIT, infos=("oracle_path",), java=java)
    valid = ScienceWorldEnv(split=SPLIT, infos=("valid_actions",), java=java)
    try:
        with track("make walks", len(tasks)) as advance:
            for task in tasks:
                variation = get_task(task).variations(SPLIT)[0]
                for kind in kinds:
                    if kind == "random":
                        walks.append(_walk_at_random(valid, task, variation, max_moves, seed))
                        continue
                    _, info = solved.reset(options={"task": task, "variation": variation})
                    path = info["oracle_path"][: max_moves - 1]
                    walks.append(Walk(kind, task, variation, (LOOK, *path)))
                advance(1)
    finally:
        solved.close()
        valid.close()
    return walks


def _walk_at_random(env: ScienceWorldEnv, task: str, variation: int, max_moves: int, seed: int) -> Walk:
    generator = np.random.default_rng([seed, zlib.crc32(task.encode()), variation])
    env.reset(options={"task": task, "variation": variation})
    commands = [LOOK]
    while len(commands) < max_moves:
        _, _, terminated, _, info = env.step(commands[-1])
        # Most focuses end the episode; the oracle's are in the other walks.
        valid = [command for command in info["valid_actions"] if not command.startswith("focus")]
        if terminated or not valid:
            break
        # A verb first, so that thousands of pairs to connect or pour do not crowd out the rest.
        verbs = sorted({command.split()[0] for command in valid})
        verb = verbs[generator.integers(len(verbs))]
        chosen = [command for command in valid if command.split()[0] == verb]
        commands.append(chosen[generator.integers(len(chosen))])
    return Walk("random", task, variation, tuple(commands))
