"""Predict the rest of a line, token by token, with a probability for each token."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ds_lsp.local.chains import ORDERS, STEMS, TokenChain, context_key
from ds_lsp.local.tokens import STEM_CHARS, UNKNOWN, Token, is_line_start, stem_key

_MAX_MATCH_TOKENS = 10
"""Maximum tokens of context that are compared at one place. A longer match adds no information."""
CONTEXT_TOKENS = _MAX_MATCH_TOKENS + 2
"""Tokens before the cursor that are kept as the context of a prediction."""
SURROUNDING_TOKENS = 100
"""Tokens of text before a place that are compared with the text before the cursor: some ten
lines."""
_JUST_BEFORE_TOKENS = 60
"""Maximum tokens between the cursor and a place "just before" it: some six lines."""
_BLOCK_TOKENS = 16
"""Tokens in a block. All places in one block share one comparison of their surroundings."""
_MIN_PLACES = 24
"""Places that are enough: once longer contexts have found this many, shorter contexts add nothing
and are not looked up."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Constants of the predictor.

    Their values were found by search: tests/bench/local.py, on the packages its README calls tuned.
    """

    escapes: tuple[float, ...] = (0.35, 1.4, 2.8, 0.7, 1.0, 4.0, 0.77, 0.1)
    """Doubt at each level of `LEVELS`, per different token that was seen to follow there."""
    escape_base: float = 0.8
    """Number added to that count of different tokens before it is multiplied."""
    here_weight: float = 1.4
    """Sightings that one sighting in this document counts for."""
    there_weight: float = 0.7
    """Sightings that one sighting in any other text counts for."""
    again: float = 0.4
    """Factor on a sighting just before the cursor whose line begins exactly like this line: few
    lines are written twice in a row."""
    similarity: float = 4.0
    """Factor on the bonus of a sighting whose preceding text shares words with the text before the
    cursor."""
    floor: float = 0.4
    """Minimum probability that all of an offer is right; the offer ends before it falls lower."""
    min_chars: int = 2
    """Minimum length of an offer in characters."""
    max_steps: int = 24
    """Maximum tokens in an offer."""
    places: int = 64
    """Maximum occurrences of one context that are examined, the latest first."""


LEVELS = (0, 1, 2, 3, 4, 6, 8, 10)
"""Numbers of agreeing context tokens at which sightings are counted, from fewest to most."""


class TokenEvidence:
    """A token chain to predict from, with the weight of a sighting in it.

    *words* are the words before the cursor; `similarity` compares them with the text before other
    places. Places in the range *obsolete* are not counted. *ends_at_cursor* marks the chain that
    holds the text before the cursor.
    """

    def __init__(
        self,
        chain: TokenChain,
        weight: float,
        words: frozenset[Token],
        *,
        obsolete: range = range(0),
        ends_at_cursor: bool = False,
    ) -> None:
        self.chain = chain
        self.weight = weight
        self._obsolete = obsolete
        self._ends_at_cursor = ends_at_cursor
        self._words = words
        self._similarity_of_block: dict[int, float] = {}

    def is_just_before(self, at: int) -> bool:
        """Return whether *at* is close before the cursor."""
        return self._ends_at_cursor and len(self.chain.tokens) - at < _JUST_BEFORE_TOKENS

    def is_live(self, at: int) -> bool:
        """Return whether the text at *at* still exists and is not counted from another chain."""
        return at not in self._obsolete and self.chain.is_live(at)

    def similarity(self, at: int, factor: float) -> float:
        """Return the weight of *at*: above 1 if the text before it has words near the cursor."""
        block = at // _BLOCK_TOKENS
        known = self._similarity_of_block.get(block)
        if known is None:
            end = (block + 1) * _BLOCK_TOKENS
            around = self.chain.tokens[max(0, end - SURROUNDING_TOKENS) : end]
            shared = len(self._words.intersection(around))
            known = 1 + factor * shared**2 / max(1, len(self._words))
            self._similarity_of_block[block] = known
        return known


Sighting = tuple[Token, int, float]
"""An occurrence of the context: the token that followed, the number of context tokens that agree,
and the weight."""


def find_sightings(
    evidence: TokenEvidence, context: Sequence[Token], stem: str, tuning: Tuning
) -> list[Sighting]:
    """Return the tokens that were seen after *context* and begin with *stem*.

    Similarity only shifts weight between the places and leaves their total as it is: a similar
    place does not make a sighting more certain.
    """
    tokens = evidence.chain.tokens
    places = [
        at
        for at in _find_places(evidence.chain, context, stem, tuning.places)
        if evidence.is_live(at)
    ]
    if len({tokens[at] for at in places}) < 2:
        similarity = [1.0] * len(places)
    else:
        similarity = [evidence.similarity(at, tuning.similarity) for at in places]
    scale = evidence.weight * len(places) / max(1.0, sum(similarity))
    on_line = _count_tokens_on_line(context)
    seen = []
    for at, like in zip(places, similarity, strict=True):
        length = _measure_match(tokens, at, context)
        is_again = length >= on_line and evidence.is_just_before(at)
        seen.append((tokens[at], length, scale * like * (tuning.again if is_again else 1.0)))
    return seen


def _count_tokens_on_line(context: Sequence[Token]) -> int:
    """Return the number of tokens on the line being typed, its line start included."""
    for count, token in enumerate(reversed(context), 1):
        if is_line_start(token):
            return count
    return len(context) + 1


def _find_places(chain: TokenChain, context: Sequence[Token], stem: str, limit: int) -> list[int]:
    """Return the places where *context*, or part of it, precedes a word that begins with *stem*.

    At most *limit* occurrences are examined for each length of context.
    """
    tokens, words = chain.tokens, chain.vocabulary.words
    places: dict[int, None] = {}
    for index, key in _list_lookups(context, stem):
        if len(places) >= _MIN_PLACES:
            break
        for at in chain.find_occurrences(index, key, limit):
            if at not in places and words[tokens[at] >> 1].startswith(stem):
                places[at] = None
    return list(places)


def _list_lookups(context: Sequence[Token], stem: str) -> list[tuple[int, int]]:
    """Return the order index and the key of each lookup, from most context tokens to fewest.

    The lookup by *stem* comes last, because its matches need no context at all.
    """
    found = [
        (index, context_key(context, order))
        for index, order in reversed(list(enumerate(ORDERS)))
        if order <= len(context)
    ]
    if len(stem) >= STEM_CHARS:
        found.append((STEMS, stem_key(stem)))
    return found


def _measure_match(tokens: Sequence[Token], at: int, context: Sequence[Token]) -> int:
    """Return the number of tokens before *at* that equal the end of *context*."""
    most = min(_MAX_MATCH_TOKENS, len(context), at)
    for length in range(most):
        # A difference of 0 or 1 is the same word, with or without a space before it.
        if tokens[at - 1 - length] ^ context[-1 - length] > 1:
            return length
    return most


def estimate_probabilities(seen: Sequence[Sighting], tuning: Tuning) -> dict[Token, float]:
    """Return the probability of each next token; the rest up to 1 is "a token never seen here".

    This is interpolated Witten-Bell smoothing: the shares at each level are mixed with those of the
    level below, in proportion to the number of different tokens seen at that level.
    """
    result: dict[Token, float] = {}
    for level, escape in zip(LEVELS, tuning.escapes, strict=True):
        counts: dict[Token, float] = {}
        for token, length, weight in seen:
            if length >= level:
                counts[token] = counts.get(token, 0.0) + weight
        if not counts:
            break
        doubt = escape * (len(counts) + tuning.escape_base)
        total = sum(counts.values()) + doubt
        for token in result:
            result[token] *= doubt / total
        for token, count in counts.items():
            result[token] = result.get(token, 0.0) + count / total
    return result


@dataclass(frozen=True, slots=True)
class PredictedToken:
    """A predicted token, with the text to insert for it."""

    token: Token
    text: str
    probability: float
    """Probability that this token and all before it are right."""


def predict_tokens(
    evidence: Sequence[TokenEvidence],
    context: Sequence[Token],
    stem: str,
    spaced: bool,
    tuning: Tuning,
) -> Iterable[PredictedToken]:
    """Yield the most probable tokens up to the end of the line.

    *stem* is the part of a word that is already typed. *spaced* is true if the space before the
    first token is already typed.
    """
    context = list(context[-CONTEXT_TOKENS:])
    probability = 1.0
    for _ in range(tuning.max_steps):
        seen = [
            sighting
            for each in evidence
            for sighting in find_sightings(each, context, stem, tuning)
        ]
        token, share = _choose_likeliest(estimate_probabilities(seen, tuning))
        if is_line_start(token) or token >> 1 == UNKNOWN:
            return
        probability *= share
        word = evidence[0].chain.vocabulary.words[token >> 1]
        yield PredictedToken(token, _cut_typed_part(token, word, stem, spaced), probability)
        context.append(token)
        stem, spaced = "", False


def _cut_typed_part(token: Token, word: str, stem: str, spaced: bool) -> str:
    """Return the part of *word* that is not typed yet, after its *stem* or after a space."""
    if stem:
        return word[len(stem) :]
    if spaced:
        return word.removeprefix(" ")
    return " " * (token & 1) + word


def _choose_likeliest(shares: dict[Token, float]) -> tuple[Token, float]:
    """Return the most probable token and its probability.

    If all line starts together are at least as probable, it is token 0, a line start, with their
    sum.
    """
    best, best_share, end_share = 0, 0.0, 0.0
    for token, share in shares.items():
        if is_line_start(token):
            end_share += share
        elif share > best_share:
            best, best_share = token, share
    return (0, end_share) if end_share >= best_share else (best, best_share)


def choose_offer(predicted: Iterable[PredictedToken], floor: float) -> str:
    """Return the text with the highest product of its characters and its probability."""
    text = best = ""
    best_worth = 0.0
    for step in predicted:
        if step.probability < floor:
            break
        text += step.text
        # Ghost text never ends in white space.
        if not text[-1:].isspace() and len(text) * step.probability >= best_worth:
            best, best_worth = text, len(text) * step.probability
    return best
