"""What the user did not want, and where: it is not offered there again by itself."""

import time
from collections.abc import Callable

from cachetools import LRUCache, TTLCache

from ds_lsp.document import Snapshot

MOST = 20
FORGET_S = 600.0
"""What was not wanted ten minutes ago may be wanted now."""
_MAX_OFFERS = 64

_Offer = tuple[str, str, str, str]
"""Document, the line before and after the cursor, and the text: it is known again by these when
the line has moved."""


class Dismissed:
    """The last completions that were dismissed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._offers: LRUCache[int, _Offer] = LRUCache(_MAX_OFFERS)
        self._dismissed: TTLCache[_Offer, None] = TTLCache(MOST, FORGET_S, timer=clock)

    def offered(self, identifier: int, at: Snapshot, text: str) -> None:
        """A completion was offered, and may come to be dismissed."""
        self._offers[identifier] = _offer(at, text)

    def dismiss(self, identifier: int) -> None:
        """The user has seen it and gone another way."""
        offer = self._offers.pop(identifier, None)
        if offer:
            self._dismissed[offer] = None

    def holds(self, at: Snapshot, text: str) -> bool:
        """Whether *text* was dismissed here."""
        return _offer(at, text) in self._dismissed

    def withdraw(self, at: Snapshot, text: str) -> None:
        """Forget that *text* was dismissed here: only a typo was typed over it."""
        self._dismissed.pop(_offer(at, text), None)

    def clear(self) -> None:
        self._offers.clear()
        self._dismissed.clear()


def _offer(at: Snapshot, text: str) -> _Offer:
    return at.uri, at.line_before, at.line_after, text
