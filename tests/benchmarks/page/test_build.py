"""One file from results and transcripts, and a clear error where they do not belong together."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sgd_gym import cli
from sgd_gym.benchmarks.page.build import ASSETS, SCRIPTS, ReportConfig, make_report
from sgd_gym.benchmarks.page.packing import unpack
from sgd_gym.benchmarks.page.transcripts import episode_id
from sgd_gym.benchmarks.transcripts import SCHEMA
from sgd_gym.errors import DataError

HOSTILE = "</script><script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"


class Elements(HTMLParser):
    """Every element of a page with its attributes, and what stands in each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.starts: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.starts.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.starts and self.starts[-1][0] == "script":
            self.scripts[-1] += data


def blocks(report: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the page was given: its data, and the packed games of each task."""
    page = Elements(report.read_text())
    scripts = [attributes for tag, attributes in page.starts if tag == "script"]
    texts = list(zip(scripts, page.scripts, strict=True))
    (data,) = [text for attributes, text in texts if attributes.get("id") == "data"]
    return json.loads(data), {name: text for one, text in texts if (name := one.get("data-games"))}


def change(results: Path, folder: Path, change_fn: Callable[[dict[str, Any]], None]) -> Path:
    """Copy results with their transcripts, the results changed."""
    folder.mkdir()
    content = json.loads(results.read_text())
    change_fn(content)
    (folder / "results.json").write_text(json.dumps(content))
    (folder / "transcripts.parquet").write_bytes(results.with_name("transcripts.parquet").read_bytes())
    return folder / "results.json"


def test_a_report_holds_every_move_of_a_real_run(played: Path, tmp_path: Path) -> None:
    report = make_report(ReportConfig([played], tmp_path / "report.html"))
    data, packed = blocks(report)
    rows = json.loads(played.read_text())["rows"]
    assert data["agents"] == ["random", "oracle"]
    assert all(data["episodes"]["recorded"])
    games = [game for text in packed.values() for game in unpack(text)]
    assert sorted(game.episode for game in games) == list(range(len(rows)))
    moves = pq.read_table(played.with_name("transcripts.parquet")).to_pylist()
    for game in games:
        row = rows[game.episode]
        own = [move for move in moves if episode_id(move) == episode_id(row)]
        for name in ("subgoal", "action", "observation", "look", "inventory", "score", "reward"):
            assert getattr(game, name) == [move[name] for move in own]
    assert data["curves"][1][-1] == data["overall"]["rows"][1]["scores"][0]["mean"] == 100.0


def test_without_transcripts_there_are_figures_and_no_games(invented: Path, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(invented.read_text())
    data, packed = blocks(make_report(ReportConfig([tmp_path / "results.json"], tmp_path / "report.html")))
    assert packed == {}
    assert data["curves"] is None
    assert not any(data["episodes"]["recorded"])
    assert [row["name"] for row in data["overall"]["rows"]][:4] == ["sgd", "flat", "oracle", "SGD"]


def test_results_of_several_files_stand_in_one_report(invented: Path, tmp_path: Path) -> None:
    def only(*agents: str) -> Callable[[dict[str, Any]], None]:
        def keep(results: dict[str, Any]) -> None:
            results["rows"] = [row for row in results["rows"] if row["agent"] in agents]
            results["agents"] = {name: results["agents"][name] for name in agents}

        return keep

    paths = []
    for name in ("sgd", "oracle"):
        path = change(invented, tmp_path / name, only(name))
        moves = pq.read_table(invented.with_name("transcripts.parquet"), filters=[("agent", "=", name)])
        pq.write_table(moves, path.with_name("transcripts.parquet"))
        paths.append(path)
    data, _ = blocks(make_report(ReportConfig(paths, tmp_path / "report.html")))
    assert data["agents"] == ["sgd", "oracle"]
    assert data["training_seeds"] == [["0", "1"], [None]]
    assert [file["agents"] for file in data["files"]] == [["sgd"], ["oracle"]]
    assert [(pair["a"], pair["b"]) for pair in data["pairs"]] == [(0, 1)]
    assert None not in data["curves"]


def test_no_text_can_become_markup(invented: Path, tmp_path: Path) -> None:
    def poison(results: dict[str, Any]) -> None:
        for row in results["rows"]:
            if row["agent"] == "sgd":
                row["agent"] = HOSTILE
        results["agents"][HOSTILE] = results["agents"].pop("sgd")
        results["command"] = results["git"] = HOSTILE

    path = change(invented, tmp_path / "hostile", poison)
    moves = pq.read_table(path.with_name("transcripts.parquet")).to_pylist()
    for move in moves:
        move["agent"] = HOSTILE if move["agent"] == "sgd" else move["agent"]
        move["observation"] = HOSTILE
    pq.write_table(pa.Table.from_pylist(moves, SCHEMA), path.with_name("transcripts.parquet"))
    report = make_report(ReportConfig([path], tmp_path / "report.html"))
    data, packed = blocks(report)
    assert data["agents"][-1] == HOSTILE
    page = Elements(report.read_text())
    tags = [tag for tag, _ in page.starts]
    assert tags.count("script") == 2 + len(packed)
    assert "img" not in tags


def test_the_page_names_nothing_outside_itself(report: Path) -> None:
    text = report.read_text()
    for tag, attributes in Elements(text).starts:
        assert "src" not in attributes
        assert tag != "link"
        assert (attributes.get("href") or "#").startswith("#")
    assert "default-src 'none'" in text
    assert not re.search(r"unsafe-|url\(|@import", text.split("<body>")[0] + Elements(text).scripts[-1])


def test_the_script_makes_no_markup_of_texts() -> None:
    script = "".join((ASSETS / name).read_text() for name in SCRIPTS)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|fetch\(", script)
    assert {path.name for path in ASSETS.glob("*.js")} == set(SCRIPTS)


def test_equal_results_give_equal_bytes(invented: Path, report: Path, tmp_path: Path) -> None:
    again = make_report(ReportConfig([invented], tmp_path / "again.html"))
    assert again.read_bytes() == report.read_bytes()


# --- bad input


def test_the_command_writes_the_file_and_says_where(
    invented: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["report", str(invented), "--out", str(tmp_path / "out" / "page.html")])
    assert (tmp_path / "out" / "page.html").exists()
    assert "page.html" in capsys.readouterr().out


def other_protocol(results: dict[str, Any]) -> None:
    results["protocol"]["name"] = "swiftsage-271"


def rename_agent(results: dict[str, Any]) -> None:
    """Lack an agent of the one file, and an episode of the other's."""
    results["agents"] = {"new": results["agents"]["oracle"]}
    results["rows"] = [{**row, "agent": "new"} for row in results["rows"] if row["agent"] == "oracle"][1:]


@pytest.mark.parametrize(
    ("change_fn", "words"),
    [
        (other_protocol, ["protocol", "sgd-100", "swiftsage-271", "cannot be compared", "Fix: "]),
        (lambda results: results["settings"].update(seed="1"), ["setting seed", "Fix: ", "--differ seed"]),
        (lambda results: None, ["both hold", "'sgd', 0", "Fix: "]),
        (rename_agent, ["1 of 60 episodes of new are in no file", "Fix: "]),
        (lambda results: results.update(schema_version=99), ["schema version 99", "Allowed"]),
        (lambda results: [row.pop("moves") for row in results["rows"]], ["lack moves", "Fix: "]),
    ],
)
def test_results_that_do_not_compare_are_refused(
    invented: Path, tmp_path: Path, change_fn: Callable[[dict[str, Any]], None], words: list[str]
) -> None:
    other = change(invented, tmp_path / "other", change_fn)
    with pytest.raises(DataError) as caught:
        make_report(ReportConfig([invented, other], tmp_path / "report.html"))
    assert all(word in str(caught.value) for word in words), caught.value
    assert not (tmp_path / "report.html").exists()


def drop_move(moves: pa.Table) -> pa.Table:
    return moves.slice(0, len(moves) - 1)


def rename(moves: pa.Table) -> pa.Table:
    agents = pa.array(["x" + agent for agent in moves["agent"].to_pylist()])
    return moves.set_column(moves.schema.get_field_index("agent"), "agent", agents)


@pytest.mark.parametrize(
    ("change_fn", "words"),
    [
        (drop_move, ["does not hold the moves 0 to", "Fix: "]),
        (rename, ["'xsgd'", "which the results lack", "Fix: "]),
        (lambda moves: moves.drop_columns(["training_seed"]), ["has columns", "Allowed", "Fix: "]),
        (None, ["no transcript", "Fix: "]),
    ],
)
def test_transcripts_that_are_not_of_the_results_are_refused(
    invented: Path, tmp_path: Path, change_fn: Callable[[pa.Table], pa.Table] | None, words: list[str]
) -> None:
    path = change(invented, tmp_path / "copy", lambda results: None)
    transcripts = path.with_name("transcripts.parquet")
    if change_fn is None:
        transcripts.write_bytes(transcripts.read_bytes()[:-100])
    else:
        pq.write_table(change_fn(pq.read_table(transcripts)), transcripts)
    with pytest.raises(DataError) as caught:
        make_report(ReportConfig([path], tmp_path / "report.html"))
    assert all(word in str(caught.value) for word in words), caught.value
