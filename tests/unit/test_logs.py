"""Logging that cannot show text."""

import io
import logging

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
