"""Finished completions, found again: for the same text, and for text typed along them."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TTLCache

from ds_lsp.completion.request import Origin
from ds_lsp.providers.base import FimRequest, FimResult

MAX_ENTRIES = 256
MAX_TYPED = 1_000
"""Characters typed along one completion before it is forgotten; looking costs 1 us for each."""
TTL_S = 600.0
"""The models behind a name change without notice; what was said ten minutes ago is forgotten."""


@dataclass(frozen=True, slots=True)
class Key:
    """Everything a completion depends on.

    Its shape follows from the setting and the text. It is not part of the key, for what was said
    on a blank line stays good when the first word of it has been typed.
    """

    provider: str
    multiline: str
    """The setting."""
    request: FimRequest


@dataclass(frozen=True, slots=True)
class Hit:
    """What is left of a stored completion."""

    result: FimResult
    origin: Origin
    typed: str = ""
    """What of it has been typed since."""


class CompletionCache:
    """Holds what the model said, never what was shown, and never a failure.

    Texts are not kept, only a digest of them: 256 prompts would be megabytes.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: TTLCache[bytes, FimResult] = TTLCache(MAX_ENTRIES, TTL_S, timer=clock)
        # Nobody can have typed further along a completion than the longest one goes.
        self._longest = 0

    def __len__(self) -> int:
        return len(self._entries)

    def store(self, key: Key, result: FimResult) -> None:
        self._entries[_Digests(key).at(len(key.request.prefix))] = result
        self._longest = max(self._longest, len(result.text))

    def find(self, key: Key) -> Hit | None:
        """The completion stored for *key*, or for a shorter prefix and typed along since then."""
        prefix = key.request.prefix
        nearest = max(0, len(prefix) - min(self._longest, MAX_TYPED))
        digests = _Digests(key)
        hit = None
        # From the shortest prefix on, since a digest only grows; the longest one that fits wins.
        for end in range(nearest, len(prefix) + 1):
            result = self._entries.get(digests.at(end))
            if result is not None:
                hit = _left(result, prefix[end:]) or hit
        return hit

    def clear(self) -> None:
        self._entries.clear()
        self._longest = 0


def _left(result: FimResult, typed: str) -> Hit | None:
    if not typed:
        return Hit(result, Origin.EXACT)
    rest = result.text[len(typed) :]
    if not rest.strip() or not result.text.startswith(typed):
        return None
    return Hit(FimResult(rest, result.finish), Origin.TYPE_THROUGH, typed)


class _Digests:
    """Digests of one key with its prefix cut off at ever greater lengths."""

    def __init__(self, key: Key) -> None:
        request = key.request
        rest = (
            *(key.provider, key.multiline, request.uri, request.language_id, request.suffix),
            *(request.model, str(request.max_tokens), str(request.temperature)),
        )
        # Lengths first, so that no two keys run together into the same bytes.
        head = " ".join(str(len(part)) for part in rest) + "".join(rest)
        self._hash = hashlib.blake2b(_encode(head), digest_size=16)
        self._prefix = request.prefix
        self._end = 0

    def at(self, end: int) -> bytes:
        """The digest with the first *end* characters of the prefix; *end* never decreases."""
        self._hash.update(_encode(self._prefix[self._end : end]))
        self._end = end
        return self._hash.copy().digest()


def _encode(text: str) -> bytes:
    # A client can send half a surrogate pair; it is a character like any other here.
    return text.encode("utf-8", "surrogatepass")
