"""The server in this process, and a client that speaks bytes to it: fast, and nothing is hidden.

Messages go through the server's own reader and protocol; only the pipe is missing, and clocks can
be put into its place.
"""

import asyncio
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from pygls.exceptions import JsonRpcException

# Imported here for the server, which otherwise imports it in a thread that no turn waits for.
import ds_lsp.workspace.privacy.secrets  # noqa: F401
from ds_lsp.lsp.app import create_server, handle_messages
from ds_lsp.lsp.notify import Notifier
from ds_lsp.lsp.transport.frames import MAX_BODY_BYTES, Framer
from ds_lsp.session import Session
from tests.raw_client import METHOD_NOT_FOUND, PATIENCE_S, frame
from tests.unit.fakes import FakeTime, turns

INITIALIZE: Mapping[str, object] = {
    "id": "first",
    "method": "initialize",
    "params": {"processId": None, "rootUri": None, "capabilities": {}},
}


def did_open(uri: str, text: str, language_id: str = "python") -> dict[str, object]:
    item = {"uri": uri, "languageId": language_id, "version": 1, "text": text}
    return {"method": "textDocument/didOpen", "params": {"textDocument": item}}


def did_close(uri: str) -> dict[str, object]:
    return {"method": "textDocument/didClose", "params": {"textDocument": {"uri": uri}}}


def completion(identifier: int | str, uri: str, line: int = 0) -> dict[str, object]:
    params = {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": 1000},
        "context": {"triggerKind": 1},
    }
    return {"id": identifier, "method": "textDocument/inlineCompletion", "params": params}


class InProcess:
    """One session and its client, which decides nothing. Lives in the running event loop.

    `aclose` ends it, or `quit`, as an editor does. Whatever the server could not handle and did not
    foresee is then an error of the test, and so is what still goes on.
    """

    def __init__(
        self,
        time: FakeTime | None = None,
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
        answers_server: bool = True,
        shares_converters: bool = True,
    ) -> None:
        """Without *shares_converters* the server has all of them to make, as in a new process."""
        self.server = create_server()
        if shares_converters:
            self.server.protocol._converter = _learned_converter()
        if time:
            notifier = self.server.notifier = Notifier(self.server, time.clock)
            self.server.session = Session(
                notifier.notify_once, self.server.report_state, clock=time.clock, sleep=time.sleep
            )
        self.said: list[Any] = []
        """All that came from the server, in order."""
        self.results: dict[str, Callable[[Any], object]] = {}
        """What the client answers to the server's requests, by method; else an error."""
        self._answers_server = answers_server
        self._asked: list[int] = []
        self._arrived: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._unforeseen = _Unforeseen()
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._is_idle = asyncio.Event()
        self.server.protocol.set_writer(self)
        self._reading = asyncio.ensure_future(
            handle_messages(self.server, self._read, Framer(max_body_bytes))
        )
        # Nobody waits in vain for a reader that has failed.
        self._reading.add_done_callback(lambda _: self._is_idle.set())

    # What the client sends.

    def post(self, *contents: object) -> None:
        """Send messages without waiting for anything."""
        for content in contents:
            self._put(frame(content))

    def notify(self, method: str, params: object) -> None:
        self.post({"method": method, "params": params})

    def request(self, method: str, params: object) -> int:
        """Send a request; its id."""
        identifier = len(self._asked) + 1
        self._asked.append(identifier)
        self.post({"id": identifier, "method": method, "params": params})
        return identifier

    async def ask(self, method: str, params: object = None) -> Any:
        """The result of a request, which must have one."""
        message = await self.answer(self.request(method, params))
        assert "error" not in message, message
        return message["result"]

    async def command(self, name: str) -> Any:
        return await self.ask("workspace/executeCommand", {"command": f"ds-lsp.{name}"})

    async def feed(self, *chunks: bytes) -> None:
        """Send bytes, and wait until everything is answered that can be."""
        for chunk in filter(None, chunks):
            self._put(chunk)
        await self._is_idle.wait()
        if self._reading.done():
            await self._reading
        while tasks := [each for each in self._requests() if not each.done()]:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)

    async def send(self, *contents: object) -> None:
        """Send messages, and wait until everything is answered that can be."""
        await self.feed(*(frame(content) for content in contents))

    async def start(self) -> None:
        """Begin the session of a client that can do nothing; the ids are left to the test."""
        await self.send(INITIALIZE, {"method": "initialized", "params": {}})

    async def initialize(
        self, options: object = None, *, capabilities: Mapping[str, object] | None = None
    ) -> Any:
        """Begin the session of a client that shows inline completion; the server's answer."""
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

    # The end.

    async def quit(self) -> None:
        """End the session in order. Every request has been answered once."""
        await self.ask("shutdown")
        self.notify("exit", None)
        await self.aclose()
        assert self.answers() == {json.dumps(identifier): 1 for identifier in self._asked}

    async def aclose(self) -> None:
        """The end of the input: nothing unforeseen has come up, and every task ends."""
        self._put(b"")
        await self._reading
        await self.server.aclose()
        await turns()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        # What closing waits for a moment only may take another one on a busy machine.
        _, left = await asyncio.wait(left, timeout=PATIENCE_S) if left else ((), left)
        await self.abandon()
        assert not left, left
        assert self.server.protocol._request_futures == {}
        assert self._unforeseen.errors == []

    async def abandon(self) -> None:
        """Close the server without a look at how it went, as after a failure."""
        self._reading.cancel()
        await self.server.aclose()
        self._unforeseen.close()

    # What came back.

    def answers(self) -> Counter[str]:
        """How often each request was answered, by its id as JSON."""
        return Counter(json.dumps(each["id"]) for each in self.said if "method" not in each)

    async def answer(self, identifier: object) -> Any:
        """Wait for the answer to a request; the whole message."""
        async with asyncio.timeout(PATIENCE_S):
            await self._arrived[json.dumps(identifier)].wait()
        (answer,) = [
            each for each in self.said if "method" not in each and each["id"] == identifier
        ]
        return answer

    @property
    def notifications(self) -> list[Any]:
        return [each for each in self.said if "method" in each and "id" not in each]

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

    def _requests(self) -> Iterable[asyncio.Future[Any]]:
        # Some are concurrent.futures', of what is handled at once or asked of the client.
        kept: Iterable[object] = self.server.protocol._request_futures.values()
        return [each for each in kept if isinstance(each, asyncio.Future)]

    # The pipe, as the server sees it.

    def _put(self, chunk: bytes) -> None:
        self._is_idle.clear()
        self._chunks.put_nowait(chunk)

    async def _read(self) -> bytes:
        # Who asks for the next chunk has handled the last one.
        if self._chunks.empty():
            self._is_idle.set()
        return await self._chunks.get()

    def write(self, data: bytes) -> None:
        head, _, body = data.partition(b"\r\n\r\n")
        assert int(head.split()[1]) == len(body)
        message = json.loads(body)
        self.said.append(message)
        if "method" not in message:
            self._arrived[json.dumps(message["id"])].set()
        elif "id" in message and self._answers_server:
            self.post({"id": message["id"], **self._response(message)})

    def _response(self, request: Any) -> dict[str, object]:
        if request["method"] in self.results:
            return {"result": self.results[request["method"]](request["params"])}
        return {"error": {"code": METHOD_NOT_FOUND, "message": "not in this client"}}

    def close(self) -> None:
        """Nothing to close."""


class _Unforeseen(logging.Handler):
    """The errors that the server logs because it has not foreseen them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.errors: list[BaseException] = []
        logging.getLogger("ds_lsp").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, JsonRpcException):
            self.errors.append(error)

    def close(self) -> None:
        logging.getLogger("ds_lsp").removeHandler(self)
        super().close()


@cache
def _learned_converter() -> Any:
    """What one server has learned to convert, which takes 50 ms, holds for all sessions."""
    return create_server().protocol._converter


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what comes about in other tasks and threads."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - nobody there tells of it
            await asyncio.sleep(0.001)
