"""What the user is told of the provider, and what ends a stop."""

import asyncio
from dataclasses import dataclass, field

import pytest

from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    BalanceError,
    ConnectError,
    ProviderError,
    RateLimitError,
    UnavailableError,
)
from ds_lsp.providers.base import Balance
from ds_lsp.service.breaker import Breaker
from ds_lsp.service.health import PROBE_S, Health, Occasion
from tests.unit.fakes import FakeTime, turns

EMPTY = Balance(False, ("0.00 CNY", "-0.10 USD"))
FULL = Balance(True, ("10.00 USD",))


@dataclass
class FakeAccount:
    """An account that answers on command."""

    balances: list[Balance | ProviderError] = field(default_factory=list)
    asked: int = 0
    wait: asyncio.Event = field(default_factory=asyncio.Event)

    async def balance(self) -> Balance:
        self.asked += 1
        await self.wait.wait()
        balance = self.balances.pop(0)
        if isinstance(balance, ProviderError):
            raise balance
        return balance


class Rig:
    def __init__(self, *balances: Balance | ProviderError) -> None:
        self.time = FakeTime()
        self.said: list[tuple[str | None, Occasion]] = []
        self.changes = 0
        self.breaker = Breaker(self.time.clock, lambda: 1.0)
        self.account = FakeAccount(list(balances))
        self.health = Health(self.breaker, self._say, self._changed, self.time.sleep)
        self.health.begin(self.account)
        self.said.clear()

    def _say(self, topic: str, message: str | None, occasion: Occasion = Occasion.NEWS) -> None:
        assert topic == "provider"
        self.said.append((message, occasion))

    def _changed(self) -> None:
        self.changes += 1

    async def fail(self, error: ProviderError) -> None:
        self.time.now += 1
        self.breaker.call_failed(error, self.time.now)
        self.health.call_failed(error)
        await turns()

    def messages(self) -> list[str]:
        return [message for message, _ in self.said if message]


@pytest.mark.parametrize(
    ("error", "word", "occasion"),
    [
        (AuthenticationError("wrong key"), "stopped", Occasion.NEWS),
        (BadRequestError("bad setting"), "stopped", Occasion.NEWS),
        (RateLimitError("slow"), "paused", Occasion.TRANSIENT),
        (UnavailableError("busy"), "paused", Occasion.TRANSIENT),
        (ConnectError("cable"), "offline", Occasion.TRANSIENT),
    ],
)
async def test_trouble_is_named(error: ProviderError, word: str, occasion: Occasion) -> None:
    rig = Rig()
    assert rig.health.state() is None
    await rig.fail(error)
    assert rig.health.state() == (word, str(error))
    assert rig.said == [(str(error), occasion)]
    rig.breaker.call_succeeded(rig.time.now)
    rig.health.call_succeeded()
    assert rig.health.state() is None
    assert rig.said[-1] == (None, Occasion.NEWS)


async def test_an_empty_balance_is_said_with_the_amount_and_where_to_top_up() -> None:
    rig = Rig(EMPTY)
    await rig.fail(BalanceError("empty"))
    assert rig.messages() == []
    rig.health.explicit_request_failed(BalanceError("empty"))
    assert rig.messages() == [], "the message is under way"
    rig.account.wait.set()
    await turns()
    (message,) = rig.messages()
    assert "0.00 CNY and -0.10 USD" in message
    assert "https://platform.deepseek.com/top_up" in message
    assert rig.health.state() == ("stopped", message)
    await rig.fail(BalanceError("empty"))
    assert rig.account.asked == 1
    assert rig.messages() == [message]
    rig.health.explicit_request_failed(BalanceError("empty"))
    assert rig.said[-1] == (message, Occasion.ASKED)
    rig.health.aclose()


async def test_a_slow_probe_of_the_balance_reopens() -> None:
    rig = Rig(UnavailableError("no"), EMPTY, UnavailableError("no"), FULL)
    rig.account.wait.set()
    await rig.fail(BalanceError("empty"))
    assert rig.messages() == ["empty"]
    for asked in (2, 3):
        await rig.time.advance(PROBE_S)
        assert rig.account.asked == asked
        assert rig.breaker.refuses()
    await rig.time.advance(PROBE_S)
    assert rig.health.state() is None
    assert rig.breaker.refuses() is None
    await rig.time.advance(PROBE_S)
    assert rig.account.asked == 4, "nothing is probed any more"


@pytest.mark.parametrize("how", ["worked", "failed otherwise", "another provider", "closed"])
async def test_the_probe_ends(how: str) -> None:
    rig = Rig(EMPTY, FULL)
    rig.account.wait.set()
    await rig.fail(BalanceError("empty"))
    match how:
        case "worked":
            rig.breaker.call_succeeded(rig.time.now)
            rig.health.call_succeeded()
        case "failed otherwise":
            await rig.fail(AuthenticationError("wrong key"))
        case "another provider":
            rig.breaker.reset()
            rig.health.begin(None)
        case "closed":
            rig.health.aclose()
    await rig.time.advance(PROBE_S)
    assert rig.account.asked == 1


async def test_a_connection_ends_being_offline_and_nothing_else() -> None:
    rig = Rig()
    await rig.fail(ConnectError("cable"))
    rig.health.connected()
    assert rig.health.state() is None
    assert rig.breaker.refuses() is None
    await rig.fail(UnavailableError("busy"))
    rig.health.connected()
    assert rig.health.state() == ("paused", "busy")


async def test_new_settings_end_what_settings_can_have_caused() -> None:
    rig = Rig()
    await rig.fail(BadRequestError("bad setting"))
    rig.health.settings_changed()
    assert rig.health.state() is None
    await rig.fail(AuthenticationError("wrong key"))
    rig.health.settings_changed()
    assert rig.health.state() == ("stopped", "wrong key")


async def test_who_asks_is_told_why_not() -> None:
    rig = Rig()
    rig.health.explicit_request_failed(UnavailableError("The provider was changed."))
    assert rig.said == [("The provider was changed.", Occasion.ASKED)]
    await rig.fail(UnavailableError("busy"))
    rig.health.explicit_request_failed(UnavailableError("busy"))
    assert rig.said[1:] == [("busy", Occasion.TRANSIENT), ("busy", Occasion.ASKED)]
