"""Whole lines: what stands below the cursor, or right above it, is not said again."""

import re

from ds_lsp.completion.postprocess.lines import (
    continues,
    distinctiveness,
    indent_of,
    is_closers_only,
    squeeze,
)
from ds_lsp.completion.postprocess.place import CursorContext

_LIKE_A_NOTE = re.compile(r"\s*(?:@|#|//|/\*|\*|--|<!--|\[|%|;|\"\"\"|''')")
_KEY = re.compile(r"\s*(?P<key>[\w.\"'$-]+)[ \t]*(?:[:=](?=\s|$)|=(?!=))")
_LAST_BRANCH = re.compile(
    r"\s*+(?:\}\s*+)?(?:(?P<else>else)\b(?![ \t]*if\b)|(?P<finally>finally)\b"
    r"|(?P<default>default)[ \t]*(?::|=>|->)"
    r"|(?P<otherwise>\|?[ \t]*otherwise)\b|(?P<wild>\|?[ \t]*_[ \t]*(?:=>|->|:)))"
)
_MIN_DISTINCTIVE_CHARS = 4
"""Fewer letters and digits than this may stand in any line: indentation must tell."""
_MAX_SKIPPED_LINES = 4
"""Lines that the model may have skipped."""
_MIN_UNIQUE_CHARS = 12
"""So many letters and digits make one line alone unlikely to be there by chance."""


def refuse_line_above(text: str, at: CursorContext) -> str:
    """The completed line does not repeat the one above it."""
    line = at.line_before + text.partition("\n")[0]
    is_same = line.strip() == at.above.strip() and distinctiveness(line) >= 6
    return "" if is_same and not at.rest.strip() else text


def cut_lines_below(text: str, at: CursorContext) -> str:
    """The last lines are not the next lines below."""
    lines = _lines(text, at)
    filled = [index for index, line in enumerate(lines) if line.strip()]
    for count in range(min(len(filled), len(at.below)), 0, -1):
        start = filled[-count]
        if start == 0 and not at.is_blank_before:
            continue
        pairs = list(zip((lines[i] for i in filled[-count:]), at.below, strict=False))
        if all(map(is_closers_only, at.below[:count])):
            # Whether brackets are needed is a matter of counting them.
            continue
        if all(_is_same(*pair) for pair in pairs):
            return _first(text, start)
    return text


def cut_lines_further_below(text: str, at: CursorContext) -> str:
    """Nor are its last lines, two or more, lines that stand a little further below."""
    lines = _lines(text, at)
    filled = [index for index, line in enumerate(lines) if line.strip()]
    below = [squeeze(line) for line in at.below[: _MAX_SKIPPED_LINES + len(filled)]]
    for count in range(min(len(filled) - 1, len(below)), 1, -1):
        said = [squeeze(lines[index]) for index in filled[-count:]]
        if distinctiveness("".join(said)) < 2 * _MIN_UNIQUE_CHARS:
            break
        if any(said == below[skip : skip + count] for skip in range(1, _MAX_SKIPPED_LINES)):
            return _first(text, filled[-count])
    return text


def cut_where_lines_below_begin(text: str, at: CursorContext) -> str:
    """The text does not go on into the lines below, be it in other words from there on."""
    if not at.below or at.is_in_text:
        return text
    lines = _lines(text, at)
    below = at.below
    filled = [index for index, line in enumerate(lines) if line.strip()]
    for place, index in enumerate(filled):
        if index == 0 and not at.is_blank_before:
            continue
        line = lines[index]
        branch = _last_branch(line)
        if branch and branch == _last_branch(below[0]) and indent_of(line) == indent_of(below[0]):
            return _first(text, index)
        if squeeze(line) != squeeze(below[0]):
            continue
        following = lines[filled[place + 1]] if place + 1 < len(filled) else None
        if _begins_below(line, following, at):
            return _first(text, index)
    return text


def cut_at_same_key(text: str, at: CursorContext) -> str:
    """In a file of keys and values, the next line's key is not set before it."""
    if not at.lexicon.has_keys or not at.below or at.is_in_text:
        return text
    found = _KEY.match(at.below[0])
    if not found:
        return text
    lines = _lines(text, at)
    for index, line in enumerate(lines):
        if index == 0 and not at.is_blank_before:
            continue
        same = _KEY.match(line)
        if same and same["key"] == found["key"] and indent_of(line) == indent_of(at.below[0]):
            return _first(text, index)
        if line.strip() and indent_of(line) < indent_of(at.below[0]):
            # Another block begins: a key may stand in it again.
            break
    return text


def _lines(text: str, at: CursorContext) -> list[str]:
    """The lines as they will stand in the document, as far as they are ours."""
    first, *others = text.split("\n")
    return [at.line_before + first, *others]


def _first(text: str, count: int) -> str:
    return "\n".join(text.split("\n")[:count])


def _is_same(line: str, below: str) -> bool:
    if squeeze(line) != squeeze(below):
        return False
    return distinctiveness(line) >= _MIN_DISTINCTIVE_CHARS or indent_of(line) == indent_of(below)


def _begins_below(line: str, following: str | None, at: CursorContext) -> bool:
    below = at.below
    is_level = indent_of(line) == indent_of(below[0])
    if is_level and continues(line, at.lexicon):
        return True
    if is_closers_only(line) or (distinctiveness(line) < _MIN_DISTINCTIVE_CHARS and not is_level):
        return False
    if following is not None and len(below) > 1 and squeeze(following) == squeeze(below[1]):
        return not is_closers_only(following) or distinctiveness(line) >= _MIN_UNIQUE_CHARS
    is_note = _LIKE_A_NOTE.match(line) and not at.lexicon.is_prose
    return is_level and distinctiveness(line) >= _MIN_UNIQUE_CHARS and not is_note


def _last_branch(line: str) -> str | None:
    found = _LAST_BRANCH.match(line)
    return found.lastgroup if found else None
