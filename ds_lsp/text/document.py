"""An open text document: its lines, edits in place, positions, snapshots."""

import re
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate

from ds_lsp.text.columns import PositionEncoding, column_to_index, width
from ds_lsp.text.lines import (
    LINE,
    LINE_END,
    STAND_IN,
    CarriageReturns,
    hide_carriage_returns,
    rule_of_file,
    show_carriage_returns,
    split_lines,
    strip_line_end,
)
from ds_lsp.text.snapshot import (
    AFTER_WINDOW,
    BEFORE_WINDOW,
    HEAD_LINE_CHARS,
    HEAD_LINES,
    MAX_NOTED_LINES,
    RecentEdits,
    Snapshot,
)

_AT_END = re.compile("\x1a(?=\r?\n)")
"""A stand-in (`STAND_IN`) at the end of a line."""


class Document:
    """An open document: a list of lines, so that one keystroke costs the same in any file."""

    def __init__(
        self,
        uri: str,
        language_id: str,
        version: int | None,
        text: str,
        encoding: PositionEncoding = PositionEncoding.UTF16,
        clock: Callable[[], float] = time.monotonic,
        carriage_returns: CarriageReturns = CarriageReturns.LINE_ENDS,
    ) -> None:
        self.uri = uri
        self.language_id = language_id
        self.version = version
        # Opening a document is not an edit.
        self.edited_at = float("-inf")
        self.edits = RecentEdits()
        self._encoding = encoding
        self._clock = clock
        self._counting = carriage_returns
        self._lines = self._split(text)
        self.size = len(text)

    def _split(self, text: str) -> list[str]:
        """Return the lines of a whole text as the client counts them."""
        rule = self._counting
        self._rule = rule_of_file(text) if rule is CarriageReturns.BY_FILE else rule
        return split_lines(hide_carriage_returns(text, self._rule))

    @property
    def head(self) -> str:
        """The first `HEAD_LINES` lines, each cut to `HEAD_LINE_CHARS` characters."""
        lines = self._lines[:HEAD_LINES]
        return "\n".join(strip_line_end(line[:HEAD_LINE_CHARS]) for line in lines)

    @property
    def text(self) -> str:
        """The whole text; each access makes a copy."""
        return show_carriage_returns("".join(self._lines))

    @property
    def encoding(self) -> PositionEncoding:
        """The unit of the client's columns."""
        return self._encoding

    @property
    def hides_carriage_returns(self) -> bool:
        """True if a `STAND_IN` in the lines replaces a carriage return, and is not the client's."""
        return self._rule is not CarriageReturns.LINE_ENDS

    @property
    def line_count(self) -> int:
        return len(self._lines)

    def lines(self, first: int, last: int) -> list[str]:
        """Return the lines from *first* to *last*, inclusive, that exist; with their line ends.

        A stand-in before a line end is left out, as the callers know LSP's line ends only.
        """
        lines = self._lines[max(first, 0) : last + 1]
        return [_AT_END.sub("", each) for each in lines] if self.hides_carriage_returns else lines

    def beginning(self, chars: int) -> str:
        """Return the first *chars* characters, without a look at the rest of the text."""
        # Every line but the last has at least one character, its line end.
        ends = list(accumulate(map(len, self._lines[:chars])))
        whole = bisect_right(ends, chars)
        missing = chars - (ends[whole - 1] if whole else 0)
        text = "".join(
            [*self._lines[:whole], *(line[:missing] for line in self._lines[whole:][:1])]
        )
        return show_carriage_returns(text)

    def replace_all(self, text: str) -> None:
        """Replace the whole text."""
        self._lines = self._split(text)
        self.size = len(text)
        self.edited_at = self._clock()
        self.edits = RecentEdits()

    def note_places(self, places: int) -> None:
        """Note the number of places at which the last change was made at once."""
        self.edits = replace(self.edits, places=places)

    def replace(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        """Replace the text between two positions (line, column in the client's units).

        Positions past the end of a line or of the document are moved back to that end; an end
        before the start is taken as the start.
        """
        text = hide_carriage_returns(text, self._rule)
        first, first_index = self.locate(*start)
        # Typing inserts at one position; in a line of megabytes, locating twice is noticeably slow.
        found = (first, first_index) if end == start else self.locate(*end)
        last, last_index = max(found, (first, first_index))
        self._note_change((first, first_index), (last, last_index), text)
        chunk = self._lines[first][:first_index] + text + self._lines[last][last_index:]
        if chunk.startswith("\n") and first > 0 and self._lines[first - 1].endswith("\r"):
            # The two halves of a CRLF meet and become one line end.
            first -= 1
            chunk = self._lines[first] + chunk
        is_one_line = not chunk.startswith("\n") and not LINE_END.search(text)
        at_end = last == len(self._lines) - 1
        self.size += len(chunk) - sum(map(len, self._lines[first : last + 1]))
        if is_one_line:
            self._lines[first : last + 1] = [chunk]
        else:
            self._lines[first : last + 1] = split_lines(chunk) if at_end else LINE.findall(chunk)
        self.edited_at = self._clock()

    def snapshot(self, line: int, column: int) -> Snapshot:
        """Return the text around a position (column in the client's units).

        The position is clamped as in `replace`.
        """
        line, index = self.locate(line, column)
        before, whole = self._text_before(line, index)
        return Snapshot(
            uri=self.uri,
            language_id=self.language_id,
            version=self.version,
            before=before,
            after=self._text_after(line, index),
            line=line,
            column=width(self._lines[line][:index], self._encoding),
            encoding=self._encoding,
            before_is_whole=whole,
            eol=self.eol(),
            edited_at=self.edited_at,
            head=self.head,
            size=self.size,
            edits=self.edits,
        )

    def snapshot_as_if(self, start: tuple[int, int], end: tuple[int, int], text: str) -> Snapshot:
        """Return the snapshot after a `replace` that is not made, with the cursor behind *text*."""
        at_start, at_end = self.snapshot(*start), self.snapshot(*max(start, end))
        last_line = LINE_END.split(text)[-1]
        is_one_line = last_line == text
        return replace(
            at_start,
            before=at_start.before + text,
            after=at_end.after,
            line=at_start.line + len(LINE_END.findall(text)),
            column=width(last_line, self._encoding) + (at_start.column if is_one_line else 0),
        )

    def _note_change(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        (first, first_index), (last, last_index) = start, end
        removed = ""
        if first == last:
            removed = self._lines[first][first_index:last_index]
        elif last - first <= MAX_NOTED_LINES:
            middle = "".join(self._lines[first + 1 : last])
            removed = self._lines[first][first_index:] + middle + self._lines[last][:last_index]
        before = self.edits
        is_deletion = first == last and bool(removed) and not text
        self.edits = RecentEdits(
            line=first + len(LINE_END.findall(text)),
            start=start,
            inserted=text,
            removed=removed,
            deletions=before.deletions + 1 if is_deletion else 0,
            # A single character may have been typed again rather than restored.
            restored=len(text) > 1 and text == before.removed and start == before.start,
        )

    def locate(self, line: int, column: int) -> tuple[int, int]:
        """Return line and character index of a position, clamped into the document.

        A stand-in at the end of a line counts as a character, as it does in the client.
        """
        if line < 0:
            return 0, 0
        if line >= len(self._lines):
            return len(self._lines) - 1, len(self._lines[-1])
        return line, column_to_index(self._lines[line].rstrip("\r\n"), column, self._encoding)

    def _text_before(self, line: int, index: int) -> tuple[str, bool]:
        pieces = [self._lines[line][max(0, index - BEFORE_WINDOW) : index]]
        size = index
        while line > 0 and size < BEFORE_WINDOW:
            line -= 1
            pieces.append(self._lines[line])
            size += len(self._lines[line])
        is_cut = len(pieces) > 1 and size > BEFORE_WINDOW
        if is_cut and size - len(pieces[-1]) >= BEFORE_WINDOW // 2:
            # Begin with a whole line, so that what is computed of `before` can be cached: the
            # window does not move with each letter typed.
            pieces.pop()
        text = "".join(reversed(pieces))
        return text[-BEFORE_WINDOW:], line == 0 and size <= BEFORE_WINDOW

    def _text_after(self, line: int, index: int) -> str:
        pieces = [self._lines[line][index : index + AFTER_WINDOW]]
        size = len(pieces[0])
        while line < len(self._lines) - 1 and size < AFTER_WINDOW:
            line += 1
            pieces.append(self._lines[line])
            size += len(self._lines[line])
        return "".join(pieces)[:AFTER_WINDOW]

    def ends_in_carriage_return(self, line: int) -> bool:
        """Return whether a line ends in a carriage return that the client counts as a character."""
        return self._lines[line].endswith(STAND_IN + "\n")

    def eol(self) -> str:
        """Return the document's line end: that of its first line."""
        # Only the last two characters are searched, as the line may have a megabyte.
        end = LINE_END.search(self._lines[0][-2:])
        return end.group().removeprefix(STAND_IN) if end else "\n"
