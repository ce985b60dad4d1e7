"""What is counted: tokens and money of calls, and what became of completions; numbers only."""

from dataclasses import dataclass, field
from typing import NamedTuple


class CallKey(NamedTuple):
    """What calls are counted by."""

    day: str
    """In local time, ``YYYY-MM-DD``."""
    model: str
    language: str
    """Language id of the document that was completed; empty for what completes none."""


class OutcomeKey(NamedTuple):
    """What outcomes are counted by."""

    day: str
    language: str
    outcome: str
    """A word of `ds_lsp.completion.outcomes.Outcome`."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What some calls have used."""

    requests: int = 0
    """All of them, the cancelled and failed ones too."""
    estimated: int = 0
    """Those of them whose tokens the provider did not tell."""
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
    """How often something became of a completion, and of how many characters."""

    times: int = 0
    chars: int = 0

    def __add__(self, more: "Tally") -> "Tally":
        return Tally(self.times + more.times, self.chars + more.chars)


@dataclass(slots=True)
class Counts:
    """Counts by everything they are kept by."""

    calls: dict[CallKey, Totals] = field(default_factory=dict)
    outcomes: dict[OutcomeKey, Tally] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.calls or self.outcomes)

    def add(self, more: "Counts") -> None:
        for call, totals in more.calls.items():
            self.calls[call] = self.calls.get(call, Totals()) + totals
        for outcome, tally in more.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, Tally()) + tally

    def on(self, day: str) -> Totals:
        """What the calls of one day have used."""
        return sum((each for key, each in self.calls.items() if key.day == day), Totals())
