"""Budgets in tokens for the parts of a request, and the estimate of characters per token."""

import re
from dataclasses import dataclass
from itertools import accumulate

from ds_lsp.text.lines import LINE_END

CHARS_PER_TOKEN = 3.3
"""Characters per token of code, until the provider's own count is known."""
_MIN_CHARS_PER_TOKEN, _MAX_CHARS_PER_TOKEN = 2.5, 4.5
"""Bounds for the learned characters per token: one odd count must not empty or flood the prompt."""
_LATEST_WEIGHT = 0.1
"""Weight of the latest count in the learned ratio, which settles after some twenty requests."""
_MIN_TOKENS = 100
"""Minimum tokens of a prompt to learn from: the few sentinels of a shorter one distort the ratio.
"""
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]")
_TOKENS_PER_WIDE = 0.6
"""Tokens per character of East Asian scripts and full-width forms."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens for each part of a request."""

    window: int
    """Tokens before the cursor; the window grows to `MAX_GROWTH` times this before it moves."""
    suffix: int
    excerpts: int
    """Tokens of other files; the block grows to `MAX_GROWTH` times this before it is rebuilt."""


MAX_GROWTH = 1.33
"""Maximum size of a part before it is cut back, as a multiple of its budget."""


def budget_of(total: int) -> Budget:
    """Divide a prompt of about *total* tokens among its parts."""
    suffix = min(total * 15 // 100, 360)
    excerpts = total * 45 // 100
    return Budget(total - suffix - excerpts, suffix, excerpts)


@dataclass(frozen=True, slots=True)
class Scale:
    """Estimates tokens without a tokenizer, from the number of characters."""

    chars_per_token: float = CHARS_PER_TOKEN

    def tokens(self, text: str) -> float:
        """Return the estimated tokens of *text*."""
        wide = _count_wide(text)
        return (len(text) - wide) / self.chars_per_token + wide * _TOKENS_PER_WIDE

    def line_tokens(self, text: str) -> list[tuple[int, float]]:
        """Return each line's index in *text*, and the tokens from there to the end."""
        starts = [0, *(end.end() for end in LINE_END.finditer(text))]
        ends = [*starts[1:], len(text)]
        counts = [self.tokens(text[a:b]) for a, b in zip(starts, ends, strict=True)]
        totals = list(accumulate(reversed(counts)))
        return list(zip(starts, reversed(totals), strict=True))

    def chars(self, text: str, budget: float) -> int:
        """Return the number of characters at the start of *text* that fit, accurate to a few."""
        fits, too_many = 0, min(len(text), int(budget * _MAX_CHARS_PER_TOKEN)) + 1
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
        """Return the scale of a language; the default one until a count has been learned."""
        return self._by_language.get(language_id) or Scale()

    def learn(self, language_id: str, sent: str, counted: int) -> None:
        """Adjust the scale of a language: the provider *counted* that many tokens in *sent*."""
        wide = _count_wide(sent)
        narrow_tokens = counted - wide * _TOKENS_PER_WIDE
        if counted < _MIN_TOKENS or narrow_tokens < _MIN_TOKENS / 2:
            return
        ratio = (len(sent) - wide) / narrow_tokens
        seen = min(max(ratio, _MIN_CHARS_PER_TOKEN), _MAX_CHARS_PER_TOKEN)
        old = self.of(language_id).chars_per_token
        self._by_language[language_id] = Scale(old + _LATEST_WEIGHT * (seen - old))


def _count_wide(text: str) -> int:
    # Removing the characters is cheaper than building a list of a thousand matches.
    return 0 if text.isascii() else len(text) - len(_WIDE.sub("", text))
