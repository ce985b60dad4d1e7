"""Tokens in the order they were written, and where each run of tokens was seen last."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ds_lsp.providers.local.tokens import BOUNDARY, Token, Vocabulary

ORDERS = (1, 3, 6)
"""So many tokens of context are looked up; longer matches are found among these."""

STEMS = len(ORDERS)
"""The chains by a word's first characters come after those by context."""

# Odd numbers with well mixed bits (xxHash's primes), one per distance from the cursor.
_FACTORS = (2654435761, 2246822519, 3266489917, 668265263, 374761393, 2538058380)
# The high bits of a product are the mixed ones.
_SHIFT = 14


def context_key(context: Sequence[Token], order: int) -> int:
    """A number for the last *order* tokens of *context*; spaces before words do not matter."""
    return (sum((context[-1 - i] >> 1) * _FACTORS[i] for i in range(order)) & 0xFFFFFFFF) >> _SHIFT


class TokenChain:
    """An append-only run of tokens with hash chains through it, as in LZ77.

    For each order, the heads say where a context was seen last, the links where it was seen
    before that. Twenty bytes a token, in arrays: no Python object per token or per context.
    Keys collide, so a reader compares the tokens themselves.
    """

    def __init__(self, vocabulary: Vocabulary, expected_tokens: int) -> None:
        self.vocabulary = vocabulary
        # Padding: the first token has a context, too.
        self.tokens = array("I", [BOUNDARY << 1]) * ORDERS[-1]
        bits = min(16, max(8, expected_tokens.bit_length()))
        self._mask = (1 << bits) - 1
        self._heads = [array("i", [-1]) * (1 << bits) for _ in range(len(ORDERS) + 1)]
        self._links = [array("i", [-1]) * ORDERS[-1] for _ in self._heads]
        self._starts = array("i")
        self.live = bytearray()
        """For each document, whether it counts."""

    def begin_document(self) -> int:
        """Begin a document; the number it has from now on."""
        self._starts.append(len(self.tokens))
        self.live.append(1)
        return len(self.live) - 1

    def is_live(self, at: int) -> bool:
        return not self.live or bool(self.live[bisect_right(self._starts, at) - 1])

    def extend(self, tokens: Sequence[Token]) -> None:
        """Append *tokens* and chain them."""
        self.tokens.extend(tokens)
        count, longest = len(tokens), ORDERS[-1]
        numbers = [token >> 1 for token in self.tokens[-count - longest :]]
        totals = [0] * count
        for distance, factor in enumerate(_FACTORS, 1):
            before = numbers[longest - distance : -distance]
            totals = [total + number * factor for total, number in zip(totals, before, strict=True)]
            if distance in ORDERS:
                keys = [(total & 0xFFFFFFFF) >> _SHIFT for total in totals]
                self._link(ORDERS.index(distance), keys)
        stems = self.vocabulary.stems
        self._link(STEMS, [stems[number] for number in numbers[longest:]])

    def _link(self, index: int, keys: Sequence[int]) -> None:
        mask, heads, links = self._mask, self._heads[index], self._links[index]
        for at, key in enumerate(keys, len(links)):
            if key < 0:
                links.append(-1)
            else:
                links.append(heads[key & mask])
                heads[key & mask] = at

    def find_occurrences(self, index: int, key: int, limit: int) -> Iterator[int]:
        """Where this context (or one with the same key) was seen, the latest first."""
        links = self._links[index]
        at = self._heads[index][key & self._mask]
        while at >= 0 and limit:
            yield at
            at = links[at]
            limit -= 1

    @property
    def nbytes(self) -> int:
        arrays = [self.tokens, self._starts, *self._heads, *self._links]
        return sum(each.itemsize * len(each) for each in arrays) + len(self.live)
