"""Serves one client on a socket, for debugging: it must know the token, and speak only LSP.

Any program on this machine can connect to a loopback port, and any web page can make the user's
browser do so. A browser speaks HTTP, and a lenient reader may find a message in its headers and
body. A program of another user may speak LSP, but does not know the token.
"""

import asyncio
import hmac
import json
import logging
import os
import secrets
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass

from ds_lsp.lsp.transport.frames import Framer, Message
from ds_lsp.lsp.transport.stdio import CHUNK_BYTES
from ds_lsp.settings.sources import TOKEN_VARIABLE

log = logging.getLogger(__name__)

FIRST_MESSAGE_S = 10.0
"""Maximum seconds from a connection to its whole first message: a silent one is not held."""
MAX_FIRST_BYTES = 1 << 20
"""Maximum bytes of the first message. No editor's has nearly as many."""
MAX_UNKNOWN = 8
"""Maximum connections that have not shown the token yet; another one replaces the oldest."""
_BACKLOG = 32
"""Maximum connections accepted at once, so that a flood does not use up the file descriptors of the
process: macOS allows 256."""
_TURNS = 5
"""Turns of the event loop after which the first bytes of a new connection have been read."""
_TOKEN_BYTES = 16
"""Bytes of a token: 128 bits, as in a random key, cannot be guessed."""
_WRONG_TOKEN = (
    "The token is missing or wrong: send the one that ds-lsp printed at its start, or that "
    f"{TOKEN_VARIABLE} names, as initializationOptions.token."
)


@dataclass(frozen=True, slots=True)
class Admission:
    """The first message of a client that knows the token, with the token removed."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Rejection:
    """The reason to hang up on a client, and the answer sent before; empty if it speaks no LSP."""

    why: str
    answer: bytes = b""


def judge(body: bytes, token: str) -> Admission | Rejection:
    """Return whether to admit a client whose first message is *body*."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return Rejection("its first message is not JSON")
    if not isinstance(message, dict) or message.get("method") != "initialize":
        return Rejection("its first message is not initialize")
    params = message.get("params")
    options = params.get("initializationOptions") if isinstance(params, dict) else None
    given = options.pop("token", None) if isinstance(options, dict) else None
    is_right = isinstance(given, str) and hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), token.encode("utf-8", "surrogatepass")
    )
    if is_right:
        return Admission(json.dumps(message).encode())
    # -32602: invalid params, as of JSON-RPC.
    error = {"code": -32602, "message": _WRONG_TOKEN}
    identifier = message.get("id")
    known = identifier if isinstance(identifier, str | int) else None
    return Rejection(
        "its token is missing or wrong",
        framed(json.dumps({"jsonrpc": "2.0", "id": known, "error": error}).encode()),
    )


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


class Client:
    """A connection that has shown the token, from its first message on."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self.framer = Framer(is_strict=True)

    async def read(self) -> bytes:
        """Return the next chunk; empty at the end."""
        with suppress(OSError):
            return await self._reader.read(CHUNK_BYTES)
        return b""


class Door:
    """Admits the first client that shows the token, and hangs up on all others."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._unknown: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.admitted: asyncio.Future[Client] = asyncio.get_running_loop().create_future()

    async def examine(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._unknown[task] = writer
        client = Client(reader, writer)
        try:
            await self._make_room()
            async with asyncio.timeout(FIRST_MESSAGE_S):
                verdict = await self._judge_first_message(client)
        except TimeoutError:
            verdict = Rejection("it has not sent a whole message in time")
        except asyncio.CancelledError:
            # Not passed on: asyncio's server would report it as an error.
            verdict = Rejection("another one was faster, or is newer")
        finally:
            self._unknown.pop(task, None)
        if isinstance(verdict, Admission) and not self.admitted.done():
            self.admitted.set_result(client)
            for other in self._unknown:
                other.cancel()
        elif isinstance(verdict, Rejection):
            _hang_up(writer, verdict)
        else:
            _hang_up(writer, Rejection("another one was faster"))

    async def _make_room(self) -> None:
        """Hang up on the oldest connection if there are too many.

        First give the event loop time to read messages that have arrived: a flood of connections
        must not displace a client that has sent its token.
        """
        turns = 0
        while len(self._unknown) > MAX_UNKNOWN:
            if turns == _TURNS:
                oldest = next(iter(self._unknown))
                del self._unknown[oldest]
                oldest.cancel()
                return
            turns += 1
            await asyncio.sleep(0)

    async def _judge_first_message(self, client: Client) -> Admission | Rejection:
        first = Framer(MAX_FIRST_BYTES, is_strict=True)
        while True:
            chunk = await client.read()
            if not chunk:
                return Rejection("it has ended before its first message")
            first.feed(chunk)
            frame = first.take()
            if frame is None and first.is_oversized:
                return Rejection("its first message is too large")
            if isinstance(frame, Message):
                verdict = judge(frame.data, self._token)
                if isinstance(verdict, Admission):
                    client.framer.feed(framed(verdict.body) + first.rest)
                return verdict
            if frame is not None:
                return Rejection("it does not speak LSP")


def _hang_up(writer: asyncio.StreamWriter, refused: Rejection) -> None:
    log.warning("a connection was refused: %s", refused.why)
    if refused.answer:
        writer.write(refused.answer)
    writer.close()


async def serve(host: str, port: int, run: Callable[[Client], Coroutine[None, None, None]]) -> None:
    """Listen, print address and token on stderr, and run the first client that knows the token."""
    given = os.environ.pop(TOKEN_VARIABLE, "").strip()
    token = given or secrets.token_hex(_TOKEN_BYTES)
    door = Door(token)
    listener = await asyncio.start_server(door.examine, host, port, backlog=_BACKLOG)
    bound = listener.sockets[0].getsockname()
    lines = [f"ds-lsp listens on {bound[0]}:{bound[1]}"]
    if not given:
        lines.append(f"ds-lsp expects initializationOptions.token to be {token}")
    print(*lines, sep="\n", file=sys.stderr, flush=True)  # noqa: T201
    client = await door.admitted
    listener.close()
    await run(client)
