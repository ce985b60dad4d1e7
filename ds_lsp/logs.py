"""Logging that cannot show text: what ds-lsp did, how much and how long, never what."""

import copy
import logging
import sys
import threading
from pathlib import Path
from types import TracebackType

from ds_lsp.visible import visible_only

LEVELS = ("debug", "info", "warning", "error", "critical")


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
        return visible_only(super().formatMessage(record))

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


def configure_logging(level: str, file: Path | None) -> None:
    """Log to *file*, or to stderr. Raises OSError when the file cannot be opened."""
    handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    handler.setFormatter(PrivateFormatter())
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    # Other people's loggers stay at ERROR: pygls logs every body at INFO.
    logging.getLogger("ds_lsp").setLevel(level.upper())
    # Nor may a warning or a lost exception show what it was about.
    logging.captureWarnings(True)
    sys.unraisablehook = lambda unraisable: logging.getLogger("ds_lsp").error(
        "unraisable %s", unraisable.exc_type.__name__
    )
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda lost: _log_uncaught(
        lost.exc_type, lost.exc_value or lost.exc_type(), lost.exc_traceback
    )


def _log_uncaught(
    kind: type[BaseException], exc: BaseException, traceback: TracebackType | None
) -> None:
    logging.getLogger("ds_lsp").error("uncaught", exc_info=(kind, exc, traceback))
