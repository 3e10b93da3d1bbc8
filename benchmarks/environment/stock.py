"""The peer: ScienceWorld's own Python environment, with its own defaults."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sgd_gym.envs.java import find_java


@contextmanager
def stock_env(java_options: str = "") -> Iterator[Any]:
    """Yield a stock environment on the Java that ours uses, without its limit of moves.

    Args:
        java_options: JVM flags; none for its own defaults.
    """
    from scienceworld import ScienceWorldEnv as StockEnv

    kept = {name: os.environ.get(name) for name in ("PATH", "JAVA_TOOL_OPTIONS")}
    os.environ["PATH"] = os.pathsep.join((os.path.dirname(find_java()), kept["PATH"] or ""))
    os.environ["JAVA_TOOL_OPTIONS"] = java_options
    try:
        env = StockEnv("", envStepLimit=10**9)
    finally:
        for name, value in kept.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
    try:
        yield env
    finally:
        process = env._gateway.java_process
        env.close()
        env._obj_tree_tempdir.cleanup()
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
