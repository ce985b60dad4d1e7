"""The files of explanations, in the real process: what is left of them, however it ends."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.test_clients import BARE, open_session, start
from tests.fake_deepseek import FakeDeepSeek
from tests.harness import did_open
from tests.raw_client import RawClient

URI = "file:///project/secretly_named.py"
CODE = "def twice(数):\n    return 数 * 2  # 我们的代码\n"
RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 10}}


def explained(at: RawClient, root: Path) -> dict[str, str]:
    """Have some code explained; the files of it and what they hold."""
    open_session(at, BARE)
    at.notify("textDocument/didOpen", did_open(URI, CODE)["params"])
    argument = {"textDocument": {"uri": URI}, "range": RANGE}
    command = {"command": "ds-lsp.explain", "arguments": [argument]}
    at.ask("workspace/executeCommand", command)
    while not any("The whole of it is in" in json.dumps(each) for each in at.notifications):
        at.ask("workspace/executeCommand", {"command": "ds-lsp.status"})
    return {each.name: each.read_text("utf-8") for each in root.rglob("*") if each.is_file()}


@contextmanager
def not_ignored(number: int) -> Iterator[None]:
    """What this process ignores, a process that it starts would, too."""
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.skipif(os.name != "posix", reason="Windows has other signals")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGTERM"])
def test_a_signal_ends_the_process_and_removes_them(
    tmp_path: Path, fake: FakeDeepSeek, name: str
) -> None:
    root = tmp_path / "cache" / "ds-lsp" / "explanations"
    number = signal.Signals[name]
    with not_ignored(number):
        server = start(tmp_path, fake)
    with server as at:
        assert explained(at, root)
        os.kill(at.pid, number)
        assert at.wait() == 1
    assert list(root.iterdir()) == []
    assert "Traceback" not in at.stderr


@pytest.mark.parametrize("end", ["exit", "the input ends"])
def test_an_editor_that_ends_removes_them(tmp_path: Path, fake: FakeDeepSeek, end: str) -> None:
    root = tmp_path / "cache" / "ds-lsp" / "explanations"
    with start(tmp_path, fake) as at:
        assert explained(at, root)
        if end == "exit":
            at.ask("shutdown")
            at.notify("exit")
        at.close_stdin()
        at.wait()
    assert list(root.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="Windows has other signals")
def test_a_kill_leaves_no_prompt_and_the_next_start_removes_the_rest(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    root = tmp_path / "cache" / "ds-lsp" / "explanations"
    with start(tmp_path, fake) as at:
        left = explained(at, root)
        os.kill(at.pid, signal.SIGKILL)
        at.wait()
    assert sorted(Path(name).suffix for name in left) == [".json", ".md"]
    assert "我们的代码" not in "".join(left.values())
    with start(tmp_path, fake) as at:
        open_session(at, BARE)
        while list(root.iterdir()):
            at.ask("workspace/executeCommand", {"command": "ds-lsp.status"})


@pytest.mark.skipif(os.name != "posix", reason="Windows has other signals")
def test_what_is_ignored_stays_ignored(tmp_path: Path, fake: FakeDeepSeek) -> None:
    # As under nohup.
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        server = start(tmp_path, fake)
    finally:
        signal.signal(signal.SIGHUP, before)
    with server as at:
        open_session(at, BARE)
        os.kill(at.pid, signal.SIGHUP)
        assert at.ask("workspace/executeCommand", {"command": "ds-lsp.status"})
