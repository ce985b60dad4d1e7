"""What providers are saying right now, and who waits for it.

A request of the client waits; a stream produces. One stream serves everybody whose text it may
still agree with: who has typed along, and who has taken back what was typed.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Protocol

from ds_lsp.errors import Superseded, TooManyCalls, UnavailableError
from ds_lsp.providers.base import FimRequest, FimResult, Finish, KeepGoing

GRACE_S = 0.2
"""How long a call outlives its last waiter (the contract): VS Code cancels before it asks again,
and what comes meanwhile is the next suggestion already."""
MOST = 2
"""Streams at once in one session: a typist needs one, and one more while that is proven wrong."""


class Timer(Protocol):
    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], None]], Timer]
"""Like ``loop.call_later``."""

Ask = Callable[[KeepGoing], Coroutine[None, None, FimResult]]
"""Begins a call; the `KeepGoing` is called with all the text so far after each piece."""


def _call_later(seconds: float, callback: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, callback)


def typed_since(asked: FimRequest, now: FimRequest) -> str | None:
    """What was typed between two requests; None when anything else differs."""
    if not now.prompt.prefix.startswith(asked.prompt.prefix):
        return None
    is_same = _but_for_prefix(asked) == _but_for_prefix(now)
    return now.prompt.prefix[len(asked.prompt.prefix) :] if is_same else None


def _but_for_prefix(request: FimRequest) -> tuple[object, ...]:
    return (
        *(request.uri, request.language_id, request.prompt.suffix),
        *(request.model, request.max_tokens, request.temperature),
    )


def agree(said: str, typed: str) -> bool:
    """Whether what is said can still become what is typed, or the other way round."""
    return said.startswith(typed) or typed.startswith(said)


@dataclass(eq=False, slots=True)
class _Waiter:
    typed: str
    """Since the call began."""
    wants_more: KeepGoing
    answer: "asyncio.Future[FimResult | None]"


@dataclass(eq=False, slots=True)
class _Stream:
    """One running call."""

    request: FimRequest
    said: str = ""
    waiters: list[_Waiter] = field(default_factory=list)
    latest: str = ""
    """What was typed since, as far as the newest request of the document tells."""
    is_retired: bool = False
    hang_up: Timer | None = None
    task: "asyncio.Task[None] | None" = None

    @property
    def is_awaited(self) -> bool:
        """Who is being cancelled waits no more, though it has had no chance to leave yet."""
        return any(not waiter.answer.done() for waiter in self.waiters)


class Streams:
    """The calls that run."""

    def __init__(self, later: Later = _call_later) -> None:
        self._later = later
        self._running: list[_Stream] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def serves(self, request: FimRequest) -> bool:
        """Whether `join` would find a stream that may answer *request*."""
        return self._find(request) is not None

    def typed(self, request: FimRequest) -> str:
        """What was typed since the stream that `join` would find began."""
        stream = self._find(request)
        return (typed_since(stream.request, request) or "") if stream else ""

    def follow(self, request: FimRequest) -> None:
        """The text is now as in *request*: a stream that is proven wrong ends with its waiters."""
        for stream in list(self._running):
            typed = typed_since(stream.request, request)
            if typed is not None:
                stream.latest = typed
                if not stream.is_awaited and not agree(stream.said, typed):
                    self._end(stream, Superseded())

    async def join(self, request: FimRequest, wants_more: KeepGoing) -> FimResult | None:
        """What the stream found for *request* says beyond what is typed; None: it went elsewhere.

        Raises what the call raises, and `UnavailableError` when everything was hung up on.
        """
        stream = self._find(request)
        if stream is None:
            return None
        typed = typed_since(stream.request, request)
        assert typed is not None
        waiter = _Waiter(typed, wants_more, asyncio.get_running_loop().create_future())
        stream.waiters.append(waiter)
        self._stay(stream)
        self._tell(stream)
        try:
            return await waiter.answer
        finally:
            if waiter in stream.waiters:
                stream.waiters.remove(waiter)
            self._leave(stream)

    def begin(self, request: FimRequest, ask: Ask) -> None:
        """Start a call; those of the document that nobody waits for are elsewhere, and end.

        Raises `TooManyCalls`.
        """
        idle = [stream for stream in self._running if not stream.is_awaited]
        for stream in idle:
            if stream.request.uri == request.uri or len(self._running) >= MOST:
                self._end(stream, Superseded())
        if len(self._running) >= MOST:
            raise TooManyCalls("Too many completions are asked for at once.")
        stream = _Stream(request)
        self._running.append(stream)
        stream.task = asyncio.create_task(self._run(stream, ask))
        self._tasks.add(stream.task)
        stream.task.add_done_callback(self._tasks.discard)

    def retire(self) -> None:
        """Somebody else is asked from now on: nobody joins what runs; who waits still gets it."""
        for stream in self._running:
            stream.is_retired = True

    async def aclose(self) -> None:
        """Hang up on everything, and wait until it is done."""
        for stream in list(self._running):
            self._end(stream, UnavailableError("The provider was changed while it answered."))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _find(self, request: FimRequest) -> _Stream | None:
        for stream in reversed(self._running):
            typed = typed_since(stream.request, request)
            if typed is not None and agree(stream.said, typed) and not stream.is_retired:
                return stream
        return None

    async def _run(self, stream: _Stream, ask: Ask) -> None:
        try:
            result = await ask(lambda said: self._hear(stream, said))
        except Exception as error:
            for waiter in stream.waiters:
                _settle(waiter, error)
        else:
            for waiter in stream.waiters:
                _settle(waiter, _rest(result, waiter.typed))
        finally:
            self._forget(stream)

    def _hear(self, stream: _Stream, said: str) -> bool:
        """Whether the call is to go on: somebody wants more, or may come back for it."""
        stream.said = said
        self._tell(stream)
        # Somebody has left, or is just leaving, and may come back with the next letter.
        has_left = stream.hang_up is not None or bool(stream.waiters)
        goes_on = stream.is_awaited or (has_left and agree(said, stream.latest))
        if not goes_on:
            # It ends by itself, and nobody may join it any more.
            self._forget(stream)
        return goes_on

    def _tell(self, stream: _Stream) -> None:
        """Answer those who have heard enough, or nothing that they could use."""
        for waiter in list(stream.waiters):
            rest = _rest(FimResult(stream.said, Finish.CUT), waiter.typed)
            if not agree(stream.said, waiter.typed):
                rest = None
            elif rest is None or not rest.text or waiter.wants_more(rest.text):
                continue
            stream.waiters.remove(waiter)
            _settle(waiter, rest)

    def _stay(self, stream: _Stream) -> None:
        if stream.hang_up:
            stream.hang_up.cancel()
            stream.hang_up = None

    def _leave(self, stream: _Stream) -> None:
        if stream.is_awaited or stream not in self._running:
            return
        if not agree(stream.said, stream.latest):
            self._end(stream, Superseded())
        elif stream.hang_up is None:
            stream.hang_up = self._later(GRACE_S, lambda: self._end(stream, Superseded()))

    def _end(self, stream: _Stream, why: Exception) -> None:
        # Forgotten before it is cancelled: nobody may join a dying call.
        self._forget(stream)
        for waiter in stream.waiters:
            _settle(waiter, why)
        if stream.task:
            stream.task.cancel()

    def _forget(self, stream: _Stream) -> None:
        self._stay(stream)
        if stream in self._running:
            self._running.remove(stream)


def _rest(result: FimResult, typed: str) -> FimResult | None:
    """What of an answer lies beyond what is typed; None when it went elsewhere, or nowhere."""
    if not result.text.startswith(typed):
        return None
    return FimResult(result.text[len(typed) :], result.finish, result.usage)


def _settle(waiter: _Waiter, outcome: FimResult | Exception | None) -> None:
    if waiter.answer.done():
        return
    if isinstance(outcome, Exception):
        waiter.answer.set_exception(outcome)
    else:
        waiter.answer.set_result(outcome)
