"""Of several requests for one document only the newest goes on."""

import asyncio
from types import TracebackType
from typing import Self

from ds_lsp.errors import Superseded


class Newest:
    """Who is the newest in each lane.

    ``async with newest.enter(lane):`` ends its body with `Superseded`, at once and wherever it
    waits, when a newer task enters the same lane. A cancellation from elsewhere passes through.
    """

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}

    def enter(self, lane: str) -> "_Turn":
        return _Turn(self._turns, lane)


class _Turn:
    def __init__(self, turns: dict[str, "_Turn"], lane: str) -> None:
        self._turns = turns
        self._lane = lane
        self._task: asyncio.Task[object] | None = None
        self._cancellations = 0
        self._is_superseded = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        assert self._task is not None
        self._cancellations = self._task.cancelling()
        older = self._turns.get(self._lane)
        self._turns[self._lane] = self
        if older:
            older._supersede()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._turns.get(self._lane) is self:
            del self._turns[self._lane]
        assert self._task is not None
        if not self._is_superseded:
            return
        # As asyncio.timeout does: only our own cancellation is taken back; where the client has
        # cancelled as well, that stands.
        others = self._task.uncancel() > self._cancellations
        if not others and exc_type is asyncio.CancelledError:
            raise Superseded from exc

    def _supersede(self) -> None:
        assert self._task is not None
        self._is_superseded = True
        self._task.cancel()
