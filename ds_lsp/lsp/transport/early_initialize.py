"""Answers ``initialize`` before the server is imported, which takes nearly all of a start.

An editor waits for this answer, and for nothing else until the user types. This module answers only
if the message alone decides the answer. If a setting may affect it, or anything is unusual, the
message is left to the server.
"""

import json
import os
import select
import sys

import ds_lsp
from ds_lsp.lsp.transport.command_names import COMMANDS
from ds_lsp.processes import Process, find_process

STARTER_POLL_S = 2.0
"""Seconds between two checks, until the first message arrives, that the process that has started
this one still runs."""
MAX_BYTES = 1 << 20
"""Maximum bytes of the first message, and of a file with settings. No editor's first message is
nearly as long."""

ENCODINGS = ("utf-8", "utf-16", "utf-32")
TRIGGER_CHARACTERS = [".", "(", "[", "{", ",", ":", "="]
"""Characters after which the completion menu sends a request; it would otherwise wait for the first
letter of a word. The blank is none of them: Helix would send a request on entering an indented
line, and go on showing its answer while the user types the line."""


class EarlyInitialize:
    """The state after the early ``initialize``: the bytes read, and whether it was answered."""

    def __init__(
        self, data: bytes = b"", *, is_answered: bool = False, client: Process | None = None
    ) -> None:
        self.data = data
        self.is_answered = is_answered
        self.client = client
        """The client's process that ``initialize`` names, if it runs on this machine."""


NO_EARLY_INITIALIZE = EarlyInitialize()


def answer_early(source: int, sink: int) -> EarlyInitialize:
    """Read the first message, and answer it if that can be done. Never raises `OSError`."""
    data = bytearray()
    client = None
    answer = b""
    starter = os.getppid()
    try:
        message = _initialize(_read_body(source, data, starter))
        if message:
            # Find the process before answering: later, one that has ended would be missing, and be
            # taken for a process on another machine.
            pid = _at(message, "params", "processId")
            client = find_process(pid)
            if client is None and pid == starter and os.getppid() != starter:
                os._exit(1)
            answer = _answer(message)
        left = answer
        while left:
            left = left[os.write(sink, left) :]
    except OSError:
        # The server meets the same error, and handles it.
        answer = b""
    return EarlyInitialize(bytes(data), is_answered=bool(answer), client=client)


def _read_body(source: int, data: bytearray, starter: int) -> bytes:
    """Append what is read to *data*, and return the first message; empty if it cannot be had."""
    while chunk := _read(source, starter):
        data += chunk
        size = _size(data)
        if size is None:
            break
        start = data.find(b"\r\n\r\n") + 4
        if len(data) >= start + size > start:
            return bytes(data[start : start + size])
    return b""


def _read(source: int, starter: int) -> bytes:
    """Read what has arrived; end this process if its starter has ended with nothing left to read.

    The end of the starter need not close *source*: another process, such as a terminal in the
    editor, may hold the other end.
    """
    # On Windows, select waits for sockets only, and a process keeps its parent id for life.
    while os.name == "posix" and not select.select([source], [], [], STARTER_POLL_S)[0]:
        if os.getppid() != starter:
            os._exit(1)
    return os.read(source, 1 << 16)


def _size(data: bytearray) -> int | None:
    """Return the length of the first message in bytes; 0 while its header is incomplete.

    None means that the message is unusual, and left to the server.
    """
    head, end, _ = data[:200].partition(b"\r\n\r\n")
    if not end:
        return 0 if len(data) < 200 else None
    first, _, rest = head.partition(b"\r\n")
    name, _, number = first.partition(b": ")
    is_usual = name == b"Content-Length" and number.isdigit() and b"ength" not in rest
    return int(number) if is_usual and int(number) <= MAX_BYTES else None


def answer_to(body: bytes) -> bytes:
    """Return the answer to the first message, framed; empty if the server is to give it."""
    message = _initialize(body)
    return _answer(message) if message else b""


def _initialize(body: bytes) -> dict[str, object] | None:
    """Return the first message if it is ``initialize``, else None."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    is_usual = isinstance(message, dict) and message.get("method") == "initialize"
    return message if is_usual else None


def _answer(message: dict[str, object]) -> bytes:
    identifier, params = message.get("id"), message.get("params")
    if not isinstance(identifier, int | str) or isinstance(identifier, bool):
        return b""
    result = _result(params) if isinstance(params, dict) else None
    if result is None:
        return b""
    answer = {"id": identifier, "jsonrpc": "2.0", "result": result}
    data = json.dumps(answer).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(data), data)


def _result(params: dict[str, object]) -> dict[str, object] | None:
    """Return the result that pygls makes of our features (a test compares the two), or None."""
    client = params.get("capabilities")
    if not isinstance(client, dict) or _may_set_menu(params):
        return None
    sync: dict[str, object] = {"openClose": True, "change": 2, "save": True}
    for name in ("willSave", "willSaveWaitUntil"):
        # A client that mentions it gets the answer that we do not support it.
        if _at(client, "textDocument", "synchronization", name) is not None:
            sync[name] = False
    capabilities: dict[str, object] = {
        "positionEncoding": _encoding(client),
        "textDocumentSync": sync,
        "codeActionProvider": {
            "codeActionKinds": ["quickfix", "refactor.explain", "refactor.rewrite"]
        },
        "executeCommandProvider": {"commands": list(COMMANDS)},
        "inlineCompletionProvider": {"workDoneProgress": False},
        "workspace": {
            "workspaceFolders": {"supported": True, "changeNotifications": True},
            "fileOperations": {},
        },
    }
    if _at(client, "textDocument", "inlineCompletion") is None:
        capabilities["completionProvider"] = {"triggerCharacters": TRIGGER_CHARACTERS}
    server = {"name": "ds-lsp", "version": ds_lsp.__version__}
    return {"capabilities": capabilities, "serverInfo": server}


def _at(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _encoding(client: dict[str, object]) -> str:
    """Return the first encoding in the client's list that we support."""
    wanted = _at(client, "general", "positionEncodings")
    known = [each for each in wanted if each in ENCODINGS] if isinstance(wanted, list) else []
    return str(known[0]) if known else "utf-16"


def _may_set_menu(params: dict[str, object]) -> bool:
    """Return whether a source may set ``completion.menu``, the only setting that affects an answer.

    Reading the settings would cost their imports; searching the sources for the word does not.
    """
    if any(name.startswith("DS_LSP_") and "MENU" in name for name in os.environ):
        return True
    if _names_menu(json.dumps(params.get("initializationOptions")).encode()):
        return True
    return any(_names_menu(_start_of(path)) for path in _settings_files(params))


def _names_menu(text: bytes) -> bool:
    # A backslash may begin an escape sequence that spells the word.
    return b"menu" in text.lower() or b"\\" in text


def _settings_files(params: dict[str, object]) -> list[str]:
    folders = params.get("workspaceFolders")
    if isinstance(folders, list):
        roots = [_folder(_at(each, "uri")) for each in folders]
    elif root := params.get("rootUri"):
        roots = [_folder(root)]
    else:
        roots = [str(params.get("rootPath") or "")]
    return [user_file(), *(os.path.join(root, ".ds-lsp.toml") for root in roots if root)]


def _folder(uri: object) -> str:
    # Imported where it is used: it is half of all that this module needs to import.
    from ds_lsp.uris import to_path

    path = to_path(uri) if isinstance(uri, str) else None
    return str(path) if path else ""


def user_file() -> str:
    """Return what `ds_lsp.settings.sources.user_file` does, at less cost on Linux."""
    home = os.environ.get("XDG_CONFIG_HOME", "").strip() or os.path.expanduser("~/.config")
    if sys.platform != "linux" or not os.path.isabs(home):
        from ds_lsp.settings.sources import user_file

        return str(user_file())
    return os.path.join(home, "ds-lsp", "config.toml")


def _start_of(path: str) -> bytes:
    from pathlib import Path

    from ds_lsp.files import open_regular

    try:
        file = open_regular(Path(path), follow_links=True)
        if file:
            with file:
                return file.read(MAX_BYTES)
    except (OSError, ValueError):
        # The server cannot read it either.
        pass
    return b""
