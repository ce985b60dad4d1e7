"""What tokens cost: an estimate from the dated table in ``prices.toml``."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

from ds_lsp.providers.base import TokenUsage


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens, off-peak."""

    prompt_hit: float
    prompt_miss: float
    completion: float


@dataclass(frozen=True, slots=True)
class PriceTable:
    models: Mapping[str, Price]
    peak_hours_utc: tuple[tuple[int, int], ...]
    """From the first hour on, up to the second; Monday to Friday."""
    peak_factor: float

    def cost_usd(self, model: str, usage: TokenUsage, at: datetime) -> float | None:
        """None for a model the table does not know."""
        price = self.models.get(model)
        if price is None:
            return None
        cost = (
            usage.prompt_hit * price.prompt_hit
            + usage.prompt_miss * price.prompt_miss
            + usage.completion * price.completion
        )
        return cost / 1e6 * (self.peak_factor if self._is_peak(at.astimezone(UTC)) else 1.0)

    def _is_peak(self, at: datetime) -> bool:
        is_weekday = at.weekday() < 5
        return is_weekday and any(start <= at.hour < end for start, end in self.peak_hours_utc)


@functools.cache
def price_table() -> PriceTable:
    raw = tomllib.loads((files("ds_lsp.usage") / "prices.toml").read_text("utf-8"))
    return PriceTable(
        models={name: Price(**prices) for name, prices in raw["models"].items()},
        peak_hours_utc=tuple((start, end) for start, end in raw["peak_hours_utc"]),
        peak_factor=raw["peak_factor"],
    )
