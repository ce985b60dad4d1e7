"""Parsers of raw values, one per kind of setting."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
Parser = Callable[[object], T]
"""Turns a raw value into a setting's value. Raises `ValueError` saying which values are valid."""

_MAX_TEXT_CHARS = 1000
"""Maximum characters of a setting that is text."""


class EnvText(str):
    """A value from the environment, in which numbers, switches and lists are text."""

    def __repr__(self) -> str:
        # The value may be the key.
        return "EnvText(...)"


def text(value: object) -> str:
    """Parse text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text")
    if len(value) > _MAX_TEXT_CHARS:
        raise ValueError(f"must be text of at most {_MAX_TEXT_CHARS} characters")
    return value.strip()


def boolean(value: object) -> bool:
    """Parse true or false; from the environment also 1, yes, on, 0, no and off."""
    if isinstance(value, EnvText):
        words = {"1": True, "true": True, "yes": True, "on": True}
        words |= {"0": False, "false": False, "no": False, "off": False}
        value = words.get(value.strip().lower())
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


@dataclass(frozen=True, slots=True)
class Number:
    """Parses a number in a range.

    It is a class, like `Whole` and `Choice`, so that a form can show the valid values.
    """

    low: float
    high: float

    def __call__(self, value: object) -> float:
        if isinstance(value, EnvText) and re.fullmatch(r"\s*-?[0-9]+(\.[0-9]+)?\s*", value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"must be a number from {self.low:g} to {self.high:g}")
        if not self.low <= value <= self.high:
            raise ValueError(f"must be a number from {self.low:g} to {self.high:g}")
        return float(value)


@dataclass(frozen=True, slots=True)
class Whole:
    """Parses a whole number in a range."""

    low: int
    high: int

    def __call__(self, value: object) -> int:
        try:
            parsed = Number(self.low, self.high)(value)
        except ValueError:
            parsed = 0.5
        if not parsed.is_integer():
            raise ValueError(f"must be a whole number from {self.low} to {self.high}")
        return int(parsed)


@dataclass(frozen=True, slots=True)
class Choice:
    """Parses one of some words, in any case."""

    words: tuple[str, ...]

    def __call__(self, value: object) -> str:
        if not isinstance(value, str) or value.strip().lower() not in self.words:
            raise ValueError("must be one of " + ", ".join(self.words))
        return value.strip().lower()


def text_list(value: object) -> tuple[str, ...]:
    """Parse a list of texts; from the environment, they are separated by commas."""
    if isinstance(value, EnvText):
        value = [item.strip() for item in value.split(",") if item.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError("must be a list of texts")
    return tuple(value)


DEBOUNCE_MS = Whole(0, 10_000)


def debounce(value: object) -> str | int:
    """Parse ``adaptive`` or a number of milliseconds."""
    if isinstance(value, str) and value.strip().lower() == "adaptive":
        return "adaptive"
    try:
        return DEBOUNCE_MS(value)
    except ValueError:
        raise ValueError('must be "adaptive" or a whole number from 0 to 10000') from None


def key(value: object) -> str:
    """Parse a key: one word of visible ASCII characters."""
    # An HTTP header holds visible ASCII; another character is a slip while pasting.
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]{1,1000}", value.strip()):
        raise ValueError("must be one word of visible ASCII characters")
    return value.strip()


def base_url(value: object) -> str:
    """Parse the address of a service; a trailing slash is removed.

    What else a provider removes from its address is in the registry of providers.
    """
    try:
        parts = urlsplit(value.strip() if isinstance(value, str) else "")
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("must be an http:// or https:// address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be an address without user name, password, query or fragment")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
