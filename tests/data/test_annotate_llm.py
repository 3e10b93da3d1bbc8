"""A folder is annotated by a model over a real socket; what fails is counted, what is paid is kept."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sgd_gym.cli import main
from sgd_gym.data.annotate import AnnotateConfig, annotate_folder
from sgd_gym.data.compare import compare
from sgd_gym.errors import BudgetError, DataError, EndpointError, SgdGymError, UnknownNameError
from sgd_gym.trajectories import read_episodes

Make = Callable[..., AnnotateConfig]


@pytest.fixture
def make_config(short_paths: Path, chat_server: Any, tmp_path: Path) -> Make:
    def make(**changes: Any) -> AnnotateConfig:
        settings = {
            "data": short_paths,
            "out": tmp_path / "out",
            "llm_url": chat_server.url,
            "llm_model": "tiny",
            "llm_concurrency": 3,
            "llm_tries": 2,
            "llm_backoff_s": 0.01,
            "llm_timeout_s": 20.0,
            "cache": tmp_path / "cache",
        }
        return AnnotateConfig(**settings | changes)

    return make


def questions(server: Any) -> list[str]:
    return [json.dumps(body, sort_keys=True) for body in server.requests]


def report(config: AnnotateConfig) -> dict[str, Any]:
    assert config.out is not None
    page = (config.out / "report.md").read_text()
    found: dict[str, Any] = json.loads((config.out / "report.json").read_text())
    assert found["annotator"] in page
    return found


def test_a_good_model_writes_what_the_rules_write(
    chat_server: Any, make_config: Make, short_paths: Path, tmp_path: Path
) -> None:
    config = make_config()
    commands, subgoals = annotate_folder(config)
    assert (commands, subgoals) == annotate_folder(AnnotateConfig(short_paths, tmp_path / "rules"))
    episodes = read_episodes(tmp_path / "out")
    comparison = compare(read_episodes(tmp_path / "rules"), episodes)
    assert comparison.annotators == ("rules", "tiny")
    assert comparison.rows[-1]["f1"] == comparison.rows[-1]["equal_subgoals"] == 1.0
    assert {episode.annotator for episode in episodes} == {"tiny"}
    told = report(config)
    assert told["finished"]
    assert told["statuses"] == {"at once": 20, "repaired": 0, "asked again": 0, "failed": 0}
    # The example of a task is shown to its other paths, and is itself asked for without one.
    lengths = sorted(len(body["messages"]) for body in chat_server.requests)
    assert lengths == [4] * 4 + [6] * 16
    assert (told["counts"]["sent"], told["counts"]["tokens_in"], told["counts"]["tokens_out"]) == (
        20,
        200,
        100,
    )
    assert told["model"]["model"] == "tiny"
    names = [
        sorted(path.relative_to(folder) for path in folder.glob("**/*.parquet"))
        for folder in (short_paths, tmp_path / "out")
    ]
    assert names[0] == names[1]


def test_a_second_run_asks_nothing(chat_server: Any, make_config: Make, tmp_path: Path) -> None:
    config = make_config()
    first = annotate_folder(config)
    told = report(config)
    stamps = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").glob("**/*.parquet")}
    assert annotate_folder(config) == first
    assert report(config) == told
    assert stamps == {file: file.stat().st_mtime_ns for file in (tmp_path / "out").glob("**/*.parquet")}
    assert annotate_folder(make_config(out=tmp_path / "other")) == first
    assert len(chat_server.requests) == 20
    assert report(make_config(out=tmp_path / "other"))["counts"]["sent"] == 0


def test_a_path_that_no_answer_divides_is_left_out_and_named(
    chat_server: Any, make_config: Make, tmp_path: Path
) -> None:
    def play(body: Any, number: int) -> Any:
        if "(3)" in body["messages"][-1]["content"] and "plant" in body["messages"][-1]["content"]:
            return chat_server.completion("I would rather not.")
        return chat_server.rules(body)

    chat_server.play = play
    config = make_config()
    annotate_folder(config)
    told = report(config)
    assert told["statuses"]["failed"] == 1
    (failure,) = told["failures"]
    assert failure["episode_id"] == "find-plant/3"
    assert "no answer of 3 can be used" in failure["reason"]
    assert "find-plant/3 (oracle): no answer" in (tmp_path / "out" / "report.md").read_text()
    written = {episode.episode_id for episode in read_episodes(tmp_path / "out")}
    assert len(written) == 19
    assert "find-plant/3" not in written
    asked = len(chat_server.requests)
    annotate_folder(config)
    assert (len(chat_server.requests), report(config)) == (asked, told)


def test_repairs_are_counted(chat_server: Any, make_config: Make) -> None:
    """Each answer lacks the commands of its second sub-goal, or holds one that the path does not have."""

    def play(body: Any, number: int) -> Any:
        text = json.loads(chat_server.rules(body).text)["choices"][0]["message"]["content"]
        lines = text.splitlines()
        if "missing in the answer" in body["messages"][-1]["content"] or len(lines) < 3:
            return chat_server.completion(text)
        if "thermometer" in text:
            del lines[3]  # a walk of five commands
        else:
            lines[1] += "; jump"
        return chat_server.completion("\n".join(lines))

    chat_server.play = play
    config = make_config(llm_concurrency=1)
    annotate_folder(config)
    told = report(config)
    assert told["statuses"]["failed"] == 0
    assert told["statuses"]["asked again"] == told["counts"]["gaps"] == 5
    assert told["statuses"]["repaired"] + told["statuses"]["at once"] == 15
    assert told["counts"]["dropped"] == told["statuses"]["repaired"] >= 10
    assert sum(len(one.steps) for one in read_episodes(config.out or Path())) == sum(
        len(one.steps) for one in read_episodes(config.data)
    )


def test_a_failure_of_the_moment_is_tried_again_by_the_next_run(chat_server: Any, make_config: Make) -> None:
    broken = [True]

    def play(body: Any, number: int) -> Any:
        if (
            broken[0]
            and "power" in body["messages"][-1]["content"]
            and "(4)" in body["messages"][-1]["content"]
        ):
            return chat_server.answered("oh", status=500)
        return chat_server.rules(body)

    chat_server.play = play
    config = make_config()
    annotate_folder(config)
    (failure,) = report(config)["failures"]
    assert (failure["episode_id"], failure["passing"]) == ("power-component/4", True)
    assert "HTTP 500" in failure["reason"]
    broken[0] = False
    asked = len(chat_server.requests)
    annotate_folder(config)
    assert report(config)["failures"] == []
    assert len(chat_server.requests) == asked + 1


def test_an_endpoint_that_goes_down_loses_nothing(
    chat_server: Any, make_config: Make, tmp_path: Path
) -> None:
    chat_server.play = lambda body, number: (
        chat_server.rules(body) if number < 9 else chat_server.answered("bye", status=502)
    )
    config = make_config()
    with pytest.raises(EndpointError, match=r"\d questions in a row unanswered"):
        annotate_folder(config)
    assert not report(config)["finished"]
    assert "Not finished" in (tmp_path / "out" / "report.md").read_text()
    answered = questions(chat_server)[:9]
    assert len(list((tmp_path / "cache").glob("**/*.json"))) == 9
    chat_server.requests.clear()
    chat_server.play = lambda body, number: chat_server.rules(body)
    annotate_folder(config)
    assert report(config)["finished"]
    assert report(config)["statuses"]["at once"] == 20
    assert len(chat_server.requests) == 11
    assert not set(answered) & set(questions(chat_server))


def test_a_budget_stops_the_run_and_a_larger_one_goes_on(chat_server: Any, make_config: Make) -> None:
    chat_server.play = lambda body, _: chat_server.completion(
        json.loads(chat_server.rules(body).text)["choices"][0]["message"]["content"], usage=(1500, 500)
    )
    prices = {"llm_price_in": 2.0, "llm_price_out": 8.0}
    with pytest.raises(BudgetError, match="--llm-budget-money"):
        annotate_folder(make_config(llm_budget_money=0.07, **prices))
    paid = len(chat_server.requests)
    assert 5 <= paid <= 10
    told = report(make_config())
    assert told["money"] == pytest.approx(paid * 0.007)
    annotate_folder(make_config(llm_budget_money=1.0, **prices))
    assert len(chat_server.requests) == 20
    assert report(make_config())["money"] == pytest.approx(0.14)


def test_a_killed_run_goes_on_and_asks_nothing_twice(
    chat_server: Any, make_config: Make, tmp_path: Path
) -> None:
    def slowly(body: Any, number: int) -> Any:
        answer = chat_server.rules(body)
        answer.delay_s = 0.1
        return answer

    chat_server.play = slowly
    config = make_config(llm_concurrency=2)
    command = [sys.executable, "-m", "sgd_gym.cli", "annotate", "--data", str(config.data)]
    for name in ("out", "cache", "llm_url", "llm_model", "llm_concurrency"):
        command += [f"--{name.replace('_', '-')}", str(getattr(config, name))]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while len(chat_server.requests) < 9 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    assert 9 <= len(chat_server.requests) < 20
    kept = [json.loads(file.read_text()) for file in (tmp_path / "cache").glob("**/*.json")]
    paid = {json.dumps(one["question"], sort_keys=True) for one in kept}
    assert len(paid) >= 7
    chat_server.requests.clear()
    annotate_folder(config)
    asked = questions(chat_server)
    assert not paid & set(asked)
    assert len(asked) == len(set(asked)) == 20 - len(paid)
    undisturbed = make_config(out=tmp_path / "undisturbed", cache=tmp_path / "other")
    annotate_folder(undisturbed)
    assert read_episodes(tmp_path / "out") == read_episodes(tmp_path / "undisturbed")


def test_tasks_splits_and_number_can_be_chosen(chat_server: Any, make_config: Make, tmp_path: Path) -> None:
    chosen = make_config(tasks=["find-plant", "7-1"], splits=["dev"], limit=5)
    annotate_folder(chosen)
    episodes = read_episodes(tmp_path / "out")
    assert [episode.episode_id for episode in episodes] == [
        *(f"find-plant/{number}" for number in (2, 3, 4)),
        *(f"lifespan-longest-lived/{number}" for number in (2, 3)),
    ]
    assert len(chat_server.requests) == 7  # and the two examples, of train
    annotate_folder(make_config(tasks=["find-plant", "7-1"], splits=["dev"]))
    assert len(read_episodes(tmp_path / "out")) == 6
    assert len(chat_server.requests) == 8


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"llm_model": None}, SgdGymError, "--llm-model is missing"),
        ({"llm_url": None, "annotator": "llm"}, SgdGymError, "--llm-url is missing"),
        ({"llm_budget_money": 1.0}, SgdGymError, "needs prices"),
        ({"llm_concurrency": 0}, SgdGymError, r"llm_concurrency is 0\. Allowed: 1 or more"),
        ({"llm_name": "rules"}, SgdGymError, "name the model"),
        ({"limit": 0}, SgdGymError, "limit is 0"),
        ({"splits": ["dve"]}, UnknownNameError, "Did you mean 'dev'"),
        ({"splits": ["test"]}, DataError, "holds no episode of all in test"),
        ({"tasks": ["biol"]}, UnknownNameError, "Did you mean 'boil'"),
        (
            {"llm_url": "https://example.org/v1", "llm_key_env": "NO_SUCH_KEY"},
            SgdGymError,
            "NO_SUCH_KEY holds",
        ),
    ],
)
def test_wrong_settings_are_named_before_anything_is_asked(
    chat_server: Any, make_config: Make, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        annotate_folder(make_config(**changes))
    assert chat_server.requests == []


def test_a_folder_has_one_annotator(make_config: Make, short_paths: Path, tmp_path: Path) -> None:
    annotate_folder(AnnotateConfig(short_paths, tmp_path / "out"))
    with pytest.raises(DataError, match=r"holds annotations by rules, not by tiny\. Fix: .*--out"):
        annotate_folder(make_config())
    with pytest.raises(DataError, match="is the folder that is read"):
        annotate_folder(make_config(data=tmp_path / "out"))


def test_a_path_that_no_rule_reads_is_counted_too(tmp_path: Path, short_paths: Path) -> None:
    from dataclasses import replace

    from sgd_gym.trajectories import write_episodes

    one, two = read_episodes(short_paths / "train" / "find-plant-0000.parquet")
    odd = replace(one, steps=(replace(one.steps[0], action="juggle oranges"), *one.steps[1:]))
    write_episodes(tmp_path / "raw" / "a.parquet", [odd, two])
    config = AnnotateConfig(tmp_path / "raw", tmp_path / "out")
    annotate_folder(config)
    assert [episode.episode_id for episode in read_episodes(tmp_path / "out")] == [two.episode_id]
    (failure,) = report(config)["failures"]
    assert "juggle oranges" in failure["reason"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--llm-url http://127.0.0.1:9/v1 --llm-model x", ["cannot be reached", "Fix: start the server"]),
        (
            "--llm-url https://example.org/v1 --llm-model x --llm-key-env NO_KEY",
            ["NO_KEY holds no key", "Fix:"],
        ),
        ("--annotator llm", ["--llm-url is missing", "Fix:"]),
        ("--llm-url localhost:1 --llm-model x", ["is no address of an API", "http://localhost:8000/v1"]),
        ("--compare {tmp}/a {tmp}/b", ["/a does not exist", "Fix:"]),
    ],
)
def test_the_command_tells_what_is_wrong_without_a_traceback(
    flags: str, words: list[str], short_paths: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--data", str(short_paths), "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    with pytest.raises(SystemExit) as stop:
        main(["annotate", *flags.format(tmp=tmp_path).split(), *out])
    assert stop.value.code == 2
    message = " ".join(capsys.readouterr().err.split())
    assert "Traceback" not in message
    for word in words:
        assert word in message
