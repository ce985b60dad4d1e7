"""A text document: its lines, edits in place, positions and offsets, snapshots.

LSP knows three line ends: ``\\n``, ``\\r\\n`` and ``\\r``. Form feed, U+0085, U+2028 and the
other characters at which `str.splitlines` cuts are text here.
"""

import re
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from itertools import accumulate
from pathlib import PurePosixPath

from ds_lsp.languages.names import language_id as language_of_file
from ds_lsp.languages.names import to_id

# Possessive, because a last line of megabytes would be tried at each of its lengths.
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\n|\r)|[^\r\n]++")
_OTHER_END = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""Line ends to `str.splitlines` that are none in LSP."""
LINE_END = re.compile("\x1a\r?\n|\r\n?|\n")
"""A line end, together with the stand-in (`STAND_IN`) of a carriage return before it: they are one
to a reader of the text, though the client counts the carriage return as a character."""

BEFORE_WINDOW = 16_000
"""Maximum characters that a snapshot keeps before the cursor; more than any prefix budget."""
AFTER_WINDOW = 8_000
"""Maximum characters that a snapshot keeps after the cursor; more than any suffix budget."""
HEAD_LINES = 20
"""Number of lines at the top of a document that are searched for marks such as "generated"."""
HEAD_LINE_CHARS = 400
"""Maximum characters of each of those lines that are read."""

_MAX_NOTED_LINES = 200
"""Maximum line ends in a removed text that is kept in `RecentEdits`."""
_AT_END = re.compile("\x1a(?=\r?\n)")
"""A stand-in (`STAND_IN`) at the end of a line."""


class PositionEncoding(Enum):
    """The unit in which a client counts columns; the values are LSP's names."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


class CarriageReturns(Enum):
    """The ways in which clients count carriage returns; LSP counts each as a line end.

    Recorded from the editors: see ``tests/editors/test_carriage_returns.py``.
    """

    LINE_ENDS = "line_ends"
    """Each is a line end, as in LSP."""
    PAIRED = "paired"
    """A line end only before a line feed, as in Helix."""
    BY_FILE = "by_file"
    """A character, unless every line of the file ends with one, as in Neovim."""
    CHARACTERS = "characters"
    """Always a character, as in Emacs and Vim, which keep line ends out of the text."""


STAND_IN = "\x1a"
"""Replaces a carriage return that the client counts as a character. It has the same width in every
encoding, and occurs in no text that an editor shows."""


def hide_carriage_returns(text: str, rule: CarriageReturns) -> str:
    """Return *text* with stand-ins for the carriage returns that end no line in the client."""
    if "\r" not in text or rule is CarriageReturns.LINE_ENDS:
        return text
    return re.sub(_CHARACTERS[rule], STAND_IN, text)


_CHARACTERS = {CarriageReturns.PAIRED: r"\r(?!\n)", CarriageReturns.CHARACTERS: r"\r"}


def rule_of_file(text: str) -> CarriageReturns:
    """Return how Neovim counts the carriage returns of a file with this text."""
    if "\n" not in text:
        return CarriageReturns.LINE_ENDS
    has_plain_ends = re.search(r"(?<!\r)\n", text) is not None
    return CarriageReturns.CHARACTERS if has_plain_ends else CarriageReturns.PAIRED


def show_carriage_returns(text: str) -> str:
    """Return *text* with carriage returns instead of stand-ins."""
    return text.replace(STAND_IN, "\r")


@dataclass(frozen=True, slots=True)
class RecentEdits:
    """The last change to a document."""

    line: int = -1
    """Line in which the change ends; -1 before the first change, or after a new full text."""
    start: tuple[int, int] = (-1, -1)
    """Line and character index at which the change began."""
    inserted: str = ""
    removed: str = ""
    """The removed text; empty if it had more than `_MAX_NOTED_LINES` line ends."""
    deletions: int = 0
    """Number of successive changes, up to this one, that only deleted within a line."""
    restored: bool = False
    """True if the change put back the text that the change before had removed, as undo and redo
    do."""
    places: int = 1
    """Number of places that were changed alike at once, as with several cursors."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The text around one cursor in one version of a document; frozen, and no copy of the file."""

    uri: str
    language_id: str
    version: int | None
    before: str
    """Text before the cursor, at most `BEFORE_WINDOW` characters. It begins with a whole line,
    unless that would leave less than half of these characters."""
    after: str
    """Text after the cursor, at most `AFTER_WINDOW` characters."""
    line: int
    """Line of the cursor, from 0."""
    column: int
    """Column of the cursor in the client's units."""
    encoding: PositionEncoding
    """The unit of the client's columns."""
    before_is_whole: bool
    """True if `before` reaches back to the start of the document."""
    eol: str
    """The document's line end."""
    edited_at: float
    """Time of the document's last change, in seconds on the document's clock."""
    head: str
    """The document's first lines, each cut to `HEAD_LINE_CHARS` characters."""
    size: int
    """Characters of the whole document."""
    edits: RecentEdits = RecentEdits()
    """The last change to the document."""

    @property
    def line_before(self) -> str:
        """The cursor's line, up to the cursor."""
        return self.before[max(self.before.rfind("\n"), self.before.rfind("\r")) + 1 :]

    @property
    def line_after(self) -> str:
        """The cursor's line, from the cursor on, without its line end."""
        end = LINE_END.search(self.after)
        return self.after[: end.start()] if end else self.after

    @property
    def lines_below(self) -> list[str]:
        """The lines below the cursor's, without their line ends."""
        return LINE_END.split(self.after)[1:]


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
        # The file's name decides if the client names no language.
        self.language_id = to_id(language_id) or language_of_file(PurePosixPath(uri))
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
            self._lines[first : last + 1] = split_lines(chunk) if at_end else _LINE.findall(chunk)
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
        elif last - first <= _MAX_NOTED_LINES:
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


def split_lines(text: str) -> list[str]:
    """Return the lines of a text with their line ends; the last has none, and may be empty."""
    # `str.splitlines`, which is fast, is used unless the text has line ends that LSP does not know.
    lines: list[str] = _LINE.findall(text) if _OTHER_END.search(text) else text.splitlines(True)
    if not lines or lines[-1].endswith(("\n", "\r")):
        lines.append("")
    return lines


def with_newlines(text: str) -> str:
    """Return *text* with ``\\n`` for every line end."""
    return LINE_END.sub("\n", text) if "\r" in text or STAND_IN in text else text


def is_word_character(character: str) -> bool:
    """Return whether a character can be part of a name, in any script."""
    return character.isalnum() or character == "_"


def strip_line_end(line: str) -> str:
    """Return *line* without its line end, and without a stand-in before that."""
    text = line.rstrip("\r\n")
    return text if text == line else text.removesuffix(STAND_IN)


def column_to_index(line: str, column: int, encoding: PositionEncoding) -> int:
    """Return the character index of a column; within a character, the character's start."""
    column = max(column, 0)
    if encoding is PositionEncoding.UTF32 or line.isascii():
        return min(column, len(line))
    # A character takes at least one column.
    line = line[:column]
    data = line.encode(_CODEC[encoding], "surrogatepass")
    if len(data) == len(line) * _UNIT_BYTES[encoding]:
        return len(line)
    end = min(column * _UNIT_BYTES[encoding], len(data))
    while end < len(data) and _is_inside(data, end, encoding):
        end -= _UNIT_BYTES[encoding]
    return len(data[:end].decode(_CODEC[encoding], "surrogatepass"))


def width(text: str, encoding: PositionEncoding) -> int:
    """Return the number of columns that a part of a line takes."""
    if encoding is PositionEncoding.UTF32 or text.isascii():
        return len(text)
    return len(text.encode(_CODEC[encoding], "surrogatepass")) // _UNIT_BYTES[encoding]


# Encoding and decoding run at C's speed: a line may be a megabyte of Chinese.
_CODEC = {PositionEncoding.UTF8: "utf-8", PositionEncoding.UTF16: "utf-16-le"}
_UNIT_BYTES = {PositionEncoding.UTF8: 1, PositionEncoding.UTF16: 2}


def _is_inside(data: bytes, at: int, encoding: PositionEncoding) -> bool:
    """Return whether the code unit at *at* continues a character that began before it."""
    if encoding is PositionEncoding.UTF8:
        return data[at] & 0xC0 == 0x80
    is_low = data[at + 1] & 0xFC == 0xDC
    return is_low and at > 0 and data[at - 1] & 0xFC == 0xD8
