"""Answers ``initialize`` before what serves it is imported, which is nearly all of a start.

An editor waits for this answer, and then for nothing until somebody types. Only what the message
itself decides is answered here; where a setting may have a say, or anything is out of the
ordinary, the server answers, as it does whenever this module says nothing.
"""

import json
import os
import select
import sys

import ds_lsp
from ds_lsp.processes import Process, find_process

STARTER_POLL_S = 2.0
"""Seconds between two looks for the process that has started this one, until the client speaks."""
MAX_BYTES = 1 << 20
"""Of a message, and of a file with settings. No editor's first message is nearly as long."""

ENCODINGS = ("utf-8", "utf-16", "utf-32")
TRIGGER_CHARACTERS = [".", "(", "[", "{", ",", ":", "="]
"""Asked for after these as well, where an editor's menu would wait for the first letter of a word.
Not after a blank: Helix would ask on entering an indented line, and go on showing that answer
while the line is typed."""
_COMMANDS = (
    *("explain", "ask", "fix", "document", "rewrite"),
    *("accept", "clearCache", "status", "toggle", "usage", "why"),
)


class EarlyInitialize:
    """What has been read of the client, and whether its ``initialize`` has been answered."""

    def __init__(
        self, data: bytes = b"", *, is_answered: bool = False, client: Process | None = None
    ) -> None:
        self.data = data
        self.is_answered = is_answered
        self.client = client
        """The process that ``initialize`` names, if there is one on this machine."""


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
            # Found before the answer: an editor that has ended is not found any more, and would be
            # taken for one on another machine.
            pid = _at(message, "params", "processId")
            client = find_process(pid)
            if client is None and pid == starter and os.getppid() != starter:
                os._exit(1)
            answer = _answer(message)
        left = answer
        while left:
            left = left[os.write(sink, left) :]
    except OSError:
        # The server meets the same, and knows what to do.
        answer = b""
    return EarlyInitialize(bytes(data), is_answered=bool(answer), client=client)


def _read_body(source: int, data: bytearray, starter: int) -> bytes:
    """Append what is read to *data*; return the first message, empty if it is not to be had."""
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
    """Read what there is; end the process where the starter has ended and left nothing to read.

    Another process may hold the other end of *source*, as a terminal in the editor does.
    """
    # Windows can wait for nothing but sockets, and has no other parent for a process.
    while os.name == "posix" and not select.select([source], [], [], STARTER_POLL_S)[0]:
        if os.getppid() != starter:
            os._exit(1)
    return os.read(source, 1 << 16)


def _size(data: bytearray) -> int | None:
    """The length of the first message, 0 while its header is not whole; None: leave it alone."""
    head, end, _ = data[:200].partition(b"\r\n\r\n")
    if not end:
        return 0 if len(data) < 200 else None
    first, _, rest = head.partition(b"\r\n")
    name, _, number = first.partition(b": ")
    is_usual = name == b"Content-Length" and number.isdigit() and b"ength" not in rest
    return int(number) if is_usual and int(number) <= MAX_BYTES else None


def answer_to(body: bytes) -> bytes:
    """The answer to the first message as it is sent; empty when it is the server's to give."""
    message = _initialize(body)
    return _answer(message) if message else b""


def _initialize(body: bytes) -> dict[str, object] | None:
    """The first message, if it asks for what the first message should."""
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
    """What pygls makes of our features; a test compares the two."""
    client = params.get("capabilities")
    if not isinstance(client, dict) or _may_set_menu(params):
        return None
    sync: dict[str, object] = {"openClose": True, "change": 2, "save": True}
    for name in ("willSave", "willSaveWaitUntil"):
        # Whoever says anything of it is told that we do not.
        if _at(client, "textDocument", "synchronization", name) is not None:
            sync[name] = False
    capabilities: dict[str, object] = {
        "positionEncoding": _encoding(client),
        "textDocumentSync": sync,
        "codeActionProvider": {
            "codeActionKinds": ["quickfix", "refactor.explain", "refactor.rewrite"]
        },
        "executeCommandProvider": {"commands": [f"ds-lsp.{name}" for name in _COMMANDS]},
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
    """The client's first choice of those there are."""
    wanted = _at(client, "general", "positionEncodings")
    known = [each for each in wanted if each in ENCODINGS] if isinstance(wanted, list) else []
    return str(known[0]) if known else "utf-16"


def _may_set_menu(params: dict[str, object]) -> bool:
    """Whether something may set ``completion.menu``, the one setting that an answer goes by.

    To read settings takes their imports; that the word does not occur anywhere is seen without.
    """
    if any(name.startswith("DS_LSP_") and "MENU" in name for name in os.environ):
        return True
    if _names_menu(json.dumps(params.get("initializationOptions")).encode()):
        return True
    return any(_names_menu(_start_of(path)) for path in _settings_files(params))


def _names_menu(text: bytes) -> bool:
    # A backslash may spell it.
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
    # Imported where it is used: half of what has to be imported here at all.
    from ds_lsp.uris import to_path

    path = to_path(uri) if isinstance(uri, str) else None
    return str(path) if path else ""


def user_file() -> str:
    """Where the user's settings are: `ds_lsp.sources.user_file`, and cheap on Linux."""
    home = os.environ.get("XDG_CONFIG_HOME", "").strip() or os.path.expanduser("~/.config")
    if sys.platform != "linux" or not os.path.isabs(home):
        from ds_lsp.sources import user_file

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
        # Nor can the server read it.
        pass
    return b""
