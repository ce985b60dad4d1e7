"""Finds the files whose text may stand in front of a document's text, and parses them."""

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cachetools import LRUCache

from ds_lsp.completion.prompt.pieces import MAX_CHARS, ParsedFile, source_of
from ds_lsp.languages.imports import Import, Listing, imports_of
from ds_lsp.languages.names import are_alike, language_id, suffixes_like
from ds_lsp.text.document import Document
from ds_lsp.text.snapshot import Snapshot
from ds_lsp.uris import document_name, name_within, shown_file, to_path
from ds_lsp.workspace.walk import Allows, find_nearest_files, read_source

PrepareText = Callable[[str], str]
"""Prepares the text of another file before it is kept or sent, as to mask secrets."""

_MAX_FILE_BYTES = 120_000
_MAX_IMPORTED = 14
"""Maximum files found by the imports of one file."""
_MAX_SECOND_HOP = 12
"""Maximum files that the imported files import themselves, as where a package re-exports the names
of its modules."""
_MAX_OPEN = 20
"""Maximum open documents that are candidates."""
_MAX_PARSED = 40
"""Maximum parsed files in memory."""
_MAX_LISTED = 5_000
"""Maximum files in a listing."""
_MAX_LISTING_S = 2.0
_LISTING_LASTS_S = 60.0

# The weight of a file's excerpts, by how the file was found.
_IMPORTED, _SECOND_HOP, _OPEN = 1.0, 0.7, 0.5

FileKey = Path | str
"""A file on disk, or the uri of an open document without one."""


@dataclass(frozen=True, slots=True)
class ReadableFiles:
    """The open documents and workspace folders, with the gate for what may be excerpted."""

    documents: Sequence[Document]
    folders: Sequence[Path]
    allows: Allows
    """The privacy gate for a file on disk."""
    excludes: Callable[[Document], str | None]
    """The privacy gate for an open document: returns the rule that excludes it, or None."""

    def find_document(self, uri: str) -> Document | None:
        """Return the open document with this uri, or None."""
        return next((each for each in self.documents if each.uri == uri), None)


WeightedFiles = list[tuple[ParsedFile, float]]
"""Files, each with the weight of its excerpts."""


class Candidates(NamedTuple):
    """The files that may be excerpted, by key, each with its weight."""

    files: dict[FileKey, tuple[ParsedFile, float]]
    lost: frozenset[FileKey]
    """The keys of files that were sent and can no longer be read."""


class CandidateFinder:
    """Finds candidates; keeps parsed files and listings of folders in memory, a bounded number."""

    def __init__(
        self,
        prepare: PrepareText = lambda text: text,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prepare = prepare
        self._clock = clock
        self._parsed: LRUCache[str, tuple[object, ParsedFile]] = LRUCache(_MAX_PARSED)
        self._imports: LRUCache[Path, list[Import]] = LRUCache(_MAX_PARSED)
        self._listings: LRUCache[object, tuple[float, Listing]] = LRUCache(4)

    def clear(self) -> None:
        """Forget all text and listings."""
        for cache in (self._parsed, self._imports, self._listings):
            cache.clear()

    def find(
        self, snapshot: Snapshot, readable: ReadableFiles, sent: Set[FileKey]
    ) -> Generator[None, None, Candidates]:
        """Find the files that may be excerpted, in the order of their weights.

        These are the files that the document imports, the files that those import, and the other
        open documents of its language. *sent* are the keys of the files in the block so far: the
        result names the ones among them that can no longer be read.
        """
        language, path = snapshot.language_id, shown_file(snapshot.uri)
        suffixes = suffixes_like(language)
        others = {
            to_path(document.uri) or document.uri: document
            for document in _other_texts(snapshot.uri, readable.documents)
            if are_alike(document.language_id, language)
        }
        found: dict[FileKey, tuple[ParsedFile, float]] = {}
        if path is not None and suffixes:
            listing = yield from self._list_files(path, suffixes, readable)
            document = readable.find_document(snapshot.uri)
            text = document.beginning(MAX_CHARS) if document else snapshot.before + snapshot.after
            imports = imports_of(text, language)
            yield
            first = _resolve_all(listing, imports, path, language, _MAX_IMPORTED)
            first += listing.find_siblings(path, language)
            # A link to the document's own file is not another file.
            own = _resolve_links(path)
            first = [each for each in first if _resolve_links(each) != own]
            second: list[Path] = []
            for each in first:
                # The file's own imports are known once it has been added.
                yield from self._add(found, each, _IMPORTED, others, readable)
                more = self._imports.get(each, [])
                second += _resolve_all(listing, more, each, language, _MAX_IMPORTED)
            for each in list(dict.fromkeys(second))[:_MAX_SECOND_HOP]:
                if _resolve_links(each) != own:
                    yield from self._add(found, each, _SECOND_HOP, others, readable)
        for other in list(others)[-_MAX_OPEN:]:
            yield from self._add(found, other, _OPEN, others, readable)
        still_readable = dict(found)
        for key in sent:
            yield from self._add(still_readable, key, 0.0, others, readable)
        return Candidates(found, frozenset(sent - still_readable.keys()))

    def _add(
        self,
        found: dict[FileKey, tuple[ParsedFile, float]],
        key: FileKey,
        weight: float,
        others: dict[FileKey, Document],
        readable: ReadableFiles,
    ) -> Iterator[None]:
        """Add one file to *found*, in steps, unless it is there or may not be read.

        There are three cases: 1. The file is open: the text is the document's. 2. It is a file on
        disk. 3. It was a document without a file, and has been closed: there is no text.
        """
        if key in found:
            return
        yield
        document = others.get(key)
        if document is not None:
            if readable.excludes(document):
                return
            # Some clients give all versions of a document the same number.
            version = (document.uri, document.version, document.edited_at)
            file = yield from self._parse(key, version, readable, document)
        else:
            if not isinstance(key, Path) or not readable.allows(key):
                return
            file = yield from self._parse(key, _version_on_disk(key), readable, None)
        if file is not None:
            found[key] = (file, weight)
        yield

    def _parse(
        self, key: FileKey, version: object, readable: ReadableFiles, document: Document | None
    ) -> Generator[None, None, ParsedFile | None]:
        """Parse one file, in steps, unless this version of it is in memory; None: no text."""
        memory_key = str(key)
        known = self._parsed.get(memory_key)
        if known and known[0] == version:
            return known[1]
        if version is None:
            return None
        if document is not None:
            text, language = document.beginning(MAX_CHARS), document.language_id
        else:
            read = read_source(Path(key), _MAX_FILE_BYTES)
            if read is None:
                return None
            text, language = read, language_id(Path(key))
        path = key if isinstance(key, Path) else None
        if path is not None:
            self._imports[path] = imports_of(text[:MAX_CHARS], language)
        uri = document.uri if document else Path(key).as_uri()
        name = name_for_model(uri, readable.folders)
        file = yield from source_of(name, self._prepare(text[:MAX_CHARS]))
        # This replaces the last version of the file, which would only take memory.
        self._parsed[memory_key] = (version, file)
        return file

    def _list_files(
        self, path: Path, suffixes: frozenset[str], readable: ReadableFiles
    ) -> Generator[None, None, Listing]:
        """List the workspace's files with these suffixes, those nearest to *path* first, in steps.

        A listing is used again for `_LISTING_LASTS_S` seconds.
        """
        roots = list(readable.folders)
        key = (suffixes, tuple(roots))
        known = self._listings.get(key)
        if known and self._clock() - known[0] < _LISTING_LASTS_S:
            return known[1]
        paths: list[Path] = []
        deadline = self._clock() + _MAX_LISTING_S
        for entry in find_nearest_files(roots, path.parent, suffixes, readable.allows):
            yield
            if entry is not None:
                paths.append(entry.path)
            if len(paths) >= _MAX_LISTED or self._clock() > deadline:
                break
        listing = Listing(paths)
        self._listings[key] = (self._clock(), listing)
        return listing


def _other_texts(uri: str, documents: Iterable[Document]) -> list[Document]:
    """Return the documents with another text than *uri* has, and no older version of an open file.

    A client may spell the uri of one file in two ways, or open both sides of a comparison.
    """
    shown = shown_file(uri)
    own = _resolve_links(shown) if shown else ""
    others = [each for each in documents if each.uri != uri]
    files = {_resolve_links(path) for each in others if (path := to_path(each.uri))}
    return [each for each in others if _is_another(each.uri, own, files)]


def _is_another(uri: str, own: str, files: set[str]) -> bool:
    """Return whether *uri* shows neither the file *own* nor another version of one of *files*."""
    path = shown_file(uri)
    # There are three cases:
    # 1. The document has no file. It is another text.
    # 2. It is a cell of a notebook, which is a text of its own.
    # 3. It is a file, or a version of one as in a comparison. Then the file decides.
    if path is None or document_name(uri).cell:
        return True
    real = _resolve_links(path)
    return real != own and (to_path(uri) is not None or real not in files)


def _resolve_links(path: Path) -> str:
    """Return *path* with all links resolved, or *path* itself if it cannot be looked up."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        # No file can have this name, or this user may not read a link on the way.
        return str(path)


def _resolve_all(
    listing: Listing, imports: Iterable[Import], path: Path, language: str, max_files: int
) -> list[Path]:
    """Return the files that *imports* of the file *path* name, each once.

    The import that reaches *max_files* is the last one resolved.
    """
    found: dict[Path, None] = {}
    for each in imports:
        for resolved in listing.resolve(each, path, language):
            if resolved != path:
                found[resolved] = None
        if len(found) >= max_files:
            break
    return list(found)


def _version_on_disk(path: Path) -> tuple[int, int] | None:
    """Return the time of modification, in nanoseconds, and the size of a file; None: unreadable."""
    try:
        status = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def name_for_model(uri: str, folders: Sequence[Path]) -> str:
    """Return the name of a document in the header above its text, different for each document."""
    if uri.startswith("untitled:") and document_name(uri).path is None:
        return uri.rpartition("/")[2]
    return name_within(uri, folders) or "untitled"
