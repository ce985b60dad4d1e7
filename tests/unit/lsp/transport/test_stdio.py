"""Reading ahead no further than is handled, and writing to a client that does not read."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ds_lsp.lsp.transport.stdio import (
    CHUNK_BYTES,
    MAX_CHUNKS_WAITING,
    SocketWriter,
    Stdin,
    StdoutWriter,
    ThreadedStdin,
    open_stdin,
)

MUCH = b"x" * (1 << 20)
"""More than any pipe takes."""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


async def test_what_a_thread_reads_ahead_is_bounded(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, _ = pipe
    reads = 0
    is_full = threading.Event()

    def read(descriptor: int, size: int) -> bytes:
        nonlocal reads
        assert descriptor == source
        reads += 1
        if reads == MAX_CHUNKS_WAITING:
            is_full.set()
        return b"x" * size if reads <= 3 * MAX_CHUNKS_WAITING else b""

    monkeypatch.setattr("ds_lsp.lsp.transport.stdio.os.read", read)
    stdin = ThreadedStdin(source)
    await asyncio.to_thread(is_full.wait, 30)
    # The thread has read what it may; it goes on only when something has been taken.
    assert reads == MAX_CHUNKS_WAITING
    size = 0
    while chunk := await stdin.read():
        size += len(chunk)
        assert reads * CHUNK_BYTES <= size + (MAX_CHUNKS_WAITING + 1) * CHUNK_BYTES
    assert size == 3 * MAX_CHUNKS_WAITING * CHUNK_BYTES


async def test_what_the_loop_reads_ahead_is_bounded(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, sink = pipe
    reads = 0
    read_source = os.read

    def read(descriptor: int, size: int) -> bytes:
        nonlocal reads
        reads += 1
        # One byte stands for a whole piece.
        return read_source(descriptor, 1) * size if reads <= 3 * MAX_CHUNKS_WAITING else b""

    monkeypatch.setattr("ds_lsp.lsp.transport.stdio.os.read", read)
    os.write(sink, b"x" * 4 * MAX_CHUNKS_WAITING)
    stdin = Stdin(source)
    for _ in range(10 * MAX_CHUNKS_WAITING):
        await asyncio.sleep(0)
    assert reads == MAX_CHUNKS_WAITING
    size = 0
    while chunk := await stdin.read():
        size += len(chunk)
        assert reads * CHUNK_BYTES <= size + (MAX_CHUNKS_WAITING + 1) * CHUNK_BYTES
    assert size == 3 * MAX_CHUNKS_WAITING * CHUNK_BYTES


@pytest.mark.parametrize("kind", [Stdin, ThreadedStdin])
async def test_what_has_been_read_already_comes_first(
    kind: type[Stdin] | type[ThreadedStdin], pipe: tuple[int, int]
) -> None:
    source, sink = pipe
    stdin = kind(source, b"first ")
    os.write(sink, "第二 😀\r\n".encode())
    assert await stdin.read() == b"first "
    assert await stdin.read() == "第二 😀\r\n".encode()
    os.close(sink)
    assert await stdin.read() == b""


async def test_standard_input_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "messages").write_bytes(MUCH)
    descriptor = os.open(tmp_path / "messages", os.O_RDONLY)
    stdin = open_stdin(descriptor)
    assert isinstance(stdin, ThreadedStdin)
    received = b""
    while chunk := await stdin.read():
        received += chunk
    os.close(descriptor)
    assert received == MUCH


async def test_standard_input_may_be_closed(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    assert await open_stdin(pipe[0]).read() == b""


async def test_what_there_is_room_for_is_written_at_once(pipe: tuple[int, int]) -> None:
    source, sink = pipe
    writer = StdoutWriter(sink, lambda: None)
    before = threading.active_count()
    writer.write(b"a" * 10_000)
    writer.write(b"b")
    assert writer.waiting == 0
    assert threading.active_count() == before
    assert os.read(source, 20_000) == b"a" * 10_000 + b"b"


async def test_what_there_is_no_room_for_arrives_in_order(pipe: tuple[int, int]) -> None:
    source, sink = pipe
    writer = StdoutWriter(sink, lambda: None)
    writer.write(MUCH)
    writer.write(b"last")
    assert writer.waiting > 0
    received = b""
    while len(received) < len(MUCH) + 4:
        received += await asyncio.to_thread(os.read, source, CHUNK_BYTES)
    assert received == MUCH + b"last"
    await writer.flush(30)
    assert writer.waiting == 0


async def test_a_client_that_leaves_too_much_unread_is_given_up(
    pipe: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    lost = asyncio.Event()
    writer = StdoutWriter(pipe[1], lost.set, max_bytes=2 * len(MUCH))
    for _ in range(3):
        writer.write(MUCH)
    assert lost.is_set()
    assert "leaves more than 2097152 bytes unread" in caplog.text
    waiting = writer.waiting
    writer.write(MUCH)
    assert writer.waiting == waiting


async def test_a_client_that_has_stopped_reading_is_given_up(
    pipe: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    lost = asyncio.Event()
    writer = StdoutWriter(pipe[1], lost.set, stall_s=0)
    # The thread may move what fits a pipe of ours first; nothing after that.
    writer.write(MUCH)
    await lost.wait()
    assert "has read nothing for 0 s" in caplog.text


async def test_a_client_that_has_gone_is_given_up(pipe: tuple[int, int]) -> None:
    lost = asyncio.Event()
    writer = StdoutWriter(pipe[1], lost.set)
    os.close(pipe[0])
    writer.write(b"x")
    await lost.wait()
    await writer.flush(30)


async def test_a_client_that_goes_while_something_waits_is_given_up(pipe: tuple[int, int]) -> None:
    lost = asyncio.Event()
    writer = StdoutWriter(pipe[1], lost.set)
    writer.write(MUCH)
    os.close(pipe[0])
    await lost.wait()


async def test_a_socket_is_bounded_as_well() -> None:
    lost = asyncio.Event()
    connected: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.put_nowait((reader, writer))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        reader, client = await asyncio.open_connection(*server.sockets[0].getsockname())
        _, stream = await connected.get()
        writer = SocketWriter(stream, lost.set, max_bytes=64 * len(MUCH))
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        await writer.flush(30)
        while not lost.is_set():
            writer.write(MUCH)
        assert writer.waiting > 0
        stream.transport.abort()
        client.close()
