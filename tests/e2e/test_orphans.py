"""The server ends when its editor has, and no sooner; and leaves nothing running."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.editor import server_environment
from tests.e2e.test_explanation_files import not_ignored
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


EDITOR = """
import os, subprocess, sys
(source, stdin), (client_end, stdout) = os.pipe(), os.pipe()
command = [sys.executable, "-m", "ds_lsp"]
server = subprocess.Popen(command, stdin=source, stdout=stdout, pass_fds=())
print(server.pid, flush=True)
# Whoever holds these pipes when the editor has ended.
subprocess.Popen(["sleep", "1000"], pass_fds=(stdin, client_end))
os.write(stdin, sys.argv[1].encode())
input()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the process as Linux has it")
@pytest.mark.parametrize("sent", ["", "Content-Le", "Content-Length: 100\r\n\r\n{"])
def test_also_when_the_editor_ends_before_it_has_said_anything(
    sent: str, tmp_path: Path, fake: FakeDeepSeek
) -> None:
    env = server_environment(tmp_path, fake)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    code = EDITOR.replace("pass_fds=()", f"stderr=os.open({str(fifo)!r}, os.O_WRONLY)")
    with subprocess.Popen(
        [sys.executable, "-c", code, sent],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as editor:
        try:
            # The server holds the other end for as long as it runs.
            with fifo.open("rb") as held:
                assert editor.stdout
                pid = int(editor.stdout.readline())
                while b"ds_lsp" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                    pass
                # It reads its input, so it has seen who started it.
                while "poll" not in Path(f"/proc/{pid}/wchan").read_text():
                    pass
                editor.kill()
                editor.wait()
                assert held.read() == b""
        finally:
            os.killpg(editor.pid, signal.SIGKILL)


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


@pytest.mark.skipif(os.name != "posix", reason="Windows has other signals")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGTERM"])
@pytest.mark.parametrize("command", ["models", "doctor", "complete"])
def test_nothing_of_the_key_command_outlives_a_command(
    command: str, name: str, tmp_path: Path, fake: FakeDeepSeek
) -> None:
    fifo, file = tmp_path / "fifo", tmp_path / "a.py"
    os.mkfifo(fifo)
    file.write_text("x = 1\n")
    env = server_environment(tmp_path, fake)
    env.pop("DEEPSEEK_API_KEY", None)
    env["DS_LSP_API_KEY_COMMAND"] = f"(sleep 1000 & sleep 1000) > '{fifo}'; true"
    more = [f"{file}:1:1", "--provider", "deepseek"] if command == "complete" else []
    number = signal.Signals[name]
    with (
        not_ignored(number),
        subprocess.Popen(
            [sys.executable, "-m", "ds_lsp", command, *more],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        with fifo.open("rb") as held:
            process.send_signal(number)
            assert held.read() == b""
        _, errors = process.communicate()
        assert (process.returncode, b"Traceback" in errors) == (130, False)


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
