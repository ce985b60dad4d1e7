"""Secret strings inside text: finds them, and masks them without moving anything.

No package does this at a keystroke's price. In November 2026, on the machine of the benchmarks:
detect-secrets 1.5.0 (its last release is of May 2024) takes 100 ms and 11 MB to import, brings
requests with it, and knows none of Anthropic's, Google's or GitHub's newer keys; secretscreen 0.6.0
takes 80 ms and 5 MB and judges pairs of a name and a value, not text; redact-secret 0.1.0b15 loads
in 3 ms, and is a beta in machine code that finds 45 of the 103 secrets in our tests. So the formats
are a table of ours, ``formats.toml``, and what stands beside a word like "password" is judged here.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

FILLER = "x"
_NO_CURSOR = -1
_SHORT_LINE = 1_000
_MAX_VALUE = 2_000
"""Characters of one value that are looked at: what a line costs stays in proportion to it."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands in a text, and the name of the rule that says so."""

    rule: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A text as long as the one it was made of, line for line, and the rules that spoke."""

    text: str
    rules: tuple[str, ...] = ()


def mask(text: str, cursor: int = _NO_CURSOR) -> Masked:
    """*text* with every secret replaced by filler of the same length.

    At *cursor* somebody is typing: a string that is open there, beside a word like "password", is
    taken for a secret before it looks like one.
    """
    secrets = find_secrets(text, cursor)
    if not secrets:
        return Masked(text)
    pieces, at = [], 0
    for secret in secrets:
        pieces += [text[at : secret.start], FILLER * (secret.end - secret.start)]
        at = secret.end
    rules = dict.fromkeys(secret.rule for secret in secrets)
    return Masked("".join([*pieces, text[at:]]), tuple(rules))


def find_secrets(text: str, cursor: int = _NO_CURSOR) -> list[Secret]:
    """The secrets of a text, in order, without overlaps."""
    found = list(_private_keys(text)) if "PRIVATE KEY" in text else []
    if cursor == _NO_CURSOR:
        return _without_overlaps([*found, *_in_lines(text)])
    # What stands above and below the line that is typed in was judged a keystroke ago.
    start = max(text.rfind("\n", 0, cursor), text.rfind("\r", 0, cursor)) + 1
    ends = (text.find("\n", cursor), text.find("\r", cursor))
    end = min((each for each in ends if each >= 0), default=len(text))
    found += _in_same_lines(text[:start])
    found += _moved(_in_line(text[start:end], cursor - start), start)
    found += _moved(_in_same_lines(text[end:]), end)
    return _without_overlaps(found)


def _in_lines(text: str) -> tuple[Secret, ...]:
    found: list[Secret] = []
    start = 0
    for line in _lines(text):
        secrets = (_in_short_line if len(line) <= _SHORT_LINE else _in_long_line)(line)
        if secrets:
            found += _moved(secrets, start)
        start += len(line) + 1
    return tuple(found)


_in_same_lines = lru_cache(4)(_in_lines)


def masked_lines(text: str) -> Iterator[str]:
    """What `mask` makes of a text, a line at a time, for one who must give way between them."""
    keys = list(_private_keys(text)) if "PRIVATE KEY" in text else []
    start = 0
    for line in _lines(text):
        end = start + len(line)
        within = [each for each in keys if start <= each.start < end]
        at = start
        for each in _without_overlaps([*_moved(_in_line(line), start), *within]):
            yield text[at : each.start]
            yield FILLER * (each.end - each.start)
            at = each.end
        yield text[at : end + 1]
        start = end + 1


def cut_secret(completion: str, before: str, after: str) -> str:
    """*completion* up to the first thing in it that is a secret, or filler in place of one."""
    end = len(completion)
    filler = _FILLER.search(completion)
    # Whose own text has such a run may be offered another.
    if filler and not _FILLER.search(before) and not _FILLER.search(after):
        end = filler.start()
    head = before[max(before.rfind("\n"), before.rfind("\r")) + 1 :]
    for secret in find_secrets(head + completion[:end]):
        if secret.end > len(head):
            end = max(secret.start - len(head), 0)
            break
    return completion if end == len(completion) else completion[:end].rstrip()


_FILLER = re.compile(FILLER + "{4,}")


def _lines(text: str) -> list[str]:
    # A CRLF becomes two line ends, and no offset moves.
    return text.replace("\r", "\n").split("\n")


def _moved(secrets: Iterable[Secret], by: int) -> Iterator[Secret]:
    return (Secret(each.rule, by + each.start, by + each.end) for each in secrets)


def _without_overlaps(secrets: list[Secret]) -> list[Secret]:
    apart: list[Secret] = []
    for each in sorted(secrets, key=lambda each: (each.start, -each.end)):
        if apart and each.start < apart[-1].end:
            last = apart.pop()
            each = Secret(last.rule, last.start, max(last.end, each.end))
        apart.append(each)
    return apart


def _in_line(line: str, cursor: int = _NO_CURSOR) -> tuple[Secret, ...]:
    if len(line) < _MIN_LINE:
        return ()
    found = [*_formats(line), *_pairs(line), *_assignments(line, cursor)]
    return tuple(_without_overlaps(found)) if found else ()


# Typing changes one line; the others were judged a keystroke ago. Two caches, so that the lines of
# a minified file cannot make megabytes of it.
_in_short_line = lru_cache(4096)(_in_line)
_in_long_line = lru_cache(64)(_in_line)
_MIN_LINE = 9


# Formats


@dataclass(frozen=True, slots=True)
class _Format:
    name: str
    rest: re.Pattern[str]
    lead: re.Pattern[str] | None


@cache
def _table() -> tuple[re.Pattern[str], dict[str, _Format]]:
    """What every format begins with, as one pattern, and the formats by what they begin with."""
    table = tomllib.loads(files(__package__).joinpath("formats.toml").read_text("utf-8"))
    by_start = {}
    for entry in table["format"]:
        lead = entry.get("lead")
        each = _Format(
            entry["name"],
            re.compile(entry["rest"], re.ASCII),
            re.compile(rf"{lead}\Z", re.ASCII) if lead else None,
        )
        by_start.update(dict.fromkeys(entry["starts"], each))
    return re.compile(_any_of(by_start)), by_start


def _any_of(words: Iterable[str]) -> str:
    """A pattern for any of *words*, the longest that fits; each letter is looked at once."""
    tails: dict[str, list[str]] = {}
    for word in words:
        tails.setdefault(word[:1], []).append(word[1:])
    may_end = tails.pop("", None) is not None
    branches = [re.escape(first) + _any_of(rest) for first, rest in tails.items()]
    return f"(?:{'|'.join(branches)}){'?' if may_end else ''}" if branches else ""


def _formats(line: str) -> Iterator[Secret]:
    if not _MAYBE_FORMAT.search(line):
        return
    starts, by_start = _table()
    for begin in starts.finditer(line):
        form = by_start[begin.group()]
        start = begin.start()
        if form.lead:
            lead = form.lead.search(line, max(start - _MAX_LEAD, 0), start)
            if not lead:
                continue
            start = lead.start()
        elif start and (line[start - 1].isalnum() or line[start - 1] == "_"):
            continue
        rest = form.rest.match(line, begin.end())
        if rest:
            value = line[start : rest.end()]
            if _MAYBE_FORMAT.search(value):
                yield Secret(form.name, start, rest.end())


_MAX_LEAD = 40
# Without any digit it is a name; but one of 30 keys of AWS has none.
_MAYBE_FORMAT = re.compile("[0-9]|A[KS]IA")
_DIGIT = re.compile("[0-9]")


# A name and a password, side by side


_ADDRESS = re.compile(r"""://[^\s/:@"'`<>]{0,100}:(?P<value>[^\s/@"'`<>]{3,200})@""")
_USER = re.compile(r"""\s(?:-u|--user)[\s=]{1,3}["']?[\w.@-]{1,60}:(?P<value>[^\s"':]{3,200})""")
_PAIR = re.compile(
    r"""[Aa]uth\s{0,3}=?\s{0,3}\(\s{0,3}["'][^"']{0,60}["']\s{0,3},\s{0,3}["'](?P<value>[^"']{3,200})["']"""
)


def _pairs(line: str) -> Iterator[Secret]:
    for name, pattern, needle in (
        ("password-in-address", _ADDRESS, "://"),
        ("password-in-command", _USER, "-u"),
        ("password-in-pair", _PAIR, "uth"),
    ):
        if needle in line:
            for found in pattern.finditer(line):
                rest = _INTERPOLATION.sub("", found["value"])
                if len(rest) >= 3 and not _PLACEHOLDER.fullmatch(rest.lower()):
                    yield Secret(name, *found.span("value"))


# Values beside a word that says what they are


_STRONG = (
    "password", "passwd", "passphrase", "passwort", "passcode", "pwd", "pass", "secret",
    "identified by",
)  # fmt: skip
_WORD = re.compile(
    # The longer ones first: a secret key is more than a secret.
    r"(?:api|access|secret|private|encryption|signing|account|auth|master|license|app|service"
    r"|session|shared|storage|subscription|deploy|consumer|client|webhook|hmac|token)[-_. ]?key"
    r"|pass(?:word|wd|phrase|wort|code)?|pwd|secret|token|identified by"
    r"|credential|creds?|auth(?:orization)?|bearer|密码|密碼|口令|密钥|密鑰|令牌"
)
# In the middle of a word these are something else: compass, author, sacred.
_WHOLE = ("pass", "pwd", "auth", "authorization", "cred", "creds", "bearer")
_TAIL = re.compile(
    r"(?:s|[-_]?(?:[0-9]{1,3}|prod|production|dev|test|staging|base|default|value|b64|base64))?"
    r"(?![\w])"
)
_SCHEME = re.compile(r"(?:bearer|basic|token|digest|apikey)\s{1,4}")
_OPEN = re.compile(
    r"""
    (?P<close>\\?["'`\]]{0,3}+)                     # the name may be quoted, or a subscript
    (?:\[[0-9]{0,4}\])?                             # char password[] =
    (?:(?:\s{0,9}:|\s)\s{0,9}[&\w.<>|?\[\] ]{1,40}?(?=\s?=[^=]))?   # a type
    (?:
        \s{0,20}+(?P<sep>:=|=>|={1,3}|!==?|:{1,2}|\?=|\+=|\|\||\?\?|<-|,|\()\s{0,20}+
        | \s{1,20}+
    )
    (?:["']?(?:value|content|default)["']?\s{0,9}[=:]\s{0,9})?   # <add key= value=>
    (?:[a-z@$]{0,2}?)(?P<escape>\\?)(?P<quote>\"{3}|'{3}|["'`])
    """,
    re.VERBOSE,
)
_VALUE = {
    '"': re.compile(r'[^"\\]*(?:\\.[^"\\]*)*'),
    "'": re.compile(r"[^'\\]*(?:\\.[^'\\]*)*"),
    "`": re.compile(r"[^`\\]*(?:\\.[^`\\]*)*"),
}
_QUOTE, _MAX_BETWEEN = re.compile("[\"'`]"), 120
_QUOTES = ("\\", *_VALUE)
_ESCAPED_VALUE = re.compile(r"[^\\\"'`]*")
_PLAIN = re.compile(
    r"""
    \\?["'`\]]{0,3}+
    (?:\s{0,20}+(?P<sep>:=|=>|={1,2}|:|\?=|\+=|<-|>)\s{0,20}+|(?P<gap>\s{1,4}+))
    (?:(?:bearer|basic|token|digest|apikey)\s{1,4}+)?
    (?P<value>[!#$%*+\-./0-9:=?@A-Z\\^_a-z~]{4,300})
    """,
    re.VERBOSE,
)
# An entry of a configuration file: nothing but the name before it, nothing after the value.
_ENTRY_HEAD = re.compile(
    r"""[\s*-]*(?:(?:export|set|setx|env|arg|declare)\s+(?:-\w+\s+)*)?["'<]?[\w./:@-]*"""
)
_ENTRY_END = re.compile(r"\s*(?:[#<].*|//.*)?$")
_EXPRESSION = ("(", "[", "{")


def _assignments(line: str, cursor: int) -> Iterator[Secret]:
    lowered = line.lower()
    if len(lowered) != len(line):
        # A few letters of Turkish and the like grow; the words here are not among them.
        lowered = "".join(each.lower() if each.isascii() else each for each in line)
    at = 0
    while word := _WORD.search(lowered, at):
        at = word.end()
        tail = _TAIL.match(lowered, at)
        if not tail or not _begins_here(line, word):
            continue
        strong = word.group() in _STRONG or not word.group().isascii()
        secret = _quoted(line, lowered, tail.end(), strong, cursor) or _plain(
            line, lowered, word.start(), tail.end(), strong, cursor
        )
        if secret:
            yield secret
            at = secret.end


def _begins_here(line: str, word: re.Match[str]) -> bool:
    start = word.start()
    if start == 0 or not (word.group() in _WHOLE or word.group().endswith("key")):
        return True
    return not line[start - 1].isalpha() or (line[start].isupper() and line[start - 1].islower())


def _quoted(line: str, lowered: str, at: int, strong: bool, cursor: int) -> Secret | None:
    opened = _QUOTE.search(lowered, at, at + _MAX_BETWEEN) and _OPEN.match(lowered, at)
    if not opened:
        return None
    start, quote, is_name_quoted = opened.end(), opened["quote"], opened["close"][:1] in _QUOTES
    if (opened["sep"] == "," and not is_name_quoted) or (not opened["sep"] and quote == "`"):
        # The next argument, or prose with a name in it.
        return None
    scheme = _SCHEME.match(lowered, start)
    if scheme:
        start = scheme.end()
    pattern = _ESCAPED_VALUE if opened["escape"] else _VALUE[quote[0]]
    found = pattern.match(line, start, start + _MAX_VALUE)
    end = found.end() if found else start
    if start + _MIN_TYPED <= cursor <= end or _is_secret(line[start:end], strong, is_loose=strong):
        return Secret("password" if strong else "token", start, end)
    return None


def _plain(line: str, lowered: str, word: int, at: int, strong: bool, cursor: int) -> Secret | None:
    found = _PLAIN.match(lowered, at)
    if not found:
        return None
    start, end = found.span("value")
    value = line[start:end]
    if line.startswith(_EXPRESSION, end) or value.endswith("."):
        return None
    # DB_PASSWORD=x, as in a shell.
    is_variable = found[0] == "=" + value.lower() and line[word:at].isupper()
    is_typed = is_variable and start + _MIN_TYPED <= cursor <= end and line[start].isalnum()
    if is_typed or _is_secret(value, strong, is_loose=False):
        return Secret("password" if strong else "token", start, end)
    is_alone = strong and _stands_alone(lowered, word, found, is_variable=is_variable)
    if is_alone and _is_secret(value, strong, is_loose=True):
        return Secret("password", start, end)
    return None


def _stands_alone(lowered: str, word: int, found: re.Match[str], *, is_variable: bool) -> bool:
    """Whether the place of a plain value admits no expression: an entry, an option, an element."""
    if _OPTION.search(lowered, max(word - _MAX_NAME, 0), word):
        return True
    if not found["sep"] or not (is_variable or _ENTRY_END.match(lowered, found.end("value"))):
        return False
    is_entry = word <= _MAX_NAME and _ENTRY_HEAD.fullmatch(lowered, 0, word)
    return found["sep"] == ">" or bool(is_entry)


_MAX_NAME = 80
# --db-password x, ENV DB_PASSWORD x
_OPTION = re.compile(r"(?:(?:^|\s)--?|^env )[\w-]*\Z")
_MIN_TYPED = 4
"""So much of a string that is being typed is needed to tell it from one that was just opened."""
_MIN_LOOSE, _MIN_STRICT, _LONG_WORD = 6, 8, 16
_INTERPOLATION = re.compile(
    r"\$\{[^{}]*\}|\{\{[^{}]*\}\}|[#\\]?\{[^{}]*\}|[$\\]\([^()]*\)|%\([^()]*\)[sd]|<[^<>]*>|%[sd@]"
)
_PLACEHOLDER = re.compile(r"pass(?:word|wd)?|pwd|secret|token|[x*.]+|\$\w+")
# Words with at most a number behind each: what names, paths and versions are made of.
_WORDS = re.compile(r"[A-Za-z]+[0-9]{0,3}|[0-9]{1,4}|")
_APART = re.compile(r"[^A-Za-z0-9]+")
_ALGORITHM = re.compile(r"(?:sha|md|aes|rsa|utf|base|oauth|hs|es|rs)[-_]?[0-9]", re.IGNORECASE)
_NO_VALUE = re.compile(r"[a-z]://|\\[dwsbDWSB.]|\[\^|\(\?|\A[!*&$%@][A-Za-z_]+\Z")


def _is_secret(value: str, strong: bool, *, is_loose: bool) -> bool:
    """Whether the value of something called a password or a token can be one.

    *is_loose*: the place admits nothing else, so that a word with a number is enough.
    """
    if not is_loose and not _DIGIT.search(value):
        return False
    rest = _INTERPOLATION.sub("", value)
    if len(rest) < (_MIN_LOOSE if is_loose else _MIN_STRICT) or _NO_VALUE.search(rest):
        return False
    if not rest.isascii() or any(map(str.isspace, rest)) or _ALGORITHM.match(rest):
        return False
    chunks = _APART.split(rest)
    is_words = all(map(_WORDS.fullmatch, chunks))
    has_digit = _DIGIT.search(rest) is not None
    if not is_words:
        return has_digit and len(set(rest)) > 4 and (strong or not rest.isdigit())
    if not is_loose or _WORD.search(rest.lower()):
        return False
    if len(chunks) == 1:
        return has_digit or (len(rest) >= _LONG_WORD and rest.islower())
    return _SYMBOL.search(rest) is not None


_SYMBOL = re.compile(r"[^A-Za-z0-9_.:/\\-]")


# Private keys


_KEY_BEGIN = re.compile(r"-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_RUN = re.compile(r"\\[nrt]|(?P<run>[A-Za-z0-9+/=]{4,})")
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=]{16}")
# A line of base64, perhaps as a string, with what a language puts around one.
_KEY_LINE = re.compile(
    r"""[\s"'`#*>|+,;.()\\&/-]{0,40}+(?:[A-Za-z0-9+/=]{1,100})(?:\\[nr])*[\s"'`+,;.()\\&]*"""
)
_KEY_HEADER = re.compile(r"""[\s"'`#*>|+,;.()\\&/-]{0,40}+(?:[A-Z][A-Za-z-]{2,30}: .*)?""")


def _private_keys(text: str) -> Iterator[Secret]:
    """The base64 of private keys, also of one whose begin or end lies outside of the text."""
    plain = text.replace("\r", "\n")
    for begin in _KEY_BEGIN.finditer(plain):
        yield from _runs(plain, begin.end(), _key_end(plain, begin.end()))
    for end in _KEY_END.finditer(plain):
        yield from _runs(plain, _key_start(plain, end.start()), end.start())


def _key_end(text: str, start: int) -> int:
    """Where a key that begins at *start* stops looking like one."""
    line_end = _line_end(text, start)
    marker = text.find("-----", start, line_end)
    if marker >= 0:
        return marker
    at, is_short = line_end, False
    while at < len(text):
        end = _line_end(text, at + 1)
        line = text[at + 1 : end]
        if _KEY_LINE.fullmatch(line):
            if is_short:
                break
            is_short = _LONG_RUN.search(line) is None
        elif not _KEY_HEADER.fullmatch(line):
            break
        at = end
    return at


def _key_start(text: str, end: int) -> int:
    """Where a key that ends at *end* begins to look like one."""
    at = text.rfind("\n", 0, end) + 1
    marker = text.rfind("-----", at, end)
    if marker >= 0:
        return marker
    is_last = True
    while at > 0:
        start = text.rfind("\n", 0, at - 1) + 1
        line = text[start : at - 1]
        is_line = _KEY_LINE.fullmatch(line) is not None
        if not (is_line and (is_last or _LONG_RUN.search(line))) and line.strip():
            break
        is_last = is_last and not line.strip()
        at = start
    return at


def _runs(text: str, start: int, end: int) -> Iterator[Secret]:
    if _LONG_RUN.search(text, start, end):
        for found in _KEY_RUN.finditer(text, start, end):
            if found["run"]:
                yield Secret("private-key", *found.span("run"))


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
