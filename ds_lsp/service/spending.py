"""The day's spending limit: when it is reached, and when the user is told."""

from collections.abc import Callable

from ds_lsp.service.health import Say, no_news
from ds_lsp.service.usage import limit
from ds_lsp.service.usage.ledger import Ledger


class SpendingLimit:
    """Compares the tokens of today, of all servers of this user, with the limit that is set."""

    def __init__(
        self,
        ledger: Ledger,
        tokens_for: Callable[[str | None], int | None] = lambda uri: None,
        say: Say = no_news,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """*tokens_for* returns the limit that is set for a document, or for the session (None).

        *changed* is called whenever the state may be another one.
        """
        self._ledger = ledger
        self._tokens_for = tokens_for
        self._say = say
        self._changed = changed
        self._applies = False

    def apply(self, applies: bool) -> None:
        """Apply the limits that are set now; they hold while a paid provider is in use."""
        self._applies = applies
        self.tell()

    def reached(self, uri: str | None = None) -> str | None:
        """Return the sentence that says that the limit is used up, or None."""
        level = self._level(uri)
        is_over = level is limit.Level.OVER
        return limit.message(level, self._tokens_for(uri)) if is_over else None

    def refresh(self, uri: str) -> None:
        """Read soon what the other servers have counted; a new day may have begun."""
        if self._tokens_for(uri) is not None:
            self._ledger.refresh()
            self.tell()

    def tell(self) -> None:
        """Tell the user how near the session's limit is, where that has changed."""
        self._say("limit", limit.message(self._level(None), self._tokens_for(None)))
        self._changed()

    def _level(self, uri: str | None) -> limit.Level:
        if not self._applies:
            return limit.Level.BELOW
        return limit.level(self._ledger.today().tokens, self._tokens_for(uri))
