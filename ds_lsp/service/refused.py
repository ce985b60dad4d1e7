"""Documents whose text the provider refused: they alone are not asked about for a while."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

from ds_lsp.errors import RefusedTextError
from ds_lsp.text.lines import LINE_END

FIRST_PAUSE_S = 30.0
"""Seconds without automatic requests after a refusal; each one in a row doubles them. A refused
text is mostly still there at the next key."""
LONGEST_PAUSE_S = 600.0
MAX_DOCUMENTS = 100
"""Maximum documents remembered."""
MANY = 3
"""Refusals in a row, in as many documents, after which it is not the text."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    error: RefusedTextError
    until: float
    times: int
    text: str
    """What was sent of the document; empty: not known."""


class RefusedTexts:
    """Holds automatic requests back in documents that were refused."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refusals: LRUCache[str, _Refusal] = LRUCache(MAX_DOCUMENTS)
        self._in_a_row: set[str] = set()

    def refuses(self, uri: str, text: str = "") -> RefusedTextError | None:
        """Return why nothing is asked automatically in a document now, or None.

        *text* is what would be sent of it: where a line of the refused text is gone from it, that
        may be what was refused, and it is asked about at once.
        """
        refusal = self._refusals.get(uri)
        if refusal is None or self._clock() >= refusal.until:
            return None
        return None if _has_lost_a_line(refusal.text, text) else refusal.error

    def knows(self, uri: str) -> bool:
        """Return whether a document was refused and has not been answered since."""
        return uri in self._refusals

    def failed(
        self, uri: str, error: RefusedTextError, *, text: str = "", had_context: bool = False
    ) -> bool:
        """Note a refusal; return True after so many documents that it cannot be the text.

        *text*: what was sent of the document. *had_context*: text of other files was sent along and
        may be what was refused: the document is asked about again at once, without it.
        """
        if had_context:
            self._refusals[uri] = _Refusal(error, self._clock(), 0, text)
            return False
        known = self._refusals.get(uri)
        times = known.times + 1 if known else 1
        pause_s = min(FIRST_PAUSE_S * 2.0 ** (times - 1), LONGEST_PAUSE_S)
        self._refusals[uri] = _Refusal(error, self._clock() + pause_s, times, text)
        if len(self._in_a_row) < MANY:
            self._in_a_row.add(uri)
        return len(self._in_a_row) >= MANY

    def worked(self, uri: str) -> None:
        """Note that a text of this document was answered."""
        self._refusals.pop(uri, None)
        self._in_a_row.clear()

    def forget(self, uri: str) -> None:
        """Forget a document that was closed."""
        self._refusals.pop(uri, None)
        self._in_a_row.discard(uri)

    def clear(self) -> None:
        """Forget all: another provider is asked from now on."""
        self._refusals.clear()
        self._in_a_row.clear()


def _has_lost_a_line(refused: str, now: str) -> bool:
    """Return whether a line of *refused* is in *now* no more, not even with more typed into it."""
    if not refused or not now:
        return False
    before, after = (LINE_END.split(text) for text in (refused, now))
    kept, known = set(after), set(before)
    new = [line for line in after if line not in known]
    return any(not any(_is_within(line, each) for each in new) for line in known - kept)


def _is_within(line: str, longer: str) -> bool:
    rest = iter(longer)
    return all(character in rest for character in line)
