"""The stand-in for the API, as cheap as it can be: some 15 µs a request, so never what is measured.

    python -m tests.bench.speed.upstream [--cert FILE]

Prints its port. Speaks DeepSeek's fill-in-the-middle, streamed or not, and as much of Tabby's API
as tabby-agent needs. ``POST /__set`` changes how long it takes; ``GET /__log`` gives, and forgets,
one record for each completion, with times of CLOCK_MONOTONIC in nanoseconds, as the driver's are.
"""

import argparse
import asyncio
import json
import ssl
import time
from dataclasses import asdict, dataclass
from functools import partial

TOKENS = ["(", "alpha", ",", " beta", ")", " +", " gamma", "[", "index", "]"]
now = time.monotonic_ns


@dataclass
class Pacing:
    first_ms: float = 0.0
    """From the request to the first token."""
    token_ms: float = 0.0
    """Between tokens."""


@dataclass
class Answered:
    """One completion, and when it came and went."""

    connection: int
    bytes_in: int
    asked: int
    done: int | None = None
    hung_up: int | None = None
    """When the client went away before the end."""


class State:
    def __init__(self) -> None:
        self.pacing = Pacing()
        self.log: list[Answered] = []
        self.connections = 0
        """Those that have asked for a completion."""


class Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, state: State) -> None:
        self._state = state
        self._buffer = bytearray()
        self._live: Answered | None = None
        self._number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._live:
            self._live.hung_up = now()
            self._live = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(":", 1) for line in lines)
        size = end + 4 + int(headers.get("content-length", 0))
        if len(self._buffer) < size:
            return
        body = bytes(self._buffer[end + 4 : size])
        del self._buffer[:size]
        self._handle(first.split(" ")[1], body)

    def _handle(self, path: str, body: bytes) -> None:
        if path == "/__set":
            self._state.pacing = Pacing(**json.loads(body))
            self._reply({})
        elif path == "/__log":
            log, self._state.log = self._state.log, []
            self._reply([self._state.connections, [asdict(each) for each in log]])
        elif path.endswith("/completions"):
            self._complete(json.loads(body), len(body))
        elif path == "/v1/health":
            self._reply({"model": "m", "device": "cpu", "arch": "x86_64", "cpu_info": "",
                         "cpu_count": 2, "cuda_devices": [], "version": {
                             "build_date": "", "build_timestamp": "", "git_sha": "",
                             "git_describe": "v0.21.0"}})  # fmt: skip
        elif path == "/models":
            self._reply({"object": "list", "data": []})
        else:
            self._reply({})

    def _complete(self, request: dict[str, object], bytes_in: int) -> None:
        if not self._number:
            self._state.connections += 1
            self._number = self._state.connections
        answered = self._live = Answered(self._number, bytes_in, now())
        self._state.log.append(answered)
        pacing = self._state.pacing
        loop = asyncio.get_running_loop()
        if not request.get("stream"):
            text = "".join(TOKENS)
            hold_ms = pacing.first_ms + pacing.token_ms * len(TOKENS)
            whole = partial(self._end, answered, _whole({"choices": [_choice(text, "stop")]}))
            if hold_ms:
                loop.call_later(hold_ms / 1000, whole)
            else:
                whole()
            return
        pieces = [_event(_choice(token, None)) for token in TOKENS]
        last = _event(_choice("", "stop")) + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"
        if not pacing.first_ms and not pacing.token_ms:
            self._end(answered, _STREAM + b"".join(pieces) + last)
            return
        self.transport.write(_STREAM)
        at_ms = pacing.first_ms
        for piece in pieces:
            loop.call_later(at_ms / 1000, self._send, answered, piece)
            at_ms += pacing.token_ms
        loop.call_later(at_ms / 1000, self._end, answered, last)

    def _send(self, answered: Answered, data: bytes) -> None:
        if answered is self._live:
            self.transport.write(data)

    def _end(self, answered: Answered, data: bytes) -> None:
        if answered is self._live:
            self.transport.write(data)
            answered.done, self._live = now(), None

    def _reply(self, value: object) -> None:
        self.transport.write(_whole(value))


_STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def _whole(value: object) -> bytes:
    data = json.dumps(value).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(data) + data


def _choice(text: str, finish: str | None) -> dict[str, object]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}


def _event(choice: dict[str, object]) -> bytes:
    event = {"id": "1", "object": "text_completion", "created": 1, "model": "m"}
    return _chunk(b"data: %s\n\n" % json.dumps(event | {"choices": [choice]}).encode())


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def serve(cert: str | None) -> None:
    state, context = State(), None
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(state), "127.0.0.1", 0, ssl=context, backlog=512
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cert", help="speak TLS, with the certificate and key in this file")
    asyncio.run(serve(parser.parse_args().cert))


if __name__ == "__main__":
    main()
