"""Finds secrets that span several lines: each line says how the next one goes on."""

import re
from dataclasses import dataclass, replace
from enum import Enum, auto

from ds_lsp.workspace.privacy.literals import Literal, end_of, literal_at, read_strings
from ds_lsp.workspace.privacy.masking import Secret
from ds_lsp.workspace.privacy.secret_names import Rank
from ds_lsp.workspace.privacy.secret_values import Evidence, judge_value

RULES = {Rank.PASSWORD: "password", Rank.TOKEN: "token", Rank.FAINT: "token"}


class Continuation(Enum):
    """The ways in which a value can go on in the next line."""

    VALUE = auto()
    """The next line begins with the value: this one ends in ``name =``."""
    PAIR = auto()
    """This line is ``name: password``; one of the next lines is ``value: …``."""
    BLOCK = auto()
    """Each line that is indented deeper is a part of the value: ``name: |`` in YAML."""
    STRING = auto()
    """The next line is inside a string that may be a value."""
    JOINED = auto()
    """The value was a string, and the next line may join another one to it."""
    RUN = auto()
    """The value reached the end of the line, and may go on in the next."""


@dataclass(frozen=True, slots=True)
class Carry:
    """The expectation that a line hands on to the next one."""

    kind: Continuation
    rank: Rank
    indent: int = 0
    close: str = ""
    lines: int = 0
    """Number of lines for which it still holds."""


@dataclass(frozen=True, slots=True)
class LineSecrets:
    """The secrets of one line, and what it says about the next line."""

    secrets: tuple[Secret, ...] = ()
    carry: Carry | None = None


NOTHING = LineSecrets()
_MIN_TYPED = 4
"""Minimum characters of a string at the cursor; a shorter one may just have been opened."""
MAX_BLOCK_LINES = 400
_COMMA_END = re.compile(r"\s{0,20},\s*\Z")
_JOINT = re.compile(r"\s*+(?:[\\+.&~]|\.\.|<>|\|\||\+\+)?\s*+\\?\Z")
_COMMA = re.compile(r"""\s{0,9},\s{0,9}(?=[A-Za-z]{0,2}["'`])""")
_COMMA_OR_JOINT = re.compile(
    r"""\s{0,9}(?:[,+.&~]|\.\.|<>|\|\||\+\+)?\s{0,9}(?=[A-Za-z]{0,2}["'`])"""
)
_SAME_LINE_JOINT = re.compile(
    r"""\s{0,9}(?:[+.&~]|\.\.|<>|\|\||\+\+)?\s{0,9}(?=[A-Za-z]{0,2}["'`])"""
)
_NEXT_JOINT = re.compile(
    r"""[ \t]*+(?:[+.&~]|\.\.|<>|\|\||\+\+|<<)?[ \t]*+(?=[A-Za-z]{0,2}["'`])"""
)
_KEY_FOLLOWS = re.compile(r"\s*[:=](?!=)")
_PAIR_LINE = re.compile(
    r"""\s*(?:-\s+)?["'<]?(?:value|default(?:_?value)?|string|data|content|text|val|(?P<code>return|yield))["'>]?(?:\s*(?:=>|[:=]))?\s*""",
    re.IGNORECASE,
)
_NEW_ENTRY = re.compile(r"""\s*(?:-\s+|[}\]]|\Z|["'<]?(?:name|key)\b)""", re.IGNORECASE)
_RUN_LINE = re.compile(r"""[ \t]*(?P<run>[A-Za-z0-9+/=_-]{8,})[ \t]*\\?(?:[\s"'`,;)}<].*)?\Z""")
BLANK = re.compile(r"\s*\\?\Z")


def is_being_typed(line: str, literal: Literal, cursor: int) -> bool:
    """Return whether the cursor is in a string, behind its first few characters."""
    return cursor >= literal.start + _MIN_TYPED and cursor <= end_of(line, literal)


def is_quote(line: str, at: int) -> bool:
    return line[at : at + 1] in tuple("\"'`“‘「『")


def ends_line(line: str, at: int) -> bool:
    """Return whether only blanks, or a backslash, stand from an offset on."""
    return BLANK.match(line, at) is not None


def may_span_lines(line: str, literal: Literal) -> bool:
    """Return whether an open string may go on in the next line, by its quotes or a backslash."""
    return literal.is_open and (literal.close in ('"""', "'''", "`", "]]") or line.endswith("\\"))


def mask_literal(
    line: str, rank: Rank, literal: Literal, *, is_listed: bool = False, is_tuple: bool = False
) -> LineSecrets:
    """Mask a string to its end, and the strings that are joined to it or listed with it."""
    joint_of = _COMMA if is_listed else _COMMA_OR_JOINT if is_tuple else _SAME_LINE_JOINT
    rule = RULES[rank]
    end = end_of(line, literal)
    is_open = end >= len(line)
    if is_open and line.endswith("\\"):
        end -= 1
    secrets = [Secret(rule, literal.start, end)]
    if is_open:
        if may_span_lines(line, literal):
            carry = Carry(Continuation.STRING, rank, close=literal.close, lines=MAX_BLOCK_LINES)
        else:
            carry = Carry(Continuation.RUN, rank)
        return LineSecrets(tuple(secrets), carry)
    at = end + len(literal.close)
    while joint := joint_of.match(line, at):
        other = literal_at(line, joint.end())
        if other is None or not _is_joined(line, other):
            break
        end = end_of(line, other)
        secrets.append(Secret(rule, other.start, end))
        at = end + len(other.close)
    is_joined = _JOINT.match(line, at) is not None
    return LineSecrets(tuple(secrets), Carry(Continuation.JOINED, rank) if is_joined else None)


def _is_joined(line: str, literal: Literal) -> bool:
    value = line[literal.start : literal.judged_end]
    end = literal.judged_end + len(literal.close)
    is_key = not literal.is_open and _KEY_FOLLOWS.match(line, end) is not None
    return not is_key and judge_value(value) >= Evidence.MIXED


def continue_value(line: str, carry: Carry, cursor: int) -> LineSecrets:
    """Find the part of a value that an earlier line began, as *carry* says."""
    if not line or line.isspace():
        # A CRLF counts as two line ends here, with an empty line between them.
        return LineSecrets((), carry)
    return _READERS[carry.kind](line, carry, cursor)


def _read_value_line(line: str, carry: Carry, cursor: int) -> LineSecrets:
    if carry.close == "," and not _LAST_OF_TUPLE.match(line):
        # The next string of a list.
        return NOTHING
    item = _ITEM.match(line)
    at = item.end() if item else len(line) - len(line.lstrip())
    found = _find_first_value(line, carry, at, cursor, Evidence.MIXED if item else Evidence.LOOSE)
    # All entries of a list belong to the name above it.
    if item and found.secrets:
        return LineSecrets(found.secrets, carry)
    if found is NOTHING and not carry.close and _ATTRIBUTE.match(line):
        # Attributes of the name follow it: its type, its description, its default.
        return LineSecrets((), Carry(Continuation.PAIR, carry.rank, lines=_MAX_ATTRIBUTE_LINES))
    return found


_ATTRIBUTE = re.compile(
    r"""\s{1,40}["']?(?:type|no_?echo|description|sensitive|secret|label|title|required|name)["']?\s?[:=]\s""",
    re.IGNORECASE,
)
_MAX_ATTRIBUTE_LINES = 4
_ITEM = re.compile(r"\s*(?:-\s+|[\w.-]{1,40}:\s+)")


def _find_first_value(
    line: str, carry: Carry, at: int, cursor: int, needed: Evidence
) -> LineSecrets:
    if carry.rank is Rank.TOKEN:
        needed = Evidence.MIXED
    for string in read_strings(line, at, len(line)):
        value = line[string.literal.start : string.literal.judged_end]
        end = string.literal.judged_end + len(string.literal.close)
        if _KEY_FOLLOWS.match(line, end):
            break
        if not string.is_direct:
            needed = Evidence.RANDOM
        if judge_value(value) >= needed or (
            string.is_direct and is_being_typed(line, string.literal, cursor)
        ):
            found = mask_literal(line, carry.rank, string.literal, is_listed=carry.close == "[")
            is_listed = carry.close == "[" and _COMMA_END.match(line, found.secrets[-1].end + 1)
            return LineSecrets(found.secrets, carry) if is_listed else found
    only = _ONLY.fullmatch(line, at)
    if only and not is_quote(line, at) and judge_value(only["run"]) >= Evidence.MIXED:
        secret = Secret(RULES[carry.rank], *only.span("run"))
        return LineSecrets((secret,), Carry(Continuation.RUN, carry.rank))
    return NOTHING


_LAST_OF_TUPLE = re.compile(r"""\s*[A-Za-z]{0,2}(?P<q>["'])[^"'\s]{1,400}(?P=q)\s*[)\]}]""")
_ONLY = re.compile(r"""(?P<run>[^\s"'`()<>{}\[\];,]{8,})(?:</\w+>)?[\s;,]*\\?""")


def _read_pair_line(line: str, carry: Carry, cursor: int) -> LineSecrets:
    key = _PAIR_LINE.match(line)
    if key:
        needed = Evidence.MIXED if key["code"] else Evidence.LOOSE
        if key["code"] and not literal_at(line, key.end()):
            return NOTHING
        return _find_first_value(line, carry, key.end(), cursor, needed)
    if carry.lines <= 1 or _NEW_ENTRY.match(line):
        return NOTHING
    return LineSecrets((), replace(carry, lines=carry.lines - 1))


def _read_block_line(line: str, carry: Carry, cursor: int) -> LineSecrets:
    stripped = line.strip()
    at = line.index(stripped)
    if at <= carry.indent or not carry.lines:
        return NOTHING
    needed = Evidence.LOOSE if carry.rank is Rank.PASSWORD else Evidence.MIXED
    again = replace(carry, lines=carry.lines - 1)
    is_run = _RUN_LINE.fullmatch(line) is not None and carry.lines < MAX_BLOCK_LINES
    if judge_value(stripped) >= needed or (is_run and len(stripped) > 30):
        return LineSecrets((Secret(RULES[carry.rank], at, at + len(stripped)),), again)
    return LineSecrets((), again)


def _read_string_line(line: str, carry: Carry, cursor: int) -> LineSecrets:
    end = line.find(carry.close)
    text = line if end < 0 else line[:end]
    stripped = text.strip().rstrip("\\")
    again = replace(carry, lines=carry.lines - 1) if end < 0 and carry.lines > 1 else None
    if stripped and (judge_value(stripped) >= Evidence.MIXED or _is_base64(stripped)):
        at = text.index(stripped)
        return LineSecrets((Secret(RULES[carry.rank], at, at + len(stripped)),), again)
    return LineSecrets((), again)


def _is_base64(text: str) -> bool:
    return _BASE64.fullmatch(text) is not None


_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}|[A-Za-z0-9+/_-]{2,}={1,2}")


def _read_joined_line(line: str, carry: Carry, cursor: int) -> LineSecrets:
    joint = _NEXT_JOINT.match(line)
    literal = literal_at(line, joint.end()) if joint else None
    if literal is None or not _is_joined(line, literal):
        return NOTHING
    return mask_literal(line, carry.rank, literal)


def _read_run_line(line: str, carry: Carry, cursor: int) -> LineSecrets:
    run = _RUN_LINE.match(line)
    if run is None or (judge_value(run["run"]) < Evidence.MIXED and not _is_base64(run["run"])):
        return NOTHING
    secret = Secret(RULES[carry.rank], *run.span("run"))
    return LineSecrets((secret,), carry if ends_line(line, run.end("run")) else None)


_READERS = {
    Continuation.VALUE: _read_value_line,
    Continuation.PAIR: _read_pair_line,
    Continuation.BLOCK: _read_block_line,
    Continuation.STRING: _read_string_line,
    Continuation.JOINED: _read_joined_line,
    Continuation.RUN: _read_run_line,
}
