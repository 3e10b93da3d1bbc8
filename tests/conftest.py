"""Hooks for all tests, and the small data and checkpoints that several of them share."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

# A test that skips itself checks nothing. Where everything should be there, that is a failure.
_SKIPS_FAIL = bool(os.environ.get("SGD_GYM_CI"))


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that shows the reason; expected failures (xfail) stay."""
    if _SKIPS_FAIL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"skipped, which fails under SGD_GYM_CI: {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report


# The models of the tests are so small that threads would wait for each other longer than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def ctrl_c() -> Generator[None]:
    """Let SIGINT raise KeyboardInterrupt, as in a terminal; what a shell starts with `&` ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def ends_within() -> Callable[[int, float], bool]:
    """Return a function that waits so many seconds for a process to end; a zombie has ended."""

    def wait(pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while is_running(pid):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def is_running(pid: int) -> bool:
        try:
            return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    return wait


@pytest.fixture
def hang() -> Callable[[int], None]:
    """Return a function that stops a process and waits until each of its threads stands still.

    A busy machine may let a thread that the signal has not reached yet answer one more call.
    """

    def stop(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        deadline = time.monotonic() + 20
        while any(state not in "tT" for state in states(pid)):
            assert time.monotonic() < deadline, f"process {pid} does not stop"
            time.sleep(0.01)

    def states(pid: int) -> list[str]:
        tasks = list(Path(f"/proc/{pid}/task").glob("*/stat"))
        if not tasks:  # no Linux
            return ["T" if psutil.Process(pid).status() == psutil.STATUS_STOPPED else "R"]
        return [task.read_text().rpartition(")")[2].split()[0] for task in tasks]

    return stop


@pytest.fixture(scope="session")
def raw_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the oracle paths of find-plant: two train variations and one dev variation."""
    from sgd_gym.data.collect import CollectConfig, collect

    out = tmp_path_factory.mktemp("raw")
    for split, count in (("train", 2), ("dev", 1)):
        collect(CollectConfig(out, ["find-plant"], [split], max_variations=count, worlds=1))
    return out


@pytest.fixture(scope="session")
def annotated_data(raw_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the same episodes, divided into sub-goals."""
    from sgd_gym.data.annotate import AnnotateConfig, annotate_folder

    out = tmp_path_factory.mktemp("annotated")
    annotate_folder(AnnotateConfig(raw_data, out))
    return out


@pytest.fixture(scope="session")
def checkpoints(annotated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a checkpoint of each role, trained for three steps; tests must not change it.

    In float32, so that they are the same on all processors.
    """
    from sgd_gym.prompts import ROLES
    from sgd_gym.training.config import TrainConfig
    from sgd_gym.training.train import train

    out = tmp_path_factory.mktemp("checkpoints")
    for role in ROLES:
        settings = TrainConfig(
            out / role, annotated_data, epochs=3, batch_tokens=1024, number_format="float32"
        )
        train(role, settings)
    return out


@dataclass
class Answered:
    """What the chat server answers to one request."""

    text: str | bytes = ""
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


class ChatServer:
    """An OpenAI-compatible server on this machine that does what a test tells it to.

    `play(body, number)` makes the answer to the request of that number, from 0; `rules` plays a good model.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str] = []
        self.play: Callable[[dict[str, Any], int], Answered] = lambda body, _: self.rules(body)
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with outer._lock:
                    number = len(outer.requests)
                    outer.requests.append(body)
                    outer.paths.append(self.path)
                    outer.keys.append(self.headers.get("authorization", ""))
                answered = outer.play(body, number)
                time.sleep(answered.delay_s)
                text = answered.text if isinstance(answered.text, bytes) else answered.text.encode()
                try:
                    self.send_response(answered.status)
                    self.send_header("content-type", answered.kind)
                    for name, value in ({"content-length": str(len(text))} | answered.headers).items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:  # the client went away
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @staticmethod
    def answered(text: str, **settings: Any) -> Answered:
        """Return an answer of any kind."""
        return Answered(text, **settings)

    @staticmethod
    def completion(
        text: str | None, finish: str = "stop", usage: tuple[int, int] | None = (10, 5)
    ) -> Answered:
        """Return a well-formed answer with this text."""
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
        body: dict[str, Any] = {"object": "chat.completion", "choices": [choice]}
        if usage:
            body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
        return Answered(json.dumps(body))

    @staticmethod
    def commands(body: dict[str, Any]) -> list[str]:
        """Return the commands that a request asks about."""
        commands: list[str] = body["messages"][-1]["content"].partition("Commands:\n")[2].splitlines()
        return commands

    def rules(self, body: dict[str, Any]) -> Answered:
        """Answer what the rules say."""
        from sgd_gym.subgoals import annotate
        from sgd_gym.subgoals.llm_prompt import format_answer, gather

        commands = self.commands(body)
        return self.completion(format_answer(gather(commands, annotate(commands))))


@pytest.fixture
def chat_server() -> Generator[ChatServer]:
    """Yield a chat server that answers as the rules would, until it is told otherwise."""
    server = ChatServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def chat_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny chat model with random weights and a context of 256 tokens."""
    from sgd_gym.models.tokenizer import learn_tokenizer
    from sgd_gym.training.tiny_chat import TEMPLATE, TinyChatSettings, make_model

    tokenizer = learn_tokenizer(["Say something."], 300, ("<|user|>", "<|assistant|>"))
    tokenizer.chat_template = TEMPLATE
    out = tmp_path_factory.mktemp("chat")
    make_model(TinyChatSettings(hidden_size=16, layers=1, heads=2, context=256), tokenizer).save_pretrained(
        out
    )
    tokenizer.save_pretrained(out)
    return out


@pytest.fixture(scope="session")
def short_paths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of short paths, made without a simulator, one file a task; tests must not change it."""
    from sgd_gym.trajectories import Episode, Step, write_episodes

    out = tmp_path_factory.mktemp("short")
    paths = json.loads(Path(__file__).with_name("subgoals").joinpath("oracle_paths.json").read_text("utf-8"))
    for task in ("find-plant", "lifespan-longest-lived", "power-component", "use-thermometer"):
        description, commands = paths[f"{task}/0"]
        for split, variations in (("train", (0, 1)), ("dev", (2, 3, 4))):
            episodes = []
            for variation in variations:
                # Variations of a task differ in a name, so that no two questions are equal.
                told = [command.replace("kitchen", f"kitchen {variation}") for command in commands]
                steps = tuple(
                    Step("A room.", "Nothing.", one, "Done.", 0.0, 0, number + 1 == len(told))
                    for number, one in enumerate(told)
                )
                text = f"{description} ({variation})"
                episodes.append(Episode(task, variation, split, text, "oracle", steps=steps))
            write_episodes(out / split / f"{task}-0000.parquet", episodes)
    return out
