"""Lines and words as the rules compare them, and the state of a reader at a cursor."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ds_lsp.languages.lexicon import EMBEDDED, Lexicon, lexicon_for
from ds_lsp.languages.reader import ReaderState, scan, state_after_lines
from ds_lsp.text.lines import is_word_character, with_newlines
from ds_lsp.text.pairs import OPENER_OF
from ds_lsp.text.snapshot import Snapshot

MAX_BEFORE_ON_LINE = 4_000
"""Maximum characters before the cursor on its line that are read. A longer line is data; if every
character of it is a bracket, reading it at each key takes 5 ms."""
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
    """The language at one cursor, and the state of a reader of it there."""

    lexicon: Lexicon
    state: ReaderState
    start: int
    """Offset at which the part of the document in this language begins."""
    closing: str
    """Text that ends the part of the document in this language; empty if only the end of the
    document does."""


def before_of(snapshot: Snapshot) -> str:
    """Return the text before the cursor that is read; of an overlong line, its end alone."""
    before = with_newlines(snapshot.before)
    start = len(before) - MAX_BEFORE_ON_LINE
    return before[start:] if start > 0 and before.rfind("\n") < start else before


# While a user types, several requests have the same text; 8 results take hardly any memory.
@lru_cache(maxsize=8)
def code_at(before: str, language_id: str) -> Code:
    """Return the language at the end of *before* and the reader's state; it may be embedded."""
    start, closing = 0, ""
    for opening, ending, embedded in EMBEDDED.get(language_id, ()):
        *_, last = (None, *re.finditer(opening, before))
        if last and last.end() > start and ending not in before[last.end() :]:
            start, closing, language_id = last.end(), ending, embedded
    lexicon = lexicon_for(language_id)
    line = max(before.rfind("\n") + 1, start)
    above = state_after_lines(before[start:line], lexicon)
    return Code(lexicon, scan(before[line:], lexicon, above).end, start, closing)


def is_closers_only(text: str) -> bool:
    """Return whether *text* only closes: brackets, quotes, and ``;`` and ``,`` after them."""
    return _CLOSERS_ONLY.fullmatch(text) is not None


def distinctiveness(text: str) -> int:
    """Return the number of letters and digits in *text*: with many, equality is more than chance.

    A character of a script without blanks between words counts three more, as a short word.
    """
    return len(_DISTINCTIVE.findall(text)) + 3 * len(_CONNECTED.findall(text))


def squeeze(line: str) -> str:
    """Return *line* for comparison, with single blanks between its words and none around it."""
    return " ".join(line.split())


def first_word(line: str) -> str:
    """Return the first word of *line*, or its first run of other characters; empty if blank."""
    found = _FIRST_WORD.search(line)
    return found.group() if found else ""


def starts_closing(line: str, lexicon: Lexicon) -> bool:
    """Return whether *line* begins by closing a block."""
    stripped = line.lstrip()
    if stripped[:1] in OPENER_OF or stripped.startswith("</"):
        return True
    return first_word(stripped) in lexicon.closing_words


def continues(line: str, lexicon: Lexicon) -> bool:
    """Return whether *line* continues the statement above it, as ``else`` does."""
    stripped = line.lstrip().lstrip("}").lstrip()
    word = first_word(stripped)
    return word in lexicon.continuations or (
        word.lower() in lexicon.continuations and word.isupper()
    )


def opens_block(line: str, lexicon: Lexicon) -> bool:
    """Return whether *line* ends inside a block or bracket that it opens."""
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
    """Return whether the cursor divides a word; false in scripts without blanks between words."""
    left, right = before[-1:], after[:1]
    if not (left and right and is_word_character(left) and is_word_character(right)):
        return False
    return not is_connected(left, right)


def is_connected(left: str, right: str) -> bool:
    """Return whether one of two characters is of a script without blanks between its words."""
    return bool(_CONNECTED.match(left) or _CONNECTED.match(right))


_TOKEN = re.compile(rf"{_CONNECTED.pattern}|(?:(?!{_CONNECTED.pattern})\w)+|[^\w\s]")


def find_tokens(text: str) -> Iterator[re.Match[str]]:
    """Yield words and single signs; every character of a script without blanks is a word."""
    return _TOKEN.finditer(text)
