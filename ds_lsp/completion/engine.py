"""The life of one completion request, from snapshot to text."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ds_lsp.completion.cache import CompletionCache, Hit, Key
from ds_lsp.completion.context import fim_request
from ds_lsp.completion.debounce import Pace, wait_s
from ds_lsp.completion.inflight import InFlight
from ds_lsp.completion.newest import Newest
from ds_lsp.completion.postprocess.fit import Fitted, fit
from ds_lsp.completion.postprocess.place import Place, place_at
from ds_lsp.completion.request import Completion, CompletionRequest, Origin, Reason, Record
from ds_lsp.completion.shape import max_tokens_for, shape_for
from ds_lsp.completion.trigger import Excludes, refusal
from ds_lsp.completion.watch import watch
from ds_lsp.document import Snapshot
from ds_lsp.errors import ProviderError, Superseded
from ds_lsp.providers.base import FimProvider, FimRequest, FimResult

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Providers:
    """Who is asked, and who fills in where that one fails."""

    first: FimProvider | None
    fallback: FimProvider | None = None


@dataclass(frozen=True, slots=True)
class Events:
    """What the engine tells the session; called on the event loop, must not raise."""

    asking: Callable[[], None] = lambda: None
    """A metered call begins."""
    asked: Callable[[FimRequest, FimResult | None], None] = lambda request, result: None
    """It has ended; None: without an answer, cancelled or failed."""
    worked: Callable[[], None] = lambda: None
    failed: Callable[[ProviderError], None] = lambda error: None


class Engine:
    """Completes; owns what is shared between requests: cache, calls in flight, newest request."""

    def __init__(
        self,
        excludes: Excludes = lambda uri: None,
        events: Events = Events(),
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        in_flight: InFlight | None = None,
    ) -> None:
        self.providers = Providers(None)
        self.cache = CompletionCache(clock)
        self.in_flight = InFlight() if in_flight is None else in_flight
        self.last = Record(reason=Reason.NOTHING_FOUND, detail="no request yet")
        self._excludes = excludes
        self._events = events
        self._clock = clock
        self._sleep = sleep
        self._newest = Newest()
        self._pace = Pace()

    async def complete(self, request: CompletionRequest) -> Completion:
        """Complete at the request's cursor; empty text when there is nothing to offer.

        Raises `Superseded` as soon as a newer request for the document has come.
        """
        record = Record()
        started = self._clock()
        lane = f"{request.lane} {request.snapshot.uri}"
        busy_at = self._pace.busy_at(lane, request.snapshot, started)
        try:
            async with self._newest.enter(lane):
                fitted = await self._fitted(request, busy_at, record)
                return Completion(fitted.text, record, fitted.replaces)
        except Superseded:
            record.reason = Reason.SUPERSEDED
            raise
        except asyncio.CancelledError:
            record.reason = Reason.CANCELLED
            raise
        except Exception as exc:
            # A bug of ours costs one completion. (The formatter leaves its message out.)
            log.exception("completing failed")
            record.reason, record.detail = Reason.BUG, type(exc).__name__
            return Completion("", record)
        finally:
            record.stages_ms["total"] = (self._clock() - started) * 1000
            self.note(record)

    def note(self, record: Record) -> None:
        """Keep the record of the last request, for ``ds-lsp.why`` and the log."""
        self.last = record
        _log(record)

    async def finish(self, request: CompletionRequest) -> bool:
        """Wait for the call a cancelled *request* left behind; whether it found anything.

        For clients that ask again when an answer comes late: it is in the cache by then.
        """
        provider = self.providers.first
        if provider is None or not provider.metered:
            return False
        key = _key(provider, request)
        if key not in self.in_flight:
            return False
        try:
            result = await self.in_flight.fetch(key, lambda: self._ask(provider, key, request))
        except ProviderError:
            return False
        return bool(result.text.strip())

    def use(self, providers: Providers) -> None:
        """Ask other providers from now on; what the earlier ones said is forgotten."""
        self.providers = providers
        self.cache.clear()

    async def aclose(self) -> None:
        await self.in_flight.aclose()

    async def _fitted(self, request: CompletionRequest, busy_at: float, record: Record) -> Fitted:
        refused = refusal(request, self._excludes)
        if refused:
            record.reason, record.detail = refused
            return Fitted("")
        provider = self.providers.first
        if provider is None:
            record.reason = Reason.NO_PROVIDER
            return Fitted("")
        record.provider = provider.name
        with self._stage(record, "context"):
            key = _key(provider, request)
        hit = self._remembered(provider, key, record)
        result = hit.result if hit else None
        if result is None:
            if provider.metered and key not in self.in_flight:
                provider.warm()
                with self._stage(record, "debounce"):
                    await self._sleep(wait_s(request, busy_at, self._clock()))
                if self.providers.first is not provider:
                    # Settings have changed meanwhile; the wait is over.
                    return await self._fitted(request, float("-inf"), record)
            result = await self._result(provider, key, request, record)
        if result is None:
            return Fitted("")
        with self._stage(record, "postprocess"):
            fitted = _fit(result, hit.typed if hit else "", request)
        record.chars, record.rules = len(fitted.text), fitted.rules
        if fitted.text or record.reason is not Reason.PROVIDER_FAILED:
            record.reason = _reason(result.text, fitted.text)
        return fitted

    def _remembered(self, provider: FimProvider, key: Key, record: Record) -> Hit | None:
        if not provider.metered:
            return None
        with self._stage(record, "cache"):
            hit = self.cache.find(key)
        if hit is None:
            return None
        record.source = hit.origin.value
        return hit

    async def _result(
        self, provider: FimProvider, key: Key, request: CompletionRequest, record: Record
    ) -> FimResult | None:
        """What the provider says, or is saying already; else what the fallback does."""
        if not provider.metered:
            return await self._ask_free(provider, key, request, record)
        record.source = Origin.JOINED.value if key in self.in_flight else provider.name
        try:
            with self._stage(record, "provider"):
                result = await self.in_flight.fetch(key, lambda: self._ask(provider, key, request))
        except ProviderError as error:
            record.reason, record.detail = Reason.PROVIDER_FAILED, str(error)
            fallback = self.providers.fallback
            return await self._ask_free(fallback, key, request, record) if fallback else None
        record.usage = result.usage
        return result

    async def _ask(self, provider: FimProvider, key: Key, request: CompletionRequest) -> FimResult:
        """One metered call. It may outlive the request that began it, so it reports by itself."""
        result = None
        self._events.asking()
        try:
            result = await _fill(provider, key, request)
        except ProviderError as error:
            if provider is self.providers.first:
                self._events.failed(error)
            raise
        finally:
            self._events.asked(key.request, result)
        # One that has been replaced meanwhile says nothing about its successor.
        if provider is self.providers.first:
            self.cache.store(key, result)
            self._events.worked()
        return result

    async def _ask_free(
        self, provider: FimProvider, key: Key, request: CompletionRequest, record: Record
    ) -> FimResult:
        record.source = provider.name
        with self._stage(record, provider.name):
            return await _fill(provider, key, request)

    @contextmanager
    def _stage(self, record: Record, name: str) -> Iterator[None]:
        started = self._clock()
        try:
            yield
        finally:
            record.stages_ms[name] = (self._clock() - started) * 1000


def _key(provider: FimProvider, request: CompletionRequest) -> Key:
    return Key(
        provider=provider.name,
        multiline=request.settings.multiline,
        request=fim_request(request.snapshot, request.settings),
    )


def _fit(result: FimResult, typed: str, request: CompletionRequest) -> Fitted:
    """What is shown of an answer, of which something has been *typed* since it was asked for."""
    snapshot = request.snapshot
    if typed:
        # As where it was asked for: what is shown does not shrink while one types along it.
        then = replace(snapshot, before=snapshot.before[: -len(typed)])
        fitted = fit(typed + result.text, _place(then, result, request))
        rest = fitted.text[len(typed) :]
        if fitted.text.startswith(typed) and rest.strip():
            return replace(fitted, text=rest)
    return fit(result.text, _place(snapshot, result, request))


def _place(snapshot: Snapshot, result: FimResult, request: CompletionRequest) -> Place:
    shape = shape_for(snapshot, request.settings.multiline)
    return place_at(snapshot, shape, result.finish, can_replace=request.can_replace)


async def _fill(provider: FimProvider, key: Key, request: CompletionRequest) -> FimResult:
    """What the provider says, up to where the rest would not be shown."""
    shape = shape_for(request.snapshot, request.settings.multiline)
    asked = replace(key.request, max_tokens=max_tokens_for(shape, key.request.max_tokens))
    return await provider.fill(asked, watch(place_at(request.snapshot, shape)))


def _reason(said: str, shown: str) -> Reason:
    if shown:
        return Reason.OFFERED
    return Reason.NOTHING_LEFT if said.strip() else Reason.NOTHING_FOUND


def _log(record: Record) -> None:
    stages = " ".join(f"{name}={ms:.1f}" for name, ms in record.stages_ms.items())
    log.info(
        "completion: %s, from %s, %d chars, fitted by %s, ms: %s",
        record.reason.value,
        record.source or "nowhere",
        record.chars,
        ", ".join(record.rules) or "nothing",
        stages,
    )
