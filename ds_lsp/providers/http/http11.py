"""An HTTP/1.1 connection with asyncio for the transport and h11 for the protocol.

Everything that ends an exchange is done at once, without awaiting: a call that is cancelled while
it hangs up has hung up. httpx's own connections (httpcore) await there, and lose a place in their
pool for each such call.
"""

import asyncio
import ssl
from typing import Self

import h11
import httpx

MAX_HEAD_BYTES = 100 * 1024
"""Maximum bytes of the head of an answer; a longer one is refused."""
MAX_WAITING_BYTES = 256 * 1024
"""Maximum bytes of an answer received before they are read; then the server has to wait."""
SLICE_S = 0.003
"""Seconds of reading received bytes, after which other tasks have their turn."""
NEXT_ADDRESS_AFTER_S = 0.25
"""Seconds that connecting to one address of a host may take before the next address is tried beside
it (RFC 8305, 8)."""

Headers = list[tuple[bytes, bytes]]


class Http11Connection(asyncio.Protocol):
    """Carries one request at a time.

    `ask`, then `read` until the end, then `finish` or `hang_up`.
    """

    def __init__(self) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._received = bytearray()
        self._arrival: asyncio.Future[None] | None = None
        self._is_closed = False
        self._give_way_at = 0.0
        self._lost_by: Exception | None = None
        self._transport: asyncio.Transport
        self.opened_in_s = 0.0
        """Seconds that opening the connection took: at least one round trip."""
        self.has_answered = False
        """True if a byte has arrived since the last request was sent."""

    @classmethod
    async def open(cls, host: str, port: int, context: ssl.SSLContext | None) -> Self:
        """Open a connection. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        _, connection = await loop.create_connection(
            cls, host, port, ssl=context, happy_eyeballs_delay=NEXT_ADDRESS_AFTER_S
        )
        connection.opened_in_s = loop.time() - started
        return connection

    @property
    def is_idle(self) -> bool:
        """Return whether the connection can carry the next request, as far as it is known."""
        return self._http.our_state is h11.IDLE and not self._is_closed

    async def ask(
        self, method: bytes, target: bytes, headers: Headers, body: bytes
    ) -> tuple[int, Headers]:
        """Send a request; return the status and headers of its answer. Raises `httpx.HTTPError`."""
        try:
            request = h11.Request(method=method, target=target, headers=headers)
            pieces = (self._http.send(e) for e in (request, h11.Data(body), h11.EndOfMessage()))
            self.has_answered = False
            # In one write: in two, the second would be a segment of its own.
            self._transport.write(b"".join(piece or b"" for piece in pieces))
        except h11.LocalProtocolError as exc:
            raise httpx.LocalProtocolError(str(exc)) from exc
        while True:
            match await self._next_event():
                case h11.Response() as response:
                    return response.status_code, response.headers.raw_items()
                case h11.InformationalResponse():
                    pass
                case _:
                    raise httpx.RemoteProtocolError("The connection was closed without an answer.")

    async def read(self) -> bytes:
        """Return the next part of the body; empty at its end. Raises `httpx.HTTPError`."""
        event = await self._next_event()
        return bytes(event.data) if isinstance(event, h11.Data) else b""

    def finish(self) -> bool:
        """Finish the exchange after reading its answer; return whether to reuse the connection.

        If it cannot be reused, it is hung up.
        """
        if (self._http.our_state, self._http.their_state) == (h11.DONE, h11.DONE):
            self._http.start_next_cycle()
            if not self._received and not self._http.trailing_data[0]:
                return not self._is_closed
        self.hang_up()
        return False

    def hang_up(self) -> None:
        """Abort the connection at once, even during an exchange."""
        self._is_closed = True
        self._transport.abort()

    async def _next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            await self._give_way()
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._receive())
        except h11.RemoteProtocolError as exc:
            raise httpx.RemoteProtocolError(str(exc)) from exc
        return event

    async def _receive(self) -> bytes:
        """Wait for bytes and return all that have arrived; empty at the end of the stream."""
        if not self._received and not self._is_closed:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        if self._lost_by and not self._received:
            raise httpx.ReadError(str(self._lost_by)) from self._lost_by
        data = bytes(self._received)
        self._received.clear()
        self._transport.resume_reading()
        return data

    async def _give_way(self) -> None:
        """Let other tasks run every `SLICE_S`: the bytes may contain thousands of tiny events."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._give_way_at:
            await asyncio.sleep(0)
            self._give_way_at = loop.time() + SLICE_S

    # Callbacks of asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._http.our_state is h11.IDLE:
            # A server that sends without a request is closing the connection (HTTP 408).
            self.hang_up()
            return
        self.has_answered = True
        self._received += data
        if len(self._received) >= MAX_WAITING_BYTES:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closed = True
        self._lost_by = exc
        self._wake()

    def _wake(self) -> None:
        if self._arrival and not self._arrival.done():
            self._arrival.set_result(None)
