"""How things stand with the provider, and what the user is told of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Protocol

from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    BalanceError,
    ConnectError,
    ProviderError,
    RefusedTextError,
)
from ds_lsp.providers.base import Account, Balance
from ds_lsp.providers.catalog import catalog
from ds_lsp.service.breaker import Breaker

log = logging.getLogger(__name__)

PROBE_S = 300.0
"""How often an empty account is looked at, in seconds; looking costs nothing."""


class Occasion(Enum):
    """Why something is said; it decides how often."""

    NEWS = "news"
    """Something has changed."""
    PASSING = "passing"
    """Something has gone wrong that mends itself."""
    ASKED = "asked"
    """The user has asked for a completion, and waits."""


class Say(Protocol):
    """Tells the user what there is to say about a topic now; None: all is well again."""

    def __call__(
        self, topic: str, message: str | None, occasion: Occasion = Occasion.NEWS
    ) -> None: ...


def no_news(topic: str, message: str | None, occasion: Occasion = Occasion.NEWS) -> None:
    """Tell the user nothing."""


class Health:
    """Watches what comes of the calls of one provider."""

    def __init__(
        self,
        breaker: Breaker,
        say: Say,
        changed: Callable[[], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """*changed* is called whenever there may be something new to tell."""
        self._breaker = breaker
        self._say = say
        self._changed = changed
        self._sleep = sleep
        self._account: Account | None = None
        self._words = ""
        self._watch: asyncio.Task[None] | None = None
        self._is_asking_balance = False

    def begin(self, account: Account | None) -> None:
        """Another provider is asked from now on; nothing is known of it yet."""
        self._account = account
        self.worked()

    def state(self) -> tuple[str, str] | None:
        """What is wrong, as a word of ``ds-lsp/status`` and a sentence; None: nothing."""
        match self._breaker.trouble:
            case None:
                return None
            case ConnectError():
                return "offline", self._words
            case AuthenticationError() | BalanceError() | BadRequestError():
                return "stopped", self._words
            case _:
                return "paused", self._words

    def failed(self, error: ProviderError) -> None:
        """A call has failed, and the breaker knows it if it concerns others."""
        # Loud once; an outage lasts for many keystrokes.
        is_news = str(error) != self._words
        log.log(logging.WARNING if is_news else logging.INFO, "no completion: %s", error)
        if isinstance(error, RefusedTextError) and self._breaker.trouble is not error:
            # It is about one text, and says nothing of how things stand.
            self._say("refused", str(error), Occasion.PASSING)
        elif isinstance(error, BalanceError):
            if self._watch is None:
                self._words = str(error)
                self._watch = asyncio.create_task(self._watch_balance())
        else:
            self._stop_watching()
            self._words = str(error)
            is_lasting = isinstance(error, AuthenticationError | BadRequestError)
            self._say("provider", self._words, Occasion.NEWS if is_lasting else Occasion.PASSING)
        self._changed()

    def explicit_request_failed(self, error: Exception) -> None:
        """Tell the user, who asked for a completion and waits, why there is none."""
        if not self._is_asking_balance:
            is_known = self._breaker.trouble is not None
            self._say("provider", self._words if is_known else str(error), Occasion.ASKED)

    def worked(self) -> None:
        """A call has worked, unless the breaker knows better."""
        if self._breaker.trouble is None:
            self._stop_watching()
            self._words = ""
            self._say("provider", None)
        self._changed()

    def reached(self) -> None:
        """A connection has come about."""
        if isinstance(self._breaker.trouble, ConnectError):
            self.mended()

    def settings_changed(self) -> None:
        """Whatever was wrong with the settings may be right now."""
        if isinstance(self._breaker.trouble, BadRequestError):
            self.mended()

    def mended(self) -> None:
        """What stood in the way is gone."""
        self._breaker.reset()
        self.worked()

    def aclose(self) -> None:
        self._stop_watching()

    async def _watch_balance(self) -> None:
        """Say what is left, once, and wait until it is enough again."""
        self._is_asking_balance = True
        try:
            balance = await self._balance()
        finally:
            self._is_asking_balance = False
        if balance and balance.amounts:
            left = " and ".join(balance.amounts)
            self._words = (
                f"The balance of the DeepSeek account is {left}, "
                f"which is not enough to complete with: top up at {catalog().top_up}."
            )
        self._say("provider", self._words)
        self._changed()
        while True:
            await self._sleep(PROBE_S)
            balance = await self._balance()
            if balance and balance.is_available:
                break
        # This task is over: it is not to be cancelled.
        self._watch = None
        self.mended()

    async def _balance(self) -> Balance | None:
        if self._account is None:
            return None
        try:
            return await self._account.balance()
        except ProviderError as error:
            log.info("the balance is not known: %s", error)
            return None

    def _stop_watching(self) -> None:
        if self._watch:
            self._watch.cancel()
            self._watch = None
