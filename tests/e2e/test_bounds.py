"""The real process under what is too much for it, or is no message."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ds_lsp.lsp.transport.frames import MAX_BODY_BYTES
from tests.e2e.editor import server_environment
from tests.e2e.test_clients import BARE, inline_completion, open_session, start
from tests.harness import INITIALIZE, did_open
from tests.raw_client import PATIENCE_S, frame


@pytest.mark.parametrize(
    ("garbage", "logged"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "no header", id="http"),
        pytest.param(b"Content-Length: -1\r\n\r\n{}", "no header", id="negative length"),
        pytest.param(b"Content-Length: 1%s\r\n\r\n{}" % (b"0" * 20), "no header", id="absurd"),
        pytest.param(b"Content-Length: 5\r\n\r\n\0\xff\xfe{[\n", "is not JSON", id="binary"),
        pytest.param(b"\r\n" * 100_000, "", id="blank lines"),
        pytest.param(b"x" * (1 << 20), "no header", id="endless header"),
        pytest.param(frame("text"), "is no object", id="no object"),
        pytest.param(frame([1, {"method": "x"}]), "is no object", id="batch"),
    ],
)  # fmt: skip
def test_the_session_goes_on_after_what_is_no_message(
    tmp_path: Path, garbage: bytes, logged: str
) -> None:
    with start(tmp_path) as at:
        open_session(at, BARE)
        at.send_bytes(garbage)
        assert at.ask("textDocument/inlineCompletion", inline_completion(BARE))["items"]
        at.ask("shutdown")
        at.notify("exit")
        assert at.wait() == 0
    assert logged in at.stderr
    assert len(at.stderr.splitlines()) == bool(logged)


@pytest.mark.parametrize(
    "end", [b"Content-Length: 100\r\n\r\n{", b"Content-", b"GET /", b"\x00" * 100_000]
)
def test_input_that_ends_within_something_ends_the_process(tmp_path: Path, end: bytes) -> None:
    with start(tmp_path) as at:
        open_session(at, BARE)
        at.send_bytes(end)
        at.close_stdin()
        assert at.wait() == 1
    assert "the input ends within a message" in at.stderr


@pytest.mark.parametrize(
    "identifier",
    [
        pytest.param(7, id="number"),
        pytest.param("中\ud800\0", id="text"),
        pytest.param(10**30, id="huge"),
        pytest.param(None, id="null"),
        pytest.param(1.5, id="float"),
        pytest.param({}, id="object"),
        pytest.param(True, id="bool"),
    ],
)
def test_a_request_of_any_id_is_answered_once(tmp_path: Path, identifier: object) -> None:
    usable = identifier if identifier in (7, "中\ud800\0", 10**30) else None
    with start(tmp_path) as at:
        at.ask("initialize", BARE.params)
        at.send({"id": identifier, "method": "no/such/method"})
        assert "error" in at.answer(usable)
        at.ask("shutdown")
        assert at.answers() == {1: 1, usable: 1, 2: 1}


def test_brackets_without_end_are_answered(tmp_path: Path) -> None:
    with start(tmp_path) as at:
        at.ask("initialize", BARE.params)
        brackets = b"[" * 100_000 + b"]" * 100_000
        body = b'{"jsonrpc":"2.0","id":9,"method":"shutdown","params":%s}' % brackets
        at.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        assert at.answer(9)["error"]["code"] == -32700
        assert at.ask("workspace/executeCommand", {"command": "ds-lsp.status"})


def test_a_million_lines_are_completed_and_what_is_too_large_is_not(tmp_path: Path) -> None:
    line = "    value = compute(value, other)  # 计算\n"
    with start(tmp_path) as at:
        open_session(at, BARE)
        large = did_open("file:///large.py", line * 1_000_000)
        at.send(large)
        position = {"line": 1_000_000, "character": 0}
        params = {**inline_completion(BARE), "position": position}
        params["textDocument"] = {"uri": "file:///large.py"}
        at.ask("textDocument/inlineCompletion", params)
        assert at.ask("workspace/executeCommand", {"command": "ds-lsp.why"})["reason"] != "not_open"
        assert at.notifications == [each for each in at.notifications if "log" in each["method"]]

        at.send(did_open("file:///larger.py", "x" * MAX_BODY_BYTES))
        params["textDocument"] = {"uri": "file:///larger.py"}
        assert at.ask("textDocument/inlineCompletion", params)["items"] == []
        assert at.ask("workspace/executeCommand", {"command": "ds-lsp.why"})["reason"] == "not_open"
        shown = [each for each in at.notifications if each["method"] == "window/showMessage"]
        (text,) = [each["params"]["message"] for each in shown]
        assert text == "ds-lsp: larger.py is larger than 64 MiB, and is not completed."
    assert "was read past" in at.stderr


def test_thousands_of_requests_at_once_are_answered_once_each(tmp_path: Path) -> None:
    with start(tmp_path) as at:
        open_session(at, BARE)
        asked = []
        for number in range(5000):
            uri = f"file:///{number}.py"
            at.send(did_open(uri, "x = 1\n"))
            params = {**inline_completion(BARE), "textDocument": {"uri": uri}}
            asked.append(at.request("textDocument/inlineCompletion", params))
        at.ask("shutdown")
        assert {at.answers()[identifier] for identifier in asked} == {1}


SMALL_LIMITS = """
import functools, sys
from ds_lsp.lsp import app
limits = dict(zip(("max_bytes", "stall_s"), map(float, sys.argv[1:3])))
app.StdoutWriter = functools.partial(app.StdoutWriter, **limits)
from ds_lsp.logs import configure_logging
configure_logging("warning", None)
app.serve_stdio()
"""


@pytest.mark.parametrize(
    ("max_bytes", "stall_s", "why"),
    [("500000", "60", "leaves more than"), ("1e9", "0.2", "has read nothing")],
)
def test_a_client_that_does_not_read_is_given_up(
    tmp_path: Path, max_bytes: str, stall_s: str, why: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SMALL_LIMITS, max_bytes, stall_s],
        env=server_environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as server:
        assert server.stdin
        assert server.stderr
        with contextlib.suppress(BrokenPipeError):
            server.stdin.write(frame(INITIALIZE))
            for number in range(20_000):
                command = {"command": "ds-lsp.status"}
                request = {"id": number, "method": "workspace/executeCommand", "params": command}
                server.stdin.write(frame(request))
            server.stdin.flush()
        # Its input is still open: it ends by itself.
        assert server.wait(PATIENCE_S) == 1
        logged = server.stderr.read().decode()
        with contextlib.suppress(BrokenPipeError):
            server.stdin.close()
    assert why in logged
    assert "Traceback" not in logged


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal")
def test_a_server_that_is_told_to_terminate_cleans_up_first(tmp_path: Path) -> None:
    with start(tmp_path) as at:
        open_session(at, BARE)
        os.kill(at.pid, signal.SIGTERM)
        # As at the end of its input, not as a process that was killed.
        assert at.wait() == 1
    assert "Traceback" not in at.stderr


def test_the_answer_to_shutdown_is_not_lost_behind_others(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ds_lsp"],
        env=server_environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as server:
        assert server.stdin
        assert server.stdout
        server.stdin.write(frame(INITIALIZE))
        for number in range(2, 1000):
            command = {"command": "ds-lsp.status"}
            request = {"id": number, "method": "workspace/executeCommand", "params": command}
            server.stdin.write(frame(request))
        server.stdin.write(frame({"id": 1000, "method": "shutdown"}) + frame({"method": "exit"}))
        server.stdin.flush()
        said = server.stdout.read()
        assert server.wait(PATIENCE_S) == 0
        server.stdin.close()
    assert [said.count(b'"id": %d,' % number) for number in (2, 999, 1000)] == [1, 1, 1]
