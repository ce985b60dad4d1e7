"""The extent of a completion: the lines to ask for at a cursor."""

from enum import Enum
from functools import lru_cache

from ds_lsp.languages.statements import before_of, code_at, opens_block
from ds_lsp.text.lines import indent_of
from ds_lsp.text.pairs import CLOSER_OF
from ds_lsp.text.snapshot import Snapshot

_MAX_TOKENS_BY_EXTENT = {"line": 64, "statement": 160, "block": 256}
"""Maximum tokens to ask for, by the value of an extent."""


class Extent(Enum):
    """The maximum of a completion that is shown."""

    LINE = "line"
    STATEMENT = "statement"
    """A line, or more lines if a bracket or block is open at its end."""
    BLOCK = "block"


# Cached, because it is called before a provider's call, during the stream and after it.
@lru_cache(2)
def extent_for(snapshot: Snapshot, multiline: str) -> Extent:
    """Return the extent to ask for; *multiline* is the setting `completion.multiline`."""
    if multiline == "auto":
        return _extent_at(snapshot)
    return Extent.BLOCK if multiline == "always" else Extent.LINE


def max_tokens_for(extent: Extent, setting: int) -> int:
    """Return the tokens to ask for: *setting*, but no more than *extent* can use."""
    return min(setting, _MAX_TOKENS_BY_EXTENT[extent.value])


def _extent_at(snapshot: Snapshot) -> Extent:
    """Return the extent that the text around the cursor suggests.

    There are five cases:

    1. In prose, a string or a comment: a line.
    2. Before the rest of a line: a line; a block between a pair of brackets.
    3. On a blank line: a block; a statement if code at the same depth follows directly below.
    4. After code that opens no block: a statement.
    5. After code that opens a block: a block; a statement if the block has lines already.
    """
    line, rest = snapshot.line_before, snapshot.line_after.strip()
    code = code_at(before_of(snapshot), snapshot.language_id)
    if code.lexicon.is_prose or code.state.inside is not None:
        return Extent.LINE
    opener = line.rstrip()[-1:]
    if rest:
        is_pair = opener in CLOSER_OF and rest.startswith(CLOSER_OF[opener])
        return Extent.BLOCK if is_pair else Extent.LINE
    if not line.strip():
        # In code that continues right below, one statement at a time.
        directly_below = next(iter(snapshot.lines_below), "")
        is_amid = line and directly_below.strip() and indent_of(directly_below) >= indent_of(line)
        return Extent.STATEMENT if is_amid else Extent.BLOCK
    if not opens_block(line, code.lexicon):
        return Extent.STATEMENT
    next_line = next((each for each in snapshot.lines_below if each.strip()), "")
    return Extent.STATEMENT if indent_of(next_line) > indent_of(line) else Extent.BLOCK
