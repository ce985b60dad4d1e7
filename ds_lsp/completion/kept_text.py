"""Measures how much of an accepted text is left in its document."""

import re
from difflib import SequenceMatcher

from ds_lsp.text.lines import with_newlines
from ds_lsp.text.snapshot import Snapshot

KEPT_SHARE = 0.5
"""Minimum share of an accepted text that must be left for it to count as kept, 0 to 1."""

_NEAR_CHARS, _FAR_CHARS = 50, 1_500
"""Characters around its position in which an accepted text is searched: first near, then far."""
_MAX_COMPARED_CHARS = 1_000
"""Maximum characters of an accepted text that are searched for: comparing takes time."""
_TOKEN = re.compile(r"\w+|[^\w\s]")


def share_left(text: str, at: Snapshot) -> float:
    """Return the share of an accepted text that is left near its position, 0 to 1.

    The share is counted in characters of the tokens that are left in their order. White space is
    not compared, so a formatter does not reduce it.
    """
    compared = text[:_MAX_COMPARED_CHARS]
    near = _matching_share(compared, _text_around(at, len(compared), _NEAR_CHARS))
    if near >= KEPT_SHARE:
        return near
    return max(near, _matching_share(compared, _text_around(at, len(compared), _FAR_CHARS)))


def _text_around(at: Snapshot, size: int, margin: int) -> str:
    """Return the text of *size* characters at the cursor, and *margin* more on each side."""
    return with_newlines(at.before[-margin:] + at.after[: size + margin])


def _matching_share(text: str, around: str) -> float:
    """Return the share of *text* whose tokens are in *around* in their order, 0 to 1."""
    if text in around:
        return 1.0
    ours, theirs = _TOKEN.findall(text), _TOKEN.findall(around)
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    found = (ours[block.a : block.a + block.size] for block in matcher.get_matching_blocks())
    size = len("".join(ours))
    return sum(len("".join(tokens)) for tokens in found) / size if size else 0.0
