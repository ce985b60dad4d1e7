"""Fakes that answer on command: a provider, a clock, timers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ds_lsp.errors import ProviderError
from ds_lsp.providers.base import (
    Adapters,
    ChatProvider,
    FileExcerpt,
    FimProvider,
    FimRequest,
    FimResult,
    Finish,
    KeepGoing,
    PromptParts,
    Sent,
    TokenUsage,
    unnoticed,
)
from ds_lsp.service.service import Service
from ds_lsp.service.spending import SpendingLimit
from ds_lsp.service.usage.ledger import Ledger

_T = TypeVar("_T")


@dataclass
class Call:
    """One call of a `FakeProvider`, waiting to be told what to say."""

    request: FimRequest
    keep_going: KeepGoing
    outcome: asyncio.Future[FimResult]
    hung_up: bool = False

    def say(self, text: str, finish: Finish = Finish.STOP, usage: TokenUsage | None = None) -> None:
        self.outcome.set_result(FimResult(text, finish, usage))

    def fail(self, error: ProviderError) -> None:
        self.outcome.set_exception(error)


class FakeProvider:
    """Keeps its calls; each ends when the test says so, or at once with *constant*."""

    def __init__(
        self, constant: str | None = None, *, name: str = "fake", metered: bool = True
    ) -> None:
        self.name = name
        self.metered = metered
        self.calls: list[Call] = []
        self.warmed = 0
        self.is_closed = False
        self._constant = constant

    @property
    def running(self) -> list[Call]:
        return [call for call in self.calls if not call.outcome.done()]

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult:
        sent()
        call = Call(request, keep_going, asyncio.get_running_loop().create_future())
        self.calls.append(call)
        if self._constant is not None:
            call.say(self._constant)
        try:
            return await call.outcome
        except asyncio.CancelledError:
            call.hung_up = True
            raise

    def warm(self) -> None:
        self.warmed += 1

    async def aclose(self) -> None:
        self.is_closed = True


class FakeExcerpts:
    """Excerpts as a text: the marker of a file, its lines, and the marker of the document."""

    def __init__(self, *contexts: str) -> None:
        """Each request gets the next of *contexts*; the last one goes on."""
        self._contexts = list(contexts)
        self.is_cleared = False

    def parts(self, uri: str) -> PromptParts:
        context = self._contexts.pop(0) if len(self._contexts) > 1 else self._contexts[0]
        if not context:
            return PromptParts("")
        first, *lines, last = context.splitlines(keepends=True)
        excerpt = FileExcerpt("", first.rstrip("\n"), "".join(lines))
        return PromptParts("", excerpts=(excerpt,), marker=last.rstrip("\n"))

    def clear(self) -> None:
        self.is_cleared = True


def service_of(
    fim: FimProvider | None = None, chat: ChatProvider | None = None, **more: Any
) -> Service:
    """Return a service in use that asks these."""
    ledger = more.pop("ledger", None) or Ledger()
    limit = more.pop("limit", None) or SpendingLimit(ledger)
    adapters = Adapters(fim or FakeProvider(), chat)
    return Service(lambda connected: adapters, ledger, limit, **more)


@dataclass
class FakeTimer:
    callback: Callable[[], None]
    seconds: float
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class FakeTime:
    """A clock that stands still until told, with the sleeps and timers that wait for it."""

    now: float = 1000.0
    sleeps: list[float] = field(default_factory=list)
    timers: list[FakeTimer] = field(default_factory=list)
    _waiting: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        if seconds <= 0:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self.now + seconds, future))
        await future

    def later(self, seconds: float, callback: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(callback, seconds)
        self.timers.append(timer)
        return timer

    async def advance(self, seconds: float) -> None:
        self.now += seconds
        for due, future in self._waiting:
            if due <= self.now and not future.done():
                future.set_result(None)
        await turns()

    def fire_timers(self) -> None:
        for timer in self.timers:
            if not timer.is_cancelled:
                timer.is_cancelled = True
                timer.callback()


def looked_at(task: asyncio.Task[_T]) -> asyncio.Task[_T]:
    """A task that may end as it likes: of an exception that nobody has looked at asyncio complains
    when it is thrown away, which is in the middle of another test."""
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


async def turns(count: int = 10) -> None:
    """Let everything that can go on go on."""
    for _ in range(count):
        await asyncio.sleep(0)
