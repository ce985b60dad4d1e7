"""The counts that are kept: tokens and cost of calls, outcomes of completions; numbers only."""

from dataclasses import dataclass, field
from typing import NamedTuple


class CallKey(NamedTuple):
    """The key by which calls are counted."""

    day: str
    """The day in local time, ``YYYY-MM-DD``."""
    model: str
    language: str
    """Language id of the document that was completed; empty for chat, which completes none."""


class OutcomeKey(NamedTuple):
    """The key by which outcomes are counted."""

    day: str
    """The day in local time, ``YYYY-MM-DD``."""
    language: str
    outcome: str
    """A value of `ds_lsp.completion.outcomes.Outcome`."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over a number of calls."""

    requests: int = 0
    """Number of calls, including cancelled and failed ones."""
    estimated: int = 0
    """Number of those calls whose tokens are estimated, as the provider did not report them."""
    prompt_hit_tokens: int = 0
    prompt_miss_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0

    def __add__(self, more: "Totals") -> "Totals":
        return Totals(
            self.requests + more.requests,
            self.estimated + more.estimated,
            self.prompt_hit_tokens + more.prompt_hit_tokens,
            self.prompt_miss_tokens + more.prompt_miss_tokens,
            self.completion_tokens + more.completion_tokens,
            self.cost_usd + more.cost_usd,
        )

    @property
    def tokens(self) -> int:
        return self.prompt_hit_tokens + self.prompt_miss_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of times that an outcome occurred, and the characters of those completions."""

    times: int = 0
    chars: int = 0

    def __add__(self, more: "Tally") -> "Tally":
        return Tally(self.times + more.times, self.chars + more.chars)


@dataclass(slots=True)
class Counts:
    """The totals of calls and the tallies of outcomes, by their keys."""

    calls: dict[CallKey, Totals] = field(default_factory=dict)
    outcomes: dict[OutcomeKey, Tally] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.calls or self.outcomes)

    def add(self, more: "Counts") -> None:
        for call, totals in more.calls.items():
            self.calls[call] = self.calls.get(call, Totals()) + totals
        for outcome, tally in more.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, Tally()) + tally

    def totals_on(self, day: str) -> Totals:
        """Return the totals of all calls of one day."""
        return sum((each for key, each in self.calls.items() if key.day == day), Totals())
