"""Judges a value beside the name of a secret, by the value's characters alone."""

import re
from enum import IntEnum
from functools import lru_cache

from ds_lsp.workspace.privacy.masking import FILLER
from ds_lsp.workspace.privacy.secret_names import NO_PASSWORDS, SENTENCE_WORDS, mentions_secret

MAX_JUDGED = 300
"""Maximum characters of a value that are judged; a longer value is as secret as its beginning."""
MIN_LOOSE = 5
MIN_STRICT = 8
_MIN_RANDOM = 16
_LONG_WORD = 16


class Evidence(IntEnum):
    """The degrees of likeness of a value to a secret."""

    NONE = 0
    WORD = 1
    """A single word in small letters: a password, or a word that says that there is none."""
    LOOSE = 2
    """A word with a number or a sign: a weak password, or an ordinary string."""
    MIXED = 3
    """Letters and digits mixed as in no name, path or version."""
    RANDOM = 4
    """Long and mixed, as no text for people is."""


_FILLERS = re.compile(FILLER + "{4,}")
_INTERPOLATION = re.compile(
    r"""\$\{[^{}]*\}|\{\{[^{}]*\}\}|\#\{[^{}]*\}|[$\\]\([^()]*\)|%\([^()]*\)[sd]|%[sd@](?![A-Za-z0-9])
    |[$]?\\?\{[A-Za-z_][A-Za-z_.]*[0-9]{0,2}(?:\([^(){}]*\)|\[[^\[\]{}]*\])?(?:[:!][^{}]*)?\}|\{[0-9]?\}
    |<[A-Za-z_/?][A-Za-z_ .:-]*[0-9]?>""",
    re.VERBOSE,
)
# The parts of a name, path or version: words, each with at most a number behind it.
_WORDS = re.compile(r"[A-Za-z]+[0-9]{0,3}|[0-9]{1,4}|")
_APART = re.compile(r"[^A-Za-z0-9]+")
_SYMBOL = re.compile(r"[^A-Za-z0-9_.:/\\-]")
_DIGIT = re.compile("[0-9]")
_ALGORITHM = re.compile(
    r"""(?:(?:s?sha|md|aes|des|rsa|dsa|ecdsa|ed|ec|utf|ucs|base|oauth|hs|es|rs|ps|ssl|tls|hmac|pbkdf|argon|blake2?[bs]?
    |ripemd|pkcs|x|cp|iso|latin|ascii|ansi|curve|chacha|poly|with|and|encryption|secp|crc|mac|cbc|gcm|ctr|ecb|cfb
    |ofb|ccm|le|be|mb|http|ipv?|v|r|k|id|bcrypt|scrypt|salted|padding|triple|url|hex|bit|bits|kw|wrap)[0-9]{0,5}){1,5}""",
    re.VERBOSE | re.IGNORECASE,
)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://")
# The name of a place rather than a secret: a file, a secret in a cloud, a signature's scope.
_PLACE = re.compile(
    r"[\w./@-]{0,200}/[\w.-]{1,80}\.[a-z][a-z0-9]{1,4}|arn:aws[\w-]{0,10}:.*|projects/[\w-]{1,60}/.*|/.*/aws4_request"
)
_REGEX = re.compile(
    r"""\\[dwsbDWSB](?:[+*?{\])|$]|\Z)|\[\^|\(\?[:=!<P]|[A-Z0-9]-[A-Z0-9]\]|[a-z]-[a-z]\]|\[[a-zA-Z]-[a-zA-Z]"""
)
_REFERENCE = re.compile(r"[!*&$%@][A-Za-z_][A-Za-z_.]*")
_PLACEHOLDER = re.compile(
    r"(?:^|[^a-z])(?:your|my|the|an?|some|example|sample|dummy|fake|mock|placeholder|change|changeme"
    r"|replace|todo|redacted|insert|enter|foo|bar|default|none|null|undefined|here)(?:[^a-z]|$)"
)
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[0-7]{3}|[nrt0\\])")
_MIN_ESCAPES = 12
"""Minimum bytes written as escape sequences that are taken for a key."""
_DOTTED = re.compile(r"[0-9]+(?:[.:/_-][0-9]+){2,}")
_READABLE = re.compile("[A-Z][a-z]{2,}|[a-z]{3,}|[A-Z]{4,8}")
_TITLE = re.compile("[A-Z][a-z]{3}")
_CODE = re.compile(r"[(){}\[\];,<>|\\'`\"]")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_CLASSES = re.compile("[a-z]+|[A-Z]+|[0-9]+")
_CAMEL = re.compile("[A-Z]?[a-z]+|[A-Z]+")
_VOWEL = re.compile("[aeiouyAEIOUY]")
_RARE = re.compile(
    "[bcdfghjklmnpqrstvwxz]{5}|q[^u]|[jvwzx][bcdfghjkmpqtvwxz]|[bcdfgkmpqtvwz]x|[bcdfghjklmpqtvwxz]j"
)


def judge_value(value: str) -> Evidence:
    """Judge a value by at most its first `MAX_JUDGED` characters."""
    return _judge_beginning(value[:MAX_JUDGED])


@lru_cache(1024)
def _judge_beginning(value: str) -> Evidence:
    rest = _FILLERS.sub("", _INTERPOLATION.sub("", value)) if len(value) >= MIN_LOOSE else ""
    # The value may be a string within a string.
    rest = rest.strip("\\\"'")
    if "\\" in rest:
        plain = _ESCAPE.sub("", rest)
        if (len(rest) - len(plain)) / 4 >= _MIN_ESCAPES:
            return Evidence.MIXED
        rest = plain
    if len(rest) < MIN_LOOSE or not rest.isascii() or any(map(str.isspace, rest)):
        return Evidence.NONE
    if (
        _ADDRESS.match(rest)
        or _REGEX.search(rest)
        or _REFERENCE.fullmatch(rest)
        or _PLACE.fullmatch(rest)
    ):
        return Evidence.NONE
    chunks = [each for each in _APART.split(rest) if each]
    if all(map(_WORDS.fullmatch, chunks)):
        return _judge_words(rest, chunks)
    if len(set(rest)) <= 4 or all(_ALGORITHM.fullmatch(each) for each in chunks):
        return Evidence.NONE
    if _DOTTED.fullmatch(rest):
        return Evidence.NONE
    if len(rest) < MIN_STRICT or rest.isdigit() or (_TITLE.search(rest) and is_readable(rest)):
        return Evidence.LOOSE
    return Evidence.RANDOM if is_random(rest) else Evidence.MIXED


def _judge_words(rest: str, chunks: list[str]) -> Evidence:
    longest = max(chunks, key=len, default="")
    if are_random_letters(longest.rstrip("0123456789")):
        return Evidence.RANDOM if len(longest) >= _MIN_RANDOM else Evidence.MIXED
    lowered = rest.lower()
    if lowered in NO_PASSWORDS or mentions_secret(lowered) or _PLACEHOLDER.search(lowered):
        return Evidence.NONE
    if all(_ALGORITHM.fullmatch(each) for each in chunks):
        return Evidence.NONE
    if len(chunks) == 1 and longest == rest:
        if _DIGIT.search(rest) or (len(rest) >= _LONG_WORD and rest.islower()):
            return Evidence.LOOSE
        return Evidence.WORD if rest.islower() and len(rest) >= MIN_STRICT else Evidence.NONE
    # "string?" is a type.
    has_sign = _SYMBOL.search(rest.strip("?()")) and (_DIGIT.search(rest) or len(rest) > MIN_LOOSE)
    return Evidence.LOOSE if has_sign else Evidence.NONE


def is_random(value: str) -> bool:
    """Return whether a machine rather than a person chose these characters."""
    longest = max(_APART.split(value), key=len)
    if _HEX.fullmatch(longest):
        return True
    if len(longest) < _MIN_RANDOM and len(value) < 20:
        return False
    if _CODE.search(value) or is_readable(value):
        return False
    classes = _CLASSES.findall(value)
    changes = len(classes) - sum(1 for each in _APART.split(value) if each)
    letters = sum(map(len, classes))
    return changes >= 4 and letters / len(classes) < 3.4 and _HEX_OF_UUID.search(value) is None


def is_readable(value: str) -> bool:
    """Return whether most of a value's letters and digits form words, as in HTTP2ServerName."""
    words = sum(len(each) for each in _READABLE.findall(value) if _VOWEL.search(each))
    return words >= 0.6 * sum(map(len, _CLASSES.findall(value)))


_HEX_OF_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-")


def are_random_letters(word: str) -> bool:
    """Return whether a run of letters is neither a word nor a camelCase of words."""
    if len(word) < MIN_STRICT or not word.isalpha():
        return False
    if word.islower() or word.isupper():
        rare = len(_RARE.findall(word.lower()))
        return rare >= 2 and rare * 8 >= len(word) and len(_VOWEL.findall(word)) * 3 <= len(word)
    parts = _CAMEL.findall(word)
    if len(parts) < 3 or len(word) / len(parts) >= 3.4:
        return False
    return sum(not _VOWEL.search(each) or len(each) == 1 for each in parts) >= 2


def are_secret_words(value: str) -> bool:
    """Return whether a value can be a passphrase or mnemonic: small words that are no sentence."""
    words = value.split()
    return (
        3 < len(words) <= 25
        and all(
            each.isascii() and each.isalpha() and each.islower() and len(each) > 2 for each in words
        )
        and not any(each in SENTENCE_WORDS for each in words)
        and not mentions_secret(value)
    )
