"""What the user is told, and how often."""

import logging

from lsprotocol import types
from pygls.lsp.server import LanguageServer

log = logging.getLogger(__name__)

MAX_CHARS = 4000
"""A longer message is cut: some editors cover the text with it."""


class Notifier:
    """One message per change of state: a topic's message is shown when it becomes another one."""

    def __init__(self, ls: LanguageServer) -> None:
        self._ls = ls
        self.is_open = False
        self._current: dict[str, str] = {}

    def open(self) -> None:
        """The client is ready to be told things; say what is still true of what was held back."""
        self.is_open = True
        for message in self._current.values():
            self._show(message)

    def say(self, topic: str, message: str | None) -> None:
        """What there is to say about *topic* now; None when all is well again."""
        if message is None:
            self._current.pop(topic, None)
        elif self._current.get(topic) != message:
            self._current[topic] = message
            if self.is_open:
                self._show(message)

    def note(self, line: str) -> None:
        """One line for the client's log."""
        self._ls.window_log_message(
            types.LogMessageParams(type=types.MessageType.Info, message=f"ds-lsp: {line}")
        )

    def notify(self, method: str, params: object) -> None:
        """A notification of our own, for a client that has asked for it."""
        self._ls.protocol.notify(method, params)

    def _show(self, message: str) -> None:
        # One line: several make Neovim wait for a key.
        line = " ".join(message.split())
        if len(line) > MAX_CHARS:
            line = line[: MAX_CHARS - 4] + " ..."
        log.info("told the user: %s", line)
        self._ls.window_show_message(
            types.ShowMessageParams(type=types.MessageType.Warning, message=f"ds-lsp: {line}")
        )
