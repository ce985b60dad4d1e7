"""The code that a chat request is about: some lines of a document, as they were at the request."""

from dataclasses import dataclass, replace

from ds_lsp.languages.blocks import Scope, scope_at
from ds_lsp.languages.comments import text_of_comment
from ds_lsp.text.document import Document
from ds_lsp.text.lines import strip_line_end

ClientPosition = tuple[int, int]
"""A line, from 0, and a column in it, in the client's units."""

MAX_DIAGNOSTIC_CHARS = 4_000
MAX_RELATED = 5
MAX_REPORTED_CHARS = 8_000
"""Maximum characters of a function that a diagnostic selects as a whole; of a longer one it selects
the lines near it."""
NEAR_LINES = 15
"""Lines above and below a diagnostic that are selected then."""


@dataclass(frozen=True, slots=True)
class ReportedProblem:
    """A diagnostic: a problem that a tool reports about some lines, counted from 0."""

    message: str
    first: int
    last: int
    code: str = ""
    source: str = ""
    related: tuple[str, ...] = ()
    """Related information, each text with its place."""

    @property
    def text(self) -> str:
        head = " ".join(filter(None, [self.source, self.code]))
        lines = [f"{head}: {self.message}" if head else self.message]
        lines += [f"- {each}" for each in self.related[:MAX_RELATED]]
        return "\n".join(lines)[:MAX_DIAGNOSTIC_CHARS]


@dataclass(frozen=True, slots=True)
class CodeSelection:
    """Selected whole lines of a document, counted from 0, the last one included."""

    uri: str
    file: str
    """Path of the document from the workspace folder on, as the model is told."""
    language_id: str
    version: int | None
    lines: tuple[str, ...]
    """All lines of the document, with their ends."""
    first: int
    last: int
    eol: str = "\n"
    hides_carriage_returns: bool = False
    """True if the lines hold stand-ins for carriage returns (`ds_lsp.text.lines.STAND_IN`)."""
    name: str = ""
    """Name of the function or class, if the lines are one."""
    is_definition: bool = False
    focus: str = ""
    """The part of the lines that the user has selected; empty for all of them."""
    problem: ReportedProblem | None = None

    @property
    def code(self) -> str:
        """The selected lines, the last one without its end."""
        return strip_line_end("".join(self.lines[self.first : self.last + 1]))

    @property
    def place(self) -> str:
        """The numbers of the first and last line, counted from 1, for a text."""
        first, last = self.first + 1, self.last + 1
        return f"{first} to {last}" if last > first else f"{first}"


def select_around(document: Document, file: str, line: int) -> CodeSelection | None:
    """Return the function or block around a line, or None."""
    scope = scope_at(document.lines(0, document.line_count), line, document.language_id)
    return _lines_of(document, file, scope) if scope else None


def select_range(
    document: Document, file: str, start: ClientPosition, end: ClientPosition
) -> CodeSelection | None:
    """Return the lines of a range; None if it holds nothing but blanks."""
    (first, first_index), (last, last_index) = document.locate(*start), document.locate(*end)
    if last > first and last_index == 0:
        # A range of whole lines ends at the start of the next line.
        last -= 1
        last_index = len(strip_line_end(document.lines(last, last)[0]))
    selection = _lines_of(document, file, Scope(first, last))
    lines = document.lines(first, last)
    # Cut the end first: in a single line, cutting the start would move it.
    focus = [*lines[:-1], lines[-1][:last_index]]
    focus[0] = focus[0][first_index:]
    text = "".join(focus)
    if not text.strip():
        return None
    is_whole = text.strip() == selection.code.strip()
    return selection if is_whole else replace(selection, focus=text)


def select_reported(document: Document, file: str, problem: ReportedProblem) -> CodeSelection:
    """Return the code that a reported problem is about.

    A problem in blank lines, such as a brace missing at the end of the file, is about the code
    above them, or if there is none, below them.
    """
    lines = document.lines(0, document.line_count)
    last_line = document.line_count - 1
    first, last = min(problem.first, last_line), min(max(problem.first, problem.last), last_line)
    with_text = [at for at in range(first, last + 1) if lines[at].strip()]
    if not with_text:
        above = (at for at in range(first - 1, -1, -1) if lines[at].strip())
        below = (at for at in range(last + 1, last_line + 1) if lines[at].strip())
        nearest = next(above, None)
        with_text = [next(below, first) if nearest is None else nearest]
    first, last = with_text[0], with_text[-1]
    problem = replace(problem, first=first, last=last)
    scope = scope_at(lines, first, document.language_id)
    if scope is None or scope.last < last:
        scope = Scope(scope.first if scope else first, last)
    if _size(document, scope) > MAX_REPORTED_CHARS:
        margin = (max(0, first - NEAR_LINES), min(last + NEAR_LINES, last_line))
        scope = Scope(*margin)
    return replace(_lines_of(document, file, scope), problem=problem)


def requested(selection: CodeSelection) -> tuple[CodeSelection, str] | None:
    """Return the lines below the comment that begins a selection, and its text: the request.

    None if the selection begins with no comment, or holds nothing else.
    """
    request = text_of_comment(selection.lines[selection.first], selection.language_id)
    if not request or selection.first == selection.last:
        return None
    rest = replace(selection, first=selection.first + 1, focus="")
    return (rest, request) if rest.code.strip() else None


def _line_end(document: Document) -> str:
    """Return the line end for added lines: that of their neighbors in the editor's text."""
    return "\r\n" if document.ends_in_carriage_return(0) else document.eol()


def _lines_of(document: Document, file: str, scope: Scope) -> CodeSelection:
    return CodeSelection(
        uri=document.uri,
        file=file,
        language_id=document.language_id,
        version=document.version,
        lines=tuple(document.lines(0, document.line_count)),
        first=scope.first,
        last=scope.last,
        eol=_line_end(document),
        hides_carriage_returns=document.hides_carriage_returns,
        name=scope.name,
        is_definition=scope.is_definition,
    )


def _size(document: Document, scope: Scope) -> int:
    return sum(map(len, document.lines(scope.first, scope.last)))
