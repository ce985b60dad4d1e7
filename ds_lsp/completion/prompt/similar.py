"""Finds the window of other open files that is most similar to the text around the cursor."""

from collections.abc import Generator, Iterable, Sequence, Set

from ds_lsp.completion.prompt.pieces import Excerpt, ParsedFile
from ds_lsp.languages.words import words_of

WINDOW_LINES = 16
_STEP_LINES = 8
"""Lines from the start of one window to the start of the next."""
_MIN_JACCARD = 0.1
"""Minimum Jaccard index of a similar window."""
_MAX_DICE = 0.5
"""Maximum Dice coefficient of a similar window: the model would copy a closer one line by line."""


def words_in(names: Iterable[str]) -> frozenset[str]:
    """Return the words that *names* are made of."""
    return frozenset(word for name in names for word in words_of(name))


def find_most_similar(
    query: Set[str], files: Sequence[ParsedFile]
) -> Generator[None, None, Excerpt | None]:
    """Find the window whose words have the highest Jaccard index with *query*, in steps.

    The result is None if no window is similar enough, or all similar ones are near copies.
    """
    best, found = _MIN_JACCARD, None
    for file in files:
        by_line = [words_in(names) for names in file.names_by_line]
        yield
        for start in range(0, max(len(by_line) - WINDOW_LINES // 2, 1), _STEP_LINES):
            window = frozenset().union(*by_line[start : start + WINDOW_LINES])
            index = jaccard(query, window)
            if index > best and dice(query, window) <= _MAX_DICE:
                best, found = index, cut_lines(file, start, start + WINDOW_LINES)
        yield
    return found


def cut_lines(file: ParsedFile, first: int, end: int) -> Excerpt | None:
    """Return the lines from *first* up to *end* without the blank ones around them.

    The limits may lie outside the file. None: all of the lines are blank.
    """
    first, end = max(first, 0), min(end, len(file.lines))
    while first < end and not file.lines[first].strip():
        first += 1
    while first < end and not file.lines[end - 1].strip():
        end -= 1
    text = "\n".join(line.rstrip() for line in file.lines[first:end])
    return Excerpt(file.path, text, first) if text else None


def jaccard(one: Set[str], other: Set[str]) -> float:
    """Return the Jaccard index of two sets, 0 to 1: their common elements to all elements."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0


def dice(one: Set[str], other: Set[str]) -> float:
    """Return the Dice coefficient of two sets, 0 to 1: common elements to the mean of the sizes."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0
