"""The debounce: the wait of an automatic request before the model is asked."""

import math
import statistics
from collections import deque

from cachetools import LRUCache

from ds_lsp.completion.request import CompletionRequest, Trigger
from ds_lsp.text.lines import is_word_character
from ds_lsp.text.snapshot import Snapshot

MIN_WAIT_MS = 100.0
MAX_WAIT_MS = 400.0
MAX_WITH_LATENCY_MS = 600.0
"""Maximum milliseconds of wait and median latency together: VS Code drops an answer that comes
750 ms after the end of a word."""
GAPS_IN_WORD = 1.7
"""The wait inside a word, as a multiple of the user's typical gap between two keys."""
GAPS_AFTER_WORD = 1.5
"""The wait after the end of a word, as such a multiple: a completion is more likely wanted there.
"""
MOVED_WAIT_MS = 3_000.0
"""Milliseconds to wait where the cursor came without an edit: most such stops are for reading. (In
the recorded session a wait of 3 s instead of the usual one saves a fifth of all calls and no
acceptance.)"""
PAUSE_S = 2.0
"""Seconds without a key after which the next key is asked about at once."""
DEFAULT_GAP_MS = 150.0
"""Milliseconds assumed between two keys until `_MIN_GAPS` gaps have been measured."""

DISMISSED_FACTOR, ACCEPTED_FACTOR = 1.5, 0.8
"""Factors applied to the wait for each recent dismissal or acceptance."""
OUTCOMES_FADE_S = 600.0
"""Seconds in which the effect of a dismissal or acceptance falls to 1/e."""

_MAX_GAP_S = 0.4
"""Maximum seconds between two keys that count as typing; a longer gap is a pause for thought."""
_MAX_GAPS = 100
_MIN_GAPS = 20
_MAX_LATENCIES = 10
_MAX_OUTCOMES = 10
_MIN_OUTCOMES = 3
_NO_LINE = -1
"""The value of `Edits.line` for a document without edits."""
_MAX_QUEUES = 256


class TypingRhythm:
    """The rhythm of this user's typing and the provider's latency, from which waits are computed.

    One object serves all documents of a session. It holds the last gaps between keys, the last
    latencies, and the last dismissals and acceptances.
    """

    def __init__(self) -> None:
        self._last: LRUCache[str, tuple[float, int, int]] = LRUCache(_MAX_QUEUES)
        self._edited_at = float("-inf")
        self._gap_before_s = float("inf")
        self._gaps_s: deque[float] = deque(maxlen=_MAX_GAPS)
        self._latencies_s: deque[float] = deque(maxlen=_MAX_LATENCIES)
        self._outcomes: deque[tuple[float, float]] = deque(maxlen=_MAX_OUTCOMES)

    def last_activity(self, queue: str, snapshot: Snapshot, now: float) -> float:
        """Note a request's snapshot, and return the time of the user's last activity.

        That is the time of the last edit, in seconds on the document's clock. It is *now* if only
        the cursor has moved since the last request in *queue*: some editors ask at each movement,
        and an arrow key held down is activity too.
        """
        if snapshot.edited_at > self._edited_at:
            self._gap_before_s = snapshot.edited_at - self._edited_at
            self._edited_at = snapshot.edited_at
            if self._gap_before_s <= _MAX_GAP_S:
                self._gaps_s.append(self._gap_before_s)
        last = self._last.get(queue)
        this = (snapshot.edited_at, snapshot.line, snapshot.column)
        self._last[queue] = this
        has_only_moved = last is not None and last[0] == this[0] and last != this
        return now if has_only_moved else snapshot.edited_at

    def note_latency(self, latency_s: float) -> None:
        """Note the seconds from the start of a call until its answer could be shown."""
        self._latencies_s.append(latency_s)

    def note_dismissal(self, now: float) -> None:
        """Note that the user had time to read a completion and typed something else."""
        self._outcomes.append((now, DISMISSED_FACTOR))

    def withdraw_dismissal(self) -> None:
        """Forget the last dismissal: the text typed over the completion was a typo."""
        if self._outcomes and self._outcomes[-1][1] == DISMISSED_FACTOR:
            self._outcomes.pop()

    def note_acceptance(self, now: float) -> None:
        """Note that the user has accepted a completion."""
        self._outcomes.append((now, ACCEPTED_FACTOR))

    def wait_factor(self, now: float) -> float:
        """Return the factor for a wait, from the last dismissals and acceptances.

        It is 1 while there are fewer than `_MIN_OUTCOMES` of them.
        """
        if len(self._outcomes) < _MIN_OUTCOMES:
            return 1.0
        faded = (
            1 + (factor - 1) * math.exp((at - now) / OUTCOMES_FADE_S)
            for at, factor in self._outcomes
        )
        return math.prod(faded)

    @property
    def has_rested(self) -> bool:
        """True if the last edit was the first one after a pause of `PAUSE_S` seconds."""
        return self._gap_before_s >= PAUSE_S

    @property
    def gap_ms(self) -> float:
        """The median time between two keys, in milliseconds."""
        if len(self._gaps_s) < _MIN_GAPS:
            return DEFAULT_GAP_MS
        return 1000 * statistics.median(self._gaps_s)

    @property
    def latency_ms(self) -> float:
        """The median latency of the last calls in milliseconds, or 0 before the first one."""
        return 1000 * statistics.median(self._latencies_s) if self._latencies_s else 0.0


def wait_s(
    request: CompletionRequest, last_activity: float, now: float, rhythm: TypingRhythm
) -> float:
    """Return the seconds that *request* still has to wait at time *now*.

    The wait begins at *last_activity* and not at the request, so that it includes the time for
    which the editor itself has waited.
    """
    if request.trigger is Trigger.INVOKED:
        return 0.0
    setting = request.settings.debounce_ms
    wait_ms = (
        adaptive_wait_ms(request.snapshot, rhythm, now) if isinstance(setting, str) else setting
    )
    return max(0.0, last_activity + wait_ms / 1000 - now)


def adaptive_wait_ms(at: Snapshot, rhythm: TypingRhythm, now: float) -> float:
    """Return the wait of the setting ``adaptive`` at this cursor, in milliseconds."""
    # There are three cases:
    # 1. The cursor has come to its line without an edit. The user is probably reading.
    # 2. The user is back after a pause, or on a new line. The request waits for nothing.
    # 3. The user is typing. The request waits for a few typical gaps between keys.
    if at.edits.line not in (_NO_LINE, at.line):
        return MOVED_WAIT_MS
    is_new_line = not at.line_before.strip() and not at.line_after.strip()
    if rhythm.has_rested or is_new_line:
        return 0.0
    is_in_word = bool(at.line_before) and is_word_character(at.line_before[-1])
    wait_ms = (
        rhythm.gap_ms * (GAPS_IN_WORD if is_in_word else GAPS_AFTER_WORD) * rhythm.wait_factor(now)
    )
    left_ms = MAX_WITH_LATENCY_MS - rhythm.latency_ms
    # If the latency alone exceeds the limit, the shortest wait is enough; a wait of 0 would start
    # a call at every key.
    longest_ms = min(MAX_WAIT_MS, left_ms) if left_ms > 0 else MIN_WAIT_MS
    return min(max(wait_ms, MIN_WAIT_MS), longest_ms)
