"""Eighteen things that happen while one types, and what each of them costs.

An editor with one document, an engine and what it says of acceptance; the provider answers on
command, and time stands still.
"""

import asyncio
from collections.abc import Callable

import pytest

from ds_lsp.completion.engine import Engine, Providers
from ds_lsp.completion.in_flight import InFlightCalls
from ds_lsp.completion.insertions import DocumentChange
from ds_lsp.completion.outcomes import Outcome, OutcomeEvent, Outcomes
from ds_lsp.completion.prompt.window import PromptBuilder
from ds_lsp.completion.request import Completion, CompletionRequest, Reason, Trigger
from ds_lsp.errors import AuthenticationError, Superseded
from ds_lsp.providers.base import Finish
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.document import Document
from ds_lsp.text.snapshot import Snapshot
from tests.unit.fakes import (
    Call,
    FakeExcerpts,
    FakeProvider,
    FakeTime,
    looked_at,
    service_of,
    turns,
)

AUTOMATIC, INVOKED = Trigger.AUTOMATIC, Trigger.INVOKED
KEY_S = 0.01
"""From one key to the next."""
QUIET_S = 1.0
"""Longer than any wait for quiet."""


class Editor:
    """Types into a document, asks after each key, and shows what comes."""

    def __init__(self, text: str = "", uri: str = "file:///a.py") -> None:
        self.time = FakeTime()
        self.provider = FakeProvider()
        self.failed: list[str] = []
        self.engine = Engine(
            clock=self.time.clock,
            sleep=self.time.sleep,
            in_flight=InFlightCalls(self.time.later),
            prompts=PromptBuilder(FakeExcerpts("#b.py\n乙 = 1\n#a.py\n")),
        )
        self.use_anew()
        self.events: list[OutcomeEvent] = []
        self.outcomes = Outcomes(self._look)
        self.settings = CompletionSettings()
        self.open(text, uri)

    def use_anew(self) -> None:
        """Put the provider into use, as other settings do."""
        self.service = service_of(self.provider, say=self._note, clock=self.time.clock)
        self.engine.use(Providers(self.service))

    def _note(self, topic: str, message: str | None, occasion: object = None) -> None:
        if topic == "provider" and message:
            self.failed.append(message)

    def open(self, text: str, uri: str) -> None:
        before, _, after = text.partition("|")
        self.document = Document(uri, "python", 1, before + after, clock=self.time.clock)
        lines = before.split("\n")
        self.line, self.column = len(lines) - 1, len(lines[-1])

    def _look(self, uri: str, line: int, column: int) -> Snapshot:
        return self.document.snapshot(line, column)

    @property
    def snapshot(self) -> Snapshot:
        return self.document.snapshot(self.line, self.column)

    @property
    def calls(self) -> list[Call]:
        return self.provider.calls

    def outcome(self, outcome: Outcome) -> list[int]:
        """The characters of each completion of which that has become."""
        return [event.chars for event in self.events if event.outcome is outcome]

    def edit(self, start: int, end: int, text: str) -> None:
        """Replace a part of the cursor's line; the cursor goes behind it."""
        self.time.now += KEY_S
        places = (self.line, start), (self.line, end)
        self.document.replace(*places, text)
        self.events += self.outcomes.note_changes(
            self.document.uri, [DocumentChange(*places, text)], self.time.now
        )
        lines = text.split("\n")
        self.column = len(lines[-1]) + (start if len(lines) == 1 else 0)
        self.line += len(lines) - 1

    def type(self, text: str) -> None:
        self.edit(self.column, self.column, text)

    def backspace(self, count: int = 1) -> None:
        for _ in range(count):
            self.edit(self.column - 1, self.column, "")

    async def ask(self, trigger: Trigger = AUTOMATIC) -> asyncio.Task[Completion]:
        task = looked_at(asyncio.create_task(self._complete(trigger)))
        await turns()
        return task

    async def _complete(self, trigger: Trigger) -> Completion:
        snapshot = self.snapshot
        completion = await self.engine.complete(CompletionRequest(snapshot, trigger, self.settings))
        if completion.text:
            self.events += self.outcomes.note_offer(
                completion.record.id, snapshot, completion.text, self.time.now
            )
        return completion

    async def quiet(self, task: asyncio.Task[Completion]) -> asyncio.Task[Completion]:
        """Nothing happens until the request has been sent on, if it is."""
        await self.time.advance(QUIET_S)
        return task

    async def shows(self, said: str, finish: Finish = Finish.STOP) -> str:
        """Ask, and let the provider say this; what is shown of it."""
        task = await self.ask(INVOKED)
        self.calls[-1].say(said, finish)
        return (await task).text

    async def at_once(self, trigger: Trigger = AUTOMATIC) -> str:
        """What is shown without a call and without a wait."""
        calls, sleeps = len(self.calls), len(self.time.sleeps)
        text = (await (await self.ask(trigger))).text
        assert (len(self.calls), len(self.time.sleeps)) == (calls, sleeps)
        return text


async def shown(text: str = "x = |") -> Editor:
    editor = Editor(text)
    assert await editor.shows("foo(甲)") == "foo(甲)"
    return editor


async def test_typing_along_shows_the_rest_and_counts_one_display() -> None:
    editor = await shown()
    for typed, rest in (("f", "oo(甲)"), ("o", "o(甲)")):
        editor.type(typed)
        assert await editor.at_once() == rest
    assert len(editor.outcome(Outcome.OFFERED)) == 1


async def test_backspace_brings_back_the_text_typed_along() -> None:
    editor = await shown()
    editor.type("f")
    editor.type("o")
    editor.backspace(2)
    assert await editor.at_once() == "foo(甲)"


async def test_another_letter_ends_a_completion_and_a_call_comes_after_the_wait() -> None:
    editor = Editor("x =|")
    editor.type(" ")
    await editor.ask(INVOKED)
    editor.calls[0].keep_going("foo")
    editor.type("z")
    task = await editor.ask()
    assert editor.calls[0].hung_up
    assert len(editor.calls) == 1
    await editor.quiet(task)
    assert len(editor.calls) == 2
    editor.calls[1].say("ip(甲)")
    assert (await task).text == "ip(甲)"


async def test_a_running_call_serves_a_letter_that_its_answer_will_have() -> None:
    editor = Editor("x = |")
    first = await editor.ask(INVOKED)
    editor.type("f")
    second = await editor.ask()
    await editor.time.advance(0.2)
    (call,) = editor.calls
    call.keep_going("fo")
    call.say("foo(甲)")
    assert (await second).text == "oo(甲)"
    with pytest.raises(Superseded):
        await first
    assert len(editor.calls) == 1


async def test_the_first_chunk_that_disagrees_ends_a_call_and_another_begins() -> None:
    editor = Editor("x = |")
    await editor.ask(INVOKED)
    editor.type("f")
    task = await editor.quiet(await editor.ask())
    assert editor.calls[0].keep_going("bar") is False
    editor.calls[0].say("bar", Finish.CUT)
    await turns()
    await editor.quiet(task)
    assert len(editor.calls) == 2
    editor.calls[1].say("oo(甲)")
    assert (await task).text == "oo(甲)"


async def test_another_text_after_the_cursor_is_another_question() -> None:
    editor = Editor("x = |\ny = 1")
    await editor.ask(INVOKED)
    editor.document.replace((1, 0), (1, 5), "print(甲)")
    task = await editor.ask(INVOKED)
    assert len(editor.calls) == 2
    assert editor.calls[0].hung_up
    editor.calls[1].say("2")
    assert (await task).text == "2"


async def test_another_file_is_another_question() -> None:
    editor = await shown()
    editor.open("x = |", "file:///b.py")
    await editor.ask(INVOKED)
    assert len(editor.calls) == 2


async def test_after_a_cancel_the_next_letter_is_served_by_the_same_call() -> None:
    editor = Editor("x = |")
    first = await editor.ask(INVOKED)
    first.cancel()
    await turns()
    editor.type("f")
    second = await editor.ask()
    (call,) = editor.calls
    call.say("foo(甲)")
    assert (await second).text == "oo(甲)"
    assert not call.hung_up


async def test_ten_requests_within_a_tenth_of_a_second_are_ten_answers_and_one_call() -> None:
    editor = Editor("x = |")
    tasks = []
    for letter in "ten_letter":
        editor.type(letter)
        tasks.append(await editor.ask())
    await editor.time.advance(QUIET_S)
    # The first key after a pause asks at once; the others may be what it comes to say.
    (call,) = editor.calls
    call.say("en_letters")
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results[:-1]] == [Superseded] * 9
    assert isinstance(results[-1], Completion)
    assert results[-1].text == "s"
    assert len(editor.calls) == 1


async def test_the_next_lines_are_served_after_a_line_end_that_the_editor_indents() -> None:
    editor = Editor("def f():\n    |")
    assert await editor.shows("甲()\n    乙()\n    return 1") == "甲()\n    乙()\n    return 1"
    editor.type("甲()\n    ")
    assert await editor.at_once() == "乙()\n    return 1"
    assert len(editor.outcome(Outcome.OFFERED)) == 1
    # And where it has not indented yet.
    editor.backspace(4)
    assert await editor.at_once() == "    乙()\n    return 1"


async def test_at_the_end_of_an_answer_no_call_begins_for_a_minute() -> None:
    editor = await shown()
    editor.type("foo(甲)")
    assert await editor.at_once() == ""
    assert editor.engine.last.reason is Reason.NOTHING_FOUND


async def test_the_rest_of_an_answer_cut_at_its_limit_is_requested_without_a_wait() -> None:
    editor = Editor("x = [|")
    text = await editor.shows("'甲', '乙', '0123456789", Finish.LENGTH)
    editor.type(text)
    await editor.ask()
    assert len(editor.calls) == 2
    assert editor.time.sleeps[-1] == 0.0


async def test_a_dismissed_completion_is_shown_for_an_explicit_request_only() -> None:
    editor = await shown()
    # It was shown automatically, and something else was typed.
    completion = await (await editor.ask())
    editor.engine.note_dismissal(completion.record.id)
    assert await editor.at_once() == ""
    assert editor.engine.last.reason is Reason.DISMISSED
    assert (await (await editor.ask())).text == ""
    task = await editor.ask(INVOKED)
    for call in editor.provider.running:
        call.say("")
    await turns()
    for call in editor.provider.running:
        call.say("")
    assert (await task).text == "foo(甲)"


@pytest.mark.parametrize("typo", ["g", "甲", "gh", "ghi"])
async def test_a_typo_is_no_dismissal(typo: str) -> None:
    editor = await shown()
    completion = await (await editor.ask())
    for letter in typo:
        editor.type(letter)
    editor.engine.note_dismissal(completion.record.id)
    editor.backspace(len(typo))
    assert await editor.at_once() == "foo(甲)"
    assert await editor.at_once() == "foo(甲)"


@pytest.mark.parametrize("typed", ["ghij", "a longer text"])
async def test_a_text_written_and_deleted_was_a_dismissal(typed: str) -> None:
    editor = await shown()
    completion = await (await editor.ask())
    editor.type(typed)
    editor.engine.note_dismissal(completion.record.id)
    editor.edit(editor.column - len(typed), editor.column, "")
    assert await editor.at_once() == ""


async def test_after_a_wrong_key_twenty_letters_cost_nothing_and_say_nothing() -> None:
    editor = Editor("|")
    editor.type("甲 =")
    task = await editor.quiet(await editor.ask())
    editor.calls[0].fail(AuthenticationError("401"))
    await task
    for letter in "abcdefghijklmnopqrst":
        editor.type(letter)
        await editor.quiet(await editor.ask())
    assert len(editor.calls) == 1
    assert len(editor.failed) == 1
    assert editor.service.breaker.refuses()


async def test_other_settings_forget_answers_and_failures() -> None:
    editor = await shown()
    editor.type("z")
    await editor.ask(INVOKED)
    editor.calls[-1].fail(AuthenticationError("401"))
    await turns()
    editor.use_anew()
    assert len(editor.engine.cache) == 0
    assert not editor.service.breaker.refuses()


async def test_a_bracket_the_editor_closes_meanwhile_is_not_shown_again() -> None:
    editor = Editor("foo|")
    assert await editor.shows("(甲)") == "(甲)"
    editor.type("(")
    editor.document.replace((0, editor.column), (0, editor.column), ")")
    assert await editor.at_once() == "甲"


async def test_the_head_of_the_prompt_stays_the_same_while_the_user_types() -> None:
    editor = Editor("".join(f"名{number} = {number}\n" for number in range(2_000)) + "|")
    for letter in "for each in names:":
        editor.type(letter)
        await editor.ask(INVOKED)
    heads = {
        (
            call.request.prompt.context,
            call.request.prompt.prefix[: len(editor.calls[0].request.prompt.prefix) - 1],
        )
        for call in editor.calls
    }
    assert len(heads) == 1
    await editor.engine.aclose()


async def test_accepted_words_count_and_the_rest_is_no_dismissal() -> None:
    editor = Editor("x = |")
    await editor.shows("one two three four")
    for word in ("one ", "two ", "three "):
        await editor.time.advance(QUIET_S)
        editor.type(word)
        assert await editor.at_once()
    await editor.time.advance(QUIET_S)
    editor.type("!")
    editor.events += editor.outcomes.finish(editor.time.now)
    assert sum(editor.outcome(Outcome.ACCEPTED_PARTLY)) == len("one two three ")
    assert editor.outcome(Outcome.REJECTED) == []


async def test_a_thousand_letters_typed_along_cost_no_call_and_no_timer() -> None:
    text = "".join(f"名{number} = {number}\n" for number in range(200))[:1_010]
    editor = Editor("|")
    cache = editor.engine.cache
    await editor.ask(INVOKED)
    editor.calls[0].say(text)
    await turns()
    assert len(cache) > 0
    timers = len(editor.time.timers)
    walked = text.split("\n")
    count = 0
    while count < 1_000:
        # Up and down the lines that are remembered.
        for line in walked[:20]:
            for letter in line:
                editor.type(letter)
                await editor.at_once()
                count += 1
            editor.type("\n")
            await editor.at_once()
            count += 1
        editor.open("|", "file:///a.py")
    assert len(editor.calls) == 1
    assert len(editor.time.timers) == timers


@pytest.mark.parametrize(
    "go_on",
    [lambda editor: editor.type("o"), lambda editor: editor.backspace()],
    ids=["typed on", "taken back"],
)
async def test_three_requests_of_one_stream_are_one_call(go_on: Callable[[Editor], None]) -> None:
    editor = Editor("x = |")
    await editor.ask(INVOKED)
    editor.type("f")
    await editor.ask()
    go_on(editor)
    task = await editor.ask()
    (call,) = editor.calls
    call.say("foo(甲)")
    assert (await task).text in ("o(甲)", "foo(甲)")
    assert len(editor.calls) == 1
