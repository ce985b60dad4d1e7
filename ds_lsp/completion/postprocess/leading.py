"""Rules for the start of the text: skip what repeats the text before the cursor."""

import re

from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.languages.statements import first_word, is_inside_word, opens_block
from ds_lsp.text.lines import indent_of, is_word_character, word_before

_NUMBER = re.compile(r"[\d.,_x\s-]+")
_MAX_LINES_ABOVE = 12
"""Maximum lines above the cursor that are searched for at the start of the text."""
_MAX_WORD_CHARS = 100
"""Maximum characters of a word that a model may repeat. A longer word is data."""
_MAY_REPEAT = tuple(",|&+-*/(")
"""Characters after which the text may repeat a short line rightly: ``int, int``, ``a + a``."""


def skip_echo(text: str, at: CursorContext) -> str:
    """Skip a start of the text that repeats the cursor's line or the word before the cursor.

    There are three cases:

    1. Nothing is typed on the line: skip repeated lines above the cursor.
    2. The text begins with all that is typed on the line: skip it.
    3. The text begins with the word before the cursor: skip the word. If a letter follows it, the
       text may begin with a longer word instead; then skip only if the document has the text's
       first word, but not both words together.
    """
    typed = at.line_before.strip()
    if not typed:
        return _skip_lines_above(text, at)
    generated = text.lstrip()
    if (
        len(typed) >= 3
        and generated.startswith(typed)
        and any(map(is_word_character, typed))
        and not _NUMBER.fullmatch(typed)
        and not (typed.endswith(_MAY_REPEAT) and len(typed) < 12)
        and not _continues_word(typed, generated)
    ):
        return generated[len(typed) :]
    word = word_before(at.line_before)
    if 3 <= len(word) <= _MAX_WORD_CHARS and not word.isdigit() and generated.startswith(word):
        following = generated[len(word) : len(word) + 1]
        if not following.islower() and (following != "" or len(generated) > len(word)):
            return generated[len(word) :]
        if (
            at.is_code
            and _has_word(at, first_word(generated))
            and not _has_word(at, word + first_word(generated))
        ):
            return generated[len(word) :]
    return text


def _skip_lines_above(text: str, at: CursorContext) -> str:
    """Skip lines that repeat the lines above the cursor, if they open a block and others follow."""
    lines = text.split("\n")
    above = [line.strip() for line in at.before.split("\n") if line.strip()]
    generated = [line.strip() for line in lines]
    for count in range(min(len(lines) - 1, len(above), _MAX_LINES_ABOVE), 1, -1):
        is_head = any(opens_block(line, at.lexicon) for line in generated[:count])
        if is_head and generated[:count] == above[-count:] and any(generated[count:]):
            return "\n".join(lines[count:])
    return text


def _has_word(at: CursorContext, word: str) -> bool:
    """Return whether the document has *word*."""
    return re.search(rf"\b{re.escape(word)}\b", at.before + " " + at.after) is not None


def skip_blank_start(text: str, at: CursorContext) -> str:
    """Skip indentation and blanks that the cursor's line has already.

    There are these cases:

    1. The cursor's line has code: skip leading blanks after a blank.
    2. The text begins with line ends: skip them, and keep the indentation that is missing. A line
       that belongs further left is refused.
    3. The text is indented deeper than expected with the cursor's indentation: keep only the
       indentation that is missing.
    """
    line = at.line_before
    if not line:
        return text
    if line.strip():
        return text.lstrip(" \t") if line[-1] in " \t" else text
    if at.is_in_text:
        return text
    body = text.lstrip("\n \t")
    lead = text[: len(text) - len(body)]
    here = indent_of(line)
    if "\n" in lead:
        # The model began with a line end, so its first line belongs on the cursor's line.
        deeper = indent_of(lead.rpartition("\n")[2]) - here
        if deeper < 0:
            return ""
        return text[len(text) - len(body) - _count_characters(lead, deeper) :]
    if not lead or here + indent_of(lead) <= _expected_indent(at):
        return text
    missing = max(_expected_indent(at) - here, 0)
    return text[len(text) - len(body) - _count_characters(lead, missing) :]


def refuse_inside_word(text: str, at: CursorContext) -> str:
    """Refuse a text that would split or lengthen a word that continues after the cursor."""
    if not text.strip() or not is_inside_word(at.before, at.after):
        return text
    return "" if is_word_character(text[0]) or is_word_character(text.rstrip()[-1]) else text


def _continues_word(typed: str, generated: str) -> bool:
    """Return whether *generated* has a longer word than *typed*, as ``hash`` is to ``has``."""
    following = generated[len(typed) : len(typed) + 1]
    return is_word_character(typed[-1]) and following.islower()


def _expected_indent(at: CursorContext) -> int:
    """Return the columns of indentation expected below the line above."""
    step = at.indent_unit if opens_block(at.above, at.lexicon) else 0
    return indent_of(at.above) + step


def _count_characters(lead: str, columns: int) -> int:
    """Return the number of characters at the end of *lead* that take *columns* columns."""
    blanks = lead.rpartition("\n")[2]
    count = 0
    while count < len(blanks) and indent_of(blanks[len(blanks) - count :]) < columns:
        count += 1
    return count
