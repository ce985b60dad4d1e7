"""Lines of a text: the line ends that LSP knows, carriage returns, words and indentation.

LSP knows three line ends: ``\\n``, ``\\r\\n`` and ``\\r``. Form feed, U+0085, U+2028 and the
other characters at which `str.splitlines` cuts are text here.
"""

import re
from enum import Enum

# Possessive, because a last line of megabytes would be tried at each of its lengths.
LINE = re.compile(r"[^\r\n]*+(?:\r\n|\n|\r)|[^\r\n]++")
_OTHER_END = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""Line ends to `str.splitlines` that are none in LSP."""
LINE_END = re.compile("\x1a\r?\n|\r\n?|\n")
"""A line end, together with the stand-in (`STAND_IN`) of a carriage return before it: they are one
to a reader of the text, though the client counts the carriage return as a character."""


class CarriageReturns(Enum):
    """The ways in which clients count carriage returns; LSP counts each as a line end.

    Recorded from the editors: see ``tests/editors/test_carriage_returns.py``.
    """

    LINE_ENDS = "line_ends"
    """Each is a line end, as in LSP."""
    PAIRED = "paired"
    """A line end only before a line feed, as in Helix."""
    BY_FILE = "by_file"
    """A character, unless every line of the file ends with one, as in Neovim."""
    CHARACTERS = "characters"
    """Always a character, as in Emacs and Vim, which keep line ends out of the text."""


TAB_WIDTH = 4
"""Columns of a tab; only used to compare the indentation of lines that mix tabs and blanks."""
STAND_IN = "\x1a"
"""Replaces a carriage return that the client counts as a character. It has the same width in every
encoding, and occurs in no text that an editor shows."""


def hide_carriage_returns(text: str, rule: CarriageReturns) -> str:
    """Return *text* with stand-ins for the carriage returns that end no line in the client."""
    if "\r" not in text or rule is CarriageReturns.LINE_ENDS:
        return text
    return re.sub(_CHARACTERS[rule], STAND_IN, text)


_CHARACTERS = {CarriageReturns.PAIRED: r"\r(?!\n)", CarriageReturns.CHARACTERS: r"\r"}


def rule_of_file(text: str) -> CarriageReturns:
    """Return how Neovim counts the carriage returns of a file with this text."""
    if "\n" not in text:
        return CarriageReturns.LINE_ENDS
    has_plain_ends = re.search(r"(?<!\r)\n", text) is not None
    return CarriageReturns.CHARACTERS if has_plain_ends else CarriageReturns.PAIRED


def show_carriage_returns(text: str) -> str:
    """Return *text* with carriage returns instead of stand-ins."""
    return text.replace(STAND_IN, "\r")


def split_lines(text: str) -> list[str]:
    """Return the lines of a text with their line ends; the last has none, and may be empty."""
    # `str.splitlines`, which is fast, is used unless the text has line ends that LSP does not know.
    lines: list[str] = LINE.findall(text) if _OTHER_END.search(text) else text.splitlines(True)
    if not lines or lines[-1].endswith(("\n", "\r")):
        lines.append("")
    return lines


def with_newlines(text: str) -> str:
    """Return *text* with ``\\n`` for every line end."""
    return LINE_END.sub("\n", text) if "\r" in text or STAND_IN in text else text


def is_word_character(character: str) -> bool:
    """Return whether a character can be part of a name, in any script."""
    return character.isalnum() or character == "_"


def strip_line_end(line: str) -> str:
    """Return *line* without its line end, and without a stand-in before that."""
    text = line.rstrip("\r\n")
    return text if text == line else text.removesuffix(STAND_IN)


def word_before(line_before: str) -> str:
    """Return the word at the end of *line_before*; empty if it does not end in a word."""
    start = len(line_before)
    while start and is_word_character(line_before[start - 1]):
        start -= 1
    return line_before[start:]


def leading_blanks(line: str) -> str:
    """Return the blanks and tabs at the start of *line*."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def indent_of(line: str) -> int:
    """Return the columns of blanks and tabs at the start of *line*."""
    blanks = leading_blanks(line)
    return len(blanks.expandtabs(TAB_WIDTH)) if "\t" in blanks else len(blanks)
