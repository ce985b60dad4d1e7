"""Finds what a line assigns to the name of a secret, also what the next lines still assign."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import zip_longest

from ds_lsp.privacy.literals import Literal, Step, close_of, literal_at, steps
from ds_lsp.privacy.masking import Secret
from ds_lsp.privacy.plain_values import plain_value
from ds_lsp.privacy.secret_names import Name, Rank, names_in
from ds_lsp.privacy.secret_values import Evidence, are_secret_words, evidence

RULES = {Rank.PASSWORD: "password", Rank.TOKEN: "token", Rank.FAINT: "token"}


class Kind(Enum):
    """How the next line goes on."""

    VALUE = auto()
    """It begins with the value: name = at the end of a line."""
    PAIR = auto()
    """The name was the value of name:, and value: follows."""
    BLOCK = auto()
    """Each deeper line is a part of the value: name: | in YAML."""
    STRING = auto()
    """It is inside of a string that may be a value."""
    JOINED = auto()
    """The value was a string, and another may be joined to it."""
    RUN = auto()
    """The value reached the end of the line, and may go on."""


@dataclass(frozen=True, slots=True)
class Carry:
    """What a line says about the next one."""

    kind: Kind
    rank: Rank
    indent: int = 0
    close: str = ""
    lines: int = 0
    """How many more lines it holds for."""


@dataclass(frozen=True, slots=True)
class Found:
    """The secrets of one line, and what it says about the next one."""

    secrets: tuple[Secret, ...] = ()
    carry: Carry | None = None


NOTHING = Found()
_MIN_TYPED = 4
"""Characters of a string that is being typed that are needed to tell it from one just opened."""
_MAX_BLOCK_LINES = 400
_MAX_PAIR_LINES = 3
_MIN_INDIRECT = 10
"""Characters that a string elsewhere in the expression must have to be taken for the value."""

# What stands behind the name and belongs to it: quotes, a subscript, brackets, earmuffs.
_CLOSE = re.compile(
    r"""\\{0,3}["'`”’»」』*?!+]{0,3}(?:\s?\[[^\]\["']{0,24}\])?[)\]}]{0,3}(?:\s?\{[^{}"'=]{1,40}\}(?=\s?=))?"""
)
_TYPE = r"""(?:(?:\s{0,9}:{1,2}|\s)\s{0,9}[&'\w.<>|?*,\[\]!: ]{1,60}?(?=\s?:?=(?:[^=>]|\Z)))?"""
_LINK_PATTERN = r"""
    (?P<tags>\s?</\w{1,20}>\s{0,20}<\w{1,20}[^<>]{0,60}>\s{0,20}+)
    |TYPE\s{0,20}+
     (?P<sep>:=|=>|->|={1,3}|!==?|~=|<>|:{1,2}|\?=|\+=|\.=|\|\|=?|\?\?=?|<-|,|\(|\{(?=["'])|\|(?=\s)|[：＝﹕＝]|[>](?!=)
      |(?:is|was|are|to|equals|eq|ne|like|über|ist|est|es|é|是|为|為|は|が|は、|：)(?=[\s"'`“‘：:「『A-Za-z0-9])[:：]?)\s{0,20}+
    |(?P<gap>\s{1,20}+(?:\.\s{1,3})?)
    |(?P<chain>(?=[?!]?\.\w|->))
    """
_LINK = re.compile(_LINK_PATTERN.replace("TYPE", _TYPE), re.VERBOSE)
# A name in quotes has no type.
_QUOTED_LINK = re.compile(_LINK_PATTERN.replace("TYPE", ""), re.VERBOSE)
_COMPARISONS = ("(", ",", "->")
_WORD_LINKS = frozenset("is was are to equals eq ne like ist est es é 是 为 為 は が".split())
_FIRST_ARGUMENT = re.compile(r"""[({\[]\s{0,9}:?[A-Za-z]{0,2}["'`]?[\w.-]{0,40}\Z""")
_BLOCK = re.compile(r"[ \t]*[|>][+-]?[0-9]?[+-]?[ \t]*(?:#.{0,200})?\Z")
_LINE_END = re.compile(r"[\s(\[{\\+&^]*(?:<<[-~]?['\"]?\w+['\"]?)?\Z")
_BACKSLASH = re.compile(r"\\\s{0,20}\Z")
_LIST_END = re.compile(r"\[\s{0,20}\Z")
_COMMA_END = re.compile(r"\s{0,20},\s*\Z")
_BLANK = re.compile(r"\s*\\?\Z")
_JOINT = re.compile(r"\s*(?:[\\+.&~]|\.\.|<>|\|\||\+\+)?\s*\\?\Z")
_COMMA = re.compile(r"""\s{0,9},\s{0,9}(?=[A-Za-z]{0,2}["'`])""")
_SAME_LINE_JOINT = re.compile(r"""\s{0,9}(?:[+.&~]|\.\.|<>|\|\||\+\+)?\s{0,9}(?=[A-Za-z]{0,2}["'`])""")
_NEXT_JOINT = re.compile(r"""[ \t]*(?:[+.&~]|\.\.|<>|\|\||\+\+|<<)?[ \t]*(?=[A-Za-z]{0,2}["'`])""")
_KEY_FOLLOWS = re.compile(r"\s*[:=](?!=)")
_PAIR_LINE = re.compile(
    r"""\s*(?:-\s+)?["'<]?(?:value|default(?:_?value)?|string|data|content|text|val|(?P<code>return|yield))["'>]?(?:\s*(?:=>|[:=]))?\s*""",
    re.IGNORECASE,
)
_PAIR_END = re.compile(r"""[^"'`;={}]{0,60}[{:,(>]?\s*\Z""")
_ELEMENT_END = re.compile(r"\s*(?:</\w{1,20}>)?[\s,;]*\Z")
_NEW_ENTRY = re.compile(r"""\s*(?:-\s+|[}\]]|\Z|["'<]?(?:name|key)\b)""", re.IGNORECASE)
_RUN_LINE = re.compile(r"""[ \t]*(?P<run>[A-Za-z0-9+/=_-]{8,})[ \t]*\\?(?:[\s"'`,;)}<].*)?\Z""")
_WORDS_RANK = re.compile("phrase|mnemonic|seed|recovery|words|mot de passe|暗")


def in_assignments(line: str, lowered: str, carry: Carry | None, cursor: int) -> Found:
    """Find the values that a line assigns to names of secrets; *lowered* is in small letters."""
    secrets: list[Secret] = []
    after: Carry | None = None
    at = 0
    if carry is not None:
        found = _continued(line, carry, cursor)
        secrets += found.secrets
        after = found.carry
        at = secrets[-1].end if secrets else 0
    names = list(names_in(line, lowered))
    for name, following in zip_longest(names, names[1:]):
        if name.start < at:
            continue
        limit = following.start if following else len(line)
        found = _of_name(line, lowered, name, limit, cursor)
        if found.secrets:
            secrets += found.secrets
            at = secrets[-1].end
            after = found.carry
        elif found.carry is not None:
            after = found.carry
    return Found(tuple(secrets), after) if secrets or after else NOTHING


def _of_name(line: str, lowered: str, name: Name, limit: int, cursor: int) -> Found:
    """Find the value of a name; beyond *limit*, where the next name begins, only that one looks."""
    close = _CLOSE.match(line, name.end)
    at = close.end() if close else name.end
    is_quoted = any(each in "\"'`”’»」』" for each in line[name.end : at])
    link = (_QUOTED_LINK if is_quoted else _LINK).match(lowered, at)
    if link is None:
        return _pair(line, name, at) if _ELEMENT_END.match(line, at) else NOTHING
    separator = link["sep"] or ""
    start = link.end()
    if separator == ":" and _BLOCK.match(line, start):
        indent = len(line) - len(line.lstrip())
        return Found((), Carry(Kind.BLOCK, name.rank, indent, lines=_MAX_BLOCK_LINES))
    found = _in_expression(line, lowered, name, start, limit, separator, is_quoted, cursor)
    if found.secrets or found.carry:
        return found
    if not _is_quote(line, start) and link["chain"] is None:
        value = plain_value(line, lowered, name, link, cursor)
        if value:
            secret = Secret(RULES[name.rank], *value)
            carry = Carry(Kind.RUN, name.rank) if _ends_line(line, value[1]) else None
            return Found((secret,), carry)
    if separator not in _COMPARISONS and name.rank is not Rank.FAINT and _LINE_END.match(line, start):
        if separator or _BACKSLASH.search(line, start):
            is_list = _LIST_END.search(line, start) is not None
            return Found((), Carry(Kind.VALUE, name.rank, close="[" if is_list else ""))
    if separator == "," and is_quoted and _BLANK.match(line, start):
        return Found((), Carry(Kind.VALUE, name.rank, close=","))
    return _pair(line, name, at)


def _pair(line: str, name: Name, at: int) -> Found:
    if name.rank is Rank.FAINT or not _PAIR_END.match(line, at):
        return NOTHING
    return Found((), Carry(Kind.PAIR, name.rank, lines=_MAX_PAIR_LINES))


def _is_quote(line: str, at: int) -> bool:
    return line[at : at + 1] in tuple("\"'`“‘「『")


def _ends_line(line: str, at: int) -> bool:
    return _BLANK.match(line, at) is not None


def _in_expression(
    line: str,
    lowered: str,
    name: Name,
    start: int,
    limit: int,
    separator: str,
    is_quoted: bool,
    cursor: int,
) -> Found:
    """Judge the strings of the expression that a name is followed by."""
    for step in steps(line, start, limit):
        literal = step.literal
        place = _needed(line, name, step, separator, is_quoted)
        is_typed = (
            step.is_direct
            and name.rank is not Rank.FAINT
            and (separator not in (",", "(") or is_quoted or separator == "(")
            and _is_typed(line, literal, cursor)
        )
        if is_typed or _is_secret(line, lowered, name, literal, place, step):
            is_listed = step.is_direct and "[" in line[start - 1 : literal.start]
            return _masked(line, name.rank, literal, is_listed=is_listed)
        if literal.is_open and step.is_direct and literal.close in ('"""', "'''", "`", "]]"):
            # The value begins on the next line.
            carry = Carry(Kind.STRING, name.rank, close=literal.close, lines=_MAX_BLOCK_LINES)
            return Found((), carry)
    return NOTHING


def _is_typed(line: str, literal: Literal, cursor: int) -> bool:
    return cursor >= literal.start + _MIN_TYPED and cursor <= close_of(line, literal)


def _needed(line: str, name: Name, step: Step, separator: str, is_quoted: bool) -> Evidence:
    """Return how much evidence a string at this place needs."""
    if name.rank is Rank.FAINT:
        return Evidence.RANDOM
    # Cases: the next argument after a variable; prose with a name in it; another string of the
    # expression; the string itself.
    if separator == "," and not is_quoted:
        return Evidence.RANDOM
    if not separator and step.literal.close == "`":
        return Evidence.RANDOM
    if not step.is_direct:
        is_assigned = separator not in ("", ",", "(", ">")
        return Evidence.MIXED if is_assigned and name.rank is Rank.PASSWORD else Evidence.RANDOM
    if separator == "," and not step.is_labeled and not _FIRST_ARGUMENT.search(line, max(name.start - 60, 0), name.start):
        # The next string of a list.
        return Evidence.RANDOM if name.rank is Rank.TOKEN else Evidence.MIXED
    if name.rank is Rank.TOKEN:
        return Evidence.MIXED
    if separator in (":=", "=", ":", "=>", "<-", "：") and not name.has_suffix:
        return Evidence.WORD
    return Evidence.LOOSE


def _is_secret(
    line: str, lowered: str, name: Name, literal: Literal, needed: Evidence, step: Step
) -> bool:
    value = line[literal.start : literal.judged_end]
    seen = evidence(value)
    if seen is Evidence.NONE:
        is_phrase = step.is_direct and _WORDS_RANK.search(lowered, name.start, name.end)
        return is_phrase is not None and is_phrase is not False and are_secret_words(value)
    if seen is Evidence.WORD and lowered.startswith("secret", name.start):
        # A secret may be the name of one.
        return False
    if seen < needed:
        return False
    return step.is_direct or len(value) >= _MIN_INDIRECT


def _masked(line: str, rank: Rank, literal: Literal, *, is_listed: bool = False) -> Found:
    """Mask a string to its end, and the strings that are joined to it or in a list with it."""
    joint_of = _COMMA if is_listed else _SAME_LINE_JOINT
    rule = RULES[rank]
    end = close_of(line, literal)
    secrets = [Secret(rule, literal.start, end)]
    if end >= len(line):
        if literal.close in ('"""', "'''", "`", "]]"):
            return Found(
                tuple(secrets), Carry(Kind.STRING, rank, close=literal.close, lines=_MAX_BLOCK_LINES)
            )
        return Found(tuple(secrets), Carry(Kind.RUN, rank))
    at = end + len(literal.close)
    while joint := joint_of.match(line, at):
        other = literal_at(line, joint.end())
        if other is None or not _is_joined(line, other):
            break
        end = close_of(line, other)
        secrets.append(Secret(rule, other.start, end))
        at = end + len(other.close)
    is_joined = _JOINT.match(line, at) is not None
    return Found(tuple(secrets), Carry(Kind.JOINED, rank) if is_joined else None)


def _is_joined(line: str, literal: Literal) -> bool:
    value = line[literal.start : literal.judged_end]
    end = literal.judged_end + len(literal.close)
    is_key = not literal.is_open and _KEY_FOLLOWS.match(line, end) is not None
    return not is_key and evidence(value) >= Evidence.MIXED


def _continued(line: str, carry: Carry, cursor: int) -> Found:
    if not line or line.isspace():
        # A CRLF is two ends of a line here.
        return Found((), carry)
    return _CONTINUED[carry.kind](line, carry, cursor)


def _value_line(line: str, carry: Carry, cursor: int) -> Found:
    if carry.close == "," and not _LAST_OF_TUPLE.match(line):
        # The next string of a list.
        return NOTHING
    return _first_value(line, carry, len(line) - len(line.lstrip()), cursor, Evidence.LOOSE)


def _first_value(line: str, carry: Carry, at: int, cursor: int, needed: Evidence) -> Found:
    if carry.rank is Rank.TOKEN:
        needed = Evidence.MIXED
    for step in steps(line, at, len(line)):
        value = line[step.literal.start : step.literal.judged_end]
        end = step.literal.judged_end + len(step.literal.close)
        if _KEY_FOLLOWS.match(line, end):
            break
        if not step.is_direct:
            needed = Evidence.RANDOM
        if evidence(value) >= needed or (step.is_direct and _is_typed(line, step.literal, cursor)):
            found = _masked(line, carry.rank, step.literal, is_listed=carry.close == "[")
            is_listed = carry.close == "[" and _COMMA_END.match(line, found.secrets[-1].end + 1)
            return Found(found.secrets, carry) if is_listed else found
    only = _ONLY.fullmatch(line, at)
    if only and not _is_quote(line, at) and evidence(only["run"]) >= Evidence.MIXED:
        secret = Secret(RULES[carry.rank], *only.span("run"))
        return Found((secret,), Carry(Kind.RUN, carry.rank))
    return NOTHING


_LAST_OF_TUPLE = re.compile(r"""\s*[A-Za-z]{0,2}(?P<q>["'])[^"'\s]{1,400}(?P=q)\s*[)\]}]""")
_ONLY = re.compile(r"""(?P<run>[^\s"'`()<>{}\[\];,]{8,})(?:</\w+>)?[\s;,]*\\?""")


def _pair_line(line: str, carry: Carry, cursor: int) -> Found:
    key = _PAIR_LINE.match(line)
    if key:
        needed = Evidence.MIXED if key["code"] else Evidence.LOOSE
        if key["code"] and not literal_at(line, key.end()):
            return NOTHING
        return _first_value(line, carry, key.end(), cursor, needed)
    if carry.lines <= 1 or _NEW_ENTRY.match(line):
        return NOTHING
    return Found((), replace(carry, lines=carry.lines - 1))


def _block_line(line: str, carry: Carry, cursor: int) -> Found:
    stripped = line.strip()
    at = line.index(stripped)
    if at <= carry.indent or not carry.lines:
        return NOTHING
    needed = Evidence.LOOSE if carry.rank is Rank.PASSWORD else Evidence.MIXED
    again = replace(carry, lines=carry.lines - 1)
    is_run = _RUN_LINE.fullmatch(line) is not None and carry.lines < _MAX_BLOCK_LINES
    if evidence(stripped) >= needed or (is_run and len(stripped) > 30):
        return Found((Secret(RULES[carry.rank], at, at + len(stripped)),), again)
    return Found((), again)


def _string_line(line: str, carry: Carry, cursor: int) -> Found:
    end = line.find(carry.close)
    text = line if end < 0 else line[:end]
    stripped = text.strip().rstrip("\\")
    again = replace(carry, lines=carry.lines - 1) if end < 0 and carry.lines > 1 else None
    if stripped and (evidence(stripped) >= Evidence.MIXED or _is_base64(stripped)):
        at = text.index(stripped)
        return Found((Secret(RULES[carry.rank], at, at + len(stripped)),), again)
    return Found((), again)


def _is_base64(text: str) -> bool:
    return _BASE64.fullmatch(text) is not None


_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}|[A-Za-z0-9+/_-]{2,}={1,2}")


def _joined_line(line: str, carry: Carry, cursor: int) -> Found:
    joint = _NEXT_JOINT.match(line)
    literal = literal_at(line, joint.end()) if joint else None
    if literal is None or not _is_joined(line, literal):
        return NOTHING
    return _masked(line, carry.rank, literal)


def _run_line(line: str, carry: Carry, cursor: int) -> Found:
    run = _RUN_LINE.match(line)
    if run is None or (evidence(run["run"]) < Evidence.MIXED and not _is_base64(run["run"])):
        return NOTHING
    secret = Secret(RULES[carry.rank], *run.span("run"))
    return Found((secret,), carry if _ends_line(line, run.end("run")) else None)


_CONTINUED = {
    Kind.VALUE: _value_line,
    Kind.PAIR: _pair_line,
    Kind.BLOCK: _block_line,
    Kind.STRING: _string_line,
    Kind.JOINED: _joined_line,
    Kind.RUN: _run_line,
}
