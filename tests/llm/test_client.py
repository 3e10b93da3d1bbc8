"""Questions to a server that answers well, slowly, wrongly or not at all; over real sockets."""

import json
import socket
import threading
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from time import monotonic, time
from typing import Any

import pytest

from sgd_gym.errors import BudgetError, EndpointError, SgdGymError
from sgd_gym.llm.chat import UnansweredError
from sgd_gym.llm.client import ChatClient
from sgd_gym.llm.endpoint import Budget, Endpoint, is_loopback

Message = dict[str, str]


def question(text: str = "Commands:\nwait") -> list[Message]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def make_client(chat_server: Any, tmp_path: Path) -> Callable[..., ChatClient]:
    def make(budget: Budget | None = None, **settings: Any) -> ChatClient:
        chosen = {"url": chat_server.url, "model": "tiny", "tries": 3, "backoff_s": 0.01, "timeout_s": 5.0}
        return ChatClient(Endpoint(**chosen | settings), tmp_path / "cache", budget)

    return make


Make = Callable[..., ChatClient]


def test_a_question_and_its_answer(chat_server: Any, make_client: Make) -> None:
    with make_client() as client:
        reply = client.ask(question())
    assert reply.text == "1. wait(): wait"
    assert (reply.finish, reply.tokens_in, reply.tokens_out, reply.cached) == ("stop", 10, 5, False)
    assert chat_server.requests == [{"model": "tiny", "messages": question(), "temperature": 0.0}]
    assert chat_server.paths == ["/v1/chat/completions"]


def test_only_what_is_set_is_sent(chat_server: Any, make_client: Make) -> None:
    with make_client(temperature=None, max_tokens=7) as client:
        client.ask(question())
    assert chat_server.requests == [{"model": "tiny", "messages": question(), "max_completion_tokens": 7}]


def test_nothing_is_asked_twice(chat_server: Any, make_client: Make, tmp_path: Path) -> None:
    with make_client() as client:
        first = client.ask(question())
        again = client.ask(question())
        assert (first.cached, again.cached, again.text) == (False, True, first.text)
        assert client.spent == (10, 5, 0.0)
    with make_client() as client:
        assert client.ask(question()).cached
        assert not client.ask(question("Commands:\nlook around")).cached
    with make_client(model="other") as client:
        assert not client.ask(question()).cached
    assert len(chat_server.requests) == 3
    assert len(list((tmp_path / "cache").glob("**/*.json"))) == 3


def test_threads_with_the_same_question_send_it_once(chat_server: Any, make_client: Make) -> None:
    def slowly(body: Any, number: int) -> Any:
        answer = chat_server.rules(body)
        answer.delay_s = 0.2
        return answer

    chat_server.play = slowly
    replies = []
    with make_client() as client:
        threads = [threading.Thread(target=lambda: replies.append(client.ask(question()))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(chat_server.requests) == 1
    assert sorted(reply.cached for reply in replies) == [False, True, True, True]


def test_a_broken_answer_in_the_cache_is_asked_again(
    chat_server: Any, make_client: Make, tmp_path: Path
) -> None:
    with make_client() as client:
        client.ask(question())
        (file,) = (tmp_path / "cache").glob("**/*.json")
        file.write_text("{")
        assert not client.ask(question()).cached
        assert client.ask(question()).cached


def test_tokens_are_estimated_where_the_server_does_not_count(chat_server: Any, make_client: Make) -> None:
    chat_server.play = lambda body, _: chat_server.completion("x" * 40, usage=None)
    with make_client() as client:
        reply = client.ask(question("y" * 80))
    assert (reply.tokens_in, reply.tokens_out) == (20, 10)


PASSING: dict[str, Callable[[Any], Any]] = {
    "429": lambda server: server.answered("slow down", status=429),
    "500": lambda server: server.answered("oh", status=500),
    "503 with a page": lambda server: server.answered("<html>busy</html>", status=503, kind="text/html"),
    "half of the JSON": lambda server: server.answered(server.completion("x").text[:30]),
    "cut connection": lambda server: server.answered("{}", headers={"content-length": "99"}),
    "no choices": lambda server: server.answered('{"choices": []}'),
    "no object": lambda server: server.answered("[1]"),
    "null message": lambda server: server.answered('{"choices": [{"message": null}]}'),
    "slow": lambda server: server.answered(server.completion("x").text, delay_s=1.0),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_of_the_moment_is_tried_again(chat_server: Any, make_client: Make, fault: str) -> None:
    def play(body: Any, number: int) -> Any:
        return PASSING[fault](chat_server) if number < 2 else chat_server.rules(body)

    chat_server.play = play
    with make_client(timeout_s=0.3) as client:
        client._answered = fault == "cut connection"  # before the first answer that counts as down
        assert client.ask(question()).text == "1. wait(): wait"
    assert len(chat_server.requests) == 3


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_stays_fails_the_question_then_the_endpoint(
    chat_server: Any, make_client: Make, fault: str, tmp_path: Path
) -> None:
    with make_client(timeout_s=0.1, tries=2) as client:
        client.ask(question())
        chat_server.play = lambda body, _: PASSING[fault](chat_server)
        for number in range(2):
            with pytest.raises(UnansweredError, match=r"\(2 tries\)") as failed:
                client.ask(question(str(number)))
            assert failed.value.passing
        with pytest.raises(EndpointError, match=r"3 questions in a row unanswered.*Fix: "):
            client.ask(question("third"))
        assert client.ask(question()).cached
    assert len(list((tmp_path / "cache").glob("**/*.json"))) == 1


@pytest.mark.parametrize("how", ["seconds", "date"])
def test_the_server_says_when_to_come_back(chat_server: Any, make_client: Make, how: str) -> None:
    def play(body: Any, number: int) -> Any:
        if number:
            return chat_server.rules(body)
        when = "0.7" if how == "seconds" else formatdate(time() + 2, usegmt=True)
        return chat_server.answered("later", status=429, headers={"retry-after": when})

    chat_server.play = play
    with make_client() as client:
        started = monotonic()
        client.ask(question())
        assert 0.65 <= monotonic() - started < 4


def test_a_refused_question_fails_alone_and_at_once(chat_server: Any, make_client: Make) -> None:
    chat_server.play = lambda body, _: chat_server.answered('{"error": {"message": "too long"}}', status=400)
    with make_client() as client, pytest.raises(UnansweredError, match=r"HTTP 400: .*too long") as failed:
        client.ask(question())
    assert not failed.value.passing
    assert len(chat_server.requests) == 1


def test_refused_questions_say_something_of_the_endpoint_only_if_it_never_answers(
    chat_server: Any, make_client: Make
) -> None:
    def play(body: Any, number: int) -> Any:
        refused = chat_server.answered("too long", status=400)
        return refused if len(body["messages"][0]["content"]) > 20 else chat_server.rules(body)

    chat_server.play = play
    with make_client() as client:
        client.ask(question())
        for number in range(5):
            with pytest.raises(UnansweredError, match="HTTP 400"):
                client.ask(question(f"{number}" * 30))
    with make_client(model="other") as client:
        for number in range(2):
            with pytest.raises(UnansweredError):
                client.ask(question(f"{number}" * 30))
        with pytest.raises(EndpointError, match="3 questions in a row unanswered; the last: HTTP 400"):
            client.ask(question("2" * 30))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"text": "no", "status": 401}, r"refuses the key .*Fix: put a valid one into OPENAI_API_KEY"),
        ({"text": "no", "status": 403}, r"refuses the key"),
        ({"text": "<html>404</html>", "status": 404, "kind": "text/html"}, r"has no such model .*--llm-url"),
        ({"text": "<!doctype html><p>Hi", "kind": "text/html"}, r"answers a web page, not JSON\. Fix: .*/v1"),
        (
            {"text": '{"error": {"code": "insufficient_quota", "message": "pay"}}', "status": 429},
            r"no quota left",
        ),
    ],
)
def test_an_endpoint_that_refuses_is_named_with_the_fix(
    chat_server: Any, make_client: Make, answer: dict[str, Any], message: str
) -> None:
    chat_server.play = lambda body, _: chat_server.answered(**answer)
    with make_client() as client, pytest.raises(EndpointError, match=message):
        client.ask(question())
    assert len(chat_server.requests) == 1


def test_a_server_that_is_not_there(make_client: Make) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{one.getsockname()[1]}/v1"
        with (
            make_client(url=url) as client,
            pytest.raises(EndpointError, match=r"cannot be reached .*Fix: start"),
        ):
            client.ask(question())


def test_a_check_asks_the_server_itself_and_keeps_nothing(
    chat_server: Any, make_client: Make, tmp_path: Path
) -> None:
    with make_client() as client:
        client.check()
        client.check()
        assert client.spent == (10, 5, 0.0)
    assert len(chat_server.requests) == 2
    assert not (tmp_path / "cache").exists()
    chat_server.play = lambda body, _: chat_server.answered("oh", status=500)
    with make_client() as client, pytest.raises(EndpointError, match=r"does not answer \(HTTP 500.*Fix: "):
        client.check()


def test_a_client_that_is_stopped_waits_no_longer(chat_server: Any, make_client: Make) -> None:
    chat_server.play = lambda body, _: chat_server.answered(
        "later", status=429, headers={"retry-after": "50"}
    )
    with make_client() as client:
        started = monotonic()
        threading.Timer(0.3, client.stop).start()
        with pytest.raises(UnansweredError, match="stopped"):
            client.ask(question())
        assert monotonic() - started < 10


def test_a_budget_in_tokens_ends_the_asking(chat_server: Any, make_client: Make) -> None:
    chat_server.play = lambda body, _: chat_server.completion("x", usage=(80, 20))
    with make_client(Budget(tokens=250)) as client:
        for number in range(2):
            client.ask(question(f"{number}" * 90))
        with pytest.raises(BudgetError, match=r"budget is 250.*--llm-budget-tokens"):
            client.ask(question("2" * 90))
        assert client.ask(question("1" * 90)).cached
        assert client.spent == (160, 40, 0.0)
    assert len(chat_server.requests) == 2


def test_a_budget_in_money_counts_what_the_cache_holds(chat_server: Any, make_client: Make) -> None:
    budget = Budget(money=2.0, price_in=5000.0, price_out=10000.0)
    chat_server.play = lambda body, _: chat_server.completion("x", usage=(100, 20))
    with make_client(budget) as client:
        client.ask(question("a"))
        assert client.spent == (100, 20, 0.7)
    with make_client(budget) as client:
        assert client.ask(question("a")).cached
        client.ask(question("b"))
        with pytest.raises(BudgetError, match=r"budget is 2\. .*--llm-budget-money"):
            client.ask(question("c"))
    with make_client(budget) as client:
        client.count({"another run": (100, 60)})
        with pytest.raises(BudgetError):
            client.ask(question("c"))


def test_a_key_is_needed_away_from_this_machine(
    chat_server: Any, make_client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("OTHER_KEY", "secret-1")
    with make_client() as client:
        client.ask(question())
    with pytest.raises(SgdGymError, match=r"OPENAI_API_KEY holds no key for https://example\.org.*export"):
        make_client(url="https://example.org/v1")
    with make_client(key_env="OTHER_KEY") as client:
        client.ask(question("other"))
    assert chat_server.keys[1] == "Bearer secret-1"


def test_no_key_is_written_anywhere(
    chat_server: Any, make_client: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-2")
    with make_client() as client:
        client.ask(question())
    assert "secret-2" in chat_server.keys[0]
    for file in (tmp_path / "cache").glob("**/*.json"):
        assert "secret-2" not in file.read_text()
        assert json.loads(file.read_text())["question"]["messages"] == question()


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x/v1", "", "http://"])
def test_what_is_no_address_is_refused(make_client: Make, url: str) -> None:
    with pytest.raises(SgdGymError, match="is no address of an API"):
        make_client(url=url)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:8000/v1", True),
        ("http://127.0.0.1/v1", True),
        ("http://[::1]:9/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://10.0.0.1/v1", False),
        ("http://localhost.example.org/v1", False),
    ],
)
def test_which_servers_are_on_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) == here


def test_a_missing_package_names_the_fix(make_client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(SgdGymError, match=r'Fix: pip install "sgd-gym\[llm\]"'):
        make_client()
