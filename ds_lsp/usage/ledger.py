"""Counts calls and outcomes in memory, and about once a second in the file of all servers."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ds_lsp.errors import StoreError
from ds_lsp.providers.base import ChatRequest, ChatResult, FimRequest, FimResult, TokenUsage
from ds_lsp.providers.models import catalog
from ds_lsp.usage.counts import CallKey, Counts, OutcomeKey, Tally, Totals
from ds_lsp.usage.estimate import estimate_chat_usage, estimate_tokens, estimate_usage
from ds_lsp.usage.prices import cost_usd

if TYPE_CHECKING:
    from ds_lsp.usage.store import Store

log = logging.getLogger(__name__)

WRITE_AFTER_S = 1.0
"""How long counts wait for more before they are written: what a killed server loses."""
RETRY_AFTER_S = 60.0
"""How long a file that failed is left alone."""
CLOSE_TIMEOUT_S = 0.8
"""An editor that quits does not wait for another server's write."""
READ_AFTER_S = 30.0
"""How old the other servers' counts may get while this one has nothing to write."""


def usage_file() -> Path:
    # Imported where it is used: only the start of a session needs it.
    import platformdirs

    return platformdirs.user_state_path("ds-lsp", appauthor=False) / "usage.sqlite3"


def local_now() -> datetime:
    return datetime.now().astimezone()


@contextmanager
def _log_failure() -> Iterator[None]:
    """Log trouble with counting: it must not cost the answer that was paid for."""
    try:
        yield
    except Exception as error:
        log.warning("a call could not be counted: %s", type(error).__name__)


class Ledger:
    """The counts of this session and, for today, of all servers of this user.

    Nobody waits for the file: it is read and written on a thread. While it cannot be, the counts
    are kept in memory, and written as soon as it can.
    """

    def __init__(
        self,
        say: Callable[[str | None], None] = lambda message: None,
        changed: Callable[[], None] = lambda: None,
        *,
        path: Callable[[], Path] = usage_file,
        now: Callable[[], datetime] = local_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """*say* tells the user what is wrong with the file; *changed* is called when there may be
        other totals for today."""
        self._say = say
        self._changed = changed
        self._path = path
        self._now = now
        self._clock = clock
        self._session = Totals()
        self._pending = Counts()
        self._written = Counts()
        """What is being written: in the file or not, one does not know."""
        self._is_in_file = False
        """Whether it is in the file, though what the file holds may not have been read since."""
        self._stored = Counts()
        """What the file held for its day when it was read last."""
        self._store: Store | None = None
        self._read_at = float("-inf")
        self._retry_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def add_completion(
        self,
        request: FimRequest,
        result: FimResult | None,
        tokens: Callable[[str], float] = estimate_tokens,
    ) -> None:
        """Count a metered call that was sent and has ended; *result* is None where it was refused.

        *tokens* estimates a prompt whose tokens the provider did not tell.
        """
        with _log_failure():
            usage, estimated = result.usage if result else None, 0
            if result and not usage:
                usage, estimated = estimate_usage(request, result.text, tokens), 1
            self.add_call(request.model, usage, request.language_id, estimated=estimated)

    def add_chat(self, request: ChatRequest, result: ChatResult | None) -> None:
        """The same of a chat, which completes no document."""
        with _log_failure():
            usage, estimated = result.usage if result else None, 0
            if result and not usage:
                usage, estimated = estimate_chat_usage(request, result), 1
            self.add_call(request.model, usage, estimated=estimated)

    def add_call(
        self, model: str, usage: TokenUsage | None, language: str = "", *, estimated: int = 0
    ) -> None:
        """A call of *model* has ended and used so much, as far as one knows.

        *language* is that of the document it completed, and empty where it completed none;
        *estimated* is 1 where the provider did not say.
        """
        totals = Totals(requests=1)
        if usage:
            totals = Totals(
                requests=1,
                estimated=estimated,
                prompt_hit_tokens=usage.prompt_hit,
                prompt_miss_tokens=usage.prompt_miss,
                completion_tokens=usage.completion,
                cost_usd=cost_usd(catalog(), model, usage, self._now()) or 0.0,
            )
        self._session += totals
        key = CallKey(self._now().date().isoformat(), model, language)
        self._add(Counts(calls={key: totals}))

    def add_outcome(self, language: str, outcome: str, chars: int) -> None:
        key = OutcomeKey(self._now().date().isoformat(), language, outcome)
        self._add(Counts(outcomes={key: Tally(1, chars)}))

    def today(self) -> Totals:
        """Of all servers, as far as this one knows."""
        day = self._now().date().isoformat()
        known = (self._stored, self._written, self._pending)
        return sum((counts.on(day) for counts in known), Totals())

    def session(self) -> Totals:
        return self._session

    def refresh(self) -> None:
        """Soon read what the other servers have counted, unless that was done just now."""
        if self._clock() - self._read_at >= READ_AFTER_S:
            self._write_in(0.0)

    async def write(self) -> None:
        """Write now what has not been written, and read what there is; never raises."""
        while self._writing:
            # Not cancelled with its waiter: a write is not to be done half.
            await asyncio.shield(self._writing)
        if self._clock() >= self._retry_at:
            self._begin_writing()
            assert self._writing
            await asyncio.shield(self._writing)

    async def aclose(self) -> None:
        if self._timer:
            self._timer.cancel()
        if self._pending or self._writing:
            self._retry_at = float("-inf")
            await asyncio.wait([asyncio.ensure_future(self.write())], timeout=CLOSE_TIMEOUT_S)
        if self._writing is None:
            self._close()

    def _add(self, counts: Counts) -> None:
        self._pending.add(counts)
        self._write_in(WRITE_AFTER_S)
        self._changed()

    def _write_in(self, seconds: float) -> None:
        if self._timer or self._writing:
            return
        wait_s = max(seconds, self._retry_at - self._clock())
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._begin_writing)

    def _begin_writing(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._written, self._pending = self._pending, Counts()
        self._is_in_file = False
        self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            self._stored = await asyncio.to_thread(self._exchange, self._written)
        except Exception as error:
            # Whatever it is, later counts are written again in a minute.
            self._retry_at = self._clock() + RETRY_AFTER_S
            why = str(error) if isinstance(error, StoreError) else type(error).__name__
            log.info("the usage file cannot be used: %s", why)
            self._say(
                f"Tokens and money cannot be written to {self._path()}: {why}. "
                "They are counted in memory until they can."
            )
        else:
            self._read_at = self._clock()
            self._written = Counts()
            self._say(None)
        finally:
            (self._stored if self._is_in_file else self._pending).add(self._written)
            self._written = Counts()
            self._writing = None
        if self._pending:
            self._write_in(WRITE_AFTER_S)
        self._changed()

    def _exchange(self, counts: Counts) -> Counts:
        """On a thread: write these, and read what all servers have counted today."""
        try:
            from ds_lsp.usage.store import Store
        except ImportError:
            raise StoreError("this Python was built without SQLite") from None

        today = self._now().date()
        if self._store and not self._store.is_in_place:
            # Deleted, replaced or emptied meanwhile: what is written there, no server will find.
            self._close()
        if self._store is None:
            path = self._path()
            if not counts and not path.exists():
                # Looking makes no file.
                return Counts()
            self._store = Store.open(path, today)
        try:
            if counts:
                self._store.add(counts)
                self._is_in_file = True
            return self._store.since(today.isoformat())
        except BaseException:
            # Whatever it was: the file is opened anew the next time.
            self._close()
            raise

    def _close(self) -> None:
        if self._store:
            self._store.close()
            self._store = None
