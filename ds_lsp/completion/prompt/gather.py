"""Gathers excerpts of other files for a document, in the background, at quiet moments."""

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cachetools import LRUCache

from ds_lsp.completion.prompt.block import Block, renew_block
from ds_lsp.completion.prompt.budget import MAX_GROWTH, Budget, Scale
from ds_lsp.completion.prompt.pick import find_cursor_names, select_excerpts
from ds_lsp.completion.prompt.pieces import (
    MAX_CHARS,
    Excerpt,
    ParsedFile,
    names_in,
    source_of,
)
from ds_lsp.completion.prompt.similar import cut_lines, find_most_similar, words_in
from ds_lsp.completion.prompt.window import PromptBuilder
from ds_lsp.languages.imports import Import, Listing, imports_of
from ds_lsp.languages.names import LINE_COMMENT, are_alike, language_id, suffixes_like
from ds_lsp.providers.base import PromptParts
from ds_lsp.slices import run_in_slices
from ds_lsp.text.document import LINE_END, Document, Snapshot
from ds_lsp.uris import document_name, name_within, shown_file, to_path
from ds_lsp.workspace.walk import Allows, find_nearest_files, read_source

GATHER_AFTER_S = 3.0
"""Seconds without a change after which excerpts are gathered."""
GATHER_AFTER_JUMP_S = 0.05
"""Seconds from a jump of the cursor until excerpts are gathered. The first request after the jump
is sent before that; gathering first would delay it by 4 ms."""
JUMP_LINES = 32
"""Maximum lines the cursor moves within one place; a longer move is a jump."""

PrepareText = Callable[[str], str]
"""Prepares the text of another file before it is kept or sent, as to mask secrets."""

_MAX_FILE_BYTES = 120_000
_MAX_IMPORTED = 14
"""Maximum files found by the imports of one file."""
_MAX_SECOND_HOP = 12
"""Maximum files that the imported files import themselves, as where a package re-exports the names
of its modules."""
_MAX_OPEN = 20
"""Maximum open documents that are candidates, and maximum visits in memory."""
_MAX_PARSED = 40
"""Maximum parsed files in memory."""
_MAX_BLOCKS = 16
_MAX_LISTED = 5_000
"""Maximum files in a listing."""
_MAX_LISTING_S = 2.0
_LISTING_LASTS_S = 60.0

# The weight of a file's excerpts, by how the file was found.
_IMPORTED, _SECOND_HOP, _OPEN = 1.0, 0.7, 0.5

_RECENT_S = 600.0
"""Seconds for which a visit is recent."""
_RECENT_LINES = 6
"""Lines on each side of a recent visit that are excerpted."""
_MAX_RECENT = 2
_WHOLE_SHARE = 0.35
"""Maximum share of the budget for windows of other files as they are: around recent visits, and
the most similar one."""

_Key = Path | str
"""A file on disk, or the uri of an open document without one."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The line of a document at which the user was last, and the time."""

    line: int
    at: float


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


@dataclass(frozen=True, slots=True)
class _SentBlock:
    """The excerpts in front of the text of one document."""

    block: Block
    parts: PromptParts
    """The block as it is sent; prefix and suffix are empty."""
    keys: Mapping[str, Set[_Key]]
    """The keys of the files in the block, by their names there."""

    @property
    def all_keys(self) -> Set[_Key]:
        """The keys of all files in the block."""
        return frozenset().union(*self.keys.values())


_NO_BLOCK = _SentBlock(Block(), PromptParts(""), {})


class Excerpts:
    """Gathers and holds the blocks of excerpts, one for each document.

    Everything is bounded: files read and their size, parsed files and blocks in memory, and the
    time of work between two points at which other tasks may run.
    """

    def __init__(
        self,
        prepare: PrepareText = lambda text: text,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prepare = prepare
        self._clock = clock
        self._blocks: LRUCache[str, _SentBlock] = LRUCache(_MAX_BLOCKS)
        self._parsed: LRUCache[str, tuple[object, ParsedFile]] = LRUCache(_MAX_PARSED)
        self._imports: LRUCache[Path, list[Import]] = LRUCache(_MAX_PARSED)
        self._listings: LRUCache[object, tuple[float, Listing]] = LRUCache(4)
        self._visits: LRUCache[str, Visit] = LRUCache(_MAX_OPEN)
        self._last = ("", 0)
        self._epoch = 0

    def parts(self, uri: str) -> PromptParts:
        """Return the excerpts in front of a document's text; prefix and suffix are empty.

        This is a look-up: a request never waits for excerpts to be gathered.
        """
        return self._blocks.get(uri, _NO_BLOCK).parts

    def clear(self) -> None:
        """Forget all text, as when the rules about what may be read have changed."""
        for cache in (self._blocks, self._parsed, self._imports, self._listings):
            cache.clear()
        self._last = ("", 0)
        self._epoch += 1

    def take_back(self, uri: str) -> None:
        """Forget all blocks with text of a document that must not be sent any more."""
        key = to_path(uri) or uri
        for of in [of for of, sent in self._blocks.items() if key in sent.all_keys]:
            del self._blocks[of]
        # The text may also be in excerpts that are being gathered now; these are discarded.
        self._epoch += 1

    def drop(self, uri: str) -> None:
        """Forget the block of a document and the user's visit to it."""
        self._blocks.pop(uri, None)
        self._visits.pop(uri, None)

    def line_of(self, uri: str) -> int:
        """Return the line of the user's last visit to a document, or 0."""
        visit = self._visits.get(uri)
        return visit.line if visit else 0

    def note_visit(self, uri: str, line: int) -> bool:
        """Note the user's position, and return whether excerpts should be gathered for it.

        They should if the user has come from another document, or from more than `JUMP_LINES`
        lines away.
        """
        last_uri, last_line = self._last
        self._last = (uri, line)
        self._visits[uri] = Visit(line, self._clock())
        return uri != last_uri or abs(line - last_line) > JUMP_LINES

    async def renew(
        self, snapshot: Snapshot, readable: ReadableFiles, contexts: PromptBuilder
    ) -> None:
        """Gather excerpts for one document anew, giving way to other tasks all the time.

        The result is discarded if texts were taken back or cleared meanwhile.
        """
        scale = contexts.scales.of(snapshot.language_id)
        budget = _budget_for(snapshot, contexts.budget, scale)
        sent = self._blocks.get(snapshot.uri, _NO_BLOCK)
        epoch = self._epoch

        def is_current() -> bool:
            return self._epoch == epoch

        candidates = await run_in_slices(
            self._find_candidates(snapshot, readable, sent.all_keys), is_current, self._clock
        )
        files = list(candidates.files.values()) if candidates else []
        selection = self._select(snapshot, readable, files, budget, scale)
        wanted = await run_in_slices(selection, is_current, self._clock)
        if candidates is None or wanted is None:
            return
        # Text of a file that must not be sent any more is removed at once: the block is rebuilt.
        before = Block() if candidates.lost else self._blocks.get(snapshot.uri, _NO_BLOCK).block
        block = renew_block(before, wanted, _find_gone(before, files), budget, scale)
        comment = LINE_COMMENT.get(snapshot.language_id, "#")
        name = _name_for_model(snapshot.uri, readable.folders)
        self._blocks[snapshot.uri] = _SentBlock(
            block,
            block.parts(name, comment),
            _keys_of(block, candidates.files, sent.keys),
        )

    def _select(
        self,
        snapshot: Snapshot,
        readable: ReadableFiles,
        files: "_WeightedFiles",
        budget: float,
        scale: Scale,
    ) -> Generator[None, None, list[Excerpt]]:
        """Select excerpts of *files* within *budget* tokens: whole windows first, then others."""
        windows = yield from self._cut_windows(snapshot, readable, files)
        selected: list[Excerpt] = []
        left = _WHOLE_SHARE * budget
        for window in windows:
            cost = scale.tokens(window.text)
            if cost <= left:
                left -= cost
                selected.append(window)
        spent = sum(scale.tokens(window.text) for window in selected)
        document = readable.find_document(snapshot.uri)
        text = document.beginning(MAX_CHARS) if document else ""
        cursor = find_cursor_names(text, snapshot.before, snapshot.after)
        yield
        return selected + (yield from select_excerpts(cursor, files, budget - spent, scale))

    def _cut_windows(
        self, snapshot: Snapshot, readable: ReadableFiles, files: "_WeightedFiles"
    ) -> Generator[None, None, list[Excerpt]]:
        """Cut the windows around recent visits, the latest first, and the most similar window."""
        by_path = {file.path: file for file, _ in files}
        opened = {
            _name_for_model(d.uri, readable.folders): d
            for d in readable.documents
            if d.uri != snapshot.uri
        }
        recent = sorted(
            (
                (visit.at, path, visit.line)
                for path, document in opened.items()
                if (visit := self._visits.get(document.uri)) and path in by_path
            ),
            reverse=True,
        )
        windows: list[Excerpt | None] = [
            cut_lines(by_path[path], line - _RECENT_LINES, line + _RECENT_LINES + 1)
            for at, path, line in recent[:_MAX_RECENT]
            if self._clock() - at <= _RECENT_S
        ]
        query = words_in(names_in("\n".join(LINE_END.split(snapshot.before)[-20:])))
        others = [by_path[path] for path in opened if path in by_path]
        windows.append((yield from find_most_similar(query, others)))
        return list(dict.fromkeys(window for window in windows if window))

    # Candidates

    def _find_candidates(
        self, snapshot: Snapshot, readable: ReadableFiles, sent: Set[_Key]
    ) -> "Generator[None, None, _Candidates]":
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
        found: dict[_Key, tuple[ParsedFile, float]] = {}
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
        return _Candidates(found, frozenset(sent - still_readable.keys()))

    def _add(
        self,
        found: "dict[_Key, tuple[ParsedFile, float]]",
        key: _Key,
        weight: float,
        others: "dict[_Key, Document]",
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
        self, key: _Key, version: object, readable: ReadableFiles, document: Document | None
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
        name = _name_for_model(uri, readable.folders)
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


_WeightedFiles = list[tuple[ParsedFile, float]]


class _Candidates(NamedTuple):
    """The files that may be excerpted, by key, each with its weight."""

    files: dict[_Key, tuple[ParsedFile, float]]
    lost: frozenset[_Key]
    """The keys of files that were sent and can no longer be read."""


def _keys_of(
    block: Block,
    found: Mapping[_Key, tuple[ParsedFile, float]],
    before: Mapping[str, Set[_Key]],
) -> Mapping[str, Set[_Key]]:
    """Return the keys of the files in *block*, by name; two folders may have files of one name.

    *before* are the keys so far, by name: they stay for the names that are still in the block.
    """
    keys: dict[str, Set[_Key]] = {}
    for key, (file, _) in found.items():
        keys[file.path] = keys.get(file.path, frozenset()) | {key}
    names = {excerpt.path for excerpt in block.excerpts}
    return {name: keys.get(name, frozenset()) | before.get(name, frozenset()) for name in names}


def _find_gone(block: Block, files: "_WeightedFiles") -> frozenset[Excerpt]:
    """Return the excerpts of *block* that are no longer in their files, among those in *files*."""
    by_path = {file.path: file for file, _ in files}
    texts: dict[str, str] = {}
    gone = []
    for excerpt in block.excerpts:
        file = by_path.get(excerpt.path)
        if file and excerpt not in file.excerpts:
            # The text of a file is joined once: a block has a hundred excerpts.
            text = texts.setdefault(excerpt.path, "") or file.text
            texts[excerpt.path] = text
            if excerpt.text not in text:
                gone.append(excerpt)
    return frozenset(gone)


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


def _budget_for(snapshot: Snapshot, budget: Budget, scale: Scale) -> float:
    """Return the tokens for excerpts: their budget, and a part of what a short document leaves.

    The window of a short document does not need all of its own budget.
    """
    if not snapshot.before_is_whole:
        return budget.excerpts
    left = max(0.0, budget.window - scale.tokens(snapshot.before))
    return budget.excerpts + left / MAX_GROWTH


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


def _name_for_model(uri: str, folders: Sequence[Path]) -> str:
    """Return the name of a document in the header above its text, different for each document."""
    if uri.startswith("untitled:") and document_name(uri).path is None:
        return uri.rpartition("/")[2]
    return name_within(uri, folders) or "untitled"
