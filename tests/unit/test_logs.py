"""Logging that cannot show text."""

import asyncio
import contextlib
import io
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ds_lsp.logs import PrivateFormatter, configure_logging, log_unhandled
from ds_lsp.pipes import PIPE_BYTES


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


@pytest.fixture
def _logging_as_it_was() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("ds_lsp")
    before = (root.handlers[:], root.level, ours.level, logging.raiseExceptions)
    hooks = (sys.unraisablehook, sys.excepthook, threading.excepthook)
    yield
    for handler in root.handlers:
        if handler not in before[0]:
            # Of a disk that is full, as `logging.shutdown` takes it.
            with contextlib.suppress(OSError, ValueError):
                handler.close()
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])
    logging.raiseExceptions = before[3]
    sys.unraisablehook, sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)


@pytest.mark.usefixtures("_logging_as_it_was")
def test_a_log_file_is_its_owners_and_of_bounded_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ds_lsp.logs.MAX_FILE_BYTES", 10_000)
    file = tmp_path / "日志.txt"
    configure_logging("debug", file)
    for number in range(1000):
        logging.getLogger("ds_lsp.x").debug("line %d 中 \ud800", number)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["日志.txt", "日志.txt.1"]
    assert all(path.stat().st_size <= 10_000 for path in tmp_path.iterdir())
    assert "line 999 中 \\ud800" in file.read_text("utf-8")
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.usefixtures("_logging_as_it_was")
@pytest.mark.parametrize("fate", ["deleted", "disk full", "closed"])
def test_a_log_file_that_cannot_be_written_to_stops_nobody(
    tmp_path: Path, fate: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ds_lsp.logs.MAX_FILE_BYTES", 1000)
    file = tmp_path / "log.txt"
    if fate == "disk full":
        file.symlink_to("/dev/full")
    configure_logging("info", file)
    log = logging.getLogger("ds_lsp.x")
    log.info("canary")
    match fate:
        case "deleted":
            file.unlink()
        case "closed":
            logging.getLogger().handlers[0].stream.close()  # type: ignore[attr-defined]
    for _ in range(100):
        log.info("canary")
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("_logging_as_it_was")
def test_on_stderr_a_line_that_nobody_reads_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    source, sink = os.pipe()
    with open(sink, "w", encoding="utf-8", buffering=1) as stderr, open(source, "rb") as reader:
        monkeypatch.setattr(sys, "stderr", stderr)
        configure_logging("info", None)
        log = logging.getLogger("ds_lsp.x")
        log.info("long %s end", "中" * 10_000)
        for number in range(5000):
            log.info("line %d", number)
        monkeypatch.undo()
        first = reader.readline()
        assert len(first) <= PIPE_BYTES
        assert first.startswith(b"20")
        assert first.endswith(b" end\n")


@pytest.mark.usefixtures("_logging_as_it_was")
def test_a_reader_that_closes_stderr_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    source, sink = os.pipe()
    os.close(source)
    stderr = open(sink, "w", encoding="utf-8", buffering=1)  # noqa: SIM115 - its closing fails
    monkeypatch.setattr(sys, "stderr", stderr)
    configure_logging("info", None)
    logging.getLogger("ds_lsp.x").info("line")
    monkeypatch.undo()
    with contextlib.suppress(BrokenPipeError):
        stderr.close()


@pytest.mark.usefixtures("_logging_as_it_was")
async def test_what_nobody_has_caught_is_logged_without_its_values(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    configure_logging("info", file)
    error = raised()
    sys.excepthook(type(error), error, error.__traceback__)
    thread = threading.Thread(target=raised_again)
    thread.start()
    thread.join()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_unhandled)
    loop.call_soon(raised_again)
    loop.call_exception_handler({"message": "canary"})
    await asyncio.sleep(0)
    logged = file.read_text()
    for words in ("ended by ValueError", "a thread was ended", "unhandled ValueError", "the event"):
        assert words in logged
    assert "in raised_again" in logged
    assert "canary" not in logged


def raised_again() -> None:
    raise raised()
