"""Figures of papers, beside which ours are shown; always marked as published, with what differs as footnotes.

The files in `published/` keep source and provenance of each figure: "primary" was read in the source itself,
"second-hand" in another text, "derived" was computed from others.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sgd_gym.benchmarks.protocols import PROTOCOLS
from sgd_gym.benchmarks.summary import LENGTH_CLASSES
from sgd_gym.envs.tasks import TASKS, get_task
from sgd_gym.errors import DataError

FOLDER = Path(__file__).with_name("published")
PROVENANCES = ("primary", "second-hand", "derived")

NEAREST = {"swiftsage-271": "swiftsage-271", "sgd-100": "sgd-100", "scienceworld-100": "full-test"}
"""Our protocol that comes nearest to the one of a published row."""

FARTHER = {"sgd-100": "swiftsage-271"}
"""A protocol of ours whose published rows tell what those of the nearest do not: single tasks, tokens."""

_SIMULATOR = "Older simulator (1.1.x), whose worlds differ from run to run."
_LLM = "100 moves; the first 3 test variations of each task; GPT-4."
_NOT_TOLD = "Limits and episodes of this column are not told."
_ROUNDED = "Rounded to points; no rule on stalled episodes."
_REINFORCED = "Mean of the last tenth of the training episodes, 5 seeds."
_IMITATED = "The first of a beam of commands that is valid."
_SGD = "At most 9 test variations of each task; weights chosen by the loss on test data; read second-hand."
DIFFERENCES: dict[tuple[str, str], tuple[str, ...]] = {
    ("swiftsage-271", "SwiftSage"): (_SIMULATOR, "GPT-4 while acting."),
    ("swiftsage-271", "Swift-only"): (_SIMULATOR, "100 moves."),
    ("swiftsage-271", "SayCan"): (_SIMULATOR, _LLM),
    ("swiftsage-271", "ReAct"): (_SIMULATOR, _LLM),
    ("swiftsage-271", "Reflexion"): (_SIMULATOR, _LLM, "The best of up to 10 trials."),
    **{("swiftsage-271", name): (_SIMULATOR, _NOT_TOLD) for name in ("DRRN", "KG-A2C", "CALM", "TDT")},
    ("sgd-100", "SGD"): (_SIMULATOR, _SGD),
    ("sgd-100", "Swift-only (re-run by SGD)"): (
        *(_SIMULATOR, _SGD),
        "Ended when ten actions in a row held two texts.",
    ),
    ("scienceworld-100", "Random"): (_SIMULATOR, _ROUNDED),
    **{
        ("scienceworld-100", name): (_SIMULATOR, _ROUNDED, _REINFORCED) for name in ("DRRN", "KG-A2C", "CALM")
    },
    **{("scienceworld-100", name): (_SIMULATOR, _ROUNDED, _IMITATED) for name in ("BC-T5-11B", "TDT-T5-11B")},
}
"""What is known to differ from our protocol, by published protocol and method."""


@dataclass(frozen=True)
class PublishedRow:
    """One figure of a paper."""

    source: str
    method: str
    task: str
    """Name of a task, a length class, or "all"."""
    score: float
    protocol: str
    """The name that the figures' file gives to how they were made."""
    provenance: str

    @property
    def differences(self) -> tuple[str, ...]:
        """Return what is known to differ from our nearest protocol."""
        return DIFFERENCES[self.protocol, self.method]


@dataclass(frozen=True)
class PublishedMethod:
    """The figures of one method."""

    name: str
    scores: dict[str, float]
    """By name of a task, a length class, or "all"."""
    tokens_per_move: float | None
    nearest: bool
    """Whether our protocol is the nearest one to that of the figures."""
    footnotes: tuple[int, ...]
    """Numbers of footnotes, from 1."""


def group_methods(
    rows: Sequence[PublishedRow], protocol: str
) -> tuple[list[PublishedMethod], tuple[str, ...]]:
    """Return each method of the rows, and the footnotes: sources, and what differs from our protocol."""
    texts: dict[str, int] = {}
    methods = []
    for name in dict.fromkeys(row.method for row in rows):
        own = [row for row in rows if row.method == name]
        nearest = NEAREST[own[0].protocol]
        told = (f"Published: {own[0].source}.", *own[0].differences)
        if nearest != protocol:
            told = (*told, f"Nearest to our protocol {nearest}, whose limits and scoring are others.")
        numbers = tuple(sorted(texts.setdefault(text, len(texts) + 1) for text in told))
        scores = {row.task: row.score for row in own}
        methods.append(
            PublishedMethod(name, scores, tokens_per_move().get(name), nearest == protocol, numbers)
        )
    return methods, tuple(f"[{number}] {text}" for text, number in texts.items())


def published_rows(protocol: str) -> list[PublishedRow]:
    """Return the published rows whose nearest protocol is this one."""
    return [row for row in read_published() if NEAREST[row.protocol] == protocol]


@cache
def read_published(path: Path = FOLDER / "results.csv") -> tuple[PublishedRow, ...]:
    """Read and check the published scores; means over all tasks are added where a source gives none.

    Raises:
        DataError: If a row is not whole, or names what does not exist.
    """
    rows = [_read_row(path, number, row) for number, row in enumerate(_read(path), start=2)]
    places = [(row.protocol, row.method, row.task) for row in rows]
    for place in places:
        if places.count(place) > 1:
            raise DataError(f"{path} holds {place} twice. Fix: keep one of them.")
    return (*rows, *_means(rows))


@cache
def tokens_per_move(path: Path = FOLDER / "tokens_per_move.csv") -> dict[str, float]:
    """Return the published tokens of a language model for each move, by method."""
    return {row["method"]: float(row["tokens_per_move"]) for row in _read(path)}


@cache
def parameters(path: Path = FOLDER / "parameters.csv") -> dict[str, int]:
    """Return the published number of parameters, by method."""
    return {row["method"]: int(row["parameters"]) for row in _read(path)}


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _read_row(path: Path, number: int, row: dict[str, str]) -> PublishedRow:
    try:
        task = "all" if row["task"] == "overall" else row["task"]
        if task not in (*LENGTH_CLASSES, "all"):
            task = get_task(task).name
        found = PublishedRow(
            row["source"], row["method"], task, float(row["score"]), row["protocol"], row["provenance"]
        )
        assert found.source and NEAREST[found.protocol] in PROTOCOLS and found.differences
        assert found.provenance in PROVENANCES and 0 <= found.score <= 100
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise DataError(
            f"{path}, line {number}, is no published row: {row} ({type(error).__name__}: {error}). "
            f"Allowed: source, method, task, score 0 to 100, protocol ({', '.join(NEAREST)}), "
            f"provenance ({', '.join(PROVENANCES)}); a method's differences stand in {__name__}."
        ) from error
    return found


def _means(rows: Sequence[PublishedRow]) -> list[PublishedRow]:
    """Return the macro mean of each method that has all tasks but no row of its own for all of them."""
    means = []
    for protocol, method in dict.fromkeys((row.protocol, row.method) for row in rows):
        own = {row.task: row for row in rows if (row.protocol, row.method) == (protocol, method)}
        groups = {name: [one for one in TASKS if one.length_class == name] for name in LENGTH_CLASSES}
        for name, tasks in {**groups, "all": list(TASKS)}.items():
            if name not in own and all(task.name in own for task in tasks):
                mean = sum(own[task.name].score for task in tasks) / len(tasks)
                source = own[tasks[0].name].source
                means.append(PublishedRow(source, method, name, round(mean, 2), protocol, "derived"))
    return means
