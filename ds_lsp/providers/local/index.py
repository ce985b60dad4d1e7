"""What the local provider has read: the open documents and the workspace's files."""

import asyncio
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from pathlib import Path, PurePath
from time import monotonic

from ds_lsp.document import LINE_END
from ds_lsp.providers.local.overlap import hashes_of, overlap
from ds_lsp.providers.local.stream import Stream
from ds_lsp.providers.local.tokens import Vocabulary, document_tokens
from ds_lsp.scan import Allows, FileStamp, find_nearest_files, read_source
from ds_lsp.uris import canonical_uri, document_name, to_path

# Suffixes whose files complete each other; a suffix not named here is alone.
_FAMILIES = (
    (".c", ".h", ".cc", ".hh", ".cpp", ".hpp", ".cxx", ".hxx", ".inl", ".m", ".mm"),
    (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte"),
    (".py", ".pyi", ".pyx", ".pxd"),
    (".sh", ".bash", ".zsh"),
    (".html", ".htm"),
    (".css", ".scss", ".less"),
    (".yml", ".yaml"),
    (".md", ".markdown"),
    (".java",),
    (".kt", ".kts"),
    (".ex", ".exs"),
    (".ml", ".mli"),
    (".pl", ".pm"),
)
_FAMILY_OF_SUFFIX = {suffix: family[0] for family in _FAMILIES for suffix in family}
# For documents that have no file yet.
_SUFFIX_OF_LANGUAGE = {
    "c": ".c", "cpp": ".c", "objective-c": ".c", "css": ".css", "go": ".go", "html": ".html",
    "java": ".java", "javascript": ".ts", "javascriptreact": ".ts", "typescript": ".ts",
    "typescriptreact": ".ts", "kotlin": ".kt", "lua": ".lua", "markdown": ".md", "php": ".php",
    "python": ".py", "ruby": ".rb", "rust": ".rs", "shellscript": ".sh", "yaml": ".yml",
}  # fmt: skip
_SLICE_S = 0.003
_LINES_AT_A_TIME = 20
# Longer ones are data; tokenizing them would take longer than a slice.
_MAX_LINE_CHARS = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """What the index may cost, all languages together."""

    max_files: int = 2000
    max_file_bytes: int = 200_000
    max_total_bytes: int = 1_500_000
    """Of text read from disk. Memory is about seven times that."""
    max_scan_s: float = 20.0
    """Wall clock for one scan."""
    max_open_chars: int = 60_000
    """So much of an open document is indexed: 15 ms of work, and more than most files have."""
    max_open: int = 12
    """So many open documents, the latest; the others as they are on disk."""
    max_families: int = 8
    """Languages, those asked for last: each takes a megabyte before anything is read."""
    max_words: int = 60_000
    """Different words of one language."""


def family_of(uri: str, language_id: str) -> str:
    """Documents of one family complete each other. Named by a suffix."""
    name = document_name(uri)
    suffix = PurePath(name.title).suffix.lower()
    # A cell's suffix is that of its notebook, whatever language the cell is in.
    if suffix and not name.cell and not uri.startswith("untitled:"):
        return _FAMILY_OF_SUFFIX.get(suffix, suffix)
    return _SUFFIX_OF_LANGUAGE.get(language_id, language_id)


def suffixes_of(family: str) -> frozenset[str]:
    return frozenset(next((each for each in _FAMILIES if each[0] == family), (family,)))


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """An open document as it was when it was last put."""

    stream: Stream
    lines: Sequence[int]
    """Its lines as numbers, to find the text around the cursor among them."""
    starts: Sequence[int]
    """Where in the stream each line begins; one more for the end of the last."""

    def around(self, before: Sequence[str], after: Sequence[str]) -> range:
        """The part of the stream that these lines and the cursor's, between them, make obsolete."""
        found = overlap(self.lines, hashes_of(before), hashes_of(after))
        first, last = (min(each, len(self.lines)) for each in (found.start, found.stop))
        return range(self.starts[first], self.starts[max(first, last)])


@dataclass(slots=True)
class _File:
    number: int
    stamp: FileStamp


class Family:
    """Everything read in one language."""

    def __init__(self, limits: Limits) -> None:
        self.vocabulary = Vocabulary(limits.max_words)
        # Four characters a token is what source code comes to.
        self.files = Stream(self.vocabulary, limits.max_total_bytes // 4)
        self.file_bytes = 0
        self.known: dict[str, _File] = {}
        self.stale_bytes = 0
        self.open: dict[str, OpenDocument] = {}

    def forget_files(self) -> None:
        """Make room for what has changed on disk by reading it all again."""
        self.files = Stream(self.vocabulary, len(self.files.tokens))
        self.known.clear()
        self.file_bytes = self.stale_bytes = 0

    def show_file(self, uri: str, *, live: bool) -> None:
        """Count the version on disk, or no longer: an open document hides its file."""
        if uri in self.known:
            self.files.live[self.known[uri].number] = live

    @property
    def nbytes(self) -> int:
        streams = [self.files, *(document.stream for document in self.open.values())]
        return self.vocabulary.nbytes + sum(stream.nbytes for stream in streams)


class Index:
    """The open documents and the workspace's files, by language."""

    def __init__(
        self, limits: Limits | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        self._families: dict[str, Family] = {}
        # Two scans at once would write their files into each other's.
        self._scanning = asyncio.Lock()

    def family(self, uri: str, language_id: str) -> Family:
        """What there is to complete this document from. Asked for last is forgotten last."""
        name = family_of(uri, language_id)
        family = self._families.pop(name, None) or Family(self.limits)
        self._families[name] = family
        if len(self._families) > self.limits.max_families:
            del self._families[next(iter(self._families))]
        return family

    @property
    def nbytes(self) -> int:
        """About how much memory all this takes."""
        return sum(family.nbytes for family in self._families.values())

    def put(self, uri: str, language_id: str, text: str) -> None:
        """Index an open document as it is now, its secrets masked."""
        for _ in self._put(uri, language_id, text):
            pass

    async def put_in_slices(self, uri: str, language_id: str, text: str) -> None:
        """Do what `put` does, giving way to other tasks all the time; cancelled, do nothing."""
        await self._in_slices(self._put(uri, language_id, text))

    def _put(self, uri: str, language_id: str, text: str) -> Iterator[None]:
        # Imported where it is used: the server starts without its patterns.
        from ds_lsp.privacy.secrets import masked_lines

        family, uri = self.family(uri, language_id), canonical_uri(uri)
        text = yield from _joined(masked_lines(text[: self.limits.max_open_chars]))
        stream = Stream(family.vocabulary, len(text) // 4)
        tokens = document_tokens(family.vocabulary, text, _MAX_LINE_CHARS)
        stream.extend(next(tokens))
        starts = array("I", [len(stream.tokens)])
        while some := list(islice(tokens, _LINES_AT_A_TIME)):
            starts.extend(accumulate(map(len, some[1:]), initial=starts[-1] + len(some[0])))
            stream.extend(list(chain.from_iterable(some)))
            yield
        family.open.pop(uri, None)
        family.open[uri] = OpenDocument(
            stream,
            array("q", hashes_of(LINE_END.split(text))),
            starts,
        )
        family.show_file(uri, live=False)
        if len(family.open) > self.limits.max_open:
            self.drop(next(iter(family.open)))

    def drop(self, uri: str) -> None:
        """Forget an open document; its file, if it was read, counts again."""
        uri = canonical_uri(uri)
        for family in self._families.values():
            if family.open.pop(uri, None) is not None:
                family.show_file(uri, live=True)

    def hide(self, uri: str) -> None:
        """Forget a document that is not to be read any more, and its file as it was."""
        uri = canonical_uri(uri)
        for family in self._families.values():
            family.open.pop(uri, None)
            family.show_file(uri, live=False)

    def clear(self) -> None:
        """Forget everything, as when the rules about what may be read have changed."""
        self._families.clear()

    async def scan(self, uri: str, language_id: str, roots: Sequence[Path], allows: Allows) -> None:
        """Read the files that can complete this document, nearest first.

        *allows* is asked about every directory and file before it is opened. Files that have
        not changed since they were read are not read again. Gives way to other tasks all the
        time; cancelling it keeps what was read so far.
        """
        async with self._scanning:
            family = self.family(uri, language_id)
            if family.stale_bytes > self.limits.max_total_bytes // 2:
                family.forget_files()
            name = family_of(uri, language_id)
            await self._in_slices(self._scan(family, name, to_path(uri), roots, allows))

    async def _in_slices(self, work: Iterator[None]) -> None:
        deadline = self._clock() + self.limits.max_scan_s
        pause = self._clock() + _SLICE_S
        for _ in work:
            now = self._clock()
            if now >= deadline:
                return
            if now >= pause:
                await asyncio.sleep(0)
                pause = self._clock() + _SLICE_S

    def _scan(
        self,
        family: Family,
        name: str,
        path: Path | None,
        roots: Sequence[Path],
        allows: Allows,
    ) -> Iterator[None]:
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
                yield from self._add(family, uri, found.stamp, text)

    def _make_room(self, family: Family, size: int) -> bool:
        """Whether *size* more bytes may be read; other languages give way, the oldest first."""
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
    def _add(family: Family, uri: str, stamp: FileStamp, text: str) -> Iterator[None]:
        """Read one file into the family's stream, a few lines at a time, its secrets masked."""
        from ds_lsp.privacy.secrets import masked_lines

        clean = yield from _joined(masked_lines(text))
        if uri in family.known:
            family.show_file(uri, live=False)
            family.stale_bytes += family.known[uri].stamp.size
        # Until all of it is read, any stamp is another one: a cancelled scan is taken up again.
        entry = family.known[uri] = _File(family.files.begin(), FileStamp(0, 0))
        family.file_bytes += len(text)
        family.show_file(uri, live=uri not in family.open)
        lines = document_tokens(family.vocabulary, clean, _MAX_LINE_CHARS)
        while some := list(islice(lines, _LINES_AT_A_TIME)):
            family.files.extend(list(chain.from_iterable(some)))
            yield
        entry.stamp = stamp


def _joined(pieces: Iterable[str]) -> Generator[None, None, str]:
    """Return the text of *pieces*; give way after some lines, and at each empty piece.

    An empty piece says that there is more to judge in a line.
    """
    text: list[str] = []
    for count, piece in enumerate(pieces, 1):
        text.append(piece)
        if not piece or count % _LINES_AT_A_TIME == 0:
            yield
    return "".join(text)
