"""What a replay comes to: requests, tokens, money, what was seen and when."""

import hashlib
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ds_lsp.providers.base import TokenUsage
from ds_lsp.providers.catalog import catalog
from ds_lsp.service.usage.prices import cost_usd
from tests.bench.replay.oracle import CHARS_PER_TOKEN, Call

READ_S = 0.750
"""A suggestion that stood for so long, in seconds, can have been read."""
UNIT_TOKENS = 128
"""The provider's prefix cache holds whole units (deepseek-api.md, section 3)."""
BUILD_S = 3.0
"""Building a unit takes seconds."""
KEEP_S = 4 * 3600.0
"""And it vanishes after a few hours."""
_OFF_PEAK = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class Ledger:
    """Filled in by the player."""

    keys: int = 0
    """Changes that somebody typed, those spared by accepting left out."""
    asked: int = 0
    answered: int = 0
    """Requests of the editor that were answered with text for the text as it is."""
    remembered: int = 0
    """Of those: without a request to the provider of their own."""
    late: int = 0
    """Answers that came when the text had moved on; an editor drops them."""
    out_of_step: int = 0
    seen: int = 0
    waits_s: list[float] = field(default_factory=list)
    """From the last change or movement to a suggestion that was seen."""
    accepted: int = 0
    accepted_chars: int = 0
    typed_chars: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the table."""

    requests: int
    cancelled: int
    per_100_keys: float
    hit: int
    miss: int
    completion: int
    seen: int
    saved: float
    wait_median_ms: float
    wait_p95_ms: float
    cost_per_accepted_char: float
    """USD per million characters."""


def figures(ledger: Ledger, calls: Sequence[Call]) -> Figures:
    usage = billed(calls)
    cost = cost_usd(catalog(), "deepseek-flash", usage, _OFF_PEAK) or 0.0
    waits = sorted(ledger.waits_s)
    chars = ledger.accepted_chars
    return Figures(
        requests=len(calls),
        cancelled=sum(call.is_cancelled for call in calls),
        per_100_keys=100 * len(calls) / max(1, ledger.keys),
        hit=usage.prompt_hit,
        miss=usage.prompt_miss,
        completion=usage.completion,
        seen=ledger.seen,
        saved=(chars - ledger.accepted) / max(1, ledger.typed_chars + chars),
        wait_median_ms=1000 * statistics.median(waits) if waits else 0.0,
        wait_p95_ms=1000 * waits[int(0.95 * (len(waits) - 1))] if waits else 0.0,
        cost_per_accepted_char=1e6 * cost / chars if chars else float("inf"),
    )


def billed(calls: Sequence[Call]) -> TokenUsage:
    """Tokens as the documentation says they are counted; a hang-up saves only what was not said.

    A prompt hits the longest run of whole units from its start that was sent some seconds before.
    """
    stored: dict[bytes, float] = {}
    hit = miss = completion = 0
    for call in sorted(calls, key=lambda each: each.at):
        units = _units(call.prompt)
        known = 0
        for unit in units:
            since = stored.get(unit)
            if since is None or not BUILD_S <= call.at - since <= KEEP_S:
                break
            known += 1
        for unit in units:
            stored.setdefault(unit, call.at)
        total = tokens(call.prompt) + tokens(call.suffix)
        hit += min(known * UNIT_TOKENS, total)
        miss += total - min(known * UNIT_TOKENS, total)
        completion += round(call.streamed / CHARS_PER_TOKEN)
    return TokenUsage(hit, miss, completion)


def tokens(text: str) -> int:
    """About so many tokens: 3.3 characters of code each, 0.6 for a Chinese character."""
    wide = len(re.findall(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]", text))
    return round((len(text) - wide) / CHARS_PER_TOKEN + 0.6 * wide)


def _units(prompt: str) -> list[bytes]:
    size = round(UNIT_TOKENS * CHARS_PER_TOKEN)
    digest = hashlib.blake2b(digest_size=12)
    units = []
    for start in range(0, len(prompt) - size + 1, size):
        digest.update(prompt[start : start + size].encode("utf-8", "surrogatepass"))
        units.append(digest.copy().digest())
    return units
