"""Wait for quiet: how long an automatic request rests before the model is asked."""

from cachetools import LRUCache

from ds_lsp.completion.request import CompletionRequest, Trigger
from ds_lsp.document import Snapshot

ADAPTIVE_MS = 150
"""What ``adaptive`` waits: the shortest wait that halves the calls of a typist with 140 ms between
keys, by a simulation of log-normal typing (75 ms: 93 calls in 100 keys; 150: 50; 250: 20)."""

_MAX_LANES = 256


class Pace:
    """Remembers where each lane last asked, to tell a cursor that moves from a text that changes.

    Some editors ask at every movement of the cursor; an arrow key held down is not quiet either.
    """

    def __init__(self) -> None:
        self._last: LRUCache[str, tuple[float, int, int]] = LRUCache(_MAX_LANES)

    def busy_at(self, lane: str, snapshot: Snapshot, now: float) -> float:
        """When the user was last seen to do something, on the clock of the document."""
        last = self._last.get(lane)
        this = (snapshot.edited_at, snapshot.line, snapshot.column)
        self._last[lane] = this
        has_only_moved = last is not None and last[0] == this[0] and last != this
        return now if has_only_moved else snapshot.edited_at


def wait_s(request: CompletionRequest, busy_at: float, now: float) -> float:
    """Seconds still to wait at time *now*.

    Counted from the edit and not from the request, so that an editor's own wait is not paid twice.
    """
    if request.trigger is Trigger.INVOKED:
        return 0.0
    setting = request.settings.debounce_ms
    wait_ms = ADAPTIVE_MS if isinstance(setting, str) else setting
    return max(0.0, busy_at + wait_ms / 1000 - now)
