"""The life of one completion request, with fakes that answer on command."""

import asyncio
import dataclasses
from collections.abc import Callable
from typing import cast

import pytest

from ds_lsp.completion.engine import ALTERNATIVE_TEMPERATURES, Engine, Providers
from ds_lsp.completion.in_flight import InFlightCalls
from ds_lsp.completion.prompt.window import PromptBuilder
from ds_lsp.completion.request import Completion, CompletionRequest, Reason, Trigger
from ds_lsp.errors import (
    AuthenticationError,
    ProviderError,
    Superseded,
    UnavailableError,
    UnknownModelError,
)
from ds_lsp.providers.base import FimRequest, FimResult, Finish, TokenUsage
from ds_lsp.service.health import Health
from ds_lsp.service.service import Service
from ds_lsp.service.usage.ledger import Ledger
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.document import Document
from ds_lsp.text.snapshot import Snapshot
from tests.unit.fakes import FakeExcerpts, FakeProvider, FakeTime, looked_at, service_of, turns
from tests.unit.texts import at, request_at

CUT = FimResult("", Finish.CUT)
INVOKED, AUTOMATIC = Trigger.INVOKED, Trigger.AUTOMATIC
FIXED = CompletionSettings(debounce_ms=150)


class _NotedLedger(Ledger):
    def __init__(self, rig: "Rig") -> None:
        super().__init__()
        self._rig = rig

    def add_completion(
        self, request: FimRequest, result: FimResult | None, tokens: object = None
    ) -> None:
        self._rig.asked.append(result)


class _Limit:
    def __init__(self, rig: "Rig") -> None:
        self._rig = rig

    def reached(self, uri: str | None = None) -> str | None:
        return self._rig.allowance

    def refresh(self, uri: str) -> None:
        """Nothing to read."""


class _Models:
    def __init__(self, rig: "Rig") -> None:
        self._rig = rig

    def current(self, name: str) -> str:
        return self._rig.models.get(name, name)

    def replace(self, error: UnknownModelError) -> str | None:
        return self._rig.models.get(error.asked)


class _NotedHealth:
    def __init__(self, rig: "Rig") -> None:
        self.call_failed = rig.failed.append
        self.explicit_request_failed = rig.unmet.append
        self.call_succeeded = rig.note_worked

    def aclose(self) -> None:
        """Nothing to end."""


class Rig:
    """An engine in which time stands still and the provider waits to be told what to say."""

    def __init__(
        self,
        provider: FakeProvider | None = None,
        fallback: FakeProvider | None = None,
        excludes: Callable[[Snapshot], str | None] = lambda snapshot: None,
        prompts: PromptBuilder | None = None,
    ) -> None:
        self.time = FakeTime()
        self.provider = provider or FakeProvider()
        self.asked: list[FimResult | None] = []
        self.failed: list[ProviderError] = []
        self.unmet: list[ProviderError] = []
        self.models: dict[str, str] = {}
        self.worked = 0
        self.allowance: str | None = None
        self.engine = Engine(
            excludes,
            clock=self.time.clock,
            sleep=self.time.sleep,
            in_flight=InFlightCalls(self.time.later),
            prompts=prompts,
        )
        self.use(self.provider, fallback)

    def use(self, provider: FakeProvider, fallback: FakeProvider | None = None) -> None:
        """Put a provider into use, and note what it tells its service."""
        previous = self.engine.providers.first
        if isinstance(previous, Service):
            previous.retire()
        self.service = service_of(
            provider,
            ledger=_NotedLedger(self),
            limit=_Limit(self),
            models=_Models(self),
            clock=self.time.clock,
        )
        self.service.health = cast(Health, _NotedHealth(self))
        self.engine.use(Providers(self.service if provider.metered else provider, fallback))

    def note_worked(self) -> None:
        self.worked += 1

    async def begin(self, text: str, trigger: Trigger = INVOKED) -> asyncio.Task[Completion]:
        # The adaptive wait has tests of its own; here it is a fixed one.
        return await self.begin_request(request_at(text, trigger, FIXED))

    async def begin_request(self, request: CompletionRequest) -> asyncio.Task[Completion]:
        # An automatic request comes right behind its edit.
        snapshot = dataclasses.replace(request.snapshot, edited_at=self.time.now)
        request = dataclasses.replace(request, snapshot=snapshot)
        task = looked_at(asyncio.create_task(self.engine.complete(request)))
        await turns()
        return task

    async def answer(self, text: str, said: str, trigger: Trigger = INVOKED) -> Completion:
        task = await self.begin(text, trigger)
        self.provider.calls[-1].say(said)
        return await task


async def test_what_the_model_says_fits_and_is_offered() -> None:
    rig = Rig()
    completion = await rig.answer("foo(|)\r\n", "甲)")
    assert completion.text == "甲"
    assert completion.record.reason is Reason.OFFERED
    assert completion.record.source == "fake"
    assert set(completion.record.stages_ms) == {
        *("context", "cache", "debounce", "provider", "postprocess", "total")
    }


async def test_same_again_is_free() -> None:
    rig = Rig()
    await rig.answer("x = |", "1 + 2")
    again = await (await rig.begin("x = |", AUTOMATIC))
    assert (again.text, again.record.source) == ("1 + 2", "cache")
    assert len(rig.provider.calls) == 1
    assert rig.time.sleeps == [0.0]


async def test_typing_along_is_free_and_waits_for_nothing() -> None:
    rig = Rig()
    await rig.answer("x = |", "print(甲)")
    for typed in ("p", "prin", "print(甲"):
        completion = await (await rig.begin(f"x = {typed}|", AUTOMATIC))
        assert completion.text == "print(甲)"[len(typed) :]
        assert completion.record.source == "type-through"
    assert len(rig.provider.calls) == 1
    assert rig.time.sleeps == [0.0]


async def test_typing_something_else_asks_again() -> None:
    rig = Rig()
    await rig.answer("x = |", "print(1)")
    assert (await rig.answer("x = q|", "uit()")).text == "uit()"


async def test_a_block_does_not_shrink_while_one_types_along_it() -> None:
    rig = Rig()
    block = "甲()\n    乙()\n    return 1"
    assert (await rig.answer("def f():\n    |", block + "\n\nx = 1")).text == block
    for typed in ("甲", "甲()\n", "甲()\n    乙()\n    ret"):
        completion = await (await rig.begin(f"def f():\n    {typed}|", AUTOMATIC))
        assert completion.text == block[len(typed) :]
    assert len(rig.provider.calls) == 1


async def test_the_record_names_the_rules_that_changed_something() -> None:
    completion = await Rig().answer("f(|)", "甲)")
    assert completion.record.rules == ("cut_overlap",)
    assert (await Rig().answer("f(|)", "甲")).record.rules == ()


@pytest.mark.parametrize(
    ("can_replace", "text", "replaces"), [(True, "a)) {", 1), (False, "a)", 0)]
)
async def test_what_is_replaced_depends_on_the_client(
    can_replace: bool, text: str, replaces: int
) -> None:
    rig = Rig()
    snapshot = at("if (x(|)\n", language_id="c")
    request = CompletionRequest(snapshot, INVOKED, CompletionSettings(), can_replace=can_replace)
    task = asyncio.create_task(rig.engine.complete(request))
    await turns()
    rig.provider.calls[0].say("a)) {")
    completion = await task
    assert (completion.text, completion.replaces) == (text, replaces)


async def test_one_line_is_asked_for_with_fewer_tokens() -> None:
    rig = Rig()
    await rig.begin("f(a, |)")
    await rig.begin("x = |")
    assert [call.request.max_tokens for call in rig.provider.calls] == [64, 128]


async def test_what_is_remembered_is_what_the_model_said_fitted_anew() -> None:
    rig = Rig()
    assert (await rig.answer("f(|)", "甲, 乙)")).text == "甲, 乙"
    assert (await (await rig.begin("f(甲, |)"))).text == "乙"
    completion = await (await rig.begin("f(甲, 乙|)"))
    assert (completion.text, completion.record.reason) == ("", Reason.NOTHING_LEFT)
    assert len(rig.provider.calls) == 1


async def test_automatic_request_waits_for_quiet_and_explicit_one_does_not() -> None:
    rig = Rig()
    settings = CompletionSettings(debounce_ms=75)
    automatic = await rig.begin_request(request_at("x = |", AUTOMATIC, settings))
    assert rig.provider.calls == []
    await rig.time.advance(0.074)
    assert rig.provider.calls == []
    await rig.time.advance(0.002)
    assert len(rig.provider.calls) == 1
    rig.provider.calls[0].say("1")
    assert (await automatic).text == "1"
    await rig.begin("y = |", INVOKED)
    assert len(rig.provider.calls) == 2


async def test_connection_is_warmed_while_waiting() -> None:
    rig = Rig()
    settings = CompletionSettings(debounce_ms=75)
    task = await rig.begin_request(request_at("x = |", AUTOMATIC, settings))
    assert rig.provider.warmed == 1
    assert rig.provider.calls == []
    task.cancel()


async def test_joins_the_call_in_flight_without_waiting() -> None:
    rig = Rig()
    first = await rig.begin_request(request_at("x = |", INVOKED, feature="inline"))
    second = await rig.begin_request(request_at("x = |", AUTOMATIC, feature="menu"))
    (call,) = rig.provider.calls
    call.say("1")
    assert (await first).text == (await second).text == "1"
    assert (await second).record.source == "in-flight"


async def test_ten_requests_ten_answers_one_call() -> None:
    rig = Rig()
    settings = CompletionSettings(debounce_ms=75)
    texts = [f"x = {'a' * count}|" for count in range(10)]
    tasks = [await rig.begin_request(request_at(text, AUTOMATIC, settings)) for text in texts]
    await rig.time.advance(1.0)
    (call,) = rig.provider.calls
    call.say("b")
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results[:-1]] == [Superseded] * 9
    assert isinstance(results[-1], Completion)
    assert rig.engine.last.reason is Reason.OFFERED


async def test_superseded_request_ends_at_once_and_its_call_after_the_grace() -> None:
    rig = Rig()
    older = await rig.begin("x = |")
    newer = await rig.begin("y = |")
    with pytest.raises(Superseded):
        await older
    rig.time.fire_timers()
    await turns()
    assert [call.hung_up for call in rig.provider.calls] == [True, False]
    rig.provider.calls[1].say("1")
    assert (await newer).text == "1"


async def test_other_documents_and_lanes_do_not_supersede() -> None:
    rig = Rig()
    first = await rig.begin("x = |")
    request = request_at("y = |", INVOKED)
    elsewhere = dataclasses.replace(request.snapshot, uri="file:///b.py")
    second = await rig.begin_request(dataclasses.replace(request, snapshot=elsewhere))
    for call in rig.provider.calls:
        call.say("1")
    assert [(await task).text for task in (first, second)] == ["1", "1"]
    first = await rig.begin("a = |")
    second = await rig.begin_request(request_at("z = |", INVOKED, feature="menu"))
    for call in rig.provider.running:
        call.say("1")
    assert [(await task).text for task in (first, second)] == ["1", "1"]


async def test_cancelled_request_is_cancelled_and_asking_again_joins_its_call() -> None:
    rig = Rig()
    first = await rig.begin("x = |")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert rig.engine.last.reason is Reason.CANCELLED
    second = await rig.begin("x = |", AUTOMATIC)
    (call,) = rig.provider.calls
    call.say("1")
    assert (await second).text == "1"


async def test_finished_call_is_remembered_though_nobody_waited() -> None:
    rig = Rig()
    (await rig.begin("x = |")).cancel()
    await turns()
    rig.provider.calls[0].say("1")
    await turns()
    assert (await (await rig.begin("x = |"))).record.source == "cache"


async def test_failure_is_nothing_to_offer_and_is_never_cached() -> None:
    rig = Rig()
    task = await rig.begin("x = |")
    rig.provider.calls[0].fail(UnavailableError("down"))
    completion = await task
    assert completion.text == ""
    assert completion.record.reason is Reason.PROVIDER_FAILED
    assert completion.record.detail == "down"
    assert len(rig.engine.cache) == 0
    assert [type(error) for error in rig.failed] == [UnavailableError]
    assert (await rig.answer("x = |", "1")).text == "1"
    assert rig.worked == 1


async def test_fallback_fills_in_and_is_not_cached() -> None:
    rig = Rig(fallback=FakeProvider("local text", name="local", metered=False))
    task = await rig.begin("x = |")
    rig.provider.calls[0].fail(AuthenticationError("wrong key"))
    completion = await task
    assert (completion.text, completion.record.source) == ("local text", "local")
    assert completion.record.detail == "wrong key"
    assert len(rig.engine.cache) == 0


async def test_free_provider_is_asked_at_once_and_never_cached() -> None:
    rig = Rig(FakeProvider("1", name="local", metered=False))
    for _ in range(2):
        assert (await (await rig.begin("x = |", AUTOMATIC))).record.source == "local"
    assert len(rig.provider.calls) == 2
    assert rig.time.sleeps == []
    assert rig.asked == []


@pytest.mark.parametrize(
    ("settings", "excluded", "reason"),
    [
        (CompletionSettings(enabled=False), None, Reason.DISABLED),
        (CompletionSettings(), "built-in: .env", Reason.EXCLUDED),
    ],
)
async def test_refused_request_reaches_nobody(
    settings: CompletionSettings, excluded: str | None, reason: Reason
) -> None:
    rig = Rig(excludes=lambda snapshot: excluded)
    completion = await (await rig.begin_request(request_at("x = |", INVOKED, settings)))
    assert (completion.text, completion.record.reason) == ("", reason)
    assert rig.provider.calls == []
    assert rig.provider.warmed == 0


async def test_moving_the_cursor_is_debounced_too() -> None:
    rig = Rig()
    settings = CompletionSettings(debounce_ms=75)
    tasks = []
    for text in ("w = |\nx =\ny =\nz =", "w =\nx =|\ny =\nz =", "w =\nx =\ny =|\nz ="):
        request = request_at(text, AUTOMATIC, settings)
        tasks.append(asyncio.create_task(rig.engine.complete(request)))
        await turns()
        for call in rig.provider.running:
            call.say("1")
        await rig.time.advance(0.03)
    assert len(rig.provider.calls) == 1
    await rig.time.advance(0.075)
    assert len(rig.provider.calls) == 2
    rig.provider.running[0].say("2")
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [Completion, Superseded, Completion]


async def test_known_answer_is_served_where_nobody_would_be_asked() -> None:
    rig = Rig()
    await rig.answer("f(甲);|", " g(乙);")
    assert (await (await rig.begin("f(甲);|", AUTOMATIC))).text
    completion = await (await rig.begin("f(乙);|", AUTOMATIC))
    assert (completion.text, completion.record.reason) == ("", Reason.END_OF_STATEMENT)
    assert len(rig.provider.calls) == 1
    await rig.begin("f(乙);|", INVOKED)
    assert len(rig.provider.calls) == 2


async def test_running_call_is_joined_where_nobody_would_be_asked() -> None:
    rig = Rig()
    first = await rig.begin_request(request_at("f(甲);|", INVOKED, feature="inline"))
    second = await rig.begin_request(request_at("f(甲);|", AUTOMATIC, feature="menu"))
    (call,) = rig.provider.calls
    call.say(" g(乙);")
    assert (await first).text == (await second).text != ""


class Typist:
    """A document in which what an engine offers is accepted, as an editor does it."""

    def __init__(self, rig: Rig, text: str) -> None:
        self.rig = rig
        clock = rig.time.clock
        self.document = Document("file:///a.py", "python", 1, text, clock=clock)
        self.line, self.column = 0, len(text)

    def insert(self, text: str) -> None:
        self.document.replace((self.line, self.column), (self.line, self.column), text)
        lines = text.split("\n")
        self.line += len(lines) - 1
        self.column = len(lines[-1]) + (self.column if len(lines) == 1 else 0)

    async def ask(self, trigger: Trigger = AUTOMATIC) -> asyncio.Task[Completion]:
        snapshot = self.document.snapshot(self.line, self.column)
        request = CompletionRequest(snapshot, trigger, FIXED)
        task = looked_at(asyncio.create_task(self.rig.engine.complete(request)))
        await turns()
        return task


async def test_after_an_answer_that_was_all_nobody_is_asked_for_a_while() -> None:
    rig = Rig()
    typist = Typist(rig, "x = ")
    task = await typist.ask(INVOKED)
    rig.provider.calls[0].say("计算(1)")
    typist.insert((await task).text)
    completion = await (await typist.ask())
    assert (completion.text, completion.record.reason) == ("", Reason.NOTHING_FOUND)
    assert len(rig.provider.calls) == 1
    # Who asks all the same may be lucky; and a minute later one may ask again.
    await typist.ask(INVOKED)
    assert len(rig.provider.calls) == 2


async def test_after_a_line_that_the_model_had_ended_nobody_is_asked() -> None:
    rig = Rig()
    typist = Typist(rig, "x = ")
    task = await typist.ask(INVOKED)
    rig.provider.calls[0].say("计算(1)\n", Finish.CUT)
    typist.insert((await task).text)
    completion = await (await typist.ask())
    assert completion.record.reason is Reason.JUST_ACCEPTED
    assert len(rig.provider.calls) == 1


async def test_after_a_line_that_ran_into_the_limit_the_rest_is_asked_for_at_once() -> None:
    rig = Rig()
    typist = Typist(rig, "x = [")
    task = await typist.ask(INVOKED)
    rig.provider.calls[0].say("'甲', '乙', '丙', '0123456789", Finish.LENGTH)
    typist.insert((await task).text)
    await typist.ask()
    assert len(rig.provider.calls) == 2
    assert rig.time.sleeps[-1] == 0.0


async def test_the_lines_that_were_not_shown_are_the_next_suggestion() -> None:
    rig = Rig()
    typist = Typist(rig, "total = 甲 + ")
    task = await typist.ask(INVOKED)
    rig.provider.calls[0].say("乙\ncount = 1\nend = 2")
    first = await task
    assert first.text == "乙"
    typist.insert(first.text + "\n")
    second = await (await typist.ask())
    assert second.text.startswith("count = 1")
    assert second.record.source in ("cache", "type-through")
    assert len(rig.provider.calls) == 1


async def test_asking_again_where_one_stands_brings_up_to_two_more_one_after_the_other() -> None:
    rig = Rig()
    assert (await rig.answer("x = |", "甲")).alternatives == ()
    task = await rig.begin("x = |")
    assert len(rig.provider.calls) == 2
    rig.provider.calls[1].say("乙")
    await turns()
    assert len(rig.provider.calls) == 3
    rig.provider.calls[2].say("甲")
    completion = await task
    assert completion.text == "甲"
    assert [each.text for each in completion.alternatives] == ["乙"]
    assert {each.record.id for each in completion.alternatives} == {completion.record.id}
    temperatures = [call.request.temperature for call in rig.provider.calls]
    assert temperatures == [0.0, *ALTERNATIVE_TEMPERATURES]
    # They are remembered, and nobody gets them who did not ask.
    assert len((await (await rig.begin("x = |"))).alternatives) == 1
    assert (await (await rig.begin("x = |", AUTOMATIC))).alternatives == ()
    assert len(rig.provider.calls) == 3


async def test_elsewhere_nothing_stands_and_one_is_enough() -> None:
    rig = Rig()
    await rig.answer("x = |", "甲")
    assert (await rig.answer("y = |", "1")).alternatives == ()


async def test_trouble_with_an_alternative_leaves_what_there_is() -> None:
    rig = Rig()
    await rig.answer("x = |", "甲")
    task = await rig.begin("x = |")
    rig.provider.calls[1].fail(UnavailableError("503"))
    completion = await task
    assert (completion.text, completion.alternatives) == ("甲", ())
    assert completion.record.reason is Reason.OFFERED
    assert rig.unmet == []
    # While the provider is in trouble, or the day's tokens are used up, none are asked for.
    assert (await (await rig.begin("x = |"))).alternatives == ()
    assert len(rig.provider.calls) == 2


async def test_excerpts_may_be_renewed_and_what_is_known_stays_known() -> None:
    blocks = FakeExcerpts("", "# a\n# d\n", "# b\n# d\n", "# c\n# d\n")
    rig = Rig(prompts=PromptBuilder(blocks))
    await rig.answer("x = |", "print(1)")
    assert (await (await rig.begin("x = |", AUTOMATIC))).record.source == "cache"
    assert (await (await rig.begin("x = pr|", AUTOMATIC))).record.source == "type-through"
    assert rig.provider.calls[0].request.prompt.context == ""
    await rig.begin("y = |")
    assert rig.provider.calls[1].request.prompt.context == "# c\n# d\n"


async def test_provider_changed_during_the_wait_is_the_one_that_is_asked() -> None:
    rig = Rig()
    settings = CompletionSettings(debounce_ms=75)
    task = await rig.begin_request(request_at("x = |", AUTOMATIC, settings))
    other = FakeProvider("2")
    rig.use(other)
    await rig.time.advance(1.0)
    assert (await task).text == "2"
    assert rig.provider.calls == []


async def test_replaced_provider_says_nothing_about_its_successor() -> None:
    rig = Rig()
    first = await rig.begin("x = |")
    second = await rig.begin_request(request_at("y = |", INVOKED, feature="menu"))
    rig.use(FakeProvider("2"))
    rig.provider.calls[0].say("1")
    rig.provider.calls[1].fail(UnavailableError("down"))
    assert (await first).text == "1"
    await second
    assert len(rig.engine.cache) == 0
    assert (rig.failed, rig.worked) == ([], 0)


async def test_failure_is_the_reason_where_the_fallback_finds_nothing() -> None:
    rig = Rig(fallback=FakeProvider("", name="local", metered=False))
    task = await rig.begin("x = |")
    rig.provider.calls[0].fail(AuthenticationError("wrong key"))
    record = (await task).record
    assert (record.reason, record.detail) == (Reason.PROVIDER_FAILED, "wrong key")


async def test_bug_of_ours_costs_one_completion() -> None:
    def broken(snapshot: Snapshot) -> str | None:
        raise ValueError("canary")

    rig = Rig(excludes=broken)
    completion = await (await rig.begin("x = |"))
    assert (completion.text, completion.record.reason) == ("", Reason.BUG)
    assert completion.record.detail == "ValueError"


async def test_provider_and_cache_see_no_secret_and_none_is_offered() -> None:
    rig = Rig()
    text = 'password = "canary7hunter2"\r\nagain = |'
    completion = await rig.answer(text, '"xxxxxxxxxxxxxx"')
    assert "canary" not in repr(rig.provider.calls)
    assert completion.text == ""
    assert completion.record.rules[-1] == "cut_at_secret"
    assert completion.record.masked == ("password",)
    # The key is the masked text: another secret of that length is the same question.
    other = await (await rig.begin(text.replace("canary7hunter2", "canary8hunter3")))
    assert other.record.source == "cache"
    # Whole lines above it stay, where they leave nothing open.
    secret = '    password = "canary7hunter2"'
    assert (await rig.answer("def f():|", f"\n    x = 1\n{secret}")).text == "\n    x = 1"
    assert (await rig.answer("def g():|", f"\n    x = h(\n    {secret})")).text == ""


async def test_no_provider_is_no_completion() -> None:
    rig = Rig()
    rig.engine.use(Providers(None))
    completion = await (await rig.begin("x = |"))
    assert completion.record.reason is Reason.NO_PROVIDER


async def test_stream_is_cut_when_the_rest_would_not_be_shown() -> None:
    rig = Rig()
    await rig.begin("f(x, |)")
    (call,) = rig.provider.calls
    assert call.keep_going("甲, ")
    assert not call.keep_going("甲, 乙\n")


async def test_half_a_last_line_is_not_shown() -> None:
    rig = Rig()
    task = await rig.begin("x = |")
    rig.provider.calls[0].say("1\nhal", Finish.LENGTH)
    assert (await task).text == "1"


@pytest.mark.parametrize(
    ("said", "reason"),
    [("", Reason.NOTHING_FOUND), ("  \n", Reason.NOTHING_FOUND), (")", Reason.NOTHING_LEFT)],
)
async def test_nothing_to_offer_says_why(said: str, reason: Reason) -> None:
    completion = await Rig().answer("f(|)", said)
    assert (completion.text, completion.record.reason) == ("", reason)


async def test_usage_is_told_of_every_call_also_cancelled_and_failed_ones() -> None:
    rig = Rig()
    task = await rig.begin("a|")
    rig.provider.calls[0].say("1", usage=TokenUsage(1, 2, 3))
    assert (await task).record.usage == TokenUsage(1, 2, 3)
    await rig.begin("b|")
    rig.provider.calls[1].fail(UnavailableError("down"))
    await turns()
    (await rig.begin("c|")).cancel()
    await turns()
    rig.time.fire_timers()
    await turns()
    assert rig.asked == [FimResult("1", Finish.STOP, TokenUsage(1, 2, 3)), None, CUT]


async def test_usage_is_told_what_a_stream_had_said_when_it_ended_too_soon() -> None:
    rig = Rig()
    await rig.begin("a|")
    rig.provider.calls[0].keep_going("甲 +")
    rig.provider.calls[0].fail(UnavailableError("broke off"))
    (task := await rig.begin("b|")).cancel()
    rig.provider.calls[1].keep_going("1")
    await turns()
    rig.time.fire_timers()
    await turns()
    assert task.cancelled()
    assert rig.asked == [FimResult("甲 +", Finish.CUT), FimResult("1", Finish.CUT)]


async def test_over_the_limit_only_explicit_requests_are_paid_for() -> None:
    rig = Rig()
    rig.allowance = "Used up."
    completion = await (await rig.begin("x = |", AUTOMATIC))
    assert (completion.text, completion.record.reason) == ("", Reason.OVER_LIMIT)
    assert completion.record.detail == "Used up."
    assert rig.provider.calls == []
    assert rig.time.sleeps == [], "and nothing was waited for"
    assert (await rig.answer("x = |", "1")).text == "1"
    # What is known already costs nothing.
    assert (await (await rig.begin("x = |", AUTOMATIC))).text == "1"
    rig.allowance = None
    task = await rig.begin("y = |", AUTOMATIC)
    await rig.time.advance(10)
    rig.provider.calls[-1].say("2")
    assert (await task).text == "2"


async def test_over_the_limit_the_fallback_completes() -> None:
    rig = Rig(fallback=FakeProvider("乙", name="local", metered=False))
    rig.allowance = "Used up."
    completion = await (await rig.begin("x = |", AUTOMATIC))
    assert (completion.text, completion.record.reason) == ("乙", Reason.OFFERED)
    assert (completion.record.source, completion.record.detail) == ("local", "Used up.")


async def test_the_limit_may_be_reached_while_a_request_waits() -> None:
    rig = Rig()
    task = await rig.begin("x = |", AUTOMATIC)
    rig.allowance = "Used up."
    await rig.time.advance(10)
    assert (await task).record.reason is Reason.OVER_LIMIT
    assert rig.provider.calls == []


async def test_changing_the_provider_forgets_what_the_other_said() -> None:
    rig = Rig()
    await rig.answer("x = |", "1")
    other = FakeProvider("2")
    rig.use(other)
    assert (await (await rig.begin("x = |"))).text == "2"


async def test_late_answer_is_waited_for_and_remembered() -> None:
    rig = Rig()
    request = request_at("x = |", INVOKED)
    (await rig.begin_request(request)).cancel()
    await turns()
    late = asyncio.create_task(rig.engine.finish(request))
    await turns()
    rig.time.fire_timers()
    assert not rig.provider.calls[0].hung_up
    rig.provider.calls[0].say("1")
    assert await late
    assert (await (await rig.begin("x = |"))).record.source == "cache"


async def test_nothing_late_where_nothing_runs() -> None:
    assert not await Rig().engine.finish(request_at("x = |"))


async def test_closing_leaves_nothing_running() -> None:
    rig = Rig()
    task = await rig.begin("x = |")
    await rig.engine.aclose()
    assert rig.provider.running == []
    assert (await task).record.reason is Reason.PROVIDER_FAILED


async def failing(rig: Rig, error: ProviderError, text: str, trigger: Trigger) -> Completion:
    task = await rig.begin(text, trigger)
    await rig.time.advance(1)
    rig.provider.calls[-1].fail(error)
    return await task


@pytest.mark.parametrize("error", [UnavailableError("503"), AuthenticationError("401")])
async def test_after_a_failure_automatic_requests_ask_nothing_and_wait_for_nothing(
    error: ProviderError,
) -> None:
    rig = Rig(fallback=FakeProvider("local text", name="local", metered=False))
    await failing(rig, error, "x = |", AUTOMATIC)
    sleeps = len(rig.time.sleeps)
    completion = await (await rig.begin("y = |", AUTOMATIC))
    assert (completion.text, completion.record.source) == ("local text", "local")
    assert completion.record.detail == str(error)
    assert len(rig.provider.calls) == 1
    assert len(rig.time.sleeps) == sleeps
    assert rig.unmet == []


async def test_held_back_without_a_fallback_says_so() -> None:
    rig = Rig()
    await failing(rig, UnavailableError("503"), "x = |", AUTOMATIC)
    completion = await (await rig.begin("y = |", AUTOMATIC))
    assert (completion.text, completion.record.reason) == ("", Reason.HELD_BACK)
    assert completion.record.detail == "503"
    assert completion.record.source == ""


async def test_explicit_request_tries_once_and_its_success_reopens() -> None:
    rig = Rig()
    await failing(rig, AuthenticationError("401"), "x = |", AUTOMATIC)
    await failing(rig, AuthenticationError("401"), "x = |", INVOKED)
    assert len(rig.provider.calls) == 2
    assert [str(error) for error in rig.unmet] == ["401"]
    assert (await rig.answer("x = |", "1")).text == "1"
    task = await rig.begin("y = |", AUTOMATIC)
    await rig.time.advance(1)
    rig.provider.calls[-1].say("2")
    assert (await task).text == "2"


async def test_a_failure_during_the_wait_holds_back_too() -> None:
    rig = Rig()
    waiting = await rig.begin_request(request_at("x = |", AUTOMATIC, FIXED))
    explicit = await rig.begin_request(request_at("y = |", INVOKED, feature="menu"))
    rig.provider.calls[-1].fail(UnavailableError("503"))
    await explicit
    await rig.time.advance(0.2)
    assert (await waiting).record.reason is Reason.HELD_BACK
    assert len(rig.provider.calls) == 1


async def test_what_is_remembered_is_served_while_held_back() -> None:
    rig = Rig()
    await rig.answer("x = |", "print(甲)")
    await failing(rig, AuthenticationError("401"), "z = |", INVOKED)
    assert (await (await rig.begin("x = pr|", AUTOMATIC))).text == "int(甲)"


async def test_other_providers_begin_without_a_record_of_failures() -> None:
    rig = Rig()
    await failing(rig, AuthenticationError("401"), "x = |", INVOKED)
    rig.use(rig.provider)
    assert rig.service.breaker.trouble is None


async def test_a_model_that_is_gone_is_replaced_within_the_request() -> None:
    rig = Rig()
    rig.models = {"deepseek-flash": "new-flash"}
    task = await rig.begin("x = |")
    gone = UnknownModelError("gone", asked="deepseek-flash", supported=("new-flash",))
    rig.provider.calls[-1].fail(gone)
    await turns()
    assert rig.provider.calls[-1].request.model == "new-flash"
    rig.provider.calls[-1].say("1")
    assert (await task).text == "1"
    assert rig.failed == []
    assert rig.service.breaker.trouble is None
    # The answer is remembered for the model that gave it.
    settings = CompletionSettings(model="new-flash")
    again = await (await rig.begin_request(request_at("x = |", AUTOMATIC, settings)))
    assert (again.text, again.record.source) == ("1", "cache")


async def test_without_another_model_it_is_a_failure() -> None:
    rig = Rig()
    gone = UnknownModelError("gone", asked="deepseek-flash", supported=("x",))
    completion = await failing(rig, gone, "x = |", INVOKED)
    assert completion.record.reason is Reason.PROVIDER_FAILED
    assert rig.failed == [gone]
    assert rig.service.breaker.trouble is gone


async def test_requests_are_numbered_and_the_record_names_the_rules_that_cut() -> None:
    rig = Rig()
    first = await rig.answer("foo(|)\n", "甲)")
    second = rig.engine.skip(Reason.NOT_OPEN)
    assert [first.record.id, second.record.id] == [1, 2]
    assert first.record.rules == ("cut_overlap",)
    assert (first.record.sent, first.record.received, first.record.chars) == (6, 2, 1)
    assert rig.engine.last is second.record


async def test_a_completion_ends_where_the_model_goes_on_with_another_file() -> None:
    rig = Rig(prompts=PromptBuilder(FakeExcerpts("#b.py\nx = 1\n#a.py\n")))
    said = "\n    return 甲\n#b.py\nx = 2"
    assert (await rig.answer("def f():|", said)).text == "\n    return 甲"
    assert rig.provider.calls[-1].keep_going(said) is False
