"""Puts figures, games and the page's own script and style into one HTML file; computes no figure."""

import base64
import hashlib
import html
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Annotated, Any

import tyro

from sgd_gym.benchmarks.page import figures
from sgd_gym.benchmarks.page.packing import Game, pack
from sgd_gym.benchmarks.page.transcripts import read_games
from sgd_gym.benchmarks.published_rows import FARTHER, PublishedRow, group_methods, published_rows
from sgd_gym.benchmarks.results import Results, join_results, read_results
from sgd_gym.benchmarks.tables import SCORINGS, make_caption
from sgd_gym.benchmarks.transcripts import name_seed
from sgd_gym.envs.tasks import TASKS
from sgd_gym.errors import SgdGymError
from sgd_gym.files import write_text
from sgd_gym.progress import track

ASSETS = Path(__file__).parent / "assets"
# One module for the browser, in the order in which the parts stand on each other.
SCRIPTS = ("dom.js", "games.js", "charts.js", "figures.js", "reader.js", "episodes.js", "main.js")
MAX_MB = 20

_FIELDS = (*("variation", "seed", "score_last", "success", "moves", "ended_by", "planner_calls", "seconds"),)
_ORIGIN = ("created", "git", "command", "versions", "settings")
_log = logging.getLogger(__name__)


@dataclass
class ReportConfig:
    """One HTML file with the figures of a benchmark and every game to read, for any browser, offline."""

    results: Annotated[list[Path], tyro.conf.Positional]
    """Whole results of one protocol, of one agent or several, or all shards of them; each with its
    transcripts.parquet beside it if one was kept."""
    out: Path = Path("report.html")
    """File to write."""
    differ: list[str] = field(default_factory=list)
    """Settings that may differ between the files, for they are what is compared."""


def make_report(config: ReportConfig) -> Path:
    """Write the report and return its path.

    Raises:
        DataError: If the results cannot stand in one comparison, or a transcript is not theirs.
        SgdGymError: If no results are named.
    """
    if not config.results:
        raise SgdGymError("No results are named. Fix: sgd-gym report runs/bench/results.json")
    files = [read_results(path) for path in config.results]
    results = join_results(files, config.out, {}, config.differ)
    packs: dict[str, str] = {}
    games: list[Game] = []
    with track("pack games", len(results.tasks)) as advance:
        for task, own in read_games(results, config.results):
            packs[task] = pack(own)
            games += own
            advance(1)
    text = make_page(describe(results, files, games), packs)
    size = len(text.encode()) / 1e6
    if size > MAX_MB:
        told = "%s has %.0f MB; above %d it opens slowly. Fix: compare fewer agents."
        _log.warning(told, config.out, size, MAX_MB)
    write_text(config.out, text)
    return config.out


def describe(results: Results, files: Sequence[Results], games: Sequence[Game]) -> dict[str, Any]:
    """Return all that the page shows but the games themselves.

    Args:
        results: What was measured.
        files: The same, as it was read.
        games: What is known of its games.
    """
    recorded = {game.episode for game in games}
    summaries = results.summaries()
    protocol = results.protocol
    published, footnotes = group_methods(_published_rows(results), protocol.name)
    episodes: dict[str, list[Any]] = {name: [row[name] for row in results.rows] for name in _FIELDS}
    episodes["agent"] = [results.agents.index(row["agent"]) for row in results.rows]
    episodes["training_seed"] = [name_seed(row["training_seed"]) for row in results.rows]
    episodes["task"] = [results.tasks.index(row["task"]) for row in results.rows]
    episodes["recorded"] = [place in recorded for place in range(len(results.rows))]
    # What went wrong: an error ends an episode, a fault of the agent may.
    episodes["reason"] = [row["error"] or row["fault"] or None for row in results.rows]
    episodes["again"] = [row["ended_by"] == "error" or row["fault_passing"] for row in results.rows]
    return {
        "protocol": protocol.name,
        "scoring": protocol.scoring,
        "scoring_text": SCORINGS[protocol.scoring],
        "caption": make_caption(summaries),
        "footnotes": footnotes,
        "agents": results.agents,
        "training_seeds": [
            [name_seed(entry["training_seed"]) for entry in entries] for entries in results.entries.values()
        ],
        "files": [{"agents": one.agents, **{name: one.run.get(name) for name in _ORIGIN}} for one in files],
        "overall": figures.overall(results, summaries, published),
        "pairs": figures.pairs(results),
        "heat_map": figures.heat_map(results, summaries, published),
        "profile": figures.profile(results),
        "curves": figures.curves(results, games),
        "costs": figures.costs(results, summaries, published),
        "episodes": episodes,
    }


def _published_rows(results: Results) -> list[PublishedRow]:
    """Return the published rows that may stand beside the results: of groups, only beside all tasks."""
    name = results.protocol.name
    rows = published_rows(name) + (published_rows(FARTHER[name]) if name in FARTHER else [])
    whole = len(results.tasks) == len(TASKS)
    return [row for row in rows if whole or row.task in results.tasks]


def make_page(data: dict[str, Any], packs: dict[str, str]) -> str:
    """Return the page.

    Nothing of the data can become markup: it stands in blocks that browsers neither parse nor run, and the
    page's policy lets no script run but its own, and nothing load.

    Args:
        data: What `describe` returns.
        packs: The packed games of each task.
    """
    style = _asset("style.css")
    script = "\n".join(_asset(name) for name in SCRIPTS)
    blocks = "\n".join(
        f'<script type="text/plain" data-games="{html.escape(task)}">{packed}</script>'
        for task, packed in packs.items()
    )
    return Template(_asset("page.html")).substitute(
        title=html.escape(f"{', '.join(data['agents'])} on {data['protocol']}"),
        script_hash=_hash(script),
        style_hash=_hash(style),
        style=style,
        script=script,
        data=json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        games=blocks,
    )


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return what a content security policy calls a text by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
