"""Share one provider call; some time after the last waiter has left, hang up."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace

import pytest

from ds_lsp.completion.cache import Key
from ds_lsp.completion.inflight import GRACE_S, MAX_CALLS, InFlight
from ds_lsp.errors import UnavailableError
from ds_lsp.providers.base import FimRequest, FimResult
from tests.unit.fakes import FakeProvider, FakeTime, turns

REQUEST = FimRequest("u", "python", "x = ", "\n", "m", 128, 0.0)
KEY = Key("fake", "auto", REQUEST)


class Setting:
    def __init__(self) -> None:
        self.time = FakeTime()
        self.provider = FakeProvider()
        self.in_flight = InFlight(self.time.later)

    @property
    def hung_up(self) -> list[bool]:
        return [call.hung_up for call in self.provider.calls]

    def start(self) -> Coroutine[None, None, FimResult]:
        return self.provider.fill(REQUEST, lambda text: True)

    async def wait(self) -> asyncio.Task[FimResult]:
        task = asyncio.create_task(self.in_flight.fetch(KEY, self.start))
        await turns()
        return task


async def test_second_joins_the_first() -> None:
    setting = Setting()
    first, second = await setting.wait(), await setting.wait()
    (call,) = setting.provider.calls
    call.say("1")
    assert [(await first).text, (await second).text] == ["1", "1"]
    assert len(setting.in_flight) == 0
    assert [timer for timer in setting.time.timers if not timer.is_cancelled] == []


async def test_one_that_leaves_does_not_disturb_the_other() -> None:
    setting = Setting()
    first, second = await setting.wait(), await setting.wait()
    first.cancel()
    await turns()
    assert setting.time.timers == []
    setting.provider.calls[0].say("1")
    assert (await second).text == "1"


async def test_call_outlives_its_last_waiter_by_the_grace_and_no_longer() -> None:
    setting = Setting()
    first = await setting.wait()
    first.cancel()
    await turns()
    (timer,) = setting.time.timers
    assert timer.seconds == GRACE_S
    assert setting.hung_up == [False]
    setting.time.fire_timers()
    await turns()
    assert setting.hung_up == [True]
    assert len(setting.in_flight) == 0


async def test_newer_request_joins_within_the_grace() -> None:
    setting = Setting()
    (await setting.wait()).cancel()
    await turns()
    second = await setting.wait()
    setting.time.fire_timers()
    setting.provider.calls[0].say("1")
    assert (await second).text == "1"
    assert len(setting.provider.calls) == 1


async def test_dying_call_is_not_joined() -> None:
    setting = Setting()
    (await setting.wait()).cancel()
    await turns()
    setting.time.fire_timers()
    second = asyncio.create_task(setting.in_flight.fetch(KEY, setting.start))
    await turns()
    assert [call.hung_up for call in setting.provider.calls] == [True, False]
    setting.provider.calls[1].say("2")
    assert (await second).text == "2"


async def test_failure_reaches_every_waiter_and_is_over() -> None:
    setting = Setting()
    first, second = await setting.wait(), await setting.wait()
    setting.provider.calls[0].fail(UnavailableError("down"))
    for task in (first, second):
        with pytest.raises(UnavailableError, match="down"):
            await task
    third = await setting.wait()
    setting.provider.calls[1].say("up")
    assert (await third).text == "up"


async def test_failure_nobody_waits_for_is_silent() -> None:
    setting = Setting()
    (await setting.wait()).cancel()
    await turns()
    # filterwarnings = error: an exception that is never retrieved would fail this test.
    setting.provider.calls[0].fail(UnavailableError("down"))
    await turns()
    assert len(setting.in_flight) == 0


async def test_closing_hangs_up_and_tells_the_waiters() -> None:
    setting = Setting()
    waiter = await setting.wait()
    await setting.in_flight.aclose()
    assert setting.provider.calls[0].hung_up
    with pytest.raises(UnavailableError):
        await waiter


async def test_there_are_no_more_calls_than_can_be_typed_for() -> None:
    setting = Setting()
    keys = [replace(KEY, provider=str(number)) for number in range(MAX_CALLS + 1)]
    waiting = [asyncio.create_task(setting.in_flight.fetch(key, setting.start)) for key in keys]
    await turns()
    with pytest.raises(UnavailableError, match="at once"):
        await waiting.pop()
    # One that is only in its grace makes room.
    waiting[3].cancel()
    await turns()
    last = asyncio.create_task(setting.in_flight.fetch(keys[-1], setting.start))
    await turns()
    assert len(setting.in_flight) == MAX_CALLS
    assert setting.hung_up == [number == 3 for number in range(MAX_CALLS + 1)]
    await setting.in_flight.aclose()
    await asyncio.wait([*waiting, last])
    assert all(task.cancelled() or task.exception() for task in [*waiting, last])
