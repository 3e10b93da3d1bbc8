"""Results to make reports of, invented and played, and a browser to open them in.

`python tests/benchmarks/page/conftest.py FOLDER` writes results of 5 agents on 271 episodes, for a look.
"""

import os
import random
import shutil
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from sgd_gym.agents.base import Agent, EpisodeKey
from sgd_gym.agents.oracle import OracleAgent, plan_of
from sgd_gym.agents.random import RandomAgent
from sgd_gym.benchmarks.journal import key_of, transcript_path
from sgd_gym.benchmarks.page.build import ReportConfig, make_report
from sgd_gym.benchmarks.protocols import Protocol, get_protocol
from sgd_gym.benchmarks.results import make_results
from sgd_gym.benchmarks.run import play
from sgd_gym.benchmarks.transcripts import FILE, Move, write_episode, write_transcripts
from sgd_gym.data.shipped import SHIPPED
from sgd_gym.envs.tasks import TASKS
from sgd_gym.trajectories import Episode, episodes_of

Row = dict[str, Any]
Game = tuple[Row, list[Move]]
STALL_MOVES = 30

# How far an invented agent follows the oracle, on average; whether it has sub-goals; tokens a move.
AGENTS = {
    "sgd": (0.75, True, 95),
    "flat": (0.55, False, 60),
    "swiftsage": (0.85, True, 740),
    "random": (0.05, False, 0),
    "oracle": (1.0, True, 0),
}
PLAYERS = [(name, 0 if tokens else None) for name, (_, _, tokens) in AGENTS.items()]
MODELS = ("sgd", "flat", "swiftsage")

# Of these agents the last game of a task breaks off: how it ends, and why.
BREAKS = {
    ("flat", "find-plant"): ("error", "RuntimeError: the model's server hung up"),
    ("sgd", "find-plant"): ("fault", "the budget of 100 tokens is spent"),
}


def write_results(
    folder: Path, protocol: Protocol, tasks: list[str], rows: list[Row], parts: list[Path]
) -> Path:
    """Write results.json and transcripts.parquet as `bench run` does."""
    write_transcripts(folder / FILE, parts)
    entries: dict[str, list[Row]] = {}
    for agent, seed in dict.fromkeys((row["agent"], row["training_seed"]) for row in rows):
        entry = {"training_seed": seed, "fingerprint": f"{agent}-{seed}", "models": []}
        entries.setdefault(agent, []).append(entry)
    settings = SimpleNamespace(agents=list(entries), seed=0, max_option_moves=30)
    make_results(folder / "results.json", protocol, tasks, rows, entries, settings).write()
    return folder / "results.json"


def write_invented(folder: Path, count: int, players: list[tuple[str, int | None]]) -> Path:
    """Write invented results of agents and their training seeds on so many variations of each task."""
    protocol = replace(get_protocol("sgd-100"), max_variations=count)
    games = list(invent(protocol, players))
    parts = [folder / "parts" / f"{number}.parquet" for number in range(len(games))]
    for part, (row, moves) in zip(parts, games, strict=True):
        write_episode(part, row, moves)
    return write_results(folder, protocol, list(protocol.tasks), [row for row, _ in games], parts)


def invent(protocol: Protocol, players: list[tuple[str, int | None]]) -> Iterator[Game]:
    """Invent the games of agents on a protocol, with real texts.

    A game follows an oracle path of the dev split so far, then wanders through rooms of other paths until its
    score has stalled.
    """
    shipped = pq.ParquetFile(SHIPPED)  # a row group for each task
    paths: dict[str, list[Episode]] = {}
    for place, task in enumerate(TASKS):
        table = shipped.read_row_group(place)
        wanted = pc.and_(
            pc.equal(table["source"], "oracle"),
            pc.is_in(table["variation"], pa.array(task.variations("dev")[:20])),
        )
        paths[task.name] = list(episodes_of(table.filter(wanted)))
    episodes = protocol.episodes()
    last = {key.task: key for key in episodes}
    for agent, seed in players:
        for key in episodes:
            own = paths[key.task]
            moves, ended_by = _invent_moves(agent, seed, key, own[key.variation % len(own)], own, protocol)
            reason = ""
            if last[key.task] == key and (agent, key.task) in BREAKS:
                ended_by, reason = BREAKS[agent, key.task]
                moves = moves[: len(moves) // 2 + 1]
            yield _make_row(protocol.name, agent, seed, key, moves, ended_by, reason), moves


def _invent_moves(
    agent: str, seed: int | None, key: EpisodeKey, path: Episode, others: list[Episode], protocol: Protocol
) -> tuple[list[Move], str]:
    follows, plans, tokens = AGENTS[agent]
    draw = random.Random(f"{agent} {seed} {key}")
    first = path.steps[0]
    start = (path.task_description, first.look, first.inventory)
    moves = [Move(0, None, None, None, *start, 0.0, 0, 0, 0.0)]
    share = min(1.0, draw.betavariate(4 * follows + 0.01, 4 * (1 - follows) + 0.01))
    good = len(path.steps) if share > 0.9 else int(share * len(path.steps))
    option, score, rose = -1, 0, 0
    last_subgoal: Any = object()
    while True:
        at = len(moves) - 1
        if at < good:
            step = path.steps[at]
            reward, score = step.reward, int(step.score)
            if at + 1 < len(path.steps):  # what is seen after the move
                after = path.steps[at + 1]
                step = replace(step, look=after.look, inventory=after.inventory)
        else:
            step = draw.choice(draw.choice(others).steps)
            # Rooms that nobody else has seen so: a page holds what hardly repeats.
            look = [line for line in step.look.split("\n") if draw.random() < 0.95]
            step = replace(step, look="\n".join(look))
            reward = 0.0
            if draw.random() < 0.01:
                reward, score = -100.0 - score, -100
        rose = at + 1 if reward > 0 else rose
        if step.subgoal != last_subgoal:
            option, last_subgoal = option + 1, step.subgoal
        moves.append(
            Move(
                move=at + 1,
                subgoal=step.subgoal if plans else None,
                option_index=option if plans else None,
                action=step.action,
                observation=step.observation,
                look=step.look,
                inventory=step.inventory,
                reward=reward,
                score=score,
                model_tokens=int(tokens * draw.uniform(0.5, 1.5)),
                seconds=round(draw.uniform(0.005, 0.2), 4),
            )
        )
        moved = len(moves) - 1
        for ended_by, over in {
            "failed": score < 0,
            "solved": score == 100,
            "move_limit": moved >= protocol.max_moves,
            "stalled": moved - rose >= STALL_MOVES and agent != "oracle",
        }.items():
            if over:
                return moves, ended_by


def _make_row(
    protocol: str,
    agent: str,
    seed: int | None,
    key: EpisodeKey,
    moves: list[Move],
    ended_by: str,
    reason: str,
) -> Row:
    """Return the row of an episode that its moves tell of."""
    score = moves[-1].score
    options = {move.option_index for move in moves[1:]} - {None}
    seconds = round(sum(move.seconds for move in moves), 3)
    llm_tokens = 40 * len(moves) if agent == "swiftsage" else 0
    return {
        "protocol": protocol,
        "agent": agent,
        "training_seed": seed,
        "task": key.task,
        "variation": key.variation,
        "seed": key.seed,
        "score_last": score,
        "score_last_good": score if score >= 0 else moves[-2].score,
        "score_negative_as_zero": max(0, score),
        "success": ended_by == "solved",
        "moves": len(moves) - 1,
        "invalid_commands": 0,
        "ended_by": ended_by,
        "error": reason if ended_by == "error" else None,
        "fault": reason if ended_by == "fault" else "",
        "fault_passing": ended_by == "fault",
        "planner_calls": len(options),
        "executor_calls": len(moves) - 1 if options else 0,
        "model_tokens": sum(move.model_tokens for move in moves),
        "llm_tokens": llm_tokens,
        "money": llm_tokens * 2e-6,
        "seconds": seconds,
        "agent_seconds": seconds,
        "peak_memory_mb": 812.5 if agent in MODELS else 95.0,
    }


class TellingOracle(OracleAgent):
    """The oracle, which also says what sub-goal a command of its path serves."""

    def __init__(self) -> None:
        self._options: dict[int, tuple[int, str] | None] = {}

    def act(self, slots: Any, observations: Any, infos: Any) -> list[str]:
        for slot, info in zip(slots, infos, strict=True):
            plan = enumerate(plan_of(info["oracle_path"]))
            own = ((place, str(goal)) for place, (end, goal) in plan if info["moves"] < end)
            self._options[slot] = next(own, None)
        return super().act(slots, observations, infos)

    def subgoal(self, slot: int) -> tuple[int, str] | None:
        return self._options[slot]


def play_dev(folder: Path, tasks: list[str]) -> Path:
    """Play random and oracle in the real simulator, on two dev variations of some tasks."""
    protocol = replace(get_protocol("quickstart-dev"), tasks=tuple(tasks), max_variations=2, max_moves=25)
    rows: list[Row] = []
    parts: list[Path] = []
    agents: dict[str, Callable[[], Agent]] = {"random": RandomAgent, "oracle": TellingOracle}
    for name, make in agents.items():
        journal = folder / f"{name}.jsonl"
        own = play(name, make, protocol, protocol.episodes(), 1, journal, name)
        rows += [{**row, "money": 0.0} for row in own]
        parts += [transcript_path(journal, key_of(row)) for row in own]
    return write_results(folder, protocol, tasks, rows, parts)


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return results of three agents, one of two training seeds, on two episodes of each task."""
    players: list[tuple[str, int | None]] = [("sgd", 0), ("sgd", 1), ("flat", 0), ("oracle", None)]
    return write_invented(tmp_path_factory.mktemp("invented"), 2, players)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return results of five agents on the 271 episodes of the papers' protocols."""
    return write_invented(tmp_path_factory.mktemp("whole"), 10, PLAYERS)


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return results of random and oracle, played in the simulator."""
    return play_dev(tmp_path_factory.mktemp("played"), ["find-plant", "power-component"])


@pytest.fixture(scope="session")
def report(invented: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report of the invented results."""
    with pytest.MonkeyPatch.context() as patch:
        # As in the tests (`few_resamples`), which begin after this where it is wanted first.
        patch.setattr("sgd_gym.benchmarks.stats.RESAMPLES", 200)
        return make_report(ReportConfig([invented], tmp_path_factory.mktemp("report") / "report.html"))


def _find_browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return os.environ.get("SGD_GYM_BROWSER") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a headless browser."""
    found = _find_browser()
    if found is None:
        pytest.skip("no chromium in PATH; name a browser with SGD_GYM_BROWSER")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any) -> Generator[Callable[..., Any]]:
    """Return a function that opens a report; the test fails if the page complains or asks the network."""
    contexts, complaints = [], []

    def open_page(report: Path, width: int = 1280, theme: str = "light", hash: str = "") -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=theme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        own = report.as_uri()
        page.on("request", lambda one: one.url.startswith((own, "data:")) or complaints.append(one.url))
        page.goto(own + hash)
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    print(make_report(ReportConfig([write_invented(folder, 10, PLAYERS)], folder / "report.html")))
