"""Where the key comes from."""

import sys

import pytest

from ds_lsp.key import Found, find_key, needs_search
from ds_lsp.settings import Settings


def python(code: str) -> Settings:
    return Settings(api_key_command=f'"{sys.executable}" -c "{code}"')


async def test_the_settings_own_key() -> None:
    assert await find_key(Settings(api_key="k"), "environment") == Found("k", "environment")


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
async def test_command(code: str, key: str | None, problem: str | None) -> None:
    found = await find_key(python(code), "user file")
    assert found.key == key
    if problem is None:
        assert found.problem is None
    else:
        assert problem in (found.problem or "")
        assert "not one word" not in (found.problem or "")


async def test_a_command_that_cannot_be_run_is_a_problem() -> None:
    found = await find_key(Settings(api_key_command="pass\0show"), "user file")
    assert found == Found(None, "none", "api_key_command cannot be run.")


@pytest.mark.parametrize(
    ("settings", "searches"),
    [
        (Settings(api_key_command="x"), True),
        (Settings(api_key_command="x", provider="local"), False),
        (Settings(api_key="k", api_key_command="x"), False),
    ],
)
def test_needs_search(settings: Settings, searches: bool) -> None:
    assert needs_search(settings) is searches


async def test_a_command_that_does_not_exist_is_a_problem() -> None:
    found = await find_key(Settings(api_key_command="no-such-command-4711"), "user file")
    assert found.key is None
    assert "api_key_command failed" in (found.problem or "")


async def test_no_key_is_no_problem() -> None:
    assert await find_key(Settings(), "none") == Found(None, "none")


def test_the_key_is_not_in_repr() -> None:
    assert "canary" not in repr(Found("canary", "environment"))
