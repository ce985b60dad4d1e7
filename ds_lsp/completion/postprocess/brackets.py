"""Rules for the text after the cursor: count the brackets of the document with the text in it."""

import re
from collections.abc import Iterator
from itertools import islice, takewhile
from typing import NamedTuple

from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.languages.reader import ReaderState, scan
from ds_lsp.languages.statements import distinctiveness, find_tokens, is_closers_only
from ds_lsp.text.pairs import CLOSER_OF, OPENER_OF, QUOTES

_MAX_CUTS = 12
"""Maximum cut positions that are tried, from the end. The rest of the document is read again for
each of them."""
_REPLACEABLE_START = re.compile(r"\s*(?:\"\"\"|'''|[)\]}>'\"`]|\s)*[:{;,]?")
_UNIT = re.compile(r"\"\"\"|'''|[\s\S]")
_CLOSERS = frozenset((*OPENER_OF, *QUOTES, *">;,"))
_MAX_COMPARED_TOKENS = 400
"""Maximum tokens of a text that are compared with the text after the cursor. Few lines have as
many."""
_OPENERS = tuple(CLOSER_OF)


class Overwrite(NamedTuple):
    """A text that replaces characters after the cursor."""

    text: str
    replaces: int
    """Number of characters after the cursor that the text replaces."""


class _Cut(NamedTuple):
    """A beginning of the text."""

    text: str
    state: ReaderState
    """State of the reader at the end of the text."""


def cut_needless_closers(text: str, at: CursorContext) -> str:
    """Cut closers, and all after them, that are closed again below.

    Of all possible cuts, the one with the least imbalance is made; of several, the longest text.
    This applies only if nothing follows the cursor on its line.
    """
    if at.rest.strip() or at.lexicon.is_prose:
        return text
    cuts = _list_cuts(text, at)
    rated = [(at.imbalance_from(cut.state), -len(cut.text), cut.text) for cut in cuts]
    if rated[0][0]:
        rated += [(at.imbalance(head), -len(head), head) for head in _drop_lines_below(text, at)]
    _, _, best = min(rated)
    return best if best == text else _drop_line_end(best)


def cut_where_rest_begins(text: str, at: CursorContext) -> str:
    """Cut the text where it reaches the rest of the cursor's line and continues differently."""
    first, _, _ = text.partition("\n")
    # A head longer than the first line cannot be in it, and a line may have thousands of heads.
    rest = at.rest.lstrip()
    ends = takewhile(len(first).__gt__, (found.end() for found in find_tokens(rest)))
    for end in reversed(list(islice(ends, _MAX_COMPARED_TOKENS))):
        head = rest[:end]
        if len(head) < 6 or distinctiveness(head) < 3:
            break
        start = first.find(head, 1)
        if start > 0 and start + len(head) < len(text.rstrip()) and _is_apart(first, start):
            return text[:start]
    return text


def cut_overlap(text: str, at: CursorContext) -> str:
    """Cut the end of the text if it is the beginning of the text after the cursor.

    There are these cases, tried from the longest overlap:

    1. The overlap neither covers the rest of the cursor's line nor consists of closers only: keep.
    2. It is ``>`` only, and closes a ``<`` of the text: keep.
    3. The document has less imbalance without the overlap: cut.
    4. The imbalance is equal, and the overlap covers the rest of the line or consists of ``;``,
       ``,`` and ``>`` only: cut.
    """
    if not at.rest.strip():
        return text
    generated = list(find_tokens(text))[-_MAX_COMPARED_TOKENS:]
    words = [found.group() for found in generated]
    following = find_tokens(at.after[: 2 * len(text) + 200])
    follows = [found.group() for found in islice(following, len(generated))]
    on_line = sum(1 for _ in find_tokens(at.rest))
    whole: int | None = None
    counts = range(min(len(words), len(follows)), 0, -1)
    alike = (count for count in counts if words[-count:] == follows[:count])
    for count in islice(alike, _MAX_CUTS):
        overlap = words[-count:]
        covers = count >= on_line
        if not covers and not _CLOSERS.issuperset(overlap):
            continue
        kept = text[: generated[-count].start()]
        if set(overlap) == {">"} and kept.count("<") > kept.replace("->", "").count(">"):
            continue
        if whole is None:
            whole = at.imbalance(text)
        imbalance = at.imbalance(kept)
        is_light = covers or {";", ",", ">"}.issuperset(overlap)
        if imbalance < whole or (imbalance == whole and is_light):
            return kept
    return text


def fit_around_rest(text: str, at: CursorContext) -> Overwrite:
    """Cut the text, or let it replace brackets after the cursor, until all brackets pair.

    All combinations of a cut and a number of replaced characters are rated. The best one has the
    least imbalance, then leaves words after the cursor their brackets, keeps the whole text,
    replaces least, and keeps the most.
    """
    if not at.rest.strip() or not text.strip() or at.lexicon.is_prose:
        return Overwrite(text, 0)
    cuts = _list_cuts(text, at)
    before = at.imbalance_from(at.state)
    if at.imbalance_from(cuts[0].state) <= before:
        return Overwrite(text, 0)
    tried = [
        (
            _rate(cut, replaces, at),
            # If words follow the replaced brackets, the brackets belong to the words.
            replaces > 0 and distinctiveness(at.rest[replaces:]) > 0,
            index > 0,
            replaces,
            -len(cut.text),
            cut,
        )
        for index, cut in enumerate(cuts)
        for replaces in _list_replaceable(at)
    ]
    *_, replaces, _, best = min(tried, key=lambda each: each[:-1])
    return Overwrite(best.text, replaces)


def _rate(cut: _Cut, replaces: int, at: CursorContext) -> int:
    """Return the imbalance of the document with *cut* in it; lower is better."""
    imbalance = at.imbalance_from(cut.state, replaces)
    # A bracket opened at the end of a line is progress, not an imbalance.
    is_last = not at.rest[replaces:].strip() and cut.text.rstrip().endswith(_OPENERS)
    return imbalance - (is_last and cut.state.inside is None)


def _list_replaceable(at: CursorContext) -> list[int]:
    """Return the numbers of characters after the cursor that a text may replace, from 0."""
    if not at.can_replace:
        return [0]
    inert = _REPLACEABLE_START.match(at.rest)
    ends = [found.end() for found in _UNIT.finditer(inert.group())] if inert else []
    return [0, *ends[:_MAX_CUTS]]


def _list_cuts(text: str, at: CursorContext) -> list[_Cut]:
    """Return the whole text first, then the text cut before each closer that it did not open.

    The end of the string that the cursor is in counts as such a closer.
    """
    read = at.scan(text)
    cuts = [_Cut(text, read.end)]
    state, start = at.state, 0
    offsets = (
        read.unmatched_closers
        if read.string_end is None
        else (read.string_end, *read.unmatched_closers)
    )
    for offset in sorted(offsets)[-_MAX_CUTS:]:
        state = scan(text[start:offset], at.lexicon, state).end
        start = offset
        cuts.append(_Cut(text[:offset], state))
    return cuts


def _drop_lines_below(text: str, at: CursorContext) -> Iterator[str]:
    """Yield the text without last lines that only close and are the next lines below, too."""
    lines = text.rstrip().split("\n")
    for count in range(1, min(len(lines), len(at.below) + 1)):
        last = lines[-count:]
        if not is_closers_only("".join(last)):
            return
        if [line.rstrip() for line in last] == at.below[:count]:
            yield "\n".join(lines[:-count])


def _drop_line_end(text: str) -> str:
    """Return *text* without white space and one line end at its end."""
    return text.rstrip(" \t").removesuffix("\n") if text[-1:].isspace() else text


def _is_apart(line: str, start: int) -> bool:
    """Return whether a token begins at *start*, rather than a word continuing there."""
    return not (line[start - 1].isalnum() and line[start].isalnum())
