"""Rules for whole lines: cut text that repeats the lines below the cursor or the line above it."""

import re

from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.languages.statements import continues, distinctiveness, is_closers_only, squeeze
from ds_lsp.text.lines import indent_of

_NOTE = re.compile(r"\s*(?:@|#|//|/\*|\*|--|<!--|\[|%|;|\"\"\"|''')")
_KEY = re.compile(r"\s*(?P<key>[\w.\"'$-]+)[ \t]*(?:[:=](?=\s|$)|=(?!=))")
_LAST_BRANCH = re.compile(
    r"\s*+(?:\}\s*+)?(?:(?P<else>else)\b(?![ \t]*if\b)|(?P<finally>finally)\b"
    r"|(?P<default>default)[ \t]*(?::|=>|->)"
    r"|(?P<otherwise>\|?[ \t]*otherwise)\b|(?P<wild>\|?[ \t]*_[ \t]*(?:=>|->|:)))"
)
_MIN_DISTINCTIVE_CHARS = 4
"""Minimum letters and digits of a line that is compared without its indentation. A shorter text may
be in any line, so its indentation must be equal as well."""
_MAX_SKIPPED_LINES = 3
"""Maximum lines below the cursor that the model may have skipped."""
_MIN_UNIQUE_CHARS = 12
"""Minimum letters and digits of a single line that is unlikely to be repeated by chance."""


def refuse_line_above(text: str, at: CursorContext) -> str:
    """Refuse a text that makes the cursor's line repeat the line above it."""
    line = at.line_before + text.partition("\n")[0]
    is_same = line.strip() == at.above.strip() and distinctiveness(line) >= 6
    return "" if is_same and not at.rest.strip() else text


def cut_lines_below(text: str, at: CursorContext) -> str:
    """Cut the last lines of the text if they are the next lines below the cursor."""
    lines = _complete_lines(text, at)
    filled = [index for index, line in enumerate(lines) if line.strip()]
    for count in range(min(len(filled), len(at.below)), 0, -1):
        start = filled[-count]
        if start == 0 and not at.is_blank_before:
            continue
        pairs = list(zip((lines[i] for i in filled[-count:]), at.below, strict=False))
        if all(map(is_closers_only, at.below[:count])):
            # Closing brackets are left to `cut_needless_closers`, which counts them.
            continue
        if all(_is_same(*pair) for pair in pairs):
            return _keep_lines(text, start)
    return text


def cut_lines_further_below(text: str, at: CursorContext) -> str:
    """Cut two or more last lines that are lines a little further below the cursor."""
    lines = _complete_lines(text, at)
    filled = [index for index, line in enumerate(lines) if line.strip()]
    below = [squeeze(line) for line in at.below[: _MAX_SKIPPED_LINES + len(filled)]]
    for count in range(min(len(filled) - 1, len(below)), 1, -1):
        generated = [squeeze(lines[index]) for index in filled[-count:]]
        if distinctiveness("".join(generated)) < 2 * _MIN_UNIQUE_CHARS:
            break
        if any(
            generated == below[skip : skip + count] for skip in range(1, _MAX_SKIPPED_LINES + 1)
        ):
            return _keep_lines(text, filled[-count])
    return text


def cut_where_lines_below_begin(text: str, at: CursorContext) -> str:
    """Cut the text where it reaches the lines below, even if it continues differently from there.

    There are two cases:

    1. A line is a last branch (``else``, ``default``), and so is the line below, equally indented.
    2. A line equals the line below, and it is no coincidence: see `_leads_below`.
    """
    if not at.below or at.is_in_text:
        return text
    lines = _complete_lines(text, at)
    below = at.below
    filled = [index for index, line in enumerate(lines) if line.strip()]
    for number, index in enumerate(filled):
        if index == 0 and not at.is_blank_before:
            continue
        line = lines[index]
        branch = _find_last_branch(line)
        if (
            branch
            and branch == _find_last_branch(below[0])
            and indent_of(line) == indent_of(below[0])
        ):
            return _keep_lines(text, index)
        if squeeze(line) != squeeze(below[0]):
            continue
        following = lines[filled[number + 1]] if number + 1 < len(filled) else None
        if _leads_below(line, following, at):
            return _keep_lines(text, index)
    return text


def cut_at_same_key(text: str, at: CursorContext) -> str:
    """Cut the text before a line that sets the key of the next line below.

    This applies to languages of keys and values, in which a key is set once in its block.
    """
    if not at.lexicon.has_keys or not at.below or at.is_in_text:
        return text
    found = _KEY.match(at.below[0])
    if not found:
        return text
    lines = _complete_lines(text, at)
    for index, line in enumerate(lines):
        if index == 0 and not at.is_blank_before:
            continue
        same = _KEY.match(line)
        if same and same["key"] == found["key"] and indent_of(line) == indent_of(at.below[0]):
            return _keep_lines(text, index)
        if line.strip() and indent_of(line) < indent_of(at.below[0]):
            # Another block begins, in which the key may be set again.
            break
    return text


def _complete_lines(text: str, at: CursorContext) -> list[str]:
    """Return the lines of *text* as they will be in the document; the first one is completed."""
    first, *others = text.split("\n")
    return [at.line_before + first, *others]


def _keep_lines(text: str, count: int) -> str:
    """Return the first *count* lines of *text*."""
    return "\n".join(text.split("\n")[:count])


def _is_same(line: str, below: str) -> bool:
    """Return whether two lines are equal; short ones must be equally indented, too."""
    if squeeze(line) != squeeze(below):
        return False
    return distinctiveness(line) >= _MIN_DISTINCTIVE_CHARS or indent_of(line) == indent_of(below)


def _leads_below(line: str, following: str | None, at: CursorContext) -> bool:
    """Return whether *line*, which equals the next line below, is where the lines below begin.

    *following* is the next line of the text that is not blank. There are these cases:

    1. *line* continues the statement above it, as ``else`` does, and is equally indented: yes.
    2. *line* only closes, or it is short and indented differently: no, this may be chance.
    3. The line after it is repeated as well: yes, unless that line only closes and *line* is short.
    4. Otherwise *line* must be equally indented and long, and no comment, unless in prose.
    """
    below = at.below
    is_level = indent_of(line) == indent_of(below[0])
    if is_level and continues(line, at.lexicon):
        return True
    if is_closers_only(line) or (distinctiveness(line) < _MIN_DISTINCTIVE_CHARS and not is_level):
        return False
    if following is not None and len(below) > 1 and squeeze(following) == squeeze(below[1]):
        return not is_closers_only(following) or distinctiveness(line) >= _MIN_UNIQUE_CHARS
    is_note = _NOTE.match(line) and not at.lexicon.is_prose
    return is_level and distinctiveness(line) >= _MIN_UNIQUE_CHARS and not is_note


def _find_last_branch(line: str) -> str | None:
    """Return the kind of last branch that *line* begins, as ``else``; None if it begins none."""
    found = _LAST_BRANCH.match(line)
    return found.lastgroup if found else None
