"""Ends a request when a newer one for the same document arrives."""

import asyncio
from types import TracebackType
from typing import Self

from ds_lsp.errors import Superseded


class Superseding:
    """The newest task in each queue.

    ``async with superseding.enter(queue):`` ends its body with `Superseded`, at once and wherever
    it waits, when a newer task enters the same queue. A cancellation from elsewhere passes through.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def enter(self, queue: str) -> "_Entry":
        """Return the context manager for the body of one task."""
        return _Entry(self._entries, queue)


class _Entry:
    """A task in its queue."""

    def __init__(self, entries: dict[str, "_Entry"], queue: str) -> None:
        self._entries = entries
        self._queue = queue
        self._task: asyncio.Task[object] | None = None
        self._cancellations = 0
        self._is_superseded = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        assert self._task is not None
        self._cancellations = self._task.cancelling()
        older = self._entries.get(self._queue)
        self._entries[self._queue] = self
        if older:
            older._supersede()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._entries.get(self._queue) is self:
            del self._entries[self._queue]
        assert self._task is not None
        if not self._is_superseded:
            return
        # As in asyncio.timeout, only our own cancellation is taken back. If the client has
        # cancelled the request as well, its cancellation stands.
        others = self._task.uncancel() > self._cancellations
        if not others and exc_type is asyncio.CancelledError:
            raise Superseded from exc

    def _supersede(self) -> None:
        """Cancel the task: a newer one has entered its queue."""
        assert self._task is not None
        self._is_superseded = True
        self._task.cancel()
