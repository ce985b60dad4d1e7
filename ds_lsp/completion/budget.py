"""How much text is sent, in tokens, and how many characters a token is believed to have."""

import re
from dataclasses import dataclass
from itertools import accumulate

from ds_lsp.document import LINE_END

CHARS_PER_TOKEN = 3.3
"""Of code, until the provider's own count is known."""
_RATIOS = (2.5, 4.5)
"""What is believed at most and at least: one odd count must not empty or flood the prompt."""
_WEIGHT = 0.1
"""How much the latest count says; some twenty requests settle it."""
_MIN_COUNTED = 100
"""Tokens of a prompt below which its few sentinels would bend the ratio."""
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]")
_TOKENS_PER_WIDE = 0.6


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens for each part of a request."""

    window: int
    """Text before the cursor; the window is let grow to `MOST` times this before it moves."""
    suffix: int
    excerpts: int
    """Excerpts of other files; appending may go to `MOST` times this before old ones go."""


MOST = 1.33


def budget_of(total: int) -> Budget:
    """The parts of a prompt of about *total* tokens."""
    suffix = min(total * 15 // 100, 360)
    excerpts = total * 45 // 100
    return Budget(total - suffix - excerpts, suffix, excerpts)


@dataclass(frozen=True, slots=True)
class Scale:
    """Counts tokens without a tokenizer."""

    chars_per_token: float = CHARS_PER_TOKEN

    def tokens(self, text: str) -> float:
        wide = _count_wide(text)
        return (len(text) - wide) / self.chars_per_token + wide * _TOKENS_PER_WIDE

    def line_tokens(self, text: str) -> list[tuple[int, float]]:
        """Where each line of *text* starts, and the tokens from there to its end."""
        starts = [0, *(end.end() for end in LINE_END.finditer(text))]
        ends = [*starts[1:], len(text)]
        counts = [self.tokens(text[a:b]) for a, b in zip(starts, ends, strict=True)]
        totals = list(accumulate(reversed(counts)))
        return list(zip(starts, reversed(totals), strict=True))

    def chars(self, text: str, budget: float) -> int:
        """How many characters at the start of *text* fit; right to a few."""
        fits, too_many = 0, min(len(text), int(budget * _RATIOS[1])) + 1
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            if self.tokens(text[:middle]) <= budget:
                fits = middle
            else:
                too_many = middle
        return fits


class Scales:
    """Learns the scale of each language from what the provider has counted."""

    def __init__(self) -> None:
        self._by_language: dict[str, Scale] = {}

    def of(self, language_id: str) -> Scale:
        return self._by_language.get(language_id) or Scale()

    def learn(self, language_id: str, sent: str, counted: int) -> None:
        """*sent* was counted as so many tokens."""
        wide = _count_wide(sent)
        narrow_tokens = counted - wide * _TOKENS_PER_WIDE
        if counted < _MIN_COUNTED or narrow_tokens < _MIN_COUNTED / 2:
            return
        low, high = _RATIOS
        seen = min(max((len(sent) - wide) / narrow_tokens, low), high)
        old = self.of(language_id).chars_per_token
        self._by_language[language_id] = Scale(old + _WEIGHT * (seen - old))


def _count_wide(text: str) -> int:
    # Counted by taking them out: a list of a thousand matches costs more than a shorter text.
    return 0 if text.isascii() else len(text) - len(_WIDE.sub("", text))
