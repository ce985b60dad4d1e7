"""Finds the values that a line assigns to names of secrets, such as password and token."""

import re
from collections.abc import Generator, Iterator

from ds_lsp.workspace.privacy.continuations import (
    BLANK,
    MAX_BLOCK_LINES,
    NOTHING,
    RULES,
    Carry,
    Continuation,
    LineSecrets,
    continue_value,
    ends_line,
    is_being_typed,
    is_quote,
    mask_literal,
    may_span_lines,
)
from ds_lsp.workspace.privacy.formats import HAS_DIGIT
from ds_lsp.workspace.privacy.literals import ExpressionString, Literal, read_strings
from ds_lsp.workspace.privacy.masking import Secret
from ds_lsp.workspace.privacy.plain_values import find_plain_value
from ds_lsp.workspace.privacy.promising import select_promising
from ds_lsp.workspace.privacy.secret_names import Rank, SecretName, find_names
from ds_lsp.workspace.privacy.secret_values import (
    MAX_JUDGED,
    Evidence,
    are_secret_words,
    judge_value,
)

_MAX_PAIR_LINES = 3
_MIN_INDIRECT = 10
"""Minimum characters of a string that is judged although it does not directly follow the name."""
_MAX_NAMES = 40
"""Maximum names in a line up to which every name is judged; of more, the promising ones are."""
_MIN_SPACING = 24
"""Minimum characters in a line per name that is judged; a line of records has about 60."""
_NAMES_PER_SLICE = 32
"""Names that are judged between two yields to the caller; they take about a millisecond."""
_CROWDED = re.compile(r"[^\s\"'`,;<>(){}\[\]]{8,}+")
# The characters behind a name that belong to it: quotes, a subscript, brackets, earmuffs.
_CLOSE = re.compile(
    r"""(?:\](?=["']))?\\{0,3}["'`”’»」』*?!+]{0,3}(?:\s?\[[^\]\["']{0,24}\])?[)\]}]{0,3}(?:\s?\{[^{}"'=]{1,40}\}(?=\s?=))?"""
)
_TYPE = r"""(?:(?:\s{0,9}:{1,2}|\s)\s{0,9}[&'\w.<>|?*,\[\]!: ]{1,60}?(?=\s?:?=(?:[^=>]|\Z)))?"""
_LINK_PATTERN = r"""
    (?P<tags>\s?</\w{1,20}>\s{0,20}<\w{1,20}[^<>]{0,60}>\s{0,20}+)
    |TYPE\s{0,20}+
     (?P<sep>:=|=>|->|={1,3}|!==?|~=|<>|:{1,2}|\?=|\+=|\.=|\|\|=?|\?\?=?|<<<|<-|,|\(|\{(?=["'])|\|(?=\s)|[\uff1a\uff1d\ufe55]|[>](?!=)
      |(?:is|was|are|to|equals|eq|ne|like|über|ist|est|es|é|是|为|為|は|が|は、)(?=[\s"'`“‘：:「『A-Za-z0-9])[:：]?)\s{0,20}+
    |(?P<gap>\s{1,20}+(?:\.\s{1,3})?)
    |(?P<chain>(?=[?!]?\.\w|->))
    """
# <password type="string">x</password>
_ATTRIBUTES = r"""
    (?P<attributes>\s(?!\w{0,20}(?:value|content|default)=)[\w:.-]{1,30}=
        ["'][^"'<>]{0,60}["'][^<>]{0,60}(?<!/)>)
    |"""
_LINK = re.compile(_ATTRIBUTES + _LINK_PATTERN.replace("TYPE", _TYPE), re.VERBOSE)
# A name in quotes has no type.
_QUOTED_LINK = re.compile(_LINK_PATTERN.replace("TYPE", ""), re.VERBOSE)
_COMPARISONS = ("(", ",", "->")
_FIRST_ARGUMENT = re.compile(r"""[({\[]\s{0,9}:?[A-Za-z]{0,2}["'`]?[\w.-]{0,40}\Z""")
_BLOCK = re.compile(r"[ \t]*[|>][+-]?[0-9]?[+-]?[ \t]*(?:#.{0,200})?\Z")
_LINE_END = re.compile(r"[\s(\[{\\+&^]*(?:<<[-~]?['\"]?\w+['\"]?)?\Z")
_BACKSLASH = re.compile(r"\\\s{0,20}\Z")
_LIST_END = re.compile(r"\[\s{0,20}\Z")
_PAIR_END = re.compile(r"""(?:[^"'`;={}]{0,60}[{:,(>]?|[^<>]{0,80}>)\s*\Z""")
_ELEMENT_END = re.compile(r"\s*+(?:</\w{1,20}>)?[\s,;]*+\Z")
_WORDS_RANK = re.compile("phrase|mnemonic|seed|recovery|words|mot de passe|暗")


def find_assignments(
    line: str, lowered: str, carry: Carry | None, cursor: int
) -> Generator[None, None, LineSecrets]:
    """Find the values that a line assigns to names of secrets.

    *lowered* is the line in small letters, *carry* is what the line before says about this one,
    and *cursor* is an offset in the line. Yields now and then, so that the caller can give way.
    """
    secrets: list[Secret] = []
    after: Carry | None = None
    at = 0
    if carry is not None:
        found = continue_value(line, carry, cursor)
        secrets += found.secrets
        after = found.carry
        at = secrets[-1].end if secrets else 0
    names = []
    for name in find_names(line, lowered):
        names.append(name)
        if not len(names) % _NAMES_PER_SLICE:
            yield
    judged = list(range(len(names)))
    if len(names) > _MAX_NAMES:
        judged = select_promising(line, names, cursor)
        yield
    limit = max(_MAX_NAMES, len(line) // _MIN_SPACING)
    for count, index in enumerate(judged):
        if not count % _NAMES_PER_SLICE:
            yield
        name = names[index]
        if name.start < at:
            continue
        if count >= limit:
            secrets += _find_in_crowd(line, name.end)
            break
        following = _next_start(line, lowered, names, index)
        found = _find_value(line, lowered, name, following, cursor)
        if not found.secrets:
            found = LineSecrets(_find_before(line, name), found.carry)
        if found.secrets:
            secrets += found.secrets
            at = secrets[-1].end
            after = found.carry
        elif found.carry is not None:
            after = found.carry
    return LineSecrets(tuple(secrets), after) if secrets or after else NOTHING


def _next_start(line: str, lowered: str, names: list[SecretName], index: int) -> int:
    """Return the offset of the next name that can have a value of its own, else the line's end."""
    for name in names[index + 1 : index + 3]:
        # "Bearer " + x belongs to the header's name.
        if not lowered.startswith(("bearer", "basic"), name.start):
            return name.start
    return len(line)


def _find_in_crowd(line: str, start: int) -> Iterator[Secret]:
    """Judge every run that can be a value from *start* on, when there are too many names."""
    for value in _CROWDED.finditer(line, start):
        if HAS_DIGIT.search(value.group()) and judge_value(value.group()) >= Evidence.MIXED:
            yield Secret(RULES[Rank.TOKEN], *value.span())


def _find_value(line: str, lowered: str, name: SecretName, limit: int, cursor: int) -> LineSecrets:
    """Find the value of a name. It begins before *limit*, the offset of the next name.

    There are six cases, tried in this order: 1. a block of YAML, which begins on the next line;
    2. a string in the expression that follows; 3. a value without quotes; 4. the default of a
    template; 5. a value after a colon and some words; 6. a value on the next line.
    """
    close = _CLOSE.match(line, name.end)
    at = close.end() if close else name.end
    is_quoted = any(each in "\"'`”’»」』" for each in line[name.end : at])
    link = (_QUOTED_LINK if is_quoted else _LINK).match(lowered, at)
    if link is None:
        return _expect_pair(line, name, at) if _ELEMENT_END.match(line, at) else NOTHING
    separator = link["sep"] or ""
    start = link.end()
    if separator == ":" and _BLOCK.match(line, start):
        indent = len(line) - len(line.lstrip())
        return LineSecrets((), Carry(Continuation.BLOCK, name.rank, indent, lines=MAX_BLOCK_LINES))
    found = _find_in_expression(line, lowered, name, start, limit, separator, is_quoted, cursor)
    if found.secrets or found.carry:
        return found
    if not is_quote(line, start) and link["chain"] is None:
        value = find_plain_value(line, lowered, name, link, cursor)
        if value:
            secret = Secret(RULES[name.rank], *value)
            carry = Carry(Continuation.RUN, name.rank) if ends_line(line, value[1]) else None
            return LineSecrets((secret,), carry)
    other = _find_in_template(line, name, start) or _find_after_words(line, name, at)
    if other:
        return LineSecrets((other,))
    if (
        name.rank is not Rank.FAINT
        and separator not in _COMPARISONS
        and _LINE_END.match(line, start)
        and (separator or _BACKSLASH.search(line, start))
    ):
        is_list = _LIST_END.search(line, start) is not None
        return LineSecrets((), Carry(Continuation.VALUE, name.rank, close="[" if is_list else ""))
    if separator == "," and is_quoted and BLANK.match(line, start):
        return LineSecrets((), Carry(Continuation.VALUE, name.rank, close=","))
    return _expect_pair(line, name, at)


def _find_in_template(line: str, name: SecretName, start: int) -> Secret | None:
    """Judge the default of a template, as in: password: "{{ x | default('…') }}"."""
    if not line.startswith(("{{", '"{{', "'{{"), start):
        return None
    found = _DEFAULT.search(line, start, start + MAX_JUDGED)
    if found is None or judge_value(found["value"]) < _DEFAULT_NEEDS[name.rank]:
        return None
    return Secret(RULES[name.rank], *found.span("value"))


def _find_after_words(line: str, name: SecretName, at: int) -> Secret | None:
    """Judge the value after some words and a colon, as in: Password for the database: …"""
    words = _SOME_WORDS.match(line, at) if name.rank is not Rank.FAINT else None
    found = _WORDED.match(line, words.end()) if words else None
    if found is None or judge_value(found["value"]) < Evidence.MIXED:
        return None
    return Secret(RULES[name.rank], *found.span("value"))


_DEFAULT_NEEDS = (Evidence.RANDOM, Evidence.MIXED, Evidence.LOOSE)
_DEFAULT = re.compile(r"""\|\s{0,3}default\(\s{0,3}\\?["'](?P<value>[^"'\\]{5,})""")
_SOME_WORDS = re.compile(r"(?:\s[^\W\d_]{1,15}){1,4}\s?[:：]\s{1,9}")
_WORDED = re.compile(r"(?P<value>[!#$%*+\-/0-9=?@A-Z^_a-z~]{8,400})[.,;]?(?=\s|\Z)")


def _find_before(line: str, name: SecretName) -> tuple[Secret, ...]:
    """Judge the string before a name, as in: if "…" == password."""
    quote = max(line.rfind(each, max(name.start - 40, 0), name.start) for each in "\"'")
    if quote < 0 or name.rank is Rank.FAINT or not _TO_NAME.fullmatch(line, quote + 1, name.start):
        return ()
    start = line.rfind(line[quote], max(quote - MAX_JUDGED, 0), quote) + 1
    value = line[start:quote]
    # A digest of small letters and digits may be an argument that stands before a password.
    is_digest = value.isalnum() and value.lower() == value
    if not start or is_digest or judge_value(value) < Evidence.RANDOM:
        return ()
    return (Secret(RULES[name.rank], start, quote),)


_TO_NAME = re.compile(
    r"(?:\s?[=!]==?\s?|\s?,\s?|\s?->\s?|\.\w{1,20}\(|[)}\s;]{1,6}(?://|#|--)\s?(?:\w+\s)?)[\w.$]{0,20}"
)


def _expect_pair(line: str, name: SecretName, at: int) -> LineSecrets:
    """Expect the value of a pair on the next lines: name: password, then value: …"""
    if name.rank is Rank.FAINT or not _PAIR_END.match(line, at):
        return NOTHING
    return LineSecrets((), Carry(Continuation.PAIR, name.rank, lines=_MAX_PAIR_LINES))


def _find_in_expression(
    line: str,
    lowered: str,
    name: SecretName,
    start: int,
    limit: int,
    separator: str,
    is_quoted: bool,
    cursor: int,
) -> LineSecrets:
    """Judge the strings of the expression that follows a name, up to the first secret."""
    for string in read_strings(line, start, limit, in_call=is_quoted):
        literal = string.literal
        place = _required_evidence(line, name, string, separator, is_quoted)
        is_begun = (
            string.is_direct
            and name.rank is not Rank.FAINT
            and (separator != "," or is_quoted)
            and is_being_typed(line, literal, cursor)
        )
        if is_begun or _is_secret(line, lowered, name, literal, place, string):
            opened = line[start - 1 : literal.start] if string.is_direct else ""
            is_tuple = separator != "(" and "(" in opened
            return mask_literal(
                line, name.rank, literal, is_listed="[" in opened, is_tuple=is_tuple
            )
        if string.is_direct and may_span_lines(line, literal):
            # The value begins on the next line.
            carry = Carry(
                Continuation.STRING, name.rank, close=literal.close, lines=MAX_BLOCK_LINES
            )
            return LineSecrets((), carry)
    return NOTHING


def _required_evidence(
    line: str, name: SecretName, string: ExpressionString, separator: str, is_quoted: bool
) -> Evidence:
    """Return the evidence that a string at this place needs to be taken for a secret."""
    if name.rank is Rank.FAINT:
        return Evidence.RANDOM
    # There are five cases: 1. the argument after a variable with this name; 2. code in prose that
    # mentions the name; 3. another string of the expression; 4. the next string of a list; 5. the
    # string that directly follows the name.
    if separator == "," and not is_quoted:
        return Evidence.RANDOM
    if not separator and string.literal.close == "`":
        return Evidence.RANDOM
    if not string.is_direct:
        is_assigned = separator not in ("", ",", "(", ">")
        return Evidence.MIXED if is_assigned and name.rank is Rank.PASSWORD else Evidence.RANDOM
    if (
        separator == ","
        and not string.is_labeled
        and not _FIRST_ARGUMENT.search(line, max(name.start - 60, 0), name.start)
    ):
        return Evidence.RANDOM if name.rank is Rank.TOKEN else Evidence.MIXED
    if name.rank is Rank.TOKEN:
        return Evidence.MIXED
    if separator in (":=", "=", ":", "=>", "<-", "：") and not name.has_suffix:
        return Evidence.WORD
    return Evidence.LOOSE


def _is_secret(
    line: str,
    lowered: str,
    name: SecretName,
    literal: Literal,
    needed: Evidence,
    string: ExpressionString,
) -> bool:
    value = line[literal.start : literal.judged_end]
    seen = judge_value(value)
    if seen is Evidence.NONE:
        is_phrase = string.is_direct and _WORDS_RANK.search(lowered, name.start, name.end)
        return is_phrase is not None and is_phrase is not False and are_secret_words(value)
    if seen is Evidence.WORD and lowered.startswith("secret", name.start):
        # In "secret: database-login", the value is the name of a secret, not the secret.
        return False
    if seen < needed:
        return False
    return string.is_direct or len(value) >= _MIN_INDIRECT
