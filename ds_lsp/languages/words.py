"""Names in a text, the words they are made of, and the keywords before them."""

import re
from functools import lru_cache

NAME = re.compile(r"[^\W\d]\w*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_MIN_CHARS = 3
"""Minimum characters of a word."""

_KEYWORDS = """
abstract and any args array as assert async auto await bool boolean break byte case catch char
class const constexpr continue crate def default del delete dict do double elif else end enum
except export extends extern false final finally float fn for from func function global go goto
if impl implements import in include inline instanceof int interface is kwargs lambda let list
local long map match mod module mut namespace new nil none nonlocal not null number object of
operator or override package pass private protected pub public raise readonly ref require return
self set short signed sizeof static str string struct super switch template then this throw
throws trait true try tuple type typedef typename typeof undefined union unit unsigned use using
val var virtual void volatile when where while with yield
None True False
"""
STOP_WORDS = frozenset(_KEYWORDS.split())
"""Keywords of many languages, which are in every text and tell nothing about it."""

FUNCTION_WORDS = "def|func|function|fn|fun|sub"
"""Pattern of the keywords before the name of a function, in any language."""
TYPE_WORDS = "class|struct|interface|trait|enum|impl"
"""Pattern of the keywords before the name of a type with members, in any language."""
CONTAINER_WORDS = f"{TYPE_WORDS}|namespace|mod|module|object|protocol|record|union|type"
"""Pattern of the keywords before the name of anything that has members, in any language."""


@lru_cache(maxsize=20_000)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of *name* in lower case: http, error of ``HTTPError``, ``http_error``."""
    parts = (part.lower() for part in _PART.findall(name))
    return tuple(part for part in parts if len(part) >= _MIN_CHARS and part not in STOP_WORDS)
