"""Which pieces of other files are worth their tokens: those with names that may be needed next.

A name may be needed if it stands, in other files, on a line with names that stand near the
cursor here. Names this document has already are known; of the others, each counts once. So the
pieces together show as many likely names as the budget holds.
"""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Generator, Mapping, Sequence, Set
from dataclasses import dataclass

from ds_lsp.completion.budget import Scale
from ds_lsp.completion.excerpts.source import Piece, Source, names_in
from ds_lsp.document import LINE_END

_LINES_BEFORE, _LINES_AFTER = 30, 10
_HALF = 4
"""A name so many lines away counts half."""
_AFTER_WEIGHT = 0.7
_OFTEN = 0.3
"""What a name counts for being common among the sources, whatever is near the cursor."""
_FIXED_COST = 3.0
"""Tokens: a very short piece costs its place and the reader's attention."""
_STEPS_AT_A_TIME = 200

Steps = Generator[None, None, list[Piece]]
"""Work in steps of well under a millisecond each; its result."""


@dataclass(frozen=True, slots=True)
class Here:
    """The document that is being completed."""

    names: Set[str]
    """All names in it."""
    near: Mapping[str, float]
    """Those near the cursor, and how near: 1 on its line."""


def here(text: str, before: str, after: str) -> Here:
    """*text* is all of it, or its start; *before* and *after* are the text around the cursor."""
    near: dict[str, float] = {}
    above = reversed(LINE_END.split(before)[-_LINES_BEFORE:])
    below = LINE_END.split(after)[:_LINES_AFTER]
    for lines, weight in ((above, 1.0), (below, _AFTER_WEIGHT)):
        for distance, line in enumerate(lines):
            for name in names_in(line):
                near[name] = max(near.get(name, 0), weight / (1 + distance / _HALF))
    return Here(frozenset().union(*map(names_in, (text, before, after))), near)


def pick(at: Here, sources: Sequence[tuple[Source, float]], budget: float, scale: Scale) -> Steps:
    """The best pieces of *sources* (each with its weight) within *budget* tokens."""
    worth = yield from _worth_of_names(at, sources)
    candidates = [
        (source.pieces[index], names, weight)
        for source, weight in sources
        for index, names in enumerate(source.names_by_piece)
    ]
    costs = [scale.tokens(piece.text) + 1 for piece, _, _ in candidates]
    yield
    heap: list[tuple[float, int]] = []
    for index, (_, names, weight) in enumerate(candidates):
        value = weight * sum(worth.get(name, 0.0) for name in names)
        if value > 0:
            heap.append((-value / (costs[index] + _FIXED_COST), index))
        if index % _STEPS_AT_A_TIME == 0:
            yield
    heapq.heapify(heap)
    chosen: list[Piece] = []
    left = budget
    shown: set[str] = set()
    heads: set[tuple[str, str]] = set()
    steps = 0
    while heap and left > _FIXED_COST:
        steps += 1
        if steps % _STEPS_AT_A_TIME == 0:
            yield
        _, index = heapq.heappop(heap)
        piece, names, weight = candidates[index]
        cost = costs[index]
        if piece.path not in shown:
            cost += scale.tokens(piece.path) + 2
        if piece.head and (piece.path, piece.head) not in heads:
            cost += scale.tokens(piece.head) + 1
        if cost > left:
            continue
        # Each name counts once, so what was best may not be by now.
        value = weight * sum(worth.get(name, 0.0) for name in names)
        rank = -value / (costs[index] + _FIXED_COST)
        if heap and rank > heap[0][0]:
            if value > 0:
                heapq.heappush(heap, (rank, index))
            continue
        if value <= 0:
            break
        left -= cost
        chosen.append(piece)
        shown.add(piece.path)
        heads.add((piece.path, piece.head))
        for name in names:
            worth.pop(name, None)
    return chosen


def _worth_of_names(
    at: Here, sources: Sequence[tuple[Source, float]]
) -> Generator[None, None, defaultdict[str, float]]:
    common: Counter[str] = Counter()
    for source, _ in sources:
        common.update(source.names)
        yield
    rarity = {name: math.log(1 + (len(sources) + 1) / (1 + common[name])) for name in at.near}
    worth: defaultdict[str, float] = defaultdict(float)
    for source, weight in sources:
        for number, names in enumerate(source.names_by_line):
            together = sum(at.near[name] * rarity[name] for name in names if name in at.near)
            if together:
                for name in names:
                    if name not in at.names:
                        worth[name] += weight * together
            if number % _STEPS_AT_A_TIME == 0:
                yield
    for name in common.keys() - at.names:
        worth[name] = math.sqrt(worth[name]) + _OFTEN * math.log(1 + common[name])
    return worth
