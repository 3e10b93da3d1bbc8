"""The bar tells count, pace and what is left, also where units differ in length."""

import threading

import pytest
from rich.console import Console

from sgd_gym import progress
from sgd_gym.progress import remaining_s, track


def test_the_remaining_time_follows_the_work() -> None:
    assert remaining_s(10.0, work=100.0, work_done=0.0) is None
    assert remaining_s(10.0, work=100.0, work_done=25.0) == 30.0
    assert remaining_s(10.0, work=100.0, work_done=101.0) == 0.0


@pytest.mark.parametrize("pace", [False, True])
def test_the_last_line_tells_count_and_pace(pace: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(record=True, width=100, file=open("/dev/null", "w"))  # noqa: SIM115
    monkeypatch.setattr(progress, "CONSOLE", console)
    with console.file, track("collect oracle paths", 7207, done=7203, pace=pace, work=10.0) as advance:
        advance(2, 4.0)
        advance(2)
    line = " ".join(console.export_text().split())
    assert "collect oracle paths" in line
    assert "7207/7207" in line
    assert line.endswith("left 0:00:00")
    assert ("/min" in line) == pace


def test_threads_advance_one_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(record=True, width=100, file=open("/dev/null", "w"))  # noqa: SIM115
    monkeypatch.setattr(progress, "CONSOLE", console)
    with console.file, track("collect", 400) as advance:
        threads = [
            threading.Thread(target=lambda: [advance(1, 0.5) for _ in range(100)] and None) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert "400/400" in console.export_text()


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(record=True, width=100, file=open("/dev/null", "w"))  # noqa: SIM115
    monkeypatch.setattr(progress, "CONSOLE", console)
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    with console.file, track("collect", 3) as advance:
        for _ in range(3):
            advance(1)
    lines = console.export_text().splitlines()
    assert [count for line in lines for count in line.split() if "/" in count] == ["1/3", "2/3", "3/3", "3/3"]
