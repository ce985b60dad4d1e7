"""Which models there are, which take the place of others, and what they cost.

All of it is data: ``models.toml`` beside this file, with its date and source.
"""

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class ModelFamily:
    """What makes two models stand in for each other."""

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
    """The table as it is in the file."""

    as_of: str
    """The day the table was read from the documentation, ``YYYY-MM-DD``."""
    top_up: str
    """Where an account is filled up."""
    models: Mapping[str, ModelFamily]
    """The current models, the service's first one first."""
    retired: Mapping[str, ModelFamily]
    prices: Mapping[str, Price]
    peak_hours_utc: tuple[tuple[int, int], ...]
    """From the first hour on, up to the second; Monday to Friday."""
    peak_factor: float

    def current(self, name: str) -> str:
        """*name*, or for a retired name the current model nearest to it."""
        return self.nearest(name, tuple(self.models)) if name in self.retired else name

    def nearest(self, name: str, supported: Sequence[str]) -> str:
        """The one of *supported* (not empty) in the place of *name*.

        Itself, else the first one of the same family and tier, else the first.
        """
        if name in supported:
            return name
        family = self._family(name)
        return next((each for each in supported if self._family(each) == family), supported[0])

    def _family(self, name: str) -> ModelFamily:
        known = self.models.get(name) or self.retired.get(name)
        if known:
            return known
        # A name of next year is likely built like those of this one: deepseek-v5-flash.
        words = re.split(r"[^a-z0-9]+", name.lower())
        tiers = {family.tier for family in self.models.values()}
        return ModelFamily(words[0], next((word for word in words if word in tiers), ""))


@functools.cache
def catalog() -> Catalog:
    raw = tomllib.loads((files("ds_lsp.providers") / "models.toml").read_text("utf-8"))
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
