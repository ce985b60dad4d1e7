"""The answer to ``initialize`` that is given early: the server's own, or none."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ds_lsp.lsp.app import create_server
from ds_lsp.lsp.transport.early_initialize import (
    MAX_BYTES,
    EarlyInitialize,
    answer_early,
    answer_to,
    user_file,
)
from ds_lsp.lsp.transport.frames import Message
from ds_lsp.settings import sources

GOLDEN = Path(__file__).parents[3] / "golden" / "initialize"
RECORDED = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(GOLDEN.iterdir())}


def message(params: object, identifier: object = 1, method: str = "initialize") -> bytes:
    body = {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}
    return json.dumps(body).encode()


def client(**capabilities: object) -> dict[str, object]:
    return {"processId": None, "rootUri": None, "capabilities": capabilities}


def parsed(frame: bytes) -> Any:
    head, _, body = frame.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"Content-Length: %d" % len(body)
    return json.loads(body)


class Recorder:
    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.messages.append(data)

    def close(self) -> None:
        pass


async def served(body: bytes) -> Any:
    """What the whole server answers."""
    server, writer = create_server(), Recorder()
    server.protocol.set_writer(writer)
    server.protocol.take(Message(body))
    await server.aclose()
    (answer,) = writer.messages
    return parsed(answer)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("DS_LSP_")]:
        monkeypatch.delenv(name)
    for kind in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind))
    return tmp_path


SYNC = {"willSave": True, "willSaveWaitUntil": False, "didSave": True}
CLIENTS: Mapping[str, Mapping[str, object]] = {
    **RECORDED,
    "bare": client(),
    "null": client(general=None, workspace=None, textDocument=None, window=None),
    "utf-8 first": client(general={"positionEncodings": ["utf-8", "utf-16"]}),
    "utf-32 after one unknown": client(general={"positionEncodings": ["utf-7", "utf-32"]}),
    "no encoding known": client(general={"positionEncodings": ["utf-7"]}),
    "no encodings": client(general={"positionEncodings": []}),
    "will save": client(textDocument={"synchronization": SYNC}),
    "null will save": client(textDocument={"synchronization": {"willSave": None}}),
    "inline": client(textDocument={"inlineCompletion": {"dynamicRegistration": True}}),
    "empty inline": client(textDocument={"inlineCompletion": {}}),
    "null inline": client(textDocument={"inlineCompletion": None}),
    "notebooks and files": client(
        notebookDocument={"synchronization": {}},
        workspace={"fileOperations": {"willRename": True, "didCreate": True}},
    ),
    "options": {**client(), "initializationOptions": {"completion": {"debounceMs": 0}}},
    "folders": {**client(), "workspaceFolders": [{"uri": "file:///项目", "name": "项目"}]},
    "no folders": {**client(), "workspaceFolders": [], "rootUri": "file:///"},
    "root path": {**client(), "rootPath": "/nowhere"},
    "not on the disk": {**client(), "rootUri": "untitled:1"},
}


@pytest.mark.parametrize("params", CLIENTS.values(), ids=list(CLIENTS))
async def test_it_is_the_answer_of_the_server(params: object) -> None:
    body = message(params)
    assert parsed(answer_to(body)) == await served(body)


@pytest.mark.parametrize("identifier", [0, 7, "seven", "七"])
async def test_it_answers_by_the_id(identifier: object) -> None:
    body = message(client(), identifier)
    assert parsed(answer_to(body)) == await served(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"[]", id="no object"),
        pytest.param(message(client(), True), id="no id"),
        pytest.param(message(client(), None), id="null id"),
        pytest.param(message(client(), method="shutdown"), id="another method"),
        pytest.param(message(None), id="no params"),
        pytest.param(message([]), id="a list"),
        pytest.param(message({}), id="no capabilities"),
        pytest.param(message({"capabilities": []}), id="capabilities of another kind"),
    ],
)
def test_what_is_no_ordinary_start_is_left_to_the_server(body: bytes) -> None:
    assert answer_to(body) == b""


@pytest.mark.parametrize("menu", ["always", "never"])
@pytest.mark.parametrize("where", ["user", "project", "options", "flat options", "environment"])
async def test_where_the_menu_is_set_the_server_answers(
    where: str, menu: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / "a b"
    folder.mkdir()
    params = {**client(), "rootUri": folder.as_uri()}
    setting = f'[completion]\nmenu = "{menu}"\n'
    match where:
        case "user":
            path = sources.user_file()
            path.parent.mkdir(parents=True)
            path.write_text(setting)
        case "project":
            (folder / ".ds-lsp.toml").write_text(setting)
        case "options":
            params["initializationOptions"] = {"completion": {"menu": menu}}
        case "flat options":
            params["initializationOptions"] = {"ds-lsp.completion.menu": menu}
        case _:
            monkeypatch.setenv("DS_LSP_COMPLETION_MENU", menu)
    assert answer_to(message(params)) == b""
    announced = (await served(message(params)))["result"]["capabilities"]
    assert ("completionProvider" in announced) == (menu == "always")


@pytest.mark.parametrize("text", ['[completion]\n"m\\u0065nu" = "never"\n', "[COMPLETION]\nMenu=1"])
def test_however_it_is_spelled(text: str, home: Path) -> None:
    (home / ".ds-lsp.toml").write_text(text)
    assert answer_to(message({**client(), "rootUri": home.as_uri()})) == b""


async def test_other_settings_do_not_keep_it_from_answering(home: Path) -> None:
    path = sources.user_file()
    path.parent.mkdir(parents=True)
    path.write_text('provider = "local"\n')
    body = message({**client(), "rootUri": home.as_uri()})
    assert parsed(answer_to(body)) == await served(body)


@pytest.mark.parametrize("folder", ["", " ", "/somewhere", "somewhere"])
def test_it_looks_for_the_settings_where_they_are(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", folder)
    assert Path(user_file()) == sources.user_file()


def early_answer_to(data: bytes) -> tuple[EarlyInitialize, bytes]:
    """Return what comes of *data*, and what is answered to it."""
    source, client_end = os.pipe()
    server_end, sink = os.pipe()
    try:
        os.write(client_end, data)
        os.close(client_end)
        early = answer_early(source, sink)
        os.close(sink)
        return early, os.read(server_end, 1 << 16)
    finally:
        os.close(source)
        os.close(server_end)


def sent(data: bytes) -> tuple[bytes, bool, bytes]:
    """What `answer_early` has read of *data*, whether it has answered, and what."""
    early, answer = early_answer_to(data)
    return early.data, early.is_answered, answer


BODY = message(client())
WHOLE = b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


@pytest.mark.parametrize("more", [b"", b"Content-Length: 2\r\n\r\n{}", b"Conte"])
def test_what_was_read_is_handed_on(more: bytes) -> None:
    assert sent(WHOLE + more) == (WHOLE + more, True, answer_to(BODY))


def test_other_headers_are_passed_over() -> None:
    kind = b"\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n"
    assert sent(WHOLE.replace(b"\r\n\r\n", kind))[1:] == (True, answer_to(BODY))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(WHOLE[:-1], id="cut off"),
        pytest.param(WHOLE[:10], id="cut off in its header"),
        pytest.param(WHOLE.replace(b"Content-Length", b"content-length"), id="odd header"),
        pytest.param(b"Content-Length: 5\r\n" + WHOLE, id="two lengths"),
        pytest.param(b"Content-Length: 0\r\n\r\n", id="empty"),
        pytest.param(b"Content-Length: %d\r\n\r\n" % (MAX_BYTES + 1), id="long"),
        pytest.param(b"x" * 1000, id="noise"),
    ],
)
def test_what_it_does_not_answer_is_handed_on(data: bytes) -> None:
    assert sent(data) == (data, False, b"")


def test_a_client_that_is_gone_is_left_to_the_server() -> None:
    source, client_end = os.pipe()
    server_end, sink = os.pipe()
    os.close(server_end)
    os.write(client_end, WHOLE)
    early = answer_early(source, sink)
    assert (early.data, early.is_answered) == (WHOLE, False)
    for descriptor in (source, client_end, sink):
        os.close(descriptor)


def frame(params: object) -> bytes:
    body = message(params)
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


@pytest.fixture
def editor() -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when it is killed."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("is_answered", [True, False])
async def test_an_editor_that_dies_before_the_server_is_there_has_died(
    is_answered: bool, editor: subprocess.Popen[bytes]
) -> None:
    menu = {} if is_answered else {"initializationOptions": {"completion": {"menu": "never"}}}
    early, answer = early_answer_to(frame({**client(), **menu, "processId": editor.pid}))
    assert bool(answer) is is_answered
    assert early.client
    assert not early.client.has_ended()
    editor.kill()
    editor.wait()
    server = create_server()
    server.early_client = early.client
    server.watch_client(editor.pid)
    await server.protocol.exit_requested.wait()
    await server.aclose()


async def test_another_process_than_the_early_one_is_looked_up(
    editor: subprocess.Popen[bytes],
) -> None:
    early, _ = early_answer_to(frame({**client(), "processId": os.getpid()}))
    assert early.client
    server = create_server()
    server.early_client = early.client
    server.watch_client(editor.pid)
    editor.kill()
    await server.protocol.exit_requested.wait()
    await server.aclose()


@pytest.mark.parametrize("pid", [None, 0, -1, True, 2**22 + 1, 2**64, "1", 1.5, [], {}], ids=repr)
def test_who_names_no_process_here_is_greeted(pid: object) -> None:
    early, answer = early_answer_to(frame({**client(), "processId": pid}))
    assert early.is_answered
    assert answer
    assert early.client is None
