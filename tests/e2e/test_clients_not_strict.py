"""Clients that are not strict: what they send is served, once and quietly."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.editor import server_environment
from tests.fake_deepseek import FakeDeepSeek
from tests.raw_client import RawClient

URI = "file:///project/a.py"
TEXT = "def add(a, b):\n    return \n"
END = {"line": 1, "character": 11}
INSIDE = {"line": 1, "character": 5}
SPAN = {"start": INSIDE, "end": INSIDE}
ASKED = {"textDocument": {"uri": URI}, "position": END}

CAPABILITIES = {
    "general": {"positionEncodings": ["utf-7", "utf-16"], "staleRequestSupport": None},
    "window": [],
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "workspaceEdit": {"failureHandling": "zap", "resourceOperations": ["zap", None]},
        "symbol": {"symbolKind": {"valueSet": [1, 99]}, "tagSupport": {"valueSet": [7]}},
        "foldingRange": 3,
        "zap": {"zap": None},
    },
    "textDocument": {
        "completion": {
            "completionItem": {"documentationFormat": ["html", "markdown"], "tagSupport": 1},
            "completionItemKind": {"valueSet": [0, 1, None]},
        },
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "zap"]}}},
        "publishDiagnostics": {"tagSupport": {"valueSet": [-1, 1]}},
        "inlineCompletion": None,
        "hover": {"contentFormat": [None]},
    },
}


def start(tmp_path: Path, fake: FakeDeepSeek | None, **results: object) -> RawClient:
    answers = {name.replace("__", "/"): result for name, result in results.items()}
    return RawClient(server_environment(tmp_path, fake), tmp_path / "stderr", answers)


def initialize(at: RawClient, **more: object) -> Any:
    params = {"processId": 1.0, "rootUri": None, "capabilities": CAPABILITIES, "trace": "loud"}
    found = at.ask("initialize", params | more)
    at.notify("initialized", None)
    return found


def open_document(at: RawClient, **more: object) -> None:
    item = {"uri": URI, "languageId": "python", "version": 1, "text": TEXT, **more}
    at.notify("textDocument/didOpen", {"textDocument": item})


def is_quiet(at: RawClient) -> bool:
    shown = [each for each in at.notifications if each["method"] == "window/showMessage"]
    return not shown and "Traceback" not in at.stderr and "Unable to" not in at.stderr


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RawClient, FakeDeepSeek]]:
    """Once for all tests: what takes time here is the start of a process."""
    with FakeDeepSeek() as fake:
        folder = tmp_path_factory.mktemp("shared")
        with start(folder, fake, workspace__configuration=[None]) as client:
            initialize(client)
            open_document(client)
            yield client, fake


@pytest.fixture
def at(shared: tuple[RawClient, FakeDeepSeek]) -> RawClient:
    return shared[0]


def test_capabilities_that_are_not_known(tmp_path: Path, fake: FakeDeepSeek) -> None:
    with start(tmp_path, fake, workspace__configuration=[None]) as at:
        capabilities = initialize(at, workspaceFolders=[{"uri": "file:///w"}, None])["capabilities"]
        assert capabilities["positionEncoding"] == "utf-16"
        assert "inlineCompletionProvider" in capabilities
        open_document(at)
        assert at.ask("textDocument/inlineCompletion", ASKED)["items"]
        assert is_quiet(at)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"context": {"triggerKind": 0}}, id="kind 0"),
        pytest.param({"context": {"triggerKind": 3}}, id="kind 3"),
        pytest.param({"context": {"triggerKind": None}}, id="kind null"),
        pytest.param({"context": {}}, id="context empty"),
        pytest.param({"context": None}, id="context null"),
        pytest.param({}, id="no context"),
        pytest.param({"position": {"line": 1.0, "character": 11.0}}, id="floats"),
        pytest.param({"position": {"line": "1", "character": "11"}}, id="texts"),
        pytest.param({"position": {"line": 1, "character": 2**32 - 1}}, id="end of line"),
        pytest.param(
            {"context": {"triggerKind": 1, "selectedCompletionInfo": {"range": None, "text": "a"}}},
            id="selected without a range",
        ),
        pytest.param({"workDoneToken": None, "zap": None}, id="more"),
    ],
)
def test_a_request_with_odd_members_is_completed(at: RawClient, more: Mapping[str, object]) -> None:
    assert at.ask("textDocument/inlineCompletion", {**ASKED, **more})["items"]
    assert is_quiet(at)


@pytest.mark.parametrize(
    "item",
    [
        *({"version": None}, {"version": 1.0}, {"version": "1"}, {"languageId": None}),
        *({"languageId": None, "version": None}, {"zap": None}, {"languageId": 7}),
    ],
)
def test_a_document_opened_with_odd_members_is_completed(
    at: RawClient, item: Mapping[str, object]
) -> None:
    uri = f"file:///project/opened-{len(at.answers())}.py"
    open_document(at, uri=uri, **item)
    asked = {"textDocument": {"uri": uri}, "position": END}
    assert at.ask("textDocument/inlineCompletion", asked)["items"]
    assert is_quiet(at)


def test_a_document_that_cannot_be_opened_is_reported_once(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    with start(tmp_path, fake, workspace__configuration=[None]) as at:
        initialize(at)
        at.ask("textDocument/inlineCompletion", ASKED)
        for _ in range(2):
            open_document(at, text=None)
        assert at.ask("textDocument/inlineCompletion", ASKED)["items"] == []
        shown = [each for each in at.notifications if each["method"] == "window/showMessage"]
        (message,) = [each["params"]["message"] for each in shown]
        assert message.startswith("ds-lsp: a.py came in a message that cannot be read")


def test_changes_with_odd_versions_and_ranges_are_applied(
    shared: tuple[RawClient, FakeDeepSeek],
) -> None:
    """Versions that are missing, null or floats; nulls where a range could be."""
    at, fake = shared
    uri = "file:///project/changing.py"
    open_document(at, uri=uri)
    ends = {"start": {"line": 0.0, "character": 0.0}, "end": {"line": 0, "character": 1.0}}
    for version, change in (
        ({}, {"range": None, "rangeLength": None, "text": "x = 1\ny = "}),
        ({"version": None}, {"range": ends, "rangeLength": None, "text": "甲😀"}),
        ({"version": 3.0}, {"range": ends, "rangeLength": -1, "text": "乙"}),
    ):
        document = {"uri": uri, **version}
        params = {"textDocument": document, "contentChanges": [change], "zap": None}
        at.notify("textDocument/didChange", params)
    asked = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 4}}
    at.ask("textDocument/inlineCompletion", asked)
    assert str(fake.requests[-1].body["prompt"]).endswith("乙😀 = 1\ny = ")
    assert is_quiet(at)


@pytest.mark.parametrize(
    ("diagnostic", "title"),
    [
        ({"tags": [-1]}, "Explain: a 甲"),
        ({"tags": None, "severity": 5}, "Explain: a 甲"),
        ({"severity": "zap", "code": None, "source": None}, "Explain: a 甲"),
        ({"message": {"kind": "markdown", "value": "`b`"}}, "Explain: `b`"),
        ({"relatedInformation": [{"location": None, "message": None}]}, "Explain: a 甲"),
        ({"range": None}, "Explain the function at the cursor"),
        ({"range": {"start": INSIDE, "end": {"line": None}}}, "Explain the function at the cursor"),
        ({"message": None}, "Explain the function at the cursor"),
    ],
)
def test_odd_diagnostics_get_their_code_actions(
    at: RawClient, diagnostic: Mapping[str, object], title: str
) -> None:
    context = {
        "diagnostics": [{"range": SPAN, "message": "a 甲", **diagnostic}],
        "triggerKind": 9,
        "only": None,
    }
    params = {"textDocument": {"uri": URI}, "range": SPAN, "context": context}
    first, *_ = at.ask("textDocument/codeAction", params)
    assert first["title"] == title
    assert is_quiet(at)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ((1, 9), (0, 0)),
        ((1_000_000_000, 0), (0, 0)),
        ((1, 2**53), (0, -0.0)),
        ((0, 0), (1_000_000_000, 2**53)),
    ],
)
def test_selection_that_is_backwards_or_too_long(
    at: RawClient, start: tuple[int, float], end: tuple[int, float]
) -> None:
    ends = [{"line": line, "character": column} for line, column in (start, end)]
    span = dict(zip(("start", "end"), ends, strict=True))
    params = {"textDocument": {"uri": URI}, "range": span, "context": {"diagnostics": []}}
    (found, *_) = at.ask("textDocument/codeAction", params)
    assert found["title"] == "Explain the selection"
    assert is_quiet(at)


@pytest.mark.parametrize(
    "params",
    [
        {"textDocument": {"uri": URI}, "range": SPAN},
        {"textDocument": {"uri": URI}, "range": SPAN, "context": None},
        {"textDocument": {"uri": URI}, "range": SPAN, "context": {"diagnostics": [None]}},
    ],
)
def test_code_actions_without_a_context(at: RawClient, params: object) -> None:
    assert at.ask("textDocument/codeAction", params)
    assert is_quiet(at)


def test_command_is_given_an_odd_diagnostic(tmp_path: Path, fake: FakeDeepSeek) -> None:
    message = {"kind": "markdown", "value": "**odd** 甲"}
    odd = {"range": SPAN, "message": message, "severity": 9, "tags": [0], "code": None}
    argument = {"textDocument": {"uri": URI}, "range": SPAN, "diagnostic": odd}
    fake.chat_answer("It adds.")
    with start(tmp_path, fake, workspace__configuration=[None]) as at:
        initialize(at)
        open_document(at)
        at.ask("workspace/executeCommand", {"command": "ds-lsp.explain", "arguments": [argument]})
        fake.wait_until(lambda: bool(fake.chats))
    asked = json.dumps(fake.chats[-1].body, ensure_ascii=False)
    assert "**odd** 甲" in asked
    assert "markdown" not in asked


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("initialized", None),
        ("$/setTrace", {"value": "loud"}),
        ("$/setTrace", {}),
        ("$/cancelRequest", {"id": None}),
        ("$/cancelRequest", None),
        ("$/progress", {"token": 1, "value": None}),
        ("textDocument/didSave", {"textDocument": {"uri": URI}, "text": None}),
        ("workspace/didChangeConfiguration", {}),
        ("workspace/didChangeConfiguration", {"settings": []}),
        ("workspace/didChangeWorkspaceFolders", {"event": None}),
        ("workspace/didChangeWorkspaceFolders", {"event": {"added": [{"uri": "file:///x"}, None]}}),
        ("window/workDoneProgress/cancel", {"token": 1.0}),
    ],
)
def test_odd_notifications_do_not_disturb_the_session(
    at: RawClient, method: str, params: object
) -> None:
    at.notify(method, params)
    assert at.ask("textDocument/inlineCompletion", ASKED)["items"]
    assert is_quiet(at)


def test_ids_that_are_floats(at: RawClient) -> None:
    call = {"method": "textDocument/inlineCompletion", "params": ASKED}
    at.send({"id": 70.0, **call})
    assert at.answer(70)["result"]["items"]


@pytest.mark.parametrize(
    "answer",
    [
        {"result": None},
        {},
        {"result": [None], "error": None},
        {"result": {}},
        {"result": 7},
        {"error": "boom"},
        {"error": {}},
        {"error": {"code": "zap", "message": None}},
        {"error": {"code": -32601.0, "message": "no", "data": None}},
        {"error": [], "result": None},
    ],
)
def test_answers_to_our_own_requests(
    tmp_path: Path, fake: FakeDeepSeek, answer: Mapping[str, object]
) -> None:
    """An odd answer is one: nothing waits on, and there is only one complaint, in the log."""

    class Odd(RawClient):
        def _respond(self, request: Any) -> None:
            self.send({"id": request["id"], **answer})

    with Odd(server_environment(tmp_path, fake), tmp_path / "stderr", {}) as at:
        initialize(at)
        open_document(at)
        assert at.ask("textDocument/inlineCompletion", ASKED)["items"]
        assert any(each["method"] == "workspace/configuration" for each in at.server_requests)
        at.ask("workspace/executeCommand", {"command": "ds-lsp.status"})
        assert at.ask("shutdown") is None
        assert "Traceback" not in at.stderr
