"""The provider calls that are running, and the requests that wait for their answers.

One call serves every request whose text it may still agree with: requests after which the user has
typed along the answer, and requests after which the user has deleted what was typed.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Protocol

from ds_lsp.errors import Superseded, TooManyCalls, UnavailableError
from ds_lsp.providers.base import FimRequest, FimResult, Finish, KeepGoing

GRACE_S = 0.2
"""Maximum seconds for which a call outlives its last waiter: VS Code cancels a request before it
sends the next one, and the text that arrives in between is a part of the next answer."""
MAX_CALLS = 2
"""Maximum concurrent calls in one session: one for the current text, and one that the current text
is about to prove wrong."""


class Timer(Protocol):
    """A callback that is due later."""

    def cancel(self) -> None: ...


CallLater = Callable[[float, Callable[[], None]], Timer]
"""Like ``loop.call_later``."""

StartCall = Callable[[KeepGoing], Coroutine[None, None, FimResult]]
"""Begins a call; the `KeepGoing` is called with all the text so far after each piece."""


def _call_later(seconds: float, callback: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, callback)


def typed_since(asked: FimRequest, now: FimRequest) -> str | None:
    """Return the text typed between two requests; None if anything else differs."""
    if not now.prompt.prefix.startswith(asked.prompt.prefix):
        return None
    is_same = _but_for_prefix(asked) == _but_for_prefix(now)
    return now.prompt.prefix[len(asked.prompt.prefix) :] if is_same else None


def _but_for_prefix(request: FimRequest) -> tuple[object, ...]:
    """Return everything that two requests must share for one call to serve both."""
    return (
        *(request.uri, request.language_id, request.prompt.suffix),
        *(request.model, request.max_tokens, request.temperature),
    )


def agree(received: str, typed: str) -> bool:
    """Return whether one of the two texts can still become the other."""
    return received.startswith(typed) or typed.startswith(received)


@dataclass(eq=False, slots=True)
class _Waiter:
    """A request that waits for the answer of a call."""

    typed: str
    """The text typed since the call began."""
    wants_more: KeepGoing
    answer: "asyncio.Future[FimResult | None]"


@dataclass(eq=False, slots=True)
class _Call:
    """A running call."""

    request: FimRequest
    received: str = ""
    """The text received so far."""
    waiters: list[_Waiter] = field(default_factory=list)
    typed: str = ""
    """The text typed since the call began, by the newest request of the document."""
    is_retired: bool = False
    """True if the provider has changed since the call began: no further request may join it."""
    hang_up: Timer | None = None
    """The timer that ends the call, while it has no waiter."""
    task: "asyncio.Task[None] | None" = None

    @property
    def is_awaited(self) -> bool:
        """True if a waiter is left.

        One whose future is done no longer counts: its request was cancelled, and its task has not
        removed it yet.
        """
        return any(not waiter.answer.done() for waiter in self.waiters)

    @property
    def may_serve(self) -> bool:
        """True if the answer may still agree with the document's text."""
        return agree(self.received, self.typed)


class InFlightCalls:
    """The calls that are running: at most `MAX_CALLS`, and each with the requests waiting for it.

    A call ends when its answer is complete, when no waiter wants more of it, `GRACE_S` after its
    last waiter has left, or as soon as it has no waiter and the text has gone another way.
    """

    def __init__(self, call_later: CallLater = _call_later) -> None:
        self._call_later = call_later
        self._running: list[_Call] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def serves(self, request: FimRequest) -> bool:
        """Return whether `join` would find a call that may answer *request*."""
        return self._find(request) is not None

    def find_typed(self, request: FimRequest) -> str:
        """Return the text typed since the call began that `join` would find for *request*."""
        call = self._find(request)
        return (typed_since(call.request, request) or "") if call else ""

    def follow(self, request: FimRequest) -> None:
        """Note that the text is now as in *request*, and end the calls that it proves wrong.

        A call with waiters goes on: their requests are superseded on their own.
        """
        for call in list(self._running):
            typed = typed_since(call.request, request)
            if typed is not None:
                call.typed = typed
                if not call.is_awaited and not call.may_serve:
                    self._end(call, Superseded())

    async def join(self, request: FimRequest, wants_more: KeepGoing) -> FimResult | None:
        """Wait for the call that serves *request*; return its text after what is typed already.

        Returns None if there is no such call, or its text turns out to be different. Raises the
        errors of the call, and `UnavailableError` if all calls were ended.
        """
        call = self._find(request)
        if call is None:
            return None
        typed = typed_since(call.request, request)
        assert typed is not None
        waiter = _Waiter(typed, wants_more, asyncio.get_running_loop().create_future())
        call.waiters.append(waiter)
        self._cancel_hang_up(call)
        self._answer_waiters(call)
        try:
            return await waiter.answer
        finally:
            if waiter in call.waiters:
                call.waiters.remove(waiter)
            self._hang_up_without_waiters(call)

    def begin(self, request: FimRequest, start_call: StartCall) -> None:
        """Start a call for *request*, and end the document's other calls without waiters.

        Raises `TooManyCalls`.
        """
        idle = [call for call in self._running if not call.is_awaited]
        for call in idle:
            if call.request.uri == request.uri or len(self._running) >= MAX_CALLS:
                self._end(call, Superseded())
        if len(self._running) >= MAX_CALLS:
            raise TooManyCalls("Too many completions are asked for at once.")
        call = _Call(request)
        self._running.append(call)
        call.task = asyncio.create_task(self._run(call, start_call))
        self._tasks.add(call.task)
        call.task.add_done_callback(self._tasks.discard)

    def retire(self) -> None:
        """Note that the provider has changed: running calls only finish for their waiters."""
        for call in self._running:
            call.is_retired = True

    async def aclose(self) -> None:
        """End all calls, and wait until they have ended."""
        for call in list(self._running):
            self._end(call, UnavailableError("The provider was changed while it answered."))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _find(self, request: FimRequest) -> _Call | None:
        """Return the newest call that may serve *request*."""
        for call in reversed(self._running):
            typed = typed_since(call.request, request)
            if typed is not None and agree(call.received, typed) and not call.is_retired:
                return call
        return None

    async def _run(self, call: _Call, start_call: StartCall) -> None:
        """Do the call, and give its answer or its error to the waiters that are left."""
        try:
            result = await start_call(lambda text: self._on_text(call, text))
        except Exception as error:
            for waiter in call.waiters:
                _settle(waiter, error)
        else:
            for waiter in call.waiters:
                _settle(waiter, _drop_typed(result, waiter.typed))
        finally:
            self._forget(call)

    def _on_text(self, call: _Call, text: str) -> bool:
        """Take all the text so far; return whether the call goes on.

        It goes on while a waiter wants more, and while the request of one that has left, or is
        about to leave, may come back with the next letter.
        """
        call.received = text
        self._answer_waiters(call)
        has_left = call.hang_up is not None or bool(call.waiters)
        goes_on = call.is_awaited or (has_left and call.may_serve)
        if not goes_on:
            # The call ends by itself, and no further request may join it.
            self._forget(call)
        return goes_on

    def _answer_waiters(self, call: _Call) -> None:
        """Answer the waiters that want no more text, and those whose text is another one."""
        for waiter in list(call.waiters):
            rest = _drop_typed(FimResult(call.received, Finish.CUT), waiter.typed)
            if not agree(call.received, waiter.typed):
                rest = None
            elif rest is None or not rest.text or waiter.wants_more(rest.text):
                continue
            call.waiters.remove(waiter)
            _settle(waiter, rest)

    def _cancel_hang_up(self, call: _Call) -> None:
        if call.hang_up:
            call.hang_up.cancel()
            call.hang_up = None

    def _hang_up_without_waiters(self, call: _Call) -> None:
        """End a call without waiters: at once if it is proven wrong, else after `GRACE_S`."""
        if call.is_awaited or call not in self._running:
            return
        if not call.may_serve:
            self._end(call, Superseded())
        elif call.hang_up is None:
            call.hang_up = self._call_later(GRACE_S, lambda: self._end(call, Superseded()))

    def _end(self, call: _Call, why: Exception) -> None:
        """Cancel a call; its waiters get the exception *why*."""
        # It is forgotten before it is cancelled, so that no request joins a dying call.
        self._forget(call)
        for waiter in call.waiters:
            _settle(waiter, why)
        if call.task:
            call.task.cancel()

    def _forget(self, call: _Call) -> None:
        self._cancel_hang_up(call)
        if call in self._running:
            self._running.remove(call)


def _drop_typed(result: FimResult, typed: str) -> FimResult | None:
    """Return an answer without the text typed already; None if it does not begin with that."""
    if not result.text.startswith(typed):
        return None
    return FimResult(result.text[len(typed) :], result.finish, result.usage)


def _settle(waiter: _Waiter, outcome: FimResult | Exception | None) -> None:
    """Give a waiter its answer or an error, unless it has one."""
    if waiter.answer.done():
        return
    if isinstance(outcome, Exception):
        waiter.answer.set_exception(outcome)
    else:
        waiter.answer.set_result(outcome)
