"""The windows of other open files that are most like the text around the cursor."""

from collections.abc import Generator, Iterable, Sequence, Set

from ds_lsp.completion.excerpts.source import Piece, Source
from ds_lsp.completion.excerpts.words import words_of

WINDOW_LINES = 16
_STEP = 8
_LEAST_ALIKE = 0.1
_TOO_ALIKE = 0.5
"""Dice's coefficient above which the model would only copy it line by line."""


def words(names: Iterable[str]) -> frozenset[str]:
    return frozenset(word for name in names for word in words_of(name))


def most_similar(query: Set[str], sources: Sequence[Source]) -> Generator[None, None, Piece | None]:
    """The window with the highest Jaccard index of its words and *query*, if it is like it."""
    best, found = _LEAST_ALIKE, None
    for source in sources:
        by_line = [words(names) for names in source.names_by_line]
        yield
        for start in range(0, max(len(by_line) - WINDOW_LINES // 2, 1), _STEP):
            window = frozenset().union(*by_line[start : start + WINDOW_LINES])
            alike = jaccard(query, window)
            if alike > best and dice(query, window) <= _TOO_ALIKE:
                best, found = alike, lines_of(source, start, start + WINDOW_LINES)
        yield
    return found


def lines_of(source: Source, first: int, end: int) -> Piece | None:
    """These lines, without blank ones around them; None when nothing is left."""
    first, end = max(first, 0), min(end, len(source.lines))
    while first < end and not source.lines[first].strip():
        first += 1
    while first < end and not source.lines[end - 1].strip():
        end -= 1
    text = "\n".join(line.rstrip() for line in source.lines[first:end])
    return Piece(source.path, text, first) if text else None


def jaccard(one: Set[str], other: Set[str]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0


def dice(one: Set[str], other: Set[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0
