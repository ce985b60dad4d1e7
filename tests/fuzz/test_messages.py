"""What comes in on stdin: bytes, and JSON of any shape."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from ds_lsp.lsp.transport.command_names import OTHER_COMMANDS
from ds_lsp.lsp.transport.frames import MAX_BODY_BYTES, is_usable_id
from tests.fuzz.budget import fuzz
from tests.fuzz.shapes import JSON, TEXTS
from tests.harness import InProcess, completion, did_close, did_open
from tests.raw_client import frame
from tests.unit.clean import clean

URI = "file:///nowhere/a.py"


@pytest.fixture(autouse=True, scope="module")
def _clean(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        home: Path = tmp_path_factory.mktemp("home")
        clean(patch, home)
        yield


def in_session(
    talk: Callable[[InProcess], Coroutine[Any, Any, None]], max_bytes: int = MAX_BODY_BYTES
) -> None:
    """Run one session from its beginning to its end."""

    async def session() -> None:
        at = InProcess(max_body_bytes=max_bytes)
        try:
            await at.start()
            at.said.clear()
            await talk(at)
        finally:
            await at.aclose()

    asyncio.run(session())


PROPER = st.sampled_from(
    [
        frame(did_open(URI, "x = 1\n")),
        frame(completion(1, URI)),
        frame({"id": 2, "method": "shutdown"}),
        frame({"method": "exit"}),
        frame(did_open(URI, "long " * 100)),
        frame({"params": {"text": "y" * 600}, "method": "textDocument/didChange", "id": 5}),
    ]
)
HEADERS = st.sampled_from(
    [
        *(b"Content-Length: ", b"content-length:", b"Content-Type: x\r\n", b"\r\n", b"\n", b"\r"),
        *(b"Content-Length: -5\r\n\r\n", b"Content-Length: 100000000000000000000\r\n\r\n"),
        *(b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", b"Content-Length: x\r\n\r\n{}"),
        *(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n" * 50, b"x" * 9000, b"a: b\r\n" * 2000),
        *(
            b"Content-Length: 2\n\n{}",
            b"Content-Length: 9999999999\r\n\r\n",
            b"{",
            b"}",
            b"[" * 999,
        ),
    ]
)


@fuzz(
    st.lists(PROPER | HEADERS | st.binary(max_size=30) | JSON.map(frame), max_size=8).map(b"".join),
    st.integers(1, 5000),
)
def test_any_bytes_are_survived(stream: bytes, size: int) -> None:
    async def talk(at: InProcess) -> None:
        await at.feed(*(stream[start : start + size] for start in range(0, len(stream), size)))

    in_session(talk, max_bytes=500)


METHODS = st.sampled_from(
    [
        *("textDocument/didOpen", "textDocument/didChange", "textDocument/didClose"),
        *("textDocument/didSave", "textDocument/inlineCompletion", "textDocument/completion"),
        *("workspace/didChangeConfiguration", "workspace/didChangeWorkspaceFolders"),
        *("workspace/executeCommand", "$/cancelRequest", "$/setTrace", "$/other", "other"),
        *("initialize", "initialized", "shutdown", "exit", "window/workDoneProgress/cancel"),
        *("notebookDocument/didOpen", ""),
    ]
)
URIS = st.sampled_from([URI, "untitled:1"]) | TEXTS
PLACES = st.fixed_dictionaries({}, optional={"line": JSON, "character": JSON}) | JSON
RANGES = st.fixed_dictionaries({"start": PLACES, "end": PLACES})
CHANGES = st.fixed_dictionaries({"text": TEXTS}, optional={"range": RANGES, "rangeLength": JSON})
FOLDERS = st.lists(st.fixed_dictionaries({"uri": TEXTS, "name": TEXTS}), max_size=2)
PARAMS = JSON | st.fixed_dictionaries(
    {},
    optional={
        "textDocument": JSON
        | st.fixed_dictionaries(
            {"uri": URIS},
            optional={"version": st.integers() | JSON, "languageId": TEXTS, "text": TEXTS},
        ),
        "position": PLACES,
        "context": st.just({"triggerKind": 1}) | JSON,
        "contentChanges": st.lists(CHANGES | JSON, max_size=3),
        "settings": JSON,
        "event": st.fixed_dictionaries({"added": FOLDERS, "removed": FOLDERS}) | JSON,
        "command": st.sampled_from([*OTHER_COMMANDS, "ds-lsp.other"]) | JSON,
        "arguments": st.lists(JSON, max_size=2) | JSON,
        "id": JSON,
    },
)
MESSAGES = (
    st.fixed_dictionaries(
        {"method": METHODS | JSON, "params": PARAMS},
        optional={"id": st.integers(0, 3) | JSON, "error": JSON, "result": JSON, "jsonrpc": JSON},
    )
    | st.fixed_dictionaries({}, optional={"id": JSON, "result": JSON, "error": JSON})
    | st.sampled_from([did_open(URI, "x = 中🙂\r\ny"), completion(7, URI), did_close(URI)])
    | JSON
)


@fuzz(st.lists(MESSAGES, max_size=6))
def test_every_request_is_answered_once(messages: list[Any]) -> None:
    async def talk(at: InProcess) -> None:
        await at.send(*messages)
        assert at.answers() == expected(messages)

    in_session(talk)


def answered_id(identifier: object) -> int | str | None:
    """Return the id of the answer: 1.0 stands for 1, as some clients know no other numbers."""
    if isinstance(identifier, float) and identifier.is_integer():
        return int(identifier)
    return identifier if is_usable_id(identifier) else None


def expected(messages: list[Any]) -> Counter[str]:
    """How often each id must be answered."""
    answers: Counter[str] = Counter()
    for content in messages:
        each = json.loads(json.dumps(content))
        if isinstance(each, dict) and "method" in each and "id" in each:
            answers[json.dumps(answered_id(each["id"]))] += 1
        elif isinstance(each, list):
            requests = [one for one in each if isinstance(one, dict) and "method" in one]
            answers.update(json.dumps(one["id"]) for one in requests if is_usable_id(one.get("id")))
    return answers
