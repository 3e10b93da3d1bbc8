"""Processes that work for this one and end with it, even where it is killed."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread


def start_processes(count: int) -> ProcessPoolExecutor:
    """Return a pool of so many processes, each begun anew: a forked one would inherit threads and JVMs."""
    return ProcessPoolExecutor(count, get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Let this process end with its parent, be it by SIGKILL: a worker would go on, and hold the cores."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()
