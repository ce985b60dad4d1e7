"""Gathers excerpts of other files for a document, in the background, at quiet moments."""

import time
from collections.abc import Callable, Generator, Mapping, Set
from dataclasses import dataclass

from cachetools import LRUCache

from ds_lsp.completion.prompt.block import Block, renew_block
from ds_lsp.completion.prompt.budget import MAX_GROWTH, Budget, Scale
from ds_lsp.completion.prompt.candidates import (
    CandidateFinder,
    FileKey,
    PrepareText,
    ReadableFiles,
    WeightedFiles,
    name_for_model,
)
from ds_lsp.completion.prompt.pick import find_cursor_names, select_excerpts
from ds_lsp.completion.prompt.pieces import (
    MAX_CHARS,
    Excerpt,
    ParsedFile,
    names_in,
)
from ds_lsp.completion.prompt.similar import cut_lines, find_most_similar, words_in
from ds_lsp.completion.prompt.window import PromptBuilder
from ds_lsp.providers.base import PromptParts
from ds_lsp.slices import run_in_slices
from ds_lsp.text.lines import LINE_END
from ds_lsp.text.snapshot import Snapshot
from ds_lsp.uris import to_path

GATHER_AFTER_S = 3.0
"""Seconds without a change after which excerpts are gathered."""
GATHER_AFTER_JUMP_S = 0.05
"""Seconds from a jump of the cursor until excerpts are gathered. The first request after the jump
is sent before that; gathering first would delay it by 4 ms."""
JUMP_LINES = 32
"""Maximum lines the cursor moves within one place; a longer move is a jump."""

_MAX_BLOCKS = 16
_MAX_VISITS = 20
"""Maximum visits in memory."""
_RECENT_S = 600.0
"""Seconds for which a visit is recent."""
_RECENT_LINES = 6
"""Lines on each side of a recent visit that are excerpted."""
_MAX_RECENT = 2
_WHOLE_SHARE = 0.35
"""Maximum share of the budget for windows of other files as they are: around recent visits, and
the most similar one."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The line of a document at which the user was last, and the time."""

    line: int
    at: float


@dataclass(frozen=True, slots=True)
class _SentBlock:
    """The excerpts in front of the text of one document."""

    block: Block
    parts: PromptParts
    """The block as it is sent; prefix and suffix are empty."""
    keys: Mapping[str, Set[FileKey]]
    """The keys of the files in the block, by their names there."""

    @property
    def all_keys(self) -> Set[FileKey]:
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
        self._finder = CandidateFinder(prepare, clock)
        self._clock = clock
        self._blocks: LRUCache[str, _SentBlock] = LRUCache(_MAX_BLOCKS)
        self._visits: LRUCache[str, Visit] = LRUCache(_MAX_VISITS)
        self._last = ("", 0)
        self._epoch = 0

    def parts(self, uri: str) -> PromptParts:
        """Return the excerpts in front of a document's text; prefix and suffix are empty.

        This is a look-up: a request never waits for excerpts to be gathered.
        """
        return self._blocks.get(uri, _NO_BLOCK).parts

    def clear(self) -> None:
        """Forget all text, as when the rules about what may be read have changed."""
        self._blocks.clear()
        self._finder.clear()
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
            self._finder.find(snapshot, readable, sent.all_keys), is_current, self._clock
        )
        files = list(candidates.files.values()) if candidates else []
        selection = self._select(snapshot, readable, files, budget, scale)
        wanted = await run_in_slices(selection, is_current, self._clock)
        if candidates is None or wanted is None:
            return
        # Text of a file that must not be sent any more is removed at once: the block is rebuilt.
        before = Block() if candidates.lost else self._blocks.get(snapshot.uri, _NO_BLOCK).block
        block = renew_block(before, wanted, _find_gone(before, files), budget, scale)
        name = name_for_model(snapshot.uri, readable.folders)
        self._blocks[snapshot.uri] = _SentBlock(
            block,
            block.parts(name, snapshot.language_id),
            _keys_of(block, candidates.files, sent.keys),
        )

    def _select(
        self,
        snapshot: Snapshot,
        readable: ReadableFiles,
        files: WeightedFiles,
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
        self, snapshot: Snapshot, readable: ReadableFiles, files: WeightedFiles
    ) -> Generator[None, None, list[Excerpt]]:
        """Cut the windows around recent visits, the latest first, and the most similar window."""
        by_path = {file.path: file for file, _ in files}
        opened = {
            name_for_model(d.uri, readable.folders): d
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


def _keys_of(
    block: Block,
    found: Mapping[FileKey, tuple[ParsedFile, float]],
    before: Mapping[str, Set[FileKey]],
) -> Mapping[str, Set[FileKey]]:
    """Return the keys of the files in *block*, by name; two folders may have files of one name.

    *before* are the keys so far, by name: they stay for the names that are still in the block.
    """
    keys: dict[str, Set[FileKey]] = {}
    for key, (file, _) in found.items():
        keys[file.path] = keys.get(file.path, frozenset()) | {key}
    names = {excerpt.path for excerpt in block.excerpts}
    return {name: keys.get(name, frozenset()) | before.get(name, frozenset()) for name in names}


def _find_gone(block: Block, files: WeightedFiles) -> frozenset[Excerpt]:
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


def _budget_for(snapshot: Snapshot, budget: Budget, scale: Scale) -> float:
    """Return the tokens for excerpts: their budget, and a part of what a short document leaves.

    The window of a short document does not need all of its own budget.
    """
    if not snapshot.before_is_whole:
        return budget.excerpts
    left = max(0.0, budget.window - scale.tokens(snapshot.before))
    return budget.excerpts + left / MAX_GROWTH
