"""What the user is told, and how often."""

import logging
import time
from collections.abc import Callable

from cachetools import TTLCache
from lsprotocol import types
from pygls.lsp.server import LanguageServer

from ds_lsp.health import Occasion
from ds_lsp.visible import as_message, visible_only

log = logging.getLogger(__name__)

PASSING_EVERY_S = 300.0
"""The same passing trouble is told again after so many seconds at the earliest: on a network that
comes and goes, each time would be too often."""
ASKED_EVERY_S = 30.0
"""Who asks again and again within so many seconds has read the answer."""
_MAX_SHOWN = 64
MAX_CHARS = 4000
"""A longer message is cut: some editors cover the text with it."""


class Notifier:
    """One message per change of state: a topic's message is shown when it becomes another one."""

    def __init__(self, ls: LanguageServer, clock: Callable[[], float] = time.monotonic) -> None:
        self._ls = ls
        self._clock = clock
        self.is_open = False
        self._current: dict[str, str] = {}
        self._shown: TTLCache[str, float] = TTLCache(_MAX_SHOWN, PASSING_EVERY_S, timer=clock)

    def open(self) -> None:
        """The client is ready to be told things; say what is still true of what was held back."""
        self.is_open = True
        for message in self._current.values():
            self._warn(message)

    def notify_once(
        self, topic: str, message: str | None, occasion: Occasion = Occasion.NEWS
    ) -> None:
        """What there is to say about *topic* now; None when all is well again."""
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
            case Occasion.PASSING:
                return is_new and age >= PASSING_EVERY_S
            case Occasion.ASKED:
                return age >= ASKED_EVERY_S

    def show(self, message: str) -> None:
        """What somebody has asked for, and waits to hear."""
        self._show_line(message, types.MessageType.Info)

    def log(self, line: str) -> None:
        """One line for the client's log."""
        self._ls.window_log_message(
            types.LogMessageParams(
                type=types.MessageType.Info, message=f"ds-lsp: {visible_only(line)}"
            )
        )

    def send(self, method: str, params: object) -> None:
        """A notification of our own, for a client that has asked for it."""
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
