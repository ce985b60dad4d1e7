"""Counts calls and outcomes in memory, and about once a second in a file that servers share."""

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
from ds_lsp.providers.catalog import catalog
from ds_lsp.service.usage.counts import CallKey, Counts, OutcomeKey, Tally, Totals
from ds_lsp.service.usage.estimate import estimate_chat_usage, estimate_tokens, estimate_usage
from ds_lsp.service.usage.prices import cost_usd

if TYPE_CHECKING:
    from ds_lsp.service.usage.store import Store

log = logging.getLogger(__name__)

WRITE_AFTER_S = 1.0
"""Seconds between a count and its write to the file; a killed server loses these counts."""
RETRY_AFTER_S = 60.0
"""Seconds between a failed access to the file and the next."""
CLOSE_TIMEOUT_S = 0.8
"""Maximum seconds of the last write: an editor that quits does not wait for another server's."""
READ_AFTER_S = 30.0
"""Maximum age, in seconds, of the other servers' counts while this server writes nothing."""


def usage_file() -> Path:
    # Imported where it is used: only the start of a session needs it.
    import platformdirs

    return platformdirs.user_state_path("ds-lsp", appauthor=False) / "usage.sqlite3"


def local_now() -> datetime:
    return datetime.now().astimezone()


@contextmanager
def _log_failure() -> Iterator[None]:
    """Log an exception in counting, so that the answer that was paid for is not lost."""
    try:
        yield
    except Exception as error:
        log.warning("a call could not be counted: %s", type(error).__name__)


class Ledger:
    """The counts of this session and, for today, of all servers of this user.

    The file is read and written on a thread, and no caller waits for it. While the file cannot be
    used, the counts are kept in memory; they are written once it can.
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
        """*say* shows the user a problem with the file, and None once it is solved; *changed* is
        called when today's totals may have changed."""
        self._say = say
        self._changed = changed
        self._path = path
        self._now = now
        self._clock = clock
        self._session = Totals()
        self._pending = Counts()
        self._written = Counts()
        """The counts that are being written; the file may hold them already."""
        self._is_in_file = False
        """True if the file holds `_written`, though it may not have been read since."""
        self._stored = Counts()
        """The file's counts of the day on which it was last read."""
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
        """Count a metered call that was sent and has ended; *result* is None if it was refused.

        *tokens* estimates the prompt of a call whose tokens the provider did not report.
        """
        with _log_failure():
            usage, estimated = result.usage if result else None, 0
            if result and not usage:
                usage, estimated = estimate_usage(request, result.text, tokens), 1
            self.add_call(request.model, usage, request.language_id, estimated=estimated)

    def add_chat(self, request: ChatRequest, result: ChatResult | None) -> None:
        """Count a chat call that was sent and has ended; *result* is None if it was refused."""
        with _log_failure():
            usage, estimated = result.usage if result else None, 0
            if result and not usage:
                usage, estimated = estimate_chat_usage(request, result), 1
            self.add_call(request.model, usage, estimated=estimated)

    def add_call(
        self, model: str, usage: TokenUsage | None, language: str = "", *, estimated: int = 0
    ) -> None:
        """Count a call of *model* that has ended; *usage* is None if it is unknown.

        *language* is that of the document it completed, and empty if it completed none;
        *estimated* is 1 if *usage* is an estimate.
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
        """Return today's totals of all servers, as far as this one knows them."""
        day = self._now().date().isoformat()
        known = (self._stored, self._written, self._pending)
        return sum((counts.totals_on(day) for counts in known), Totals())

    def session(self) -> Totals:
        return self._session

    def refresh(self) -> None:
        """Schedule a read of the other servers' counts, unless they were read recently."""
        if self._clock() - self._read_at >= READ_AFTER_S:
            self._write_in(0.0)

    async def write(self) -> None:
        """Write the pending counts now, and read the file; never raises."""
        while self._writing:
            # Shielded: if the caller is cancelled, the write is still completed.
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
            # Any failure is temporary: the next write is tried in a minute.
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
        """Write *counts* and return today's counts of all servers. Runs on a thread.

        Raises `StoreError` if the file cannot be used.
        """
        try:
            from ds_lsp.service.usage.store import Store
        except ImportError:
            raise StoreError("this Python was built without SQLite") from None

        today = self._now().date()
        if self._store and not self._store.is_in_place:
            # The file was deleted, replaced or emptied: no server would find what is written to it.
            self._close()
        if self._store is None:
            path = self._path()
            if not counts and not path.exists():
                # A read alone does not create the file.
                return Counts()
            self._store = Store.open(path, today)
        try:
            if counts:
                self._store.add(counts)
                self._is_in_file = True
            return self._store.read_since(today.isoformat())
        except BaseException:
            # After any failure the file is opened again next time.
            self._close()
            raise

    def _close(self) -> None:
        if self._store:
            self._store.close()
            self._store = None
