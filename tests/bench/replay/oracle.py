"""A model that knows what was typed next, with the latency of a real one. Streams, and counts."""

import asyncio
import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from ds_lsp.providers.base import FimRequest, FimResult, Finish, KeepGoing, Sent, unnoticed
from tests.bench.replay.trace import Step

MEDIAN_S, P90_S = 0.346, 1.157
"""Latency of whole answers as recorded: median and 90th percentile, in seconds."""
CHARS_PER_TOKEN = 3.3
_SIGMA = math.log(P90_S / MEDIAN_S) / 1.2816
_FIRST_SHARE = 0.6
"""How much of the latency passes before the first piece."""
_PIECE_CHARS = 8
_LOOK_AHEAD = 400
"""Edits looked at for what was typed next."""


@dataclass(slots=True)
class Call:
    """One request as it is billed."""

    at: float
    prompt: str
    suffix: str
    streamed: int = 0
    """Characters said before it ended or was hung up on."""
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """What the model says."""

    name: str
    lines: int | None
    """At most so many lines of what was typed next; None: what the recorded assistant said."""
    wrong: float = 0.25
    """So large a share of the answers is wrong from a random place on."""


VARIANTS = (
    Variant("recorded", None, 0.0),
    Variant("1 line", 1),
    Variant("3 lines", 3),
    Variant("10 lines", 10),
)


@dataclass
class Oracle:
    """A metered `FimProvider`. Told before each request where in the session it belongs."""

    steps: Sequence[Step]
    variant: Variant
    name: str = "oracle"
    metered: bool = True
    calls: list[Call] = field(default_factory=list)
    _places: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def expect(self, index: int) -> None:
        """Requests for the text as it is at this step are about to come."""
        step = self.steps[index]
        self._places[_place(step.uri, step.text[: step.cursor], step.text[step.cursor :])] = index

    def answer(self, uri: str, before: str, after: str) -> str:
        index = self._places.get(_place(uri, before, after))
        if index is None:
            return ""
        step = self.steps[index]
        dice = _dice(step, "answer")
        if self.variant.lines is None:
            return self._recorded(index) or ""
        text = "\n".join(truth(self.steps, index).split("\n")[: self.variant.lines])
        if dice.random() < self.variant.wrong and text:
            at = dice.randrange(len(text))
            text = text[:at] + "wrong_" + text[at:]
        return text

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult:
        sent()
        loop = asyncio.get_running_loop()
        prompt = prompt_of(request)
        call = Call(loop.time(), prompt, request.prompt.suffix)
        self.calls.append(call)
        text = self.answer(request.uri, request.prompt.prefix, request.prompt.suffix)
        text = text[: int(request.max_tokens * CHARS_PER_TOKEN)]
        dice = random.Random(_digest(request.uri + request.prompt.prefix[-200:] + "latency"))
        latency = min(MEDIAN_S * math.exp(_SIGMA * dice.gauss(0, 1)), request.timeout_s - 0.1)
        pieces = [text[at : at + _PIECE_CHARS] for at in range(0, len(text), _PIECE_CHARS)]
        said = ""
        try:
            await asyncio.sleep(latency * (_FIRST_SHARE if pieces else 1))
            for piece in pieces:
                said += piece
                call.streamed = len(said)
                if not keep_going(said):
                    return FimResult(said, Finish.CUT)
                await asyncio.sleep(latency * (1 - _FIRST_SHARE) / len(pieces))
        except asyncio.CancelledError:
            call.is_cancelled = True
            raise
        return FimResult(said, Finish.STOP)

    def warm(self) -> None:
        """Nothing to open."""

    async def aclose(self) -> None:
        """Nothing to close."""

    def _recorded(self, index: int) -> str | None:
        """What was offered here, or a little later to somebody who typed along."""
        step = self.steps[index]
        head, tail = step.text[: step.cursor], step.text[step.cursor :]
        for later in self.steps[index : index + 60]:
            if later.uri != step.uri or later.text[later.cursor :] != tail:
                continue
            before = later.text[: later.cursor]
            if not before.startswith(head):
                return None
            if later.recorded is not None:
                return before[len(head) :] + later.recorded
        return None


def prompt_of(request: FimRequest) -> str:
    """Everything in front of the cursor that is sent."""
    return request.prompt.before


def truth(steps: Sequence[Step], index: int) -> str:
    """What came to stand at the cursor of a step, by the edits that went on right there."""
    step = steps[index]
    start = end = step.cursor
    text = ""
    seen = 0
    for later in steps[index + 1 :]:
        if later.uri != step.uri or not later.changes:
            continue
        for a, b, new in later.changes:
            if a < start or b > end:
                return text
            end += len(new) - (b - a)
        text = later.text[start:end]
        seen += 1
        if seen >= _LOOK_AHEAD:
            break
    return text


def _place(uri: str, before: str, after: str) -> tuple[str, str, str]:
    # A suffix of blank lines may have been left out.
    return uri, before[-200:], after[:60].rstrip()


def _dice(step: Step, purpose: str) -> random.Random:
    around = step.text[max(0, step.cursor - 200) : step.cursor + 60]
    return random.Random(_digest(step.uri + around + purpose))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
