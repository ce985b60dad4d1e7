"""The vocabulary of masking: the range of a secret, and lists of such ranges."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FILLER = "x"


@dataclass(frozen=True, slots=True)
class Secret:
    """The range of a secret in a text, as offsets, and the name of the rule that found it."""

    rule: str
    start: int
    end: int


def shift(secrets: Iterable[Secret], by: int) -> Iterator[Secret]:
    """Move the secrets found in a part of a text by the offset at which the part begins."""
    return (Secret(each.rule, by + each.start, by + each.end) for each in secrets)


def merge_overlaps(secrets: Iterable[Secret]) -> list[Secret]:
    """Sort the secrets by offset, and merge those that overlap into one."""
    apart: list[Secret] = []
    for each in sorted(secrets, key=lambda each: (each.start, -each.end)):
        if apart and each.start < apart[-1].end:
            last = apart.pop()
            each = Secret(last.rule, last.start, max(last.end, each.end))
        apart.append(each)
    return apart
