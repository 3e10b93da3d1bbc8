"""Tables for people: figures in their place, published rows marked, nothing wider than a terminal."""

import csv
import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from sgd_gym.benchmarks.sheets import Sheet, make_markdown, make_terminal
from sgd_gym.benchmarks.tables import make_caption, make_csv, make_sheets

AGENTS = {"sgd": 40, "flat": 30, "swiftsage": 50, "random": 0, "sgd_gym.agents.oracle:OracleAgent": 90}


def sheets_of(
    made_up: SimpleNamespace, folder: Path, protocol: str, seeds: tuple[int, ...] = (0,)
) -> dict[str, Sheet]:
    results = made_up.results(folder, protocol=protocol, agents=AGENTS, training_seeds=seeds)
    return {one.title: one for one in make_sheets(results.summaries(), results.protocol)}


@pytest.mark.parametrize("protocol", ["swiftsage-271", "sgd-100", "quickstart-dev"])
def test_no_table_is_wider_than_a_terminal(made_up: SimpleNamespace, tmp_path: Path, protocol: str) -> None:
    sheets = sheets_of(made_up, tmp_path, protocol)
    text = io.StringIO()
    Console(file=text, width=80).print(make_terminal(list(sheets.values())))
    shown = text.getvalue()
    assert max(map(len, shown.splitlines())) <= 80
    cells = [cell for sheet in sheets.values() for line in sheet.lines for cell in line[1:]]
    cut = [cell for cell in cells if cell not in shown]
    assert not cut, "figures are whole, only names are folded"


def test_published_rows_stand_beside_ours_with_footnotes(made_up: SimpleNamespace, tmp_path: Path) -> None:
    sheets = sheets_of(made_up, tmp_path, "swiftsage-271")
    scores = sheets["swiftsage-271: scores"]
    assert [line[0] for line in scores.lines[:5]] == list(AGENTS)
    (swiftsage,) = [line for line in scores.lines if line[0].startswith("SwiftSage (published)")]
    assert swiftsage[2] == "84.7"
    numbers = swiftsage[0].partition("[")[2].rstrip("]").split(",")
    footnotes = [note for note in scores.notes if note.partition("]")[0].lstrip("[") in numbers]
    assert "SwiftSage paper" in footnotes[0]
    assert any("GPT-4" in note for note in footnotes)
    cost = {
        line[0].partition(" (")[0]: line[sheets["Cost"].columns.index("tok/move")]
        for line in sheets["Cost"].lines
    }
    assert (cost["SwiftSage"], cost["ReAct"]) == ("757", "1,971")
    assert cost["sgd"] == "30"
    tasks = sheets["Published scores by task"]
    place = tasks.columns.index("SwiftSage")
    assert tasks.lines[0][0] == "1-1"
    assert tasks.lines[0][place] == "97.0"


def test_published_rows_stand_only_where_all_tasks_were_played(
    made_up: SimpleNamespace, tmp_path: Path
) -> None:
    results = made_up.results(tmp_path, protocol="sgd-100", tasks=("boil", "melt"))
    text = make_markdown(make_sheets(results.summaries(), results.protocol))
    assert "published)" not in text
    assert "first 9" in text


def test_the_caption_says_what_was_resampled(made_up: SimpleNamespace, tmp_path: Path) -> None:
    for seeds, words in (((0,), "over variations only: one training seed"), ((0, 1), "training seeds (2)")):
        results = made_up.results(tmp_path / str(len(seeds)), training_seeds=seeds)
        assert words in make_caption(results.summaries())
        text = make_markdown(make_sheets(results.summaries(), results.protocol))
        assert words in text


def test_errors_are_told(made_up: SimpleNamespace, tmp_path: Path) -> None:
    results = made_up.results(tmp_path)
    results.rows[3]["ended_by"] = "error"
    text = make_markdown(make_sheets(results.summaries(), results.protocol))
    assert "sgd: 1 episodes were ended by an error" in text


def test_files_tell_the_tasks_of_word_knowledge_apart(made_up: SimpleNamespace, tmp_path: Path) -> None:
    results = made_up.results(tmp_path, protocol="sgd-100", agents={"sgd": 40})
    text = make_markdown(make_sheets(results.summaries(), results.protocol, wide=True))
    assert "| agent | short | medium | long | word knowledge | first 9 | other scoring |" in text
    assert "Word knowledge: tasks 4-x and 7-x" in text


def test_the_csv_holds_every_figure(made_up: SimpleNamespace, tmp_path: Path) -> None:
    results = made_up.results(tmp_path, protocol="sgd-100", agents={"sgd": 40})
    lines = list(csv.DictReader(io.StringIO(make_csv(results.summaries(), results.protocol))))
    ours = {line["task"]: line for line in lines if line["published"] == "False"}
    assert len(ours) == 30 + 3 + 1 + 2
    assert float(ours["all"]["score_low"]) <= float(ours["all"]["score"]) <= float(ours["all"]["score_high"])
    theirs = {(line["agent"], line["task"]): line for line in lines if line["published"] == "True"}
    assert theirs["SGD", "all"]["score"] == "65.43"
    assert "second-hand" in theirs["SGD", "all"]["source"]


def test_markdown_tables_are_regular() -> None:
    text = make_markdown([Sheet("One", ("name", "value"), (("a|b", "1"),), ("Note.",))])
    _, _, head, rule, line, *rest = text.splitlines()
    assert (head, rule, line) == ("| name | value |", "|---|---:|", "| a\\|b | 1 |")
    assert "Note." in rest[1]
