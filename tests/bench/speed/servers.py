"""Who is measured, and how each is started: ds-lsp, the floor, and a peer where it is installed."""

import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.bench.speed.driver import CAPABILITIES, Process, text_of
from tests.raw_client import frame

ROOT = Path(__file__).parents[3]
TLS = ROOT / "tests" / "golden" / "tls" / "trusted.pem"
FLOOR_NEEDS = ("pygls==2.1.1", "lsprotocol==2025.0.0", "httpx==0.28.1", "cachetools")
TABBY = "tabby-agent@1.5.0"
TABBY_SETTLES_S = 1.0
KEYS_IN_LINE = 30
"""It asks its server about itself before it completes anything."""


@dataclass(frozen=True)
class Server:
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    options: Mapping[str, object] | None = None
    method: str = "textDocument/inlineCompletion"
    trigger: int = 2
    settles_s: float = 0.0


class Upstream:
    """The stand-in, in a process of its own, over TLS behind a slow link where one is asked for."""

    def __init__(self, url: str, control: str) -> None:
        self.url = url
        self._control = control
        self._trust = ssl.create_default_context(cafile=str(TLS))

    def set(self, first_ms: float = 0.0, token_ms: float = 0.0) -> None:
        self._ask("/__set", json.dumps({"first_ms": first_ms, "token_ms": token_ms}).encode())

    def log(self) -> tuple[int, list[dict[str, Any]]]:
        """Connections that have asked for a completion, and the completions since the last look."""
        connections, answered = self._ask("/__log")
        return connections, answered

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        with urlopen(Request(self._control + path, data=body), context=self._trust) as answer:
            return json.load(answer)


@contextmanager
def upstream() -> Iterator[Upstream]:
    with _port("upstream") as port:
        url = f"http://127.0.0.1:{port}"
        yield Upstream(url, url)


@contextmanager
def link(round_trip_ms: float) -> Iterator[Upstream]:
    with (
        _port("upstream", "--cert", str(TLS)) as port,
        _port("delay", "--to", str(port), "--ms", str(round_trip_ms)) as far,
    ):
        yield Upstream(f"https://127.0.0.1:{far}", f"https://127.0.0.1:{port}")


@contextmanager
def _port(module: str, *arguments: str) -> Iterator[int]:
    command = [sys.executable, "-m", f"tests.bench.speed.{module}", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def ds_lsp(url: str, home: Path, completion: Mapping[str, object], name: str = "ds-lsp") -> Server:
    """The server of this tree with all it does on; *completion* are settings that differ."""
    environment = {
        **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")},
        "HOME": str(home),
        "DEEPSEEK_API_KEY": "sk-x",
        "DS_LSP_BASE_URL": url,
        "SSL_CERT_FILE": str(TLS),
    }
    command = str(Path(sys.executable).with_name("ds-lsp"))
    return Server(name, (command, "--stdio"), environment, {"completion": completion})


def floor(url: str, python: Path, name: str = "floor", *, cache: bool = False) -> Server:
    environment = {"DS_BASE": url, "SSL_CERT_FILE": str(TLS), "FLOOR_CACHE": str(int(cache))}
    return Server(name, (str(python), str(Path(__file__).with_name("floor.py"))), environment)


def tabby(url: str, home: Path, peers: Path, debounce_ms: int | None) -> Server | None:
    """tabby-agent as shipped, or with another wait; None where it is not installed."""
    script = peers / "node_modules" / "tabby-agent" / "dist" / "cli.js"
    node = shutil.which("node")
    if not node or not script.exists():
        return None
    name = "tabby" if debounce_ms is None else "tabby, no wait"
    folder = home / name.replace(" ", "") / ".tabby-client" / "agent"
    folder.mkdir(parents=True, exist_ok=True)
    wait = f'[completion.debounce]\nmode = "fixed"\ninterval = {debounce_ms}\n'
    (folder / "config.toml").write_text(
        f'[server]\nendpoint = "{url}"\ntoken = "auth_x"\n'
        "[anonymousUsageTracking]\ndisable = true\n" + (wait if debounce_ms is not None else "")
    )
    return Server(
        name,
        (node, str(script), "--lsp", "--stdio"),
        {"HOME": str(folder.parents[1])},
        method="textDocument/completion",
        trigger=1,
        settles_s=TABBY_SETTLES_S,
    )


def floor_python(peers: Path) -> Path:
    """A Python with what the floor needs and nothing more; made where there is none yet.

    Nothing more, as it would not be the obvious server: sniffio alone makes it faster.
    """
    python = peers / "floor" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(peers / "floor")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *FLOOR_NEEDS], check=True)
    return python


class Session:
    """A running server, one open document, and a cursor that types."""

    def __init__(self, server: Server, workspace: Path, lines: int = 1000) -> None:
        self.server = server
        self.process = Process(server.command, server.environment)
        self.uri = (workspace / "a.py").as_uri()
        self._lines = text_of(lines).split("\n")
        self._first = lines * 2 // 5
        self._typed = 0
        self._version = 1
        self.position = {"line": self._first, "character": 0}
        folder = workspace.as_uri()
        params = {
            "processId": os.getpid(),
            "rootUri": folder,
            "capabilities": CAPABILITIES,
            "workspaceFolders": [{"uri": folder, "name": "w"}],
            "initializationOptions": server.options,
        }
        _, came, _ = self.process.ask("initialize", params)
        self.initialized_ms = (came - self.process.spawned) / 1e6
        self.process.notify("initialized", {})
        self.process.rest(server.settles_s)
        item = {"uri": self.uri, "languageId": "python", "version": 1}
        self.process.notify(
            "textDocument/didOpen", {"textDocument": {**item, "text": "\n".join(self._lines)}}
        )

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.close()

    def key(self, letter: str = "x") -> bytes:
        """The message of one letter typed at the end of a line, and in time of the next one."""
        line = self._first + self._typed // KEYS_IN_LINE
        column = len(self._lines[line])
        self._lines[line] += letter
        self._typed += 1
        self._version += 1
        self.position = {"line": line, "character": column + 1}
        at = {"line": line, "character": column}
        document = {"uri": self.uri, "version": self._version}
        change = {"range": {"start": at, "end": at}, "text": letter}
        params = {"textDocument": document, "contentChanges": [change]}
        return frame({"method": "textDocument/didChange", "params": params})

    def next_line(self) -> None:
        """The next letter is typed somewhere else."""
        self._typed += KEYS_IN_LINE - self._typed % KEYS_IN_LINE

    def params(self) -> dict[str, object]:
        context = {"triggerKind": self.server.trigger}
        document = {"uri": self.uri}
        return {"textDocument": document, "position": self.position, "context": context}

    def ask(self, before: bytes = b"") -> tuple[int, int, bool]:
        """Ask for a completion: when, when its answer came, and whether there was one."""
        sent, came, message = self.process.ask(self.server.method, self.params(), before)
        return sent, came, has_items(message)

    def barrier(self) -> None:
        """Wait until everything sent so far has been handled: servers answer in order."""
        self.process.ask("speed/barrier", {})


def has_items(message: Mapping[str, Any]) -> bool:
    result = message.get("result")
    return bool(result.get("items") if isinstance(result, dict) else result)
