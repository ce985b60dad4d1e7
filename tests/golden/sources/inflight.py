"""Share one provider call; some time after the last one has left, hang up."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Protocol

from ds_lsp.completion.cache import Key
from ds_lsp.errors import UnavailableError
from ds_lsp.providers.base import FimResult

GRACE_S = 0.2
"""How long a call outlives its last waiter (the contract): VS Code cancels before it asks again."""


MAX_CALLS = 16
"""Nobody types into more documents at once: what asks for more is a bug, and would be paid for."""


class Timer(Protocol):
    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], None]], Timer]
"""Like ``loop.call_later``."""


def _call_later(seconds: float, callback: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, callback)


class _Call:
    def __init__(self, task: asyncio.Task[FimResult]) -> None:
        self.task = task
        self.waiters = 0
        self.hang_up: Timer | None = None


class InFlight:
    """The provider calls that are running, by what they ask."""

    def __init__(self, later: Later = _call_later) -> None:
        self._later = later
        self._calls: dict[Key, _Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def __contains__(self, key: Key) -> bool:
        return key in self._calls

    async def fetch(
        self, key: Key, start: Callable[[], Coroutine[None, None, FimResult]]
    ) -> FimResult:
        """Wait for the call that asks *key*, starting it if there is none.

        Raises what the call raises, and `UnavailableError` if it was hung up on meanwhile or there
        are too many calls. A waiter that is cancelled leaves the others undisturbed.
        """
        if key not in self._calls and len(self._calls) >= MAX_CALLS:
            self._make_room()
        call = self._calls.get(key) or self._begin(key, start)
        self._enter(call)
        try:
            return await asyncio.shield(call.task)
        except asyncio.CancelledError:
            if call.task.cancelled() and not _is_being_cancelled():
                raise UnavailableError("The provider was changed while it answered.") from None
            raise
        finally:
            self._leave(key, call)

    async def aclose(self) -> None:
        """Hang up on everything, and wait until it is done."""
        tasks = [call.task for call in self._calls.values()]
        for key, call in list(self._calls.items()):
            self._hang_up(key, call)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _make_room(self) -> None:
        """Hang up on a call that nobody waits for any more, however short a while it has left."""
        for key, call in self._calls.items():
            if call.waiters == 0:
                self._hang_up(key, call)
                return
        raise UnavailableError("Too many completions are asked for at once.")

    def _begin(self, key: Key, start: Callable[[], Coroutine[None, None, FimResult]]) -> _Call:
        call = _Call(asyncio.create_task(start()))
        self._calls[key] = call
        call.task.add_done_callback(lambda task: self._ended(key, call, task))
        return call

    def _enter(self, call: _Call) -> None:
        call.waiters += 1
        if call.hang_up:
            call.hang_up.cancel()
            call.hang_up = None

    def _leave(self, key: Key, call: _Call) -> None:
        call.waiters -= 1
        if call.waiters == 0 and not call.task.done():
            call.hang_up = self._later(GRACE_S, lambda: self._hang_up(key, call))

    def _hang_up(self, key: Key, call: _Call) -> None:
        # Forgotten before it is cancelled: nobody may join a dying call.
        self._forget(key, call)
        call.task.cancel()

    def _ended(self, key: Key, call: _Call, task: asyncio.Task[FimResult]) -> None:
        self._forget(key, call)
        if not task.cancelled():
            # Its waiters may all have left; an exception nobody looks at would be logged.
            task.exception()

    def _forget(self, key: Key, call: _Call) -> None:
        if call.hang_up:
            call.hang_up.cancel()
        if self._calls.get(key) is call:
            del self._calls[key]


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
