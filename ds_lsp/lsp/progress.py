"""Progress of work that takes a while, which the client shows and can cancel."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from ds_lsp.text.visible import as_message

T = TypeVar("T")
log = logging.getLogger(__name__)

_CREATE_TIMEOUT_S = 2.0
"""Maximum seconds for the client to accept a token. Some announce progress and do not answer."""


class Progress:
    """The progress of one piece of work; without a token, the client does not show it."""

    def __init__(self, ls: LanguageServer, token: types.ProgressToken | None) -> None:
        self._ls = ls
        self._token = token
        self.outcome = ""
        """The message shown at the end of the work."""

    def begin(self, title: str) -> None:
        self._send(types.WorkDoneProgressBegin(title=as_message(title), cancellable=True))

    def report(self, message: str) -> None:
        self._send(types.WorkDoneProgressReport(message=message, cancellable=True))

    def end(self) -> None:
        self._send(types.WorkDoneProgressEnd(message=as_message(self.outcome) or None))

    def _send(self, value: object) -> None:
        if self._token is not None:
            self._ls.protocol.notify(types.PROGRESS, types.ProgressParams(self._token, value))


class CancellableTasks:
    """The tasks that the client can cancel by the tokens of their progress."""

    def __init__(self) -> None:
        self._tasks: dict[types.ProgressToken, asyncio.Task[object]] = {}

    def cancel(self, token: types.ProgressToken) -> None:
        task = self._tasks.get(token)
        if task:
            task.cancel()

    @asynccontextmanager
    async def progress(
        self, ls: LanguageServer, title: str, *, token: types.ProgressToken | None
    ) -> AsyncIterator[Progress]:
        """Show the current task as *title* until the end of the block."""
        progress = Progress(ls, token)
        task = asyncio.current_task()
        if token is not None and task is not None:
            self._tasks[token] = task
        progress.begin(title)
        try:
            yield progress
        except asyncio.CancelledError:
            progress.outcome = "cancelled"
            raise
        finally:
            progress.end()
            if token is not None:
                self._tasks.pop(token, None)


async def create_token(ls: LanguageServer) -> types.ProgressToken | None:
    """Create a token for progress; None if the client does not accept it in time."""
    token = f"ds-lsp {uuid.uuid4()}"
    created = ls.window_work_done_progress_create_async(types.WorkDoneProgressCreateParams(token))
    answered, _ = await ask_client(created, _CREATE_TIMEOUT_S)
    return token if answered else None


async def ask_client(request: Awaitable[T], seconds: float) -> tuple[bool, T | None]:
    """Return whether the client has answered in time, and its answer. An error is no answer.

    Not for use in a completion, which never waits for the client.
    """
    # Shielded: pygls complains of an answer to a request that was cancelled.
    future = asyncio.ensure_future(request)
    future.add_done_callback(_ignore_exception)
    try:
        async with asyncio.timeout(seconds):
            return True, await asyncio.shield(future)
    except Exception as exc:
        log.info("the client did not answer: %s", type(exc).__name__)
        return False, None


def _ignore_exception(future: "asyncio.Future[T]") -> None:
    if not future.cancelled():
        future.exception()
