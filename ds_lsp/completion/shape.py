"""One line or many: what is asked for at a cursor."""

from enum import Enum
from functools import lru_cache

from ds_lsp.completion.postprocess.lines import before_of, code_at, indent_of, opens_block
from ds_lsp.document import Snapshot

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_MAX_TOKENS_BY_EXTENT = {"line": 64, "statement": 160, "block": 256}


class Extent(Enum):
    """How much may be shown."""

    LINE = "line"
    STATEMENT = "statement"
    """One line, or more if that line leaves something open."""
    BLOCK = "block"


# Asked before a call, while it is heard and of what it said.
@lru_cache(2)
def extent_for(snapshot: Snapshot, multiline: str) -> Extent:
    """The shape to ask for; *multiline* is the setting."""
    if multiline == "auto":
        return _extent_at(snapshot)
    return Extent.BLOCK if multiline == "always" else Extent.LINE


def max_tokens_for(extent: Extent, setting: int) -> int:
    """No more tokens than the shape can use."""
    return min(setting, _MAX_TOKENS_BY_EXTENT[extent.value])


def _extent_at(snapshot: Snapshot) -> Extent:
    line, rest = snapshot.line_before, snapshot.line_after.strip()
    code = code_at(before_of(snapshot), snapshot.language_id)
    if code.lexicon.is_prose or code.state.inside is not None:
        return Extent.LINE
    opener = line.rstrip()[-1:]
    if rest:
        is_pair = opener in _PAIRS and rest.startswith(_PAIRS[opener])
        return Extent.BLOCK if is_pair else Extent.LINE
    if not line.strip():
        # Into code that goes on right below, one statement at a time.
        directly_below = next(iter(snapshot.lines_below), "")
        is_amid = line and directly_below.strip() and indent_of(directly_below) >= indent_of(line)
        return Extent.STATEMENT if is_amid else Extent.BLOCK
    if not opens_block(line, code.lexicon):
        return Extent.STATEMENT
    next_line = next((each for each in snapshot.lines_below if each.strip()), "")
    return Extent.STATEMENT if indent_of(next_line) > indent_of(line) else Extent.BLOCK
