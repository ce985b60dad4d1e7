"""Token chains: tokens in writing order, with links from each context to its last occurrence."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ds_lsp.local.tokens import BOUNDARY, Token, Vocabulary

ORDERS = (1, 3, 6)
"""Numbers of context tokens that can be looked up. Longer matches are found among the results."""

STEMS = len(ORDERS)
"""Index of the links by a word's first characters. It follows the indexes of `ORDERS`."""

# Factors of the hash: odd numbers with well mixed bits (xxHash's primes), one for each distance
# from the cursor.
_FACTORS = (2654435761, 2246822519, 3266489917, 668265263, 374761393, 2538058380)
# Bits of a product that are dropped: the high bits are the well mixed ones.
_SHIFT = 14


def context_key(context: Sequence[Token], order: int) -> int:
    """Return a hash of the last *order* tokens of *context*, ignoring spaces before words."""
    return (sum((context[-1 - i] >> 1) * _FACTORS[i] for i in range(order)) & 0xFFFFFFFF) >> _SHIFT


class TokenChain:
    """An append-only array of tokens with hash chains through it, as in LZ77.

    For each order, the heads give the last occurrence of a context, and the links give the
    occurrence before each occurrence. A token takes twenty bytes, in arrays: there is no Python
    object per token or per context. Keys collide, so a caller compares the tokens themselves.
    """

    def __init__(self, vocabulary: Vocabulary, expected_tokens: int) -> None:
        self.vocabulary = vocabulary
        # Padding, so that the first token has a context too.
        self.tokens = array("I", [BOUNDARY << 1]) * ORDERS[-1]
        bits = min(16, max(8, expected_tokens.bit_length()))
        self._mask = (1 << bits) - 1
        self._heads = [array("i", [-1]) * (1 << bits) for _ in range(len(ORDERS) + 1)]
        self._links = [array("i", [-1]) * ORDERS[-1] for _ in self._heads]
        self._starts = array("i")
        self.live = bytearray()
        """Flags by document number: 1 if the document counts, else 0."""

    def begin_document(self) -> int:
        """Begin a new document and return its number."""
        self._starts.append(len(self.tokens))
        self.live.append(1)
        return len(self.live) - 1

    def is_live(self, at: int) -> bool:
        """Return whether the document that holds the token at index *at* counts."""
        return not self.live or bool(self.live[bisect_right(self._starts, at) - 1])

    def extend(self, tokens: Sequence[Token]) -> None:
        """Append *tokens* and link them to earlier occurrences of their contexts."""
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
        """Link the next tokens by *keys*, one for each; a key below 0 links nothing."""
        mask, heads, links = self._mask, self._heads[index], self._links[index]
        for at, key in enumerate(keys, len(links)):
            if key < 0:
                links.append(-1)
            else:
                links.append(heads[key & mask])
                heads[key & mask] = at

    def find_occurrences(self, index: int, key: int, limit: int) -> Iterator[int]:
        """Yield the indexes of at most *limit* tokens whose context has *key*, latest first."""
        links = self._links[index]
        at = self._heads[index][key & self._mask]
        while at >= 0 and limit:
            yield at
            at = links[at]
            limit -= 1

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the arrays take."""
        arrays = [self.tokens, self._starts, *self._heads, *self._links]
        return sum(each.itemsize * len(each) for each in arrays) + len(self.live)
