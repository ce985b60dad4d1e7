"""The life of one completion request, from snapshot to text."""

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from cachetools import LRUCache

from ds_lsp.completion.breaker import Breaker
from ds_lsp.completion.cache import CompletionCache, Hit, Key
from ds_lsp.completion.context import Contexts, offerable
from ds_lsp.completion.debounce import Pace, wait_s
from ds_lsp.completion.dismissed import Dismissed
from ds_lsp.completion.inflight import InFlight
from ds_lsp.completion.newest import Newest
from ds_lsp.completion.postprocess.fit import Fitted, fit
from ds_lsp.completion.postprocess.place import Place, place_at
from ds_lsp.completion.request import (
    Completion,
    CompletionRequest,
    Origin,
    Reason,
    Record,
    Trigger,
)
from ds_lsp.completion.shape import max_tokens_for, shape_for
from ds_lsp.completion.trigger import Excludes, refusal, suppression
from ds_lsp.completion.watch import watch
from ds_lsp.document import LINE_END, Snapshot
from ds_lsp.errors import ProviderError, Superseded, UnknownModelError
from ds_lsp.providers.base import FimProvider, FimRequest, FimResult, Finish, KeepGoing

log = logging.getLogger(__name__)

_MAX_SHOWN = 64


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
    """It has ended. One that was hung up on or broke off is cut where it was; None: it failed
    before it said anything."""
    worked: Callable[[], None] = lambda: None
    failed: Callable[[ProviderError], None] = lambda error: None
    """A metered call has failed."""
    unmet: Callable[[ProviderError], None] = lambda error: None
    """An explicit request got nothing from the provider: its user waits for a word."""
    another_model: Callable[[UnknownModelError], str | None] = lambda error: None
    """The model to ask instead; None: there is none to try."""


_NOT_ASKED = (Reason.PROVIDER_FAILED, Reason.HELD_BACK, Reason.OVER_LIMIT)
"""Why the provider gave nothing, where the fallback has nothing either."""


class Engine:
    """Completes; owns what is shared between requests: cache, calls in flight, newest request."""

    def __init__(
        self,
        excludes: Excludes = lambda snapshot: None,
        events: Events = Events(),
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        in_flight: InFlight | None = None,
        breaker: Breaker | None = None,
        contexts: Contexts | None = None,
        allowance: Callable[[], str | None] = lambda: None,
    ) -> None:
        """*allowance*: why nothing may be paid for automatically now; None: go on."""
        self.providers = Providers(None)
        self.breaker = Breaker(clock) if breaker is None else breaker
        self.cache = CompletionCache(clock)
        self.in_flight = InFlight() if in_flight is None else in_flight
        self.contexts = Contexts() if contexts is None else contexts
        self.last = Record(reason=Reason.NOTHING_FOUND, detail="no request yet")
        self._excludes = excludes
        self._events = events
        self._allowance = allowance
        self._clock = clock
        self._sleep = sleep
        self._newest = Newest()
        self._shown: LRUCache[str, str] = LRUCache(_MAX_SHOWN)
        self.dismissed = Dismissed(clock)
        self._pace = Pace()
        self._numbers = itertools.count(1)

    async def complete(self, request: CompletionRequest) -> Completion:
        """Complete at the request's cursor; empty text when there is nothing to offer.

        Raises `Superseded` as soon as a newer request for the document has come.
        """
        record = Record(id=next(self._numbers))
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
            self._note(record)

    def turn_away(self, reason: Reason) -> Completion:
        """Answer a request that never came to be one, with nothing."""
        record = Record(id=next(self._numbers), reason=reason)
        self._note(record)
        return Completion("", record)

    def _note(self, record: Record) -> None:
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
        key = self._key(provider, request)
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
        self.breaker.reset()
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
            key = self._key(provider, request)
        record.sent = len(key.request.context) + len(key.request.prefix) + len(key.request.suffix)
        record.masked = key.request.masked
        hit = self._remembered(provider, key, record)
        result = hit.result if hit else None
        if result is None:
            shown = self._shown.get(request.snapshot.uri, "")
            suppressed = None if key in self.in_flight else suppression(request, shown)
            if suppressed:
                record.reason, record.detail = suppressed
                return Fitted("")
            if self._is_to_be_asked(provider, key, request):
                provider.warm()
                with self._stage(record, "debounce"):
                    await self._sleep(wait_s(request, busy_at, self._clock(), self._pace))
                if self.providers.first is not provider:
                    # Settings have changed meanwhile; the wait is over.
                    return await self._fitted(request, float("-inf"), record)
            result = await self._result(provider, key, request, record)
        if result is None:
            return Fitted("")
        with self._stage(record, "postprocess"):
            fitted = _fit(result, hit.typed if hit else "", request, key.request.markers)
            fitted = _without_secrets(fitted, request.snapshot)
        if request.trigger is Trigger.AUTOMATIC and fitted.text:
            if self.dismissed.holds(request.snapshot, fitted.text):
                record.reason, record.detail = Reason.DISMISSED, "it was dismissed here before"
                return Fitted("")
            self.dismissed.offered(record.id, request.snapshot, fitted.text)
        if fitted.text:
            self._shown[request.snapshot.uri] = fitted.text
        record.received, record.chars = len(result.text), len(fitted.text)
        record.rules = fitted.rules
        if fitted.text or record.reason not in _NOT_ASKED:
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

    def _is_to_be_asked(self, provider: FimProvider, key: Key, request: CompletionRequest) -> bool:
        """Whether this request comes to begin a metered call, unless something changes first."""
        is_held_back = request.trigger is Trigger.AUTOMATIC and (
            self.breaker.refuses() or self._allowance()
        )
        return provider.metered and key not in self.in_flight and not is_held_back

    async def _result(
        self, provider: FimProvider, key: Key, request: CompletionRequest, record: Record
    ) -> FimResult | None:
        """What the provider says, or is saying already; else what the fallback does."""
        if not provider.metered:
            return await self._ask_free(provider, key, request, record)
        is_joining = key in self.in_flight
        if request.trigger is Trigger.AUTOMATIC and not is_joining:
            over_limit = self._allowance()
            if over_limit:
                record.reason = Reason.OVER_LIMIT
                return await self._ask_fallback(over_limit, key, request, record)
            trouble = self.breaker.admit()
            if trouble:
                record.reason = Reason.HELD_BACK
                return await self._ask_fallback(str(trouble), key, request, record)
        record.source = Origin.JOINED.value if is_joining else provider.name
        try:
            with self._stage(record, "provider"):
                result = await self.in_flight.fetch(key, lambda: self._ask(provider, key, request))
        except ProviderError as error:
            if request.trigger is Trigger.INVOKED:
                self._events.unmet(error)
            record.reason = Reason.PROVIDER_FAILED
            return await self._ask_fallback(str(error), key, request, record)
        record.usage = result.usage
        return result

    async def _ask(self, provider: FimProvider, key: Key, request: CompletionRequest) -> FimResult:
        """What the provider says, by another model where the one that was set is gone.

        It may outlive the request that began it, so it reports by itself; but one that has been
        replaced meanwhile says nothing about its successor.
        """
        started = self._clock()
        while True:
            try:
                result = await self._call(provider, key, request)
                self._pace.answered(self._clock() - started)
            except ProviderError as error:
                if provider is not self.providers.first:
                    raise
                model = self._another_model(error)
                if model is None:
                    self.breaker.failed(error, started)
                    self._events.failed(error)
                    raise
                key = replace(key, request=replace(key.request, model=model))
            else:
                break
        if provider is self.providers.first:
            self.cache.store(key, result)
            self.contexts.learn(key.request, result)
            self.breaker.worked(started)
            self._events.worked()
        return result

    async def _call(self, provider: FimProvider, key: Key, request: CompletionRequest) -> FimResult:
        """One metered call."""
        said = ""
        asked, wants_more = _question(key, request)

        def keep_going(text: str) -> bool:
            nonlocal said
            said = text
            return wants_more(text)

        result = None
        self._events.asking()
        try:
            result = await provider.fill(asked, keep_going)
        except asyncio.CancelledError:
            result = FimResult(said, Finish.CUT)
            raise
        except ProviderError:
            result = FimResult(said, Finish.CUT) if said else None
            raise
        finally:
            self._events.asked(key.request, result)
        return result

    def _another_model(self, error: ProviderError) -> str | None:
        if isinstance(error, UnknownModelError):
            return self._events.another_model(error)
        return None

    async def _ask_fallback(
        self, trouble: str, key: Key, request: CompletionRequest, record: Record
    ) -> FimResult | None:
        record.source, record.detail = "", trouble
        fallback = self.providers.fallback
        return await self._ask_free(fallback, key, request, record) if fallback else None

    async def _ask_free(
        self, provider: FimProvider, key: Key, request: CompletionRequest, record: Record
    ) -> FimResult:
        record.source = provider.name
        with self._stage(record, provider.name):
            return await provider.fill(*_question(key, request))

    def _key(self, provider: FimProvider, request: CompletionRequest) -> Key:
        snapshot, settings = request.snapshot, request.settings
        return Key(
            provider=provider.name,
            multiline=settings.multiline,
            request=self.contexts.request(snapshot, settings, metered=provider.metered),
        )

    @contextmanager
    def _stage(self, record: Record, name: str) -> Iterator[None]:
        started = self._clock()
        try:
            yield
        finally:
            record.stages_ms[name] = (self._clock() - started) * 1000


def _fit(
    result: FimResult, typed: str, request: CompletionRequest, markers: tuple[str, ...]
) -> Fitted:
    """What is shown of an answer, of which something has been *typed* since it was asked for."""
    snapshot = request.snapshot
    if typed:
        # As where it was asked for: what is shown does not shrink while one types along it.
        then = replace(snapshot, before=snapshot.before[: -len(typed)])
        fitted = fit(typed + result.text, _place(then, result, request, markers))
        rest = fitted.text[len(typed) :]
        if fitted.text.startswith(typed) and rest.strip():
            return replace(fitted, text=rest)
    return fit(result.text, _place(snapshot, result, request, markers))


def _without_secrets(fitted: Fitted, at: Snapshot) -> Fitted:
    """Whole lines above a secret, or above filler in the place of one, that leave nothing open."""
    kept = offerable(fitted.text, at)
    if kept == fitted.text:
        return fitted
    lines = LINE_END.sub("\n", kept).split("\n")[:-1]
    while lines and _leaves_open("\n".join(lines)):
        lines.pop()
    text = "\n".join(lines).rstrip().replace("\n", at.eol)
    return Fitted(text, 0, (*fitted.rules, "cut_at_secret"))


def _leaves_open(text: str) -> bool:
    return any(text.count(opener) > text.count(closer) for opener, closer in ("()", "[]", "{}"))


def _place(
    snapshot: Snapshot, result: FimResult, request: CompletionRequest, markers: tuple[str, ...]
) -> Place:
    shape = shape_for(snapshot, request.settings.multiline)
    return place_at(
        snapshot, shape, result.finish, markers=markers, can_replace=request.can_replace
    )


def _question(key: Key, request: CompletionRequest) -> tuple[FimRequest, KeepGoing]:
    """What is asked, and whether more of the answer would be shown."""
    shape = shape_for(request.snapshot, request.settings.multiline)
    asked = replace(key.request, max_tokens=max_tokens_for(shape, key.request.max_tokens))
    return asked, watch(place_at(request.snapshot, shape, markers=asked.markers))


def _reason(said: str, shown: str) -> Reason:
    if shown:
        return Reason.OFFERED
    return Reason.NOTHING_LEFT if said.strip() else Reason.NOTHING_FOUND


def _log(record: Record) -> None:
    """One line for each request. Everything in it is a number or a word of ours."""
    words = [record.reason.value, f"from {record.source or 'nowhere'}"]
    words += [f"{name} {value}" for name, value in record.sizes().items()]
    words += [f"{name} {ms:.1f} ms" for name, ms in record.stages_ms.items()]
    words += [f"cut by {rule}" for rule in record.rules]
    words += [f"masked {rule}" for rule in record.masked]
    log.info("completion %d: %s", record.id, ", ".join(words))
