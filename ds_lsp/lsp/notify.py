"""Messages to the user and to the client's log; decides how often a message is shown."""

import logging
import time
from collections.abc import Callable

from cachetools import TTLCache
from lsprotocol import types
from pygls.lsp.server import LanguageServer

from ds_lsp.service.health import Occasion
from ds_lsp.text.visible import as_message, escape_control_characters

log = logging.getLogger(__name__)

PASSING_EVERY_S = 300.0
"""Minimum seconds between two messages of the same transient trouble: on an unstable network, one
message per failure would be too many."""
ASKED_EVERY_S = 30.0
"""Minimum seconds between two identical messages about explicit requests: a user who repeats the
request sooner has read the message."""
_MAX_SHOWN = 64
"""Maximum messages whose time of display is remembered."""
MAX_CHARS = 4000
"""Maximum characters of a message; it is cut there, as some editors cover the text with it."""


class Notifier:
    """Sends messages to the client. A topic has one message, which is shown when it changes."""

    def __init__(self, ls: LanguageServer, clock: Callable[[], float] = time.monotonic) -> None:
        self._ls = ls
        self._clock = clock
        self.is_open = False
        self._current: dict[str, str] = {}
        self._shown: TTLCache[str, float] = TTLCache(_MAX_SHOWN, PASSING_EVERY_S, timer=clock)

    def open(self) -> None:
        """Start sending: the client is ready. Show the messages held back that are still true."""
        self.is_open = True
        for message in self._current.values():
            self._warn(message)

    def notify_once(
        self, topic: str, message: str | None, occasion: Occasion = Occasion.NEWS
    ) -> None:
        """Set the message of *topic*, and show it if it is due; None: all is well again."""
        if message is None:
            self._current.pop(topic, None)
            return
        is_new = self._current.get(topic) != message
        self._current[topic] = message
        if self.is_open and self._is_due(message, occasion, is_new=is_new):
            self._warn(message)

    def _is_due(self, message: str, occasion: Occasion, *, is_new: bool) -> bool:
        age = self._clock() - self._shown.get(message, float("-inf"))
        match occasion:
            case Occasion.NEWS:
                return is_new
            case Occasion.TRANSIENT:
                return is_new and age >= PASSING_EVERY_S
            case Occasion.ASKED:
                return age >= ASKED_EVERY_S

    def show(self, message: str) -> None:
        """Show the answer to a command; the user waits for it."""
        self._show_line(message, types.MessageType.Info)

    def log(self, line: str) -> None:
        """Write a line to the client's log."""
        self._ls.window_log_message(
            types.LogMessageParams(
                type=types.MessageType.Info, message=f"ds-lsp: {escape_control_characters(line)}"
            )
        )

    def send(self, method: str, params: object) -> None:
        """Send a notification of our own, for a client that has opted in to it."""
        self._ls.protocol.notify(method, params)

    def _warn(self, message: str) -> None:
        self._shown[message] = self._clock()
        line = self._show_line(message, types.MessageType.Warning)
        log.info("told the user: %s", line)

    def _show_line(self, message: str, kind: types.MessageType) -> str:
        # One line: several make Neovim wait for a key.
        line = as_message(message)
        if len(line) > MAX_CHARS:
            line = line[: MAX_CHARS - 4] + " ..."
        self._ls.window_show_message(types.ShowMessageParams(type=kind, message=f"ds-lsp: {line}"))
        return line
