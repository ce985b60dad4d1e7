"""Where the key comes from."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ds_lsp.service.key import KeyLookup, find_key, needs_search
from ds_lsp.settings.schema import Settings


@pytest.fixture(autouse=True)
def _status(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a command takes its time to end."""
    monkeypatch.setattr("ds_lsp.service.key._STATUS_TIMEOUT_S", 60.0)


def python(code: str) -> Settings:
    return Settings(api_key_command=f'"{sys.executable}" -c "{code}"')


async def test_the_settings_own_key() -> None:
    assert await find_key(Settings(api_key="k"), "environment") == KeyLookup("k", "environment")


@pytest.mark.parametrize(
    ("code", "key", "problem"),
    [
        pytest.param("print('sk-1'); print('more')", "sk-1", None, id="first line"),
        pytest.param("print('sk-1', end='\\r\\n')", "sk-1", None, id="crlf"),
        pytest.param("pass", None, "is not a key", id="nothing"),
        pytest.param("print('not one word')", None, "is not a key", id="words"),
        pytest.param("import os; os.write(1, b'\\xff')", None, "is not a key", id="not utf-8"),
        pytest.param("exit(3)", None, "exit status 3", id="failed"),
        pytest.param("print('sk-1', flush=True); input()", "sk-1", None, id="stays"),
        pytest.param(
            "import os, time; print('sk-1', flush=True); time.sleep(600)",
            "sk-1",
            None,
            id="goes on",
        ),
        pytest.param("print('k' * 100_000)", None, "is not a key", id="endless line"),
    ],
)
async def test_the_key_is_read_from_the_commands_output(
    code: str, key: str | None, problem: str | None
) -> None:
    found = await find_key(python(code), "user file")
    assert found.key == key
    if problem is None:
        assert found.problem is None
    else:
        assert problem in (found.problem or "")
        assert "not one word" not in (found.problem or "")


async def test_a_command_that_cannot_be_run_is_a_problem() -> None:
    found = await find_key(Settings(api_key_command="pass\0show"), "user file")
    assert found == KeyLookup(None, "none", "api_key_command cannot be run.")


@pytest.mark.parametrize(
    ("settings", "searches"),
    [
        (Settings(api_key_command="x"), True),
        (Settings(api_key_command="x", provider="local"), False),
        (Settings(api_key="k", api_key_command="x"), False),
    ],
)
def test_a_search_is_needed_only_for_a_command(settings: Settings, searches: bool) -> None:
    assert needs_search(settings) is searches


async def test_a_command_that_does_not_exist_is_a_problem() -> None:
    found = await find_key(Settings(api_key_command="no-such-command-4711"), "user file")
    assert found.key is None
    assert "api_key_command failed" in (found.problem or "")


async def test_no_key_is_no_problem() -> None:
    assert await find_key(Settings(), "none") == KeyLookup(None, "none")


def test_the_key_is_not_in_repr() -> None:
    assert "canary" not in repr(KeyLookup("canary", "environment"))


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A keyring of the tests' own; what it holds is in FAKE_KEYRING."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "fake_keyring.Keyring")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return monkeypatch


async def test_key_from_the_keyring(keyring: pytest.MonkeyPatch) -> None:
    keyring.setenv("FAKE_KEYRING", "sk-ring")
    assert await find_key(Settings(), "none") == KeyLookup("sk-ring", "keyring")


@pytest.mark.parametrize("does", ["", "fail", "not one word"], ids=["no entry", "fails", "words"])
async def test_a_keyring_without_a_key_is_no_problem(
    keyring: pytest.MonkeyPatch, does: str
) -> None:
    keyring.setenv("FAKE_KEYRING", does)
    assert await find_key(Settings(), "none") == KeyLookup(None, "none")


async def test_a_keyring_that_hangs_is_left(keyring: pytest.MonkeyPatch) -> None:
    keyring.setenv("FAKE_KEYRING", "hang")
    assert await find_key(Settings(), "none", timeout_s=0.5) == KeyLookup(None, "none")


async def test_a_command_that_hangs_is_named() -> None:
    found = await find_key(python("input() if 0 else __import__('time').sleep(600)"), "x", 0.5)
    assert found == KeyLookup(None, "none", "api_key_command gave no key within 0.5 s.")


async def test_the_settings_come_before_the_keyring(keyring: pytest.MonkeyPatch) -> None:
    keyring.setenv("FAKE_KEYRING", "sk-ring")
    assert await find_key(Settings(api_key="k"), "environment") == KeyLookup("k", "environment")
    assert (await find_key(python("print('sk-1')"), "x")).key == "sk-1"


async def test_who_is_asked_for_the_key_is_not_told_one(
    keyring: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keyring.setenv("DEEPSEEK_API_KEY", "canary")
    keyring.setenv("DS_LSP_API_KEY", "canary")
    keyring.setenv("HOME", str(tmp_path))
    keyring.setenv("USERPROFILE", str(tmp_path))
    report = tmp_path / "report"
    keyring.setenv("FAKE_KEYRING_REPORT", str(report))
    assert await find_key(Settings(), "none") == KeyLookup(None, "none")
    assert report.read_text() == f"{tmp_path} []"
    ours = "[n for n in os.environ if n.endswith('API_KEY')]"
    code = f"import os; print(os.getcwd() + '/' + '-'.join({ours}))"
    assert (await find_key(python(code), "x")).key == f"{tmp_path}/"


@pytest.mark.parametrize("home", ["missing/home", "file", "relative"])
async def test_without_a_home_there_is_the_root(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str
) -> None:
    (tmp_path / "file").touch()
    home = home if home == "relative" else str(tmp_path / home)
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("USERPROFILE", home)
    found = await find_key(python("import os; print(os.getcwd())"), "x")
    assert found.key == Path.cwd().anchor


@pytest.mark.parametrize("trap", ["keyring.py", "keyring/__main__.py"])
async def test_a_workspace_cannot_pass_for_the_keyring(
    keyring: pytest.MonkeyPatch, tmp_path: Path, trap: str
) -> None:
    (tmp_path / trap).parent.mkdir(exist_ok=True)
    (tmp_path / "keyring" if "/" in trap else tmp_path).joinpath("__init__.py").touch()
    (tmp_path / trap).write_text(f"open({str(tmp_path / 'ran')!r}, 'w'); print('sk-evil')")
    keyring.chdir(tmp_path)
    # An empty place in PYTHONPATH is the folder Python is started in.
    keyring.setenv("PYTHONPATH", os.pathsep + os.environ["PYTHONPATH"])
    keyring.setenv("FAKE_KEYRING", "sk-ring")
    assert (await find_key(Settings(), "none")).key == "sk-ring"
    # The user's own folder may be the one that is open.
    keyring.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    keyring.setenv("HOME", str(tmp_path))
    assert (await find_key(Settings(), "none")).key == "sk-ring"
    assert not (tmp_path / "ran").exists()


HOLD = """#!{python}
import sys, time
held = open({fifo!r}, "w")
print("x", file=held, flush=True)
print(*sys.argv[1:], flush=True) if sys.argv[1:] else None
time.sleep(600)
"""


class Children:
    """Processes that hold a pipe open: it ends when the last of them has."""

    def __init__(self, folder: Path) -> None:
        fifo = folder / "fifo"
        os.mkfifo(fifo)
        self.command = str(folder / "hold")
        Path(self.command).write_text(HOLD.format(python=sys.executable, fifo=str(fifo)))
        Path(self.command).chmod(0o755)
        self._reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._reader, self._read)

    def _read(self) -> None:
        self.begun.set()
        if not os.read(self._reader, 100):
            self.ended.set()
            asyncio.get_running_loop().remove_reader(self._reader)

    def close(self) -> None:
        os.close(self._reader)


@pytest.fixture
async def children(tmp_path: Path) -> AsyncIterator[Children]:
    held = Children(tmp_path)
    yield held
    held.close()


def pass_time(seconds: float) -> None:
    """Let so many seconds pass at once for what waits in this event loop."""
    loop = asyncio.get_running_loop()
    clock = loop.time
    loop.time = lambda: clock() + seconds  # type: ignore[method-assign]


async def cancel(search: asyncio.Future[KeyLookup]) -> None:
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search


async def time_out(search: asyncio.Future[KeyLookup]) -> None:
    pass_time(60)
    assert "gave no key within" in ((await search).problem or "")


async def find(search: asyncio.Future[KeyLookup]) -> None:
    assert (await search).key == "sk-1"


@pytest.mark.parametrize(("end", "argument"), [(cancel, ""), (time_out, ""), (find, "sk-1")])
@pytest.mark.parametrize(
    "command",
    [
        pytest.param("{child}", id="one"),
        pytest.param("{child} & {child}", id="two"),
        pytest.param("({child} & {child} & wait)", id="grandchildren"),
        pytest.param("sh -c '{child} & wait'", id="another shell"),
        pytest.param("sh -c '{child} &'; sleep 600", id="without its parent"),
        pytest.param("trap '' TERM HUP INT; {child}; true", id="deaf"),
        pytest.param("{child} | cat", id="pipe"),
        pytest.param("nohup {child}", id="nohup"),
    ],
)
async def test_nothing_of_a_command_goes_on_when_it_is_not_needed_any_more(
    command: str,
    end: Callable[[asyncio.Future[KeyLookup]], Awaitable[None]],
    argument: str,
    children: Children,
) -> None:
    line = command.replace("{child}", f"{children.command} {argument}")
    search = asyncio.ensure_future(find_key(Settings(api_key_command=line), "x", 60.0))
    if end is not find:
        await children.begun.wait()
    await end(search)
    await children.ended.wait()
