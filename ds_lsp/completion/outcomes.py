"""What becomes of the completions that are offered: a state machine that is told what happens.

It is fed with offers, edits, accept commands and the time, and answers with events, which hold
numbers only. The texts of offers stay in memory, a bounded number of them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from enum import Enum

from ds_lsp.document import (
    LINE_END,
    PositionEncoding,
    Snapshot,
    column_to_index,
    is_word_character,
    width,
    with_newlines,
)

SHOWN_AFTER_S = 0.1
"""An offer whose text stands for so long is presumed to have been shown; nobody tells."""
READ_AFTER_S = 0.5
"""What was shown for a shorter time was not read: that it went is no rejection."""
KEPT_SHARE = 0.5
"""So much of an accepted text must be left for it to count as kept."""

_NEAR, _FAR = 50, 1_500
"""Characters around its place in which an accepted text is looked for: first few, then many."""
_MAX_OPEN = 32
_MAX_ACCEPTED = 64
_MAX_COMPARED = 1_000
"""Characters of an accepted text that are looked for again; comparing takes time."""
_MAX_BEFORE = 200
_PAIRS = ("()", "[]", "{}", "''", '""', "``")
_TOKEN = re.compile(r"\w+|[^\w\s]")


class Outcome(Enum):
    """What can become of a completion; each value is a word in the file of counts."""

    OFFERED = "offered"
    SHOWN = "shown"
    TYPED_THROUGH = "typed_through"
    """Some of it was typed; the characters are those."""
    TYPED_OUT = "typed_out"
    """All of it was typed, by hand."""
    ACCEPTED = "accepted"
    ACCEPTED_PARTLY = "accepted_partly"
    """Words of it were accepted, not all; the characters are theirs."""
    REJECTED = "rejected"
    """It was there to be read, and something else was typed."""
    SUPERSEDED = "superseded"
    """It was gone before it could be read."""
    KEPT_30S = "kept_30s"
    """Of what was accepted, so many characters are left half a minute later."""
    GONE_30S = "gone_30s"
    KEPT_5MIN = "kept_5min"
    GONE_5MIN = "gone_5min"


_LOOKS = (
    (30.0, Outcome.KEPT_30S, Outcome.GONE_30S),
    (300.0, Outcome.KEPT_5MIN, Outcome.GONE_5MIN),
)
"""When an accepted text is looked for, in seconds, and what is found."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something has become of the completion with this id."""

    outcome: Outcome
    id: int
    language: str
    chars: int


Place = tuple[int, int]
"""Line and column in the client's units."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What stood from *start* to *end* has been replaced."""

    start: Place
    end: Place
    text: str

    def end_of_text(self, encoding: PositionEncoding) -> Place:
        lines = LINE_END.split(self.text)
        columns = width(lines[-1], encoding)
        if len(lines) == 1:
            return self.start[0], self.start[1] + columns
        return self.start[0] + len(lines) - 1, columns

    def moves(self, place: Place, encoding: PositionEncoding) -> Place:
        """Where *place* is after this edit."""
        if place <= self.start:
            return place
        if place < self.end:
            return self.start
        line, column = self.end_of_text(encoding)
        if place[0] == self.end[0]:
            return line, column + place[1] - self.end[1]
        return place[0] + line - self.end[0], place[1]


@dataclass(slots=True)
class _Suggestion:
    """One completion as it stands at the cursor; what is typed along it makes it shorter."""

    id: int
    uri: str
    language: str
    encoding: PositionEncoding
    start: Place
    cursor: Place
    before: str
    """The end of the cursor's line, up to the cursor."""
    rest: str
    others: tuple[str, ...]
    """What may be chosen in its place; as it, without what was typed along."""
    since: float
    """Since when it stands as it does."""
    ids: set[int]
    """Its own id, and those of the requests that were answered with the rest of it."""
    shown_at: float | None = None
    typed: int = 0
    accepted: str = ""


@dataclass(slots=True)
class _Accepted:
    id: int
    uri: str
    language: str
    encoding: PositionEncoding
    start: Place
    text: str
    at: float
    looks: list[tuple[float, Outcome, Outcome]] = field(default_factory=lambda: list(_LOOKS))


Look = Callable[[str, int, int], Snapshot | None]
"""The text around a line and column of a document; None when it is not open."""


class Outcomes:
    """Follows the last completion of each document, and what was accepted in the last minutes."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._open: dict[str, _Suggestion] = {}
        self._accepted: list[_Accepted] = []

    @property
    def next_look(self) -> float | None:
        """When `advance` has something to look at."""
        return min((each.at + each.looks[0][0] for each in self._accepted), default=None)

    def offered(
        self, id: int, snapshot: Snapshot, text: str, now: float, others: Iterable[str] = ()
    ) -> list[Event]:
        """The request *id* is being answered with *text*, and with *others* to choose from."""
        text = with_newlines(text)
        others = tuple(map(with_newlines, others))
        cursor = (snapshot.line, snapshot.column)
        standing = self._open.get(snapshot.uri)
        if standing and _goes_on(standing, cursor, text):
            events = list(_see(standing, now))
            standing.ids.add(id)
            standing.rest, standing.others, standing.since = text, others, now
            return events
        events = self._end(snapshot.uri, now)
        new = _Suggestion(
            id=id,
            uri=snapshot.uri,
            language=snapshot.language_id,
            encoding=snapshot.encoding,
            start=cursor,
            cursor=cursor,
            before=snapshot.line_before[-_MAX_BEFORE:],
            rest=text,
            others=others,
            since=now,
            ids={id},
        )
        self._open[snapshot.uri] = new
        if len(self._open) > _MAX_OPEN:
            events += self._end(next(iter(self._open)), now)
        return [*events, _event(Outcome.OFFERED, new, len(text))]

    def edited(self, uri: str, edits: Iterable[Edit | None], now: float) -> list[Event]:
        """A document has been edited; None stands for an edit that replaced all of it."""
        events = []
        for edit in edits:
            for accepted in self._accepted:
                if edit and accepted.uri == uri:
                    accepted.start = edit.moves(accepted.start, accepted.encoding)
            standing = self._open.get(uri)
            if standing:
                events += self._edited(standing, edit, now)
        return events

    def accepted(self, id: int, now: float) -> list[Event]:
        """The client says that *id* was accepted.

        Most clients say so after the edit, which has told already.
        """
        standing = next((each for each in self._open.values() if id in each.ids), None)
        if standing is None:
            return []
        standing.accepted += standing.rest
        return self._all_taken(standing, now)

    def closed(self, uri: str, now: float) -> list[Event]:
        """A document has been closed: nothing of it can be looked at any more."""
        self._accepted = [each for each in self._accepted if each.uri != uri]
        return self._end(uri, now)

    def finish(self, now: float) -> list[Event]:
        """The session ends."""
        return [event for uri in list(self._open) for event in self._end(uri, now)]

    def advance(self, now: float) -> list[Event]:
        """Look at what was accepted long enough ago."""
        events = []
        for each in self._accepted:
            while each.looks and each.at + each.looks[0][0] <= now:
                _, kept, gone = each.looks.pop(0)
                snapshot = self._look(each.uri, *each.start)
                if snapshot:
                    share = share_left(each.text, snapshot)
                    is_kept = share >= KEPT_SHARE
                    chars = round(share * len(each.text)) if is_kept else 0
                    events.append(Event(kept if is_kept else gone, each.id, each.language, chars))
        self._accepted = [each for each in self._accepted if each.looks]
        return events

    def _edited(self, standing: _Suggestion, edit: Edit | None, now: float) -> list[Event]:
        events = list(_see(standing, now))
        line = standing.cursor[0]
        if edit and not edit.start[0] <= line <= edit.end[0]:
            # Somewhere else, as when an import is added.
            standing.start = edit.moves(standing.start, standing.encoding)
            standing.cursor = edit.moves(standing.cursor, standing.encoding)
            return events
        if edit:
            edit = _without_added_closer(edit, standing.rest)
        inserted = _inserted(standing, edit) if edit else None
        chosen = None if inserted is None else _chosen(standing, inserted)
        if edit is None or inserted is None or chosen is None:
            return [*events, *self._end(standing.uri, now)]
        piece, left = chosen
        standing.others = tuple(
            other[len(piece) :] for other in standing.others if other.startswith(piece)
        )
        if _is_accepting(piece, left):
            standing.accepted += piece
        else:
            standing.typed += len(piece)
        line_before = LINE_END.split(standing.before + inserted)[-1]
        standing.before = line_before[-_MAX_BEFORE:]
        standing.cursor = edit.end_of_text(standing.encoding)
        standing.rest, standing.since = left, now
        return events if left else [*events, *self._all_taken(standing, now)]

    def _all_taken(self, standing: _Suggestion, now: float) -> list[Event]:
        del self._open[standing.uri]
        events = list(_see(standing, now, is_used=True))
        if standing.typed:
            events.append(_event(Outcome.TYPED_THROUGH, standing, standing.typed))
        if standing.accepted:
            self._remember(standing, now)
            return [*events, _event(Outcome.ACCEPTED, standing, len(standing.accepted))]
        return [*events, _event(Outcome.TYPED_OUT, standing, standing.typed)]

    def _end(self, uri: str, now: float) -> list[Event]:
        """Nothing more will become of a document's completion."""
        standing = self._open.pop(uri, None)
        if standing is None:
            return []
        events = list(_see(standing, now, is_used=bool(standing.accepted)))
        if standing.typed:
            events.append(_event(Outcome.TYPED_THROUGH, standing, standing.typed))
        if standing.accepted:
            self._remember(standing, now)
            chars = len(standing.accepted)
            return [*events, _event(Outcome.ACCEPTED_PARTLY, standing, chars)]
        was_read = standing.shown_at is not None and now - standing.shown_at >= READ_AFTER_S
        outcome = Outcome.REJECTED if was_read else Outcome.SUPERSEDED
        return [*events, _event(outcome, standing, len(standing.rest))]

    def _remember(self, standing: _Suggestion, now: float) -> None:
        self._accepted.append(
            _Accepted(
                *(standing.id, standing.uri, standing.language, standing.encoding),
                *(standing.start, standing.accepted, now),
            )
        )
        del self._accepted[:-_MAX_ACCEPTED]


def _chosen(standing: _Suggestion, inserted: str) -> tuple[str, str] | None:
    """What was taken of the text that this insertion agrees with, and what is left of it."""
    for text in (standing.rest, *standing.others):
        taken = _taken(text, inserted, standing.before)
        if taken is not None:
            return text[:taken], text[taken:]
    return None


def share_left(text: str, at: Snapshot) -> float:
    """How much of an accepted text still stands about where it was put: 0 to 1.

    Counted in characters of tokens that are there in their order; white space is not compared,
    so that a formatter takes nothing away.
    """
    compared = text[:_MAX_COMPARED]
    near = _share(compared, _around(at, len(compared), _NEAR))
    if near >= KEPT_SHARE:
        return near
    return max(near, _share(compared, _around(at, len(compared), _FAR)))


def _around(at: Snapshot, size: int, margin: int) -> str:
    return with_newlines(at.before[-margin:] + at.after[: size + margin])


def _share(text: str, around: str) -> float:
    if text in around:
        return 1.0
    ours, theirs = _TOKEN.findall(text), _TOKEN.findall(around)
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    found = (ours[block.a : block.a + block.size] for block in matcher.get_matching_blocks())
    size = len("".join(ours))
    return sum(len("".join(tokens)) for tokens in found) / size if size else 0.0


def _goes_on(standing: _Suggestion, cursor: Place, text: str) -> bool:
    """Whether *text* is what is left of a completion, or more or less of it."""
    is_the_same = standing.rest.startswith(text) or text.startswith(standing.rest)
    return standing.cursor == cursor and is_the_same


def _event(outcome: Outcome, of: _Suggestion, chars: int) -> Event:
    return Event(outcome, of.id, of.language, chars)


def _see(standing: _Suggestion, now: float, *, is_used: bool = False) -> Iterator[Event]:
    """Whether it was shown; however long one types along it, that counts once."""
    if standing.shown_at is None and (is_used or now - standing.since >= SHOWN_AFTER_S):
        standing.shown_at = standing.since
        yield _event(Outcome.SHOWN, standing, len(standing.rest))


def _inserted(standing: _Suggestion, edit: Edit) -> str | None:
    """The text an edit puts at the cursor; None: it does something else.

    Some editors replace the word before the cursor by itself and more.
    """
    if edit.end != standing.cursor:
        return None
    text = with_newlines(edit.text)
    if edit.start == edit.end:
        return text
    columns = width(standing.before, standing.encoding) - (edit.end[1] - edit.start[1])
    if edit.start[0] != edit.end[0] or columns < 0:
        return None
    replaced = standing.before[column_to_index(standing.before, columns, standing.encoding) :]
    return text[len(replaced) :] if text.startswith(replaced) else None


def _without_added_closer(edit: Edit, rest: str) -> Edit:
    """*edit*, unless the editor has added a closing bracket to the opening one that was typed."""
    is_pair = edit.text in _PAIRS and not rest.startswith(edit.text)
    return replace(edit, text=edit.text[0]) if is_pair else edit


def _taken(rest: str, inserted: str, before: str) -> int | None:
    """How many characters of *rest* an insertion takes; None: it says something else."""
    if rest.startswith(inserted):
        return len(inserted)
    # Editors indent by themselves, and have their own idea of how far.
    if rest.startswith("\n") and inserted.startswith("\n") and not inserted.strip():
        return 1 + _indentation(rest[1:])
    if not before.strip():
        own, theirs = _indentation(rest), _indentation(inserted)
        if rest[own:].startswith(inserted[theirs:]):
            return own + len(inserted) - theirs if inserted[theirs:] else 0
    return None


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip(" \t"))


def _is_accepting(piece: str, left: str) -> bool:
    """Whether so much at once is a word or more that was accepted, and not typing.

    Editors that gather keystrokes send a few letters at once; those seldom end where a word does.
    """
    if len(piece) < 2 or not piece.strip():
        return False
    splits_word = bool(left) and is_word_character(piece[-1]) and is_word_character(left[0])
    return not splits_word
