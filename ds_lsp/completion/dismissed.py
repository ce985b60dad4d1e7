"""The memory of dismissed completions: none is offered automatically at its place again."""

import time
from collections.abc import Callable

from cachetools import LRUCache, TTLCache

from ds_lsp.text.snapshot import Snapshot

MAX_REMEMBERED = 20
"""Maximum dismissed completions in memory; the oldest are forgotten first."""
FORGET_S = 600.0
"""Seconds until a dismissal is forgotten: the user may want the completion after all by then."""
_MAX_OFFERS = 64
"""Maximum offered completions in memory that the user may still dismiss."""

_Offer = tuple[str, str, str, str]
"""The document's uri, its line before and after the cursor, and the text of the completion.

There is no line number in it, so an offer is recognized after its line has moved.
"""


class Dismissed:
    """Remembers the last completions that the user dismissed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._offers: LRUCache[int, _Offer] = LRUCache(_MAX_OFFERS)
        self._dismissed: TTLCache[_Offer, None] = TTLCache(MAX_REMEMBERED, FORGET_S, timer=clock)

    def note_offer(self, identifier: int, at: Snapshot, text: str) -> None:
        """Note a completion that the user may dismiss later."""
        self._offers[identifier] = _to_offer(at, text)

    def dismiss(self, identifier: int) -> None:
        """Remember that the user has read the completion and typed something else."""
        offer = self._offers.pop(identifier, None)
        if offer:
            self._dismissed[offer] = None

    def holds(self, at: Snapshot, text: str) -> bool:
        """Return whether the user dismissed *text* at this place."""
        return _to_offer(at, text) in self._dismissed

    def withdraw(self, at: Snapshot, text: str) -> None:
        """Forget the dismissal of *text* at this place: only a typo was typed over it."""
        self._dismissed.pop(_to_offer(at, text), None)

    def clear(self) -> None:
        """Forget all offers and dismissals."""
        self._offers.clear()
        self._dismissed.clear()


def _to_offer(at: Snapshot, text: str) -> _Offer:
    return at.uri, at.line_before, at.line_after, text
