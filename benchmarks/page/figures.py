"""The numbers behind each figure of the report, as plain lists for its script; knows no HTML."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from sgd_gym.benchmarks.compare import compare_rows
from sgd_gym.benchmarks.page.packing import Game
from sgd_gym.benchmarks.protocols import Scoring
from sgd_gym.benchmarks.published_rows import PublishedMethod
from sgd_gym.benchmarks.results import Results
from sgd_gym.benchmarks.stats import Interval
from sgd_gym.benchmarks.summary import LENGTH_CLASSES, Summary, find_summary, overall_summary
from sgd_gym.envs.tasks import get_task

Figure = dict[str, Any]


def overall(results: Results, summaries: Sequence[Summary], published: Sequence[PublishedMethod]) -> Figure:
    """Return scores with intervals over all tasks and over each length class, and published ones.

    Of the published methods, those stand here that were measured under the nearest protocol.
    """
    tasks = [get_task(name) for name in results.tasks]
    kinds = {"all": len(tasks)}
    for kind in LENGTH_CLASSES:
        count = sum(task.length_class == kind for task in tasks)
        if 0 < count < len(tasks):
            kinds[kind] = count
    subset = None if results.protocol.subset is None else f"first {results.protocol.subset}"
    rows: list[Figure] = []
    for place, agent in enumerate(results.agents):
        one = overall_summary(summaries, agent)
        groups = [one, *(find_summary(summaries, agent, kind) for kind in list(kinds)[1:])]
        first = find_summary(summaries, agent, subset) if subset else None
        rows.append(
            {
                "name": agent,
                "agent": place,
                "scores": [_rounded(group.score) if group else None for group in groups],
                "subset": _rounded(first.score) if first else None,
                "iqm": _rounded(one.iqm),
                "negative_as_zero": _rounded(one.score_negative_as_zero),
                "last_good": _rounded(one.score_last_good),
                "success": _rounded(one.success),
                "moves": round(one.moves, 4),
                "episodes": one.episodes,
                "errors": one.errors,
            }
        )
    rows += [
        {**row, "scores": [{"mean": scores[kind]} if kind in scores else None for kind in kinds]}
        for row, scores in _published(published)
        if row["nearest"] and "all" in scores
    ]
    named = [{"name": name, "tasks": count} for name, count in kinds.items()]
    return {"kinds": named, "subset": subset, "rows": rows}


def pairs(results: Results) -> list[Figure]:
    """Return the difference over all tasks of each two agents, and the probability of improvement."""
    found = []
    for one, other in combinations(range(len(results.agents)), 2):
        rows, others = (results.rows_of(results.agents[place]) for place in (one, other))
        whole = compare_rows(rows, others, results.protocol)[-1]  # the group of all tasks is the last one
        found.append(
            {
                "a": one,
                "b": other,
                "difference": _rounded(whole.difference),
                "improvement": _rounded(whole.improvement),
            }
        )
    return found


def heat_map(results: Results, summaries: Sequence[Summary], published: Sequence[PublishedMethod]) -> Figure:
    """Return the mean score of each task (a row) and agent or published method (a column)."""
    columns: list[Figure] = []
    for place, agent in enumerate(results.agents):
        means = {one.task: one.score.mean for one in summaries if one.agent == agent}
        scores = [round(means[task], 4) for task in results.tasks]
        columns.append({"name": agent, "agent": place, "scores": scores})
    for row, told in _published(published):
        own = [told.get(task) for task in results.tasks]
        # A source that tells of a task or two is no column.
        if sum(score is not None for score in own) > len(own) / 2:
            columns.append({**row, "scores": own})
    tasks = [get_task(name) for name in results.tasks]
    return {
        "tasks": [{"id": task.id, "name": task.name, "kind": task.length_class} for task in tasks],
        "columns": columns,
    }


def profile(results: Results) -> list[list[float]]:
    """Return for each agent the share of its episodes with a score of at least 0, 1 … 100."""
    levels = np.arange(101)
    shares = []
    for agent in results.agents:
        scores = [row[f"score_{results.protocol.scoring}"] for row in results.rows_of(agent)]
        shares.append(_listed(np.mean(np.asarray(scores)[:, None] >= levels, axis=0), 4))
    return shares


def curves(results: Results, games: Sequence[Game]) -> list[list[float] | None] | None:
    """Return for each agent the mean score after 0, 1, 2 … moves, or nothing without transcripts.

    An ended episode keeps its score, and a negative one counts as the protocol says, so that a curve ends at
    the overall score (the mean over tasks). An agent gets a curve if a transcript of each of its episodes was
    kept.
    """
    if not games:
        return None
    running = {game.episode: _counted(game.score, results.protocol.scoring) for game in games}
    length = max(map(len, running.values()))

    def held(place: int) -> Any:
        return np.pad(running[place], (0, length - len(running[place])), "edge")

    found: list[list[float] | None] = []
    for agent in results.agents:
        places: dict[str, list[int]] = {}
        for place, row in enumerate(results.rows):
            if row["agent"] == agent:
                places.setdefault(row["task"], []).append(place)
        if any(place not in running for own in places.values() for place in own):
            found.append(None)
            continue
        means = [np.mean([held(place) for place in own], axis=0) for own in places.values()]
        found.append(_listed(np.mean(means, axis=0), 2))
    return found


def costs(
    results: Results, summaries: Sequence[Summary], published: Sequence[PublishedMethod]
) -> list[Figure]:
    """Return what each agent spends, beside its score; tokens of local and of remote models together."""
    rows: list[Figure] = []
    for place, agent in enumerate(results.agents):
        one = overall_summary(summaries, agent)
        rows.append(
            {
                "name": agent,
                "agent": place,
                "score": round(one.score.mean, 4),
                "tokens": round(one.tokens_per_move, 4),
                "llm_tokens": round(one.llm_tokens, 4),
                "money": None if one.money is None else round(one.money, 4),
                "planner_calls": round(one.planner_calls, 4),
                "executor_calls": round(one.executor_calls, 4),
                "invalid_commands": round(one.invalid_commands, 4),
                "agent_seconds": round(one.agent_seconds, 4),
                "seconds": round(one.seconds, 4),
                "peak_memory_mb": round(one.peak_memory_mb, 4),
            }
        )
    rows += [
        {**row, "score": scores["all"]}
        for row, scores in _published(published)
        if row["tokens"] is not None and "all" in scores
    ]
    return rows


def _published(methods: Sequence[PublishedMethod]) -> Iterator[tuple[Figure, dict[str, float]]]:
    """Yield how the page names each published method, with its scores; the best one first."""
    for one in sorted(methods, key=lambda one: (not one.nearest, -one.scores.get("all", 0.0))):
        row = {"name": one.name, "notes": one.footnotes, "nearest": one.nearest}
        yield {**row, "tokens": one.tokens_per_move}, one.scores


def _counted(scores: Sequence[float], scoring: Scoring) -> Any:
    """Return scores as they count: a negative one as 0, or as the one before it."""
    if scoring == "negative_as_zero":
        return np.maximum(scores, 0)
    counted = [0.0]
    for score in scores:
        counted.append(score if score >= 0 else counted[-1])
    return np.asarray(counted[1:])


def _rounded(interval: Interval) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(interval).items()}


def _listed(values: Any, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]
