"""The day's spending limit: when it is reached, and when the user is told."""

from collections.abc import Callable

from ds_lsp.service.health import Say, no_news
from ds_lsp.service.usage import limit
from ds_lsp.service.usage.ledger import Ledger


class SpendingLimit:
    """Compares the tokens of today, of all servers of this user, with the limit that is set."""

    def __init__(
        self, ledger: Ledger, say: Say = no_news, changed: Callable[[], None] = lambda: None
    ) -> None:
        """*changed* is called whenever the state may be another one."""
        self._ledger = ledger
        self._say = say
        self._changed = changed
        self._tokens: int | None = None
        self._applies = False

    def set(self, tokens: int | None, *, applies: bool) -> None:
        """Put a limit into force; it *applies* while a paid provider is in use."""
        self._tokens, self._applies = tokens, applies
        self.tell()

    def reached(self) -> str | None:
        """Return the sentence that says that the limit is used up, or None."""
        level = self._level()
        return limit.message(level, self._tokens) if level is limit.Level.OVER else None

    def refresh(self) -> None:
        """Read soon what the other servers have counted; a new day may have begun."""
        if self._tokens is not None:
            self._ledger.refresh()
            self.tell()

    def tell(self) -> None:
        """Tell the user how near the limit is, where that has changed."""
        self._say("limit", limit.message(self._level(), self._tokens))
        self._changed()

    def _level(self) -> limit.Level:
        if not self._applies:
            return limit.Level.BELOW
        return limit.level(self._ledger.today().tokens, self._tokens)
