"""How a line goes on, token by token, and how far to believe it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ds_lsp.providers.local.stream import ORDERS, STEMS, TokenChain, context_key
from ds_lsp.providers.local.tokens import STEM_CHARS, UNKNOWN, Token, is_line_start, stem_key

# Longer matches than this say no more.
_MAX_MATCH_TOKENS = 10
CONTEXT_TOKENS = _MAX_MATCH_TOKENS + 2
SURROUNDING_TOKENS = 100
"""So much of the text before a place is compared: some ten lines."""
# "Just before" is this close: some six lines.
_JUST_BEFORE_TOKENS = 60
# Places this close together have the same surroundings: compared once.
_BLOCK_TOKENS = 16
# With so many places for a longer context, a shorter one has nothing to add.
_MAX_PLACES_BEFORE_SHORTER = 24


@dataclass(frozen=True, slots=True)
class Tuning:
    """Constants found by search: tests/bench/local.py on the packages its README calls tuned."""

    escapes: tuple[float, ...] = (0.35, 1.4, 2.8, 0.7, 1.0, 4.0, 0.77, 0.1)
    """Doubt at each level of `LEVELS`, per different token that was seen to follow there."""
    escape_base: float = 0.8
    here_weight: float = 1.4
    """What was written in this document, ..."""
    there_weight: float = 0.7
    """... and what was written elsewhere: how many sightings one counts for."""
    again: float = 0.4
    """What a sighting is worth where this very line was begun just before: few come twice."""
    similarity: float = 4.0
    """How much more a sighting counts where the text before it shares words with ours."""
    floor: float = 0.4
    """An offer is not extended beyond this probability of all of it being right."""
    min_chars: int = 2
    max_steps: int = 24
    places: int = 64
    """So many sightings of one context are looked at, the latest."""


LEVELS = (0, 1, 2, 3, 4, 6, 8, 10)
"""Tokens of context that agree: the sightings are counted from the fewest to the most."""


class TokenEvidence:
    """One stream to predict from, what a sighting in it counts for, and what is written here."""

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
        """Whether *at* is close above the cursor."""
        return self._ends_at_cursor and len(self.chain.tokens) - at < _JUST_BEFORE_TOKENS

    def is_live(self, at: int) -> bool:
        """Whether what is written there still is, and is not counted as another source."""
        return at not in self._obsolete and self.chain.is_live(at)

    def similarity(self, at: int, factor: float) -> float:
        """How much the text before *at* has in common with ours; 1 for nothing."""
        block = at // _BLOCK_TOKENS
        known = self._similarity_of_block.get(block)
        if known is None:
            end = (block + 1) * _BLOCK_TOKENS
            around = self.chain.tokens[max(0, end - SURROUNDING_TOKENS) : end]
            shared = len(self._words.intersection(around))
            known = self._similarity_of_block[block] = 1 + factor * shared**2 / max(
                1, len(self._words)
            )
        return known


Sighting = tuple[Token, int, float]
"""What followed, how many tokens of context agree there, what it counts for."""


def find_sightings(
    evidence: TokenEvidence, context: Sequence[Token], stem: str, tuning: Tuning
) -> list[Sighting]:
    """What was seen to follow *context* and begins with *stem*, the longest matches first.

    The similarity of the places only shifts weight from one to another: being written in a place
    like this one makes no sighting surer than it is.
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
    on_line = _tokens_on_line(context)
    seen = []
    for at, like in zip(places, similarity, strict=True):
        length = _match_length(tokens, at, context)
        is_again = length >= on_line and evidence.is_just_before(at)
        seen.append((tokens[at], length, scale * like * (tuning.again if is_again else 1.0)))
    return seen


def _tokens_on_line(context: Sequence[Token]) -> int:
    """How many tokens the line that is being typed has, its line start among them."""
    for count, token in enumerate(reversed(context), 1):
        if is_line_start(token):
            return count
    return len(context) + 1


def _find_places(chain: TokenChain, context: Sequence[Token], stem: str, limit: int) -> list[int]:
    """Where this context, or part of it, stood before a word that begins with *stem*."""
    tokens, words = chain.tokens, chain.vocabulary.words
    places: dict[int, None] = {}
    for index, key in _chain_keys(context, stem):
        if len(places) >= _MAX_PLACES_BEFORE_SHORTER:
            break
        for at in chain.find_occurrences(index, key, limit):
            if at not in places and words[tokens[at] >> 1].startswith(stem):
                places[at] = None
    return list(places)


def _chain_keys(context: Sequence[Token], stem: str) -> list[tuple[int, int]]:
    """Which chains to follow, and from where: most tokens of context first."""
    found = [
        (index, context_key(context, order))
        for index, order in reversed(list(enumerate(ORDERS)))
        if order <= len(context)
    ]
    if len(stem) >= STEM_CHARS:
        found.append((STEMS, stem_key(stem)))
    return found


def _match_length(tokens: Sequence[Token], at: int, context: Sequence[Token]) -> int:
    most = min(_MAX_MATCH_TOKENS, len(context), at)
    for length in range(most):
        # Less than two: the same word, with or without a space before it.
        if tokens[at - 1 - length] ^ context[-1 - length] > 1:
            return length
    return most


def estimate_probabilities(seen: Sequence[Sighting], tuning: Tuning) -> dict[Token, float]:
    """How likely each token is to be next; what is missing to 1 is "something never seen".

    Interpolated Witten-Bell: each level's shares, mixed with the level below in proportion to
    how many different tokens were seen at it.
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
    """One predicted token."""

    token: Token
    text: str
    probability: float
    """That this token and all before it are right."""


def predict_tokens(
    evidence: Sequence[TokenEvidence],
    context: Sequence[Token],
    stem: str,
    spaced: bool,
    tuning: Tuning,
) -> Iterable[PredictedToken]:
    """The tokens that follow most probably, up to the end of the line.

    *stem* is the word being typed; *spaced* says that the space before the first token is typed.
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
        yield PredictedToken(token, _untyped_part(token, word, stem, spaced), probability)
        context.append(token)
        stem, spaced = "", False


def _untyped_part(token: Token, word: str, stem: str, spaced: bool) -> str:
    """What is still to be typed of *word* after its *stem*, or after a space."""
    if stem:
        return word[len(stem) :]
    if spaced:
        return word.removeprefix(" ")
    return " " * (token & 1) + word


def _choose_likeliest(shares: dict[Token, float]) -> tuple[Token, float]:
    """The most probable token; a line start if all line starts together are more probable."""
    best, best_share, end_share = 0, 0.0, 0.0
    for token, share in shares.items():
        if is_line_start(token):
            end_share += share
        elif share > best_share:
            best, best_share = token, share
    return (0, end_share) if end_share >= best_share else (best, best_share)


def choose_offer(predicted: Iterable[PredictedToken], floor: float) -> str:
    """The steps worth offering: most characters times the probability that they are right."""
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
