"""Finds names of secrets in a line: password, api_key, 密码 and others, from `names.toml`."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from functools import cached_property
from importlib.resources import files
from typing import NamedTuple

from ds_lsp.workspace.privacy.formats import any_of


class Rank(IntEnum):
    """The certainty that a name stands for a secret."""

    FAINT = 0
    """Key, salt, session: names that many other things have as well."""
    TOKEN = 1
    """A secret that a machine makes, so that words cannot be its value."""
    PASSWORD = 2
    """A secret that a person makes, so that nearly anything can be its value."""


class SecretName(NamedTuple):
    """A name of a secret in a line: the start of the word for it, and the end of the name."""

    start: int
    end: int
    rank: Rank
    has_suffix: bool
    is_upper: bool


_TABLE = tomllib.loads(files(__package__).joinpath("names.toml").read_text("utf-8"))
_RANKS = {"password": Rank.PASSWORD, "token": Rank.TOKEN, "faint": Rank.FAINT}
_RANK_OF = {
    word.replace(" ", ""): rank
    for name, rank in _RANKS.items()
    for word in (*_TABLE[name]["words"], *_TABLE[name]["whole"])
}
_WHOLE = frozenset(word for name in _RANKS for word in _TABLE[name]["whole"])
_HARMLESS_SUFFIX = frozenset(_TABLE["suffix"]["harmless"])
_HARMLESS_PREFIX = frozenset(_TABLE["prefix"]["harmless"])
NO_PASSWORDS = frozenset(_TABLE["values"]["none"])
SENTENCE_WORDS = frozenset(_TABLE["values"]["sentence"])
WRAPPERS = frozenset(_TABLE["wrappers"]["words"])


class WordPattern:
    """A pattern that matches the longest fitting word of a list.

    A blank in *words* matches any separator; a blank in *exact* matches a blank. The pattern is
    compiled when it is first used, because that takes up to 9 ms and most sessions need half of
    the patterns.
    """

    def __init__(self, words: Iterable[str], exact: Iterable[str] = ()) -> None:
        any_blank = (each.replace(" ", _ANY_BLANK) for each in words)
        self._words = (*any_blank, *exact)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(any_of(self._words).replace(_ANY_BLANK, "[-_. ]?"))

    @cached_property
    def search(self) -> Callable[..., re.Match[str] | None]:
        return self.pattern.search


_ANY_BLANK = "\1"


WORDS = [word for name in _RANKS for word in (*_TABLE[name]["words"], *_TABLE[name]["whole"])]
_ASCII_WORD = WordPattern(word for word in WORDS if word.isascii())
_ANY_WORD = WordPattern(WORDS)
_SURE_WORD = WordPattern(
    word
    for name in ("password", "token")
    for word in (*_TABLE[name]["words"], "pwd")
    if word.isascii()
)
_SEPARATORS = str.maketrans("", "", "-_. ")
_SUFFIX = re.compile(r"(?:[sS](?![^\W_]))?(?P<suffix>(?:[-_]?[^\W_]+)*)_*")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^\W\d_]")


def lower(line: str) -> str:
    """Return a line in small letters, of the same length, so that offsets stay valid."""
    lowered = line.lower()
    if len(lowered) == len(line):
        return lowered
    # A few letters of Turkish and other languages become two; no word of ours has one.
    return "".join(low if len(low := each.lower()) == 1 else each for each in line)


def mentions_secret(lowered: str) -> bool:
    """Return whether a value contains a word for a secret, and so is not a secret itself."""
    return _SURE_WORD.search(lowered) is not None


def find_names(line: str, lowered: str) -> Iterator[SecretName]:
    """Yield the names of secrets in a line, from left to right."""
    search = (_ASCII_WORD if line.isascii() else _ANY_WORD).search
    at = 0
    while word := search(lowered, at):
        name = _read_name(line, lowered, word)
        # A word may begin inside another match that is no name: "dbpass" in "dbpassword".
        at = word.end() if name else word.start() + 1
        if name:
            yield name


def _read_name(line: str, lowered: str, word: re.Match[str]) -> SecretName | None:
    start, end = word.span()
    key = word.group()
    rank = _RANK_OF.get(key)
    if rank is None:
        key = key.translate(_SEPARATORS)
        rank = _RANK_OF.get(key)
    if rank is None:
        return None
    if (key in _WHOLE or key.endswith("key")) and not _begins_part(line, start):
        return None
    # Chinese, Japanese and Thai are written without blanks between words.
    if not line[end - 1].isascii() and not _continues(line, end):
        return SecretName(start, end, rank, has_suffix=False, is_upper=False)
    return _read_suffix(line, lowered, start, end, rank)


def _continues(line: str, at: int) -> bool:
    return line[at : at + 1] == "_" or (line[at : at + 1].isascii() and line[at : at + 1].isalnum())


def _begins_part(line: str, start: int) -> bool:
    before = line[start - 1 : start]
    return not before.isalpha() or (line[start].isupper() and not before.isupper())


def _read_suffix(line: str, lowered: str, start: int, end: int, rank: Rank) -> SecretName | None:
    """Return the name with the words joined to it; None where they make it another thing."""
    suffix, after = "", end
    # A shortcut: most names end here, above all in the lines that take longest to read.
    if line[end : end + 1] not in _NO_SUFFIX:
        tail = _SUFFIX.match(line, end, end + _MAX_SUFFIX)
        if tail is None:
            return None
        suffix, after = tail["suffix"], tail.end()
    # "tokenGithub" goes on with another word; "tokenize" and "TOKENIZE" are other words.
    is_camel = suffix[:1].isupper() and line[end - 1].islower()
    if suffix[:1].isascii() and suffix[:1].isalpha() and not is_camel:
        return None
    parts = [each.lower() for each in _PART.findall(suffix)] if suffix else []
    if parts and (rank is Rank.FAINT or not _HARMLESS_SUFFIX.isdisjoint(parts)):
        return None
    if (rank is Rank.FAINT or lowered.endswith("key", start, end)) and _is_joined(line, start):
        head = _PART.findall(line[max(start - _MAX_PREFIX, 0) : start].rstrip("-_. "))
        # A digit belongs to the word before it: "s3" is one word.
        last = "".join(head[-2:] if head and head[-1].isdigit() else head[-1:]).lower()
        if last in _HARMLESS_PREFIX:
            return None
    if parts and end - start <= _MAX_SHORT and any(each not in _STAGES for each in parts):
        # In pass_fds and pw_dir the short word is a verb, or means something else.
        rank = Rank.FAINT if rank is Rank.FAINT else Rank.TOKEN
    has_suffix = any(not each.isdigit() and each not in _STAGES for each in parts)
    return SecretName(start, after, rank, has_suffix, line[start:end].isupper())


def _is_joined(line: str, start: int) -> bool:
    return start > 0 and (line[start - 1].isalnum() or line[start - 1] in "-_")


_NO_SUFFIX = frozenset(" \t\"'`:=,;.()[]{}<>&|/\\")
"""Characters that end a name."""
_MAX_SHORT = 4
_MAX_SUFFIX = 60
_MAX_PREFIX = 30
# Suffixes that do not change the meaning of a name.
_STAGES = frozenset(
    [
        "prod",
        "production",
        "dev",
        "test",
        "staging",
        "base",
        "default",
        "value",
        "b64",
        "base64",
        "live",
        "local",
        "qa",
    ]
)
