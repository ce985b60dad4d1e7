"""Counts what this session has asked for: requests, tokens, an estimate of the money."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ds_lsp.providers.base import TokenUsage
from ds_lsp.providers.models import catalog
from ds_lsp.usage.prices import cost_usd


@dataclass(slots=True)
class Totals:
    requests: int = 0
    """All of them; a cancelled or failed one counts, though its tokens are not known."""
    without_usage: int = 0
    """Requests whose tokens the provider did not tell, because they were cut or failed."""
    prompt_hit_tokens: int = 0
    prompt_miss_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0


class UsageCounter:
    """Totals of the session and of the current day in local time."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now().astimezone()) -> None:
        self._now = now
        self._session = Totals()
        self._today = Totals()
        self._day = now().date()

    def add(self, model: str, usage: TokenUsage | None) -> None:
        """One request has ended; *usage* is None when the provider did not tell."""
        self._turn_page()
        for totals in (self._session, self._today):
            totals.requests += 1
            if usage is None:
                totals.without_usage += 1
                continue
            totals.prompt_hit_tokens += usage.prompt_hit
            totals.prompt_miss_tokens += usage.prompt_miss
            totals.completion_tokens += usage.completion
            totals.cost_usd += cost_usd(catalog(), model, usage, self._now()) or 0.0

    def today(self) -> Totals:
        self._turn_page()
        return self._today

    def session(self) -> Totals:
        return self._session

    def _turn_page(self) -> None:
        day = self._now().date()
        if day != self._day:
            self._day, self._today = day, Totals()
