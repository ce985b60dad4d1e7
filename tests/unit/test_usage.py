"""Counting requests, tokens and money."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest

from ds_lsp.providers.base import TokenUsage
from ds_lsp.providers.models import catalog
from ds_lsp.usage.counter import Totals, UsageCounter
from ds_lsp.usage.prices import cost_usd

MILLION = TokenUsage(prompt_hit=1_000_000, prompt_miss=1_000_000, completion=1_000_000)


@pytest.mark.parametrize(
    ("model", "at", "cost"),
    [
        pytest.param("deepseek-flash", "2026-11-22T03:00", 0.753, id="Sunday"),
        pytest.param("deepseek-flash", "2026-11-23T00:59", 0.753, id="before the peak"),
        pytest.param("deepseek-flash", "2026-11-23T01:00", 1.506, id="first peak hour"),
        pytest.param("deepseek-flash", "2026-11-23T04:00", 0.753, id="after the peak"),
        pytest.param("deepseek-flash", "2026-11-23T09:59", 1.506, id="second peak"),
        pytest.param("deepseek-v4-pro", "2026-11-22T03:00", 2.662, id="pro"),
        pytest.param("unheard-of", "2026-11-22T03:00", None, id="unknown model"),
    ],
)
def test_cost(model: str, at: str, cost: float | None) -> None:
    time = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert cost_usd(catalog(), model, MILLION, time) == (cost and pytest.approx(cost))


def test_day_and_session() -> None:
    now = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    counter = UsageCounter(lambda: now)
    counter.add("deepseek-flash", TokenUsage(10, 20, 30))
    counter.add("deepseek-flash", None)
    assert counter.today().cost_usd == pytest.approx(0.00002103)
    assert dataclasses.replace(counter.today(), cost_usd=0) == Totals(2, 1, 10, 20, 30, 0)
    now += timedelta(hours=2)
    assert counter.today() == Totals()
    counter.add("unheard-of", TokenUsage(1, 1, 1))
    assert counter.today() == Totals(1, 0, 1, 1, 1, 0.0)
    assert counter.session().requests == 3
    assert counter.session().prompt_hit_tokens == 11
    json.dumps(counter.session().cost_usd)
