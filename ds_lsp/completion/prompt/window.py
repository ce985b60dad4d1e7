"""What is sent: prefix and suffix within budget, no secrets, after a head that stays the same."""

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
"""Of a prompt, about; at most `MAX_GROWTH` times as many. In code that is a body of some 9 KB and
never over 13 KB, which an idle connection sends in one round trip (ten TCP segments)."""
SUFFIX_CHARS = 1_200
SUFFIX_LINES = 40
"""The suffix follows the typed text, so the provider's prefix cache never holds it: every
character of it is paid at the full price, at every keystroke."""
_FREE_WINDOW = Budget(window=1_800, suffix=600, excerpts=0)
"""What costs nothing and goes nowhere may as well be more. (The local provider has an index of
its own for other files.)"""

_LEAST = 0.4
"""A window that has shrunk to so much of its budget begins anew, further up."""
_AFTER_A_MOVE = 0.67
"""So much of the budget a window that begins anew has."""
_HEAD_CHARS = 256
"""By so many characters the start of the last window is found again."""
_KEPT_STARTS = 4
_MAX_PLACES = 200
"""Maximum places on either side at which that start is looked for: it may be one sign repeated."""
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


class Contexts:
    """Makes the requests; remembers for each document where its window begins.

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
        self._starts: LRUCache[tuple[str, bool], tuple[_Start, ...]] = LRUCache(_MAX_DOCUMENTS)

    def request(
        self, snapshot: Snapshot, settings: CompletionSettings, *, metered: bool = True
    ) -> FimRequest:
        """The request for one cursor: the document's text, but for what must not leave it.

        Whatever is remembered, learned from or sent is made here.
        """
        snapshot, masked = without_secrets(snapshot)
        budget = self.budget if metered else _FREE_WINDOW
        scale = self.scales.of(snapshot.language_id)
        parts = self.excerpts.parts(snapshot.uri) if metered else _NONE
        return FimRequest(
            uri=snapshot.uri,
            language_id=snapshot.language_id,
            prompt=replace(
                parts,
                prefix=self._prefix(snapshot, budget, scale, metered=metered),
                suffix=suffix_of(snapshot, budget, scale),
            ),
            model=settings.model,
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
            timeout_s=settings.timeout_ms / 1000,
            masked=masked,
        )

    def learn(self, request: FimRequest, result: FimResult) -> None:
        """Take the provider's count of what was sent."""
        if result.usage:
            counted = result.usage.prompt_hit + result.usage.prompt_miss
            self.scales.learn(request.language_id, request.prompt.text, counted)

    def _prefix(self, snapshot: Snapshot, budget: Budget, scale: Scale, *, metered: bool) -> str:
        name = (snapshot.uri, metered)
        known = self._starts.get(name, ())
        prefix = prefix_of(snapshot, known, budget.window, scale)
        begins_line = _begins_line(snapshot.before, len(snapshot.before) - len(prefix))
        start = _Start(prefix[:_HEAD_CHARS], len(prefix), begins_line)
        others = (each for each in known if each.head != start.head)
        self._starts[name] = (start, *others)[:_KEPT_STARTS]
        return prefix


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a window began."""

    head: str
    """Its first characters."""
    length: int
    """How far before the cursor that was."""
    begins_line: bool
    """False in an endless line."""


def without_secrets(snapshot: Snapshot) -> tuple[Snapshot, tuple[str, ...]]:
    """The snapshot with its secrets masked and control tokens defused, and the rules that spoke.

    No character moves. All of the window is looked at, so that what the budget cuts in two is
    known for what it is.
    """
    # Imported where it is used: its patterns cost a start of the server nothing.
    from ds_lsp.workspace.privacy.secrets import mask

    cursor = len(snapshot.before)
    whole = snapshot.before + snapshot.after
    masked = mask(whole, cursor)
    text = defuse(masked.text)
    if text is whole:
        return snapshot, ()
    return replace(snapshot, before=text[:cursor], after=text[cursor:]), masked.rules


def offerable(text: str, snapshot: Snapshot) -> str:
    """What of a completion is no secret: up to the first one, or filler in the place of one."""
    from ds_lsp.workspace.privacy.secrets import cut_secret

    return cut_secret(text, snapshot.before, snapshot.after)


def prepare_text(text: str) -> str:
    """Mask the secrets in a text, and defuse control tokens, so that it may be sent."""
    # Imported here: a start of the server needs none of its patterns.
    from ds_lsp.workspace.privacy.secrets import mask

    return defuse(mask(text).text)


def defuse(text: str) -> str:
    """*text* without the tokens that steer the model, which a text is no place for."""
    if "<｜" not in text and "<|EOT|>" not in text:
        return text
    return _CONTROL_TOKEN.sub(lambda found: f"<:{found[0][2:-2]}:>", text)


# <｜fim▁hole｜>, <｜User｜> and the like, with full-width bars; and the one that has others.
_CONTROL_TOKEN = re.compile(r"<｜[^｜<>\r\n]{1,60}｜>|<\|EOT\|>")


def prefix_of(snapshot: Snapshot, known: "tuple[_Start, ...]", budget: int, scale: Scale) -> str:
    """The text before the cursor from one of the *known* starts on, else from a new one."""
    before = snapshot.before
    for start in known:
        at = _found_again(start, before)
        if at is not None and _LEAST * budget <= scale.tokens(before[at:]) <= MAX_GROWTH * budget:
            return before[at:]
    if snapshot.before_is_whole and scale.tokens(before) <= MAX_GROWTH * budget:
        return before
    return before[_new_start(before, budget, scale) :]


def _found_again(start: "_Start", before: str) -> int | None:
    """Where in *before* the window begins now; of several such places, the likeliest."""
    if len(start.head) < _HEAD_CHARS:
        return None
    # Lines may be repeated: one keystroke moves the start by as much, and the next like it is far.
    expected = max(len(before) - start.length, 0)
    around = (_places_up(before, start.head, expected), _places_down(before, start.head, expected))
    nearest = [
        next((at for at in places if _begins_line(before, at) or not start.begins_line), None)
        for places in around
    ]
    found = [at for at in nearest if at is not None]
    return min(found, key=lambda at: abs(at - expected), default=None)


def _places_up(text: str, head: str, start: int) -> Iterator[int]:
    """Where *head* stands from *start* upwards, the nearest first."""
    at = text.rfind(head, 0, start + len(head))
    for _ in range(_MAX_PLACES):
        if at < 0:
            return
        yield at
        at = text.rfind(head, 0, at + len(head) - 1)


def _places_down(text: str, head: str, start: int) -> Iterator[int]:
    """Where *head* stands after *start*, the nearest first."""
    at = text.find(head, start + 1)
    for _ in range(_MAX_PLACES):
        if at < 0:
            return
        yield at
        at = text.find(head, at + 1)


def _begins_line(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] in "\r\n"


def _new_start(before: str, budget: int, scale: Scale) -> int:
    """A line start, at best after a blank line, with some room for what will be typed."""
    lines = [(at, left) for at, left in scale.line_tokens(before) if left <= budget]
    if len(lines) <= 1:
        # One endless line.
        tail = before[: -len(before) - 1 : -1]
        return len(before) - scale.chars(tail, _AFTER_A_MOVE * budget)
    wanted = _AFTER_A_MOVE * budget
    paragraphs = [
        (at, left)
        for at, left in lines
        if _AFTER_BLANK.search(before[max(at - 80, 0) : at]) and left >= wanted / 2
    ]
    return min(paragraphs or lines, key=lambda line: abs(line[1] - wanted))[0]


_AFTER_BLANK = re.compile(r"(?:\n|\r(?!\n))[ \t]*(?:\r\n|\n|\r)\Z")


def suffix_of(snapshot: Snapshot, budget: Budget, scale: Scale) -> str:
    """Some whole lines after the cursor; nothing where only blanks are left.

    Without a suffix, the provider's cache can match a whole earlier prompt. What is shown is
    fitted to the document's text, not to what was sent of it.
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
