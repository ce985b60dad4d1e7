"""Gathers excerpts of other files for a document: in the background, at quiet moments."""

import asyncio
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from cachetools import LRUCache

from ds_lsp.completion.budget import MOST, Budget, Scale
from ds_lsp.completion.context import Contexts
from ds_lsp.completion.excerpts.block import Block, renewed
from ds_lsp.completion.excerpts.imports import Import, Listing, imports_of
from ds_lsp.completion.excerpts.pick import here, pick
from ds_lsp.completion.excerpts.similar import lines_of, most_similar, words
from ds_lsp.completion.excerpts.source import MAX_CHARS, Piece, Source, names_in, source_of
from ds_lsp.document import LINE_END, Document, Snapshot
from ds_lsp.languages import LINE_COMMENT, are_alike, language_id, suffixes_like
from ds_lsp.scan import Allows, find_nearest_files, read_source
from ds_lsp.uris import document_name, name_within, shown_file, to_path

IDLE_S = 3.0
"""So long a rest counts as a quiet moment."""
MOVED_S = 0.05
"""After a jump, the first request is sent before anything is gathered: that holds it up by 4 ms."""
JUMP_LINES = 32
"""A cursor that moved further has gone elsewhere."""

Prepare = Callable[[str], str]
"""What text of other files goes through before it is kept or sent, as to mask secrets."""

_MAX_FILE_BYTES = 120_000
_MAX_IMPORTED = 14
_MAX_SECOND_HOP = 12
"""What the imported files import themselves, as where a package passes on its modules' names."""
_MAX_OPEN = 20
_MAX_SOURCES = 40
_MAX_BLOCKS = 16
_MAX_LISTED = 5_000
_MAX_LISTING_S = 2.0
_LISTING_LASTS_S = 60.0
_SLICE_S = 0.003

# What a piece counts for, by how it was come by.
_IMPORTED, _SECOND_HOP, _OPEN = 1.0, 0.7, 0.5

_RECENT_S = 600.0
_RECENT_LINES = 6
"""Around a place that was edited or visited lately, on each side."""
_MAX_RECENT = 2
_WHOLE_SHARE = 0.35
"""Of the budget, for windows of other files as they are: recent places, and similar ones."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the user last was in a document."""

    line: int
    at: float


@dataclass(frozen=True, slots=True)
class Workspace:
    """What may be looked at."""

    documents: Sequence[Document]
    folders: Sequence[Path]
    allows: Allows
    """The privacy gate, for a file on disk."""
    excludes: Callable[[Document], str | None]
    """The same for an open document."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """What stands before the text of one document."""

    block: Block
    text: str
    markers: tuple[str, ...]
    keys: Mapping[str, Set[Path | str]]
    """The files, and the uris of documents without one, that the block has pieces of, by name."""

    @property
    def all_keys(self) -> Set[Path | str]:
        return frozenset().union(*self.keys.values())


_NOTHING = _Sent(Block(), "", (), {})


class Excerpts:
    """The blocks of excerpts, one for each document.

    Everything is bounded: files read and their size, sources and blocks kept, time at a stretch.
    """

    def __init__(
        self, prepare: Prepare = lambda text: text, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._prepare = prepare
        self._clock = clock
        self._blocks: LRUCache[str, _Sent] = LRUCache(_MAX_BLOCKS)
        self._sources: LRUCache[str, tuple[object, Source]] = LRUCache(_MAX_SOURCES)
        self._imports: LRUCache[Path, list[Import]] = LRUCache(_MAX_SOURCES)
        self._listings: LRUCache[object, tuple[float, Listing]] = LRUCache(4)
        self._places: LRUCache[str, Place] = LRUCache(_MAX_OPEN)
        self._last = ("", 0)
        self._epoch = 0

    def text(self, uri: str) -> str:
        """What stands before the text of a document. All that is done while a request waits."""
        return self._blocks.get(uri, _NOTHING).text

    def markers(self, uri: str) -> tuple[str, ...]:
        """The headers in `text`."""
        return self._blocks.get(uri, _NOTHING).markers

    def clear(self) -> None:
        """Forget all text, as when the rules about what may be read have changed."""
        for kept in (self._blocks, self._sources, self._imports, self._listings):
            kept.clear()
        self._last = ("", 0)
        self._epoch += 1

    def take_back(self, uri: str) -> None:
        """Forget all blocks with text of a document that must not be sent any more."""
        key = to_path(uri) or uri
        for of in [of for of, sent in self._blocks.items() if key in sent.all_keys]:
            del self._blocks[of]
        # What is being gathered may have it as well.
        self._epoch += 1

    def drop(self, uri: str) -> None:
        self._blocks.pop(uri, None)
        self._places.pop(uri, None)

    def line_of(self, uri: str) -> int:
        """Where the user was last seen in a document."""
        place = self._places.get(uri)
        return place.line if place else 0

    def visited(self, uri: str, line: int) -> bool:
        """Note where the user is; whether that is a quiet moment: another file, or a jump."""
        last_uri, last_line = self._last
        self._last = (uri, line)
        self._places[uri] = Place(line, self._clock())
        return uri != last_uri or abs(line - last_line) > JUMP_LINES

    async def renew(self, snapshot: Snapshot, workspace: Workspace, contexts: Contexts) -> None:
        """Gather for one document anew. Gives way to other tasks all the time."""
        scale = contexts.scales.of(snapshot.language_id)
        budget = _room(snapshot, contexts.budget, scale)
        sent = self._blocks.get(snapshot.uri, _NOTHING)
        epoch = self._epoch
        found = await self._in_slices(self._all_sources(snapshot, workspace, sent.all_keys), epoch)
        sources = list(found.sources.values()) if found else []
        choice = self._choose(snapshot, workspace, sources, budget, scale)
        wanted = await self._in_slices(choice, epoch)
        if found is None or wanted is None:
            return
        # What is sent of a file that must not be sent any more does not wait for a good moment.
        before = Block() if found.lost else self._blocks.get(snapshot.uri, _NOTHING).block
        block = renewed(before, wanted, _gone(before, sources), budget, scale)
        comment = LINE_COMMENT.get(snapshot.language_id, "#")
        shown = _shown(snapshot.uri, workspace.folders)
        self._blocks[snapshot.uri] = _Sent(
            block,
            block.text(shown, comment),
            block.markers(shown, comment),
            _keys_of(block, found.sources, sent.keys),
        )

    async def _in_slices(self, work: Generator[None, None, _T], epoch: int) -> _T | None:
        """The result of *work*; None when everything has been forgotten meanwhile."""
        pause = self._clock() + _SLICE_S
        while self._epoch == epoch:
            try:
                next(work)
            except StopIteration as end:
                result: _T = end.value
                return result
            if self._clock() >= pause:
                await asyncio.sleep(0)
                pause = self._clock() + _SLICE_S
        return None

    def _choose(
        self,
        snapshot: Snapshot,
        workspace: Workspace,
        sources: "_Sources",
        budget: float,
        scale: Scale,
    ) -> Generator[None, None, list[Piece]]:
        whole = yield from self._whole_windows(snapshot, workspace, sources)
        taken: list[Piece] = []
        left = _WHOLE_SHARE * budget
        for piece in whole:
            cost = scale.tokens(piece.text)
            if cost <= left:
                left -= cost
                taken.append(piece)
        spent = sum(scale.tokens(piece.text) for piece in taken)
        document = _document(workspace, snapshot.uri)
        text = document.beginning(MAX_CHARS) if document else ""
        at = here(text, snapshot.before, snapshot.after)
        yield
        return taken + (yield from pick(at, sources, budget - spent, scale))

    def _whole_windows(
        self, snapshot: Snapshot, workspace: Workspace, sources: "_Sources"
    ) -> Generator[None, None, list[Piece]]:
        """What was edited or visited lately, the latest first; then what is most similar."""
        by_path = {source.path: source for source, _ in sources}
        opened = {
            _shown(d.uri, workspace.folders): d
            for d in workspace.documents
            if d.uri != snapshot.uri
        }
        recent = sorted(
            (
                (place.at, path, place.line)
                for path, document in opened.items()
                if (place := self._places.get(document.uri)) and path in by_path
            ),
            reverse=True,
        )
        found: list[Piece | None] = [
            lines_of(by_path[path], line - _RECENT_LINES, line + _RECENT_LINES + 1)
            for at, path, line in recent[:_MAX_RECENT]
            if self._clock() - at <= _RECENT_S
        ]
        query = words(names_in("\n".join(LINE_END.split(snapshot.before)[-20:])))
        like = [by_path[path] for path in opened if path in by_path]
        found.append((yield from most_similar(query, like)))
        return list(dict.fromkeys(piece for piece in found if piece))

    # Sources

    def _all_sources(
        self, snapshot: Snapshot, workspace: Workspace, sent: Set[Path | str]
    ) -> "Generator[None, None, _Found]":
        """Imported files, what these import, and the other open documents, with their weights;
        and those of *sent* that cannot be read any more."""
        language, path = snapshot.language_id, shown_file(snapshot.uri)
        suffixes = suffixes_like(language)
        others = {
            to_path(document.uri) or document.uri: document
            for document in _others(snapshot.uri, workspace.documents)
            if are_alike(document.language_id, language)
        }
        found: dict[Path | str, tuple[Source, float]] = {}
        if path is not None and suffixes:
            listing = yield from self._listing(path, suffixes, workspace)
            document = _document(workspace, snapshot.uri)
            text = document.beginning(MAX_CHARS) if document else snapshot.before + snapshot.after
            imports = imports_of(text, language)
            yield
            first = _resolved(listing, imports, path, language, _MAX_IMPORTED)
            first += listing.siblings(path, language)
            # A link to this file is no other one.
            own = _real(path)
            first = [each for each in first if _real(each) != own]
            second: list[Path] = []
            for each in first:
                # Read first: then its imports are known.
                yield from self._add(found, each, _IMPORTED, others, workspace)
                more = self._imports.get(each, [])
                second += _resolved(listing, more, each, language, _MAX_IMPORTED)
            for each in list(dict.fromkeys(second))[:_MAX_SECOND_HOP]:
                if _real(each) != own:
                    yield from self._add(found, each, _SECOND_HOP, others, workspace)
        for other in list(others)[-_MAX_OPEN:]:
            yield from self._add(found, other, _OPEN, others, workspace)
        readable = dict(found)
        for key in sent:
            yield from self._add(readable, key, 0.0, others, workspace)
        return _Found(found, frozenset(sent - readable.keys()))

    def _add(
        self,
        found: "dict[Path | str, tuple[Source, float]]",
        each: Path | str,
        weight: float,
        others: "dict[Path | str, Document]",
        workspace: Workspace,
    ) -> Iterator[None]:
        if each in found:
            return
        yield
        document = others.get(each)
        if document is not None:
            if workspace.excludes(document):
                return
            # Some clients give all versions of a document one number.
            version = (document.uri, document.version, document.edited_at)
            source = yield from self._source(each, version, workspace, document)
        else:
            # A document without a file is gone once it has been closed.
            if not isinstance(each, Path) or not workspace.allows(each):
                return
            source = yield from self._source(each, _stamp(each), workspace, None)
        if source is not None:
            found[each] = (source, weight)
        yield

    def _source(
        self, each: Path | str, version: object, workspace: Workspace, document: Document | None
    ) -> Generator[None, None, Source | None]:
        key = str(each)
        known = self._sources.get(key)
        if known and known[0] == version:
            return known[1]
        if version is None:
            return None
        if document is not None:
            text, language = document.beginning(MAX_CHARS), document.language_id
        else:
            read = read_source(Path(each), _MAX_FILE_BYTES)
            if read is None:
                return None
            text, language = read, language_id(Path(each))
        path = each if isinstance(each, Path) else None
        if path is not None:
            self._imports[path] = imports_of(text[:MAX_CHARS], language)
        shown = _shown(document.uri if document else Path(each).as_uri(), workspace.folders)
        source = yield from source_of(shown, self._prepare(text[:MAX_CHARS]))
        # In the place of its last version: that one would only take memory.
        self._sources[key] = (version, source)
        return source

    def _listing(
        self, path: Path, suffixes: frozenset[str], workspace: Workspace
    ) -> Generator[None, None, Listing]:
        roots = list(workspace.folders)
        key = (suffixes, tuple(roots))
        known = self._listings.get(key)
        if known and self._clock() - known[0] < _LISTING_LASTS_S:
            return known[1]
        paths: list[Path] = []
        deadline = self._clock() + _MAX_LISTING_S
        for entry in find_nearest_files(roots, path.parent, suffixes, workspace.allows):
            yield
            if entry is not None:
                paths.append(entry.path)
            if len(paths) >= _MAX_LISTED or self._clock() > deadline:
                break
        listing = Listing(paths)
        self._listings[key] = (self._clock(), listing)
        return listing


_Sources = list[tuple[Source, float]]


class _Found(NamedTuple):
    """Sources by their keys, and the keys of those that were sent and cannot be read any more."""

    sources: dict[Path | str, tuple[Source, float]]
    lost: frozenset[Path | str]


def _keys_of(
    block: Block,
    found: Mapping[Path | str, tuple[Source, float]],
    before: Mapping[str, Set[Path | str]],
) -> Mapping[str, Set[Path | str]]:
    """The keys of the files in *block* by name; two folders may have files of one name."""
    keys: dict[str, Set[Path | str]] = {}
    for key, (source, _) in found.items():
        keys[source.path] = keys.get(source.path, frozenset()) | {key}
    names = {piece.path for piece in block.pieces}
    return {name: keys.get(name, frozenset()) | before.get(name, frozenset()) for name in names}


def _gone(block: Block, sources: "_Sources") -> frozenset[Piece]:
    """The pieces of *block* that are not in their files any more, as far as these were read."""
    by_path = {source.path: source for source, _ in sources}
    texts: dict[str, str] = {}
    gone = []
    for piece in block.pieces:
        source = by_path.get(piece.path)
        if source and piece not in source.pieces:
            # Put together once: a block has a hundred pieces.
            text = texts.setdefault(piece.path, "") or source.text
            texts[piece.path] = text
            if piece.text not in text:
                gone.append(piece)
    return frozenset(gone)


def _document(workspace: Workspace, uri: str) -> Document | None:
    return next((each for each in workspace.documents if each.uri == uri), None)


def _others(uri: str, documents: Iterable[Document]) -> list[Document]:
    """The documents that show another text than that of *uri*, and no older version of another.

    Clients may spell one file's uri in two ways, and open both sides of a comparison.
    """
    shown = shown_file(uri)
    own = _real(shown) if shown else ""
    others = [each for each in documents if each.uri != uri]
    files = {_real(path) for each in others if (path := to_path(each.uri))}
    return [each for each in others if _is_another(each.uri, own, files)]


def _is_another(uri: str, own: str, files: set[str]) -> bool:
    """Whether *uri* shows another text than the file *own* and, as versions, those of *files*."""
    path = shown_file(uri)
    # Cases: no file; a cell, which is a text of its own; a file, or a version of one.
    if path is None or document_name(uri).cell:
        return True
    real = _real(path)
    return real != own and (to_path(uri) is not None or real not in files)


def _real(path: Path) -> str:
    """What *path* is a link to, in the end."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        # No file can have this name, or a link on the way is not for this user to read.
        return str(path)


def _room(snapshot: Snapshot, budget: Budget, scale: Scale) -> float:
    """Tokens for excerpts: where the document is short, what its window does not need as well."""
    if not snapshot.before_is_whole:
        return budget.excerpts
    left = max(0.0, budget.window - scale.tokens(snapshot.before))
    return budget.excerpts + left / MOST


def _resolved(
    listing: Listing, imports: Iterable[Import], path: Path, language: str, most: int
) -> list[Path]:
    found: dict[Path, None] = {}
    for each in imports:
        for resolved in listing.resolve(each, path, language):
            if resolved != path:
                found[resolved] = None
        if len(found) >= most:
            break
    return list(found)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _shown(uri: str, folders: Sequence[Path]) -> str:
    """Return the name of a document over its text, which is another one for each document."""
    if uri.startswith("untitled:") and document_name(uri).path is None:
        return uri.rpartition("/")[2]
    return name_within(uri, folders) or "untitled"
