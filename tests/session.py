"""The server in this process, and a client that speaks bytes to it: fast, and nothing is hidden."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pygls.exceptions import JsonRpcException

# Imported here for the server, which otherwise imports it in a thread that no turn waits for.
import ds_lsp.workspace.privacy.secrets  # noqa: F401
from ds_lsp.lsp.app import create_server, handle_messages
from ds_lsp.lsp.transport.frames import Framer

INITIALIZE: Mapping[str, object] = {
    "id": "first",
    "method": "initialize",
    "params": {"processId": None, "rootUri": None, "capabilities": {}},
}


def message(content: object) -> bytes:
    """*content* as a client sends it."""
    if isinstance(content, Mapping):
        content = {"jsonrpc": "2.0", **content}
    body = json.dumps(content).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


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


class InProcess(logging.Handler):
    """One session. Lives in one event loop; `aclose` ends it.

    Whatever the server could not handle and did not foresee is an error of the test.
    """

    def __init__(self, max_body_bytes: int | None = None) -> None:
        super().__init__(logging.WARNING)
        self.server = create_server()
        self.said: list[Any] = []
        self.unforeseen: list[BaseException] = []
        self._framer = Framer(max_body_bytes) if max_body_bytes else Framer()
        self.server.protocol.set_writer(self)
        logging.getLogger("ds_lsp").addHandler(self)

    def write(self, data: bytes) -> None:
        head, _, body = data.partition(b"\r\n\r\n")
        assert int(head.split()[1]) == len(body)
        self.said.append(json.loads(body))

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, JsonRpcException):
            self.unforeseen.append(error)

    async def feed(self, *chunks: bytes) -> None:
        """Send bytes, and wait until everything is answered that can be."""
        rest: Iterator[bytes] = iter((*(chunk for chunk in chunks if chunk), b""))

        async def read() -> bytes:
            return next(rest)

        await handle_messages(self.server, read, self._framer)
        while tasks := [each for each in self._requests() if not each.done()]:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)

    async def send(self, *contents: object) -> None:
        await self.feed(*(message(content) for content in contents))

    async def start(self) -> None:
        await self.send(INITIALIZE, {"method": "initialized", "params": {}})

    def answers(self) -> Counter[str]:
        """How often each request was answered, by its id as JSON."""
        return Counter(json.dumps(each["id"]) for each in self.said if "method" not in each)

    def answer(self, identifier: object) -> Any:
        (answer,) = [each for each in self.said if each.get("id") == identifier]
        return answer

    def shown(self) -> list[str]:
        """What the user was shown."""
        return [
            each["params"]["message"]
            for each in self.said
            if each.get("method") == "window/showMessage"
        ]

    async def aclose(self) -> None:
        logging.getLogger("ds_lsp").removeHandler(self)
        await self.server.aclose()
        assert self.unforeseen == []

    def _requests(self) -> Iterable[asyncio.Future[Any]]:
        # Some are concurrent.futures', of what is handled at once or asked of the client.
        kept: Iterable[object] = self.server.protocol._request_futures.values()
        return [each for each in kept if isinstance(each, asyncio.Future)]
