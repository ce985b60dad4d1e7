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
from ds_lsp.completion.cache import CacheKey, CompletionCache, cache_key
from ds_lsp.completion.context import Contexts, offerable
from ds_lsp.completion.debounce import TypingRhythm, wait_s
from ds_lsp.completion.dismissed import Dismissed
from ds_lsp.completion.newest import Newest
from ds_lsp.completion.postprocess.fit import Fitted, fit
from ds_lsp.completion.postprocess.place import CursorContext, cursor_context
from ds_lsp.completion.refused import RefusedTexts
from ds_lsp.completion.request import (
    Completion,
    CompletionRequest,
    Origin,
    Reason,
    Record,
    Trigger,
)
from ds_lsp.completion.shape import extent_for, max_tokens_for
from ds_lsp.completion.streams import Streams
from ds_lsp.completion.trigger import (
    Excludes,
    ShownCompletion,
    has_accepted,
    has_taken_back_typo,
    refusal,
    suppression,
)
from ds_lsp.completion.watch import stop_condition
from ds_lsp.document import Snapshot, with_newlines
from ds_lsp.errors import (
    ProviderError,
    RefusedTextError,
    Superseded,
    UnknownModelError,
)
from ds_lsp.providers.base import (
    FimProvider,
    FimRequest,
    FimResult,
    Finish,
    KeepGoing,
    usage_of,
)

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
    ended: Callable[[], None] = lambda: None
    """It has ended, however it did."""
    asked: Callable[[FimRequest, FimResult | None], None] = lambda request, result: None
    """It was sent, and has ended. The answer of a call that was cancelled or broke off ends where
    it did; None: the provider refused, which costs nothing."""
    worked: Callable[[], None] = lambda: None
    failed: Callable[[ProviderError], None] = lambda error: None
    """A metered call has failed."""
    unmet: Callable[[ProviderError], None] = lambda error: None
    """An explicit request got nothing from the provider: its user waits for a word."""
    another_model: Callable[[UnknownModelError], str | None] = lambda error: None
    """The model to ask instead; None: there is none to try."""


ALTERNATIVE_TEMPERATURES = (0.7, 1.0)
"""How the second and the third text for a place are asked for: at 0 all would be the same."""
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
        streams: Streams | None = None,
        breaker: Breaker | None = None,
        contexts: Contexts | None = None,
        allowance: Callable[[], str | None] = lambda: None,
    ) -> None:
        """*allowance*: why nothing may be paid for automatically now; None: go on."""
        self.providers = Providers(None)
        self.breaker = Breaker(clock) if breaker is None else breaker
        self.refused = RefusedTexts(clock)
        self.cache = CompletionCache(clock)
        self.streams = Streams() if streams is None else streams
        self.contexts = Contexts() if contexts is None else contexts
        self.last = Record(reason=Reason.NOTHING_FOUND, detail="no request yet")
        self._excludes = excludes
        self._events = events
        self._allowance = allowance
        self._clock = clock
        self._sleep = sleep
        self._newest = Newest()
        self._shown: LRUCache[str, ShownCompletion] = LRUCache(_MAX_SHOWN)
        self._standing: LRUCache[str, tuple[str, str]] = LRUCache(_MAX_SHOWN)
        self.dismissed = Dismissed(clock)
        self._pace = TypingRhythm()
        self._numbers = itertools.count(1)

    async def complete(self, request: CompletionRequest) -> Completion:
        """Complete at the request's cursor; empty text when there is nothing to offer.

        Raises `Superseded` as soon as a newer request for the document has come.
        """
        record = Record(id=next(self._numbers))
        started = self._clock()
        lane = f"{request.lane} {request.snapshot.uri}"
        busy_at = self._pace.last_activity(lane, request.snapshot, started)
        try:
            async with self._newest.enter(lane):
                completion = await self._completed(request, busy_at, record)
                self._stand(completion, request.snapshot)
                return completion
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

    def _stand(self, completion: Completion, at: Snapshot) -> None:
        """Know what the user sees, so far as anybody can tell."""
        if completion.text:
            self._standing[at.uri] = _place_of(at)
        else:
            self._standing.pop(at.uri, None)

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
        asked = self._asked(provider, request)
        try:
            result = await self.streams.join(asked, _watch(request, asked))
        except (ProviderError, Superseded):
            return False
        return result is not None and bool(result.text.strip())

    def rejected(self, identifier: int) -> None:
        """The user has read what this request was answered with, and gone another way."""
        self.dismissed.dismiss(identifier)
        self._pace.note_dismissal(self._clock())

    def accepted(self) -> None:
        self._pace.note_acceptance(self._clock())

    def use(self, providers: Providers) -> None:
        """Ask other providers from now on; what the earlier ones said is forgotten."""
        self.providers = providers
        self.breaker.reset()
        self.refused.clear()
        self.streams.retire()
        self.forget()

    def forget(self) -> None:
        """What has been said, and where it stands, is as if it had never been."""
        self.cache.clear()
        self._standing.clear()

    async def aclose(self) -> None:
        await self.streams.aclose()

    async def _completed(
        self, request: CompletionRequest, busy_at: float, record: Record
    ) -> Completion:
        refused = refusal(request, self._excludes)
        if refused:
            record.reason, record.detail = refused
            return Completion("", record)
        shown = self._shown.get(request.snapshot.uri, ShownCompletion())
        found = await self._found(request, shown, busy_at, record)
        if found is None:
            return Completion("", record)
        with self._stage(record, "postprocess"):
            fitted = _fit(found, request)
        if request.trigger is Trigger.AUTOMATIC and fitted.text:
            if self.dismissed.holds(request.snapshot, fitted.text):
                if not has_taken_back_typo(request.snapshot):
                    record.reason, record.detail = Reason.DISMISSED, "it was dismissed here before"
                    return Completion("", record)
                self.dismissed.withdraw(request.snapshot, fitted.text)
                self._pace.withdraw_dismissal()
            self.dismissed.note_offer(record.id, request.snapshot, fitted.text)
        said = found.result.text
        if fitted.text:
            self._shown[request.snapshot.uri] = _shown(found.result, fitted)
        record.received, record.chars = len(said), len(fitted.text)
        record.rules = fitted.rules
        if fitted.text or record.reason not in _NOT_ASKED:
            record.reason = _reason(said, fitted.text)
        stands = self._standing.get(request.snapshot.uri) == _place_of(request.snapshot)
        if request.trigger is Trigger.INVOKED and stands:
            with self._stage(record, "alternatives"):
                others = await self._alternatives(request, found.asked, fitted, record)
        else:
            others = ()
        return Completion(fitted.text, record, fitted.replaces, others)

    async def _found(
        self, request: CompletionRequest, shown: ShownCompletion, busy_at: float, record: Record
    ) -> "_Found | None":
        """What a provider says, or said; None: nobody is to be asked."""
        provider = self.providers.first
        if provider is None:
            record.reason = Reason.NO_PROVIDER
            return None
        record.provider = provider.name
        with self._stage(record, "context"):
            asked = self._asked(provider, request)
        record.sent = len(asked.context) + len(asked.prefix) + len(asked.suffix)
        record.masked = asked.masked
        if provider.metered:
            return await self._paid(provider, request, asked, shown, busy_at, record)
        if _is_suppressed(request, shown, record):
            return None
        return await self._free(provider, request, asked, record)

    async def _paid(
        self,
        provider: FimProvider,
        request: CompletionRequest,
        asked: FimRequest,
        shown: ShownCompletion,
        busy_at: float,
        record: Record,
    ) -> "_Found | None":
        """From memory, else from a call that runs, else, after a wait, from one of its own."""
        spot = _spot(provider, request, asked)
        self.streams.follow(asked)
        has_waited = False
        while True:
            with self._stage(record, "cache"):
                hit = self.cache.find(spot)
            # One who asks explicitly where an answer ended wants more, and may be lucky.
            is_end = hit and not hit.result.text and hit.origin is not Origin.EXACT
            if hit and not (is_end and request.trigger is Trigger.INVOKED):
                record.source = hit.origin.value
                return _Found(asked, hit.result, hit.typed)
            joins = self.streams.serves(asked)
            if not joins and not has_waited:
                if _is_suppressed(request, shown, record):
                    return None
                if not self._is_held_back(request, asked):
                    provider.warm()
                    with self._stage(record, "debounce"):
                        await self._sleep(self._wait_s(request, busy_at, shown))
                    if self.providers.first is not provider:
                        # Settings have changed meanwhile; the wait is over.
                        return await self._found(request, shown, float("-inf"), record)
                # What was asked for meanwhile may serve.
                has_waited = True
                continue
            if not joins:
                refusal = self._refusal_to_pay(request, asked, record)
                if refusal:
                    return await self._fallback(refusal, request, asked, record)
            record.source = Origin.JOINED.value if joins else provider.name
            try:
                with self._stage(record, "provider"):
                    found = await self._heard(provider, request, asked, spot)
            except ProviderError as error:
                if request.trigger is Trigger.INVOKED:
                    self._events.unmet(error)
                record.reason = Reason.PROVIDER_FAILED
                return await self._fallback(str(error), request, asked, record)
            if found is not None:
                record.usage = found.result.usage
                return found

    async def _heard(
        self, provider: FimProvider, request: CompletionRequest, asked: FimRequest, spot: CacheKey
    ) -> "_Found | None":
        """What a call says that runs already, or begins here; None: it went elsewhere."""
        if not self.streams.serves(asked):
            self.streams.begin(asked, lambda hear: self._ask(provider, spot, asked, request, hear))
        typed = self.streams.typed(asked)
        result = await self.streams.join(asked, _watch(request, asked))
        return None if result is None else _Found(asked, result, typed)

    def _wait_s(self, request: CompletionRequest, busy_at: float, shown: ShownCompletion) -> float:
        if has_accepted(request.snapshot, shown):
            # What comes after it is wanted now.
            return 0.0
        return wait_s(request, busy_at, self._clock(), self._pace)

    def _is_held_back(self, request: CompletionRequest, asked: FimRequest) -> bool:
        is_automatic = request.trigger is Trigger.AUTOMATIC
        is_refused = self.refused.refuses(asked.uri, asked.prefix + asked.suffix)
        return is_automatic and bool(is_refused or self.breaker.refuses() or self._allowance())

    def _refusal_to_pay(
        self, request: CompletionRequest, asked: FimRequest, record: Record
    ) -> str | None:
        """Why no call may begin for this request now; None: go on."""
        if request.trigger is not Trigger.AUTOMATIC:
            return None
        over_limit = self._allowance()
        if over_limit:
            record.reason = Reason.OVER_LIMIT
            return over_limit
        is_refused = self.refused.refuses(asked.uri, asked.prefix + asked.suffix)
        trouble = is_refused or self.breaker.admit()
        if trouble:
            record.reason = Reason.HELD_BACK
        return str(trouble) if trouble else None

    async def _alternatives(
        self, request: CompletionRequest, asked: FimRequest, first: Fitted, record: Record
    ) -> tuple[Completion, ...]:
        """Other texts than *first*, each asked for after the one before it, and remembered.

        They are an extra: trouble ends them without a word.
        """
        provider = self.providers.first
        if provider is None or not provider.metered or self._allowance() or self.breaker.refuses():
            return ()
        others = [first]
        for temperature in ALTERNATIVE_TEMPERATURES:
            asked = replace(asked, temperature=temperature)
            spot = _spot(provider, request, asked)
            hit = self.cache.find(spot)
            try:
                if hit:
                    found: _Found | None = _Found(asked, hit.result, hit.typed)
                else:
                    found = await self._heard(provider, request, asked, spot)
            except ProviderError:
                break
            fitted = _fit(found, request) if found else Fitted("")
            if fitted.text and fitted.text not in [each.text for each in others]:
                others.append(fitted)
        return tuple(Completion(each.text, record, each.replaces) for each in others[1:])

    async def _ask(
        self,
        provider: FimProvider,
        spot: CacheKey,
        asked: FimRequest,
        request: CompletionRequest,
        hear: KeepGoing,
    ) -> FimResult:
        """What the provider says, by another model where the one that was set is gone.

        It may outlive the request that began it, so it reports by itself; but one that has been
        replaced meanwhile says nothing about its successor.
        """
        started = self._clock()
        while True:
            try:
                result = await self._call(provider, spot, asked, request, hear)
                self._pace.note_latency(self._clock() - started)
            except ProviderError as error:
                if provider is not self.providers.first:
                    raise
                model = self._another_model(error)
                if model is None:
                    self._note_failure(error, started, asked)
                    raise
                asked = replace(asked, model=model)
                spot = _spot(provider, request, asked)
            else:
                break
        if provider is self.providers.first:
            self.cache.store(spot, result)
            self.contexts.learn(asked, result)
            self.breaker.worked(started)
            self.refused.worked(asked.uri)
            self._events.worked()
        return result

    def _note_failure(self, error: ProviderError, started: float, asked: FimRequest) -> None:
        """Draw the consequences for later requests: of all documents, or of this one."""
        if not isinstance(error, RefusedTextError) or self.refused.failed(
            asked.uri,
            error,
            text=asked.prefix + asked.suffix,
            had_context=bool(asked.context),
        ):
            self.breaker.failed(error, started)
        self._events.failed(error)

    async def _call(
        self,
        provider: FimProvider,
        spot: CacheKey,
        asked: FimRequest,
        request: CompletionRequest,
        hear: KeepGoing,
    ) -> FimResult:
        """One metered call; *hear* is told all that was said so far, and whether to go on."""
        said = ""

        def keep_going(text: str) -> bool:
            nonlocal said
            said = text
            return hear(text)

        is_sent = False

        def mark_sent() -> None:
            nonlocal is_sent
            is_sent = True

        shape = extent_for(request.snapshot, request.settings.multiline)
        result = None
        self._events.asking()
        try:
            max_tokens = max_tokens_for(shape, asked.max_tokens)
            capped = replace(asked, max_tokens=max_tokens)
            result = await provider.fill(capped, keep_going, mark_sent)
        except asyncio.CancelledError:
            result = FimResult(said, Finish.CUT)
            if said and provider is self.providers.first:
                # Hung up on in the middle of a word, perhaps, as at the limit of tokens.
                self.cache.store(spot, FimResult(said, Finish.LENGTH))
            raise
        except ProviderError as error:
            may_be_billed, usage = usage_of(error)
            result = FimResult(said, Finish.CUT, usage) if said or may_be_billed else None
            raise
        finally:
            if is_sent:
                self._events.asked(asked, result)
            self._events.ended()
        return result

    def _another_model(self, error: ProviderError) -> str | None:
        if isinstance(error, UnknownModelError):
            return self._events.another_model(error)
        return None

    async def _fallback(
        self, trouble: str, request: CompletionRequest, asked: FimRequest, record: Record
    ) -> "_Found | None":
        record.source, record.detail = "", trouble
        fallback = self.providers.fallback
        return await self._free(fallback, request, asked, record) if fallback else None

    async def _free(
        self, provider: FimProvider, request: CompletionRequest, asked: FimRequest, record: Record
    ) -> "_Found":
        record.source = provider.name
        with self._stage(record, provider.name):
            return _Found(asked, await provider.fill(asked, _watch(request, asked)))

    def _asked(self, provider: FimProvider, request: CompletionRequest) -> FimRequest:
        asked = self.contexts.request(request.snapshot, request.settings, metered=provider.metered)
        if self.refused.knows(asked.uri):
            # An excerpt may be what was refused.
            return replace(asked, context="", markers=())
        return asked

    @contextmanager
    def _stage(self, record: Record, name: str) -> Iterator[None]:
        started = self._clock()
        try:
            yield
        finally:
            record.stages_ms[name] = (self._clock() - started) * 1000


@dataclass(frozen=True, slots=True)
class _Found:
    """What a provider said, as far as it lies beyond what was *typed* since it was asked."""

    asked: FimRequest
    result: FimResult
    typed: str = ""


def _spot(provider: FimProvider, request: CompletionRequest, asked: FimRequest) -> CacheKey:
    return cache_key(asked, provider.name, request.settings.multiline)


def _watch(request: CompletionRequest, asked: FimRequest) -> KeepGoing:
    """Whether more of an answer would be shown."""
    return stop_condition(_place(request.snapshot, Finish.STOP, request, asked.markers))


def _is_suppressed(request: CompletionRequest, shown: ShownCompletion, record: Record) -> bool:
    suppressed = suppression(request, shown)
    if suppressed:
        record.reason, record.detail = suppressed
    return suppressed is not None


def _fit(found: _Found, request: CompletionRequest) -> Fitted:
    """What is shown of an answer."""
    return _without_secrets(_fitted(found, request), request.snapshot)


def _fitted(found: _Found, request: CompletionRequest) -> Fitted:
    snapshot, result, markers = request.snapshot, found.result, found.asked.markers
    typed = found.typed.replace("\n", snapshot.eol)
    if typed and snapshot.before.endswith(typed):
        # As where it was asked for: what is shown does not shrink while one types along it.
        then = replace(snapshot, before=snapshot.before[: -len(typed)])
        fitted = fit(typed + result.text, _place(then, result.finish, request, markers))
        rest = fitted.text[len(typed) :]
        if fitted.text.startswith(typed) and rest.strip():
            return replace(fitted, text=rest)
    return fit(result.text, _place(snapshot, result.finish, request, markers))


def _shown(result: FimResult, fitted: Fitted) -> ShownCompletion:
    beyond = result.text.removeprefix(fitted.text)
    ends_line = beyond.startswith(("\n", "\r")) or (not beyond and result.finish is Finish.STOP)
    return ShownCompletion(fitted.text, ends_line)


def _place_of(at: Snapshot) -> tuple[str, str]:
    return at.line_before, at.line_after


def _without_secrets(fitted: Fitted, at: Snapshot) -> Fitted:
    """Whole lines above a secret, or above filler in the place of one, that leave nothing open."""
    kept = offerable(fitted.text, at)
    if kept == fitted.text:
        return fitted
    lines = with_newlines(kept).split("\n")[:-1]
    while lines and _leaves_open("\n".join(lines)):
        lines.pop()
    text = "\n".join(lines).rstrip().replace("\n", at.eol)
    return Fitted(text, 0, (*fitted.rules, "cut_at_secret"))


def _leaves_open(text: str) -> bool:
    return any(text.count(opener) > text.count(closer) for opener, closer in ("()", "[]", "{}"))


def _place(
    snapshot: Snapshot, finish: Finish, request: CompletionRequest, markers: tuple[str, ...]
) -> CursorContext:
    shape = extent_for(snapshot, request.settings.multiline)
    return cursor_context(snapshot, shape, finish, markers=markers, can_replace=request.can_replace)


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
