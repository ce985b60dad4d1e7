"""Selects the excerpts worth their tokens: those with names that may be needed at the cursor.

A name may be needed if other files have it on a line with names that are near the cursor. Names
that the document has already count nothing, and each other name counts once. So the selected
excerpts together show as many likely names as the budget holds.
"""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Generator, Mapping, Sequence, Set
from dataclasses import dataclass

from ds_lsp.completion.prompt.budget import Scale
from ds_lsp.completion.prompt.pieces import Excerpt, ParsedFile, names_in
from ds_lsp.text.lines import LINE_END

_LINES_BEFORE, _LINES_AFTER = 30, 10
"""Lines on each side of the cursor whose names are near it."""
_HALVING_LINES = 4
"""Lines from the cursor at which a name counts half."""
_AFTER_WEIGHT = 0.7
"""Weight of a name after the cursor; one before it counts 1."""
_COMMON_WEIGHT = 0.3
"""Weight of a name for being common among the files, whatever is near the cursor."""
_FIXED_COST_TOKENS = 3.0
"""Tokens added to the cost of each excerpt: even a short one takes a line and distracts the model.
"""
_ITEMS_PER_STEP = 200
"""Names, lines or excerpts between two points at which the caller may do something else."""

Steps = Generator[None, None, list[Excerpt]]
"""Work in steps of well under a millisecond each, and its result."""


@dataclass(frozen=True, slots=True)
class CursorNames:
    """The names in the document that is being completed."""

    in_document: Set[str]
    """All names in it."""
    near: Mapping[str, float]
    """The names near the cursor, each with its closeness: 1 on the cursor's line, else less."""


def find_cursor_names(text: str, before: str, after: str) -> CursorNames:
    """Find the names in a document.

    *text* is the document or its start; *before* and *after* are the text around the cursor.
    """
    near: dict[str, float] = {}
    above = reversed(LINE_END.split(before)[-_LINES_BEFORE:])
    below = LINE_END.split(after)[:_LINES_AFTER]
    for lines, weight in ((above, 1.0), (below, _AFTER_WEIGHT)):
        for distance, line in enumerate(lines):
            for name in names_in(line):
                near[name] = max(near.get(name, 0), weight / (1 + distance / _HALVING_LINES))
    return CursorNames(frozenset().union(*map(names_in, (text, before, after))), near)


def select_excerpts(
    cursor: CursorNames,
    files: Sequence[tuple[ParsedFile, float]],
    budget: float,
    scale: Scale,
) -> Steps:
    """Select the best excerpts of *files* within *budget* tokens; each file has a weight.

    An excerpt ranks by the worth of its names for each token. With each excerpt selected, its
    names are worth nothing more, so an excerpt is ranked again when its turn comes.
    """
    worth = yield from _weigh_names(cursor, files)
    candidates = [
        (file.excerpts[index], names, weight)
        for file, weight in files
        for index, names in enumerate(file.names_by_excerpt)
    ]
    costs = [scale.tokens(excerpt.text) + 1 for excerpt, _, _ in candidates]
    yield
    heap: list[tuple[float, int]] = []
    for index, (_, names, weight) in enumerate(candidates):
        value = weight * sum(worth.get(name, 0.0) for name in names)
        if value > 0:
            heap.append((-value / (costs[index] + _FIXED_COST_TOKENS), index))
        if index % _ITEMS_PER_STEP == 0:
            yield
    heapq.heapify(heap)
    selected: list[Excerpt] = []
    left = budget
    paths: set[str] = set()
    owner_lines: set[tuple[str, str]] = set()
    steps = 0
    while heap and left > _FIXED_COST_TOKENS:
        steps += 1
        if steps % _ITEMS_PER_STEP == 0:
            yield
        _, index = heapq.heappop(heap)
        excerpt, names, weight = candidates[index]
        cost = costs[index]
        if excerpt.path not in paths:
            cost += scale.tokens(excerpt.path) + 2
        if excerpt.owner_line and (excerpt.path, excerpt.owner_line) not in owner_lines:
            cost += scale.tokens(excerpt.owner_line) + 1
        if cost > left:
            continue
        # Each name counts once, so the excerpts selected since may have lowered this one's rank.
        value = weight * sum(worth.get(name, 0.0) for name in names)
        rank = -value / (costs[index] + _FIXED_COST_TOKENS)
        if heap and rank > heap[0][0]:
            if value > 0:
                heapq.heappush(heap, (rank, index))
            continue
        if value <= 0:
            break
        left -= cost
        selected.append(excerpt)
        paths.add(excerpt.path)
        owner_lines.add((excerpt.path, excerpt.owner_line))
        for name in names:
            worth.pop(name, None)
    return selected


def _weigh_names(
    cursor: CursorNames, files: Sequence[tuple[ParsedFile, float]]
) -> Generator[None, None, defaultdict[str, float]]:
    """Weigh the names in *files* that the document does not have, in steps.

    A name is worth more if it shares lines with names that are near the cursor and rare among the
    files, and a little more if it is itself common among them.
    """
    near = cursor.near
    common: Counter[str] = Counter()
    for file, _ in files:
        common.update(file.names)
        yield
    rarity = {name: math.log(1 + (len(files) + 1) / (1 + common[name])) for name in near}
    worth: defaultdict[str, float] = defaultdict(float)
    for file, weight in files:
        for number, names in enumerate(file.names_by_line):
            together = sum(near[name] * rarity[name] for name in names if name in near)
            if together:
                for name in names:
                    if name not in cursor.in_document:
                        worth[name] += weight * together
            if number % _ITEMS_PER_STEP == 0:
                yield
    for name in common.keys() - cursor.in_document:
        worth[name] = math.sqrt(worth[name]) + _COMMON_WEIGHT * math.log(1 + common[name])
    return worth
