"""The server under what each real editor says of itself, message for message.

``golden/initialize`` holds what the editors sent, of the versions in their ``clientInfo``; ALE 3.3
and Kate 25.04 say neither a name nor a version.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.editor import server_environment
from tests.fake_deepseek import FakeDeepSeek, Wait
from tests.raw_client import RawClient

GOLDEN = Path(__file__).parents[1] / "golden" / "initialize"
URI = "file:///project/ball.py"

# Beyond ASCII, so that a position counted in the wrong units is a wrong one.
LINE = '        "🙂é"; ret'
REST = "urn self.bar(1, 2)"
LEARNT = "class Box:\n" + f"    def get(self):\n{LINE}{REST}\n\n" * 6
TEXT = f"class Ball:\n    def get(self):\n{LINE}\n"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One editor's ``initialize``, and what follows from it."""

    params: Mapping[str, Any]
    announces_inline: bool
    can_be_asked: frozenset[str]
    """The requests it has announced that the server may send."""

    @property
    def encoding(self) -> str:
        general = self.params["capabilities"].get("general", {})
        encodings: list[str] = general.get("positionEncodings", ["utf-16"])
        return encodings[0]

    @property
    def cursor(self) -> dict[str, int]:
        """The end of the line, in the client's units."""
        size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[self.encoding]
        codec = self.encoding if size == 1 else f"{self.encoding}-le"
        return {"line": 2, "character": len(LINE.encode(codec)) // size}


PULLS = frozenset({"workspace/configuration"})
CLIENTS = {
    "vscode": (True, PULLS | {"client/registerCapability"}),
    "neovim": (True, PULLS),
    "helix": (False, PULLS),
    "eglot": (False, PULLS),
    "eglot-with-inline": (True, PULLS),
    "lsp-mode": (False, PULLS),
    "ale": (False, frozenset()),
    "kate": (False, frozenset()),
}


def load(name: str) -> Recorded:
    announces_inline, can_be_asked = CLIENTS[name]
    params = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return Recorded(params, announces_inline, can_be_asked)


# Of the capabilities, the specification demands none.
BARE = Recorded(
    {"processId": None, "rootUri": None, "capabilities": {}}, False, can_be_asked=frozenset()
)
RECORDED = {name: load(name) for name in CLIENTS} | {"bare": BARE}


def start(tmp_path: Path, fake: FakeDeepSeek | None = None) -> RawClient:
    results = {"workspace/configuration": [None], "client/registerCapability": None}
    return RawClient(server_environment(tmp_path, fake), tmp_path / "stderr", results, "--stdio")


def open_session(at: RawClient, client: Recorded) -> Any:
    """Initialize, and open two documents; the server's capabilities."""
    result = at.ask("initialize", client.params)
    at.notify("initialized", {})
    for uri, text in (("file:///project/box.py", LEARNT), (URI, TEXT)):
        item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        at.notify("textDocument/didOpen", {"textDocument": item})
    return result["capabilities"]


def inline_completion(client: Recorded) -> dict[str, object]:
    return completion_menu(client) | {"context": {"triggerKind": 1}}


def completion_menu(client: Recorded) -> dict[str, object]:
    return {"textDocument": {"uri": URI}, "position": client.cursor}


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of one whole session under one editor's ``initialize``."""

    client: Recorded
    capabilities: Any
    menu: Any
    """The completion menu before the first request for inline completion; None: not served."""
    inline: Any
    menu_after_inline: Any
    asked: int
    """How many requests the client has sent."""
    at: RawClient
    status: int


@pytest.fixture(scope="module", params=RECORDED.values(), ids=list(RECORDED))
def replay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """Once for all tests: what takes time here is the start of a process."""
    client = request.param
    assert isinstance(client, Recorded)
    with start(tmp_path_factory.mktemp("replay")) as at:
        capabilities = open_session(at, client)
        served = "completionProvider" in capabilities
        menu = at.ask("textDocument/completion", completion_menu(client)) if served else None
        inline = at.ask("textDocument/inlineCompletion", inline_completion(client))
        again = at.ask("textDocument/completion", completion_menu(client)) if served else None
        asked = at.request("shutdown")
        assert at.answer(asked)["result"] is None
        at.notify("exit")
        return Replay(client, capabilities, menu, inline, again, asked, at, at.wait())


def test_every_recorded_client_is_replayed() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CLIENTS)


def test_position_encoding_is_the_first_choice_of_the_client(replay: Replay) -> None:
    assert replay.capabilities["positionEncoding"] == replay.client.encoding


def test_inline_completion_is_always_announced(replay: Replay) -> None:
    # To some clients, an empty object is a "no".
    assert replay.capabilities["inlineCompletionProvider"]
    assert isinstance(replay.capabilities["inlineCompletionProvider"], dict)


def test_inline_completion_is_where_the_cursor_is(replay: Replay) -> None:
    (item,) = replay.inline["items"]
    assert item["insertText"] == REST
    assert item["range"] == {"start": replay.client.cursor, "end": replay.client.cursor}


def test_the_menu_is_for_clients_that_do_not_announce_inline_completion(replay: Replay) -> None:
    assert ("completionProvider" in replay.capabilities) == (not replay.client.announces_inline)
    if replay.menu:
        (item,) = replay.menu["items"]
        assert item["filterText"] == "ret" + REST


def test_the_menu_is_empty_for_who_has_asked_for_inline_completion(replay: Replay) -> None:
    # lsp-mode does not announce it, and asks for it all the same.
    if replay.menu:
        assert replay.menu_after_inline["items"] == []


def test_every_request_is_answered_once(replay: Replay) -> None:
    assert replay.at.answers() == dict.fromkeys(range(1, replay.asked + 1), 1)


def test_the_client_is_sent_nothing_that_it_has_not_announced(replay: Replay) -> None:
    # Our own notifications, above all, only go to those who have asked for them.
    assert {message["method"] for message in replay.at.notifications} <= {"window/logMessage"}
    asked = {request["method"] for request in replay.at.server_requests}
    assert asked <= replay.client.can_be_asked


def test_the_session_ends_well_and_without_a_complaint(replay: Replay) -> None:
    assert replay.status == 0
    assert replay.at.stderr == ""


@pytest.mark.parametrize("in_flight", [False, True], ids=["idle", "in flight"])
@pytest.mark.parametrize(
    ("ends", "status"),
    [
        pytest.param(("shutdown", "exit"), 0, id="as LSP has it"),
        pytest.param(("shutdown without an id", "exit"), 0, id="as Kate has it"),
        pytest.param(("shutdown", "close"), 0, id="closed after shutdown"),
        pytest.param(("exit",), 1, id="exit without shutdown"),
        pytest.param(("close",), 1, id="closed"),
    ],
)
def test_the_process_ends(
    ends: tuple[str, ...], status: int, in_flight: bool, tmp_path: Path, fake: FakeDeepSeek
) -> None:
    with start(tmp_path, fake) as at:
        open_session(at, BARE)
        if in_flight:
            fake.script(Wait())
            at.request("textDocument/inlineCompletion", inline_completion(BARE))
            fake.wait_for_requests(1)
        for end in ends:
            match end:
                case "close":
                    at.close_stdin()
                case "shutdown":
                    at.ask("shutdown")
                case "shutdown without an id":
                    at.notify("shutdown", {})
                case _:
                    at.notify(end)
        assert at.wait() == status
    assert at.stderr == ""


def test_what_is_in_flight_at_shutdown_is_answered(tmp_path: Path, fake: FakeDeepSeek) -> None:
    with start(tmp_path, fake) as at:
        open_session(at, BARE)
        fake.script(Wait())
        asked = at.request("textDocument/inlineCompletion", inline_completion(BARE))
        fake.wait_for_requests(1)
        at.ask("shutdown")
        at.answer(asked)
        at.notify("exit")
        assert at.wait() == 0
    assert at.answers()[asked] == 1
