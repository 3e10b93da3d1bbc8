"""Compare two annotations of the same paths: boundaries, equal sub-goals, vocabulary; knows no annotator.

The first annotation stands for the truth. A boundary is a command, other than the first of its path, with
which a new sub-goal begins: `precision = |A & B| / |B|`, `recall = |A & B| / |A|`, `F1` their harmonic mean,
over all boundaries of a task together. Vocabularies are compared as sets: `overlap = |A & B| / |A | B|`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sgd_gym.data.compare_page import make_page
from sgd_gym.errors import DataError
from sgd_gym.files import write_json, write_text
from sgd_gym.provenance import describe_run
from sgd_gym.trajectories import Episode, read_episodes

OUT = Path("runs/compare")
COLUMNS = {
    "task": "task",
    "paths": "paths",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "equal_subgoals": "equal sub-goals",
    "subgoal_overlap": "overlap of sub-goals",
    "predicate_overlap": "overlap of predicates",
    "moves_a": "moves each, A",
    "moves_b": "moves each, B",
}


@dataclass
class CompareConfig:
    """Compare two annotated folders."""

    a: Path
    """The folder that stands for the truth."""
    b: Path
    """The folder that is measured against it."""
    out: Path = OUT
    """Folder to write: compare.json, compare.md, compare.html."""


@dataclass
class Tally:
    """What the two annotations of some paths share. Law: `tally(x) + tally(y) == tally(x and y)`."""

    paths: int = 0
    commands: int = 0
    equal: int = 0
    """Commands with equal sub-goals."""
    boundaries_a: int = 0
    boundaries_b: int = 0
    boundaries_both: int = 0
    options_a: int = 0
    options_b: int = 0
    subgoals_a: set[str] = field(default_factory=set)
    subgoals_b: set[str] = field(default_factory=set)

    def add(self, a: Episode, b: Episode) -> None:
        """Count one path."""
        cuts_a, cuts_b = _boundaries(a), _boundaries(b)
        pairs = [(one.subgoal or "", two.subgoal or "") for one, two in zip(a.steps, b.steps, strict=True)]
        self.paths += 1
        self.commands += len(pairs)
        self.equal += sum(one == two for one, two in pairs)
        self.boundaries_a += len(cuts_a)
        self.boundaries_b += len(cuts_b)
        self.boundaries_both += len(cuts_a & cuts_b)
        self.options_a += len(cuts_a) + 1
        self.options_b += len(cuts_b) + 1
        self.subgoals_a |= {one for one, _ in pairs}
        self.subgoals_b |= {two for _, two in pairs}

    def figures(self) -> dict[str, float]:
        """Return what is reported."""
        precision = _share(self.boundaries_both, self.boundaries_b)
        recall = _share(self.boundaries_both, self.boundaries_a)
        return {
            "paths": self.paths,
            "commands": self.commands,
            "precision": precision,
            "recall": recall,
            "f1": _share(2 * self.boundaries_both, self.boundaries_a + self.boundaries_b),
            "equal_subgoals": _share(self.equal, self.commands),
            "subgoal_overlap": _overlap(self.subgoals_a, self.subgoals_b),
            "predicate_overlap": _overlap(_predicates(self.subgoals_a), _predicates(self.subgoals_b)),
            "subgoals_a": len(self.subgoals_a),
            "subgoals_b": len(self.subgoals_b),
            "moves_a": _share(self.commands, self.options_a),
            "moves_b": _share(self.commands, self.options_b),
        }


@dataclass
class Comparison:
    """The figures of two annotations."""

    annotators: tuple[str, str]
    rows: list[dict[str, object]]
    """One for each task, then one for all."""
    left_out: dict[str, int]
    """Paths that were not compared, by the reason."""
    shown: list[tuple[Episode, Episode]] = field(repr=False)
    """One path of each task."""


def compare(a: Iterable[Episode], b: Iterable[Episode]) -> Comparison:
    """Compare two annotations of the same episodes.

    Raises:
        DataError: If an episode is not annotated, or no path is in both.
    """
    firsts, seconds = _by_id(a), _by_id(b)
    both = sorted(firsts.keys() & seconds.keys())
    same = [key for key in both if firsts[key].actions == seconds[key].actions]
    if not same:
        raise DataError("No path is in both folders. Fix: annotate the same episodes twice.")
    tallies: dict[str, Tally] = {}
    everything = Tally()
    examples: dict[str, tuple[Episode, Episode]] = {}
    for key in same:
        pair = firsts[key], seconds[key]
        for tally in (tallies.setdefault(pair[0].task, Tally()), everything):
            tally.add(*pair)
        shown = examples.setdefault(pair[0].task, pair)
        # The page shows a path on which the two differ, if there is one.
        if _agree(*shown) and not _agree(*pair):
            examples[pair[0].task] = pair
    rows: list[dict[str, object]] = [{"task": task, **tally.figures()} for task, tally in tallies.items()]
    rows.append({"task": "all", **everything.figures()})
    left_out = {
        "only in A": len(firsts) - len(both),
        "only in B": len(seconds) - len(both),
        "commands differ": len(both) - len(same),
    }
    names = _names(firsts[key] for key in same), _names(seconds[key] for key in same)
    return Comparison(names, rows, left_out, list(examples.values()))


def compare_folders(config: CompareConfig) -> Comparison:
    """Compare two annotated folders and write figures, table and page.

    Raises:
        DataError: If a folder holds no annotated data, or no path is in both.
    """
    comparison = compare(read_episodes(config.a), read_episodes(config.b))
    figures = {
        "annotators": {"a": comparison.annotators[0], "b": comparison.annotators[1]},
        "left_out": comparison.left_out,
        "rows": comparison.rows,
    }
    write_json(config.out / "compare.json", describe_run(config) | figures)
    write_text(config.out / "compare.md", make_markdown(comparison))
    write_text(
        config.out / "compare.html", make_page(comparison.annotators, table(comparison), comparison.shown)
    )
    return comparison


def table(comparison: Comparison) -> list[list[str]]:
    """Return the cells of the table, its heads first."""
    return [list(COLUMNS.values())] + [
        [_cell(name, row[name]) for name in COLUMNS] for row in comparison.rows
    ]


def make_markdown(comparison: Comparison) -> str:
    """Return the table with its captions, as Markdown."""
    heads, *rows = table(comparison)
    first, second = comparison.annotators
    left_out = ", ".join(f"{number} {reason}" for reason, number in comparison.left_out.items() if number)
    return "\n".join(
        [
            f"Boundaries and sub-goals of B ({second}) against A ({first}).",
            "",
            f"| {' | '.join(heads)} |",
            f"|{'---|'}{'---:|' * (len(heads) - 1)}",
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
            f"Not compared: {left_out or 'none'}.",
            "",
        ]
    )


def _by_id(episodes: Iterable[Episode]) -> dict[tuple[str, str], Episode]:
    found = {}
    for episode in episodes:
        if any(step.subgoal is None or step.option_index is None for step in episode.steps):
            raise DataError(f"{episode.episode_id} has no sub-goals. Fix: run 'sgd-gym annotate' first.")
        found[episode.source, episode.episode_id] = episode
    return found


def _boundaries(episode: Episode) -> set[int]:
    indices = [step.option_index for step in episode.steps]
    return {number for number in range(1, len(indices)) if indices[number] != indices[number - 1]}


def _agree(a: Episode, b: Episode) -> bool:
    columns = [[(step.subgoal, step.option_index) for step in one.steps] for one in (a, b)]
    return columns[0] == columns[1]


def _names(episodes: Iterable[Episode]) -> str:
    return ", ".join(sorted({episode.annotator or "unknown" for episode in episodes}))


def _predicates(subgoals: set[str]) -> set[str]:
    return {subgoal.partition("(")[0] for subgoal in subgoals}


def _overlap(a: set[str], b: set[str]) -> float:
    return _share(len(a & b), len(a | b))


def _share(part: float, whole: float) -> float:
    """Return the share; nothing of nothing is all of it."""
    return part / whole if whole else 1.0


def _cell(name: str, value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.1f}" if name.startswith("moves") else f"{value:.3f}"
