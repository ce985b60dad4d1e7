"""Our engine, and what peers do, re-stated in a few lines each: when to ask, what to reuse."""

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import Protocol

from ds_lsp.completion.engine import Engine, Providers
from ds_lsp.completion.request import CompletionRequest, Trigger
from ds_lsp.errors import Superseded
from ds_lsp.providers.base import (
    FimProvider,
    FimRequest,
    FimResult,
    KeepGoing,
    PromptParts,
    Sent,
    unnoticed,
)
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.snapshot import Snapshot
from tests.unit.fakes import service_of

SETTINGS = CompletionSettings()
WINDOW_CHARS, SUFFIX_CHARS = 5_400, 1_200
"""What our engine sends on average with no other file open, in characters."""


@dataclass(frozen=True, slots=True)
class Offer:
    text: str
    is_fresh: bool
    """Whether a request was made for it, and not only remembered or joined."""
    number: int = 0


class Policy(Protocol):
    name: str

    async def ask(self, snapshot: Snapshot) -> Offer | None: ...

    def accepted(self) -> None: ...

    def rejected(self, number: int) -> None:
        """The user has read this offer, and typed something else."""

    async def aclose(self) -> None: ...


class Ours:
    """The engine with its default settings."""

    name = "ds-lsp"

    def __init__(self, provider: FimProvider) -> None:
        loop = asyncio.get_running_loop()
        self._engine = Engine(clock=loop.time)
        self._engine.use(Providers(service_of(provider, clock=loop.time)))

    async def ask(self, snapshot: Snapshot) -> Offer | None:
        request = CompletionRequest(snapshot, Trigger.AUTOMATIC, SETTINGS)
        try:
            completion = await self._engine.complete(request)
        except Superseded:
            return None
        record = completion.record
        return Offer(completion.text, record.source == "oracle", record.id)

    def accepted(self) -> None:
        self._engine.note_acceptance()

    def rejected(self, number: int) -> None:
        self._engine.note_dismissal(number)

    async def aclose(self) -> None:
        await self._engine.aclose()


class Sliding:
    """A provider whose prompts begin so many characters before the cursor: every key moves that."""

    def __init__(self, provider: FimProvider) -> None:
        self.name, self.metered = provider.name, provider.metered
        self._provider = provider

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult:
        prefix = request.prompt.prefix[-WINDOW_CHARS * 3 // 4 :]
        # Shorter than what the engine sends wherever the file is long enough.
        window = replace(request, prompt=replace(request.prompt, prefix=prefix))
        return await self._provider.fill(window, keep_going, sent)

    def warm(self) -> None:
        self._provider.warm()

    async def aclose(self) -> None:
        await self._provider.aclose()


class OursSliding(Ours):
    """The engine without a head that stays the same."""

    name = "ds-lsp, sliding window"

    def __init__(self, provider: FimProvider) -> None:
        super().__init__(Sliding(provider))


@dataclass
class Peer:
    """Waits, perhaps at most once in a while, asks, and remembers the very same question.

    It asks for the block shape, shows what comes as it is up to a blank line, hangs up when the
    text has changed, and cuts its window of the text by characters.
    """

    name: str
    provider: FimProvider
    debounce_s: float
    throttle_s: float = 0.0
    parallel: int = 1
    remembers: bool = False
    _newest: object = None
    _asked_at: float = float("-inf")
    _known: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _running: "asyncio.Task[str] | None" = None

    async def ask(self, snapshot: Snapshot) -> Offer | None:
        ticket = self._newest = object()
        if self._running:
            self._running.cancel()
            self._running = None
        request = window_by_characters(snapshot)
        key = (request.uri, request.prompt.prefix, request.prompt.suffix)
        if key in self._known:
            return Offer(self._known[key], is_fresh=False)
        await asyncio.sleep(self.debounce_s)
        loop = asyncio.get_running_loop()
        if self._newest is not ticket or loop.time() < self._asked_at + self.throttle_s:
            return None
        self._asked_at = loop.time()
        task = self._running = asyncio.create_task(self._fetch(request))
        with contextlib.suppress(asyncio.CancelledError):
            text = await task
            if self.remembers:
                self._known[key] = text
            return Offer(text, is_fresh=True)
        return None

    async def _fetch(self, request: FimRequest) -> str:
        calls = [self.provider.fill(request, lambda text: True) for _ in range(self.parallel)]
        results = await asyncio.gather(*calls)
        return results[0].text

    def accepted(self) -> None:
        """Nothing follows from it."""

    def rejected(self, number: int) -> None:
        """Nor from this."""

    async def aclose(self) -> None:
        if self._running:
            self._running.cancel()


def window_by_characters(snapshot: Snapshot) -> FimRequest:
    """As much text as our engine sends, its start moving with every keystroke."""
    return FimRequest(
        uri=snapshot.uri,
        language_id=snapshot.language_id,
        prompt=PromptParts(snapshot.before[-WINDOW_CHARS:], snapshot.after[:SUFFIX_CHARS]),
        model=SETTINGS.model,
        max_tokens=SETTINGS.max_tokens,
        temperature=SETTINGS.temperature,
    )


def peers(provider: FimProvider) -> list[Policy]:
    """The four of the issue, by what they do."""
    return [
        Peer("350 ms, exact cache", provider, 0.350, remembers=True),
        Peer("400 ms + 1 s, 3 at once", provider, 0.400, throttle_s=1.0, parallel=3),
        Peer("75 ms, no reuse", provider, 0.075),
        Peer("no debounce", provider, 0.0),
    ]
