"""A link with a round trip of its own: forwards each piece of a connection half of it later.

    python -m tests.bench.speed.delay --to PORT --ms MS

Prints its port. A real connection costs a round trip before its first byte can leave; here it is
open at once, so the client's first piece is held for one round trip longer instead. Congestion
windows, loss and names are not modelled.
"""

import argparse
import asyncio
from collections import deque


class Way:
    """One direction of one connection."""

    def __init__(self, to: "Side", delay_s: float, first_s: float) -> None:
        self._to, self._delay_s, self._first_s = to, delay_s, first_s
        self._pieces: deque[bytes | None] = deque()
        self._last = 0.0

    def put(self, piece: bytes | None) -> None:
        """None is the end."""
        loop = asyncio.get_running_loop()
        self._last = max(loop.time() + self._delay_s + self._first_s, self._last)
        self._first_s = 0.0
        self._pieces.append(piece)
        loop.call_at(self._last, self._deliver)

    def _deliver(self) -> None:
        transport = self._to.transport
        if transport is None:
            # The far side is not connected yet.
            asyncio.get_running_loop().call_later(0.001, self._deliver)
            return
        piece = self._pieces.popleft()
        if transport.is_closing():
            return
        if piece is None:
            transport.close()
        else:
            transport.write(piece)


class Side(asyncio.Protocol):
    transport: asyncio.Transport | None = None
    way: Way

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.way.put(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.way.put(None)


async def serve(port: int, round_trip_s: float) -> None:
    loop = asyncio.get_running_loop()
    dials = set()

    def connected() -> Side:
        near, far = Side(), Side()
        near.way = Way(far, round_trip_s / 2, round_trip_s)
        far.way = Way(near, round_trip_s / 2, 0.0)
        dial = loop.create_task(loop.create_connection(lambda: far, "127.0.0.1", port))
        dials.add(dial)
        dial.add_done_callback(dials.discard)
        return near

    server = await loop.create_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--ms", type=float, default=80.0)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.to, arguments.ms / 1000))


if __name__ == "__main__":
    main()
