"""Logging that cannot show text: it names actions, amounts and durations, never contents."""

import copy
import logging
import os
import sys
import threading
from collections.abc import Mapping
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from ds_lsp.pipes import CAN_TELL, PIPE_BYTES, has_room

if TYPE_CHECKING:
    import asyncio

from ds_lsp.text.visible import escape_control_characters

LEVELS = ("debug", "info", "warning", "error", "critical")
MAX_FILE_BYTES = 5_000_000
"""Maximum size of the log file in bytes; it then replaces the one old log file that is kept."""
MAX_LINE_BYTES = PIPE_BYTES - 64
"""Maximum bytes of a record on stderr, so that it fits into a pipe with room; a longer record loses
its middle."""

log = logging.getLogger("ds_lsp")


class PrivateFormatter(logging.Formatter):
    """Formats the records of ds-lsp, and those of libraries without their values.

    pygls puts whole messages, and other libraries put the text that they failed to parse, into the
    arguments of their records and the messages of exceptions: the user's code, or the key.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        if record.name.partition(".")[0] != "ds_lsp":
            record = copy.copy(record)
            # A message without arguments holds the values itself; only a template can be shown.
            record.msg = record.msg if record.args else "(message withheld)"
            record.args = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        # A file's name can hold a line end, and the text behind it would look like another record.
        return escape_control_characters(super().formatMessage(record))

    def formatException(  # noqa: N802 - the name is logging's
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        kind, _, traceback = ei
        lines = []
        while traceback:
            code = traceback.tb_frame.f_code
            name = Path(code.co_filename).name
            lines.append(f"  {name}:{traceback.tb_lineno} in {code.co_name}")
            traceback = traceback.tb_next
        return "\n".join([*lines, kind.__name__ if kind else ""])


class PatientHandler(logging.StreamHandler[TextIO]):
    """Writes to stderr, and drops a record for which the pipe has no room.

    An editor may keep a pipe to the server's stderr and never read it; a write would block forever.
    """

    def emit(self, record: logging.LogRecord) -> None:
        try:
            descriptor = self.stream.fileno()
        except (OSError, ValueError, AttributeError):
            # The stream is no file, as in tests, or None, as under pythonw.
            super().emit(record)
            return
        if has_room(descriptor) or not CAN_TELL:
            super().emit(record)

    def format(self, record: logging.LogRecord) -> str:
        data = super().format(record).encode("utf-8", "backslashreplace")
        if len(data) > MAX_LINE_BYTES:
            half = MAX_LINE_BYTES // 2
            data = data[:half] + b" ... " + data[-half:]
        return data.decode("utf-8", "ignore")


def configure_logging(level: str, file: Path | None) -> None:
    """Log to *file*, or to stderr if it is None. Raises `OSError` if it cannot be opened."""
    # A record that cannot be written is dropped: logging's own report would show its values.
    logging.raiseExceptions = False
    handler = _file_handler(file) if file else PatientHandler()
    handler.setFormatter(PrivateFormatter())
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    # The loggers of libraries stay at ERROR: pygls logs every message's body at INFO.
    log.setLevel(level.upper())
    # Warnings and unhandled exceptions must not show values either.
    logging.captureWarnings(True)
    sys.unraisablehook = lambda unraisable: log.error("unraisable %s", unraisable.exc_type.__name__)
    sys.excepthook = lambda kind, error, trace: log.critical(
        "ended by %s", kind.__name__, exc_info=(kind, error, trace)
    )
    threading.excepthook = lambda args: log.error(
        "a thread was ended by %s",
        args.exc_type.__name__,
        exc_info=(args.exc_type, args.exc_value, args.exc_traceback) if args.exc_value else None,
    )


def log_unhandled(loop: "asyncio.AbstractEventLoop", context: Mapping[str, object]) -> None:
    """Log an exception that no task has handled; set as the event loop's exception handler."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        log.error("unhandled %s", type(error).__name__, exc_info=error)
    else:
        # The message in *context* may quote anything.
        log.error("something is wrong in the event loop")


def _file_handler(file: Path) -> logging.Handler:
    # Imported here, because it imports sockets and pickling.
    from logging.handlers import RotatingFileHandler

    class OwnersFileHandler(RotatingFileHandler):
        """Creates the log file for its owner alone to read, as it may hold names of files."""

        def _open(self) -> TextIOWrapper:
            def opener(path: str, flags: int) -> int:
                return os.open(path, flags, 0o600)

            stream = open(  # noqa: SIM115 - the handler closes it
                self.baseFilename, self.mode, encoding="utf-8", errors="replace", opener=opener
            )
            assert isinstance(stream, TextIOWrapper)
            return stream

    return OwnersFileHandler(file, maxBytes=MAX_FILE_BYTES, backupCount=1)
