"""What results look like as tables: for the terminal, in Markdown and as CSV, all from the same summaries."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict

from sgd_gym.benchmarks.protocols import Protocol
from sgd_gym.benchmarks.published_rows import PublishedRow, group_methods, published_rows, tokens_per_move
from sgd_gym.benchmarks.sheets import Sheet
from sgd_gym.benchmarks.stats import Interval
from sgd_gym.benchmarks.summary import (
    LENGTH_CLASSES,
    WORD_KNOWLEDGE,
    Summary,
    find_summary,
    overall_summary,
)
from sgd_gym.envs.tasks import TASKS

SCORINGS = {
    "negative_as_zero": "a negative end counts 0",
    "last_good": "a negative end counts the score before it",
}


def make_sheets(summaries: Sequence[Summary], protocol: Protocol, wide: bool = False) -> list[Sheet]:
    """Return the tables of a protocol: scores, groups of tasks, cost, tasks.

    Args:
        summaries: What was measured.
        protocol: How.
        wide: Tell what is too wide for a terminal, too: intervals of single tasks, and word knowledge apart.
    """
    agents = list(dict.fromkeys(one.agent for one in summaries))
    # Published means are over all tasks, so they stand beside ours only where ours are.
    whole = {one.task for one in summaries} >= {task.name for task in TASKS}
    published = published_rows(protocol.name) if whole else []
    methods, notes = group_methods(published, protocol.name)
    marks = {one.name: f"{one.name} (published) [{','.join(map(str, one.footnotes))}]" for one in methods}
    sheets = [
        _scores(summaries, agents, protocol, published, marks, notes),
        _cost(summaries, agents, marks),
    ]
    if len(_tasks(summaries)) > 1:
        sheets.insert(1, _groups(summaries, agents, protocol, published, marks, wide))
    sheets.append(_by_task(summaries, agents, wide))
    if published:
        sheets.append(_published_by_task(published, marks))
    return sheets


def make_caption(summaries: Sequence[Summary]) -> str:
    """Return what the intervals are over."""
    seeds = sorted({one.training_seeds for one in summaries})
    if seeds == [1]:
        return "95 % bootstrap intervals over variations only: one training seed."
    told = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    return f"95 % bootstrap intervals over training seeds ({told}) and variations; of one, variations only."


def make_csv(summaries: Sequence[Summary], protocol: Protocol) -> str:
    """Return one line for each agent and task or group, then the published ones."""
    text = io.StringIO()
    lines = [{"protocol": protocol.name, **_flat(one), "published": False, "source": ""} for one in summaries]
    writer = csv.DictWriter(text, list(lines[0]), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    for row in published_rows(protocol.name):
        writer.writerow(
            {
                "protocol": protocol.name,
                "agent": row.method,
                "task": row.task,
                "score": row.score,
                "published": True,
                "source": f"{row.source} ({row.provenance}); {' '.join(row.differences)}",
            }
        )
    return text.getvalue()


def _flat(summary: Summary) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in asdict(summary).items():
        if isinstance(value, dict):
            flat |= {name: value["mean"], f"{name}_low": value["low"], f"{name}_high": value["high"]}
        else:
            flat[name] = value
    return flat


def _tasks(summaries: Sequence[Summary]) -> list[str]:
    names = {task.name for task in TASKS}
    return [one for one in dict.fromkeys(summary.task for summary in summaries) if one in names]


def _scores(
    summaries: Sequence[Summary],
    agents: Sequence[str],
    protocol: Protocol,
    published: Sequence[PublishedRow],
    marks: dict[str, str],
    footnotes: tuple[str, ...],
) -> Sheet:
    lines: list[tuple[str, ...]] = []
    for agent in agents:
        one = overall_summary(summaries, agent)
        score, iqm = one.score, one.iqm
        lines.append(
            (
                agent,
                str(one.episodes),
                f"{score.mean:.1f}",
                f"{score.low:.1f} to {score.high:.1f}",
                f"{iqm.mean:.1f}",
                f"{iqm.low:.1f} to {iqm.high:.1f}",
                f"{100 * one.success_rate:.0f} %",
                f"{one.moves:.1f}",
            )
        )
    lines += [
        (marks[row.method], "", f"{row.score:.1f}", *[""] * 5) for row in published if row.task == "all"
    ]
    count = len(_tasks(summaries))
    notes = [
        f"Mean score over {count} task{'s' * (count > 1)}, 0 to 100; {SCORINGS[protocol.scoring]}. "
        f"IQM: of the middle half of the tasks. {make_caption(summaries)}"
    ]
    errors = {agent: overall_summary(summaries, agent).errors for agent in agents}
    notes += [
        f"{agent}: {count} episodes were ended by an error; the same command plays them again."
        for agent, count in errors.items()
        if count
    ]
    columns = ("agent", "n", "score", "95 % interval", "IQM", "95 % interval", "solved", "moves")
    return Sheet(f"{protocol.name}: scores", columns, tuple(lines), (*notes, *footnotes))


def _groups(
    summaries: Sequence[Summary],
    agents: Sequence[str],
    protocol: Protocol,
    published: Sequence[PublishedRow],
    marks: dict[str, str],
    wide: bool,
) -> Sheet:
    """Return scores by length class, of word knowledge, of the subset, and by the other scoring."""
    found = {one.task for one in summaries}
    classes = [name for name in (*LENGTH_CLASSES, *[WORD_KNOWLEDGE] * wide) if name in found]
    subset = [] if protocol.subset is None else [f"first {protocol.subset}"]
    other = next(name for name in SCORINGS if name != protocol.scoring)
    lines: list[tuple[str, ...]] = []
    for agent in agents:
        cells = [find_summary(summaries, agent, name) for name in (*classes, *subset)]
        rest: Interval = getattr(overall_summary(summaries, agent), f"score_{other}")
        lines.append((agent, *("" if one is None else _short(one.score) for one in cells), _short(rest)))
    for method, mark in marks.items():
        own = {row.task: f"{row.score:.1f}" for row in published if row.method == method}
        if any(name in own for name in classes):
            lines.append((mark, *(own.get(name, "") for name in classes), *[""] * len(subset), ""))
    notes = [
        "By mean length of the published oracle paths: short below 20 moves, medium below 50.",
        f"Other scoring: {SCORINGS[other]}.",
    ]
    if WORD_KNOWLEDGE in classes:
        notes.insert(1, "Word knowledge: tasks 4-x and 7-x, which ask what lives, or lives longest.")
    return Sheet(
        f"{protocol.name}: groups of tasks",
        ("agent", *classes, *subset, "other scoring"),
        tuple(lines),
        tuple(notes),
    )


def _short(interval: Interval) -> str:
    return f"{interval.mean:.1f} ({interval.low:.0f}-{interval.high:.0f})"


def _cost(summaries: Sequence[Summary], agents: Sequence[str], marks: dict[str, str]) -> Sheet:
    lines: list[tuple[str, ...]] = []
    for agent in agents:
        one = overall_summary(summaries, agent)
        lines.append(
            (
                agent,
                f"{one.planner_calls:.1f}",
                f"{one.executor_calls:.1f}",
                f"{one.invalid_commands:.1f}",
                f"{one.tokens_per_move:,.0f}",
                f"{one.llm_tokens:,.0f}",
                "" if one.money is None else f"{one.money:.3f}",
                f"{one.agent_seconds:.1f}",
                f"{one.seconds:.1f}",
                f"{one.peak_memory_mb:,.0f}",
            )
        )
    told = tokens_per_move()
    lines += [
        (mark, "", "", "", f"{told[name]:,.0f}", *[""] * 5) for name, mark in marks.items() if name in told
    ]
    notes = (
        "Of an episode, mean of the tasks: calls of planner and executor, invalid commands (which the",
        "simulator did not understand), tokens of an LLM, its price, seconds of the agent and in all.",
        "Tok/move: tokens through all models, over moves.",
        "MB: peak of the Python process; each simulator holds about 400 more.",
    )
    columns = ("agent", "plans", "acts", "invalid", "tok/move", "LLM tok", "money", "agent s", "s", "MB")
    return Sheet("Cost", columns, tuple(lines), notes)


def _by_task(summaries: Sequence[Summary], agents: Sequence[str], wide: bool) -> Sheet:
    lines: list[tuple[str, ...]] = []
    ids = {task.name: task.id for task in TASKS}
    for task in _tasks(summaries):
        cells = []
        for agent in agents:
            one = find_summary(summaries, agent, task)
            score = "" if one is None else _short(one.score) if wide else f"{one.score.mean:.1f}"
            cells.append(score if one is None else f"{score} {100 * one.success_rate:.0f} %")
        lines.append((f"{ids[task]} {task}", *cells))
    return Sheet("Score and share solved by task", ("task", *agents), tuple(lines))


def _published_by_task(published: Sequence[PublishedRow], marks: dict[str, str]) -> Sheet:
    """Return the published scores of each task, named by its id: a paper's columns are many."""
    scores = {(row.method, row.task): f"{row.score:.1f}" for row in published}
    lines = tuple(
        (task.id, *(scores.get((method, task.name), "") for method in marks))
        for task in TASKS
        if any((method, task.name) in scores for method in marks)
    )
    told = tuple(method for method in marks if any((method, task.name) in scores for task in TASKS))
    lines = tuple((line[0], *(line[1 + list(marks).index(one)] for one in told)) for line in lines)
    return Sheet("Published scores by task", ("task", *told), lines, ("Footnotes as above.",))
