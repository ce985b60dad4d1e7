"""Standard input as messages, standard output as answers; ends when either is closed."""

import asyncio
import os
import sys
import threading
from contextlib import suppress
from typing import BinaryIO

_CHUNK_BYTES = 1 << 16


class FairReader:
    """A stream of messages that lets each message's handler begin before the next is read.

    Several messages may come in one piece. A handler takes its snapshot in its first step; without
    a turn of the loop between messages, that snapshot would hold the changes behind it as well.
    """

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream

    async def readline(self) -> bytes:
        try:
            line = await self._stream.readline()
        except ValueError:
            # A header line without end is no header: whoever talks here does not speak LSP.
            return b""
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            # pygls knows one spelling; headers have many.
            return b"Content-Length: " + value.strip() + b"\r\n"
        return line

    async def readexactly(self, size: int) -> bytes:
        await asyncio.sleep(0)
        try:
            return await self._stream.readexactly(size)
        except asyncio.IncompleteReadError:
            return b""


class StdoutWriter:
    """Writes whole messages; an editor that is gone is no error."""

    def __init__(self, stdout: BinaryIO) -> None:
        self._stdout = stdout

    def write(self, data: bytes) -> None:
        with suppress(OSError, ValueError):
            self._stdout.write(data)
            self._stdout.flush()

    def close(self) -> None:
        with suppress(OSError):
            self._stdout.close()


def open_stdin() -> FairReader:
    """Standard input, read by a thread of its own: portable, and one hop a piece."""
    stream = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    # The file descriptor, not sys.stdin: its lock, held by a waiting reader, would stop the
    # interpreter from ending.
    thread = threading.Thread(
        target=_feed, args=(sys.stdin.fileno(), stream, loop), name="stdin", daemon=True
    )
    thread.start()
    return FairReader(stream)


def take_stdout() -> StdoutWriter:
    """Standard output for messages alone: what anything else prints goes to stderr."""
    writer = StdoutWriter(sys.stdout.buffer)
    sys.stdout = sys.stderr
    return writer


def _feed(descriptor: int, stream: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
    # RuntimeError: the loop has been closed meanwhile.
    with suppress(RuntimeError):
        with suppress(OSError):
            while chunk := os.read(descriptor, _CHUNK_BYTES):
                loop.call_soon_threadsafe(stream.feed_data, chunk)
        loop.call_soon_threadsafe(stream.feed_eof)
