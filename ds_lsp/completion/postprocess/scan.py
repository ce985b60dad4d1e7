"""Brackets, strings and comments of a text, read forward once, and what is wrong with them."""

import re
from functools import lru_cache
from typing import NamedTuple

from ds_lsp.completion.postprocess.lexicon import Lexicon, Quote

_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}
_VALUE_EXPECTED = re.compile(
    r"(?:\A|[(\[{,;=:!&|?+\-*%<>~^\n]|\b(?:return|typeof|case|in|of|do|else|when|and|or|not|if|"
    r"unless|while))[ \t]*\Z"
)
# Bounded: what is no regular expression is read to the end of its line from each slash.
_REGEX = re.compile(r"/(?![*/ ])(?:\\.|\[(?:\\.|[^\]\n\\]){0,200}+\]|[^/\n\\\[]){1,1000}+/[a-z]*")
_LOOK_BACK_CHARS = 16
MAX_DEPTH = 250
"""Maximum brackets that wait to be closed: more than people nest. Of more, the outermost are
forgotten, as if they stood above the text, so that each is copied and compared in no time."""
_MAX_LABEL_CHARS = 200
"""Maximum characters before a bracket that are looked through for the label of a case."""


class Enclosure(NamedTuple):
    """What surrounds a place that is not code."""

    quote: Quote | None
    """None: a line comment."""
    closing: str
    is_comment: bool

    @property
    def spans_lines(self) -> bool:
        return self.quote is not None and self.quote.spans_lines


class OpenBracket(NamedTuple):
    """A bracket that waits to be closed."""

    bracket: str
    inside: Enclosure | None
    """The string it is a hole in."""
    offset: int
    """Where in all that has been read it stands."""


class ReaderState(NamedTuple):
    """Everything a reader knows between two characters."""

    stack: tuple[OpenBracket, ...] = ()
    inside: Enclosure | None = None
    errors: int = 0
    """Closers without opener, openers passed over by another's closer, strings left open."""
    tail: str = ""
    """The last characters read: they tell a division from a regular expression."""
    chars_read: int = 0
    """How many characters have been read."""

    @property
    def imbalance(self) -> int:
        """What would be wrong if the text ended here."""
        is_open = self.inside is not None and not self.inside.is_comment
        return self.errors + len(self.stack) + is_open


class Scan(NamedTuple):
    """What one piece of text did."""

    end: ReaderState
    unmatched_closers: tuple[int, ...]
    """Where brackets stand that close what the piece did not open."""
    string_end: int | None
    """Where the string ends that the piece began in."""
    comment: int | None
    """Where the line comment begins that the piece ends in."""


START = ReaderState()


def scan(text: str, lexicon: Lexicon, start: ReaderState = START) -> Scan:
    """Read *text* on from a state."""
    return _TextReader(text, lexicon, start).read()


# While one types, all lines but the cursor's are read again and again.
@lru_cache(maxsize=32)
def state_after_lines(text: str, lexicon: Lexicon, start: ReaderState = START) -> ReaderState:
    """What a reader knows after whole lines, which are remembered."""
    return scan(text, lexicon, start).end


class _TextReader:
    def __init__(self, text: str, lexicon: Lexicon, start: ReaderState) -> None:
        self._text = text
        self._lexicon = lexicon
        self._patterns = _patterns(lexicon)
        self._start = start
        self._stack = list(start.stack)
        self._base = len(self._stack)
        """How many of the brackets now open stood open before the piece."""
        self._inside = start.inside
        self._errors = start.errors
        self._unmatched_closers: list[int] = []
        self._string_end: int | None = None
        self._comment: int | None = None
        self._is_untouched = start.inside is not None
        self._waiting = dict.fromkeys(_PAIRS.values(), 0)
        """How many brackets of each kind are open: a closer without an opener is known by it."""
        self._holes_in_line = 0
        for each in self._stack:
            self._count(each, 1)

    def read(self) -> Scan:
        at = 0
        while at < len(self._text):
            at = self._read_code(at) if self._inside is None else self._read_inside(at)
        tail = (self._start.tail + self._text)[-_LOOK_BACK_CHARS:]
        # Nothing looks further back than to its line's start.
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
        """Read up to where something begins that is not code, and return the place after it."""
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
                        # finditer cannot be moved on: begin anew after it.
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
        """Between tags there is text, and its quotes are text."""
        if kind[0] == "b" or not self._lexicon.has_tags:
            return True
        return bool(self._stack) and self._stack[-1].bracket == "<"

    def _regex_at(self, at: int) -> re.Match[str] | None:
        before = self._text[max(0, at - _LOOK_BACK_CHARS) : at]
        if at < _LOOK_BACK_CHARS:
            before = self._start.tail[at - _LOOK_BACK_CHARS :] + before
        return _REGEX.match(self._text, at) if _VALUE_EXPECTED.search(before) else None

    def _close(self, bracket: str, at: int) -> bool:
        """Whether it closes a hole, so that the string goes on."""
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
        if len(self._stack) >= MAX_DEPTH:
            self._count(self._stack.pop(0), -1)
            self._base = max(self._base - 1, 0)
        self._stack.append(opened)
        self._count(opened, 1)

    def _pop(self, depth: int) -> None:
        """Close what stands at *depth*, and all within it."""
        while len(self._stack) > depth:
            self._count(self._stack.pop(), -1)
        self._base = min(self._base, depth)

    def _count(self, bracket: OpenBracket, change: int) -> None:
        self._waiting[bracket.bracket] += change
        if bracket.inside is not None and not bracket.inside.spans_lines:
            self._holes_in_line += change

    def _is_label(self, at: int) -> bool:
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
        """A string that ends with its line ends, hole or not."""
        for depth, each in enumerate(self._stack):
            if each.inside and not each.inside.spans_lines:
                self._errors += len(self._stack) - depth
                self._pop(depth)
                return

    def _read_inside(self, at: int) -> int:
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
                    # Read as code: what ends with its line may stand in a hole of the like.
                    return found.start() if self._patterns.minds_newlines else found.end()
        return len(self._text)

    def _leave(self, at: int | None) -> None:
        self._inside = None
        if self._is_untouched and len(self._stack) == len(self._start.stack):
            self._string_end = at
            self._is_untouched = False


class _LexiconPatterns(NamedTuple):
    code: re.Pattern[str]
    quotes: dict[str, Quote]
    label: re.Pattern[str] | None
    minds_newlines: bool


@lru_cache(maxsize=16)
def _patterns(lexicon: Lexicon) -> _LexiconPatterns:
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
    # A name can stand once in a pattern; what follows the first letter only tells them apart.
    parts = [
        f"(?P<{name if name in quotes else f'{name}_{index}'}>{pattern})"
        for index, (name, pattern) in enumerate(named)
    ]
    # In one stride over what begins nothing, so that reading costs by the signs and not by the
    # characters; possessive, and followed by anything, so that nothing is read twice.
    dull = r"[\w \t.,]" if minds_newlines else r"[\w\s.,]"
    code = re.compile(f"{dull}*+(?:{'|'.join(parts)}|[^\\w.,]|\\Z)")
    label = re.compile(lexicon.label) if lexicon.label else None
    return _LexiconPatterns(code, quotes, label, minds_newlines)


def _whole(quote: Quote) -> str:
    """Pattern of a string or comment from end to end: most are, and it saves the way in and out."""
    closing = re.escape(quote.closing)
    escape = f"{quote.escape}|" if quote.escape else ""
    other = r"[\s\S]" if quote.spans_lines else "."
    return f"(?:{quote.opening})(?:{escape}(?!{closing}){other})*+{closing}"


@lru_cache(maxsize=64)
def _inside_pattern(inside: Enclosure) -> re.Pattern[str]:
    quote = inside.quote
    if quote is None:
        return re.compile(r"(?P<newline>\n)")
    parts = []
    if quote.hole:
        parts.append(f"(?P<hole>{quote.hole})")
    if quote.escape:
        # Before the hole, where both could begin: ``{{`` is no hole. But ``\(`` is none of these.
        escape = f"(?P<escape>{quote.escape})"
        parts.insert(0 if not quote.hole.startswith("\\\\") else 1, escape)
    parts.append(f"(?P<closing>{re.escape(inside.closing)})")
    if not quote.spans_lines:
        parts.append(r"(?P<newline>\n)")
    return re.compile("|".join(parts))
