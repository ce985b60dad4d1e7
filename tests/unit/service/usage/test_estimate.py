"""Prices, estimated tokens, and the day's limit."""

from datetime import UTC, datetime

import pytest

from ds_lsp.providers.base import FimRequest, PromptParts, TokenUsage
from ds_lsp.providers.catalog import catalog
from ds_lsp.service.usage.estimate import estimate_tokens, estimate_usage
from ds_lsp.service.usage.limit import Level, level, message
from ds_lsp.service.usage.prices import cost_usd

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
def test_the_cost_depends_on_the_model_and_the_time(
    model: str, at: str, cost: float | None
) -> None:
    time = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert cost_usd(catalog(), model, MILLION, time) == (cost and pytest.approx(cost))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("x", 1, id="never less than one"),
        pytest.param("return x\r\n" * 10, 30, id="English is 0.3 a character"),
        pytest.param("计算两个数的和" * 10, 42, id="Chinese is 0.6 a character"),
        pytest.param("Сумма" * 10, 23, id="Cyrillic is in between"),
        pytest.param("\U0001f600" * 10, 8, id="emoji"),
        pytest.param("\t\t" * 10, 6, id="tabs"),
        pytest.param("\ud800" * 10, 6, id="half a surrogate pair"),
    ],
)
def test_tokens_in_a_text(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_all_of_the_prompt_of_a_call_that_was_cut_counts_as_missed() -> None:
    request = FimRequest(
        uri="file:///a.py",
        language_id="python",
        prompt=PromptParts("x" * 100, "加" * 10),
        model="m",
        max_tokens=1,
        temperature=0,
    )
    assert estimate_usage(request, "y" * 10) == TokenUsage(0, 36, 3)
    assert estimate_usage(request, "") == TokenUsage(0, 36, 0)


@pytest.mark.parametrize(
    ("tokens", "limit", "expected"),
    [
        (10**12, None, Level.BELOW),
        (0, 1000, Level.BELOW),
        (799, 1000, Level.BELOW),
        (800, 1000, Level.NEAR),
        (999, 1000, Level.NEAR),
        (1000, 1000, Level.OVER),
        (5000, 1000, Level.OVER),
        (0, 0, Level.OVER),
    ],
)
def test_the_level_depends_on_tokens_and_limit(
    tokens: int, limit: int | None, expected: Level
) -> None:
    assert level(tokens, limit) is expected


def test_messages_name_the_limit_and_its_setting_and_nothing_that_changes() -> None:
    assert message(Level.BELOW, 100_000) is None
    for each, word in ((Level.NEAR, "80%"), (Level.OVER, "until tomorrow")):
        said = message(each, 100_000)
        assert said
        assert word in said
        assert "100,000" in said
        assert "usage.daily_token_limit" in said
        assert "\n" not in said
