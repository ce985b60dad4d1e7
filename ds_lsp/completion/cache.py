"""What models have said, found again wherever the text around the cursor is still the same.

An answer is kept by the lines above and below its cursor, and by what stood on the cursor's line.
So it serves again while it is typed along, after a backspace, and on its next lines.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from cachetools import LRUCache

from ds_lsp.completion.request import Origin
from ds_lsp.document import LINE_END, with_newlines
from ds_lsp.providers.base import FimRequest, FimResult, Finish

MAX_ANCHORS = 256
MAX_ENTRIES = 4
"""Answers kept for one spot."""
TTL_S = 600.0
"""The models behind a name change without notice; what was said ten minutes ago is forgotten."""
NOTHING_MORE_S = 60.0
"""For so long the end of an answer is believed to be the end of what there is to say: the request
after an accept is spared, and somebody who comes back later may ask again."""
LINES_ABOVE = 30
LINES_BELOW = 5
"""Lines that are not blank; they tell one place from another, whatever is edited elsewhere."""
MAX_FILLED_LINES = 20
"""So many lines of an answer can be walked along; no more are ever shown."""
DOUBTED_CHARS = 10
"""The end of an answer that ran into its limit may be half a word."""

_CLOSERS = {"(": ")", "[": "]", "{": "}", "<": ">", '"': '"', "'": "'", "`": "`"}


@dataclass(frozen=True, slots=True)
class Spot:
    """Everything an answer depends on, but for what was excerpted from other files.

    That changes at any quiet moment: an answer would be forgotten just when it is wanted.
    """

    uri: str
    asked: tuple[str, ...]
    """Who is asked, and how: provider, language, model and the like."""
    above: tuple[str, ...]
    below: tuple[str, ...]
    line: str
    """The cursor's line, up to the cursor."""
    rest: str
    """And from the cursor on."""

    def anchor(self) -> bytes:
        """The same for every cursor on this line."""
        digest = hashlib.blake2b(digest_size=16)
        for group in (self.asked, self.above, self.below):
            # A line holds no line end, so no two places run together into the same bytes.
            digest.update("\n".join((self.uri, *group, "\n")).encode("utf-8", "surrogatepass"))
        return digest.digest()


def spot_of(request: FimRequest, *asked: str) -> Spot:
    """Of what is sent, and not of the document: secrets are masked in that."""
    start = _line_start(request.prompt.prefix, len(request.prompt.prefix))
    end = LINE_END.search(request.prompt.suffix)
    how = (request.language_id, request.model, request.max_tokens, request.temperature)
    return Spot(
        uri=request.uri,
        asked=(*asked, *map(str, how)),
        above=tuple(_lines_above(request.prompt.prefix[:start])),
        below=tuple(_lines_below(request.prompt.suffix)),
        line=request.prompt.prefix[start:],
        rest=request.prompt.suffix[: end.start()] if end else request.prompt.suffix,
    )


@dataclass(frozen=True, slots=True)
class Hit:
    """What is left of an answer. Empty text: there is nothing more to say here."""

    result: FimResult
    origin: Origin
    typed: str = ""
    """What was typed on the line since the answer was asked for."""


@dataclass(frozen=True, slots=True)
class _Entry:
    line: str
    rest: str
    text: str
    finish: Finish
    at: float


class CompletionCache:
    """Holds what the model said, never what was shown, and never a failure."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._anchors: LRUCache[bytes, tuple[str, tuple[_Entry, ...]]] = LRUCache(MAX_ANCHORS)

    def __len__(self) -> int:
        return len(self._anchors)

    def store(self, spot: Spot, result: FimResult) -> None:
        """Keep an answer for its cursor, and each of its lines for who has come so far."""
        text = with_newlines(result.text)
        if result.finish is Finish.LENGTH:
            text = text[:-DOUBTED_CHARS]
        elif not text and result.finish is not Finish.STOP:
            return
        self._put(spot, text, result.finish)
        line = spot.line
        for _ in range(MAX_FILLED_LINES):
            ended, newline, text = text.partition("\n")
            if not newline:
                break
            spot = replace(spot, above=_joined(spot.above, line + ended), line="")
            line = ""
            self._put(spot, text, result.finish)

    def find(self, spot: Spot) -> Hit | None:
        """Return what is left at *spot* of the answer that fits it best.

        The answer for this very cursor comes first. One that was asked for further on comes last
        where an earlier one says otherwise: its first letters were a typo that was taken back.
        Of several, the longest rest is taken.
        """
        now = self._clock()
        _, entries = self._anchors.get(spot.anchor(), ("", ()))
        hits = [(entry, hit) for entry in entries if (hit := _left(entry, spot, now))]
        earlier = [entry for entry, _ in hits if len(entry.line) <= len(spot.line)]

        def preference(pair: tuple[_Entry, Hit]) -> tuple[bool, bool, int]:
            entry, hit = pair
            is_exact = (entry.line, entry.rest) == (spot.line, spot.rest)
            is_agreed = any((each.line + each.text).startswith(entry.line) for each in earlier)
            return is_exact, is_agreed, len(hit.result.text)

        best = max(hits, key=preference, default=None)
        return best[1] if best else None

    def forget(self, uri: str) -> None:
        """The document is closed."""
        for anchor, (owner, _) in list(self._anchors.items()):
            if owner == uri:
                del self._anchors[anchor]

    def clear(self) -> None:
        self._anchors.clear()

    def _put(self, spot: Spot, text: str, finish: Finish) -> None:
        entry = _Entry(spot.line, spot.rest, text, finish, self._clock())
        anchor = spot.anchor()
        _, older = self._anchors.get(anchor, ("", ()))
        kept = [each for each in older if (each.line, each.rest) != (entry.line, entry.rest)]
        self._anchors[anchor] = (spot.uri, (entry, *kept[: MAX_ENTRIES - 1]))


def _left(entry: _Entry, spot: Spot, now: float) -> Hit | None:
    """What of *entry* still lies before the cursor of *spot*."""
    age = now - entry.at
    if age > TTL_S:
        return None
    whole = entry.line + entry.text
    rest = _after(whole, spot.line)
    if rest is None or not _is_same_rest(entry, spot):
        return None
    if not entry.text.strip() and len(spot.line) < len(entry.line):
        # What was taken back, and nothing that anybody said.
        return None
    origin = Origin.EXACT if spot.line == entry.line else Origin.TYPE_THROUGH
    typed = spot.line[len(entry.line) :] if spot.line.startswith(entry.line) else ""
    if not rest.strip():
        is_end = entry.finish is Finish.STOP and age <= NOTHING_MORE_S
        return Hit(FimResult("", Finish.STOP), origin, typed) if is_end else None
    return Hit(FimResult(rest, entry.finish), origin, typed)


def _after(whole: str, line: str) -> str | None:
    """What follows *line* in *whole*; None when it does not begin with it."""
    if whole.startswith(line):
        return whole[len(line) :]
    if not line.strip():
        # A new line that the editor has indented further than the answer.
        text = whole.lstrip(" \t")
        indent = whole[: len(whole) - len(text)]
        if line.startswith(indent):
            return text
    return None


def _is_same_rest(entry: _Entry, spot: Spot) -> bool:
    """Whether the rest of the line is the one that was asked for, or the editor has closed
    brackets and quotes in it that were typed since then."""
    if spot.rest == entry.rest:
        return True
    if not spot.rest.endswith(entry.rest):
        return False
    closed = spot.rest[: len(spot.rest) - len(entry.rest)].strip()
    typed = spot.line[len(entry.line) :]
    return bool(closed) and closed == "".join(reversed(_expected_closers(typed)))


def _expected_closers(typed: str) -> list[str]:
    """What would close what *typed* opens and does not close, the outermost first."""
    expected: list[str] = []
    for character in typed:
        if expected and character == expected[-1]:
            expected.pop()
        elif character in _CLOSERS:
            expected.append(_CLOSERS[character])
    return expected


def _joined(above: tuple[str, ...], line: str) -> tuple[str, ...]:
    """The lines above, once *line* has become one of them."""
    line = line.rstrip()
    return (*above, line)[-LINES_ABOVE:] if line else above


def _lines_above(before: str) -> list[str]:
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
    """Where the line begins that holds *end*; between the halves of a CRLF is an empty line,
    which is blank and counts for nothing."""
    return max(text.rfind("\n", 0, end), text.rfind("\r", 0, end)) + 1


def _lines_below(after: str) -> Iterator[str]:
    found = LINE_END.search(after)
    count = 0
    while found and count < LINES_BELOW:
        start = found.end()
        found = LINE_END.search(after, start)
        line = (after[start : found.start()] if found else after[start:]).strip()
        if line:
            count += 1
            yield line
