"""The life of one completion request, from snapshot to text.

`Engine.complete` reads top to bottom: the cheapest source comes first. What was said before is in
the cache; a call that runs may be about to say it; else, once typing rests, a call begins. Where
the provider cannot be asked, or fails, the fallback completes from the workspace's own text.
"""

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from ds_lsp.completion.answer import ProviderAnswer, fit_answer, shown_of
from ds_lsp.completion.attempt import Attempt
from ds_lsp.completion.cache import CompletionCache
from ds_lsp.completion.call import Memory, call_service
from ds_lsp.completion.debounce import TypingRhythm, wait_s
from ds_lsp.completion.in_flight import InFlightCalls
from ds_lsp.completion.outcomes import Outcome, OutcomeEvent
from ds_lsp.completion.postprocess.rules import Fitted
from ds_lsp.completion.prompt.window import PromptBuilder
from ds_lsp.completion.request import Completion, CompletionRequest, Origin, Reason, Record
from ds_lsp.completion.shown import ShownCompletions
from ds_lsp.completion.supersede import Superseding
from ds_lsp.completion.trigger import Excludes, has_accepted, refusal
from ds_lsp.errors import (
    Blocked,
    ProviderError,
    Superseded,
    TooManyCalls,
)
from ds_lsp.providers.base import FimProvider, FimRequest
from ds_lsp.service.service import Service

log = logging.getLogger(__name__)

ALTERNATIVE_TEMPERATURES = (0.7, 1.0)
"""Temperatures of the second and the third text for a place: at 0 all would be the same."""


@dataclass(frozen=True, slots=True)
class Providers:
    """The provider to ask, and the fallback if it fails."""

    first: FimProvider | None
    fallback: FimProvider | None = None


class Engine:
    """Completes; owns what requests share: the cache, the calls in flight, the newest request."""

    def __init__(
        self,
        excludes: Excludes = lambda snapshot: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        in_flight: InFlightCalls | None = None,
        prompts: PromptBuilder | None = None,
    ) -> None:
        self.providers = Providers(None)
        self.cache = CompletionCache(clock)
        self.in_flight = InFlightCalls() if in_flight is None else in_flight
        self.prompts = PromptBuilder() if prompts is None else prompts
        self.shown = ShownCompletions(clock)
        self.last = Record(reason=Reason.NOTHING_FOUND, detail="no request yet")
        self._excludes = excludes
        self._clock = clock
        self._sleep = sleep
        self._superseding = Superseding()
        self._rhythm = TypingRhythm()
        self._memory = Memory(
            self.cache, self.prompts, self._rhythm, clock, lambda service: service is self.service
        )
        self._numbers = itertools.count(1)

    @property
    def service(self) -> Service | None:
        """The paid service that is asked first."""
        first = self.providers.first
        return first if isinstance(first, Service) else None

    # The life of one request.

    async def complete(self, request: CompletionRequest) -> Completion:
        """Complete at the request's cursor; empty text when there is nothing to offer.

        Raises `Superseded` as soon as a newer request for the document has come.
        """
        attempt = self._begin(request)
        completion = attempt.nothing
        with self._recorded(attempt.record):
            async with self._superseding.enter(request.queue):
                if refused := refusal(request, self._excludes):
                    attempt.skip(*refused)
                elif answer := await self._answer(attempt):
                    completion = await self._present(attempt, answer)
                self.shown.note_standing(completion, request.snapshot)
        return completion

    async def _answer(self, attempt: Attempt) -> ProviderAnswer | None:
        """Return what is remembered, else what a call says; None: the reason is recorded."""
        has_settled = False
        while provider := self._address(attempt):
            if not isinstance(provider, Service):
                return None if attempt.suppress() else await self._fill(attempt, provider)
            if answer := self._remembered(attempt):
                return answer
            # There are three cases: a call that runs, or may begin now, is listened to; no call is
            # to begin here; one may begin once typing rests.
            try:
                if has_settled or self.in_flight.serves(attempt.asked):
                    if answer := await self._generate(attempt, provider):
                        return answer
                elif attempt.suppress():
                    return None
                else:
                    await self._settle(attempt, provider)
                    has_settled = True
            except (Blocked, TooManyCalls, ProviderError) as trouble:
                return await self._fall_back(attempt, provider, trouble)
        return None

    async def _settle(self, attempt: Attempt, service: Service) -> None:
        """Wait until typing rests, unless no call may begin then."""
        service.refresh(attempt.asked)
        if attempt.is_automatic and service.blocked(attempt.asked):
            return
        service.warm()
        with attempt.stage("debounce"):
            await self._sleep(self._wait_s(attempt))

    async def _generate(self, attempt: Attempt, service: Service) -> ProviderAnswer | None:
        """Join the call that serves this text, else begin one; None: it said something else.

        Raises `ProviderError`, `Blocked` and `TooManyCalls`.
        """
        attempt.record.source = Origin.JOINED.value
        if not self.in_flight.serves(attempt.asked):
            if attempt.is_automatic:
                service.admit(attempt.asked)
            attempt.record.source = service.name
            call = partial(call_service, service, attempt.asked, attempt.request, self._memory)
            self.in_flight.begin(attempt.asked, call)
        typed = self.in_flight.find_typed(attempt.asked)
        with attempt.stage("provider"):
            result = await self.in_flight.join(attempt.asked, attempt.wants_more())
        return ProviderAnswer(attempt.asked, result, typed) if result else None

    async def _present(self, attempt: Attempt, answer: ProviderAnswer) -> Completion:
        """Fit the answer to the document; hold back what was dismissed here."""
        with attempt.stage("postprocess"):
            fitted = fit_answer(answer, attempt.request)
        if attempt.is_automatic and self.shown.is_unwanted(attempt.request.snapshot, fitted.text):
            return attempt.skip(Reason.DISMISSED, "it was dismissed here before")
        self._remember_shown(attempt, answer, fitted)
        attempt.record.note_answer(answer.result, fitted.text, fitted.rules)
        others = await self._alternatives(attempt, fitted)
        return Completion(fitted.text, attempt.record, fitted.replaces, others)

    # What it is made of.

    def _begin(self, request: CompletionRequest) -> Attempt:
        now, at = self._clock(), request.snapshot
        return Attempt(
            request,
            Record(id=next(self._numbers)),
            self._rhythm.last_activity(request.queue, at, now),
            self.shown.last(at.uri),
            self._clock,
        )

    @contextmanager
    def _recorded(self, record: Record) -> Iterator[None]:
        """Keep the record of a request, however it ends. A bug of ours costs one completion."""
        started = self._clock()
        try:
            yield
        except Superseded:
            record.reason = Reason.SUPERSEDED
            raise
        except asyncio.CancelledError:
            record.reason = Reason.CANCELLED
            raise
        except Exception as exc:
            # The log's formatter leaves the message out: it may hold the user's text.
            log.exception("completing failed")
            record.reason, record.detail = Reason.BUG, type(exc).__name__
        finally:
            record.stages_ms["total"] = (self._clock() - started) * 1000
            self._note(record)

    def _address(self, attempt: Attempt) -> FimProvider | None:
        """Make the request for the provider in use, unless that has been done; return it."""
        provider = self.providers.first
        if provider is None:
            attempt.skip(Reason.NO_PROVIDER)
        elif provider is not attempt.provider:
            # Settings may have changed while typing came to rest: the wait is over.
            attempt.last_activity = attempt.last_activity if not attempt.provider else float("-inf")
            with attempt.stage("context"):
                attempt.address(provider, self._request(provider, attempt.request))
            if provider.metered:
                self.in_flight.follow(attempt.asked)
        return provider

    def _request(self, provider: FimProvider, request: CompletionRequest) -> FimRequest:
        asked = self.prompts.build_request(
            request.snapshot, request.settings, metered=provider.metered
        )
        if isinstance(provider, Service) and provider.refused.knows(asked.uri):
            # An excerpt may be what was refused.
            return replace(asked, prompt=replace(asked.prompt, excerpts=()))
        return asked

    def _remembered(self, attempt: Attempt) -> ProviderAnswer | None:
        """Return the answer that the cache has for this place."""
        with attempt.stage("cache"):
            hit = self.cache.find(attempt.key) if attempt.key else None
        if hit is None:
            return None
        # At the end of a cached answer, an explicit request asks the model again.
        is_end = not hit.result.text and hit.origin is not Origin.EXACT
        if is_end and not attempt.is_automatic:
            return None
        attempt.record.source = hit.origin.value
        return ProviderAnswer(attempt.asked, hit.result, hit.typed)

    def _wait_s(self, attempt: Attempt) -> float:
        if has_accepted(attempt.request.snapshot, attempt.shown):
            # The line after an accepted completion is wanted now.
            return 0.0
        return wait_s(attempt.request, attempt.last_activity, self._clock(), self._rhythm)

    async def _fall_back(
        self, attempt: Attempt, service: Service, trouble: Exception
    ) -> ProviderAnswer | None:
        """Record the trouble, tell the user who waits of a failure, and ask the fallback."""
        match trouble:
            case Blocked(is_over_limit=True):
                reason = Reason.OVER_LIMIT
            case ProviderError():
                reason = Reason.PROVIDER_FAILED
            case _:
                reason = Reason.HELD_BACK
        attempt.skip(reason, str(trouble))
        attempt.record.source = ""
        if not attempt.is_automatic:
            service.explicit_request_failed(trouble)
        fallback = self.providers.fallback
        return await self._fill(attempt, fallback) if fallback else None

    async def _fill(self, attempt: Attempt, provider: FimProvider) -> ProviderAnswer:
        """Ask a provider that costs nothing."""
        attempt.record.source = provider.name
        with attempt.stage(provider.name):
            return ProviderAnswer(
                attempt.asked, await provider.fill(attempt.asked, attempt.wants_more())
            )

    def _remember_shown(self, attempt: Attempt, answer: ProviderAnswer, fitted: Fitted) -> None:
        """Remember a completion that is offered, so that it can be known as dismissed."""
        at, dismissed = attempt.request.snapshot, self.shown.dismissed
        if not fitted.text:
            return
        if attempt.is_automatic:
            if dismissed.holds(at, fitted.text):
                # Only a typo was typed over it.
                dismissed.withdraw(at, fitted.text)
                self._rhythm.withdraw_dismissal()
            dismissed.note_offer(attempt.record.id, at, fitted.text)
        self.shown.note(at.uri, shown_of(answer.result, fitted))

    async def _alternatives(self, attempt: Attempt, first: Fitted) -> tuple[Completion, ...]:
        """Return other texts than *first* where an explicit request asks for them.

        That is where a completion stands already. Each is asked for after the one before it;
        trouble ends them without a word, as they are an extra.
        """
        service = attempt.provider
        if attempt.is_automatic or not self.shown.stands_at(attempt.request.snapshot):
            return ()
        if not isinstance(service, Service) or service.blocked(attempt.asked):
            return ()
        with attempt.stage("alternatives"):
            others = await self._other_texts(attempt, service, first)
        return tuple(Completion(each.text, attempt.record, each.replaces) for each in others)

    async def _other_texts(
        self, attempt: Attempt, service: Service, first: Fitted
    ) -> Sequence[Fitted]:
        others, source = [first], attempt.record.source
        for temperature in ALTERNATIVE_TEMPERATURES:
            attempt.address(service, replace(attempt.asked, temperature=temperature))
            try:
                answer = self._remembered(attempt) or await self._generate(attempt, service)
            except (Blocked, TooManyCalls, ProviderError):
                break
            finally:
                attempt.record.source = source
            fitted = fit_answer(answer, attempt.request) if answer else Fitted("")
            if fitted.text and fitted.text not in [each.text for each in others]:
                others.append(fitted)
        return others[1:]

    # What else happens to it.

    def skip(self, reason: Reason) -> Completion:
        """Answer a request that is not completed, with nothing."""
        record = Record(id=next(self._numbers), reason=reason)
        self._note(record)
        return Completion("", record)

    async def finish(self, request: CompletionRequest) -> bool:
        """Wait for the call that a cancelled *request* left behind; return whether it has text.

        For clients that ask again when an answer comes late: it is in the cache by then.
        """
        provider = self.providers.first
        if not isinstance(provider, Service):
            return False
        attempt = self._begin(request)
        attempt.address(provider, self._request(provider, request))
        try:
            result = await self.in_flight.join(attempt.asked, attempt.wants_more())
        except (ProviderError, Superseded):
            return False
        return result is not None and bool(result.text.strip())

    def note_outcome(self, event: OutcomeEvent) -> None:
        """Learn from what became of a completion that was offered."""
        if event.outcome is Outcome.REJECTED:
            self.note_dismissal(event.id)
        elif event.outcome is Outcome.ACCEPTED:
            self.note_acceptance()

    def note_dismissal(self, identifier: int) -> None:
        """Note that the user read the answer of this request, and typed something else."""
        self.shown.dismissed.dismiss(identifier)
        self._rhythm.note_dismissal(self._clock())

    def note_acceptance(self) -> None:
        """Note that the user accepted a completion."""
        self._rhythm.note_acceptance(self._clock())

    def use(self, providers: Providers) -> None:
        """Ask other providers from now on; forget the answers of the earlier ones."""
        self.providers = providers
        self.in_flight.retire()
        self.forget()

    def forget(self) -> None:
        """Forget every answer, and where ghost text stands."""
        self.cache.clear()
        self.shown.forget()

    def close(self, uri: str) -> None:
        """Forget what is kept of a document that was closed."""
        self.cache.forget(uri)
        self.shown.close(uri)
        if self.service:
            self.service.refused.forget(uri)

    async def aclose(self) -> None:
        """Cancel the calls that run, and wait until they have ended."""
        await self.in_flight.aclose()

    def _note(self, record: Record) -> None:
        """Keep the record of the last request, for ``ds-lsp.why`` and the log."""
        self.last = record
        log.info("completion %d: %s", record.id, record.summary())
