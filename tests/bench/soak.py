"""Types for hours in minutes: does the server leak, or leave anything unanswered?

    python -m tests.bench.soak [--keystrokes N] [--faults SHARE] [--seed N]

The real server over stdio, DeepSeek's stand-in behind it. Several documents are typed into,
accepted into and moved about in, as fast as answers come; every keystroke asks for inline
completion, and the stand-in fails at the share given. Exit status 1: something was left over.
"""

import argparse
import contextlib
import os
import random
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ds_lsp.providers.http.connections import MAX_IDLE
from tests.e2e.editor import server_environment
from tests.fake_deepseek import PATIENCE_S, Close, FakeDeepSeek, Reply, Send, Step, chunk, sse
from tests.raw_client import RawClient

DOCUMENTS = 5
WARM_UP = 0.2
"""The share of keystrokes after which memory counts: caches and the index are full by then."""
LINES = 300
WORDS = ("value", "计算", "total", "self", "return", "😀", "index", "for", "in", "print")
TEXTS = ("value", "compute(total, index)", "self.total\n    return self", "计算(价格)")
FAULTS: tuple[tuple[Step, ...], ...] = (
    (Reply(500, "oops"),),
    (Reply(429, "slow down"),),
    (Reply(200, "<html>", "text/html"),),
    (Close(),),
    (Send(f"data: {chunk('val')}\n\n".encode()), Close()),
    (Send(b'data: {"error": {"message": "no"}}\n\n'),),
)


@dataclass(frozen=True)
class Figures:
    """What is left at the end, and how memory went."""

    keystrokes: int
    requests: int
    unanswered: int
    upstream: int
    """Completions the stand-in was asked for."""
    shown: int
    messages: int
    calls_in_flight: int
    sockets: int
    upstream_connections: int
    """Connections the stand-in has open."""
    warm_mb: float
    end_mb: float
    growth_mb: float
    """For each 10,000 keystrokes after the warm-up."""
    seconds: float

    @property
    def is_clean(self) -> bool:
        few = max(self.sockets, self.upstream_connections) <= MAX_IDLE
        return self.unanswered == 0 and self.calls_in_flight == 0 and few


class Typist:
    """Types at random, over a client that keeps every answer."""

    def __init__(self, client: RawClient, dice: random.Random) -> None:
        self.shown = 0
        self.requests = 0
        self._client = client
        self._dice = dice
        self._versions = [0] * DOCUMENTS
        self._cursors = [(LINES // 2, 4)] * DOCUMENTS
        self._document = 0
        self._asked: list[int] = []

    def open(self, number: int) -> None:
        text = "".join(f"    {' '.join(self._dice.choices(WORDS, k=5))}\n" for _ in range(LINES))
        item = {"uri": uri(number), "languageId": "python", "version": 0, "text": text}
        self._client.notify("textDocument/didOpen", {"textDocument": item})

    def press(self) -> None:
        """One keystroke: mostly a letter, now and then something else; then a request."""
        dice = self._dice
        if dice.random() < 0.01:
            self._document = dice.randrange(DOCUMENTS)
        line, column = self._cursors[self._document]
        if dice.random() < 0.03:
            # Back to the beginning of some line, and what was on it goes: no text grows for ever.
            line, column = dice.randrange(LINES), 4
            self._replace((line, 4), (line, 10_000), "")
        else:
            letter = dice.choice("abcdefgh (.:=  计")
            self._replace((line, column), (line, column), letter)
            column += 1
        self._cursors[self._document] = line, column
        self._ask(line, column)

    def finish(self) -> None:
        """Wait for what has not been answered yet."""
        for identifier in self._asked:
            self._client.answer(identifier)
        self._asked.clear()

    def _ask(self, line: int, column: int) -> None:
        params = {
            "textDocument": {"uri": uri(self._document)},
            "position": {"line": line, "character": column},
            "context": {"triggerKind": 1 if self._dice.random() < 0.1 else 2},
        }
        self.requests += 1
        self._asked.append(self._client.request("textDocument/inlineCompletion", params))
        if self._dice.random() < 0.02:
            self._client.notify("$/cancelRequest", {"id": self._asked[-1]})
        if self._dice.random() < 0.4:
            # Typing that rests until the answer is there, and may take it.
            self._take(self._client.answer(self._asked[-1]), line, column)
            self.finish()

    def _take(self, answer: Any, line: int, column: int) -> None:
        items = (answer.get("result") or {}).get("items")
        self.shown += bool(items)
        if items and self._dice.random() < 0.3:
            text = items[0]["insertText"].partition("\n")[0]
            self._replace((line, column), (line, column), text)
            self._cursors[self._document] = line, column + len(text)

    def _replace(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        number = self._document
        self._versions[number] += 1
        spots = ({"line": line, "character": column} for line, column in (start, end))
        change = {"range": dict(zip(("start", "end"), spots, strict=True)), "text": text}
        self._client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": uri(number), "version": self._versions[number]},
                "contentChanges": [change],
            },
        )


def uri(number: int) -> str:
    return f"file:///nowhere/{number}.py"


def soak(home: Path, keystrokes: int, faults: float, seed: int) -> Figures:
    dice = random.Random(seed)
    with FakeDeepSeek() as fake:
        fake.break_down(lambda _: _answer(dice.random() < faults, dice))
        options = {"completion": {"debounceMs": 0, "timeoutMs": 5000}}
        with RawClient(server_environment(home, fake), home / "stderr", {}) as client:
            params: dict[str, object] = {"processId": None, "rootUri": None, "capabilities": {}}
            client.ask("initialize", {**params, "initializationOptions": options})
            client.notify("initialized", {})
            typist = Typist(client, random.Random(seed))
            for number in range(DOCUMENTS):
                typist.open(number)
            started, warm_mb = time.monotonic(), 0.0
            for number in range(keystrokes):
                if number == int(keystrokes * WARM_UP):
                    typist.finish()
                    warm_mb = _memory_mb(client.pid)
                typist.press()
                # Answers that have been looked at are only counted.
                fake.requests[:-1] = ()
            typist.finish()
            end_mb, seconds = _memory_mb(client.pid), time.monotonic() - started
            # The last calls that nobody waits for any more are being hung up on.
            with contextlib.suppress(AssertionError):
                fake.wait_until(lambda: fake.running == 0 and fake.open_connections <= MAX_IDLE)
            until = time.monotonic() + PATIENCE_S
            status = client.ask("workspace/executeCommand", {"command": "ds-lsp.status"})
            while status["calls_in_flight"] and time.monotonic() < until:
                # One that waited for a connection has its grace yet.
                status = client.ask("workspace/executeCommand", {"command": "ds-lsp.status"})
            usage = client.ask("workspace/executeCommand", {"command": "ds-lsp.usage"})
            told = [each["method"] for each in client.notifications]
            counts = client.answers()
            return Figures(
                keystrokes=keystrokes,
                requests=typist.requests,
                unanswered=sum(count != 1 for count in counts.values()),
                upstream=usage["session"]["requests"],
                shown=typist.shown,
                messages=told.count("window/showMessage"),
                calls_in_flight=status["calls_in_flight"],
                sockets=_sockets(client.pid),
                upstream_connections=fake.open_connections,
                warm_mb=warm_mb,
                end_mb=end_mb,
                growth_mb=(end_mb - warm_mb) / (keystrokes * (1 - WARM_UP)) * 10_000,
                seconds=seconds,
            )


def _answer(fails: bool, dice: random.Random) -> Iterable[Step]:
    return dice.choice(FAULTS) if fails else sse(dice.choice(TEXTS))


def _memory_mb(pid: int) -> float:
    """Resident memory; 0 where /proc does not tell."""
    status = Path(f"/proc/{pid}/status")
    for line in status.read_text().splitlines() if status.exists() else ():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _sockets(pid: int) -> int:
    """Open sockets, the event loop's own pair aside; 0 where /proc does not tell."""
    return max(0, len(list(_socket_links(pid))) - 2)


def _socket_links(pid: int) -> Iterator[str]:
    folder = Path(f"/proc/{pid}/fd")
    for link in folder.iterdir() if folder.exists() else ():
        target = os.readlink(link)
        if target.startswith("socket:"):
            yield target


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keystrokes", type=int, default=100_000)
    parser.add_argument("--faults", type=float, default=0.05, help="share of calls that fail")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    os.environ["no_proxy"] = "*"
    with tempfile.TemporaryDirectory() as home:
        figures = soak(Path(home), arguments.keystrokes, arguments.faults, arguments.seed)
    for name in Figures.__dataclass_fields__:
        value = getattr(figures, name)
        print(f"{name.replace('_', ' '):>22} {value:>10.2f}".replace(".00", "   "))
    return 0 if figures.is_clean else 1


if __name__ == "__main__":
    raise SystemExit(main())
