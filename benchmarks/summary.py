"""What a table says of each agent, from episode rows; knows no files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sgd_gym.benchmarks.journal import Row
from sgd_gym.benchmarks.protocols import Protocol
from sgd_gym.benchmarks.stats import Interval, Scores, bootstrap, interquartile_mean
from sgd_gym.envs.tasks import TASKS, get_task
from sgd_gym.errors import DataError

LENGTH_CLASSES = ("short", "medium", "long")
WORD_KNOWLEDGE = "word knowledge"
WORD_TASKS = tuple(task.name for task in TASKS if task.id.split("-")[0] in ("4", "7"))
"""Tasks that ask what a word stands for (a plant, an animal) or which animal lives longest: they need
knowledge of words more than of steps."""
SCORINGS = ("score_negative_as_zero", "score_last_good")


@dataclass(frozen=True)
class Summary:
    """What a table says of one agent on one task, or on a group of tasks as the mean of the tasks' means."""

    agent: str
    task: str
    """Name of the task, a length class, "all", or such as "first 9"."""
    tasks: int
    episodes: int
    training_seeds: int
    """With one, the intervals are over variations only."""
    score: Interval
    """By the scoring of the protocol."""
    iqm: Interval
    """The interquartile mean of the same over seeds and tasks."""
    score_negative_as_zero: Interval
    score_last_good: Interval
    success: Interval
    success_rate: float
    moves: float
    invalid_commands: float
    """Which the simulator did not understand."""
    planner_calls: float
    executor_calls: float
    model_tokens: float
    llm_tokens: float
    tokens_per_move: float
    """Of the agent's models and of an LLM together, over all moves."""
    money: float | None
    """Of an episode; None if the LLM's prices are not known."""
    seconds: float
    agent_seconds: float
    peak_memory_mb: float
    """Of the Python process; the simulators hold theirs apart."""
    errors: int
    """Episodes that an error ended."""


def summarise(rows: Sequence[Row], protocol: Protocol) -> list[Summary]:
    """Return the summaries of each agent: its tasks, length classes, "all", and the protocol's subset.

    Raises:
        DataError: If an agent's training seeds did not all play the same episodes, each once.
    """
    agents = list(dict.fromkeys(row["agent"] for row in rows))
    return [one for agent in agents for one in _summarise([r for r in rows if r["agent"] == agent], protocol)]


def find_summary(summaries: Sequence[Summary], agent: str, task: str) -> Summary | None:
    """Return the summary of an agent on a task or group, if there is one."""
    return next((one for one in summaries if (one.agent, one.task) == (agent, task)), None)


def overall_summary(summaries: Sequence[Summary], agent: str) -> Summary:
    """Return the summary over all tasks that an agent played, one or more."""
    return find_summary(summaries, agent, "all") or next(one for one in summaries if one.agent == agent)


def _summarise(rows: list[Row], protocol: Protocol) -> Iterator[Summary]:
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    yield from _of_groups(rows, group_tasks(tasks), protocol)
    if protocol.subset is not None:
        chosen = [row for row in rows if _position(row, protocol) < protocol.subset]
        yield from _of_groups(chosen, {f"first {protocol.subset}": tasks}, protocol)


def group_tasks(tasks: Sequence[str]) -> dict[str, list[str]]:
    """Return what figures are told of: each task, and of several tasks the length classes and "all".

    The tasks of word knowledge are told apart where all of them were played.
    """
    groups = {task: [task] for task in tasks}
    if len(tasks) > 1:
        for name in LENGTH_CLASSES:
            groups[name] = [task for task in tasks if get_task(task).length_class == name]
        if set(WORD_TASKS) <= set(tasks):
            groups[WORD_KNOWLEDGE] = list(WORD_TASKS)
        groups["all"] = list(tasks)
    return {name: group for name, group in groups.items() if group}


def _position(row: Row, protocol: Protocol) -> int:
    """Return the number of a variation within its split, from 0."""
    return int(row["variation"]) - get_task(row["task"]).variations(protocol.split)[0]


def _of_groups(rows: list[Row], groups: dict[str, list[str]], protocol: Protocol) -> Iterator[Summary]:
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    scores = score_arrays(rows, (*SCORINGS, "success"), tasks)
    main = SCORINGS.index(f"score_{protocol.scoring}")

    def statistics(means: list[np.ndarray]) -> list[np.ndarray]:
        found: list[np.ndarray] = []
        for group in groups.values():
            own = means[0][:, [tasks.index(task) for task in group]]
            found += [*own.mean((0, 1)), interquartile_mean(own[:, :, main])]
        return found

    intervals = bootstrap([scores], statistics)
    for number, (name, group) in enumerate(groups.items()):
        zero, good, success, iqm = intervals[4 * number : 4 * number + 4]
        own = [[row for row in rows if row["task"] == task] for task in group]
        flat = [row for task_rows in own for row in task_rows]

        def macro(field: str, own: list[list[Row]] = own) -> float:
            return float(np.mean([np.mean([row[field] for row in task_rows]) for task_rows in own]))

        tokens = sum(row["model_tokens"] + row["llm_tokens"] for row in flat)
        yield Summary(
            agent=rows[0]["agent"],
            task=name,
            tasks=len(group),
            episodes=len(flat),
            training_seeds=len(scores[0]),
            score=(zero, good)[main],
            iqm=iqm,
            score_negative_as_zero=zero,
            score_last_good=good,
            success=success,
            success_rate=macro("success"),
            moves=macro("moves"),
            invalid_commands=macro("invalid_commands"),
            planner_calls=macro("planner_calls"),
            executor_calls=macro("executor_calls"),
            model_tokens=macro("model_tokens"),
            llm_tokens=macro("llm_tokens"),
            tokens_per_move=tokens / max(1, sum(row["moves"] for row in flat)),
            money=None if any(row["money"] is None for row in flat) else macro("money"),
            seconds=macro("seconds"),
            agent_seconds=macro("agent_seconds"),
            peak_memory_mb=max(row["peak_memory_mb"] for row in flat),
            errors=sum(row["ended_by"] == "error" for row in flat),
        )


def score_arrays(rows: Sequence[Row], fields: Sequence[str], tasks: Sequence[str]) -> Scores:
    """Return fields of one agent's rows as an array for each task, `[training seeds, episodes, fields]`.

    Raises:
        DataError: If the training seeds did not all play the same episodes, each once.
    """
    seeds = list(dict.fromkeys(row["training_seed"] for row in rows))
    arrays = []
    for task in tasks:
        own = [row for row in rows if row["task"] == task]
        found = {_place(row): [float(row[field]) for field in fields] for row in own}
        episodes = sorted({place[1:] for place in found})
        if len(own) != len(found) or len(found) != len(seeds) * len(episodes):
            raise DataError(
                f"{rows[0]['agent']} has {len(own)} rows of {task}, for {len(episodes)} episodes and "
                f"training seeds {seeds}. Allowed: each episode once for each seed. "
                f"Fix: join whole runs with 'sgd-gym bench merge'."
            )
        arrays.append(np.array([[found[seed, *one] for one in episodes] for seed in seeds]))
    return arrays


def _place(row: Row) -> tuple[Any, int, int]:
    return row["training_seed"], row["variation"], row["seed"]
