"""What stands after the cursor: by counting brackets in the document as it would be."""

import re
from collections.abc import Iterator
from itertools import islice, takewhile
from typing import NamedTuple

from ds_lsp.completion.postprocess.lines import distinctiveness, find_tokens, is_closers_only
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.postprocess.scan import ReaderState, scan

_MAX_CUTS = 12
"""Maximum places at which a text is tried to be cut; after each of them it is read again."""
_REPLACEABLE = re.compile(r"\s*(?:\"\"\"|'''|[)\]}>'\"`]|\s)*[:{;,]?")
_UNIT = re.compile(r"\"\"\"|'''|[\s\S]")
_CLOSERS = frozenset(")]}>'\"`;,")
_MAX_COMPARED_TOKENS = 400
"""Maximum tokens in which a text is compared with what follows; few lines have as many."""
_OPENERS = ("(", "[", "{")


class Overwrite(NamedTuple):
    """A text that takes the place of characters after the cursor."""

    text: str
    replaces: int


class _Cut(NamedTuple):
    text: str
    state: ReaderState
    """What a reader knows at its end."""


def cut_needless_closers(text: str, at: CursorContext) -> str:
    """Brackets are closed once: here or below, whichever leaves less wrong."""
    if at.rest.strip() or at.lexicon.is_prose:
        return text
    cuts = _cuts(text, at)
    rated = [(at.imbalance_from(cut.state), -len(cut.text), cut.text) for cut in cuts]
    if rated[0][0]:
        rated += [(at.imbalance(head), -len(head), head) for head in _without_lines_below(text, at)]
    _, _, best = min(rated)
    return best if best == text else _without_line_end(best)


def cut_where_rest_begins(text: str, at: CursorContext) -> str:
    """The text does not go on into what stands after the cursor, in other words from there on."""
    first, _, _ = text.partition("\n")
    # A longer head cannot stand in the first line, and a line may have thousands of them.
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
    """The end of the text is not the beginning of what stands after the cursor."""
    if not at.rest.strip():
        return text
    said = list(find_tokens(text))[-_MAX_COMPARED_TOKENS:]
    words = [found.group() for found in said]
    follows = [found.group() for found in find_tokens(at.after[: 2 * len(text) + 200])][: len(said)]
    on_line = sum(1 for _ in find_tokens(at.rest))
    whole: int | None = None
    counts = range(min(len(words), len(follows)), 0, -1)
    alike = (count for count in counts if words[-count:] == follows[:count])
    for count in islice(alike, _MAX_CUTS):
        overlap = words[-count:]
        covers = count >= on_line
        if not covers and not _CLOSERS.issuperset(overlap):
            continue
        kept = text[: said[-count].start()]
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
    """Cut the text, or let it take the place of brackets after the cursor, until all pair."""
    if not at.rest.strip() or not text.strip() or at.lexicon.is_prose:
        return Overwrite(text, 0)
    cuts = _cuts(text, at)
    before = at.imbalance_from(at.state)
    if at.imbalance_from(cuts[0].state) <= before:
        return Overwrite(text, 0)
    tried = [
        (
            _imbalance(cut, replaces, at),
            # Where words follow, the brackets before them belong to them.
            replaces > 0 and distinctiveness(at.rest[replaces:]) > 0,
            index > 0,
            replaces,
            -len(cut.text),
            cut,
        )
        for index, cut in enumerate(cuts)
        for replaces in _replaceable(at)
    ]
    *_, replaces, _, best = min(tried, key=lambda each: each[:-1])
    return Overwrite(best.text, replaces)


def _imbalance(cut: _Cut, replaces: int, at: CursorContext) -> int:
    imbalance = at.imbalance_from(cut.state, replaces)
    # A bracket opened at the end of a line is progress.
    is_last = not at.rest[replaces:].strip() and cut.text.rstrip().endswith(_OPENERS)
    return imbalance - (is_last and cut.state.inside is None)


def _replaceable(at: CursorContext) -> list[int]:
    """How many characters after the cursor a text may take the place of."""
    if not at.can_replace:
        return [0]
    inert = _REPLACEABLE.match(at.rest)
    ends = [found.end() for found in _UNIT.finditer(inert.group())] if inert else []
    return [0, *ends[:_MAX_CUTS]]


def _cuts(text: str, at: CursorContext) -> list[_Cut]:
    """The text, and the text cut before each bracket that closes what it did not open."""
    read = at.scan(text)
    cuts = [_Cut(text, read.end)]
    state, start = at.state, 0
    places = (
        read.unmatched_closers
        if read.string_end is None
        else (read.string_end, *read.unmatched_closers)
    )
    for place in sorted(places)[-_MAX_CUTS:]:
        state = scan(text[start:place], at.lexicon, state).end
        start = place
        cuts.append(_Cut(text[:place], state))
    return cuts


def _without_lines_below(text: str, at: CursorContext) -> Iterator[str]:
    """The text without last lines that close its own brackets, and stand below as well."""
    lines = text.rstrip().split("\n")
    for count in range(1, min(len(lines), len(at.below) + 1)):
        last = lines[-count:]
        if not is_closers_only("".join(last)):
            return
        if [line.rstrip() for line in last] == at.below[:count]:
            yield "\n".join(lines[:-count])


def _without_line_end(text: str) -> str:
    return text.rstrip(" \t").removesuffix("\n") if text[-1:].isspace() else text


def _is_apart(line: str, start: int) -> bool:
    """Whether a token begins there, and not a word goes on."""
    return not (line[start - 1].isalnum() and line[start].isalnum())
