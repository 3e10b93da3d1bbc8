"""The report in a real browser: on a phone and a desktop, light and dark, by keyboard alone.

Opening a page fails the test if it complains on the console or asks the network for anything.
"""

import json
import re
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sgd_gym.benchmarks.page.build import ASSETS, MAX_MB, ReportConfig, make_report
from sgd_gym.benchmarks.transcripts import SCHEMA

Open = Callable[..., Any]
Move = dict[str, Any]

WIDTHS = (360, 1280)
OPENS_S = 3.0
HOSTILE = "</script><script>window.broken = 1</script><img src=x onerror='window.broken = 1'> & <b>bold</b>"

# The lowest contrast of the heat map's cells, whatever their score, as WCAG counts it.
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((one) => {
      const part = one / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.05 + 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return Math.min(...[...document.querySelectorAll(".heat tbody td:not(.none)")].map((cell) => {
    const { color, backgroundColor } = getComputedStyle(cell);
    const [one, other] = [light(color), light(backgroundColor)];
    return Math.max(one, other) / Math.min(one, other);
  }));
}"""

# From here on, games are unpacked when `late` is called.
LATE = """() => {
  const read = Response.prototype.json;
  const called = new Promise((done) => { window.late = done; });
  Response.prototype.json = async function () { await called; return read.call(this); };
}"""


def moves_of(results: Path, **wanted: Any) -> list[Move]:
    """Return the moves of a transcript."""
    rows = pq.read_table(results.with_name("transcripts.parquet")).to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def address(row: Move) -> str:
    trained = "" if row["training_seed"] is None else f"/{row['training_seed']}"
    return f"#episode={row['agent']}/{row['task']}/{row['variation']}/{row['seed']}{trained}"


def rows_of(results: Path) -> list[Move]:
    rows: list[Move] = json.loads(results.read_text())["rows"]
    return rows


def focused(page: Any) -> str:
    """Return the text of what has the focus."""
    return str(page.evaluate("document.activeElement.innerText ?? ''"))


def tab_to(page: Any, selector: str) -> None:
    """Press Tab until an element that matches has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches({selector!r})"):
            return
    raise AssertionError(f"Tab does not reach {selector}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everything_shows_and_fits(
    invented: Path, report: Path, open_page: Open, width: int, theme: str
) -> None:
    row = rows_of(invented)[0]
    page = open_page(report, width, theme, address(row) + "&with=oracle")
    page.wait_for_selector("article .move")
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(fits), "the page scrolls sideways"
    charts = page.locator("svg[role=application]")
    assert charts.count() == 9  # four of bars, one of pairs, two of lines, one of points, the game's score
    for place in range(charts.count()):
        box = charts.nth(place).bounding_box()
        assert box["width"] > 200
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width
    assert page.locator(".move .told").nth(1).bounding_box()["width"] > 150
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate(fits), "an open table scrolls the page sideways"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, dark[4:-1].split(","))) < 60) == (theme == "dark")
    assert page.evaluate(CONTRAST) >= 4.5


def test_numbers_are_those_of_the_tables(report: Path, open_page: Open) -> None:
    function = re.search(r"function fixed.*?\n}\n", (ASSETS / "dom.js").read_text(), re.DOTALL)
    assert function is not None
    values = [46.25, 46.75, 78.45, 84.65, 0.05, 2.0, 100.0, -1.25, -1.75]
    written = open_page(report).evaluate(
        f"(values) => {{ {function[0]} return values.map((v) => fixed(v)); }}", values
    )
    assert written == [f"{value:.1f}".replace("-", "\u2212") for value in values]


def test_the_theme_can_be_switched_and_stays(report: Path, open_page: Open) -> None:
    page = open_page(report)
    for theme, scheme in (("light", "light"), ("dark", "dark")):
        page.click("#theme")
        assert page.inner_text("#theme").endswith(theme)
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == scheme
    schemes = []
    while "dark" not in schemes and len(schemes) < 10:
        page.wait_for_timeout(500)  # on a busy machine the browser keeps the choice a moment later
        page.reload()
        page.wait_for_selector("html[data-ready]")
        schemes.append(page.evaluate("getComputedStyle(document.documentElement).colorScheme"))
    assert schemes[-1] == "dark"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_game_is_read_by_keyboard_alone(invented: Path, report: Path, open_page: Open, width: int) -> None:
    page = open_page(report, width)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the games"
    page.keyboard.press("Enter")
    tab_to(page, "#by-agent")
    page.keyboard.type("oracle")
    tab_to(page, "#list a")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("article .move")
    row = [row for row in rows_of(invented) if row["agent"] == "oracle"][1]
    moves = moves_of(invented, agent="oracle", task=row["task"], variation=row["variation"])
    assert page.evaluate("location.hash") == address(row)
    tab_to(page, "article .move")  # the start
    page.keyboard.press("ArrowDown")
    assert moves[1]["subgoal"] in focused(page)
    page.keyboard.press("ArrowDown")
    assert moves[1]["action"] in focused(page)
    page.keyboard.press("Enter")
    for text in (moves[1]["look"], moves[1]["inventory"]):
        assert " ".join(text.split()) in " ".join(focused(page).split())
    page.keyboard.press("Enter")
    assert "Inventory" not in focused(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")  # folds the sub-goal
    page.keyboard.press("ArrowDown")
    assert moves[1]["action"] not in focused(page)
    page.keyboard.press("End")
    assert moves[-1]["action"] in focused(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: not url.endswith(address(row)))
    page.keyboard.press("Escape")
    page.wait_for_selector("#list a:focus")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"


def test_a_game_that_comes_late_takes_no_focus(invented: Path, report: Path, open_page: Open) -> None:
    rows = [row for row in rows_of(invented) if row["agent"] == "oracle"]
    before, after = next(pair for pair in pairwise(rows) if pair[0]["task"] != pair[1]["task"])
    page = open_page(report, hash=address(before))
    page.wait_for_selector("article .move")
    page.evaluate(LATE)
    tab_to(page, "article .move")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    page.evaluate("late()")
    page.locator("#reading", has_text=after["task"]).wait_for()
    assert page.evaluate("document.activeElement.matches('#list a[aria-current]')")


def test_charts_and_cells_are_read_by_keyboard_alone(report: Path, open_page: Open) -> None:
    page = open_page(report)
    tab_to(page, "#overall svg")
    told = []
    for key in ("Home", "ArrowDown", "End"):
        page.keyboard.press(key)
        assert page.locator("#tip").is_visible()
        told.append(page.inner_text("#said"))
    names = ("sgd: mean", "flat: mean", "Swift-only (re-run by SGD): mean")
    assert all(text.startswith(name) for text, name in zip(told, names, strict=True))
    assert "interval" in told[0]
    assert "published" in told[2]
    page.keyboard.press("Escape")
    assert not page.locator("#tip").is_visible()
    tab_to(page, "#moves svg")
    page.keyboard.press("End")
    assert page.inner_text("#said").startswith("after ")
    assert "oracle" in page.inner_text("#said")
    page.evaluate("document.querySelector('.heat button').focus()")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#by-agent") == "1"
    assert page.locator("#list a").count() == 2
    assert page.evaluate("document.activeElement.matches('#list a')")


def test_every_figure_has_its_numbers_as_a_table(report: Path, open_page: Open) -> None:
    page = open_page(report)
    for section in ("overall", "pairs", "tasks", "profile", "moves", "cost"):
        table = page.locator(f"#{section} table")
        assert table.locator("caption").text_content()
        text = table.text_content()
        assert all(agent in text for agent in ("sgd", "flat", "oracle"))


def test_filters_and_search_find_what_the_results_hold(invented: Path, report: Path, open_page: Open) -> None:
    page = open_page(report)
    rows = rows_of(invented)
    for value in ("stalled", "failed", "error", "fault", "!solved", "!well"):
        page.select_option("#by-outcome", value)
        count = sum(
            {"!solved": not row["success"], "!well": bool(row["error"] or row["fault"])}.get(
                value, row["ended_by"] == value
            )
            for row in rows
        )
        assert page.locator("#list a").count() == count > 0
    page.select_option("#by-outcome", "")
    words = "move to the kitchen"
    page.fill("#search", words)
    page.wait_for_selector(".hits")
    hits = {}
    for move in moves_of(invented):
        if any(words in (move[name] or "").lower() for name in ("action", "observation", "subgoal")):
            hits[address(move)] = hits.get(address(move), 0) + 1
    shown = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('#list a')].map((link) =>"
        " [link.getAttribute('href'), parseInt(link.querySelector('.hits').innerText)]))"
    )
    assert shown == hits
    page.locator("#list a").first.click()
    page.wait_for_selector("article mark")
    assert page.locator("article mark").first.inner_text().lower() == words
    page.fill("#search", "no such words")
    page.wait_for_selector("#list .note")
    assert page.inner_text("#count").startswith("0 of")


def test_an_address_leads_to_a_move_beside_another_agent(
    invented: Path, report: Path, open_page: Open
) -> None:
    row = rows_of(invented)[0]
    page = open_page(report, hash=f"{address(row)}&move=3&with=oracle")
    page.wait_for_selector("article .move")
    for place, agent in enumerate(("sgd", "oracle")):
        told = {"training_seed": "0"} if agent == "sgd" else {}
        moves = moves_of(invented, agent=agent, task=row["task"], variation=row["variation"], **told)
        column = page.locator(".column").nth(place)
        assert column.locator(".move .action").all_inner_texts() == [
            "start",
            *(move["action"] for move in moves[1:]),
        ]
        observations = column.locator(".move .observation").all_text_contents()
        assert observations == [move["observation"] for move in moves[1:]]
        assert column.locator(".rose").count() == sum(move["reward"] > 0 for move in moves)
        options = {move["option_index"] for move in moves[1:]}
        assert column.locator("details.option").count() == len(options)
    assert page.evaluate("document.activeElement.dataset.move") == "3"
    assert page.input_value("#beside") == "oracle"
    assert row["task"] in page.inner_text("#reading")
    page.evaluate("location.hash = '#episode=nobody/boil/1/0'")
    page.wait_for_selector("#reader:has-text('no such episode')")


def test_what_went_wrong_is_told_with_its_reason(invented: Path, report: Path, open_page: Open) -> None:
    broken = {row["ended_by"]: row for row in rows_of(invented) if row["error"] or row["fault"]}
    assert set(broken) == {"error", "fault"}
    for kind, sentence in (("error", "An error ended this game"), ("fault", "The agent gave this game up")):
        row = broken[kind]
        page = open_page(report, hash=address(row))
        page.wait_for_selector("article .move")
        told = page.inner_text("article .trouble")
        assert told == f"{sentence}: {row[kind]}. The same command plays it again."
        page.select_option("#by-outcome", kind)
        assert row[kind] in page.inner_text("#list")
    assert "flat: 1 episode ended by an error" in page.inner_text("#headline")


def test_training_seeds_of_one_agent_stand_beside_each_other(
    invented: Path, report: Path, open_page: Open
) -> None:
    row = rows_of(invented)[0]
    page = open_page(report, hash=f"{address(row)}&with=sgd,%20seed%201")
    page.wait_for_selector("article .move")
    for seed in ("0", "1"):
        moves = moves_of(
            invented, agent="sgd", task=row["task"], variation=row["variation"], training_seed=seed
        )
        column = page.locator(".column").nth(int(seed))
        assert column.locator("h4").inner_text() == f"sgd, seed {seed}"
        actions = column.locator(".move .action").all_inner_texts()
        assert actions[1:] == [move["action"] for move in moves[1:]]
    assert "training seeds (1 to 2) and variations" in page.inner_text("#overall")


def test_differences_are_read_by_keyboard_and_marked_where_clear(report: Path, open_page: Open) -> None:
    page = open_page(report)
    page.evaluate("document.querySelector('#pairs svg').focus()")
    page.keyboard.press("End")
    assert page.inner_text("#said").startswith("flat less oracle: difference \u2212")
    assert page.locator("#pairs .difference").count() == 3
    assert page.locator("#pairs .difference.clear").count() > 0


def test_published_rows_bear_their_footnotes(report: Path, open_page: Open) -> None:
    page = open_page(report)
    for section, words in (
        ("overall", "weights chosen by the loss on test data"),
        ("tasks", "Nearest to our protocol swiftsage-271"),
        ("cost", "GPT-4 while acting"),
    ):
        assert words in page.inner_text(f"#{section}")
    assert "[1, 2, 3]" in (page.locator("#overall table").text_content() or "")
    assert "1,971" in page.inner_text("#cost table")


def test_a_phone_shows_one_of_two_games(invented: Path, report: Path, open_page: Open) -> None:
    page = open_page(report, 360, hash=f"{address(rows_of(invented)[0])}&with=flat")
    page.wait_for_selector("article .move")
    columns = page.locator(".column")
    assert [columns.nth(place).is_visible() for place in (0, 1)] == [True, False]
    page.locator(".sides input").nth(1).check()
    assert [columns.nth(place).is_visible() for place in (0, 1)] == [False, True]


def test_hostile_texts_stay_text(invented: Path, tmp_path: Path, open_page: Open) -> None:
    results = json.loads(invented.read_text())
    names = {"flat": f"flat {HOSTILE}"}
    for row in results["rows"]:
        row["agent"] = names.get(row["agent"], row["agent"])
        row["error"] = HOSTILE if row["error"] else None
    results["agents"] = {names.get(name, name): told for name, told in results["agents"].items()}
    results["command"] = results["git"] = HOSTILE
    moves = moves_of(invented)
    for move in moves:
        move["agent"] = names.get(move["agent"], move["agent"])
        for name in ("observation", "action", "look", "inventory", "subgoal"):
            move[name] = HOSTILE if move[name] is not None else None
    (tmp_path / "results.json").write_text(json.dumps(results))
    pq.write_table(pa.Table.from_pylist(moves, SCHEMA), tmp_path / "transcripts.parquet")
    page = open_page(make_report(ReportConfig([tmp_path / "results.json"], tmp_path / "report.html")))
    page.fill("#search", "<script>")
    page.wait_for_selector(".hits")
    page.locator("#list a").nth(30).click()
    page.wait_for_selector("article .move")
    page.locator(".more").first.click()
    for selector in ("h1", ".task-text", ".move .action", ".move .observation", ".after dd", "#list a"):
        assert any(HOSTILE in text for text in page.locator(selector).all_text_contents()), selector
    assert page.evaluate("window.broken") is None
    assert page.locator("img, article b b").count() == 0


def test_without_transcripts_the_page_says_so(invented: Path, tmp_path: Path, open_page: Open) -> None:
    (tmp_path / "results.json").write_text(invented.read_text())
    report = make_report(ReportConfig([tmp_path / "results.json"], tmp_path / "report.html"))
    page = open_page(report, hash=address(rows_of(invented)[0]))
    page.wait_for_selector("article")
    assert "No transcript of this game was kept" in page.inner_text("#reader")
    assert "No transcripts were kept" in page.inner_text("#games")
    assert "Without transcripts" in page.inner_text("#moves")


@pytest.mark.slow
def test_a_real_run_can_be_read(played: Path, tmp_path: Path, open_page: Open) -> None:
    report = make_report(ReportConfig([played], tmp_path / "report.html"))
    row = next(row for row in rows_of(played) if row["agent"] == "oracle")
    page = open_page(report, hash=address(row))
    page.wait_for_selector("article .move")
    moves = moves_of(played, agent="oracle", task=row["task"], variation=row["variation"])
    assert page.inner_text(".task-text") == moves[0]["observation"].strip()
    assert page.locator(".move .action").count() == row["moves"] + 1
    assert page.locator("details.option").count() > 1


@pytest.mark.slow
def test_a_whole_benchmark_is_small_and_opens_fast(whole: Path, tmp_path: Path, open_page: Open) -> None:
    rows = rows_of(whole)
    assert len(rows) == 271 * 5
    report = make_report(ReportConfig([whole], tmp_path / "report.html"))
    size_mb = report.stat().st_size / 1e6
    assert size_mb <= MAX_MB
    row = rows[-1]
    started = time.monotonic()
    page = open_page(report, hash=address(row))
    page.wait_for_selector("article .move")
    opened_s = time.monotonic() - started
    assert opened_s <= OPENS_S
    started = time.monotonic()
    page.fill("#search", "thermometer")
    page.wait_for_selector(".hits", timeout=10_000)
    searched_s = time.monotonic() - started
    print(f"{size_mb:.2f} MB, opened in {opened_s:.2f} s, all games searched in {searched_s:.2f} s")
    assert page.locator("#list a").count() == 200
    page.locator("#list > button").click()
    assert page.locator("#list a").count() == int(page.inner_text("#count").replace(",", "").split(" of")[0])
