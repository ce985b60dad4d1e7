"""A client that speaks JSON-RPC and nothing more, so that nothing the server says is hidden.

It keeps all that comes, in order, and decides nothing: pytest-lsp, which the other tests use, fills
in what a client of its own would say.
"""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

PATIENCE_S = 30.0
"""How long the server may take for anything, in seconds, before the test has failed."""

METHOD_NOT_FOUND = -32601


def frame(content: object) -> bytes:
    """*content* as a client sends it."""
    if isinstance(content, Mapping):
        content = {"jsonrpc": "2.0", **content}
    body = json.dumps(content, separators=(",", ":")).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def read_message(stream: IO[bytes]) -> Any:
    """The next message; None at the end."""
    length = None
    while (line := stream.readline()) not in (b"", b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return None if length is None else json.loads(stream.read(length))


def end_process(process: subprocess.Popen[bytes]) -> None:
    """Kill a process, and close its pipes: nothing is left of it."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        # The process may have gone with something left in our buffer.
        with contextlib.suppress(OSError):
            if pipe:
                pipe.close()


class RawClient:
    """The server in a process of its own. A context manager: nothing is left running."""

    def __init__(
        self,
        env: Mapping[str, str],
        stderr: Path,
        results: Mapping[str, object],
        *arguments: str,
    ) -> None:
        """*results* answer the server's requests by their method; others get an error."""
        self.notifications: list[Any] = []
        self.server_requests: list[Any] = []
        self._answers: dict[object, list[Any]] = {}
        self._results = results
        self._stderr = stderr
        self._next_id = 1
        self._messages: queue.Queue[Any] = queue.Queue()
        with stderr.open("wb") as errors:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "ds_lsp", *arguments],
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        assert self._server.stdin
        assert self._server.stdout
        self._stdin = self._server.stdin
        self._stdout = self._server.stdout
        # A pipe cannot be read with a time limit, and on Windows not be waited for either.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.kill()
        self._reader.join()
        end_process(self._server)

    @property
    def pid(self) -> int:
        return self._server.pid

    @property
    def stderr(self) -> str:
        return self._stderr.read_text(encoding="utf-8")

    def request(self, method: str, params: object = None) -> int:
        """Send a request; its id."""
        identifier = self._next_id
        self._next_id += 1
        self.send({"id": identifier, **_call(method, params)})
        return identifier

    def notify(self, method: str, params: object = None) -> None:
        self.send(_call(method, params))

    def send(self, message: Mapping[str, object]) -> None:
        self.send_bytes(frame(message))

    def send_bytes(self, data: bytes) -> None:
        """Send what may be no message at all."""
        self._stdin.write(data)
        self._stdin.flush()

    def answer(self, identifier: object) -> Any:
        """Wait for the answer to a request; the whole message."""
        while identifier not in self._answers:
            message = self._messages.get(timeout=PATIENCE_S)
            assert message is not None, f"the server ended before its answer:\n{self.stderr}"
            self._take(message)
        (message,) = self._answers[identifier]
        return message

    def ask(self, method: str, params: object = None) -> Any:
        """The result of a request, which must have one."""
        message = self.answer(self.request(method, params))
        assert "error" not in message, message
        return message["result"]

    def answers(self) -> dict[object, int]:
        """How many answers each request has had so far."""
        return {identifier: len(messages) for identifier, messages in self._answers.items()}

    def close_stdin(self) -> None:
        # The server may have gone, with something left in our buffer.
        with contextlib.suppress(OSError):
            self._stdin.close()

    def wait(self) -> int:
        """Take what still comes until the server ends; its exit status."""
        while (message := self._messages.get(timeout=PATIENCE_S)) is not None:
            self._take(message)
        return self._server.wait(PATIENCE_S)

    def _take(self, message: Any) -> None:
        if "method" not in message:
            self._answers.setdefault(message["id"], []).append(message)
        elif "id" not in message:
            self.notifications.append(message)
        else:
            self.server_requests.append(message)
            self._respond(message)

    def _respond(self, request: Any) -> None:
        answer: dict[str, object] = {"id": request["id"]}
        if request["method"] in self._results:
            answer["result"] = self._results[request["method"]]
        else:
            answer["error"] = {"code": METHOD_NOT_FOUND, "message": "not in this client"}
        self.send(answer)

    def _read(self) -> None:
        while (message := read_message(self._stdout)) is not None:
            self._messages.put(message)
        self._messages.put(None)


def _call(method: str, params: object) -> dict[str, object]:
    return {"method": method} if params is None else {"method": method, "params": params}
