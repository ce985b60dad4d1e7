"""Reads standard input in chunks and writes messages; bounded, and never blocks the event loop."""

import asyncio
import logging
import os
import stat
import sys
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from ds_lsp.pipes import PIPE_BYTES, has_room

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 16
"""Maximum bytes of one chunk."""
MAX_CHUNKS_WAITING = 16
"""Maximum chunks read ahead of the message being handled, a megabyte; then the client waits."""
MAX_BYTES_WAITING = 64 << 20
"""Maximum bytes that wait for a client that does not read. An answer has some hundred."""
STALL_S = 60.0
"""Seconds without reading, while bytes wait, after which the client is given up."""


class Stdin:
    """Standard input, read by the event loop where it can: see `open_stdin`."""

    def __init__(self, descriptor: int, start: bytes = b"") -> None:
        """*start*: bytes that have been read from it already."""
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        if start:
            self._chunks.put_nowait(start)
        self._is_reading = False
        self._start_reading()

    async def read(self) -> bytes:
        """Return the next chunk; empty at the end."""
        chunk = await self._chunks.get()
        if chunk and not self._is_reading:
            self._start_reading()
        return chunk

    def _start_reading(self) -> None:
        self._loop.add_reader(self._descriptor, self._take)
        self._is_reading = True

    def _take(self) -> None:
        try:
            chunk = os.read(self._descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        self._chunks.put_nowait(chunk)
        if not chunk or self._chunks.qsize() >= MAX_CHUNKS_WAITING:
            self._loop.remove_reader(self._descriptor)
            self._is_reading = False


class ThreadedStdin:
    """Standard input, read by a thread: works everywhere, but each chunk changes threads."""

    def __init__(self, descriptor: int, start: bytes = b"") -> None:
        """*start*: bytes that have been read from it already."""
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._room = threading.Semaphore(MAX_CHUNKS_WAITING)
        if start:
            self._room.acquire()
            self._chunks.put_nowait(start)
        threading.Thread(target=self._feed, name="stdin", daemon=True).start()

    async def read(self) -> bytes:
        """Return the next chunk; empty at the end."""
        chunk = await self._chunks.get()
        self._room.release()
        return chunk

    def _feed(self) -> None:
        chunk = b"more"
        # RuntimeError: the loop has been closed meanwhile.
        with suppress(RuntimeError):
            while chunk:
                self._room.acquire()
                try:
                    chunk = os.read(self._descriptor, CHUNK_BYTES)
                except OSError:
                    chunk = b""
                self._loop.call_soon_threadsafe(self._chunks.put_nowait, chunk)


def open_stdin(descriptor: int, start: bytes = b"") -> Stdin | ThreadedStdin:
    """Return a reader of standard input: by the event loop if it is a pipe, socket or terminal.

    For a regular file, an event loop reports no data (Linux), or not its end (macOS).
    """
    # OSError: it is closed already. NotImplementedError: Windows.
    with suppress(OSError, NotImplementedError):
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor):
            return Stdin(descriptor, start)
    return ThreadedStdin(descriptor, start)


class MessageWriter(ABC):
    """Writes whole messages without ever blocking; gives up a client that does not read them.

    *on_lost* is called once, on the event loop; from then on, nothing more is written.
    """

    def __init__(
        self,
        on_lost: Callable[[], None],
        max_bytes: int = MAX_BYTES_WAITING,
        stall_s: float = STALL_S,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_lost = on_lost
        self._max_bytes = max_bytes
        self._stall_s = stall_s
        self._taken = 0
        self._watch: asyncio.TimerHandle | None = None
        self._is_over = False

    def write(self, data: bytes) -> None:
        if self._is_over:
            return
        self._taken += len(data)
        try:
            self._put(data)
        except OSError as exc:
            self._give_up(f"cannot be written to ({type(exc).__name__})")
        if self.waiting > self._max_bytes:
            self._give_up(f"leaves more than {self._max_bytes} bytes unread")
        elif self.waiting and self._watch is None:
            self._watch_progress()

    def close(self) -> None:  # noqa: B027 - pygls wants it, and the process ends anyway
        """Do nothing."""

    @property
    @abstractmethod
    def waiting(self) -> int:
        """Bytes that the client has not read yet."""

    @abstractmethod
    async def flush(self, seconds: float) -> None:
        """Wait until no bytes are waiting, for at most *seconds*."""

    @abstractmethod
    def _put(self, data: bytes) -> None:
        """Write *data*, or queue it. Raises `OSError`."""

    def _watch_progress(self) -> None:
        done = self._taken - self.waiting
        self._watch = self._loop.call_later(self._stall_s, self._check_progress, done)

    def _check_progress(self, done: int) -> None:
        self._watch = None
        waiting = self.waiting
        if not waiting or self._is_over:
            return
        if self._taken - waiting == done:
            self._give_up(f"has read nothing for {self._stall_s:g} s")
        else:
            self._watch_progress()

    def _give_up(self, why: str) -> None:
        if not self._is_over:
            self._is_over = True
            log.error("the client %s: it is given up", why)
            self._on_lost()


class StdoutWriter(MessageWriter):
    """Writes at once as much as the pipe has room for; a thread writes the rest.

    The descriptor is not switched to non-blocking, because other processes may share it.
    """

    def __init__(
        self,
        descriptor: int,
        on_lost: Callable[[], None],
        max_bytes: int = MAX_BYTES_WAITING,
        stall_s: float = STALL_S,
    ) -> None:
        super().__init__(on_lost, max_bytes, stall_s)
        self._descriptor = descriptor
        self._queue: deque[memoryview] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        return self._waiting

    async def flush(self, seconds: float) -> None:
        def wait() -> None:
            with self._changed:
                self._changed.wait_for(lambda: not self._waiting or self._is_over, seconds)

        if self._waiting and not self._is_over:
            await asyncio.to_thread(wait)

    def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        if not self._waiting:
            # Usually this writes everything, without a change of thread.
            while rest and has_room(self._descriptor):
                rest = rest[os.write(self._descriptor, rest[:PIPE_BYTES]) :]
        if rest:
            with self._changed:
                self._queue.append(rest)
                self._waiting += len(rest)
                self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._drain, name="stdout", daemon=True)
                self._thread.start()

    def _drain(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._queue)
                    data = self._queue.popleft()
                while data:
                    # In small pieces, so that the progress of a slow client shows.
                    count = os.write(self._descriptor, data[:PIPE_BYTES])
                    data = data[count:]
                    with self._changed:
                        self._waiting -= count
                        self._changed.notify_all()
        except OSError as exc:
            # RuntimeError: the loop has been closed meanwhile.
            with suppress(RuntimeError):
                why = f"cannot be written to ({type(exc).__name__})"
                self._loop.call_soon_threadsafe(self._give_up, why)


class SocketWriter(MessageWriter):
    """Writes to a socket, whose stream buffers the bytes that the client has not read yet."""

    def __init__(
        self,
        stream: asyncio.StreamWriter,
        on_lost: Callable[[], None],
        max_bytes: int = MAX_BYTES_WAITING,
        stall_s: float = STALL_S,
    ) -> None:
        super().__init__(on_lost, max_bytes, stall_s)
        self._stream = stream
        # Makes `drain` wait until the buffer is empty.
        stream.transport.set_write_buffer_limits(0)

    @property
    def waiting(self) -> int:
        return self._stream.transport.get_write_buffer_size()

    async def flush(self, seconds: float) -> None:
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(seconds):
                await self._stream.drain()

    def _put(self, data: bytes) -> None:
        self._stream.write(data)


def take_stdout() -> int:
    """Reserve standard output for messages, and return its descriptor; prints go to stderr."""
    descriptor = sys.stdout.fileno()
    sys.stdout = sys.stderr
    return descriptor
