"""The headline: *sgd* and *flat* on the papers' protocols, held against the papers' figures.

Reads results and plays nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sgd_gym.benchmarks.compare import compare_rows
from sgd_gym.benchmarks.figures import Figure, load_pyplot, write_figures
from sgd_gym.benchmarks.published_rows import NEAREST, parameters, read_published, tokens_per_move
from sgd_gym.benchmarks.results import Results
from sgd_gym.benchmarks.summary import LENGTH_CLASSES, WORD_KNOWLEDGE, Summary, find_summary
from sgd_gym.envs.tasks import TASKS
from sgd_gym.provenance import describe_run

AGENTS = ("sgd", "flat")
MAIN, LONG, FULL = "sgd-100", "swiftsage-271", "full-test"
BARS = {MAIN: "SGD", LONG: "SwiftSage"}
"""Whose published figures *sgd* is held against."""
MARKERS = {MAIN: "o", LONG: "s", FULL: "^"}
COLORS = {"sgd": "tab:blue", "flat": "tab:orange"}
GAP = 3.0
"""So far all test variations may be from the first ten."""


def write_headline(results: dict[str, Results], out: Path, settings: Any) -> list[Figure]:
    """Write headline.json, headline.md, headline.png and headline_tasks.png, and return the figures.

    Args:
        results: By protocol, all tasks of *sgd*, and of *flat* where it played.
        out: Folder to write.
        settings: Of the command, a dataclass.
    """
    told = {name: one.summaries() for name, one in results.items()}
    figures = list(_figures(results, told))
    write_figures(out, "headline", figures, describe_run(settings))
    _draw_costs(results, told, out / "headline.png")
    _draw_tasks(told[LONG], out / "headline_tasks.png")
    return figures


def _figures(results: dict[str, Results], told: dict[str, list[Summary]]) -> Iterator[Figure]:
    for name, summaries in told.items():
        protocol = results[name].protocol
        bars = _published(name, BARS.get(name, ""))
        groups = {one: one for one in ("all", *LENGTH_CLASSES, WORD_KNOWLEDGE)}
        if protocol.subset is not None:
            groups[f"first {protocol.subset}"] = "all"  # which the paper played, see the protocol
        for agent in _agents(results[name]):
            for group, like in groups.items():
                score = _find(summaries, agent, group).score
                bar = bars.get(like) if agent == "sgd" else None
                note = "" if bar is None else f"the bar is {BARS[name]}'s published score"
                figure = f"{name}: {agent}" + (f", {group}" if group != "all" else "")
                yield Figure(figure, score.mean, score.low, score.high, bar, note=note)
        if len(_agents(results[name])) == len(AGENTS):
            ours, theirs = (results[name].rows_of(agent) for agent in AGENTS)
            gap = compare_rows(ours, theirs, protocol)[-1].difference
            yield Figure(
                f"{name}: sgd less flat", gap.mean, gap.low, gap.high, note="same episodes, in pairs"
            )
    if {MAIN, FULL} <= told.keys():
        full, first = (_find(told[name], "sgd").score.mean for name in (FULL, MAIN))
        gap_told = f"{FULL} {full:.1f}, {MAIN} {first:.1f}"
        figure = "sgd: from the first to all variations"
        yield Figure(figure, abs(full - first), bar=GAP, at_most=True, note=gap_told)


def _agents(results: Results) -> list[str]:
    return [agent for agent in AGENTS if agent in results.agents]


def _published(protocol: str, method: str) -> dict[str, float]:
    return {
        row.task: row.score for row in read_published() if (row.protocol, row.method) == (protocol, method)
    }


def _find(summaries: Sequence[Summary], agent: str, task: str = "all") -> Summary:
    found = find_summary(summaries, agent, task)
    assert found is not None, f"the results hold no {agent} of {task}"
    return found


def _draw_costs(results: dict[str, Results], told: dict[str, list[Summary]], path: Path) -> None:
    """Draw scores over parameters, and over tokens that go through the models for each move."""
    pyplot = load_pyplot()
    figure, panels = pyplot.subplots(1, 2, figsize=(10, 4.6), sharey=True)
    published: tuple[Mapping[str, float], ...] = (parameters(), tokens_per_move())
    for panel, sizes in zip(panels, published, strict=True):
        is_first = panel is panels[0]
        panel.set(xscale="log", ylim=(0, 100))
        panel.set_xlabel("parameters" if is_first else "tokens through the models for each move")
        panel.grid(alpha=0.3)
        for protocol, marker in MARKERS.items():
            for agent in _agents(results[protocol]):
                one = _find(told[protocol], agent)
                size = results[protocol].entries[agent][0]["parameters"] if is_first else one.tokens_per_move
                bars = [[one.score.mean - one.score.low], [one.score.high - one.score.mean]]
                style: dict[str, Any] = {"fmt": marker, "color": COLORS[agent], "capsize": 3}
                panel.errorbar([size], [one.score.mean], bars, **style, label=f"{agent}, {protocol}")
        _draw_published(panel, sizes)
        panel.margins(x=0.25)
    panels[0].set_ylabel("score, mean over 30 tasks; open: published")
    figure.legend(
        *panels[0].get_legend_handles_labels(), fontsize=8, loc="lower center", ncols=6, frameon=False
    )
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _draw_published(panel: Any, sizes: Mapping[str, float]) -> None:
    gray = {"color": "dimgray"}
    named: dict[str, tuple[float, float]] = {}
    for row in sorted(read_published(), key=lambda row: -row.score):
        if row.task != "all" or row.method not in sizes or NEAREST[row.protocol] not in MARKERS:
            continue
        place = sizes[row.method], row.score
        panel.plot(*place, MARKERS[NEAREST[row.protocol]], markerfacecolor="none", **gray)
        if row.method not in named:
            size = place[0]
            below = any(one / 3 < size < 3 * one and score - row.score < 5 for one, score in named.values())
            offset = (5, -11 if below else 4)
            panel.annotate(row.method, place, offset, textcoords="offset points", fontsize=8, **gray)
            named[row.method] = place


def _draw_tasks(summaries: Sequence[Summary], path: Path) -> None:
    """Draw the score of each task: ours with intervals, SwiftSage's beside them."""
    pyplot = load_pyplot()
    figure, panel = pyplot.subplots(figsize=(7.5, 9))
    names = [f"{task.id} {task.name}" for task in TASKS]
    for offset, agent in zip((-0.15, 0.15), AGENTS, strict=True):
        scores = [_find(summaries, agent, task.name).score for task in TASKS]
        means = [one.mean for one in scores]
        bars = [[one.mean - one.low for one in scores], [one.high - one.mean for one in scores]]
        places = [number + offset for number in range(len(TASKS))]
        panel.errorbar(means, places, xerr=bars, fmt="o", markersize=4, color=COLORS[agent], label=agent)
    published = _published(LONG, BARS[LONG])
    known = [(published[task.name], number) for number, task in enumerate(TASKS) if task.name in published]
    panel.plot(*zip(*known, strict=True), "x", color="dimgray", label=f"{BARS[LONG]} with GPT-4 (published)")
    panel.set_yticks(range(len(TASKS)), names, fontsize=8)
    panel.set_ylim(len(TASKS) - 0.5, -0.5)
    panel.set_xlim(-2, 102)
    panel.set_xlabel(f"score, {LONG}; 95 % intervals over variations")
    panel.grid(alpha=0.3)
    panel.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.4, 1.06), ncols=3, frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
