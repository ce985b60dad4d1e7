"""Logging that cannot show text."""

import io
import logging
import subprocess
import sys

import pytest

from ds_lsp.logs import PrivateFormatter


def formatted(name: str, message: str, *args: object, exc: BaseException | None = None) -> str:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(PrivateFormatter())
    info = (type(exc), exc, exc.__traceback__) if exc else None
    handler.emit(logging.LogRecord(name, logging.ERROR, "f.py", 1, message, args, info))
    return out.getvalue()


def raised() -> BaseException:
    try:
        raise ValueError("canary")
    except ValueError as exc:
        return exc


@pytest.mark.parametrize(
    ("name", "message", "args", "shown", "hidden"),
    [
        ("ds_lsp.x", "%d chars", (3,), "3 chars", "nothing hidden"),
        ("pygls.protocol", "Sending data: %s", ("canary",), "Sending data: %s", "canary"),
        ("asyncio", "Task canary failed", (), "(message withheld)", "canary"),
        ("asyncio", "100% canary", (), "(message withheld)", "canary"),
        ("ds_lspx", "%s", ("canary",), "%s", "canary"),
    ],
)
def test_other_peoples_values_are_withheld(
    name: str, message: str, args: tuple[object, ...], shown: str, hidden: str
) -> None:
    line = formatted(name, message, *args)
    assert shown in line
    assert hidden not in line


@pytest.mark.parametrize("name", ["ds_lsp.x", "pygls"])
def test_exceptions_show_where_and_what_kind_but_not_their_message(name: str) -> None:
    text = formatted(name, "failed", exc=raised())
    assert "in raised" in text
    assert "ValueError" in text
    assert "canary" not in text


def test_a_line_end_in_a_name_forges_no_line() -> None:
    name = "a.py\n2026-01-01 ERROR ds_lsp: forged\r\x1b[2J\x85中"
    line = formatted("ds_lsp.x", "read %s", name)
    assert line.count("\n") == 1
    assert line.isascii() is False
    assert line.rstrip("\n").isprintable()


@pytest.mark.parametrize(
    "crash",
    [
        pytest.param("raise ValueError('sk-canary')", id="main"),
        pytest.param("threading.Thread(target=lambda: int('sk-canary')).start()", id="thread"),
        pytest.param(
            "async def main(): asyncio.get_running_loop().call_soon(int, 'sk-canary')\n"
            "asyncio.run(main())",
            id="callback",
        ),
        pytest.param(
            "async def fail(): raise ValueError('sk-canary')\n"
            "async def main(): asyncio.create_task(fail()); await asyncio.sleep(0)\n"
            "asyncio.run(main())",
            id="task",
        ),
        pytest.param(
            "class A:\n    def __del__(self): raise ValueError('sk-canary')\nA()", id="del"
        ),
        pytest.param(
            "import faulthandler\nkey = 'sk-canary'\n"
            "faulthandler.enable()\nfaulthandler._sigabrt()",
            id="faulthandler",
        ),
    ],
)
def test_no_crash_shows_the_key(crash: str) -> None:
    code = "import asyncio, threading, ds_lsp.logs as logs; logs.configure_logging('debug', None)"
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{crash}"], capture_output=True, text=True, check=False
    )
    assert run.stderr
    assert "canary" not in run.stdout + run.stderr
