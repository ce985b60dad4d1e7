"""``--tcp``: who is served, who is hung up on, and what a client on a socket may set."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from ds_lsp.lsp.transport.tcp import MAX_UNKNOWN
from tests.e2e.editor import server_environment
from tests.fake_deepseek import FakeDeepSeek
from tests.raw_client import PATIENCE_S, end_process, frame, read_message

TOKEN = "令牌-of-the-user"
EXIT = frame({"method": "exit"})
LENGTH = b"Content-Length: 2\r\n"


def initialize(token: object = TOKEN, **options: object) -> bytes:
    params = {
        "processId": None,
        "rootUri": None,
        "capabilities": {},
        "initializationOptions": {"token": token, **options},
    }
    return frame({"id": 1, "method": "initialize", "params": params})


class Server:
    """``ds-lsp --tcp 0``. A context manager: nothing is left running."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ds_lsp", "--tcp", "0"], env=env, stderr=subprocess.PIPE
        )
        assert self._process.stderr
        self._stderr = self._process.stderr
        self.port = int(self.read_line().rpartition(":")[2])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end_process(self._process)

    def read_line(self) -> str:
        return self._stderr.readline().decode().rstrip("\r\n")

    @property
    def pid(self) -> int:
        return self._process.pid

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)

    def wait(self) -> int:
        return self._process.wait(PATIENCE_S)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the server hangs up."""
    data = b""
    while True:
        try:
            chunk = connection.recv(1 << 16)
        except ConnectionError:
            return data
        if not chunk:
            return data
        data += chunk


def bodies(data: bytes) -> list[Any]:
    stream = io.BytesIO(data)
    found = []
    while stream.tell() < len(data):
        found.append(read_message(stream))
    return found


def environment(home: Path, fake: FakeDeepSeek) -> dict[str, str]:
    return {**server_environment(home, fake), "DS_LSP_TCP_TOKEN": TOKEN}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all that it hangs up on: it goes on to listen."""
    with (
        FakeDeepSeek() as fake,
        Server(environment(tmp_path_factory.mktemp("home"), fake)) as server,
    ):
        yield server


HTTP_HEADERS = (
    b"Host: 127.0.0.1:9257\r\nUser-Agent: Mozilla/5.0\r\nOrigin: https://evil.example\r\n"
    b"Content-Type: text/plain;charset=UTF-8\r\n"
)
_BODY = initialize().partition(b"\r\n\r\n")[2]
_SENT = b"Content-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
METHODS = (
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
    "PRI", "get", "COPY", "C", "Content-Length", "Content-Length:", "Content-Type: x",
)  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        *(
            pytest.param(f"{method} / HTTP/1.1\r\n".encode() + HTTP_HEADERS + _SENT, id=method)
            for method in METHODS
            if not method.startswith("Content-Type")
        ),
        pytest.param(
            b"OPTIONS / HTTP/1.1\r\nOrigin: https://evil.example\r\n"
            b"Access-Control-Request-Method: POST\r\n\r\n",
            id="preflight",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            id="websocket",
        ),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="http2"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="tls"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="ssh"),
        pytest.param(b"EHLO evil.example\r\n", id="smtp"),
        pytest.param(b"*1\r\n$4\r\nPING\r\n", id="redis"),
        pytest.param(b"set a 0 0 1\r\n1\r\n", id="memcached"),
        pytest.param(b"\x80\x01\x00\x00", id="memcached binary"),
        pytest.param(b"\x00\x00\x00\x08\x04\xd2\x16\x2f", id="postgres"),
        pytest.param(b"\r\n" + initialize(), id="blank line first"),
        pytest.param(b" " + initialize(), id="blank first"),
        pytest.param(b"\xef\xbb\xbf" + initialize(), id="byte order mark"),
        pytest.param(b"x" + initialize(), id="letter first"),
        pytest.param(_BODY, id="no header"),
        *(
            pytest.param(name + b": x\r\n" + _SENT, id=f"{name.decode()} first")
            for name in (b"Host", b"Origin", b"User-Agent", b"Cookie", b"Content-Encoding")
        ),
        *(
            pytest.param(LENGTH + name + b": x\r\n\r\n{}", id=f"{name.decode()} second")
            for name in (b"Host", b"Origin", b"Referer", b"Sec-Fetch-Mode", b"Transfer-Encoding")
        ),
        pytest.param(LENGTH + LENGTH + b"\r\n{}", id="two lengths"),
        pytest.param(b"Content-Type: x\r\n\r\n{}", id="no length"),
        pytest.param(b"Content-Length: -2\r\n\r\n{}", id="negative length"),
        pytest.param(b"Content-Length: 0x2\r\n\r\n{}", id="length in hex"),
        pytest.param(b"Content-Length: 99999999999\r\n\r\n", id="endless length"),
        pytest.param(b"Content-Length: 1048577\r\n\r\n", id="large first message"),
        pytest.param(b"Content-Type: " + b"x" * 10_000, id="header without an end"),
        pytest.param(LENGTH + b"\r\n{}", id="not initialize"),
        pytest.param(LENGTH + b"\r\n[]", id="an array"),
        pytest.param(LENGTH + b"\r\n{{", id="not json"),
        pytest.param(frame({"id": 1, "method": "shutdown"}), id="shutdown first"),
        pytest.param(EXIT, id="exit first"),
        pytest.param(b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000, id="nested"),
    ],
)
def test_what_is_not_our_protocol_is_hung_up_on_without_an_answer(
    data: bytes, shared: Server
) -> None:
    with shared.connect() as connection:
        connection.sendall(data)
        assert read_all(connection) == b""
    assert shared.read_line().partition("a connection was refused: ")[2]


@pytest.mark.parametrize(
    "first", [b"G", b"\x16", b"\r", b"\n", b" ", b"{", b"*", b"Content-M", b"Content-Length: x"]
)
def test_the_first_wrong_byte_is_enough(first: bytes, shared: Server) -> None:
    with shared.connect() as connection:
        for byte in first:
            connection.sendall(bytes([byte]))
        # The rest never comes.
        assert read_all(connection) == b""
    assert "does not speak LSP" in shared.read_line()


@pytest.mark.parametrize(
    "token",
    ["", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\ud800", None, True, 1, [TOKEN], {}],
)
def test_a_wrong_token_is_one_error(token: object, shared: Server) -> None:
    with shared.connect() as connection:
        connection.sendall(initialize(token))
        (answer,) = bodies(read_all(connection))
    assert answer["id"] == 1
    assert "initializationOptions.token" in answer["error"]["message"]
    assert TOKEN not in json.dumps(answer, ensure_ascii=False)
    assert "token is missing or wrong" in shared.read_line()


@pytest.mark.parametrize("options", [None, [], "text", {}, {"Token": TOKEN}])
def test_a_missing_token_is_one_error(options: object, shared: Server) -> None:
    params = {"processId": None, "capabilities": {}, "initializationOptions": options}
    with shared.connect() as connection:
        connection.sendall(frame({"id": "x", "method": "initialize", "params": params}))
        (answer,) = bodies(read_all(connection))
    assert answer["id"] == "x"
    assert "error" in answer
    assert "token is missing or wrong" in shared.read_line()


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot stop a process")
def test_who_has_sent_its_message_does_not_pay_for_a_flood_behind_it(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    with Server(environment(tmp_path, fake)) as server:
        # All of them wait when the server looks.
        os.kill(server.pid, signal.SIGSTOP)
        with server.connect() as connection:
            connection.sendall(initialize() + EXIT)
            flood = [server.connect() for _ in range(MAX_UNKNOWN + 10)]
            os.kill(server.pid, signal.SIGCONT)
            assert "result" in bodies(read_all(connection))[0]
        for each in flood:
            each.close()
        assert server.wait() == 1


def test_who_is_silent_does_not_keep_others_out(tmp_path: Path, fake: FakeDeepSeek) -> None:
    with Server(environment(tmp_path, fake)) as server:
        silent = [server.connect() for _ in range(20)]
        for connection in silent[::2]:
            connection.sendall(b"Content-Length: 100\r\n\r\n{")
        with server.connect() as connection:
            connection.sendall(initialize() + EXIT)
            assert "result" in bodies(read_all(connection))[0]
        for each in silent:
            assert read_all(each) == b""
            each.close()
        assert server.wait() == 1


_FRAMED = initialize()
_HEAD, _, _CONTENT = _FRAMED.partition(b"\r\n\r\n")
_TYPE = b"Content-Type: application/vscode-jsonrpc; charset=utf-8"


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([_FRAMED], id="as usual"),
        pytest.param([_TYPE + b"\r\n" + _FRAMED], id="type first"),
        pytest.param([_HEAD, b"\r\n", _TYPE, b"\r\n\r\n", _CONTENT], id="type second"),
        pytest.param([_HEAD.lower(), b"\r\n\r\n", _CONTENT], id="lower case"),
        pytest.param([_HEAD.upper(), b"\r\n\r\n", _CONTENT], id="upper case"),
        pytest.param([_HEAD.replace(b": ", b":"), b"\r\n\r\n", _CONTENT], id="no blank"),
        pytest.param([_HEAD, b"\n\n", _CONTENT], id="line feeds"),
        pytest.param([bytes([byte]) for byte in _FRAMED], id="single bytes"),
    ],
)
def test_the_one_client_is_served(pieces: list[bytes], tmp_path: Path, fake: FakeDeepSeek) -> None:
    with Server(environment(tmp_path, fake)) as server, server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        rest = frame({"id": 2, "method": "shutdown"}) + EXIT
        connection.sendall(rest)
        answers = bodies(read_all(connection))
        assert "inlineCompletionProvider" in answers[0]["result"]["capabilities"]
        assert answers[-1] == {"id": 2, "jsonrpc": "2.0", "result": None}
        assert server.wait() == 0


def test_there_is_one_client(tmp_path: Path, fake: FakeDeepSeek) -> None:
    with Server(environment(tmp_path, fake)) as server, server.connect() as connection:
        connection.sendall(initialize())
        connection.recv(1)
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        connection.sendall(b"GET / HTTP/1.1\r\n")
        read_all(connection)
        assert server.wait() == 1


def test_without_a_token_in_the_environment_one_is_printed(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    env = environment(tmp_path, fake)
    del env["DS_LSP_TCP_TOKEN"]
    with Server(env) as server, server.connect() as connection:
        token = server.read_line().rpartition(" ")[2]
        assert len(token) == 32
        connection.sendall(initialize(token) + EXIT)
        assert "result" in bodies(read_all(connection))[0]


FORBIDDEN: tuple[tuple[str, object], ...] = (
    ("apiKeyCommand", "touch {ran}"),
    ("api_key_command", "touch {ran}"),
    ("apiKey", "sk-evil"),
    ("baseUrl", "http://127.0.0.1:9"),
    ("provider", "local"),
    ("allowHttp", True),
)


@pytest.mark.parametrize("how", ["options", "section", "flat", "pushed", "pulled"])
@pytest.mark.parametrize(("name", "value"), FORBIDDEN)
def test_a_socket_chooses_no_command_no_host_and_no_key(
    name: str, value: object, how: str, tmp_path: Path, fake: FakeDeepSeek
) -> None:
    ran = tmp_path / "ran"
    value = value.format(ran=ran) if isinstance(value, str) else value
    ways: dict[str, dict[str, object]] = {
        "options": {name: value},
        "section": {"ds-lsp": {name: value}},
        "flat": {f"ds-lsp.{name}": value},
    }
    params = {
        "processId": None,
        "rootUri": None,
        "capabilities": {"workspace": {"configuration": how == "pulled"}},
        "initializationOptions": {"token": TOKEN, **ways.get(how, {})},
    }
    env = environment(tmp_path, fake)
    with Server(env) as server, server.connect() as connection:
        stream = connection.makefile("rb")
        connection.sendall(
            frame({"id": 1, "method": "initialize", "params": params})
            + frame({"method": "initialized", "params": {}})
        )
        if how == "pushed":
            pushed = {"settings": {"ds-lsp": {name: value}}}
            connection.sendall(
                frame({"method": "workspace/didChangeConfiguration", "params": pushed})
            )
        said = ""
        while "as a project may have set it" not in said:
            message = read_message(stream)
            if message.get("method") == "workspace/configuration":
                answer = {"id": message["id"], "result": [{name: value}]}
                connection.sendall(frame(answer))
            elif message.get("method") in ("window/showMessage", "window/logMessage"):
                said = message["params"]["message"]
        connection.sendall(EXIT)
        read_all(connection)
        stream.close()
        server.wait()
    assert not ran.exists()
