"""Builds the prompt: prefix and suffix within budget, without secrets, from a start that stays."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from cachetools import LRUCache

from ds_lsp.completion.prompt.budget import MAX_GROWTH, Budget, Scale, Scales, budget_of
from ds_lsp.providers.base import FimRequest, FimResult, PromptParts
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.lines import LINE_END
from ds_lsp.text.snapshot import Snapshot

TOTAL_TOKENS = 2_000
"""Approximate tokens of a prompt, which grows to `MAX_GROWTH` times as many. In code that is a body
of some 9 KB and never over 13 KB, which an idle connection sends in one round trip (ten TCP
segments)."""
SUFFIX_CHARS = 1_200
"""Maximum characters of the suffix. It follows the typed text, so the provider's prefix cache never
holds it: every character of it is paid at the full price, at every keystroke."""
SUFFIX_LINES = 40
"""Maximum lines of the suffix."""
_FREE_WINDOW = Budget(window=1_800, suffix=600, excerpts=0)
"""The budget for a provider that costs nothing and sends nothing, so its window can be larger. (The
local provider has an index of its own for other files.)"""

_MIN_SHARE = 0.4
"""Minimum share of its budget for a window; one that has shrunk below it begins anew, further up.
"""
_FRESH_SHARE = 0.67
"""Share of the budget that a window which begins anew fills."""
_ANCHOR_CHARS = 256
"""Characters by which the start of the last window is found again in the changed text."""
_MAX_STARTS = 4
"""Maximum window starts in memory for one document."""
_MAX_TRIES = 200
"""Maximum positions on either side at which that start is looked for: it may be one character
repeated."""
_MAX_DOCUMENTS = 64


class ExcerptSource(Protocol):
    """The excerpts of other files."""

    def parts(self, uri: str) -> PromptParts:
        """Return the excerpts for a document, with an empty prefix and suffix."""

    def clear(self) -> None:
        """Forget all excerpts."""


_NONE = PromptParts("")


class NoExcerpts:
    """Sends no text of other files."""

    def parts(self, uri: str) -> PromptParts:
        """Return no excerpts."""
        return _NONE

    def clear(self) -> None:
        """Do nothing."""


class PromptBuilder:
    """Builds the requests to providers; remembers for each document where its window begins.

    The window's start is found again by its text, so it stays where it is when lines come and go
    above it. It moves in big steps only: the head of the prompt stays byte for byte the same, and
    cached by the provider, from one keystroke to the next.
    """

    def __init__(
        self,
        excerpts: ExcerptSource | None = None,
        total_tokens: int = TOTAL_TOKENS,
    ) -> None:
        self.scales = Scales()
        self.budget = budget_of(total_tokens)
        self.excerpts: ExcerptSource = excerpts or NoExcerpts()
        self._starts: LRUCache[tuple[str, bool], tuple[_WindowStart, ...]] = LRUCache(
            _MAX_DOCUMENTS
        )

    def build_request(
        self, snapshot: Snapshot, settings: CompletionSettings, *, metered: bool = True
    ) -> FimRequest:
        """Build the request for one cursor, without the text that must not leave the document.

        Every text that is remembered, learned from or sent is made here.
        """
        snapshot, masked = mask_secrets(snapshot)
        budget = self.budget if metered else _FREE_WINDOW
        scale = self.scales.of(snapshot.language_id)
        parts = self.excerpts.parts(snapshot.uri) if metered else _NONE
        return FimRequest(
            uri=snapshot.uri,
            language_id=snapshot.language_id,
            prompt=replace(
                parts,
                prefix=self._select_prefix(snapshot, budget, scale, metered=metered),
                suffix=select_suffix(snapshot, budget, scale),
            ),
            model=settings.model,
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
            timeout_s=settings.timeout_ms / 1000,
            masked=masked,
        )

    def learn(self, request: FimRequest, result: FimResult) -> None:
        """Learn the characters per token from the provider's count of the prompt."""
        if result.usage:
            counted = result.usage.prompt_hit + result.usage.prompt_miss
            self.scales.learn(request.language_id, request.prompt.text, counted)

    def _select_prefix(
        self, snapshot: Snapshot, budget: Budget, scale: Scale, *, metered: bool
    ) -> str:
        """Return the window before the cursor, and remember where it begins."""
        key = (snapshot.uri, metered)
        known = self._starts.get(key, ())
        prefix = select_prefix(snapshot, known, budget.window, scale)
        begins_line = _is_line_start(snapshot.before, len(snapshot.before) - len(prefix))
        start = _WindowStart(prefix[:_ANCHOR_CHARS], len(prefix), begins_line)
        others = (each for each in known if each.anchor != start.anchor)
        self._starts[key] = (start, *others)[:_MAX_STARTS]
        return prefix


@dataclass(frozen=True, slots=True)
class _WindowStart:
    """The start of an earlier window."""

    anchor: str
    """The first `_ANCHOR_CHARS` characters of the window."""
    length: int
    """Characters from there to the cursor, then."""
    begins_line: bool
    """True if the window began with a line; False in an endless line."""


def mask_secrets(snapshot: Snapshot) -> tuple[Snapshot, tuple[str, ...]]:
    """Mask secrets and defuse control tokens; return the snapshot and the names of the rules.

    No character moves. All of the snapshot is searched, so that a secret is recognized which the
    budget would cut in two.
    """
    # Imported late, because the server starts without the patterns of secrets.
    from ds_lsp.workspace.privacy.secrets import mask

    cursor = len(snapshot.before)
    whole = snapshot.before + snapshot.after
    masked = mask(whole, cursor)
    text = defuse(masked.text)
    if text is whole:
        return snapshot, ()
    return replace(snapshot, before=text[:cursor], after=text[cursor:]), masked.rules


def cut_at_secret(text: str, snapshot: Snapshot) -> str:
    """Cut a completion before the first secret in it, or the filler in the place of one."""
    from ds_lsp.workspace.privacy.secrets import cut_secret

    return cut_secret(text, snapshot.before, snapshot.after)


def prepare_text(text: str) -> str:
    """Mask the secrets in a text, and defuse control tokens, so that it may be sent."""
    # Imported here: a start of the server needs none of its patterns.
    from ds_lsp.workspace.privacy.secrets import mask

    return defuse(mask(text).text)


def defuse(text: str) -> str:
    """Replace the tokens that steer the model: in a document they are text like any other."""
    if "<｜" not in text and "<|EOT|>" not in text:
        return text
    return _CONTROL_TOKEN.sub(lambda found: f"<:{found[0][2:-2]}:>", text)


# <｜fim▁hole｜>, <｜User｜> and the like, with full-width bars; and the one that has others.
_CONTROL_TOKEN = re.compile(r"<｜[^｜<>\r\n]{1,60}｜>|<\|EOT\|>")


def select_prefix(
    snapshot: Snapshot, known: tuple[_WindowStart, ...], budget: int, scale: Scale
) -> str:
    """Return the text before the cursor from one of the *known* starts on, else from a new one.

    There are three cases: 1. The text from a known start on is neither too short nor too long.
    2. The whole text before the cursor is short enough. 3. A new start is chosen.
    """
    before, most = snapshot.before, MAX_GROWTH * budget
    for start in known:
        at = _find_start(start, before)
        if at is not None and _MIN_SHARE * budget <= scale.tokens(before[at:]) <= most:
            return before[at:]
    if snapshot.before_is_whole and scale.tokens(before) <= most:
        return before
    return before[_choose_start(before, budget, scale) :]


def _find_start(start: _WindowStart, before: str) -> int | None:
    """Return the index in *before* at which the window begins now, the likeliest of several."""
    if len(start.anchor) < _ANCHOR_CHARS:
        return None
    # Lines may be repeated. One keystroke moves the start by a character, so that the right line is
    # near the old position and an equal one is far from it.
    expected = max(len(before) - start.length, 0)
    around = (
        _find_upwards(before, start.anchor, expected),
        _find_downwards(before, start.anchor, expected),
    )
    nearest = [
        next((at for at in positions if _is_line_start(before, at) or not start.begins_line), None)
        for positions in around
    ]
    found = [at for at in nearest if at is not None]
    return min(found, key=lambda at: abs(at - expected), default=None)


def _find_upwards(text: str, anchor: str, start: int) -> Iterator[int]:
    """Yield the indexes of *anchor* from *start* upwards, the nearest first."""
    at = text.rfind(anchor, 0, start + len(anchor))
    for _ in range(_MAX_TRIES):
        if at < 0:
            return
        yield at
        at = text.rfind(anchor, 0, at + len(anchor) - 1)


def _find_downwards(text: str, anchor: str, start: int) -> Iterator[int]:
    """Yield the indexes of *anchor* after *start*, the nearest first."""
    at = text.find(anchor, start + 1)
    for _ in range(_MAX_TRIES):
        if at < 0:
            return
        yield at
        at = text.find(anchor, at + 1)


def _is_line_start(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] in "\r\n"


def _choose_start(before: str, budget: int, scale: Scale) -> int:
    """Return the index of a new start, which leaves room for the text that will be typed.

    It is the start of a line, preferably after a blank line.
    """
    lines = [(at, left) for at, left in scale.line_tokens(before) if left <= budget]
    if len(lines) <= 1:
        # One endless line.
        tail = before[: -len(before) - 1 : -1]
        return len(before) - scale.chars(tail, _FRESH_SHARE * budget)
    wanted = _FRESH_SHARE * budget
    paragraphs = [
        (at, left)
        for at, left in lines
        if _AFTER_BLANK.search(before[max(at - 80, 0) : at]) and left >= wanted / 2
    ]
    return min(paragraphs or lines, key=lambda line: abs(line[1] - wanted))[0]


_AFTER_BLANK = re.compile(r"(?:\n|\r(?!\n))[ \t]*(?:\r\n|\n|\r)\Z")


def select_suffix(snapshot: Snapshot, budget: Budget, scale: Scale) -> str:
    """Return some whole lines after the cursor; no text if only white space is left.

    Without a suffix, the provider's cache can match a whole earlier prompt. A completion is fitted
    to the document's text and not to the part of it that was sent.
    """
    after = snapshot.after
    if not after.strip():
        return ""
    most = min(SUFFIX_CHARS, scale.chars(after, budget.suffix))
    ends = [found.end() for found in LINE_END.finditer(after, 0, most + 2)]
    if len(after) <= most and len(ends) < SUFFIX_LINES:
        return after
    whole = [end for end in ends[:SUFFIX_LINES] if end <= most]
    return after[: whole[-1] if whole else most]
