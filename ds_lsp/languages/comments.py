"""Reads and makes comments by the marks of their language."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ds_lsp.languages.table import LANGUAGES


@dataclass(frozen=True, slots=True)
class Comments:
    """The comment marks of one language, as in `Language`."""

    line: str
    """The mark that begins a comment of one line."""
    documentation: str = ""
    """The mark that begins each line of a documentation comment, or ``/**``; or empty."""
    end: str = ""
    """The mark that ends a comment of one line, for languages in which the line's end does not."""

    def wrap(self, text: str) -> str:
        """Return *text* as a comment of one line."""
        return f"{self.line}{text}{self.end}"


COMMENTS = {
    each.id: Comments(each.comment, each.documentation, each.comment_end)
    for each in LANGUAGES.values()
    if each.comment
}
"""Language id to its comment marks, without languages that have none."""

BLOCKS = (("/*", "*/"), ('"""', '"""'), ("'''", "'''"), ("<!--", "-->"))
"""Begin and end of comments and strings over several lines, in most languages."""

_BLOCKS_IN = {
    **dict.fromkeys(("haskell", "elm", "purescript"), (("{-", "-}"),)),
    **dict.fromkeys(("ocaml", "fsharp", "pascal"), (("(*", "*)"),)),
    **dict.fromkeys(("ruby", "perl"), (("=begin", "=end"), ("=pod", "=cut"))),
    "julia": (("#=", "=#"),),
    "lua": (("--[[", "]]"),),
}
"""Begin and end of further blocks, by language id."""


def _pattern_of(marks: Iterable[str]) -> str:
    """Return a pattern of any of *marks*; a mark that is a word ends before white space."""
    words = {mark.rstrip() for mark in marks}
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return "|".join(
        re.escape(word) + (r"\s" if word[-1].isalnum() else "") for word in longest_first
    )


_FURTHER_MARKS = frozenset({"*", "(*", "{-", "dnl", "@c"})
"""Marks that are not in the table: of a line within a block, of blocks, of M4 and Texinfo."""
_ALL_MARKS = _FURTHER_MARKS.union(
    (marks.line for marks in COMMENTS.values()), (begin for begin, _ in BLOCKS)
)
_CODE_ELSEWHERE = frozenset({"!", "(*", "{-", "{*", "{/*", ".. ", '.\\"', "rem ", "dnl", "@c"})
"""Marks that begin code or a sentence in other languages."""

COMMENT_START = f"(?:{_pattern_of(_ALL_MARKS)})"
"""Pattern of a mark that begins a comment in some language."""
SURE_COMMENT_START = f"(?:{_pattern_of(_ALL_MARKS - _CODE_ELSEWHERE)})"
"""Pattern of a mark that begins a comment or a string, and seldom code, in whatever language."""


_FALLBACK = Comments("#")


def to_comment(text: str, language_id: str) -> str:
    """Return *text* as a comment of one line; after a ``#`` if no comment is known."""
    return COMMENTS.get(language_id, _FALLBACK).wrap(text)


def text_of_comment(line: str, language_id: str) -> str:
    """Return the text of a line that is nothing but a comment; empty for any other line."""
    comments = COMMENTS.get(language_id)
    text = line.strip()
    if comments is None or not text.startswith(comments.line) or text.startswith("#!"):
        return ""
    if not text.endswith(comments.end):
        return ""
    text = text.removeprefix(comments.line).removesuffix(comments.end)
    return text.lstrip(comments.line.rstrip()[-1] + "!").strip()


_DIRECTIVE = re.compile(
    r"//(?:go:|export |nolint|lint:|line )|(?://|/\*|#|--)\s*(?:@ts-|eslint|prettier|tslint|biome"
    r"|NOLINT|clang-|swiftlint|ktlint|noinspection|rubocop|shellcheck|coverage|istanbul|c8 |v8 "
    r"|@formatter|spell-?checker|cspell|phpcs|@phpstan|psalm)"
)


def is_directive(line: str) -> bool:
    """Return whether a comment is an instruction to a tool, and documents nothing."""
    return _DIRECTIVE.match(line.strip()) is not None


def outside_blocks(lines: Sequence[str], language_id: str) -> tuple[list[str], bool]:
    """Return the lines that begin outside of comments and strings of several lines.

    The second value is True if such a block is still open below the last line.
    """
    pairs = (*BLOCKS, *_BLOCKS_IN.get(language_id, ()))
    end, outside = "", []
    for line in lines:
        if not end:
            outside.append(line)
        end = _find_open_end(line, end, pairs)
    return outside, bool(end)


def _find_open_end(line: str, end: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Return the end mark of the comment or string that is open below *line*; empty if none is.

    *end* is the end mark of the block that is open at the start of the line.
    """
    at = 0
    # Each begin mark is searched for again only after its last match has been passed: linear time.
    starts = {begin: -1 for begin, _ in pairs}
    gone: set[str] = set()
    while True:
        if end:
            found = line.find(end, at)
            if found < 0:
                return end
            at, end = found + len(end), ""
        for begin in starts.keys() - gone:
            if starts[begin] < at:
                starts[begin] = line.find(begin, at)
                if starts[begin] < 0:
                    gone.add(begin)
        nearest = [(starts[begin], begin, last) for begin, last in pairs if begin not in gone]
        if not nearest:
            return ""
        found, begin, end = min(nearest)
        at = found + len(begin)
