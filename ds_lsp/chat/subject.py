"""What one chat request is about: some lines of one document, as they were when it was asked."""

from dataclasses import dataclass

from ds_lsp.document import Document, strip_line_end

MAX_DIAGNOSTIC_CHARS = 4_000
MAX_RELATED = 5


@dataclass(frozen=True, slots=True)
class Remark:
    """What a tool reports about some lines: a diagnostic."""

    message: str
    first: int
    last: int
    code: str = ""
    source: str = ""
    related: tuple[str, ...] = ()
    """Its related information, each with its place."""

    @property
    def text(self) -> str:
        head = " ".join(filter(None, [self.source, self.code]))
        lines = [f"{head}: {self.message}" if head else self.message]
        lines += [f"- {each}" for each in self.related[:MAX_RELATED]]
        return "\n".join(lines)[:MAX_DIAGNOSTIC_CHARS]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whole lines of a document, counted from 0, the last one included."""

    uri: str
    file: str
    """As it is named to the model: from the workspace folder on."""
    language_id: str
    version: int | None
    lines: tuple[str, ...]
    """All lines of the document, with their ends."""
    first: int
    last: int
    eol: str = "\n"
    name: str = ""
    """Of the function or class they are, if they are one."""
    focus: str = ""
    """What of them is meant above all; empty: all of it."""
    remark: Remark | None = None

    @property
    def code(self) -> str:
        """The lines, the last one without its end."""
        return strip_line_end("".join(self.lines[self.first : self.last + 1]))

    @property
    def place(self) -> str:
        """The lines as people count them."""
        first, last = self.first + 1, self.last + 1
        return f"{first} to {last}" if last > first else f"{first}"


def whole(document: Document, file: str, first: int, last: int) -> Subject:
    """Lines *first* to *last* of *document*."""
    return Subject(
        uri=document.uri,
        file=file,
        language_id=document.language_id,
        version=document.version,
        lines=tuple(document.lines(0, document.line_count)),
        first=first,
        last=last,
        eol=document.eol(),
    )
