"""An editor without a loop: raw messages over pipes, so cheap that the server is measured.

All times are CLOCK_MONOTONIC in nanoseconds, as the stand-in's are.
"""

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.raw_client import PATIENCE_S, end_process, frame

now = time.monotonic_ns

CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {"configuration": True, "workspaceFolders": True},
    "window": {"workDoneProgress": True},
    "textDocument": {
        "synchronization": {"didSave": True},
        "completion": {"contextSupport": True, "completionItem": {"snippetSupport": False}},
        "inlineCompletion": {"dynamicRegistration": False},
    },
}
PIECE = 1 << 16
"""Bytes: what a pipe has room for at most."""


class Process:
    """One server, and what it has answered."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.spawned = now()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
            bufsize=0,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self._readable, self._either = select.poll(), select.poll()
        self._readable.register(self._out, select.POLLIN | select.POLLHUP)
        self._either.register(self._out, select.POLLIN | select.POLLHUP)
        self._either.register(self._in, select.POLLOUT)
        self._buffer = bytearray()
        self._unwritten = bytearray()
        self._is_writing = False
        self._last_id = 0
        self.keeps = False
        """Whether what the server says unasked, or asks, is kept in `heard`."""
        self.heard: list[dict[str, Any]] = []
        self.answers: dict[int, tuple[int, dict[str, Any]]] = {}
        """By their ids: when each came, and what it says."""

    @property
    def pid(self) -> int:
        return self._process.pid

    def write(self, data: bytes) -> None:
        self._unwritten += data
        if self._is_writing:
            # An answer to the server, which is met with while a message is being written.
            return
        self._is_writing = True
        while self._unwritten:
            try:
                del self._unwritten[: os.write(self._in, self._unwritten[:PIECE])]
            except BlockingIOError:
                if any(ready == self._out for ready, _ in self._either.poll(10_000)):
                    self._read()
        self._is_writing = False

    def notify(self, method: str, params: object) -> None:
        self.write(frame({"method": method, "params": params}))

    def send(self, method: str, params: object, before: bytes = b"") -> tuple[int, int]:
        """Send a request in one write with what is to come *before* it; its id, and when."""
        self._last_id += 1
        data = before + frame({"id": self._last_id, "method": method, "params": params})
        sent = now()
        self.write(data)
        return self._last_id, sent

    def ask(self, method: str, params: object, before: bytes = b"") -> tuple[int, int, Any]:
        """When a request was sent, when its answer came, and the whole answer."""
        identifier, sent = self.send(method, params, before)
        came, message = self.wait(identifier)
        return sent, came, message

    def wait(self, identifier: int) -> tuple[int, dict[str, Any]]:
        until = now() + int(PATIENCE_S * 1e9)
        while identifier not in self.answers:
            if not self._readable.poll(max(0, until - now()) / 1e6):
                raise TimeoutError("the server does not answer")
            self._read()
        return self.answers[identifier]

    def rest(self, seconds: float) -> None:
        """Take what comes for so long."""
        until = now() + int(seconds * 1e9)
        while (left := until - now()) > 0:
            if self._readable.poll(left / 1e6):
                self._read()

    def close(self) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            self.ask("shutdown", None)
            self.notify("exit", None)
            self._process.wait(2)
        end_process(self._process)

    def cpu_ms(self) -> float:
        """Processor time of all threads of the server and of what it has started."""
        spent = 0
        for task in self._tasks():
            with contextlib.suppress(OSError):
                spent += int((task / "schedstat").read_text().split()[0])
        return spent / 1e6

    def memory_mb(self) -> float:
        kilobytes = 0
        for pid in self._pids():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Rss:"):
                    kilobytes += int(line.split()[1])
        return kilobytes / 1024

    def _pids(self) -> Iterator[int]:
        waiting = [self._process.pid]
        while waiting:
            pid = waiting.pop()
            yield pid
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())

    def _tasks(self) -> Iterator[Path]:
        for pid in self._pids():
            yield from Path(f"/proc/{pid}/task").iterdir()

    def _read(self) -> None:
        data = os.read(self._out, 1 << 20)
        came = now()
        if not data:
            raise OSError("the server has ended")
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            size = end + 4 + int(self._buffer[15:end].split(b"\r\n")[0].strip(b": "))
            if len(self._buffer) < size:
                return
            message = json.loads(self._buffer[end + 4 : size])
            del self._buffer[:size]
            if self.keeps and "method" in message:
                self.heard.append(message)
            if "method" not in message:
                self.answers[message["id"]] = came, message
            elif "id" in message:
                items = message.get("params", {}).get("items")
                result = None if items is None else [None for _ in items]
                self.write(frame({"id": message["id"], "result": result}))


def text_of(lines: int) -> str:
    """So many lines that look like Python, some with more than ASCII."""
    made: list[str] = []
    number = 0
    while len(made) < lines:
        note = "café" if number % 10 == 0 else "plain"
        made += [
            f"def compute_{number}(alpha, beta, index={number}):",
            f'    """Return the combined value {number}."""',
            "    gamma = [alpha, beta, index]",
            f"    total = sum(gamma) + {number}",
            "    if total > 100:",
            "        return gamma[index % 3]",
            f"    # note {number}: {note}",
            "    return total - index",
            "",
        ]
        number += 1
    return "\n".join(made[:lines]) + "\n"
