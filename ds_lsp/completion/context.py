"""What of the document is sent: prefix and suffix within budget, with a stable head, no secrets."""

import re
from dataclasses import replace

from ds_lsp.document import LINE_END, Snapshot
from ds_lsp.providers.base import FimRequest
from ds_lsp.settings import CompletionSettings

PREFIX_BUDGET = 8_000
"""Characters. With the suffix and JSON's escapes the body stays under 13 KB, which an idle
connection sends in one round trip (ten TCP segments)."""
SUFFIX_BUDGET = 2_000
"""Characters. The suffix follows the typed text, so the provider's prefix cache never holds it:
every character of it is paid at the full price, at every keystroke."""
STEP_LINES = 50
"""The start of the prefix moves in steps of so many lines, so that the head of the prompt stays
the same, and cached by the provider, from one keystroke to the next."""


def fim_request(snapshot: Snapshot, settings: CompletionSettings) -> FimRequest:
    """The request for one cursor: the document's text, but for what must not leave it.

    Whatever is remembered, learned from or sent is made here.
    """
    clean, masked = without_secrets(snapshot)
    return FimRequest(
        uri=snapshot.uri,
        language_id=snapshot.language_id,
        prefix=prefix_of(clean),
        suffix=suffix_of(clean),
        model=settings.model,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        timeout_s=settings.timeout_ms / 1000,
        masked=masked,
    )


def without_secrets(snapshot: Snapshot) -> tuple[Snapshot, tuple[str, ...]]:
    """The snapshot with its secrets masked and control tokens defused, and the rules that spoke.

    No character moves. All of the window is looked at, so that what the budget cuts in two is
    known for what it is.
    """
    # Imported where it is used: its patterns cost a start of the server nothing.
    from ds_lsp.privacy.secrets import mask

    cursor = len(snapshot.before)
    whole = snapshot.before + snapshot.after
    masked = mask(whole, cursor)
    text = defuse(masked.text)
    if text is whole:
        return snapshot, ()
    return replace(snapshot, before=text[:cursor], after=text[cursor:]), masked.rules


def offerable(text: str, snapshot: Snapshot) -> str:
    """What of a completion may be offered: it stops before a secret, or filler in place of one."""
    from ds_lsp.privacy.secrets import cut_secret

    return cut_secret(text, snapshot.before, snapshot.after)


def defuse(text: str) -> str:
    """*text* without the tokens that steer the model, which a text is no place for."""
    if "<｜" not in text and "<|EOT|>" not in text:
        return text
    return _CONTROL_TOKEN.sub(lambda found: f"<:{found[0][2:-2]}:>", text)


# <｜fim▁hole｜>, <｜User｜> and the like, with full-width bars; and the one that has others.
_CONTROL_TOKEN = re.compile(r"<｜[^｜<>\r\n]{1,60}｜>|<\|EOT\|>")


def prefix_of(snapshot: Snapshot) -> str:
    """As much text before the cursor as the budget holds, from a line start that moves in steps."""
    before = snapshot.before
    if snapshot.before_is_whole and len(before) <= PREFIX_BUDGET:
        return before
    window_start = max(len(before) - PREFIX_BUDGET, 0)
    starts = [found.end() for found in LINE_END.finditer(before, window_start)]
    if not starts:
        # One endless line.
        return before[window_start:]
    first_line = snapshot.line - len(starts) + 1
    skip = -first_line % STEP_LINES
    return before[starts[skip if skip < len(starts) else 0] :]


def suffix_of(snapshot: Snapshot) -> str:
    """As many whole lines after the cursor as the budget holds."""
    after = snapshot.after
    if len(after) <= SUFFIX_BUDGET:
        return after
    ends = [found.end() for found in LINE_END.finditer(after)]
    return after[: max((end for end in ends if end <= SUFFIX_BUDGET), default=SUFFIX_BUDGET)]
