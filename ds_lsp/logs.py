"""Logging that cannot show text: what ds-lsp did, how much and how long, never what."""

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

from ds_lsp.visible import escape_control_characters

LEVELS = ("debug", "info", "warning", "error", "critical")
MAX_FILE_BYTES = 5_000_000
"""When a log file is this large it becomes the old one, of which there is one."""
MAX_LINE_BYTES = PIPE_BYTES - 64
"""On stderr, so that a record takes no more than there is room for; its middle is left out."""

log = logging.getLogger("ds_lsp")


class PrivateFormatter(logging.Formatter):
    """Formats our records; of other people's only what holds no values.

    pygls puts whole messages, and libraries put whatever failed to parse, into the arguments of
    their records and into the messages of exceptions: the user's code, or the key.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        if record.name.partition(".")[0] != "ds_lsp":
            record = copy.copy(record)
            # Without arguments the values are in the message itself: only a template can be shown.
            record.msg = record.msg if record.args else "(message withheld)"
            record.args = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the same
        # A file's name can hold a line end, and what follows would pass for a line of ours.
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
    """Writes to stderr, unless nobody reads it: a line that there is no room for is left out.

    An editor may keep a pipe to our stderr and never read it; waiting for it would be for good.
    """

    def emit(self, record: logging.LogRecord) -> None:
        try:
            descriptor = self.stream.fileno()
        except (OSError, ValueError, AttributeError):
            # No file, as in tests; or none at all, as under pythonw.
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
    """Log to *file*, or to stderr. Raises OSError when the file cannot be opened."""
    # What cannot be logged is lost: logging's own complaint would show the values.
    logging.raiseExceptions = False
    handler = _file_handler(file) if file else PatientHandler()
    handler.setFormatter(PrivateFormatter())
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    # Other people's loggers stay at ERROR: pygls logs every body at INFO.
    log.setLevel(level.upper())
    # Nor may a warning or a lost exception show what it was about.
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
    """What an event loop does with an exception that nobody has taken."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        log.error("unhandled %s", type(error).__name__, exc_info=error)
    else:
        # What it says may quote anything.
        log.error("something is wrong in the event loop")


def _file_handler(file: Path) -> logging.Handler:
    # Imported where it is used: it brings sockets and pickling along.
    from logging.handlers import RotatingFileHandler

    class OwnersFileHandler(RotatingFileHandler):
        """A log may hold the names of files: it is created for its owner alone to read."""

        def _open(self) -> TextIOWrapper:
            def opener(path: str, flags: int) -> int:
                return os.open(path, flags, 0o600)

            stream = open(  # noqa: SIM115 - the handler closes it
                self.baseFilename, self.mode, encoding="utf-8", errors="replace", opener=opener
            )
            assert isinstance(stream, TextIOWrapper)
            return stream

    return OwnersFileHandler(file, maxBytes=MAX_FILE_BYTES, backupCount=1)
