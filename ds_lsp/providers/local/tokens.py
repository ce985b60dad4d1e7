"""Text as the local provider sees it: numbers for words and for line starts."""

import re
from array import array
from collections.abc import Iterator, Sequence
from sys import getsizeof

from ds_lsp.document import LINE_END, is_word_character

# Scripts written without spaces: there, each character is a token of its own.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
# What belongs to the character before it: accents, variation selectors, skin tones.
_ACCENT = "\u0300-\u036f"
_MARK = f"{_ACCENT}\ufe0e\ufe0f\U0001f3fb-\U0001f3ff"
_TOKEN = re.compile(
    rf"(?:[^\W{_UNSPACED}][{_ACCENT}]*)+"
    r"|\w"
    r'|"""|\'\'\'|\.\.\.|[-=]>|[=!<>]==?|&&|\|\||::|\+\+|--|\*\*|//|[-+*/%&|^:]='
    rf"|[^\w\s](?:[{_MARK}]|\u200d[^\w\s]?)*"
    r"|\s+"
)
_MAX_WORD_CHARS = 64
STEM_CHARS = 3
"""Words are also found by their first characters, whatever stands before them."""

BOUNDARY = 0
"""Stands before the first line of every document."""
UNKNOWN = 1
"""A word that is not in the vocabulary."""
_FIRST_LINE_START = 2
SAME, DEEPER, SHALLOWER = 0, 1, 2
_MAX_LEVELS = 4
_FIRST_WORD = _FIRST_LINE_START + 2 * (SHALLOWER + _MAX_LEVELS)

Token = int
"""A word's number times two, plus one if a single space stands before it."""


def is_line_start(token: Token) -> bool:
    """Whether *token* begins a line, and so ends the one before it."""
    return token < _FIRST_WORD << 1


def split_words(text: str) -> tuple[list[tuple[str, bool]], bool]:
    """The words of one line, each with "a single space stands before it"; is one pending?"""
    found: list[tuple[str, bool]] = []
    spaced = False
    for word in _TOKEN.findall(text):
        if word == " ":
            spaced = True
        else:
            found.append((word, spaced))
            spaced = False
    return found, spaced


def ends_in_word(text: str) -> bool:
    """Whether what is typed next might belong to the last word of *text*."""
    return bool(text) and is_word_character(text[-1])


class IndentationTracker:
    """Says how each line is indented against the one before, whatever the width of a level."""

    def __init__(self) -> None:
        self._stack = [0]
        self._after_blank = False

    def copy(self) -> "IndentationTracker":
        duplicate = IndentationTracker()
        duplicate._stack, duplicate._after_blank = self._stack[:], self._after_blank
        return duplicate

    def note_blank_line(self) -> None:
        self._after_blank = True

    def start_line(self, line: str) -> Token:
        """The token that begins *line*: deeper, same, or so many levels back; after a blank?"""
        width = indent_width(line)
        relation = self._move_to(width)
        after_blank, self._after_blank = self._after_blank, False
        return (_FIRST_LINE_START + 2 * relation + after_blank) << 1

    def _move_to(self, width: int) -> int:
        stack = self._stack
        if width > stack[-1]:
            stack.append(width)
            return DEEPER
        levels = 0
        while len(stack) > 1 and width < stack[-1]:
            stack.pop()
            levels += 1
        if width > stack[-1]:
            stack.append(width)
        return SAME if not levels else SHALLOWER + min(levels, _MAX_LEVELS) - 1


def indent_width(line: str) -> int:
    """The columns of white space at the start of *line*; a tab reaches to the next fourth."""
    return len(line[: len(line) - len(line.lstrip())].expandtabs(4))


class Vocabulary:
    """Words and their numbers. Never forgets, so it stops learning at *max_words*."""

    def __init__(self, max_words: int) -> None:
        self.words = [""] * _FIRST_WORD
        self.stems = array("i", [-1]) * _FIRST_WORD
        """For each word `stem_key`, or -1 for one that is too short to have one."""
        self._numbers: dict[str, int] = {}
        self._max_words = max_words

    def learn(self, line: str) -> list[Token]:
        """The tokens of one line (without its line start); new words get a number."""
        return [(self._number(word) << 1) | spaced for word, spaced in split_words(line)[0]]

    def look_up(self, found: Sequence[tuple[str, bool]]) -> list[Token]:
        """The same of a line that is still being typed: new words stay unknown."""
        return [(self._numbers.get(word, UNKNOWN) << 1) | spaced for word, spaced in found]

    def _number(self, word: str) -> int:
        number = self._numbers.get(word)
        if number is not None:
            return number
        if len(word) > _MAX_WORD_CHARS or len(self.words) >= self._max_words:
            return UNKNOWN
        number = self._numbers[word] = len(self.words)
        self.words.append(word)
        self.stems.append(stem_key(word) if len(word) >= STEM_CHARS else -1)
        return number

    @property
    def nbytes(self) -> int:
        """Roughly: the words, the dictionary's entries and the numbers."""
        words = sum(map(getsizeof, self.words))
        return words + getsizeof(self._numbers) + 36 * len(self.words)


def stem_key(word: str) -> int:
    """A number for a word's first characters, the same in every process."""
    first, second, third = (ord(char) for char in word[:STEM_CHARS])
    return (first * 31 + second) * 31 + third


def document_tokens(
    vocabulary: Vocabulary, text: str, max_line_chars: int
) -> Iterator[list[Token]]:
    """The tokens of *text*: what begins a document, then each line; none for a blank one.

    Overlong and undecodable lines count as blank.
    """
    indentation = IndentationTracker()
    yield [BOUNDARY << 1]
    for line in LINE_END.split(text):
        content = line.strip()
        if not content or len(content) > max_line_chars or "\ufffd" in content:
            indentation.note_blank_line()
            yield []
        else:
            yield [indentation.start_line(line), *vocabulary.learn(content)]
