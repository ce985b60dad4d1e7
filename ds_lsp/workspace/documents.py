"""The open documents of one session, as plain values."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ds_lsp.languages.names import choose_language
from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.document import Document
from ds_lsp.text.lines import CarriageReturns

MAX_CHARS = 256_000_000
"""Maximum characters of all open documents together: one or two gigabytes of memory, depending on
the characters."""
TOO_MUCH = f"is not completed: all open files together hold more than {MAX_CHARS:,} characters"


@dataclass(frozen=True, slots=True)
class TextChange:
    """A new text for a part of a document, or for all of it."""

    text: str
    span: tuple[tuple[int, int], tuple[int, int]] | None = None
    """Start and end of the replaced part, as (line, column) of the client; None: all of it."""


class Documents:
    """The open documents, by uri exactly as the client spells it.

    Holds at most *max_chars* characters. *on_lost* is called with the uri of a document that is
    given up, and the reason.
    """

    def __init__(
        self,
        on_lost: Callable[[str, str], None] = lambda uri, why: None,
        max_chars: int = MAX_CHARS,
    ) -> None:
        self.encoding = PositionEncoding.UTF16
        self.carriage_returns = CarriageReturns.LINE_ENDS
        self.chars = 0
        """Characters of all open documents together."""
        self._by_uri: dict[str, Document] = {}
        self._on_lost = on_lost
        self._max_chars = max_chars

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._by_uri.values()))

    def __len__(self) -> int:
        return len(self._by_uri)

    def get(self, uri: str) -> Document | None:
        return self._by_uri.get(uri)

    def latest(self, of_each_language: int) -> list[Document]:
        """Return the documents opened last, at most *of_each_language* of each language."""
        latest: dict[str, deque[Document]] = {}
        for document in self._by_uri.values():
            some = latest.setdefault(document.language_id, deque(maxlen=of_each_language))
            some.append(document)
        return [document for some in latest.values() for document in some]

    def open(self, uri: str, language_id: str, version: int, text: str) -> None:
        self.close(uri)
        if self.chars + len(text) > self._max_chars:
            self._on_lost(uri, TOO_MUCH)
            return
        self._by_uri[uri] = Document(
            *(uri, choose_language(language_id, PurePosixPath(uri)), version, text, self.encoding),
            carriage_returns=self.carriage_returns,
        )
        self.chars += len(text)

    def change(self, uri: str, version: int, changes: Iterable[TextChange]) -> None:
        """Apply edits in order; ignore edits of a document that is not open."""
        document = self._by_uri.get(uri)
        if document is None:
            return
        before = document.size
        texts = []
        for change in changes:
            texts.append(change.text)
            if change.span:
                document.replace(*change.span, change.text)
            else:
                document.replace_all(change.text)
        # Several equal changes come from several cursors; indenting and formatting differ by place.
        if len(texts) > 1 and len(set(texts)) == 1:
            document.note_places(len(texts))
        document.version = version
        self.chars += document.size - before
        if self.chars > self._max_chars:
            self.give_up(uri, TOO_MUCH)

    def close(self, uri: str) -> None:
        document = self._by_uri.pop(uri, None)
        if document:
            self.chars -= document.size

    def give_up(self, uri: str, why: str) -> None:
        """Give up a document: its text is not the editor's any more, or too much to hold."""
        self.close(uri)
        self._on_lost(uri, why)
