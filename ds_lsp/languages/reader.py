"""A reader of brackets, strings and comments, which counts the errors in them."""

import re
from functools import lru_cache
from typing import NamedTuple

from ds_lsp.languages.lexicon import Lexicon, Quote
from ds_lsp.text.pairs import OPENER_OF

_PAIRS = OPENER_OF | {">": "<"}
_VALUE_EXPECTED = re.compile(
    r"(?:\A|[(\[{,;=:!&|?+\-*%<>~^\n]|\b(?:return|typeof|case|in|of|do|else|when|and|or|not|if|"
    r"unless|while))[ \t]*\Z"
)
# Bounded, because a text that is no regular expression is read from each slash to its line's end.
_REGEX = re.compile(r"/(?![*/ ])(?:\\.|\[(?:\\.|[^\]\n\\]){0,200}+\]|[^/\n\\\[]){1,1000}+/[a-z]*")
_LOOK_BACK_CHARS = 16
"""Maximum characters before a slash that tell a division from a regular expression."""
MAX_DEPTH = 250
"""Maximum open brackets, more than people nest. Beyond it the outermost bracket is forgotten, as if
it were above the text, so that copying and comparing the brackets takes hardly any time."""
_MAX_LABEL_CHARS = 200
"""Maximum characters before a bracket that are searched for the label of a case."""


class Enclosure(NamedTuple):
    """The string or comment around a position that is not code."""

    quote: Quote | None
    """The kind of string or block comment; None for a line comment."""
    closing: str
    """The text that ends it."""
    is_comment: bool

    @property
    def spans_lines(self) -> bool:
        """True if it may continue on the next line."""
        return self.quote is not None and self.quote.spans_lines


class OpenBracket(NamedTuple):
    """A bracket that is not closed yet."""

    bracket: str
    inside: Enclosure | None
    """The string around it if the bracket opens a hole; else None."""
    offset: int
    """Offset of the bracket in all text that was read."""


class ReaderState(NamedTuple):
    """The complete state of a reader between two characters."""

    stack: tuple[OpenBracket, ...] = ()
    """The open brackets, the innermost last."""
    inside: Enclosure | None = None
    """The string or comment around the position; None in code."""
    errors: int = 0
    """Number of closers without an opener, openers that an outer closer skipped, and strings that
    their line's end left open."""
    tail: str = ""
    """The last characters read, which tell a division from a regular expression."""
    chars_read: int = 0
    """Number of characters that were read."""

    @property
    def imbalance(self) -> int:
        """Number of errors if the text ended here: those so far, open brackets, an open string."""
        is_open = self.inside is not None and not self.inside.is_comment
        return self.errors + len(self.stack) + is_open


class Scan(NamedTuple):
    """The result of reading one piece of text. Offsets are within the piece."""

    end: ReaderState
    """State of the reader after the piece."""
    unmatched_closers: tuple[int, ...]
    """Offsets of the closers whose opener is not in the piece."""
    string_end: int | None
    """Offset of the end of the string that the piece began in; None if it does not end."""
    comment: int | None
    """Offset of the start of the line comment that the piece ends in; None if it ends in none."""


START = ReaderState()


def scan(text: str, lexicon: Lexicon, start: ReaderState = START) -> Scan:
    """Read *text*, continuing from the state *start*."""
    return _TextReader(text, lexicon, start).read()


# While a user types, all lines but the cursor's line are read again and again.
@lru_cache(maxsize=32)
def state_after_lines(text: str, lexicon: Lexicon, start: ReaderState = START) -> ReaderState:
    """Return the state of a reader after whole lines; results are cached."""
    return scan(text, lexicon, start).end


class _TextReader:
    """A reader of one piece of text in one language. Call `read` once."""

    def __init__(self, text: str, lexicon: Lexicon, start: ReaderState) -> None:
        self._text = text
        self._lexicon = lexicon
        self._patterns = _patterns(lexicon)
        self._start = start
        self._stack = list(start.stack)
        self._base = len(self._stack)
        """Number of the brackets now open that were open before the piece."""
        self._inside = start.inside
        self._errors = start.errors
        self._unmatched_closers: list[int] = []
        self._string_end: int | None = None
        self._comment: int | None = None
        self._is_untouched = start.inside is not None
        self._waiting = dict.fromkeys(_PAIRS.values(), 0)
        """Number of open brackets of each kind, which tells at once that a closer has no opener."""
        self._holes_in_line = 0
        """Number of open holes in strings that end with their line."""
        for each in self._stack:
            self._count(each, 1)

    def read(self) -> Scan:
        """Read the piece and return the result."""
        at = 0
        while at < len(self._text):
            at = self._read_code(at) if self._inside is None else self._read_inside(at)
        tail = (self._start.tail + self._text)[-_LOOK_BACK_CHARS:]
        # No pattern looks further back than to the start of the line.
        tail = tail[max(tail.rfind("\n"), 0) :]
        read = self._start.chars_read + len(self._text)
        end = ReaderState(tuple(self._stack), self._inside, self._errors, tail, read)
        is_in_line_comment = self._inside is not None and self._inside.quote is None
        return Scan(
            end,
            tuple(self._unmatched_closers),
            self._string_end,
            self._comment if is_in_line_comment else None,
        )

    def _read_code(self, at: int) -> int:
        """Read code from the offset *at* to the start of a string, comment or regular expression.

        Returns the offset after that start, or the length of the text. The first letter of the
        name of the group that matched tells the cases apart:

        - none: skipped text, or the end of a run without signs
        - ``o``, ``c``: a bracket that opens or closes
        - ``n``: a line end, which ends strings with holes
        - ``r``: a slash that may begin a regular expression
        - ``l``, ``b``, ``q``: the start of a line comment, a block comment, a string
        """
        for found in self._patterns.code.finditer(self._text, at):
            kind = found.lastgroup
            if kind is None:
                continue
            match kind[0]:
                case "o":
                    self._push(
                        OpenBracket(found[kind], None, self._start.chars_read + found.start(kind))
                    )
                case "c":
                    if self._close(found[kind], found.start(kind)):
                        return found.end()
                case "n":
                    if self._holes_in_line:
                        self._end_holes()
                case "r":
                    literal = self._regex_at(found.start(kind))
                    if literal:
                        # finditer cannot skip the literal, so the caller starts again after it.
                        return literal.end()
                case "l":
                    self._inside = Enclosure(None, "\n", True)
                    self._comment = found.start(kind)
                    return found.end()
                case "b" | "q" if self._can_open(kind):
                    quote = self._patterns.quotes[kind]
                    closing = quote.closing
                    if "\\" in closing:
                        closing = found.expand(closing)
                    self._inside = Enclosure(quote, closing, kind[0] == "b")
                    return found.end()
        return len(self._text)

    def _can_open(self, kind: str) -> bool:
        """Return whether a string or comment can begin here: between tags, quotes are text."""
        if kind[0] == "b" or not self._lexicon.has_tags:
            return True
        return bool(self._stack) and self._stack[-1].bracket == "<"

    def _regex_at(self, at: int) -> re.Match[str] | None:
        """Match a regular expression at *at*; return None if none begins there."""
        before = self._text[max(0, at - _LOOK_BACK_CHARS) : at]
        if at < _LOOK_BACK_CHARS:
            before = self._start.tail[at - _LOOK_BACK_CHARS :] + before
        return _REGEX.match(self._text, at) if _VALUE_EXPECTED.search(before) else None

    def _close(self, bracket: str, at: int) -> bool:
        """Close *bracket* at the offset *at* and return whether it ends a hole in a string.

        There are four cases:

        1. The opener is in the piece: it is closed. Open brackets within it are errors.
        2. The opener is not in the piece, and *bracket* ends the label of a case: it is ignored.
        3. The opener is before the piece: it is closed, and *bracket* is unmatched in the piece.
        4. There is no opener: *bracket* is unmatched, and an error.
        """
        opener = _PAIRS[bracket]
        depth = len(self._stack) - 1 if self._waiting[opener] else -1
        while depth >= 0 and self._stack[depth].bracket != opener:
            depth -= 1
        if depth < self._base:
            if self._is_label(at):
                return False
            self._unmatched_closers.append(at)
        if depth < 0:
            self._errors += 1
            return False
        self._errors += len(self._stack) - 1 - depth
        self._inside = self._stack[depth].inside
        self._pop(depth)
        return self._inside is not None

    def _push(self, opened: OpenBracket) -> None:
        """Add an open bracket; beyond `MAX_DEPTH`, forget the outermost one."""
        if len(self._stack) >= MAX_DEPTH:
            self._count(self._stack.pop(0), -1)
            self._base = max(self._base - 1, 0)
        self._stack.append(opened)
        self._count(opened, 1)

    def _pop(self, depth: int) -> None:
        """Remove the open bracket at *depth*, and all within it."""
        while len(self._stack) > depth:
            self._count(self._stack.pop(), -1)
        self._base = min(self._base, depth)

    def _count(self, bracket: OpenBracket, change: int) -> None:
        """Add *change*, 1 or -1, to the counts that *bracket* belongs to."""
        self._waiting[bracket.bracket] += change
        if bracket.inside is not None and not bracket.inside.spans_lines:
            self._holes_in_line += change

    def _is_label(self, at: int) -> bool:
        """Return whether the line up to the closer at *at* is the label of a case."""
        if self._patterns.label is None:
            return False
        line_start = self._text.rfind("\n", max(at - _MAX_LABEL_CHARS, 0), at) + 1
        if line_start == 0 and at > _MAX_LABEL_CHARS:
            return False
        is_whole = line_start > 0 or not self._start.tail.rpartition("\n")[2].strip()
        return (
            is_whole and self._patterns.label.fullmatch(self._text, line_start, at + 1) is not None
        )

    def _end_holes(self) -> None:
        """End a string that ends with its line, even inside a hole of it."""
        for depth, each in enumerate(self._stack):
            if each.inside and not each.inside.spans_lines:
                self._errors += len(self._stack) - depth
                self._pop(depth)
                return

    def _read_inside(self, at: int) -> int:
        """Read a string or comment from *at* to its end or a hole; return the offset after it."""
        inside = self._inside
        assert inside is not None
        for found in _inside_pattern(inside).finditer(self._text, at):
            match found.lastgroup:
                case "closing":
                    self._leave(found.start())
                    return found.end()
                case "hole":
                    self._inside = None
                    at = self._start.chars_read + found.start()
                    self._push(OpenBracket(found.group()[-1], inside, at))
                    return found.end()
                case "newline":
                    self._errors += not inside.is_comment
                    self._leave(None)
                    # The line end is read again as code: the string may be in a hole of another
                    # string that ends with its line.
                    return found.start() if self._patterns.minds_newlines else found.end()
        return len(self._text)

    def _leave(self, at: int | None) -> None:
        """End the string or comment; note *at* if the piece began in it."""
        self._inside = None
        if self._is_untouched and len(self._stack) == len(self._start.stack):
            self._string_end = at
            self._is_untouched = False


class _LexiconPatterns(NamedTuple):
    """The compiled patterns of one lexicon."""

    code: re.Pattern[str]
    """Pattern of the next sign in code. Its groups are listed in `_TextReader._read_code`."""
    quotes: dict[str, Quote]
    """Strings and block comments by group name."""
    label: re.Pattern[str] | None
    """Pattern of the label of a case, with its bracket; None if the language has none."""
    minds_newlines: bool
    """True if line ends are read as signs, because they end strings with holes."""


@lru_cache(maxsize=16)
def _patterns(lexicon: Lexicon) -> _LexiconPatterns:
    """Return the compiled patterns of *lexicon*."""
    named: list[tuple[str, str]] = [("s", pattern) for pattern in lexicon.skipped]
    quotes: dict[str, Quote] = {}
    for prefix, kinds in (("b", lexicon.block_comments), ("q", lexicon.quotes)):
        for number, quote in enumerate(kinds):
            quotes[f"{prefix}{number}"] = quote
            if not quote.hole and "\\" not in quote.closing and not lexicon.has_tags:
                named.append(("s", _whole(quote)))
            named.append((f"{prefix}{number}", quote.opening))
    for pattern in lexicon.line_comments:
        named += [("s", rf"(?:{pattern})[^\n]*+(?=\n)"), ("l", pattern)]
    if lexicon.has_regexes:
        named.append(("r", "/"))
    minds_newlines = any(quote.hole and not quote.spans_lines for quote in lexicon.quotes)
    if minds_newlines:
        named.append(("n", r"\n"))
    tags = (r"|<(?=[A-Za-z/!?]|\Z)", r"|(?<![=-])>") if lexicon.has_tags else ("", "")
    named += [("o", r"[(\[{]" + tags[0]), ("c", r"[)\]}]" + tags[1])]
    # A group name can occur once in a pattern, so a number after the letter makes it unique.
    parts = [
        f"(?P<{name if name in quotes else f'{name}_{index}'}>{pattern})"
        for index, (name, pattern) in enumerate(named)
    ]
    # One match skips all characters that begin nothing, so that the time grows with the signs and
    # not with the characters. The repetition is possessive and anything may follow it, so that
    # nothing is read twice.
    dull = r"[\w \t.,]" if minds_newlines else r"[\w\s.,]"
    code = re.compile(f"{dull}*+(?:{'|'.join(parts)}|[^\\w.,]|\\Z)")
    label = re.compile(lexicon.label) if lexicon.label else None
    return _LexiconPatterns(code, quotes, label, minds_newlines)


def _whole(quote: Quote) -> str:
    """Return the pattern of a whole string or comment.

    Most of them match it, which saves a change of the state and back.
    """
    closing = re.escape(quote.closing)
    escape = f"{quote.escape}|" if quote.escape else ""
    other = r"[\s\S]" if quote.spans_lines else "."
    return f"(?:{quote.opening})(?:{escape}(?!{closing}){other})*+{closing}"


@lru_cache(maxsize=64)
def _inside_pattern(inside: Enclosure) -> re.Pattern[str]:
    """Return the pattern of the next sign within *inside*: closing, hole, escape or line end."""
    quote = inside.quote
    if quote is None:
        return re.compile(r"(?P<newline>\n)")
    parts = []
    if quote.hole:
        parts.append(f"(?P<hole>{quote.hole})")
    if quote.escape:
        # The escape comes first if both could match: ``{{`` is no hole. But a hole such as ``\(``
        # comes before the escape, whose pattern would match it.
        escape = f"(?P<escape>{quote.escape})"
        parts.insert(0 if not quote.hole.startswith("\\\\") else 1, escape)
    parts.append(f"(?P<closing>{re.escape(inside.closing)})")
    if not quote.spans_lines:
        parts.append(r"(?P<newline>\n)")
    return re.compile("|".join(parts))
