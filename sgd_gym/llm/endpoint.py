"""Where and how a language model is asked, and what that may cost; sends nothing itself."""

import ipaddress
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sgd_gym.errors import SgdGymError


@dataclass(frozen=True)
class Endpoint:
    """Where and how to ask."""

    url: str
    model: str
    key_env: str = "OPENAI_API_KEY"
    timeout_s: float = 120.0
    tries: int = 5
    """How often one question is sent before it counts as failed."""
    backoff_s: float = 1.0
    """Wait before the second try; it doubles with each."""
    temperature: float | None = 0.0
    """None: not sent, for models that refuse it."""
    max_tokens: int | None = None
    """Longest answer; None: as the server has it."""


@dataclass(frozen=True)
class Budget:
    """What may be spent. Answers found in the cache count, so that a resumed run keeps its budget."""

    tokens: int | None = None
    money: float | None = None
    price_in: float = 0.0
    """Money for a million tokens read."""
    price_out: float = 0.0
    """Money for a million tokens written."""

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """Return the price of a question with its answer."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1e6


def is_loopback(url: str) -> bool:
    """Return whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def make_client(endpoint: Endpoint) -> Any:
    """Return an OpenAI client that sends each request once; nothing is sent yet.

    Raises:
        SgdGymError: If the URL is none, the key is missing or the package openai is not installed.
    """
    parts = urlsplit(endpoint.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SgdGymError(
            f"{endpoint.url!r} is no address of an API. Allowed: such as http://localhost:8000/v1 or "
            f"https://api.openai.com/v1."
        )
    key = os.environ.get(endpoint.key_env, "")
    if not key and not is_loopback(endpoint.url):
        raise SgdGymError(
            f"The environment variable {endpoint.key_env} holds no key for {endpoint.url}. Fix: export "
            f"{endpoint.key_env}=..., or name another variable with --llm-key-env."
        )
    try:
        import openai
    except ImportError as error:
        raise SgdGymError('The package openai is not installed. Fix: pip install "sgd-gym[llm]".') from error
    return openai.OpenAI(
        api_key=key or "none", base_url=endpoint.url, timeout=endpoint.timeout_s, max_retries=0
    )
