"""The longest time for which a stranger's text stops the server.

    python -m tests.bench.hostile [--chars N] [--only PART]

Opens documents that are made to be slow, asks for completions and code actions in them, and types;
all the while a command that costs nothing is asked again and again: the longest it waits is the
longest pause of the server. See README.md in this directory.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.editor import server_environment
from tests.fake_deepseek import FakeDeepSeek
from tests.raw_client import RawClient

CAPABILITIES: dict[str, object] = {"textDocument": {"inlineCompletion": {}, "codeAction": {}}}
SETTLE_S = 0.15
"""Seconds for which a document is watched after each step: what runs later has its turn, too."""
_JS = "!function(e,t){var n=e.document,r=t.x||{};r.a=1;return n.getElementById('q').value}(window);"
DOCUMENTS: dict[str, tuple[str, str]] = {
    "JSON": ('{"id": 17, "name": "abc", "tags": [1, 2]}, ', "json"),
    "minified JavaScript": (_JS, "javascript"),
    "minified CSS": (".a{color:red}.b{margin:0 auto}", "css"),
    "HTML in one line": ('<div class="a"><p>text</p></div>', "html"),
    "SVG": ("M1.5 2.5L3 4C5 6,7 8,9 10", "xml"),
    "CSV in one line": ("1,2,3,4,5,6,7,8,", "plaintext"),
    "Chinese prose": ("这是一个很长的段落，它描述了系统的行为。", "markdown"),
    "English prose": ("The quick brown fox jumps over the lazy dog. ", "markdown"),
    "one word": ("a", "javascript"),
    "hexadecimal": ("0f3a", "c"),
    "open brackets": ("(", "python"),
    "unmatched brackets": ("){", "c"),
    "unmatched brackets in lines": ("){\n", "c"),
    "labels in a shell": ("]:", "shellscript"),
    "case labels": ("a|", "shellscript"),
    "quotes": ("'\"", "python"),
    "triple quotes": ('"""', "python"),
    "back quotes": ("`${", "typescript"),
    "holes": ("f'{", "python"),
    "backslashes": ("\\", "ruby"),
    "escaped quotes": ('secret\\"', "go"),
    "slashes": ("=/[", "javascript"),
    "comments": ("/*", "rust"),
    "angle brackets": ("<", "html"),
    "open tags": ("<script ", "html"),
    "blanks": (" ", "yaml"),
    "tabs": ("\t", "makefile"),
    "line ends": ("\n", "python"),
    "carriage returns": ("\r", "java"),
    "emoji": ("\U0001f600", "swift"),
    "combining marks": ("a\u0301", "kotlin"),
    "form feeds": ("\f", "lua"),
    "assignments": ("let a=1;", "javascript"),
    "re-exports": ("export * from ", "javascript"),
    "imports": ("from . import (\n", "python"),
    "definitions": ("def f(\n", "python"),
    "signatures": ("func (", "go"),
    "blocks": ("if x:\n", "python"),
    "short lines": ("x = 1\n", "php"),
    "names and blanks": ("token = ", "perl"),
    "fences": ("```\n", "markdown"),
    "dashes": ("- ", "sql"),
    "private keys": ("-----BEGIN PRIVATE KEY-----\n", "plaintext"),
}


@dataclass(frozen=True)
class Pause:
    """The longest wait for an answer while something was done."""

    what: str
    ms: float


class Watched:
    """A session of the real server whose pauses are measured."""

    def __init__(self, client: RawClient) -> None:
        self._client = client
        client.ask("initialize", {"processId": None, "rootUri": None, "capabilities": CAPABILITIES})
        client.notify("initialized", {})
        self._version = 1

    def ready(self) -> None:
        """Wait for what a start does in the background."""
        self.open("file:///nowhere/warm.txt", "x = 1\n", "plaintext")
        self.complete("file:///nowhere/warm.txt", 0, 1, 1)
        self.worst_ms([], 1.2)

    def worst_ms(self, requests: list[int], settle_s: float = SETTLE_S) -> float:
        """The longest wait for a command that costs nothing, until *requests* are answered."""
        worst = 0.0
        for identifier in requests:
            began = time.perf_counter()
            self._ping()
            worst = max(worst, time.perf_counter() - began)
            self._client.answer(identifier)
        until = time.perf_counter() + settle_s
        while (began := time.perf_counter()) < until:
            self._ping()
            worst = max(worst, time.perf_counter() - began)
            time.sleep(0.001)
        return worst * 1000

    def open(self, uri: str, text: str, language_id: str) -> None:
        item = {"uri": uri, "languageId": language_id, "version": 1, "text": text}
        self._client.notify("textDocument/didOpen", {"textDocument": item})

    def close(self, uri: str) -> None:
        self._client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def complete(self, uri: str, line: int, column: int, kind: int) -> int:
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}
        asked = {**place, "context": {"triggerKind": kind}}
        return self._client.request("textDocument/inlineCompletion", asked)

    def actions(self, uri: str, line: int, column: int) -> int:
        at = {"line": line, "character": column}
        return self._client.request(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": uri},
                "range": {"start": at, "end": at},
                "context": {"diagnostics": []},
            },
        )

    def type(self, uri: str, line: int, column: int, text: str) -> None:
        self._version += 1
        at = {"line": line, "character": column}
        change = {"range": {"start": at, "end": at}, "text": text}
        document = {"uri": uri, "version": self._version}
        self._client.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
        )

    def wait(self, request: int) -> None:
        self._client.answer(request)

    def _ping(self) -> None:
        self._client.ask("workspace/executeCommand", {"command": "ds-lsp.why", "arguments": []})


def pauses(at: Watched, uri: str, text: str, language_id: str) -> Iterator[Pause]:
    """Open a document, ask and type at its start and in its middle, with the pause of each."""
    at.open(uri, text, language_id)
    yield Pause("opened", at.worst_ms([], 2 * SETTLE_S))
    lines = text.replace("\r", "\n").count("\n")
    middle = (lines // 2, 1) if lines else (0, len(text) // 2)
    for line, column in ((0, 0), middle):
        yield Pause("asked", at.worst_ms([at.complete(uri, line, column, 1)]))
        yield Pause("code actions", at.worst_ms([at.actions(uri, line, column)]))
        for key in "ab":
            at.type(uri, line, column, key)
            column += 1
            yield Pause("typed", at.worst_ms([at.complete(uri, line, column, 2)]))
    yield Pause("rested", at.worst_ms([], 0.8))
    at.close(uri)


def session(home: Path, fake: FakeDeepSeek) -> RawClient:
    environment = server_environment(home, fake)
    return RawClient(environment, home / "stderr", {"workspace/configuration": [None]}, "--stdio")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chars", type=int, default=1_000_000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    print("| document | longest pause, ms | while it was | all, ms |\n| --- | --- | --- | --- |")
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as name, FakeDeepSeek() as fake:
        fake.answer("a(b, [c]) {\n  x = 1;\n}\n")
        with session(Path(name), fake) as client:
            at = Watched(client)
            at.ready()
            for document, (unit, language_id) in DOCUMENTS.items():
                if options.only not in document:
                    continue
                text = unit * (options.chars // len(unit))
                found = list(pauses(at, f"file:///nowhere/{next(numbers)}.x", text, language_id))
                worst = max(found, key=lambda each: each.ms)
                each = " ".join(f"{pause.ms:.0f}" for pause in found)
                print(f"| {document} | {worst.ms:.0f} | {worst.what} | {each} |", flush=True)


if __name__ == "__main__":
    main()
