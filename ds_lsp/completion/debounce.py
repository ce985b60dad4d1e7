"""Wait for quiet: how long an automatic request rests before the model is asked."""

import math
import statistics
from collections import deque

from cachetools import LRUCache

from ds_lsp.completion.request import CompletionRequest, Trigger
from ds_lsp.document import Snapshot, is_word_character

SHORTEST_MS = 100.0
LONGEST_MS = 400.0
MOST_WITH_LATENCY_MS = 600.0
"""Wait and median latency together stay under this: VS Code drops what comes 750 ms after the end
of a word."""
WORD_GAPS = 1.7
"""Inside a word: so many of the user's usual gaps between keys without a key are quiet."""
END_GAPS = 1.5
"""After the end of one, where it is more likely to be wanted."""
MOVED_MS = 3_000.0
"""Where the cursor has come without an edit: most such stops are for reading. (In the recorded
session a wait of 3 s instead of the usual one saves a fifth of all calls and no acceptance.)"""
IDLE_S = 2.0
"""The first key after a pause this long is asked about at once."""
USUAL_GAP_MS = 150.0
"""What a gap is taken to be until some have been seen."""

WHEN_REJECTED, WHEN_ACCEPTED = 1.5, 0.8
"""What each of the last completions that was rejected or accepted multiplies the wait by."""
OUTCOMES_FADE_S = 600.0

_LONGEST_GAP_S = 0.4
"""Longer ones are pauses for thought, and say nothing of how fast somebody types."""
_GAPS_KEPT = 100
_GAPS_NEEDED = 20
_LATENCIES_KEPT = 10
_OUTCOMES_KEPT = 10
_OUTCOMES_NEEDED = 3
_NOWHERE = -1
"""The line of the last edit where there was none."""
_MAX_LANES = 256


class Pace:
    """How this user types and how fast the provider answers: what the wait goes by."""

    def __init__(self) -> None:
        self._last: LRUCache[str, tuple[float, int, int]] = LRUCache(_MAX_LANES)
        self._edited_at = float("-inf")
        self._gap_before_s = float("inf")
        self._gaps_s: deque[float] = deque(maxlen=_GAPS_KEPT)
        self._latencies_s: deque[float] = deque(maxlen=_LATENCIES_KEPT)
        self._outcomes: deque[tuple[float, float]] = deque(maxlen=_OUTCOMES_KEPT)

    def busy_at(self, lane: str, snapshot: Snapshot, now: float) -> float:
        """When the user was last seen to do something, on the clock of the document.

        Some editors ask at every movement of the cursor; an arrow key held down is not quiet
        either.
        """
        if snapshot.edited_at > self._edited_at:
            self._gap_before_s = snapshot.edited_at - self._edited_at
            self._edited_at = snapshot.edited_at
            if self._gap_before_s <= _LONGEST_GAP_S:
                self._gaps_s.append(self._gap_before_s)
        last = self._last.get(lane)
        this = (snapshot.edited_at, snapshot.line, snapshot.column)
        self._last[lane] = this
        has_only_moved = last is not None and last[0] == this[0] and last != this
        return now if has_only_moved else snapshot.edited_at

    def answered(self, latency_s: float) -> None:
        """A call took so long until its answer could be shown."""
        self._latencies_s.append(latency_s)

    def rejected(self, now: float) -> None:
        """What was offered stood there to be read, and something else was typed."""
        self._outcomes.append((now, WHEN_REJECTED))

    def withdraw_rejection(self) -> None:
        """Forget the last rejection: what was typed over the offer was a typo."""
        if self._outcomes and self._outcomes[-1][1] == WHEN_REJECTED:
            self._outcomes.pop()

    def accepted(self, now: float) -> None:
        self._outcomes.append((now, WHEN_ACCEPTED))

    def reluctance(self, now: float) -> float:
        """What to multiply a wait by, going by what became of the last offers; few say nothing."""
        if len(self._outcomes) < _OUTCOMES_NEEDED:
            return 1.0
        faded = (
            1 + (factor - 1) * math.exp((at - now) / OUTCOMES_FADE_S)
            for at, factor in self._outcomes
        )
        return math.prod(faded)

    @property
    def has_rested(self) -> bool:
        """Whether the last edit was the first one after a pause."""
        return self._gap_before_s >= IDLE_S

    @property
    def gap_ms(self) -> float:
        """The usual time between two keys."""
        if len(self._gaps_s) < _GAPS_NEEDED:
            return USUAL_GAP_MS
        return 1000 * statistics.median(self._gaps_s)

    @property
    def latency_ms(self) -> float:
        return 1000 * statistics.median(self._latencies_s) if self._latencies_s else 0.0


def wait_s(request: CompletionRequest, busy_at: float, now: float, pace: Pace) -> float:
    """Seconds still to wait at time *now*.

    Counted from the edit and not from the request, so that an editor's own wait is not paid twice.
    """
    if request.trigger is Trigger.INVOKED:
        return 0.0
    setting = request.settings.debounce_ms
    wait_ms = adaptive_ms(request.snapshot, pace, now) if isinstance(setting, str) else setting
    return max(0.0, busy_at + wait_ms / 1000 - now)


def adaptive_ms(at: Snapshot, pace: Pace, now: float) -> float:
    """The wait that ``adaptive`` stands for at this cursor."""
    if at.edits.line not in (_NOWHERE, at.line):
        return MOVED_MS
    is_new_line = not at.line_before.strip() and not at.line_after.strip()
    if pace.has_rested or is_new_line:
        return 0.0
    is_in_word = bool(at.line_before) and is_word_character(at.line_before[-1])
    wait_ms = pace.gap_ms * (WORD_GAPS if is_in_word else END_GAPS) * pace.reluctance(now)
    left_ms = MOST_WITH_LATENCY_MS - pace.latency_ms
    # A provider that is too slow for that anyway is not asked at every key for it.
    longest_ms = min(LONGEST_MS, left_ms) if left_ms > 0 else SHORTEST_MS
    return min(max(wait_ms, SHORTEST_MS), longest_ms)
