"""Where the text begins: nothing that stands before the cursor is said again."""

import re

from ds_lsp.completion.postprocess.lines import first_word, indent_of, is_inside_word, opens_block
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.document import is_word_character

_NUMBER = re.compile(r"[\d.,_x\s-]+")
_LEAD = re.compile(r"[ \t]*")
_MAX_LINES_ABOVE = 12
_MAX_WORD_CHARS = 100
"""Maximum characters of a word that a model may begin anew: a longer one is data."""
_LIST_GOES_ON = tuple(",|&+-*/(")


def skip_echo(text: str, at: CursorContext) -> str:
    """The text does not begin with the cursor's line, or the word before the cursor, anew."""
    typed = at.line_before.strip()
    if not typed:
        return _skip_lines_above(text, at)
    said = text.lstrip()
    if (
        len(typed) >= 3
        and said.startswith(typed)
        and any(map(is_word_character, typed))
        and not _NUMBER.fullmatch(typed)
        # ``int, int`` and ``a + a`` repeat themselves by right.
        and not (typed.endswith(_LIST_GOES_ON) and len(typed) < 12)
        and not _goes_on_inside_word(typed, said)
    ):
        return said[len(typed) :]
    word = word_before(at.line_before)
    if 3 <= len(word) <= _MAX_WORD_CHARS and not word.isdigit() and said.startswith(word):
        following = said[len(word) : len(word) + 1]
        if not following.islower() and (following != "" or len(said) > len(word)):
            return said[len(word) :]
        if at.is_code and _knows(at, first_word(said)) and not _knows(at, word + first_word(said)):
            return said[len(word) :]
    return text


def _skip_lines_above(text: str, at: CursorContext) -> str:
    """The head of the block, said again before the block."""
    lines = text.split("\n")
    above = [line.strip() for line in at.before.split("\n") if line.strip()]
    said = [line.strip() for line in lines]
    for count in range(min(len(lines) - 1, len(above), _MAX_LINES_ABOVE), 1, -1):
        is_head = any(opens_block(line, at.lexicon) for line in said[:count])
        if is_head and said[:count] == above[-count:] and any(said[count:]):
            return "\n".join(lines[count:])
    return text


def _knows(at: CursorContext, word: str) -> bool:
    """Whether the document has a word."""
    return re.search(rf"\b{re.escape(word)}\b", at.before + " " + at.after) is not None


def skip_blank_start(text: str, at: CursorContext) -> str:
    """The cursor's own indentation and blanks are there already."""
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
        # The model began with a line end: its first line is the cursor's.
        deeper = indent_of(lead.rpartition("\n")[2]) - here
        if deeper < 0:
            return ""
        return text[len(text) - len(body) - _characters(lead, deeper) :]
    if not lead or here + indent_of(lead) <= _expected_indent(at):
        return text
    missing = max(_expected_indent(at) - here, 0)
    return text[len(text) - len(body) - _characters(lead, missing) :]


def refuse_inside_word(text: str, at: CursorContext) -> str:
    """A word that goes on after the cursor is neither split nor grown."""
    if not text.strip() or not is_inside_word(at.before, at.after):
        return text
    return "" if is_word_character(text[0]) or is_word_character(text.rstrip()[-1]) else text


def word_before(line_before: str) -> str:
    start = len(line_before)
    while start and is_word_character(line_before[start - 1]):
        start -= 1
    return line_before[start:]


def _goes_on_inside_word(typed: str, said: str) -> bool:
    """Whether what is said only begins alike: ``has`` and ``hash``."""
    following = said[len(typed) : len(typed) + 1]
    return is_word_character(typed[-1]) and following.islower()


def _expected_indent(at: CursorContext) -> int:
    """Where a line after the one above would begin."""
    step = at.indent_unit if opens_block(at.above, at.lexicon) else 0
    return indent_of(at.above) + step


def _characters(lead: str, columns: int) -> int:
    """How many characters at the end of *lead* take so many columns."""
    blanks = lead.rpartition("\n")[2]
    count = 0
    while count < len(blanks) and indent_of(blanks[len(blanks) - count :]) < columns:
        count += 1
    return count
