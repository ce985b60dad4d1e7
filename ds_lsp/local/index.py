"""The index of the local provider: the open documents and the files of the workspace."""

import asyncio
from array import array
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from pathlib import Path, PurePath
from time import monotonic

from ds_lsp.languages.names import BY_SUFFIX, completion_family, suffixes_of_family
from ds_lsp.languages.table import UNNAMED
from ds_lsp.local.chains import TokenChain
from ds_lsp.local.overlap import hashes_of, overlap
from ds_lsp.local.tokens import Vocabulary, document_tokens
from ds_lsp.slices import run_in_slices
from ds_lsp.text.lines import LINE_END
from ds_lsp.uris import canonical_uri, document_name, to_path
from ds_lsp.workspace.walk import Allows, FileStamp, find_nearest_files, read_source

_MAX_LINES_PER_STEP = 20
"""Maximum lines that are read between two looks at the clock."""
_MAX_LINE_CHARS = 500
"""Maximum characters of a line that is indexed. A longer line is data, and tokenizing it would take
longer than a slice."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the index, for all languages together unless they name one."""

    max_files: int = 2000
    """Maximum files of one language."""
    max_file_bytes: int = 200_000
    """Maximum bytes of a file that is read."""
    max_total_bytes: int = 1_500_000
    """Maximum bytes of text read from disk. The index takes about seven times as much memory."""
    max_scan_s: float = 20.0
    """Maximum seconds of wall-clock time for one scan."""
    max_open_chars: int = 60_000
    """Maximum characters of an open document that are indexed, from its start: 15 ms of work, and
    more than most files have."""
    max_open: int = 12
    """Maximum open documents of one language that are indexed as they are in the editor, the latest
    first; the others count as they are on disk."""
    max_families: int = 8
    """Maximum families; the least recently used one is forgotten. Each takes a megabyte before
    anything is read."""
    max_words: int = 60_000
    """Maximum different words of one language."""


def family_of(uri: str, language_id: str) -> str:
    """Return the family of a document, named by a suffix.

    Documents of one family complete each other.
    """
    name = document_name(uri)
    suffix = PurePath(name.title).suffix.lower()
    # The suffix of a notebook cell is that of the notebook and says nothing about its language.
    if not suffix or name.cell or uri.startswith("untitled:"):
        return completion_family(language_id)
    language = BY_SUFFIX.get(suffix[1:], UNNAMED)
    # Of text without a language, the files with one suffix are a family.
    return suffix if language == UNNAMED else completion_family(language)


def suffixes_of(family: str) -> frozenset[str]:
    """Return the suffixes of the files in *family*, each with its dot."""
    return suffixes_of_family(family) or frozenset({family})


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """An open document as it was when it was last indexed."""

    chain: TokenChain
    lines: Sequence[int]
    """Hashes of its lines, by which the text around the cursor is found in them."""
    starts: Sequence[int]
    """Index of the first token of each line, and the index after the last token."""

    def find_obsolete(self, before: Sequence[str], after: Sequence[str]) -> range:
        """Return the indexes of the tokens that newer lines replace.

        They are the tokens of the lines *before* and *after* the cursor's line, and of the lines
        between them.
        """
        found = overlap(self.lines, hashes_of(before), hashes_of(after))
        first, last = (min(each, len(self.lines)) for each in (found.start, found.stop))
        return range(self.starts[first], self.starts[max(first, last)])


@dataclass(slots=True)
class _File:
    """A file that was read into its family's token chain."""

    number: int
    """Number of the document in the token chain."""
    stamp: FileStamp
    """FileStamp of the file when it was read; all zero until all of it is read."""


class Family:
    """All text of one language: the files that were read and the open documents."""

    def __init__(self, limits: Limits) -> None:
        self.vocabulary = Vocabulary(limits.max_words)
        # Source code has some four characters per token.
        self.files = TokenChain(self.vocabulary, limits.max_total_bytes // 4)
        self.file_bytes = 0
        self.known: dict[str, _File] = {}
        self.stale_bytes = 0
        self.open: dict[str, OpenDocument] = {}

    def forget_files(self) -> None:
        """Forget all files, so that the next scan reads them again without their older versions."""
        self.files = TokenChain(self.vocabulary, len(self.files.tokens))
        self.known.clear()
        self.file_bytes = self.stale_bytes = 0

    def show_file(self, uri: str, *, live: bool) -> None:
        """Count the version on disk if *live* is true; else hide it, as for an open document."""
        if uri in self.known:
            self.files.live[self.known[uri].number] = live

    @property
    def nbytes(self) -> int:
        """Approximate bytes of memory that the family takes."""
        chains = [self.files, *(document.chain for document in self.open.values())]
        return self.vocabulary.nbytes + sum(each.nbytes for each in chains)


class Index:
    """The open documents and the files of the workspace, by family."""

    def __init__(
        self, limits: Limits | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        self._families: dict[str, Family] = {}
        # Held during a scan: two concurrent scans would mix the tokens of their files.
        self._scanning = asyncio.Lock()

    def family(self, uri: str, language_id: str) -> Family:
        """Return the family of this document, and make it the most recently used one.

        The least recently used family is forgotten when there are more than `max_families`.
        """
        name = family_of(uri, language_id)
        family = self._families.pop(name, None) or Family(self.limits)
        self._families[name] = family
        if len(self._families) > self.limits.max_families:
            del self._families[next(iter(self._families))]
        return family

    @property
    def nbytes(self) -> int:
        """Approximate bytes of memory that the index takes."""
        return sum(family.nbytes for family in self._families.values())

    def put(self, uri: str, language_id: str, text: str) -> None:
        """Index an open document as it is now, with its secrets masked."""
        for _ in self._index_open(uri, language_id, text):
            pass

    async def put_in_slices(self, uri: str, language_id: str, text: str) -> None:
        """Index an open document like `put`, in slices of 3 ms between which other tasks run.

        When it is cancelled, the index keeps the older version of the document.
        """
        await self._run(self._index_open(uri, language_id, text))

    def _index_open(self, uri: str, language_id: str, text: str) -> Generator[None, None, None]:
        """Index an open document in steps of a few lines; the last one replaces the old version."""
        # Imported late, because the server starts without the patterns of secrets.
        from ds_lsp.workspace.privacy.secrets import masked_lines

        family, uri = self.family(uri, language_id), canonical_uri(uri)
        text = yield from _join(masked_lines(text[: self.limits.max_open_chars]))
        token_chain = TokenChain(family.vocabulary, len(text) // 4)
        tokens = document_tokens(family.vocabulary, text, _MAX_LINE_CHARS)
        token_chain.extend(next(tokens))
        starts = array("I", [len(token_chain.tokens)])
        while batch := list(islice(tokens, _MAX_LINES_PER_STEP)):
            starts.extend(accumulate(map(len, batch[1:]), initial=starts[-1] + len(batch[0])))
            token_chain.extend(list(chain.from_iterable(batch)))
            yield
        family.open.pop(uri, None)
        family.open[uri] = OpenDocument(
            token_chain,
            array("q", hashes_of(LINE_END.split(text))),
            starts,
        )
        family.show_file(uri, live=False)
        if len(family.open) > self.limits.max_open:
            self.drop(next(iter(family.open)))

    def drop(self, uri: str) -> None:
        """Forget an open document. Its file counts again if it was read before."""
        uri = canonical_uri(uri)
        for family in self._families.values():
            if family.open.pop(uri, None) is not None:
                family.show_file(uri, live=True)

    def hide(self, uri: str) -> None:
        """Forget a document that must not be read any more, and the indexed version of its file."""
        uri = canonical_uri(uri)
        for family in self._families.values():
            family.open.pop(uri, None)
            family.show_file(uri, live=False)

    def clear(self) -> None:
        """Forget everything, for example because the rules about readable files have changed."""
        self._families.clear()

    async def scan(self, uri: str, language_id: str, roots: Sequence[Path], allows: Allows) -> None:
        """Read the files that can complete this document, the nearest first.

        *allows* is called with every directory and file before it is opened. A file that has not
        changed since it was read is not read again. The work is done in slices of 3 ms, between
        which other tasks run. When it is cancelled, the files read so far stay in the index.
        """
        async with self._scanning:
            family = self.family(uri, language_id)
            if family.stale_bytes > self.limits.max_total_bytes // 2:
                family.forget_files()
            name = family_of(uri, language_id)
            await self._run(self._scan(family, name, to_path(uri), roots, allows))

    async def _run(self, work: Generator[None, None, None]) -> None:
        """Run *work* in slices, for at most `max_scan_s` seconds in all."""
        deadline = self._clock() + self.limits.max_scan_s
        await run_in_slices(work, lambda: self._clock() < deadline, self._clock)

    def _scan(
        self,
        family: Family,
        name: str,
        path: Path | None,
        roots: Sequence[Path],
        allows: Allows,
    ) -> Generator[None, None, None]:
        """Read the files of the family *name*, in steps, until the limits are reached.

        *path* is the file of the document; the files nearest to it come first.
        """
        near = path.parent if path else None
        for found in find_nearest_files(roots, near, suffixes_of(name), allows):
            yield
            if found is None or found.stamp.size > self.limits.max_file_bytes:
                continue
            uri = canonical_uri(found.path.as_uri())
            known = family.known.get(uri)
            if known is not None and known.stamp == found.stamp:
                continue
            if not self._make_room(family, found.stamp.size):
                return
            text = read_source(found.path, self.limits.max_file_bytes)
            if text is not None:
                yield from self._index_file(family, uri, found.stamp, text)

    def _make_room(self, family: Family, size: int) -> bool:
        """Return whether *size* more bytes may be read into *family*.

        Other families are forgotten to make room, the least recently used ones first.
        """
        limits = self.limits
        if (
            family.file_bytes + size > limits.max_total_bytes
            or len(family.known) >= limits.max_files
        ):
            return False
        for name, other in list(self._families.items()):
            total = sum(each.file_bytes for each in self._families.values())
            if total + size > limits.max_total_bytes and other is not family:
                del self._families[name]
        return True

    @staticmethod
    def _index_file(
        family: Family, uri: str, stamp: FileStamp, text: str
    ) -> Generator[None, None, None]:
        """Index the *text* of one file in steps of a few lines, with its secrets masked."""
        from ds_lsp.workspace.privacy.secrets import masked_lines

        clean = yield from _join(masked_lines(text))
        if uri in family.known:
            family.show_file(uri, live=False)
            family.stale_bytes += family.known[uri].stamp.size
        # The stamp stays zero until all of the file is read, so that the scan after a cancelled one
        # reads it again.
        entry = family.known[uri] = _File(family.files.begin_document(), FileStamp(0, 0))
        family.file_bytes += len(text)
        family.show_file(uri, live=uri not in family.open)
        lines = document_tokens(family.vocabulary, clean, _MAX_LINE_CHARS)
        while batch := list(islice(lines, _MAX_LINES_PER_STEP)):
            family.files.extend(list(chain.from_iterable(batch)))
            yield
        entry.stamp = stamp


def _join(pieces: Iterable[str]) -> Generator[None, None, str]:
    """Return the joined text of *pieces*; yield after some lines and at each empty piece.

    `masked_lines` yields an empty piece when a line needs more work.
    """
    text: list[str] = []
    for count, piece in enumerate(pieces, 1):
        text.append(piece)
        if not piece or count % _MAX_LINES_PER_STEP == 0:
            yield
    return "".join(text)
