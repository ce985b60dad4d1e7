"""The state machine that finds out what becomes of each completion offered to the user.

It is fed with offers, document changes, accept commands and the time, and returns events, which
hold numbers and no text. A bounded number of offered texts stays in memory.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from ds_lsp.completion.insertions import (
    DocumentChange,
    Position,
    count_taken,
    drop_added_closer,
    is_acceptance,
)
from ds_lsp.completion.kept_text import KEPT_SHARE, share_left
from ds_lsp.text.columns import PositionEncoding, column_to_index, width
from ds_lsp.text.lines import LINE_END, with_newlines
from ds_lsp.text.snapshot import Snapshot

SHOWN_AFTER_S = 0.1
"""Seconds after which an open completion is presumed to be shown: clients do not report it."""
READ_AFTER_S = 0.5
"""Minimum seconds on display for the user to read a completion. One that ends earlier was not
dismissed."""
_MAX_OPEN = 32
"""Maximum documents with an open completion."""
_MAX_ACCEPTED = 64
"""Maximum accepted texts that are still to be checked."""
_MAX_BEFORE_CHARS = 200


class Outcome(Enum):
    """The possible outcomes of a completion; each value is a word in the file of counts."""

    OFFERED = "offered"
    SHOWN = "shown"
    TYPED_THROUGH = "typed_through"
    """The user typed a part of it; the event counts the characters of that part."""
    TYPED_OUT = "typed_out"
    """The user typed all of it by hand."""
    ACCEPTED = "accepted"
    ACCEPTED_PARTLY = "accepted_partly"
    """The user accepted words of it, not all; the event counts their characters."""
    REJECTED = "rejected"
    """The user dismissed it: there was time to read it, and the user typed something else."""
    SUPERSEDED = "superseded"
    """It was gone before the user had time to read it."""
    KEPT_30S = "kept_30s"
    """Half a minute after an acceptance the text is kept; the event counts the characters left."""
    GONE_30S = "gone_30s"
    KEPT_5MIN = "kept_5min"
    GONE_5MIN = "gone_5min"


_CHECKS = (
    (30.0, Outcome.KEPT_30S, Outcome.GONE_30S),
    (300.0, Outcome.KEPT_5MIN, Outcome.GONE_5MIN),
)
"""Checks of an accepted text: seconds after the acceptance, outcome if kept, outcome if gone."""


@dataclass(frozen=True, slots=True)
class OutcomeEvent:
    """An outcome of the completion with this id."""

    outcome: Outcome
    id: int
    language: str
    chars: int
    """Characters of the completion that the outcome is about."""


@dataclass(slots=True)
class _OpenCompletion:
    """The completion at the cursor of one document; typing along it makes it shorter."""

    id: int
    uri: str
    language: str
    encoding: PositionEncoding
    start: Position
    """The cursor's position when the completion was offered."""
    cursor: Position
    before: str
    """The last characters of the cursor's line, up to the cursor."""
    rest: str
    """The text that is still to be typed or accepted."""
    others: tuple[str, ...]
    """The rests of the alternatives the user may choose instead."""
    changed_at: float
    """The time since which `rest` has been the same."""
    ids: set[int]
    """Its own id, and the ids of the requests that were answered with the rest of it."""
    shown_at: float | None = None
    typed: int = 0
    """Characters of it that the user has typed."""
    accepted: str = ""
    """The text of it that the user has accepted."""


@dataclass(slots=True)
class _AcceptedText:
    """An accepted text that is still to be checked."""

    id: int
    uri: str
    language: str
    encoding: PositionEncoding
    start: Position
    text: str
    accepted_at: float
    checks: list[tuple[float, Outcome, Outcome]] = field(default_factory=lambda: list(_CHECKS))
    """The checks that are still due, the earliest first."""

    @property
    def next_check_at(self) -> float:
        """The time at which the next check is due."""
        return self.accepted_at + self.checks[0][0]


SnapshotAt = Callable[[str, int, int], Snapshot | None]
"""Returns the snapshot at a uri, line and column, or None for a document that is not open."""


class Outcomes:
    """Follows the last completion of each document, and the texts accepted in the last minutes."""

    def __init__(self, snapshot_at: SnapshotAt) -> None:
        self._snapshot_at = snapshot_at
        self._open: dict[str, _OpenCompletion] = {}
        self._accepted: list[_AcceptedText] = []

    @property
    def next_check_at(self) -> float | None:
        """The time at which `advance` has the next check to do, or None."""
        return min((each.next_check_at for each in self._accepted), default=None)

    def note_offer(
        self, id: int, snapshot: Snapshot, text: str, now: float, others: Iterable[str] = ()
    ) -> list[OutcomeEvent]:
        """Note that request *id* is answered with *text*, and with *others* to choose from."""
        text = with_newlines(text)
        others = tuple(map(with_newlines, others))
        cursor = (snapshot.line, snapshot.column)
        current = self._open.get(snapshot.uri)
        if current and _is_continuation(current, cursor, text):
            events = list(_note_display(current, now))
            current.ids.add(id)
            current.rest, current.others, current.changed_at = text, others, now
            return events
        events = self._end(snapshot.uri, now)
        new = _OpenCompletion(
            id=id,
            uri=snapshot.uri,
            language=snapshot.language_id,
            encoding=snapshot.encoding,
            start=cursor,
            cursor=cursor,
            before=snapshot.line_before[-_MAX_BEFORE_CHARS:],
            rest=text,
            others=others,
            changed_at=now,
            ids={id},
        )
        self._open[snapshot.uri] = new
        if len(self._open) > _MAX_OPEN:
            events += self._end(next(iter(self._open)), now)
        return [*events, _to_event(Outcome.OFFERED, new, len(text))]

    def note_changes(
        self, uri: str, changes: Iterable[DocumentChange | None], now: float
    ) -> list[OutcomeEvent]:
        """Note changes of a document; None stands for a change that replaced all of it."""
        events = []
        for change in changes:
            for accepted in self._accepted:
                if change and accepted.uri == uri:
                    accepted.start = change.shift(accepted.start, accepted.encoding)
            current = self._open.get(uri)
            if current:
                events += self._apply(current, change, now)
        return events

    def note_acceptance(self, id: int, now: float) -> list[OutcomeEvent]:
        """Note the client's report that the user has accepted completion *id*.

        Most clients report after the change of the document, which has ended the completion
        already; then there is nothing to do.
        """
        current = next((each for each in self._open.values() if id in each.ids), None)
        if current is None:
            return []
        current.accepted += current.rest
        return self._end_used(current, now)

    def note_close(self, uri: str, now: float) -> list[OutcomeEvent]:
        """Note that a document was closed, and drop the checks of its accepted texts."""
        self._accepted = [each for each in self._accepted if each.uri != uri]
        return self._end(uri, now)

    def finish(self, now: float) -> list[OutcomeEvent]:
        """End all open completions, as at the end of the session."""
        return [event for uri in list(self._open) for event in self._end(uri, now)]

    def advance(self, now: float) -> list[OutcomeEvent]:
        """Do all checks of accepted texts that are due."""
        events = []
        for each in self._accepted:
            while each.checks and each.next_check_at <= now:
                _, kept, gone = each.checks.pop(0)
                snapshot = self._snapshot_at(each.uri, *each.start)
                if snapshot:
                    share = share_left(each.text, snapshot)
                    is_kept = share >= KEPT_SHARE
                    chars = round(share * len(each.text)) if is_kept else 0
                    outcome = kept if is_kept else gone
                    events.append(OutcomeEvent(outcome, each.id, each.language, chars))
        self._accepted = [each for each in self._accepted if each.checks]
        return events

    def _apply(
        self, current: _OpenCompletion, change: DocumentChange | None, now: float
    ) -> list[OutcomeEvent]:
        """Apply one change of the document to its open completion.

        There are three cases:

        1. The change is on other lines, as when an import is added. The completion moves.
        2. The change inserts a part of the completion, or all of it, at the cursor: the user is
           typing along it or has accepted it.
        3. The change does anything else. The completion ends.
        """
        events = list(_note_display(current, now))
        line = current.cursor[0]
        if change and not change.start[0] <= line <= change.end[0]:
            current.start = change.shift(current.start, current.encoding)
            current.cursor = change.shift(current.cursor, current.encoding)
            return events
        if change:
            change = drop_added_closer(change, current.rest)
        inserted = _find_insertion(current, change) if change else None
        chosen = None if inserted is None else _match(current, inserted)
        if change is None or inserted is None or chosen is None:
            return [*events, *self._end(current.uri, now)]
        piece, left = chosen
        current.others = tuple(
            other[len(piece) :] for other in current.others if other.startswith(piece)
        )
        if is_acceptance(piece, left):
            current.accepted += piece
        else:
            current.typed += len(piece)
        line_before = LINE_END.split(current.before + inserted)[-1]
        current.before = line_before[-_MAX_BEFORE_CHARS:]
        current.cursor = change.end_of_text(current.encoding)
        current.rest, current.changed_at = left, now
        return events if left else [*events, *self._end_used(current, now)]

    def _end_used(self, current: _OpenCompletion, now: float) -> list[OutcomeEvent]:
        """End a completion of which the user has typed or accepted everything."""
        del self._open[current.uri]
        events = list(_note_display(current, now, is_used=True))
        if current.typed:
            events.append(_to_event(Outcome.TYPED_THROUGH, current, current.typed))
        if current.accepted:
            self._remember(current, now)
            return [*events, _to_event(Outcome.ACCEPTED, current, len(current.accepted))]
        return [*events, _to_event(Outcome.TYPED_OUT, current, current.typed)]

    def _end(self, uri: str, now: float) -> list[OutcomeEvent]:
        """End a document's completion of which something is left."""
        current = self._open.pop(uri, None)
        if current is None:
            return []
        events = list(_note_display(current, now, is_used=bool(current.accepted)))
        if current.typed:
            events.append(_to_event(Outcome.TYPED_THROUGH, current, current.typed))
        if current.accepted:
            self._remember(current, now)
            chars = len(current.accepted)
            return [*events, _to_event(Outcome.ACCEPTED_PARTLY, current, chars)]
        was_read = current.shown_at is not None and now - current.shown_at >= READ_AFTER_S
        outcome = Outcome.REJECTED if was_read else Outcome.SUPERSEDED
        return [*events, _to_event(outcome, current, len(current.rest))]

    def _remember(self, current: _OpenCompletion, now: float) -> None:
        self._accepted.append(
            _AcceptedText(
                *(current.id, current.uri, current.language, current.encoding),
                *(current.start, current.accepted, now),
            )
        )
        del self._accepted[:-_MAX_ACCEPTED]


def _match(current: _OpenCompletion, inserted: str) -> tuple[str, str] | None:
    """Return the part of the completion that *inserted* is, and the rest that is left of it.

    The completion itself is tried first, then its alternatives. None: *inserted* is part of none.
    """
    for text in (current.rest, *current.others):
        taken = count_taken(text, inserted, current.before)
        if taken is not None:
            return text[:taken], text[taken:]
    return None


def _is_continuation(current: _OpenCompletion, cursor: Position, text: str) -> bool:
    """Return whether *text* at *cursor* is the rest of a completion, or more or less of it."""
    is_the_same = current.rest.startswith(text) or text.startswith(current.rest)
    return current.cursor == cursor and is_the_same


def _to_event(outcome: Outcome, of: _OpenCompletion, chars: int) -> OutcomeEvent:
    return OutcomeEvent(outcome, of.id, of.language, chars)


def _note_display(
    current: _OpenCompletion, now: float, *, is_used: bool = False
) -> Iterator[OutcomeEvent]:
    """Yield the event that a completion was shown: once, however long the user types along it.

    It was shown if it stood for `SHOWN_AFTER_S` without a change, or if it was used.
    """
    if current.shown_at is None and (is_used or now - current.changed_at >= SHOWN_AFTER_S):
        current.shown_at = current.changed_at
        yield _to_event(Outcome.SHOWN, current, len(current.rest))


def _find_insertion(current: _OpenCompletion, change: DocumentChange) -> str | None:
    """Return the text that *change* inserts at the cursor; None: it does something else.

    Some editors replace the word before the cursor by a text that begins with that word: the
    insertion is the text after it.
    """
    if change.end != current.cursor:
        return None
    text = with_newlines(change.text)
    if change.start == change.end:
        return text
    columns = width(current.before, current.encoding) - (change.end[1] - change.start[1])
    if change.start[0] != change.end[0] or columns < 0:
        return None
    replaced = current.before[column_to_index(current.before, columns, current.encoding) :]
    return text[len(replaced) :] if text.startswith(replaced) else None
