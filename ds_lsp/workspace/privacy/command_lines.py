"""Finds passwords that no name announces: in addresses, command lines, headers and pairs."""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files

from ds_lsp.workspace.privacy.formats import any_of
from ds_lsp.workspace.privacy.masking import Secret
from ds_lsp.workspace.privacy.secret_values import Evidence, judge_value

_PLACEHOLDER = re.compile(
    r"""(?:your|my|the|db|user)?[-_]?(?:pass(?:word|wd|wort)?|pwd|pw|secret|token|key)s?[0-9]?|[x*.]+|[$%&]\w.*|[$%{<(\[].*
    |changeme|user(?:name)?|admin|root|example|placeholder|redacted|hidden|null|none|true|false|[0-9]{1,5}|\.\.\.""",
    re.VERBOSE,
)
_INTERPOLATION = re.compile(
    r"\$\{[^{}]*\}|\{\{[^{}]*\}\}|[#\\]?\{[^{}]*\}|[$\\]\([^()]*\)|%\([^()]*\)[sd]|<[^<>]*>|%[sd@](?![0-9A-Za-z])"
)
_ADDRESS = re.compile(
    r"""://(?P<user>[^\s/:@"'`<>]{0,100}):(?P<value>[^\s/@"'`<>]{3,400})@(?=[\w\[{$%<*])"""
)
_ADDRESS_SIGNED = re.compile(
    r"""://(?P<user>[^\s/:@"'`<>]{0,100}):(?![0-9]{1,5}/)(?P<value>[^\s@"'`<>]{3,400})@[\w.-]{1,200}(?::[0-9]{1,5})?/"""
)
_ADDRESS_TOKEN = re.compile(r"""https?://(?P<value>[A-Za-z0-9_-]{16,255})@[\w.-]{3,200}""")
_USER = re.compile(
    r"""(?:\s|["'])(?:-u|-U|-a|--auth|--user|--proxy-user|-usr)["']?[\s=,]{0,3}["']?(?P<user>[\w.@+%\\-]{1,60}):(?P<value>[^\s"':]{3,400})"""
)
_CURL = re.compile(
    r"""USERPWD\s{0,3},\s{0,3}["'](?P<user>[^"':]{1,60}):(?P<value>[^"'\s]{3,400})["']"""
)
_SMB = re.compile(r"""\s(?:-U|--user)[\s=]{0,3}["']?[\w.\\@-]{1,60}%(?P<value>[^\s"']{3,400})""")
_PAIR = re.compile(
    r"""[Aa]uth\s{0,3}=?\s{0,3}\(\s{0,3}["'][^"']{0,60}["']\s{0,3},\s{0,3}["'](?P<value>[^"']{3,400})["']"""
)
_LOGIN = re.compile(
    r"""(?:[Ll]og_?(?:[Ii]n|[Oo]n)|[Ss]ign_?[Ii]n|[Aa]uthenticate|UsernamePassword\w{0,20}|(?<!get_)[Cc]redentials?)
    \s{0,3}=?\s{0,3}\(\s{0,3}["'][^"']{0,60}["']\s{0,3},\s{0,3}["'](?P<value>[^"']{5,400})["']""",
    re.VERBOSE,
)
_KEYED_CALL = re.compile(
    r"""(?:[Hh]mac|HMAC)[\w.:]{0,24}\(\s{0,3}(?:[\w.]{1,20},\s{0,3})?(?:b|new\s)?["'](?P<value>[^"']{8,400})["']
    |[Cc]reateHmac\(\s{0,3}["'][\w-]{1,12}["']\s{0,3},\s{0,3}["'](?P<value2>[^"']{8,400})["']
    |(?:jwt|JWT|jsonwebtoken|[Tt]oken)\w{0,12}\.(?:encode|decode|sign|verify)\([\w.(){}\[\]:,\s]{1,80}?,\s{0,3}b?["'](?P<value3>[^"']{8,400})["']
    |(?:Fernet|AESGCM|ChaCha20Poly1305|SecretKeySpec|createCipheriv|AES\.new)\([\w.\s,'"-]{0,24}?b?["'](?P<value4>[^"']{8,400})["']""",
    re.VERBOSE,
)
_SCHEMES = ("Basic", "Bearer", "Digest", "Negotiate", "Bot", "SSWS", "GenieKey")
_HEADER = re.compile(rf"""["'\s](?:{"|".join(_SCHEMES)})\s(?P<value>[A-Za-z0-9+/=_.~-]{{12,}})""")
_TWILIO = re.compile(r"""AC[0-9a-f]{32}["']\s{0,3},\s{0,3}["'](?P<value>[0-9a-f]{32})["']""")
_JWK = re.compile(r"""["'](?:d|dp|dq|qi|k)["']\s{0,3}:\s{0,3}["'](?P<value>[\w-]{40,})["']""")
_OTP = re.compile(
    r"""(?:pyotp|TOTP|HOTP|totp)[\w.]{0,12}\(\s{0,3}["'](?P<value>[A-Z2-7]{16,})["']"""
)

_PATTERNS = (
    ("password-in-address", "://", _ADDRESS),
    ("password-in-address", "://", _ADDRESS_SIGNED),
    ("password-in-command", "-u", _USER),
    ("password-in-command", "-U", _USER),
    ("password-in-command", "-a", _USER),
    ("password-in-command", "-U", _SMB),
    ("password-in-pair", "uth", _PAIR),
    ("password-in-pair", "USERPWD", _CURL),
)
# Machines make these values, so more evidence is required of them.
_LOGINS = ("og", "ign", "uthenticate", "UsernamePassword", "redential")
_KEYED = (
    *("hmac", "Hmac", "HMAC", "jwt", "JWT", "jsonwebtoken", "oken", "Fernet", "AESGCM"),
    *("ChaCha20", "SecretKeySpec", "createCipheriv", "AES.new"),
)
_JWK_ENDS = tuple(end + quote for end in "dpqik" for quote in "\"'")
_STRICT_PATTERNS = (
    ("password-in-pair", _LOGINS, _LOGIN),
    ("token-in-address", ("://",), _ADDRESS_TOKEN),
    ("key-in-call", _KEYED, _KEYED_CALL),
    ("token-in-header", _SCHEMES, _HEADER),
    ("key-in-call", ("AC",), _TWILIO),
    ("key-in-call", _JWK_ENDS, _JWK),
    ("key-in-call", ("otp", "OTP"), _OTP),
)
_VALUE = (
    r"""(?:"(?P<value>[^"\s]{3,})"|'(?P<value2>[^'\s]{3,})'"""
    r"""|(?P<value3>[^\s"'|&;<>()-][^\s"'|&;<>()]{2,}))"""
)
_TABLE = tomllib.loads(files(__package__).joinpath("commands.toml").read_text("utf-8"))
_PROGRAMS = tuple(
    (
        re.compile(
            rf"(?:^|[\s/;&|(`\"'$])(?:{'|'.join(each['programs'])})(?:\.exe)?(?:[\s\"']|\Z)"
        ),
        re.compile(each["option"].replace("VALUE", _VALUE)),
    )
    for each in _TABLE["command"]
)
_LITERAL = re.compile(r"[\w -]+")
_PROGRAM_WORDS = [
    word.group()
    for each in _TABLE["command"]
    for program in each["programs"]
    if (word := _LITERAL.match(program))
]
_ANY_PROGRAM = re.compile(any_of(_PROGRAM_WORDS))
_ANY_SIGN = re.compile(
    any_of(
        [
            *_PROGRAM_WORDS,
            *(needle for _, needle, _ in _PATTERNS),
            *(needle for _, needles, _ in _STRICT_PATTERNS for needle in needles),
        ]
    )
)
WORDS = (
    "userpwd",
    "snmp-server",
    "net use",
    "fernet",
    "aesgcm",
    "chacha20",
    "createcipher",
    "aes.new",
    "pyotp",
    "ssws ",
    "geniekey ",
)
SIGNS = ("://", " -", '"-', "'-", '"AC', "'AC", '"d"', "'d'")
"""Parts of a line that may announce a password where no name of a secret does."""


def find_in_commands(line: str) -> Iterator[Secret]:
    """Find the passwords in a line that no name announces."""
    if not _ANY_SIGN.search(line):
        return
    for rule, needle, pattern in _PATTERNS:
        if needle in line:
            for found in pattern.finditer(line):
                value = found["value"]
                user = found.groupdict().get("user")
                if not _is_placeholder(value) and value != user:
                    yield Secret(rule, *found.span("value"))
    for rule, needles, pattern in _STRICT_PATTERNS:
        if any(needle in line for needle in needles):
            for found in pattern.finditer(line):
                needed = Evidence.LOOSE if pattern is _LOGIN else Evidence.MIXED
                yield from _judge(rule, found, needed)
    if _ANY_PROGRAM.search(line):
        for program, option in _PROGRAMS:
            if program.search(line):
                for found in option.finditer(line):
                    yield from _judge("password-in-command", found, Evidence.LOOSE)


def _judge(rule: str, found: re.Match[str], needed: Evidence) -> Iterator[Secret]:
    group = found.lastgroup
    if (
        group is not None
        and not _is_placeholder(found[group])
        and judge_value(found[group]) >= needed
    ):
        yield Secret(rule, *found.span(group))


def _is_placeholder(value: str) -> bool:
    rest = _INTERPOLATION.sub("", value)
    return len(rest) < 3 or _PLACEHOLDER.fullmatch(rest.lower()) is not None
