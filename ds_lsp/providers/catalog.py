"""The catalog of models: their prices, and the successors of retired ones.

All of it is data: ``catalog.toml`` beside this file, with its date and source.
"""

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class ModelFamily:
    """The properties that two models share if one can replace the other."""

    name: str
    tier: str


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens, off-peak."""

    prompt_hit: float
    prompt_miss: float
    completion: float


@dataclass(frozen=True, slots=True)
class Catalog:
    """The table of models, as in the file."""

    as_of: str
    """The day the table was read from the documentation, ``YYYY-MM-DD``."""
    top_up: str
    """The address at which to top up an account."""
    models: Mapping[str, ModelFamily]
    """The current models, in the service's order."""
    retired: Mapping[str, ModelFamily]
    prices: Mapping[str, Price]
    peak_hours_utc: tuple[tuple[int, int], ...]
    """Pairs of hours, the first inclusive and the second exclusive; Monday to Friday."""
    peak_factor: float

    def current(self, name: str) -> str:
        """Return *name*, or the nearest current model if it is retired."""
        return self.nearest(name, tuple(self.models)) if name in self.retired else name

    def nearest(self, name: str, supported: Sequence[str]) -> str:
        """Return the model of *supported*, which is not empty, to use in place of *name*.

        That is *name* itself, else the first one of the same family and tier, else the first one.
        """
        if name in supported:
            return name
        family = self._family(name)
        return next((each for each in supported if self._family(each) == family), supported[0])

    def _family(self, name: str) -> ModelFamily:
        known = self.models.get(name) or self.retired.get(name)
        if known:
            return known
        # Names of future models are probably built like those of today, as deepseek-v5-flash.
        words = re.split(r"[^a-z0-9]+", name.lower())
        tiers = {family.tier for family in self.models.values()}
        return ModelFamily(words[0], next((word for word in words if word in tiers), ""))


@functools.cache
def catalog() -> Catalog:
    """Return the table of ``catalog.toml``."""
    raw = tomllib.loads((files("ds_lsp.providers") / "catalog.toml").read_text("utf-8"))
    return Catalog(
        as_of=str(raw["as_of"]),
        top_up=raw["top_up"],
        models={name: _family_of(row) for name, row in raw["models"].items()},
        retired={name: _family_of(row) for name, row in raw["retired"].items()},
        prices={name: _price_of(row) for name, row in raw["models"].items()},
        peak_hours_utc=tuple((start, end) for start, end in raw["peak_hours_utc"]),
        peak_factor=raw["peak_factor"],
    )


def _family_of(row: Mapping[str, str]) -> ModelFamily:
    return ModelFamily(row["family"], row["tier"])


def _price_of(row: Mapping[str, float]) -> Price:
    return Price(row["prompt_hit"], row["prompt_miss"], row["completion"])
