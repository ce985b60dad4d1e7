"""The cache of model answers, keyed by the text around the cursor.

The key of an answer holds the lines above and below its cursor, and both halves of the cursor's
line. So a cached answer serves again while the user types along it, after a backspace, and on the
lines that follow.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cachetools import LRUCache

from ds_lsp.completion.request import Origin
from ds_lsp.providers.base import FimRequest, FimResult, Finish
from ds_lsp.text.lines import LINE_END, with_newlines
from ds_lsp.text.pairs import CLOSER_OF, QUOTES

MAX_ANCHORS = 256
"""Maximum anchors in the cache; the least recently used are evicted first."""
MAX_ENTRIES = 4
"""Maximum answers per anchor."""
TTL_S = 600.0
"""Seconds until an answer expires: providers change the model behind a name without notice."""
FINAL_S = 60.0
"""Seconds for which a finished answer is treated as final. Within this time the request after an
accept is answered "nothing"; a user who comes back later asks the model again."""
LINES_ABOVE = 30
"""Maximum lines above the cursor in a key, blank ones left out."""
LINES_BELOW = 5
"""Maximum lines below the cursor in a key, blank ones left out. Together the two tell one place
from another, whatever is edited elsewhere."""
MAX_FILLED_LINES = 20
"""Maximum lines of an answer that get an entry of their own; no more lines are ever shown."""
TRIMMED_CHARS = 10
"""Characters trimmed from the end of an answer that reached its token limit: it may end in the
middle of a word."""

_CLOSERS = CLOSER_OF | {"<": ">"} | {quote: quote for quote in QUOTES}


@dataclass(frozen=True, slots=True)
class CacheKey:
    """Everything an answer depends on, except the excerpts of other files.

    These change at any quiet moment, which would discard an answer just when it is wanted.
    """

    uri: str
    parameters: tuple[str, ...]
    """The provider, and the parameters of the call: language, model and the like."""
    above: tuple[str, ...]
    """The nearest lines above the cursor, blank ones left out, in the document's order."""
    below: tuple[str, ...]
    """The nearest lines below the cursor, blank ones left out, in the document's order."""
    line: str
    """The cursor's line, up to the cursor."""
    rest: str
    """The cursor's line from the cursor on."""

    def anchor(self) -> bytes:
        """Return the digest that all cursors on this line share, 16 bytes."""
        digest = hashlib.blake2b(digest_size=16)
        for group in (self.parameters, self.above, self.below):
            # No line contains a line end, so two different keys never join to the same bytes.
            digest.update("\n".join((self.uri, *group, "\n")).encode("utf-8", "surrogatepass"))
        return digest.digest()


def cache_key(request: FimRequest, *parameters: str) -> CacheKey:
    """Return the key of *request*, with *parameters* that it does not name itself.

    The key is made of the text that is sent and not of the document's: its secrets are masked.
    """
    start = _line_start(request.prompt.prefix, len(request.prompt.prefix))
    end = LINE_END.search(request.prompt.suffix)
    call = (request.language_id, request.model, request.max_tokens, request.temperature)
    return CacheKey(
        uri=request.uri,
        parameters=(*parameters, *map(str, call)),
        above=tuple(_lines_above(request.prompt.prefix[:start])),
        below=tuple(_lines_below(request.prompt.suffix)),
        line=request.prompt.prefix[start:],
        rest=request.prompt.suffix[: end.start()] if end else request.prompt.suffix,
    )


@dataclass(frozen=True, slots=True)
class Hit:
    """The rest of an answer from the cursor on. Empty text: the model has nothing more here."""

    result: FimResult
    origin: Origin
    typed: str = ""
    """The text typed on the line since the answer was requested."""


@dataclass(frozen=True, slots=True)
class _CacheEntry:
    """An answer, or the rest of one from a later line on."""

    line: str
    """The cursor's line, up to the cursor, when the answer was requested."""
    rest: str
    """That line from the cursor on."""
    text: str
    finish: Finish
    stored_at: float


class CompletionCache:
    """Holds the answers of the model, before post-processing; never a failure."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._anchors: LRUCache[bytes, tuple[str, tuple[_CacheEntry, ...]]] = LRUCache(MAX_ANCHORS)

    def __len__(self) -> int:
        return len(self._anchors)

    def store(self, key: CacheKey, result: FimResult) -> None:
        """Store the answer, and one entry per line so that typing along it hits."""
        text = with_newlines(result.text)
        if result.finish is Finish.LENGTH:
            text = text[:-TRIMMED_CHARS]
        elif not text and result.finish is not Finish.STOP:
            return
        self._add(key, text, result.finish)
        line = key.line
        for _ in range(MAX_FILLED_LINES):
            first, newline, text = text.partition("\n")
            if not newline:
                break
            key = replace(key, above=_append_line(key.above, line + first), line="")
            line = ""
            self._add(key, text, result.finish)

    def find(self, key: CacheKey) -> Hit | None:
        """Return the rest at *key* of the answer that fits it best, or None.

        Answers are preferred in this order:

        1. The answer that was requested at this very cursor.
        2. An answer that no earlier one contradicts. One that was requested further along the line
           and is contradicted began with a typo, which the user has deleted since.
        3. The answer with the longest rest.
        """
        now = self._clock()
        _, entries = self._anchors.get(key.anchor(), ("", ()))
        hits = [(entry, hit) for entry in entries if (hit := _find_rest(entry, key, now))]
        earlier = [entry for entry, _ in hits if len(entry.line) <= len(key.line)]

        def rank(pair: tuple[_CacheEntry, Hit]) -> tuple[bool, bool, int]:
            entry, hit = pair
            is_exact = (entry.line, entry.rest) == (key.line, key.rest)
            is_agreed = any((each.line + each.text).startswith(entry.line) for each in earlier)
            return is_exact, is_agreed, len(hit.result.text)

        best = max(hits, key=rank, default=None)
        return best[1] if best else None

    def forget(self, uri: str) -> None:
        """Remove the answers for a document, as when it is closed."""
        for anchor, (owner, _) in list(self._anchors.items()):
            if owner == uri:
                del self._anchors[anchor]

    def clear(self) -> None:
        """Remove all answers."""
        self._anchors.clear()

    def _add(self, key: CacheKey, text: str, finish: Finish) -> None:
        entry = _CacheEntry(key.line, key.rest, text, finish, self._clock())
        anchor = key.anchor()
        _, older = self._anchors.get(anchor, ("", ()))
        kept = [each for each in older if (each.line, each.rest) != (entry.line, entry.rest)]
        self._anchors[anchor] = (key.uri, (entry, *kept[: MAX_ENTRIES - 1]))


def _find_rest(entry: _CacheEntry, key: CacheKey, now: float) -> Hit | None:
    """Return the rest of *entry* after the cursor of *key*, or None if it does not fit there."""
    age = now - entry.stored_at
    if age > TTL_S:
        return None
    whole = entry.line + entry.text
    rest = _remove_line(whole, key.line)
    if rest is None or not _is_same_rest(entry, key):
        return None
    if not entry.text.strip() and len(key.line) < len(entry.line):
        # Only deleted text is left; the model said nothing here.
        return None
    origin = Origin.EXACT if key.line == entry.line else Origin.TYPE_THROUGH
    typed = key.line[len(entry.line) :] if key.line.startswith(entry.line) else ""
    if not rest.strip():
        is_end = entry.finish is Finish.STOP and age <= FINAL_S
        return Hit(FimResult("", Finish.STOP), origin, typed) if is_end else None
    return Hit(FimResult(rest, entry.finish), origin, typed)


def _remove_line(whole: str, line: str) -> str | None:
    """Return the text after *line* in *whole*, or None if *whole* does not begin with *line*."""
    if whole.startswith(line):
        return whole[len(line) :]
    if not line.strip():
        # The editor has indented the new line further than the answer does.
        text = whole.lstrip(" \t")
        indent = whole[: len(whole) - len(text)]
        if line.startswith(indent):
            return text
    return None


def _is_same_rest(entry: _CacheEntry, key: CacheKey) -> bool:
    """Return whether the rest of the line is still the one of the request.

    There are two cases: 1. It is the same text. 2. The user has typed opening brackets or quotes
    since the request, and the editor has put their closers in front of that text.
    """
    if key.rest == entry.rest:
        return True
    if not key.rest.endswith(entry.rest):
        return False
    closed = key.rest[: len(key.rest) - len(entry.rest)].strip()
    typed = key.line[len(entry.line) :]
    return bool(closed) and closed == "".join(reversed(_expected_closers(typed)))


def _expected_closers(typed: str) -> list[str]:
    """Return the closers of all that *typed* opens and does not close, the outermost first."""
    expected: list[str] = []
    for character in typed:
        if expected and character == expected[-1]:
            expected.pop()
        elif character in _CLOSERS:
            expected.append(_CLOSERS[character])
    return expected


def _append_line(above: tuple[str, ...], line: str) -> tuple[str, ...]:
    """Return the lines above a cursor that has moved on to the line after *line*."""
    line = line.rstrip()
    return (*above, line)[-LINES_ABOVE:] if line else above


def _lines_above(before: str) -> list[str]:
    """Return the last `LINES_ABOVE` lines of *before* that are not blank, in their order."""
    lines: list[str] = []
    end = len(before)
    while end > 0 and len(lines) < LINES_ABOVE:
        start = _line_start(before, end - 1)
        line = before[start:end].rstrip()
        if line:
            lines.append(line)
        end = start
    return lines[::-1]


def _line_start(text: str, end: int) -> int:
    """Return the index at which the line around *end* begins.

    Between the two halves of a CRLF it finds an empty line, which callers skip as blank.
    """
    return max(text.rfind("\n", 0, end), text.rfind("\r", 0, end)) + 1


def _lines_below(after: str) -> Iterator[str]:
    """Yield the first `LINES_BELOW` lines after the cursor's that are not blank."""
    found = LINE_END.search(after)
    count = 0
    while found and count < LINES_BELOW:
        start = found.end()
        found = LINE_END.search(after, start)
        line = (after[start : found.start()] if found else after[start:]).strip()
        if line:
            count += 1
            yield line
