"""One paid provider in use: what it counts, replaces, and holds back."""

import asyncio

import pytest

from ds_lsp.errors import (
    AuthenticationError,
    Blocked,
    RefusedTextError,
    UnavailableError,
    UnknownModelError,
)
from ds_lsp.providers.base import (
    FimRequest,
    FimResult,
    Finish,
    KeepGoing,
    PromptParts,
    Sent,
    TokenUsage,
    unnoticed,
)
from ds_lsp.service.health import Occasion
from ds_lsp.service.service import Service
from ds_lsp.service.spending import SpendingLimit
from ds_lsp.service.substitutes import ModelsInUse
from ds_lsp.service.usage.ledger import Ledger
from tests.unit.fakes import FakeProvider, FakeTime, looked_at, service_of, turns

REQUEST = FimRequest("file:///值.py", "python", PromptParts("x = ", "\n"), "deepseek-flash", 9, 0.0)


class Rig:
    """A service, the provider it asks, and what its user was told."""

    def __init__(self, limit: int | None = None) -> None:
        self.time = FakeTime()
        self.provider = FakeProvider()
        self.said: list[tuple[str, str | None]] = []
        self.busy: list[bool] = []
        self.ledger = Ledger()
        spending = SpendingLimit(self.ledger, lambda uri: limit)
        spending.apply(True)
        self.service: Service = service_of(
            self.provider,
            ledger=self.ledger,
            limit=spending,
            models=ModelsInUse(),
            say=self._say,
            changed=lambda: self.busy.append(self.service.is_busy) if self.is_made else None,
            clock=self.time.clock,
            sleep=self.time.sleep,
        )

    @property
    def is_made(self) -> bool:
        return hasattr(self, "service")

    def _say(self, topic: str, message: str | None, occasion: Occasion = Occasion.NEWS) -> None:
        self.said.append((topic, message))

    def fill(self, request: FimRequest = REQUEST) -> "asyncio.Task[object]":
        return looked_at(asyncio.ensure_future(self.service.fill(request, lambda text: True)))

    async def fail(self, error: Exception, request: FimRequest = REQUEST) -> None:
        task = self.fill(request)
        await turns()
        self.provider.calls[-1].outcome.set_exception(error)
        await asyncio.wait([task])

    async def aclose(self) -> None:
        await self.service.aclose()
        await self.ledger.aclose()


async def test_an_answer_is_counted_as_the_provider_tells_it() -> None:
    rig = Rig()
    task = rig.fill()
    await turns()
    rig.provider.calls[0].say("甲", usage=TokenUsage(1, 2, 3))
    await task
    totals = rig.ledger.session()
    assert (totals.requests, totals.estimated, totals.tokens) == (1, 0, 6)
    assert (rig.busy[0], rig.busy[-1]) == (True, False)
    await rig.aclose()


async def test_a_call_that_is_cancelled_is_counted_as_far_as_it_came() -> None:
    rig = Rig()
    task = rig.fill()
    await turns()
    rig.provider.calls[0].keep_going("甲 +")
    task.cancel()
    await asyncio.wait([task])
    totals = rig.ledger.session()
    assert (totals.requests, totals.estimated) == (1, 1)
    assert totals.prompt_miss_tokens > 0
    assert totals.completion_tokens > 0
    assert not rig.service.is_busy
    await rig.aclose()


class _Unsent(FakeProvider):
    """Never gets its first byte out."""

    async def fill(
        self, request: FimRequest, keep_going: KeepGoing, sent: Sent = unnoticed
    ) -> FimResult:
        await asyncio.get_running_loop().create_future()
        raise AssertionError


async def test_a_call_that_was_never_sent_is_not_counted() -> None:
    ledger = Ledger()
    service = service_of(_Unsent(), ledger=ledger)
    task = looked_at(asyncio.ensure_future(service.fill(REQUEST, lambda text: True)))
    await turns()
    task.cancel()
    await asyncio.wait([task])
    assert ledger.session().requests == 0


async def test_a_model_that_is_gone_is_replaced_and_stays_replaced() -> None:
    rig = Rig()
    task = rig.fill()
    await turns()
    gone = UnknownModelError("gone", asked="deepseek-flash", supported=("deepseek-v9-flash",))
    rig.provider.calls[0].fail(gone)
    await turns()
    assert rig.provider.calls[1].request.model == "deepseek-v9-flash"
    rig.provider.calls[1].say("1")
    await task
    assert rig.service.models.current("deepseek-flash") == "deepseek-v9-flash"
    assert rig.service.breaker.trouble is None
    await rig.aclose()


async def test_after_a_failure_one_request_at_a_time_goes_ahead() -> None:
    rig = Rig()
    await rig.fail(UnavailableError("down"))
    assert str(rig.service.blocked(REQUEST)) == "down"
    with pytest.raises(Blocked, match="down"):
        rig.service.admit(REQUEST)
    rig.time.now += 60
    # Asking whether it is blocked books no turn.
    assert rig.service.blocked(REQUEST) is None
    assert rig.service.blocked(REQUEST) is None
    rig.service.admit(REQUEST)
    with pytest.raises(Blocked, match="down"):
        rig.service.admit(REQUEST)
    await rig.aclose()


async def test_a_refused_text_blocks_its_document_alone() -> None:
    rig = Rig()
    await rig.fail(RefusedTextError("refused"))
    assert str(rig.service.blocked(REQUEST)) == "refused"
    other = FimRequest("file:///b.py", "python", PromptParts("y"), "deepseek-flash", 9, 0.0)
    assert rig.service.blocked(other) is None
    assert rig.service.breaker.trouble is None
    await rig.aclose()


async def test_over_the_spending_limit_automatic_requests_are_blocked() -> None:
    rig = Rig(limit=5)
    assert rig.service.blocked(REQUEST) is None
    rig.ledger.add_call("deepseek-flash", TokenUsage(1, 2, 3))
    blocked = rig.service.blocked(REQUEST)
    assert blocked
    assert blocked.is_over_limit
    await rig.aclose()


async def test_a_service_that_was_replaced_tells_nothing_about_its_calls() -> None:
    rig = Rig()
    task = rig.fill()
    await turns()
    rig.service.retire()
    rig.said.clear()
    rig.provider.calls[0].fail(AuthenticationError("401"))
    await asyncio.wait([task])
    assert rig.said == []
    assert rig.service.breaker.trouble is None
    # What it sent is paid for all the same.
    assert rig.ledger.session().requests == 1
    await rig.aclose()


async def test_an_answer_in_parts_keeps_its_end() -> None:
    rig = Rig()
    task = rig.fill()
    await turns()
    rig.provider.calls[0].say("1", Finish.LENGTH)
    result = await task
    assert getattr(result, "finish", None) is Finish.LENGTH
    await rig.aclose()
