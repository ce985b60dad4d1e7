"""Which lines of an older version of a document stand around the cursor now."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

# A line that is there more often than this says little about where it is.
_MAX_SAME_LINES = 12
_BLANK = hash("")


def hashes_of(lines: Sequence[str]) -> list[int]:
    """A number for each line, whatever its indentation."""
    return [hash(line.strip()) for line in lines]


def overlap(older: Sequence[int], before: Sequence[int], after: Sequence[int]) -> range:
    """The lines of *older* that stand around the cursor now, or stood there then.

    *before* and *after* are the lines above and below the cursor's; all lines by `hashes_of`.
    In between is the cursor's line as it was then, perhaps with a word half typed, and what has
    been changed since.
    """
    numbers: defaultdict[int, list[int]] = defaultdict(list)
    for number, line in enumerate(older):
        if line != _BLANK:
            numbers[line].append(number)
    # In doubt, the widest: a line counted twice, or half typed, does more harm than one missed.
    top = min(_most_common_shifts(before, numbers), default=None)
    below = max(_most_common_shifts(after, numbers), default=None)
    if top is None:
        top = 0 if below is None else below - 1 - len(before)
    if below is None:
        below = top + len(before) + 1
    # Nothing below the cursor: whatever was there once is gone.
    is_last = all(line == _BLANK for line in after)
    return range(max(0, top), len(older) if is_last else below + len(after))


def _most_common_shifts(lines: Sequence[int], numbers: Mapping[int, Sequence[int]]) -> list[int]:
    """By how much most of *lines* are further down in the older version."""
    votes: Counter[int] = Counter()
    for number, line in enumerate(lines):
        known = numbers.get(line, ())
        if len(known) <= _MAX_SAME_LINES:
            votes.update(each - number for each in known)
    most = max(votes.values(), default=0)
    return [shift for shift, count in votes.items() if count == most]
