"""Find the lines of an older version of a document that are around the cursor now."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

_MAX_SAME_LINES = 12
"""Maximum occurrences of a line that is used as evidence: a frequent line says little about its
position."""
_BLANK = hash("")


def hashes_of(lines: Sequence[str]) -> list[int]:
    """Return a hash of each line without its indentation."""
    return [hash(line.strip()) for line in lines]


def overlap(older: Sequence[int], before: Sequence[int], after: Sequence[int]) -> range:
    """Return the lines of *older* that are around the cursor now, or were in between then.

    *before* and *after* are the lines above and below the cursor's line; all lines are given by
    `hashes_of`. The range includes the lines between them: the older version of the cursor's line,
    perhaps with a half-typed word, and lines that have changed since.
    """
    numbers: defaultdict[int, list[int]] = defaultdict(list)
    for number, line in enumerate(older):
        if line != _BLANK:
            numbers[line].append(number)
    # In doubt, take the widest range: a line that is counted twice, or half typed, does more harm
    # than a line that is missed.
    top = min(_most_common_shifts(before, numbers), default=None)
    below = max(_most_common_shifts(after, numbers), default=None)
    if top is None:
        top = 0 if below is None else below - 1 - len(before)
    if below is None:
        below = top + len(before) + 1
    # Nothing is below the cursor: the lines that once were there are gone.
    is_last = all(line == _BLANK for line in after)
    return range(max(0, top), len(older) if is_last else below + len(after))


def _most_common_shifts(lines: Sequence[int], numbers: Mapping[int, Sequence[int]]) -> list[int]:
    """Return the shifts, in lines, that the most of *lines* have in the older version.

    A positive shift is further down. Several shifts are returned if equally many lines have them.
    """
    votes: Counter[int] = Counter()
    for number, line in enumerate(lines):
        known = numbers.get(line, ())
        if len(known) <= _MAX_SAME_LINES:
            votes.update(each - number for each in known)
    most = max(votes.values(), default=0)
    return [shift for shift, count in votes.items() if count == most]
