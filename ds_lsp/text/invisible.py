"""Invisible characters, and the places where each of them may stand.

A character without a shape can hide the code that is run, reverse a line, end a comment early or
carry a text past its reader. Many have a use: they join emoji and letters, or select a form. One
table lists the places, and one function reads it for every text from a model or a file's name:
completions, edits, documentation, explanations and printed lines.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

BLANKS = (
    "\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
"""Spaces that a reader may see, and a compiler does not take for spaces."""

_NEVER = (
    # Controls of a terminal, except the form feed, which some sources have between their sections.
    "\x00-\x08\x0b\x0e-\x1f\x7f-\x9f"
    # Line ends to some programs, and not to others.
    "\u2028\u2029"
    # Embeddings, overrides and isolates: the code shown is not the code that is run.
    "\u202a-\u202e\u2066-\u2069"
    # Deprecated, for annotations, or of no use in text.
    "\u206a-\u206f\ufff0-\ufffb\ud800-\udfff\ufdd0-\ufdef"
    # Tags, which spell ASCII invisibly, and the unassigned characters around them.
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
) + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
"""Characters that may stand in a flag (see `_FLAG`) and nowhere else, whatever the document has."""

_SELDOM = (
    "\x0c\xad\u034f\u061c\u180b-\u180f\u200b-\u200f\u2060-\u2065\ufeff\ufe00-\ufe0f\ufffc"
    # Letters and signs that are blank.
    "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U00016fe4\U0001d159"
    # Controls of scripts and notations; variation selectors; private use.
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0100-\U000e01ef"
    "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
)
"""Characters that may stand where the table allows it, or if the document has them already."""


_EMOJI = (
    "\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_EAST_ASIAN = f"{_IDEOGRAPHS}\u2e80-\u2fdf\u3001-\u30ff\u3105-\u312f\uac00-\ud7a3\uff01-\uff9f"
_MONGOLIAN = "\u1820-\u18aa"
_JOINING_SCRIPTS = (
    # Arabic with its supplements and forms, Syriac, N'Ko, Mandaic.
    "\u0600-\u06ff\u0750-\u077f\u0860-\u08ff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc",
    "\u0700-\u074f",
    "\u07c0-\u07ff",
    "\u0840-\u085f",
    # Each script of India and Sri Lanka has 128 places; Devanagari has an extension.
    "\u0900-\u097f\ua8e0-\ua8ff",
    *(f"{chr(first)}-{chr(first + 0x7F)}" for first in range(0x0980, 0x0E00, 0x80)),
    # Tibetan, Myanmar, Khmer, Mongolian, Balinese; scripts like them; Adlam.
    "\u0f00-\u0fff",
    "\u1000-\u109f",
    "\u1780-\u17ff",
    "\u1800-\u18af",
    "\u1b00-\u1b7f",
    "\U00011000-\U00011fff",
    "\U0001e900-\U0001e95f",
)


@dataclass(frozen=True, slots=True)
class _Row:
    """Characters, and the neighbors between which they may stand."""

    characters: str
    before: str
    """Characters of which one must precede; empty for any, or none."""
    after: str
    """Characters of which one must follow; empty for any, or none."""
    needs: str = ""
    """First letters of the Unicode categories that both neighbors may have; empty for any."""


_TABLE = (
    # Joined emoji, with their form or skin tone: a family, a job, a flag made of two.
    _Row("\u200d", f"{_EMOJI}\ufe0f", _EMOJI),
    # Selectors of text or emoji form; a keycap.
    _Row("\ufe0e\ufe0f", _EMOJI, ""),
    _Row("\ufe0e\ufe0f", "0-9#*", "\u20e3"),
    # Joiners and non-joiners within a word.
    *(_Row("\u200c\u200d", script, script, "LM") for script in _JOINING_SCRIPTS),
    # Forms of a Chinese character, of a Mongolian letter.
    _Row("\ufe00-\ufe02\U000e0100-\U000e01ef", _IDEOGRAPHS, ""),
    _Row("\u180b-\u180f", _MONGOLIAN, ""),
    # An empty cell beside others.
    _Row("\u2800", "\u2801-\u28ff", ""),
    _Row("\u2800", "", "\u2801-\u28ff"),
    # The space of East Asian text.
    _Row("\u3000", _EAST_ASIAN, ""),
    _Row("\u3000", "", _EAST_ASIAN),
)
_VIRAMA = 9
"""Combining class of the sign that makes a half letter; a joiner may follow it."""
_LANDS = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in land) for land in ("gbeng", "gbsct", "gbwls")
)
_FLAG = re.compile(f"\U0001f3f4(?:{_LANDS})\U000e007f")
"""The flags of England, Scotland and Wales, the only ones that Unicode recommends with tags."""
_LONGEST_SEQUENCE = 7
"""Characters of a flag, which is the longest sequence."""
_MAX_NAMED = 3
"""Maximum characters named in one message."""
_MAY_GO_ON = re.compile(
    "(?:\U0001f3f4[\U000e0020-\U000e007e]{1,5}|[\u200c\u200d\u2800\u3000\ufe0e\ufe0f]{1,20})\\Z"
)
"""The end of a text that may be the first half of a sequence."""


# The patterns are compiled when they are first used: the start of a server uses none of them.


@cache
def _suspicious_pattern() -> re.Pattern[str]:
    return re.compile(f"[{_NEVER}{_SELDOM}{BLANKS}]")


@cache
def _never_pattern() -> re.Pattern[str]:
    return re.compile(f"[{_NEVER}]")


@cache
def _table_pattern() -> re.Pattern[str]:
    """Return the rows of the table, each as a group with its number."""
    rows = []
    for number, row in enumerate(_TABLE):
        before = f"(?<=[{row.before}])" if row.before else ""
        after = f"(?=[{row.after}])" if row.after else ""
        rows.append(f"{before}(?P<row{number}>[{row.characters}]){after}")
    return re.compile("|".join(rows))


def find_misplaced(text: str, *, before: str = "", own: tuple[str, ...] = ()) -> Iterator[int]:
    """Yield the indexes of the invisible characters in *text* that may not stand there.

    *before* is the text before it. *own* are the texts at its destination: a character that they
    have already is allowed, unless it is one of `_NEVER`. Tabs and line ends are not judged.
    """
    if (text.isascii() and text.isprintable()) or not _suspicious_pattern().search(text):
        return
    head = before[-_LONGEST_SEQUENCE:]
    whole = head + text
    flagged = {at for found in _FLAG.finditer(whole) for at in range(*found.span())}
    is_own: dict[str, bool] = {}
    for found in _suspicious_pattern().finditer(whole, len(head)):
        at, character = found.start(), found[0]
        if at in flagged or _has_reason(whole, at):
            continue
        if character not in is_own:
            is_own[character] = not _never_pattern().match(character) and any(
                character in each for each in own
            )
        if not is_own[character]:
            yield at - len(head)


def cut_unfinished(text: str) -> str:
    """Return *text* without an end that may be the first half of a sequence."""
    found = _MAY_GO_ON.search(text)
    return text[: found.start()] if found else text


def names_of(text: str, places: Iterator[int]) -> str:
    """Return the names of the first few characters at *places*, each once: ``U+200B, U+202E``."""
    names = list(dict.fromkeys(f"U+{ord(text[at]):04X}" for at in places))
    return ", ".join([*names[:_MAX_NAMED], "..."] if len(names) > _MAX_NAMED else names)


def _has_reason(text: str, at: int) -> bool:
    """Return whether a row of the table allows the character at *at* between its neighbors."""
    if text[at] == "\u200d" and at and unicodedata.combining(text[at - 1]) == _VIRAMA:
        return True
    found = _table_pattern().match(text, at)
    if found is None or found.lastgroup is None:
        return False
    needs = _TABLE[int(found.lastgroup.removeprefix("row"))].needs
    neighbors = (text[at - 1], text[at + 1]) if needs else ()
    return all(unicodedata.category(each)[0] in needs for each in neighbors)
