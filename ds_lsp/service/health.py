"""The health of the provider, and the messages to the user about it."""

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
"""Seconds between two requests for the balance of an empty account; they cost nothing."""


class Occasion(Enum):
    """The reason for a message; it decides how often the message is shown."""

    NEWS = "news"
    """Something has changed."""
    TRANSIENT = "transient"
    """A failure that passes without the user's help."""
    ASKED = "asked"
    """The user has asked for a completion, and waits for it."""


class Say(Protocol):
    """Tells the user the message of a topic; None if the topic has no problem any more."""

    def __call__(
        self, topic: str, message: str | None, occasion: Occasion = Occasion.NEWS
    ) -> None: ...


def no_news(topic: str, message: str | None, occasion: Occasion = Occasion.NEWS) -> None:
    """Tell the user nothing."""


class Health:
    """Follows the results of one provider's calls."""

    def __init__(
        self,
        breaker: Breaker,
        say: Say,
        changed: Callable[[], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """*changed* is called whenever `state` may have changed."""
        self._breaker = breaker
        self._say = say
        self._changed = changed
        self._sleep = sleep
        self._account: Account | None = None
        self._words = ""
        self._watch: asyncio.Task[None] | None = None
        self._is_asking_balance = False

    def begin(self, account: Account | None) -> None:
        """Begin anew with another provider, of which nothing is known yet."""
        self._account = account
        self.call_succeeded()

    def state(self) -> tuple[str, str] | None:
        """Return a state of ``ds-lsp/status`` and its sentence; None if nothing is wrong."""
        match self._breaker.trouble:
            case None:
                return None
            case ConnectError():
                return "offline", self._words
            case AuthenticationError() | BalanceError() | BadRequestError():
                return "stopped", self._words
            case _:
                return "paused", self._words

    def call_failed(self, error: ProviderError) -> None:
        """Tell the user that a call has failed; the breaker knows already if it concerns others."""
        # A warning once, as an outage lasts for many keystrokes.
        is_news = str(error) != self._words
        log.log(logging.WARNING if is_news else logging.INFO, "no completion: %s", error)
        if isinstance(error, RefusedTextError) and self._breaker.trouble is not error:
            # The failure is about one text, and tells nothing about the provider's state.
            self._say("refused", str(error), Occasion.TRANSIENT)
        elif isinstance(error, BalanceError):
            if self._watch is None:
                self._words = str(error)
                self._watch = asyncio.create_task(self._watch_balance())
        else:
            self._stop_watching()
            self._words = str(error)
            is_lasting = isinstance(error, AuthenticationError | BadRequestError)
            self._say("provider", self._words, Occasion.NEWS if is_lasting else Occasion.TRANSIENT)
        self._changed()

    def explicit_request_failed(self, error: Exception) -> None:
        """Tell the user, who asked for a completion and waits, why there is none."""
        if not self._is_asking_balance:
            is_known = self._breaker.trouble is not None
            self._say("provider", self._words if is_known else str(error), Occasion.ASKED)

    def call_succeeded(self) -> None:
        """Tell the user that calls succeed again, unless the breaker knows of a newer failure."""
        if self._breaker.trouble is None:
            self._stop_watching()
            self._words = ""
            self._say("provider", None)
        self._changed()

    def connected(self) -> None:
        """End an outage of the network: a connection has been opened."""
        if isinstance(self._breaker.trouble, ConnectError):
            self.recovered()

    def settings_changed(self) -> None:
        """End a stop for the settings: they may be right now."""
        if isinstance(self._breaker.trouble, BadRequestError):
            self.recovered()

    def recovered(self) -> None:
        """End any pause: its reason is gone."""
        self._breaker.reset()
        self.call_succeeded()

    def aclose(self) -> None:
        self._stop_watching()

    async def _watch_balance(self) -> None:
        """Tell the user the balance, once, and wait until it is enough again."""
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
        # This task has ended, and must not be cancelled.
        self._watch = None
        self.recovered()

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
