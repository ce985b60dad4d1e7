"""The marks of comments in each language: data, and functions that read lines by it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ds_lsp.languages.names import LINE_COMMENT


@dataclass(frozen=True, slots=True)
class Comments:
    """The comment marks of one language."""

    line: str
    """The mark that begins a comment of one line."""
    documentation: str = ""
    """The mark that begins each line of a documentation comment; ``/**`` stands for a block of
    lines. Empty for languages that have no functions or do not document them in comments."""
    end: str = ""
    """The mark that ends a comment of one line, for languages in which the line's end does not."""


_TABLE = """
// /** : arduino c cpp cuda-cpp groovy java javascript javascriptreact kotlin objective-c
         objective-cpp php scala svelte typescript typescriptreact vue
// ///  : csharp dart fsharp rust swift zig
// //   : go proto
#  #    : cmake coffeescript dockerfile elixir fish hcl julia makefile nim nix perl powershell
         python r ruby shellscript terraform toml yaml
-- ---  : lua
-- --   : haskell sql
;  ;;   : clojure emacs-lisp lisp scheme
!  !>   : fortran
%  %    : erlang latex
'  '    : vb
"""


def _parse_table(table: str) -> dict[str, Comments]:
    comments, found = Comments("", ""), {}
    for line in table.strip().splitlines():
        marks, colon, names = line.rpartition(" : ")
        if colon:
            comments = Comments(*marks.split())
        found.update(dict.fromkeys(names.split(), comments))
    return found


def _read_line_comments() -> dict[str, Comments]:
    marks = {name: mark.partition(" ") for name, mark in LINE_COMMENT.items() if mark[-1] != " "}
    return {name: Comments(begin, end=end) for name, (begin, _, end) in marks.items()}


COMMENTS = _read_line_comments() | _parse_table(_TABLE)
"""Language id to its comment marks."""


def text_of_comment(line: str, language_id: str) -> str:
    """Return the text of a line that is nothing but a comment; empty for any other line."""
    comments = COMMENTS.get(language_id)
    text = line.strip()
    if comments is None or not text.startswith(comments.line) or text.startswith("#!"):
        return ""
    if not text.endswith(comments.end):
        return ""
    text = text.removeprefix(comments.line).removesuffix(comments.end)
    return text.lstrip(comments.line[-1] + "!").strip()


_DIRECTIVE = re.compile(
    r"//(?:go:|export |nolint|lint:|line )|(?://|/\*|#|--)\s*(?:@ts-|eslint|prettier|tslint|biome"
    r"|NOLINT|clang-|swiftlint|ktlint|noinspection|rubocop|shellcheck|coverage|istanbul|c8 |v8 "
    r"|@formatter|spell-?checker|cspell|phpcs|@phpstan|psalm)"
)


def is_directive(line: str) -> bool:
    """Return whether a comment is an instruction to a tool, and documents nothing."""
    return _DIRECTIVE.match(line.strip()) is not None


_BLOCKS = (("/*", "*/"), ('"""', '"""'), ("'''", "'''"), ("<!--", "-->"))
"""Begin and end of comments and strings over several lines, in most languages."""

_BLOCKS_IN = {
    **dict.fromkeys(("haskell", "elm", "purescript"), (("{-", "-}"),)),
    **dict.fromkeys(("ocaml", "fsharp", "pascal"), (("(*", "*)"),)),
    **dict.fromkeys(("ruby", "perl"), (("=begin", "=end"), ("=pod", "=cut"))),
    "julia": (("#=", "=#"),),
    "lua": (("--[[", "]]"),),
}
"""Begin and end of further blocks, by language id."""


def outside_blocks(lines: Sequence[str], language_id: str) -> tuple[list[str], bool]:
    """Return the lines that begin outside of comments and strings of several lines.

    The second value is True if such a block is still open below the last line.
    """
    pairs = (*_BLOCKS, *_BLOCKS_IN.get(language_id, ()))
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
