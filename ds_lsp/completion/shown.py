"""The completions that the user saw last, and those of them that they did not want."""

import time
from collections.abc import Callable

from cachetools import LRUCache

from ds_lsp.completion.dismissed import Dismissed
from ds_lsp.completion.request import Completion
from ds_lsp.completion.trigger import ShownCompletion, has_taken_back_typo
from ds_lsp.text.snapshot import Snapshot

_MAX_DOCUMENTS = 64


class ShownCompletions:
    """The completions that were offered last, by document."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.dismissed = Dismissed(clock)
        self._last: LRUCache[str, ShownCompletion] = LRUCache(_MAX_DOCUMENTS)
        self._standing: LRUCache[str, tuple[str, str]] = LRUCache(_MAX_DOCUMENTS)

    def last(self, uri: str) -> ShownCompletion:
        """Return the completion that was offered last in a document."""
        return self._last.get(uri, ShownCompletion())

    def note(self, uri: str, shown: ShownCompletion) -> None:
        """Remember the completion that is offered now."""
        self._last[uri] = shown

    def note_standing(self, completion: Completion, at: Snapshot) -> None:
        """Remember where ghost text stands, as far as the server can tell."""
        if completion.text:
            self._standing[at.uri] = _line_around(at)
        else:
            self._standing.pop(at.uri, None)

    def stands_at(self, at: Snapshot) -> bool:
        """Return whether the last answer in this document was a completion at this place."""
        return self._standing.get(at.uri) == _line_around(at)

    def is_unwanted(self, at: Snapshot, text: str) -> bool:
        """Return whether *text* was dismissed here, by more than a typo."""
        return self.dismissed.holds(at, text) and not has_taken_back_typo(at)

    def forget(self) -> None:
        """Forget where ghost text stands."""
        self._standing.clear()

    def close(self, uri: str) -> None:
        """Forget a document that was closed."""
        self._last.pop(uri, None)
        self._standing.pop(uri, None)


def _line_around(at: Snapshot) -> tuple[str, str]:
    return at.line_before, at.line_after
