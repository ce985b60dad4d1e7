"""The language server in this process, at the other end of a client that decides nothing.

Messages go through the server's own reader and protocol; only the pipe is missing, and clocks can
be put into its place.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from pygls.protocol import default_converter

from ds_lsp.lsp.app import create_server, handle_messages
from ds_lsp.lsp.notify import Notifier
from ds_lsp.lsp.transport.frames import Framer
from ds_lsp.session import Session
from tests.unit.fakes import FakeTime, turns

PATIENCE_S = 30.0
"""How long the server may take for anything, in seconds, before the test has failed."""

_CHUNK_BYTES = 1 << 16
_METHOD_NOT_FOUND = -32601
_CONVERTER = default_converter()  # type: ignore[no-untyped-call]


class Hosted:
    """One server and its client; lives in the running event loop."""

    def __init__(self, time: FakeTime | None = None) -> None:
        self.server = create_server()
        # What it has learned to convert holds for every session; to learn it takes 50 ms.
        self.server.protocol._converter = _CONVERTER
        if time:
            notifier = self.server.notifier = Notifier(self.server, time.clock)
            self.server.session = Session(
                notifier.notify_once, self.server.report_state, clock=time.clock, sleep=time.sleep
            )
        self.notifications: list[Any] = []
        self.results: dict[str, Callable[[Any], object]] = {}
        """What the client answers to the server's requests, by method; else an error."""
        self.answers: dict[int, list[Any]] = {}
        """Everything that came back for each request that was sent."""
        self._arrived: dict[int, asyncio.Event] = {}
        self._stream = asyncio.StreamReader()
        self.server.protocol.set_writer(self)
        self._reading = asyncio.ensure_future(
            handle_messages(self.server, lambda: self._stream.read(_CHUNK_BYTES), Framer())
        )

    # What the client sends.

    def send(self, message: Mapping[str, object]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._stream.feed_data(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))

    def notify(self, method: str, params: object) -> None:
        self.send({"method": method, "params": params})

    def request(self, method: str, params: object) -> int:
        """Send a request; its id."""
        identifier = len(self.answers) + 1
        self.answers[identifier] = []
        self._arrived[identifier] = asyncio.Event()
        self.send({"id": identifier, "method": method, "params": params})
        return identifier

    async def answer(self, identifier: int) -> Any:
        """Wait for the answer to a request; the whole message."""
        async with asyncio.timeout(PATIENCE_S):
            await self._arrived[identifier].wait()
        (message,) = self.answers[identifier]
        return message

    async def ask(self, method: str, params: object = None) -> Any:
        """The result of a request, which must have one."""
        message = await self.answer(self.request(method, params))
        assert "error" not in message, message
        return message["result"]

    async def command(self, name: str) -> Any:
        return await self.ask("workspace/executeCommand", {"command": f"ds-lsp.{name}"})

    async def initialize(
        self, options: object = None, *, capabilities: Mapping[str, object] | None = None
    ) -> Any:
        asks: dict[str, object] = {"textDocument": {"inlineCompletion": {}}}
        params = {"processId": None, "rootUri": None, "capabilities": capabilities or asks}
        result = await self.ask("initialize", {**params, "initializationOptions": options})
        self.notify("initialized", {})
        await self.settle()
        return result

    async def configure(self, settings: object) -> None:
        """Push settings, and wait until they are in force."""
        self.notify("workspace/didChangeConfiguration", {"settings": settings})
        await self.settle()

    async def settle(self) -> None:
        """Until the server has begun all that was sent, and done what needs no network."""
        for _ in range(3):
            await self.command("status")
            await turns()

    async def aclose(self) -> None:
        """The end of the session; every request has been answered once, and every task ends."""
        await self.ask("shutdown")
        self.notify("exit", None)
        self._stream.feed_eof()
        await self._reading
        await self.server.aclose()
        await turns()
        counts = {identifier: len(messages) for identifier, messages in self.answers.items()}
        assert set(counts.values()) == {1}, counts
        assert self.server.protocol._request_futures == {}
        left = asyncio.all_tasks() - {asyncio.current_task()}
        # What closing waits for a moment only may take another one on a busy machine.
        _, left = await asyncio.wait(left, timeout=PATIENCE_S) if left else ((), left)
        assert not left, left

    # What the user sees.

    @property
    def messages(self) -> list[str]:
        """What the user was shown."""
        return [params["message"] for params in self._told("window/showMessage")]

    @property
    def states(self) -> list[tuple[str, str]]:
        """State and detail at each change of one of them, where ``client.status`` is set."""
        told = [(params["state"], params["detail"]) for params in self._told("ds-lsp/status")]
        return [
            state for before, state in zip([None, *told], told, strict=False) if state != before
        ]

    def _told(self, method: str) -> list[Any]:
        return [each["params"] for each in self.notifications if each["method"] == method]

    # The writer, as the server sees it.

    def write(self, data: bytes) -> None:
        message = json.loads(data.partition(b"\r\n\r\n")[2])
        if "method" not in message:
            self.answers[message["id"]].append(message)
            self._arrived[message["id"]].set()
        elif "id" not in message:
            self.notifications.append(message)
        elif message["method"] in self.results:
            result = self.results[message["method"]](message["params"])
            self.send({"id": message["id"], "result": result})
        else:
            error = {"code": _METHOD_NOT_FOUND, "message": "not in this client"}
            self.send({"id": message["id"], "error": error})

    def close(self) -> None:
        """Nothing to close."""


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what comes about in other tasks and threads."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - nobody there tells of it
            await asyncio.sleep(0.001)
