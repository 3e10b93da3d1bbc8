"""Jobs over a pool of simulators, each used by one thread at a time; knows not what is played."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue
from typing import TypeVar

from sgd_gym.envs.scienceworld import ScienceWorldEnv

Job = TypeVar("Job")


def play_jobs(
    make_env: Callable[[], ScienceWorldEnv],
    jobs: Iterable[Job],
    play: Callable[[ScienceWorldEnv, Job], None],
    worlds: int,
) -> None:
    """Play every job on one of the worlds; an error of one ends all.

    Args:
        make_env: Makes the environment of a world.
        jobs: What to play; taken in order.
        play: Plays one job on an environment that nobody else uses meanwhile.
        worlds: How many simulators run side by side, at most.
    """
    waiting = list(jobs)
    envs = [make_env() for _ in range(min(worlds, len(waiting)))]
    idle: SimpleQueue[ScienceWorldEnv] = SimpleQueue()
    for env in envs:
        idle.put(env)

    def take(job: Job) -> None:
        env = idle.get()
        try:
            play(env, job)
        finally:
            idle.put(env)

    pool = ThreadPoolExecutor(max(1, len(envs)))
    try:
        for future in as_completed([pool.submit(take, job) for job in waiting]):
            future.result()
    finally:
        # First the worlds: after an error or Ctrl-C nobody waits for what is half played.
        for env in envs:
            env.close()
        pool.shutdown(cancel_futures=True)
