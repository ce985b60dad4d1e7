"""Finds a value without quotes beside the name of a secret, as in settings and addresses."""

import re

from ds_lsp.workspace.privacy.secret_names import Rank, SecretName
from ds_lsp.workspace.privacy.secret_values import (
    MAX_JUDGED,
    Evidence,
    are_secret_words,
    judge_value,
)

_MIN_TYPED = 4
_SCHEME = re.compile(
    r"(?:bearer|basic|token|digest|api-?key|bot|ssws|geniekey|jwt|oauth|splunk|key|aws4-hmac-sha256)[\s=:]{1,4}+"
)
# A tag or an anchor of YAML, a section of XML.
_WRAPPING = re.compile(r"!!?(?:str|binary)?\s{1,4}|&[\w-]{1,40}\s{1,4}|<!\[CDATA\[|\*\*\s{1,4}")
_RUN = re.compile(r"[!#$%*+\-./0-9:=?@A-Z\\^_a-z~]{4,}")
_PARAMETER = re.compile(r"""[^\s;&"'`<>]{4,}""")
_ELEMENT = re.compile(r"[^\s<>\]]{4,}+(?=</|\]\]>|\s*\Z)")
_TAG = re.compile(r"<[^<>]{0,60}\Z")
_WHOLE = re.compile(r"\S{4,}")
# Up to the next parameter of a connection string.
_ENTRY = re.compile(r"[^\s;]{4,}+(?:;(?![\w ]{1,30}=)[^\s;]*+)*+")
# An entry of a configuration file: nothing but the name before it, nothing after the value.
_ENTRY_HEAD = re.compile(
    r"""[\s*#/;-]*+
    (?:(?:export|set|setx|env|arg|declare|local|readonly|typeset|setenv)\s++(?:-\w++\s++)*+)?
    ["'<]?[\w./:@$\ -]*+""",
    re.VERBOSE,
)
_ENTRY_END = re.compile(r"\s*(?:[#<].*|//.*|--.*|[*%]\)?.{0,20}|\\|;.*)?\Z")
_CALL = re.compile(r"""[!&*]?(?:[A-Za-z_$][\w$]*+(?:\.|::|->|\?\.)?+)++[(\[{<].*[)\]}>;,:]*\Z""")
_CALLEE = re.compile(r"[A-Za-z_$][\w.$:>?-]*[(\[{]")
_BRACKET = re.compile(r"""[(\[{]""")
_SUBSTITUTION = re.compile(r"[$`%<(\[{]|\$\{|\*[A-Za-z]+\Z|![A-Za-z]")
_DEFAULT = re.compile(r"\$\{[A-Za-z_]\w*:?[-=]\"?(?P<value>[^\s{}\"$]{5,})\"?\}")
# --db-password x, ENV DB_PASSWORD x
_OPTION = re.compile(r"(?:(?:^|\s)--?|^env |^setenv |^machine .*\s|/)[\w-]*\Z")
_MAX_NAME = 80
_QUERY = ("?", "&", ";")
LINKING_WORDS = frozenset(
    [
        "is",
        "was",
        "are",
        "to",
        "equals",
        "eq",
        "ne",
        "like",
        "ist",
        "est",
        "es",
        "é",
        "是",
        "为",
        "為",
        "は",
        "が",
    ]
)
"""Words that link a name to its value, in a sentence or a comparison."""
_PHRASE = re.compile("phrase|mnemonic|seed|recovery")


def find_plain_value(
    line: str, lowered: str, name: SecretName, link: re.Match[str], cursor: int
) -> tuple[int, int] | None:
    """Return the range of the value that follows a name and *link* without quotes; or None."""
    separator = link["sep"] or (">" if link.groupdict().get("attributes") else "")
    start = link.end()
    wrapping = _WRAPPING.match(line, start)
    if wrapping:
        start = wrapping.end()
    scheme = _SCHEME.match(lowered, start)
    if scheme:
        start = scheme.end()
    elif separator in (",", "(", "->", "<>", "!=", "!=="):
        return None
    substituted = _DEFAULT.match(line, start)
    if substituted and judge_value(substituted["value"]) >= _strict_evidence(name):
        return substituted.span("value")
    is_entry, is_variable = _is_entry(lowered, name), _is_variable(line, name, link)
    for pattern, needed in _list_forms(line, lowered, name, separator, is_entry, is_variable):
        found = pattern.match(line, start, start + MAX_JUDGED)
        if found is None:
            continue
        end = found.end()
        is_cut = end >= start + MAX_JUDGED
        is_last = pattern not in (_WHOLE, _ENTRY) or is_variable or is_cut
        if not is_last and not _ENTRY_END.match(line, end):
            continue
        value = line[start:end].rstrip(
            "" if is_variable else ",;:)]}" if separator not in LINKING_WORDS else ",;:)]}.!?"
        )
        end = start + len(value)
        if pattern is _RUN and (_BRACKET.match(line, end) or value.endswith(".")):
            continue
        if pattern is not _RUN and _is_expression(value, is_variable):
            continue
        is_being_typed = (
            is_variable and start + _MIN_TYPED <= cursor <= end and line[start].isalnum()
        )
        if is_being_typed or judge_value(value) >= needed:
            if len(value) >= MAX_JUDGED - 1:
                whole = pattern.match(line, start)
                end = whole.end() if whole else end
            return start, end
    if is_entry and _PHRASE.search(lowered, name.start, name.end):
        value = line[start : start + MAX_JUDGED].rstrip()
        if are_secret_words(value):
            return start, start + len(value)
    return None


def _strict_evidence(name: SecretName) -> Evidence:
    """Return the evidence that a value needs where anything may follow the name, as in prose."""
    return (Evidence.RANDOM, Evidence.MIXED, Evidence.MIXED)[name.rank]


def _loose_evidence(name: SecretName) -> Evidence:
    """Return the evidence that a value needs where only a value can follow the name."""
    return (Evidence.RANDOM, Evidence.MIXED, Evidence.LOOSE)[name.rank]


def _list_forms(
    line: str, lowered: str, name: SecretName, separator: str, is_entry: bool, is_variable: bool
) -> list[tuple[re.Pattern[str], Evidence]]:
    """Return the forms that a value can have at this place, each with the evidence it needs."""
    strict, loose = _strict_evidence(name), _loose_evidence(name)
    head = line[max(name.start - _MAX_NAME, 0) : name.start]
    is_within_quotes = '"' in head or "'" in head
    places: list[tuple[re.Pattern[str], Evidence]] = []
    if separator == ">":
        return (
            [(_ELEMENT, loose)]
            if _TAG.search(lowered, max(name.start - _MAX_NAME, 0), name.start)
            else []
        )
    if separator == "=" and _is_parameter(line, name):
        places.append((_PARAMETER, loose))
    if is_variable:
        places.append((_PARAMETER if is_within_quotes else _WHOLE, loose))
    elif is_entry and separator not in LINKING_WORDS and separator:
        places.append((_PARAMETER if is_within_quotes else _ENTRY, loose))
    if _OPTION.search(lowered, max(name.start - _MAX_NAME, 0), name.start):
        places.append((_RUN, loose))
    if separator in LINKING_WORDS and name.rank is Rank.PASSWORD:
        places.append((_WHOLE, strict))
    places.append((_RUN, strict))
    return places


def _is_parameter(line: str, name: SecretName) -> bool:
    """Return whether the name is a parameter of an address or a connection string."""
    head = line[max(name.start - _MAX_NAME, 0) : name.start].rstrip("_-. ")
    return head.rstrip(_NAME_CHARACTERS).endswith(_QUERY)


_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. "


def _is_variable(line: str, name: SecretName, link: re.Match[str]) -> bool:
    """Return whether the name is a variable that is assigned, as in a shell: DB_PASSWORD=x."""
    return link.group() == "=" and name.is_upper and link.start() == name.end


def _is_entry(lowered: str, name: SecretName) -> bool:
    return name.start <= _MAX_NAME and _ENTRY_HEAD.fullmatch(lowered, 0, name.start) is not None


def _is_expression(value: str, is_variable: bool) -> bool:
    if _SUBSTITUTION.match(value):
        # $2x4!d is no variable of a shell; $HOME, ${HOME}, $(pwd), %HOME% are.
        return not (
            is_variable
            and value[0] in "$%"
            and judge_value(value[1:]) >= Evidence.MIXED
            and not _BRACKET.search(value)
        )
    if not _BRACKET.search(value):
        return False
    if not is_variable and _CALLEE.match(value):
        return True
    return (_CALL.match(value) is not None and value.rstrip(";,:")[-1:] in ")]}>") or value[
        -1:
    ] in "([{"
