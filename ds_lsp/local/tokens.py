"""Tokens of the local provider: numbers for words and for line starts."""

import re
from array import array
from collections.abc import Iterator, Sequence
from sys import getsizeof

from ds_lsp.text.lines import LINE_END, indent_of, is_word_character

# Scripts written without spaces. Each of their characters is a token.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
# Characters that belong to the one before them: accents, variation selectors, skin tones.
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
"""Maximum characters of a word in the vocabulary. A longer word stays unknown."""
STEM_CHARS = 3
"""First characters of a word by which it can also be found, without any context before it."""

BOUNDARY = 0
"""Number that precedes the first line of every document."""
UNKNOWN = 1
"""Number of every word that is not in the vocabulary."""
_FIRST_LINE_START = 2
SAME, DEEPER, SHALLOWER = 0, 1, 2
_MAX_LEVELS = 4
_FIRST_WORD = _FIRST_LINE_START + 2 * (SHALLOWER + _MAX_LEVELS)

Token = int
"""The number of a word times two, plus one if a single space precedes the word."""


def is_line_start(token: Token) -> bool:
    """Return whether *token* begins a line, and so ends the line before it."""
    return token < _FIRST_WORD << 1


def split_words(text: str) -> tuple[list[tuple[str, bool]], bool]:
    """Split one line into words.

    Returns pairs of a word and whether a single space precedes it, and whether *text* ends in a
    single space.
    """
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
    """Return whether the next typed character might belong to the last word of *text*."""
    return bool(text) and is_word_character(text[-1])


class IndentationTracker:
    """A tracker that compares the indentation of each line with the line before, in levels."""

    def __init__(self) -> None:
        self._stack = [0]
        self._after_blank = False

    def copy(self) -> "IndentationTracker":
        """Return an independent copy of the tracker."""
        duplicate = IndentationTracker()
        duplicate._stack, duplicate._after_blank = self._stack[:], self._after_blank
        return duplicate

    def note_blank_line(self) -> None:
        """Remember that a blank line precedes the next line."""
        self._after_blank = True

    def start_line(self, line: str) -> Token:
        """Return the token that begins *line*.

        The token says whether the line is deeper than the line before, level with it, or a number
        of levels shallower; and whether a blank line precedes it.
        """
        width = indent_of(line)
        relation = self._move_to(width)
        after_blank, self._after_blank = self._after_blank, False
        return (_FIRST_LINE_START + 2 * relation + after_blank) << 1

    def _move_to(self, width: int) -> int:
        """Set the current indentation to *width* columns and return the relation to the last."""
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


class Vocabulary:
    """Words and their numbers. It never forgets a word, so it stops learning at *max_words*."""

    def __init__(self, max_words: int) -> None:
        self.words = [""] * _FIRST_WORD
        self.stems = array("i", [-1]) * _FIRST_WORD
        """The `stem_key` of each word, or -1 if the word is too short to have one."""
        self._numbers: dict[str, int] = {}
        self._max_words = max_words

    def learn(self, line: str) -> list[Token]:
        """Return the tokens of one line, without its line start; new words get a number."""
        return [(self._to_number(word) << 1) | spaced for word, spaced in split_words(line)[0]]

    def look_up(self, found: Sequence[tuple[str, bool]]) -> list[Token]:
        """Return the tokens of *found*, the words of a line being typed; new words stay unknown."""
        return [(self._numbers.get(word, UNKNOWN) << 1) | spaced for word, spaced in found]

    def _to_number(self, word: str) -> int:
        """Return the number of *word*, which is learned unless the limits forbid it."""
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
        """Approximate bytes of memory: the words, the entries of the dictionary and the numbers."""
        words = sum(map(getsizeof, self.words))
        return words + getsizeof(self._numbers) + 36 * len(self.words)


def stem_key(word: str) -> int:
    """Return a number for the first characters of *word*, equal in every process."""
    first, second, third = (ord(char) for char in word[:STEM_CHARS])
    return (first * 31 + second) * 31 + third


def document_tokens(
    vocabulary: Vocabulary, text: str, max_line_chars: int
) -> Iterator[list[Token]]:
    """Yield the tokens of *text*: a list with `BOUNDARY`, then one list for each line.

     The list of a blank line is empty.
    Lines longer than *max_line_chars* and lines with undecodable bytes count as blank.
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
