"""The flags with which a language model behind an API is named, wherever one is used."""

from dataclasses import dataclass
from pathlib import Path

from sgd_gym.errors import SgdGymError
from sgd_gym.llm.client import ChatClient
from sgd_gym.llm.endpoint import Budget, Endpoint


@dataclass(kw_only=True)
class LlmConfig:
    """Where and how a language model is asked, and what that may cost."""

    llm_url: str | None = None
    """Base of an OpenAI-compatible API, such as https://api.openai.com/v1."""
    llm_model: str | None = None
    """Model as the API calls it."""
    llm_key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; a server on this machine may need none."""
    llm_timeout_s: float = 120.0
    """Seconds after which a question is sent again."""
    llm_tries: int = 5
    """How often a question is sent before it counts as unanswered."""
    llm_backoff_s: float = 1.0
    """Seconds before the second try; they double with each."""
    llm_temperature: float | None = 0.0
    """Sampling temperature; None sends none."""
    llm_max_tokens: int | None = None
    """Longest answer in tokens; as the server has it if not given."""
    llm_budget_tokens: int | None = None
    """Ask no more once so many tokens were read and written together."""
    llm_budget_money: float | None = None
    """Ask no more once so much money was spent; needs the two prices."""
    llm_price_in: float | None = None
    """Money for a million tokens read."""
    llm_price_out: float | None = None
    """Money for a million tokens written."""
    cache: Path = Path("data/llm_cache")
    """Folder of all answers of models, by question; nothing is paid twice."""

    def open_client(self) -> ChatClient:
        """Return a client, which has not sent anything yet; close it.

        Raises:
            SgdGymError: If a flag, the key or the package openai is missing, or a value makes no sense.
        """
        if not self.llm_url or not self.llm_model:
            missing = "--llm-model" if self.llm_url else "--llm-url"
            raise SgdGymError(f"{missing} is missing. Fix: give both --llm-url and --llm-model.")
        prices = (self.llm_price_in, self.llm_price_out)
        if self.llm_budget_money is not None and None in prices:
            raise SgdGymError(
                "A budget in money needs prices. Fix: give --llm-price-in and --llm-price-out, for a million "
                "tokens."
            )
        if self.llm_tries < 1:
            raise SgdGymError(f"llm_tries is {self.llm_tries}. Allowed: 1 or more.")
        endpoint = Endpoint(
            self.llm_url,
            self.llm_model,
            self.llm_key_env,
            self.llm_timeout_s,
            self.llm_tries,
            self.llm_backoff_s,
            self.llm_temperature,
            self.llm_max_tokens,
        )
        money = self.llm_budget_money
        budget = Budget(self.llm_budget_tokens, money, prices[0] or 0.0, prices[1] or 0.0)
        return ChatClient(endpoint, self.cache, budget)
