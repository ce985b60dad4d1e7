"""Estimates the cost of tokens by the dated table of models."""

from datetime import UTC, datetime

from ds_lsp.providers.base import TokenUsage
from ds_lsp.providers.catalog import Catalog


def cost_usd(table: Catalog, model: str, usage: TokenUsage, at: datetime) -> float | None:
    """Return the cost in US dollars of one call at time *at*; None if the model is not listed."""
    price = table.prices.get(model)
    if price is None:
        return None
    cost = (
        usage.prompt_hit * price.prompt_hit
        + usage.prompt_miss * price.prompt_miss
        + usage.completion * price.completion
    )
    return cost / 1e6 * (table.peak_factor if _is_peak(table, at.astimezone(UTC)) else 1.0)


def _is_peak(table: Catalog, at: datetime) -> bool:
    is_weekday = at.weekday() < 5
    return is_weekday and any(start <= at.hour < end for start, end in table.peak_hours_utc)
