"""Lines and words as the rules compare them, and what a reader knows at a cursor."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ds_lsp.completion.postprocess.lexicon import EMBEDDED, Lexicon, lexicon_for
from ds_lsp.completion.postprocess.scan import ReaderState, scan, state_after_lines
from ds_lsp.document import Snapshot, is_word_character, with_newlines

TAB_WIDTH = 4
"""Columns; only used to compare the indentation of lines that mix tabs and blanks."""
MAX_BEFORE_ON_LINE = 4_000
"""Maximum characters before the cursor on its line that a text is fitted to. A longer line is
data; with every sign in it a bracket, reading it at each key takes 5 ms."""
_INDENT = re.compile(r"[ \t]*")
_CLOSERS_ONLY = re.compile(r"\s*[)\]}>'\"`][\s)\]}>;,'\"`]*")
_OPENS = re.compile(r"[{(\[:]$")
_FIRST_WORD = re.compile(r"[\w;|]+!?|\S+")
_DISTINCTIVE = re.compile(r"[^\W_]")
_CONNECTED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)


@dataclass(frozen=True, slots=True)
class Code:
    """The language at one cursor, and what a reader of it knows there."""

    lexicon: Lexicon
    state: ReaderState
    start: int
    """Where this language's part of the document begins."""
    closing: str
    """What ends this language's part of the document; empty: its end."""


def before_of(snapshot: Snapshot) -> str:
    """What a text is fitted to before the cursor: of an overlong line, its end alone."""
    before = with_newlines(snapshot.before)
    start = len(before) - MAX_BEFORE_ON_LINE
    return before[start:] if start > 0 and before.rfind("\n") < start else before


# While one types, requests for the same text follow each other; 8 hold no memory to speak of.
@lru_cache(maxsize=8)
def code_at(before: str, language_id: str) -> Code:
    start, closing = 0, ""
    for opening, ending, embedded in EMBEDDED.get(language_id, ()):
        *_, last = (None, *re.finditer(opening, before))
        if last and last.end() > start and ending not in before[last.end() :]:
            start, closing, language_id = last.end(), ending, embedded
    lexicon = lexicon_for(language_id)
    line = max(before.rfind("\n") + 1, start)
    above = state_after_lines(before[start:line], lexicon)
    return Code(lexicon, scan(before[line:], lexicon, above).end, start, closing)


def indent_of(line: str) -> int:
    """Columns of white space a line begins with."""
    found = _INDENT.match(line)
    blanks = found.group() if found else ""
    return len(blanks.expandtabs(TAB_WIDTH)) if "\t" in blanks else len(blanks)


def is_closers_only(text: str) -> bool:
    """Whether a text only closes: brackets, quotes, and what ends a statement after them."""
    return _CLOSERS_ONLY.fullmatch(text) is not None


def distinctiveness(text: str) -> int:
    """How many letters and digits: what makes an equality more than chance.

    A character of a script without blanks is worth a short word.
    """
    return len(_DISTINCTIVE.findall(text)) + 3 * len(_CONNECTED.findall(text))


def squeeze(line: str) -> str:
    """A line for comparing: how wide its blanks are does not matter."""
    return " ".join(line.split())


def first_word(line: str) -> str:
    found = _FIRST_WORD.search(line)
    return found.group() if found else ""


def starts_closing(line: str, lexicon: Lexicon) -> bool:
    """Whether a line begins by closing a block."""
    stripped = line.lstrip()
    if stripped[:1] in tuple(")]}") or stripped.startswith("</"):
        return True
    return first_word(stripped) in lexicon.closing_words


def continues(line: str, lexicon: Lexicon) -> bool:
    """Whether a line goes on with the statement above it, as ``else`` does."""
    stripped = line.lstrip().lstrip("}").lstrip()
    word = first_word(stripped)
    return word in lexicon.continuations or (
        word.lower() in lexicon.continuations and word.isupper()
    )


def opens_block(line: str, lexicon: Lexicon) -> bool:
    """Whether a line ends with a block or bracket opened."""
    read = scan(line, lexicon)
    code = (line if read.comment is None else line[: read.comment]).rstrip()
    if not code:
        return False
    if _OPENS.search(code):
        return True
    last = code.split()[-1]
    if last in lexicon.hanging_words or (last.endswith("|") and "do |" in code):
        return True
    words = set(code.split())
    return first_word(code) in lexicon.opening_words and not words & lexicon.closing_words


def is_inside_word(before: str, after: str) -> bool:
    """Whether the cursor parts a word. Scripts that put no blanks between words have no such."""
    left, right = before[-1:], after[:1]
    if not (left and right and is_word_character(left) and is_word_character(right)):
        return False
    return not is_connected(left, right)


def is_connected(left: str, right: str) -> bool:
    """Return whether one of two characters is of a script without blanks between its words."""
    return bool(_CONNECTED.match(left) or _CONNECTED.match(right))


_TOKEN = re.compile(rf"{_CONNECTED.pattern}|(?:(?!{_CONNECTED.pattern})\w)+|[^\w\s]")


def find_tokens(text: str) -> Iterator[re.Match[str]]:
    """Words and single signs; of scripts without blanks, every character."""
    return _TOKEN.finditer(text)
