"""The text around one cursor at one time, and the last change to the document."""

from dataclasses import dataclass

from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.lines import LINE_END

BEFORE_WINDOW = 16_000
"""Maximum characters that a snapshot keeps before the cursor; more than any prefix budget."""
AFTER_WINDOW = 8_000
"""Maximum characters that a snapshot keeps after the cursor; more than any suffix budget."""
HEAD_LINES = 20
"""Number of lines at the top of a document that are searched for marks such as "generated"."""
HEAD_LINE_CHARS = 400
"""Maximum characters of each of those lines that are read."""

MAX_NOTED_LINES = 200
"""Maximum line ends in a removed text that is kept in `RecentEdits`."""


@dataclass(frozen=True, slots=True)
class RecentEdits:
    """The last change to a document."""

    line: int = -1
    """Line in which the change ends; -1 before the first change, or after a new full text."""
    start: tuple[int, int] = (-1, -1)
    """Line and character index at which the change began."""
    inserted: str = ""
    removed: str = ""
    """The removed text; empty if it had more than `MAX_NOTED_LINES` line ends."""
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
