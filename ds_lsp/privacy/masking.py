"""The vocabulary of masking: where a secret stands, and how several of them become one list."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FILLER = "x"


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands in a text, and the name of the rule that says so."""

    rule: str
    start: int
    end: int


def shift(secrets: Iterable[Secret], by: int) -> Iterator[Secret]:
    """Return the secrets of a part of a text that begins at offset *by*."""
    return (Secret(each.rule, by + each.start, by + each.end) for each in secrets)


def merge_overlaps(secrets: Iterable[Secret]) -> list[Secret]:
    """Return the secrets in order; those that overlap become one."""
    apart: list[Secret] = []
    for each in sorted(secrets, key=lambda each: (each.start, -each.end)):
        if apart and each.start < apart[-1].end:
            last = apart.pop()
            each = Secret(last.rule, last.start, max(last.end, each.end))
        apart.append(each)
    return apart
