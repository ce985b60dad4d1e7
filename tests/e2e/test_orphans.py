"""The server ends when its editor has, and no sooner; and leaves nothing running."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.editor import server_environment
from tests.fake_deepseek import FakeDeepSeek
from tests.raw_client import RawClient


@pytest.fixture
def client(tmp_path: Path, fake: FakeDeepSeek) -> Iterator[RawClient]:
    env = server_environment(tmp_path, fake)
    with RawClient(env, tmp_path / "stderr", {}) as client:
        yield client


@pytest.fixture
def named() -> Iterator[subprocess.Popen[bytes]]:
    """The process that initialize names; the pipes are held by this test."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def greet(client: RawClient, pid: object) -> None:
    params = {"processId": pid, "rootUri": None, "capabilities": {}}
    client.ask("initialize", params)
    client.notify("initialized", {})


def test_the_server_ends_with_its_editor_whoever_holds_the_pipes(
    client: RawClient, named: subprocess.Popen[bytes]
) -> None:
    greet(client, named.pid)
    client.ask("workspace/executeCommand", {"command": "ds-lsp.status"})
    named.kill()
    assert client.wait() == 1


def test_an_editor_that_ends_while_the_server_starts_has_ended(
    client: RawClient, named: subprocess.Popen[bytes]
) -> None:
    client.ask("initialize", {"processId": named.pid, "rootUri": None, "capabilities": {}})
    named.kill()
    named.wait()
    assert client.wait() == 1


def test_after_shutdown_as_well(client: RawClient, named: subprocess.Popen[bytes]) -> None:
    greet(client, named.pid)
    client.ask("shutdown")
    named.kill()
    assert client.wait() == 0


@pytest.mark.parametrize(
    "pid",
    [
        None,
        1,
        0,
        -1,
        -4711,
        2**22 + 1,
        2**31 - 1,
        2**31,
        2**64,
        "1",
        "editor",
        "",
        1.5,
        True,
        [],
        {},
    ],
    ids=repr,
)
def test_who_cannot_be_watched_is_served(pid: object, client: RawClient) -> None:
    greet(client, pid)
    client.ask("workspace/executeCommand", {"command": "ds-lsp.status"})
    client.ask("shutdown")
    client.notify("exit")
    assert client.wait() == 0


@pytest.mark.parametrize("end", ["exit", "stdin", "SIGTERM", "editor"])
def test_nothing_of_the_key_command_outlives_the_server(
    end: str, tmp_path: Path, fake: FakeDeepSeek, named: subprocess.Popen[bytes]
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    env = server_environment(tmp_path, fake)
    env.pop("DEEPSEEK_API_KEY", None)
    env["DS_LSP_API_KEY_COMMAND"] = f"(sleep 1000 & sleep 1000) > '{fifo}'; true"
    with RawClient(env, tmp_path / "stderr", {}) as client:
        greet(client, named.pid)
        # Opens once the command holds the other end.
        with fifo.open("rb") as held:
            if end == "exit":
                client.ask("shutdown")
                client.notify("exit")
            elif end == "stdin":
                client.close_stdin()
            elif end == "SIGTERM":
                os.kill(client.pid, signal.SIGTERM)
            else:
                named.kill()
            # Ends once the last that held it has.
            assert held.read() == b""
        client.wait()
