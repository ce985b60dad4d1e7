"""Reads a change of a document as a part of a completion, typed along it or accepted."""

from dataclasses import dataclass, replace

from ds_lsp.text.columns import PositionEncoding, width
from ds_lsp.text.lines import LINE_END, is_word_character

_PAIRS = ("()", "[]", "{}", "''", '""', "``")

Position = tuple[int, int]
"""Line and column in the client's units."""


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A change of a document: *text* replaces everything from *start* to *end*."""

    start: Position
    end: Position
    text: str

    def end_of_text(self, encoding: PositionEncoding) -> Position:
        """Return the position of the end of `text` after this change."""
        lines = LINE_END.split(self.text)
        columns = width(lines[-1], encoding)
        if len(lines) == 1:
            return self.start[0], self.start[1] + columns
        return self.start[0] + len(lines) - 1, columns

    def shift(self, position: Position, encoding: PositionEncoding) -> Position:
        """Return where *position* is after this change."""
        if position <= self.start:
            return position
        if position < self.end:
            return self.start
        line, column = self.end_of_text(encoding)
        if position[0] == self.end[0]:
            return line, column + position[1] - self.end[1]
        return position[0] + line - self.end[0], position[1]


def drop_added_closer(change: DocumentChange, rest: str) -> DocumentChange:
    """Return *change* without the closing bracket that the editor added to the one typed."""
    is_pair = change.text in _PAIRS and not rest.startswith(change.text)
    return replace(change, text=change.text[0]) if is_pair else change


def count_taken(rest: str, inserted: str, before: str) -> int | None:
    """Return the number of characters of *rest* that *inserted* is; None: it is another text.

    There are three cases besides another text:

    1. *inserted* is the start of *rest*.
    2. It is a line end that the editor has indented, however far; *rest* goes on with a line end.
    3. The line is blank so far, and the two differ in their indentation only.
    """
    if rest.startswith(inserted):
        return len(inserted)
    # An editor indents a new line by its own rules, often not as far as the completion does.
    if rest.startswith("\n") and inserted.startswith("\n") and not inserted.strip():
        return 1 + _count_indentation(rest[1:])
    if not before.strip():
        own, theirs = _count_indentation(rest), _count_indentation(inserted)
        if rest[own:].startswith(inserted[theirs:]):
            return own + len(inserted) - theirs if inserted[theirs:] else 0
    return None


def _count_indentation(text: str) -> int:
    return len(text) - len(text.lstrip(" \t"))


def is_acceptance(piece: str, left: str) -> bool:
    """Return whether an insertion of *piece* is an accepted word or more, and not typing.

    Editors that gather keystrokes insert a few letters at once, which seldom end where a word
    ends.
    """
    if len(piece) < 2 or not piece.strip():
        return False
    splits_word = bool(left) and is_word_character(piece[-1]) and is_word_character(left[0])
    return not splits_word
