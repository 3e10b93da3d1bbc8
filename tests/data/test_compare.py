"""Figures of two annotations, worked out by hand, and the page that shows them."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sgd_gym.cli import main
from sgd_gym.data.annotate import AnnotateConfig, annotate_folder
from sgd_gym.data.compare import CompareConfig, Tally, compare, compare_folders
from sgd_gym.errors import DataError
from sgd_gym.trajectories import Episode, Step, write_episodes


def make_episode(subgoals: str, annotator: str, variation: int = 0, task: str = "boil") -> Episode:
    """Make an episode of commands "c0", "c1", ... from "a a b", a letter for each command; "|" cuts."""
    steps, index, last = [], -1, ""
    for word in subgoals.split():
        if word == "|":
            last = ""
            continue
        index += word != last
        last = word
        steps.append(Step("", "", f"c{len(steps)}", "", 0.0, 0, False, f"read({word})", index))
    return Episode(task, variation, "dev", "Do <it> & go.", "oracle", annotator=annotator, steps=tuple(steps))


def figures(a: str, b: str) -> dict[str, object]:
    return compare([make_episode(a, "rules")], [make_episode(b, "tiny")]).rows[-1]


def test_equal_annotations_agree_in_all() -> None:
    row = figures("a a b", "a a b")
    assert row["precision"] == row["recall"] == row["f1"] == row["equal_subgoals"] == 1.0
    assert row["subgoal_overlap"] == row["predicate_overlap"] == 1.0
    assert row["moves_a"] == row["moves_b"] == 1.5


def test_figures_are_those_worked_out_by_hand() -> None:
    row = figures("a a b b c c", "a a b d d d")  # cuts at 2, 4 against 2, 3
    assert (row["precision"], row["recall"], row["f1"]) == (0.5, 0.5, 0.5)
    assert row["equal_subgoals"] == 3 / 6
    assert row["subgoal_overlap"] == 2 / 4
    row = figures("a a b b c c", "a a b b b b")  # cuts at 2, 4 against 2
    assert (row["precision"], row["recall"], row["f1"]) == (1.0, 0.5, 2 / 3)
    assert (row["moves_a"], row["moves_b"]) == (2.0, 3.0)


def test_equal_subgoals_in_a_row_have_a_boundary_between_them() -> None:
    row = figures("a | a", "a a")
    assert (row["precision"], row["recall"], row["f1"], row["equal_subgoals"]) == (1.0, 0.0, 0.0, 1.0)


def test_tallies_add_up() -> None:
    pairs = [("a b", "a a"), ("a a c", "b c c")]
    both, single = Tally(), [Tally(), Tally()]
    for number, (one, two) in enumerate(pairs):
        for tally in (both, single[number]):
            tally.add(make_episode(one, "x"), make_episode(two, "y"))
    for name in ("paths", "commands", "equal", "boundaries_a", "boundaries_b", "boundaries_both"):
        assert getattr(both, name) == sum(getattr(one, name) for one in single)


def test_rows_are_per_task_and_for_all() -> None:
    a = [make_episode("a b", "rules", task=task) for task in ("melt", "boil")]
    b = [make_episode("a b", "tiny", task="boil"), make_episode("a a", "tiny", task="melt")]
    rows = compare(a, b).rows
    assert [(row["task"], row["paths"], row["recall"]) for row in rows] == [
        ("boil", 1, 1.0),
        ("melt", 1, 0.0),
        ("all", 2, 0.5),
    ]


def test_paths_that_are_not_the_same_are_counted_and_left_out() -> None:
    a = [make_episode("a b", "rules", number) for number in (0, 1, 2)]
    other = make_episode("a b", "tiny", 1)
    other = replace(other, steps=(replace(other.steps[0], action="another"), other.steps[1]))
    comparison = compare(a, [make_episode("a b", "tiny", 0), other, make_episode("a b", "tiny", 9)])
    assert comparison.left_out == {"only in A": 1, "only in B": 1, "commands differ": 1}
    assert comparison.rows[-1]["paths"] == 1


def test_what_cannot_be_compared_is_refused() -> None:
    bare = make_episode("a", "rules")
    bare = replace(bare, steps=(replace(bare.steps[0], subgoal=None),))
    with pytest.raises(DataError, match=r"boil/0 has no sub-goals\. Fix: run 'sgd-gym annotate'"):
        compare([bare], [bare])
    with pytest.raises(DataError, match="No path is in both folders"):
        compare([make_episode("a", "x", 0)], [make_episode("a", "y", 1)])


def test_the_page_shows_a_path_on_which_the_two_differ() -> None:
    a = [make_episode("a b", "rules", number) for number in (0, 1, 2)]
    b = [make_episode(text, "tiny", number) for number, text in enumerate(("a b", "a a", "b b"))]
    assert [one.variation for one, _ in compare(a, b).shown] == [1]


class Table(HTMLParser):
    """Reads the cells of each table row, and checks that tags close in order."""

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[tuple[str, int]]] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            return
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append(("", int(dict(attrs).get("rowspan") or 1)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "td":
            text, span = self.rows[-1][-1]
            self.rows[-1][-1] = (text + data, span)


def test_a_comparison_of_folders_writes_figures_and_a_page(tmp_path: Path) -> None:
    texts = {"a": "a a b b c c", "b": "a a b d d d"}
    for name, text in texts.items():
        write_episodes(tmp_path / name / "x.parquet", [make_episode(text, f"<{name}>")])
    compare_folders(CompareConfig(tmp_path / "a", tmp_path / "b", tmp_path / "out"))
    told = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert told["annotators"] == {"a": "<a>", "b": "<b>"}
    assert told["rows"][-1]["f1"] == 0.5
    assert told["versions"]["sgd-gym"]
    assert "| all | 1 | 0.500 | 0.500 | 0.500 |" in (tmp_path / "out" / "compare.md").read_text()
    page = (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    assert not re.search(r"<script|https?://|@import|url\(", page), "the page loads nothing"
    assert "light-dark(" in page
    rows = [row for row in Table(page).rows if row and row[0][0].isdigit()]
    assert [row[1][0] for row in rows] == [f"c{number}" for number in range(6)]
    spans = [cell for row in rows for cell in row[2:]]
    assert sum(span for _, span in spans) == 12
    assert rows[0][2:] == [("read(a)", 2), ("read(a)", 2)]
    assert rows[3][2:] == [("read(d)", 3)]
    assert page.count('"subgoal differs"') == 4  # b and c of two moves, b of one, d of three
    assert "Do &lt;it&gt; &amp; go." in page
    assert "<b>&lt;a&gt;</b>" in page


def test_the_command_prints_the_table(
    short_paths: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotate_folder(AnnotateConfig(short_paths, tmp_path / "a"))
    main(["annotate", "--compare", str(tmp_path / "a"), str(tmp_path / "a"), "--out", str(tmp_path / "out")])
    printed = capsys.readouterr().out
    assert "| all | 20 | 1.000 | 1.000 | 1.000 | 1.000 |" in printed
    assert "compare.html" in printed
    assert (tmp_path / "out" / "compare.html").exists()
