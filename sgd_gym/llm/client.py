"""Questions to an OpenAI-compatible endpoint: key, back-off, cache, budget; knows nothing of what is asked.

Law: equal questions (model, messages, sampling) are paid once. An answer is written to the cache, whole,
before anybody reads it, so that neither a kill nor an error loses what was paid for.
"""

import hashlib
import json
import logging
import random
import threading
import time
from collections import defaultdict
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from sgd_gym.errors import BudgetError, EndpointError
from sgd_gym.files import write_json
from sgd_gym.llm.chat import Message, Reply, UnansweredError
from sgd_gym.llm.endpoint import Budget, Endpoint, make_client

MAX_WAIT_S = 60.0
"""The longest wait between two tries."""
FAILURES_IN_A_ROW = 3
"""After so many questions without any answer between them the endpoint counts as down."""

_PASSING_STATUSES = (408, 409, 425, 429)
_LOG = logging.getLogger(__name__)


class _TryAgain(Exception):
    """One try failed; the next may not."""

    def __init__(self, reason: str, wait_s: float | None = None):
        super().__init__(reason)
        self.wait_s = wait_s


class ChatClient:
    """Asks an endpoint, from any number of threads; a context manager."""

    def __init__(self, endpoint: Endpoint, cache: Path, budget: Budget | None = None):
        """Look for the key and prepare; nothing is sent yet.

        Args:
            endpoint: Where and how to ask.
            cache: Folder of answers, shared by all models and runs.
            budget: What may be spent; no limit if not given.

        Raises:
            SgdGymError: If the URL is none, the key is missing or the package openai is not installed.
        """
        self.endpoint, self.cache, self.budget = endpoint, cache, budget or Budget()
        self._client = make_client(endpoint)
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._key_locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._spent: dict[str, tuple[int, int]] = {}
        self._reserved: list[tuple[int, int]] = []
        self._answered = False
        """Whether the endpoint has answered in this run."""
        self._failures = 0

    def __enter__(self) -> "ChatClient":
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop waiting threads and close connections."""
        self.stop()
        self._client.close()

    def stop(self) -> None:
        """Send no more questions; threads that wait for their next try give up."""
        self._stopped.set()

    @property
    def spent(self) -> tuple[int, int, float]:
        """Return tokens read, tokens written and money."""
        with self._lock:
            return self._sum()

    def count(self, answers: dict[str, tuple[int, int]]) -> None:
        """Count answers of an earlier run into what was spent."""
        with self._lock:
            self._spent |= answers

    def check(self) -> None:
        """Send one short question past the cache, so that a server that is down is known at once.

        Raises:
            EndpointError: If it is not answered.
        """
        body = self._body([{"role": "user", "content": "Answer with the word: ready"}])
        try:
            _, _, usage = self._try_often(body)
        except UnansweredError as error:
            raise EndpointError(
                f"{self.endpoint.url} does not answer ({error}). Fix: look at the server."
            ) from error
        with self._lock:
            self._spent["check"] = usage or (0, 0)

    def ask(self, messages: list[Message]) -> Reply:
        """Return the answer to a conversation, from the cache if it was asked before.

        Raises:
            UnansweredError: If this question gets no answer.
            EndpointError: If no question gets one.
            BudgetError: If the question would pass the budget.
        """
        body = self._body(messages)
        key = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        with self._lock:
            key_lock = self._key_locks[key]
        with key_lock:  # the same question from two threads is sent once
            reply = self._look_up(key)
            if reply is None:
                return self._send(key, body)
        with self._lock:
            self._spent[key] = (reply.tokens_in, reply.tokens_out)
        return reply

    def _body(self, messages: list[Message]) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.endpoint.model, "messages": messages}
        if self.endpoint.temperature is not None:
            body["temperature"] = self.endpoint.temperature
        if self.endpoint.max_tokens is not None:
            body["max_completion_tokens"] = self.endpoint.max_tokens
        return body

    def _path(self, key: str) -> Path:
        return self.cache / key[:2] / f"{key}.json"

    def _look_up(self, key: str) -> Reply | None:
        path = self._path(key)
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            return Reply(key, kept["text"], kept["finish"], kept["tokens_in"], kept["tokens_out"], True)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            _LOG.warning("%s is no answer of the cache and is asked again", path)
            return None

    def _send(self, key: str, body: dict[str, Any]) -> Reply:
        """Send a question until it is answered, and keep the answer."""
        letters = sum(len(message["content"]) for message in body["messages"])
        with self._lock:
            expected = self._expect(letters, len(body["messages"][-1]["content"]))
            self._check_budget(expected)
            self._reserved.append(expected)
        spent: dict[str, tuple[int, int]] = {}
        try:
            text, finish, usage = self._try_often(body)
            tokens_in, tokens_out = usage or (letters // 4, len(text) // 4)
            kept = {"text": text, "finish": finish, "tokens_in": tokens_in, "tokens_out": tokens_out}
            write_json(self._path(key), {"question": body} | kept | {"tokens_estimated": usage is None})
            spent[key] = (tokens_in, tokens_out)
        finally:
            with self._lock:  # both at once: in between, others would spend it again
                self._spent |= spent
                self._reserved.remove(expected)
        return Reply(key, text, finish, tokens_in, tokens_out, False)

    def _expect(self, letters: int, last: int) -> tuple[int, int]:
        """Expect as many tokens as the longest question and answer so far, or as the letters let guess."""
        longest_in = max((one for one, _ in self._spent.values()), default=0)
        longest_out = max((one for _, one in self._spent.values()), default=0)
        return max(letters // 3 + 1, longest_in), max(last // 3 + 1, longest_out)

    def _check_budget(self, expected: tuple[int, int]) -> None:
        tokens_in, tokens_out, _ = self._sum()
        for more_in, more_out in [*self._reserved, expected]:
            tokens_in, tokens_out = tokens_in + more_in, tokens_out + more_out
        for limit, amount, flag in (
            (self.budget.tokens, tokens_in + tokens_out, "--llm-budget-tokens"),
            (self.budget.money, self.budget.cost(tokens_in, tokens_out), "--llm-budget-money"),
        ):
            if limit is not None and amount > limit:
                raise BudgetError(
                    f"The next question would bring the spending to about {amount:.6g}, the budget is "
                    f"{limit:.6g}. What was answered is kept. Fix: the same command with a larger {flag}."
                )

    def _sum(self) -> tuple[int, int, float]:
        tokens_in = sum(one for one, _ in self._spent.values())
        tokens_out = sum(one for _, one in self._spent.values())
        return tokens_in, tokens_out, self.budget.cost(tokens_in, tokens_out)

    def _try_often(self, body: dict[str, Any]) -> tuple[str, str, tuple[int, int] | None]:
        reason = ""
        for number in range(self.endpoint.tries):
            if self._stopped.is_set():
                raise UnansweredError("the run was stopped", passing=True)
            try:
                answer = self._try_once(body)
            except _TryAgain as failed:
                reason = str(failed)
                wait_s = self.endpoint.backoff_s * 2**number * random.uniform(0.5, 1.0)
                if number + 1 < self.endpoint.tries:
                    self._stopped.wait(min(max(wait_s, failed.wait_s or 0.0), MAX_WAIT_S))
            except UnansweredError as failed:
                # A question that is refused, as too long, tells of the endpoint only if it never answered.
                if not self._answered and not self._spent:
                    self._note_failure(str(failed))
                raise
            else:
                with self._lock:
                    self._answered, self._failures = True, 0
                return answer
        reason = f"{reason} ({self.endpoint.tries} tries)"
        self._note_failure(reason)
        raise UnansweredError(reason, passing=True)

    def _note_failure(self, reason: str) -> None:
        with self._lock:
            self._failures += 1
            failures = self._failures
        if failures >= FAILURES_IN_A_ROW:
            raise EndpointError(
                f"{self.endpoint.url} left {failures} questions in a row unanswered; the last: {reason}. "
                f"What was answered is kept. Fix: look at the server, then run the same command again."
            )

    def _try_once(self, body: dict[str, Any]) -> tuple[str, str, tuple[int, int] | None]:
        import openai

        url = self.endpoint.url
        try:
            # Raw, so that what is no chat completion is seen here and not deep in the library.
            text = self._client.chat.completions.with_raw_response.create(**body).text
        except openai.APITimeoutError as error:
            raise _TryAgain(f"no answer within {self.endpoint.timeout_s:g} s") from error
        except openai.APIConnectionError as error:
            cause = error.__cause__ or error
            if self._answered:
                raise _TryAgain(f"the connection failed ({cause})") from error
            raise EndpointError(
                f"{url} cannot be reached ({cause}). Fix: start the server, or correct --llm-url."
            ) from error
        except openai.APIStatusError as error:
            raise self._read_status(error.status_code, error) from error
        content = text.decode(errors="replace") if isinstance(text, bytes) else text
        try:
            answer = json.loads(content)
        except ValueError as error:
            if content.lstrip().startswith("<") and not self._answered:
                raise EndpointError(
                    f"{url} answers a web page, not JSON. Fix: give the base of the API as --llm-url; it "
                    f"usually ends in /v1."
                ) from error
            raise _TryAgain(f"the answer is no JSON ({content[:40]!r})") from error
        return _read_completion(answer)

    def _read_status(self, status: int, error: Any) -> Exception:
        """Return what an HTTP error means: for the endpoint, for this question, or for this moment."""
        reason = f"HTTP {status}: {_shorten(str(error.message))}"
        url, key_env = self.endpoint.url, self.endpoint.key_env
        if status in (401, 403):
            return EndpointError(f"{url} refuses the key ({reason}). Fix: put a valid one into {key_env}.")
        if status == 404:
            return EndpointError(
                f"{url} has no such model or no chat API ({reason}). Fix: correct --llm-url, which usually "
                f"ends in /v1, or --llm-model ({self.endpoint.model!r})."
            )
        if error.code == "insufficient_quota":
            return EndpointError(f"{url} has no quota left for this key ({reason}). Fix: raise it there.")
        if status in _PASSING_STATUSES or status >= 500:
            return _TryAgain(reason, _retry_after(error.response.headers.get("retry-after")))
        return UnansweredError(reason, passing=False)


def _read_completion(answer: Any) -> tuple[str, str, tuple[int, int] | None]:
    """Return text, why it ended, and tokens if the server tells them."""
    try:
        choice = answer["choices"][0]
        text, finish = choice["message"].get("content") or "", choice.get("finish_reason") or "stop"
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise _TryAgain(f"the answer is no chat completion ({_shorten(json.dumps(answer))})") from error
    usage = answer.get("usage") or {}
    try:
        return str(text), str(finish), (int(usage["prompt_tokens"]), int(usage["completion_tokens"]))
    except (KeyError, TypeError, ValueError):
        return str(text), str(finish), None


def _retry_after(header: str | None) -> float | None:
    """Read a Retry-After header, seconds or a date."""
    if not header:
        return None
    try:
        return float(header)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(header).timestamp() - time.time()
    except ValueError:
        return None


def _shorten(text: str, length: int = 200) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[:length]}…"
