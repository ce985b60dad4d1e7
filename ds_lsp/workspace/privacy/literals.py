"""Reads the strings of an expression, in the notation of any language, from left to right."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ds_lsp.workspace.privacy.secret_names import WRAPPERS
from ds_lsp.workspace.privacy.secret_values import MAX_JUDGED

_MAX_GLUE = 240
"""Maximum characters between a name and its value that belong to no string."""
_MAX_STEPS = 80
"""Maximum words, signs and strings that are read of one expression."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A string literal: the offset of its text, and of the end of the part that is judged."""

    start: int
    judged_end: int
    close: str
    is_escaped: bool
    is_open: bool
    """True if its end lies beyond the part that is judged."""


@dataclass(frozen=True, slots=True)
class ExpressionString:
    """A string in an expression, and its relation to the name before the expression."""

    literal: Literal
    is_direct: bool
    """True if only brackets, and calls that wrap a value, stand before it."""
    is_labeled: bool
    """True if it stands behind ``"value":`` or the like."""


_CLOSERS = {
    "“": "”",
    "‘": "’",
    "「": "」",
    "『": "』",
    "«": "»",
    "{": "}",
    "(": ")",
    "[": "]",
    "<": ">",
}
_OPEN = re.compile(
    r"""(?:[A-Za-z]{0,3}\#{0,3}|[@$]{1,2})(?P<escape>\\{0,3})(?P<quote>\"{3}|'{3}|["'`“‘「『])
    |(?<![\w$])(?:q[qwr]?|%[qQwWi]|~[sS])(?P<perl>[{(\[<|/!])
    |(?P<lua>\[=?\[)(?=[^\[\]"'\s])""",
    re.VERBOSE,
)
_VALUES = {
    '"': re.compile(r'[^"\\]*(?:\\.[^"\\]*)*'),
    "'": re.compile(r"[^'\\]*(?:\\.[^'\\]*)*"),
    "`": re.compile(r"[^`\\]*(?:\\.[^`\\]*)*"),
}
_ESCAPED_VALUE = re.compile(r"[^\\\"'`]*")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<word>[A-Za-z_$@][\w$]*(?:'[a-z]{1,2}(?![\w']))?|'(?:static|[a-z])(?![\w'])|[0-9][\w.]*)
    |(?P<open>[(\[{])|(?P<close>[)\]}])
    |(?P<comma>,)
    |(?P<stop>;|\#\s|//\s|<!--|\#\#)
    |(?P<sign>[^\w\s])
    |(?P<letter>\w)""",
    re.VERBOSE,
)


def literal_at(line: str, at: int) -> Literal | None:
    """Return the string that begins at an offset, or None."""
    opened = _OPEN.match(line, at)
    if opened is None:
        return None
    start = opened.end()
    limit = min(start + MAX_JUDGED, len(line))
    if opened["quote"]:
        quote, is_escaped = opened["quote"], bool(opened["escape"])
        close = _CLOSERS.get(quote, quote)
        if is_escaped:
            found = _ESCAPED_VALUE.match(line, start, limit)
            end = found.end() if found else start
            return Literal(start, end, line[at:start][-1:], True, end >= limit)
    else:
        close = _CLOSERS.get(opened["perl"] or "", opened["perl"] or "]]")
        is_escaped = False
    end = _find_close(line, start, limit, close)
    return Literal(start, end, close, is_escaped, not line.startswith(close, end))


def _find_close(line: str, start: int, limit: int, close: str) -> int:
    pattern = _VALUES.get(close)
    if pattern is not None:
        found = pattern.match(line, start, limit)
        return found.end() if found else start
    end = line.find(close, start, limit)
    return limit if end < 0 else end


def end_of(line: str, literal: Literal) -> int:
    """Return the offset of a string's end, even beyond the part that is judged."""
    if not literal.is_open:
        return literal.judged_end
    if literal.is_escaped:
        found = _ESCAPED_VALUE.match(line, literal.start)
        return found.end() if found else literal.judged_end
    return _find_close(line, literal.start, len(line), literal.close)


def read_strings(
    line: str, start: int, limit: int, *, in_call: bool = False
) -> Iterator[ExpressionString]:
    """Yield the strings of an expression that begin before *limit*.

    Named arguments belong to the expression with *in_call*, and end it otherwise.
    """
    at, glue, depth, is_direct, is_labeled = start, 0, 0, True, False
    for _ in range(_MAX_STEPS):
        if at >= limit:
            return
        literal = literal_at(line, at)
        if literal is not None:
            key = _VALUE_KEY.match(line, at)
            if key:
                at, is_labeled = key.end(), True
                continue
            yield ExpressionString(literal, is_direct, is_labeled)
            if literal.is_open:
                return
            at = literal.judged_end + len(literal.close)
            if _KEY.match(line, at) and depth <= 0:
                return
            is_direct = is_direct and depth > 0 and line.startswith((",", ", "), at)
            continue
        token = _TOKEN.match(line, at)
        if token is None or glue > _MAX_GLUE:
            return
        kind, text = token.lastgroup, token.group()
        glue += len(text)
        if kind == "stop":
            return
        if (
            kind == "comma"
            and depth <= 0
            and ((_NEXT_ENTRY if in_call else _NEXT_KEY).match(line, token.end()) or depth < 0)
        ):
            return
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            is_direct = False
        elif kind in ("word", "letter"):
            is_direct = is_direct and text.lower() in WRAPPERS
        elif kind == "sign":
            is_direct = is_direct and text in _THIN
        at = token.end()


_VALUE_KEY = re.compile(
    r"""(?P<q>["'])(?:[A-Za-z]{0,20}[_-]?value|default|content|data|text|string)(?P=q)\s{0,9}(?:=>|[:=])(?!=)""",
    re.IGNORECASE,
)
_THIN = "&*@:.!<>-=\\$|?#"
_KEY = re.compile(r"\s{0,9}(?:=>|[:=](?!=))")
_NEXT_ENTRY = re.compile(r"""\s{0,20}["'`][\w$.-]{1,60}["'`]\s{0,9}(?:=>|[:=](?!=))""")
_NEXT_KEY = re.compile(r"""\s{0,20}(?:["'`]?[\w$.-]{1,60}["'`]?\s{0,9}(?:=>|:=|[:=](?!=)))""")
