"""Waiters and producers: who is served by which call, and when a call ends."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from ds_lsp.completion.in_flight import MAX_CALLS, InFlightCalls, agree, typed_since
from ds_lsp.errors import TooManyCalls, UnavailableError
from ds_lsp.providers.base import FimRequest, FimResult, Finish, KeepGoing, PromptParts
from tests.unit.fakes import FakeTime, looked_at, turns


def asking(prefix: str, suffix: str = "", uri: str = "u") -> FimRequest:
    return FimRequest(uri, "python", PromptParts(prefix, suffix), "m", 128, 0.0)


def one_line(text: str) -> bool:
    return "\n" not in text


@dataclass
class Call:
    """A call that says what the test tells it to."""

    keep_going: KeepGoing
    outcome: "asyncio.Future[FimResult]"
    said: str = ""
    hung_up: bool = False

    def say(self, piece: str) -> bool:
        self.said += piece
        goes_on = self.keep_going(self.said)
        if not goes_on:
            self.end(Finish.CUT)
        return goes_on

    def end(self, finish: Finish = Finish.STOP) -> None:
        if not self.outcome.done():
            self.outcome.set_result(FimResult(self.said, finish))


@dataclass
class Rig:
    time: FakeTime = field(default_factory=FakeTime)
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.in_flight = InFlightCalls(self.time.later)

    async def _ask(self, keep_going: KeepGoing) -> FimResult:
        call = Call(keep_going, asyncio.get_running_loop().create_future())
        self.calls.append(call)
        try:
            return await call.outcome
        except asyncio.CancelledError:
            call.hung_up = True
            raise

    async def wait(
        self, request: FimRequest, *, wants_more: KeepGoing = lambda text: True
    ) -> "asyncio.Task[FimResult | None]":
        """Join what serves *request*, else begin a call of its own."""
        self.in_flight.follow(request)
        if not self.in_flight.serves(request):
            self.in_flight.begin(request, self._ask)
        task = looked_at(asyncio.create_task(self.in_flight.join(request, wants_more)))
        await turns()
        return task

    async def leave(self, task: "asyncio.Task[FimResult | None]") -> None:
        task.cancel()
        await asyncio.wait([task])
        await turns()


@pytest.mark.parametrize(
    ("asked", "now", "typed"),
    [
        (asking("甲 = "), asking("甲 = "), ""),
        (asking("甲 = "), asking("甲 = f\n o"), "f\n o"),
        (asking("甲 = f"), asking("甲 = "), None),
        (asking("甲 = "), asking("乙 = "), None),
        (asking("甲", ")"), asking("甲(", "))"), None),
        (asking("甲"), asking("甲", uri="v"), None),
        (asking("甲"), replace(asking("甲"), model="n"), None),
        (asking("甲"), replace(asking("甲"), timeout_s=1), ""),
    ],
)
def test_the_text_typed_since_a_request_is_found(
    asked: FimRequest, now: FimRequest, typed: str | None
) -> None:
    assert typed_since(asked, now) == typed


@pytest.mark.parametrize(
    ("said", "typed", "is_agreed"),
    [("", "", 1), ("", "f", 1), ("foo", "f", 1), ("f", "foo", 1), ("foo", "b", 0), ("fo", "fx", 0)],
)
def test_an_answer_agrees_with_what_is_typed_along_it(
    said: str, typed: str, is_agreed: int
) -> None:
    assert agree(said, typed) == bool(is_agreed)


async def test_a_newer_keystroke_joins_and_gets_the_rest() -> None:
    rig = Rig()
    first = await rig.wait(asking("x = "))
    second = await rig.wait(asking("x = f"))
    (call,) = rig.calls
    assert call.say("fo")
    third = await rig.wait(asking("x = fo"))
    call.say("o(甲)")
    call.end()
    results = [await task for task in (first, second, third)]
    assert [result and result.text for result in results] == ["foo(甲)", "oo(甲)", "o(甲)"]
    assert {result and result.finish for result in results} == {Finish.STOP}
    assert len(rig.calls) == 1
    assert len(rig.in_flight) == 0


async def test_who_has_heard_enough_is_answered_while_the_stream_goes_on() -> None:
    rig = Rig()
    line = await rig.wait(asking("x = "), wants_more=one_line)
    block = await rig.wait(asking("x = "))
    (call,) = rig.calls
    assert call.say("1")
    assert not line.done()
    assert call.say("\ny")
    assert await line == FimResult("1\ny", Finish.CUT)
    call.end()
    assert await block == FimResult("1\ny", Finish.STOP)


async def test_joining_late_one_may_have_heard_enough_already() -> None:
    rig = Rig()
    first = await rig.wait(asking("x = "))
    rig.calls[0].say("foo\nbar")
    second = await rig.wait(asking("x = f"), wants_more=one_line)
    assert await second == FimResult("oo\nbar", Finish.CUT)
    await rig.leave(first)


async def test_the_first_piece_that_disagrees_ends_the_call() -> None:
    rig = Rig()
    first = await rig.wait(asking("x = "))
    second = await rig.wait(asking("x = f"))
    await rig.leave(first)
    assert rig.calls[0].say("bar") is False
    assert await second is None
    assert len(rig.in_flight) == 0


async def test_typing_something_else_ends_the_call_with_its_last_waiter() -> None:
    rig = Rig()
    first = await rig.wait(asking("x = "))
    rig.calls[0].say("foo")
    rig.in_flight.follow(asking("x = g"))
    assert len(rig.in_flight) == 1, "it is somebody's answer still"
    await rig.leave(first)
    assert rig.calls[0].hung_up
    assert rig.time.timers == []


async def test_typing_something_else_ends_a_call_that_nobody_waits_for() -> None:
    rig = Rig()
    first = await rig.wait(asking("x = "))
    rig.calls[0].say("foo")
    await rig.leave(first)
    rig.in_flight.follow(asking("x = f"))
    assert len(rig.in_flight) == 1
    rig.in_flight.follow(asking("x = g"))
    await turns()
    assert rig.calls[0].hung_up


async def test_a_stream_without_a_waiter_ends_after_the_grace() -> None:
    rig = Rig()
    first = await rig.wait(asking("x = "))
    await rig.leave(first)
    assert len(rig.in_flight) == 1
    assert [timer.seconds for timer in rig.time.timers] == [0.2]
    second = await rig.wait(asking("x = f"))
    assert rig.time.timers[0].is_cancelled
    await rig.leave(second)
    rig.time.fire_timers()
    await turns()
    assert rig.calls[0].hung_up
    assert len(rig.in_flight) == 0


async def test_when_everybody_has_heard_enough_it_ends() -> None:
    rig = Rig()
    first = await rig.wait(asking("x = "), wants_more=one_line)
    rig.calls[0].said = "1\n"
    assert rig.calls[0].keep_going("1\n") is False
    assert await first == FimResult("1\n", Finish.CUT)
    # It hangs up by itself: cancelled in the middle of that, it would leave the connection open.
    rig.in_flight.begin(asking("elsewhere"), rig._ask)
    await turns()
    assert not rig.calls[0].hung_up
    rig.calls[0].end(Finish.CUT)
    await rig.in_flight.aclose()


async def test_a_failure_reaches_everybody_who_waits() -> None:
    rig = Rig()
    tasks = [await rig.wait(asking(prefix)) for prefix in ("x = ", "x = f")]
    error = UnavailableError("503")
    rig.calls[0].outcome.set_exception(error)
    for task in tasks:
        with pytest.raises(UnavailableError):
            await task
    assert len(rig.in_flight) == 0


async def test_one_giving_up_does_not_take_the_other_down() -> None:
    rig = Rig()
    first = await rig.wait(asking("x = "))
    second = await rig.wait(asking("x = "))
    await rig.leave(first)
    rig.calls[0].say("1")
    rig.calls[0].end()
    assert await second == FimResult("1", Finish.STOP)


async def test_at_most_two_streams_run() -> None:
    rig = Rig()
    tasks = [await rig.wait(asking("x", uri=f"u{number}")) for number in range(MAX_CALLS)]
    with pytest.raises(TooManyCalls):
        rig.in_flight.begin(asking("x", uri="another"), rig._ask)
    assert [call.hung_up for call in rig.calls] == [False] * MAX_CALLS
    await rig.in_flight.aclose()
    assert all(call.hung_up for call in rig.calls)
    for task in tasks:
        with pytest.raises(UnavailableError):
            await task


async def test_who_is_being_cancelled_takes_no_room() -> None:
    rig = Rig()
    tasks = [await rig.wait(asking("x", uri=f"u{number}")) for number in range(MAX_CALLS)]
    tasks[0].cancel()
    rig.in_flight.begin(asking("x", uri="another"), rig._ask)
    await turns()
    assert [call.hung_up for call in rig.calls] == [True, False, False]
    await rig.in_flight.aclose()


async def test_the_one_that_nobody_waits_for_makes_room_first() -> None:
    rig = Rig()
    await rig.wait(asking("x", uri="u1"))
    second = await rig.wait(asking("x", uri="u2"))
    await rig.leave(second)
    await rig.wait(asking("x", uri="u3"))
    assert [call.hung_up for call in rig.calls] == [False, True, False]
    await rig.in_flight.aclose()


async def test_a_call_elsewhere_in_the_document_ends_one_that_nobody_waits_for() -> None:
    rig = Rig()
    first = await rig.wait(asking("x = "))
    await rig.leave(first)
    second = await rig.wait(asking("other place "))
    assert [call.hung_up for call in rig.calls] == [True, False]
    await rig.leave(second)
    await rig.in_flight.aclose()


async def test_an_answer_that_ends_before_what_was_typed_is_no_answer() -> None:
    rig = Rig()
    first = await rig.wait(asking("x = "))
    second = await rig.wait(asking("x = foo"))
    rig.calls[0].say("fo")
    rig.calls[0].end()
    assert await second is None
    assert await first == FimResult("fo", Finish.STOP)


async def test_what_is_retired_serves_those_who_wait_and_nobody_else() -> None:
    rig = Rig()
    first = await rig.wait(asking("x = "))
    rig.in_flight.retire()
    assert not rig.in_flight.serves(asking("x = "))
    rig.calls[0].say("1")
    rig.calls[0].end()
    assert await first == FimResult("1", Finish.STOP)


async def test_without_a_call_there_is_nothing_to_join() -> None:
    rig = Rig()
    assert not rig.in_flight.serves(asking("x"))
    assert await rig.in_flight.join(asking("x"), one_line) is None
