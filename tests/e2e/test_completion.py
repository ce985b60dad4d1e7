"""Completion, from an editor's request to the stand-in and back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.e2e.editor import AUTOMATIC, INVOKED, URI, editor
from tests.fake_deepseek import FakeDeepSeek, Send, Wait, chunk, sse
from tests.unit.texts import AWKWARD

KINDS = types.PositionEncodingKind
ENCODINGS = [KINDS.Utf8, KINDS.Utf16, KINDS.Utf32]

AWKWARD_TEXT = (
    "# 计算两个数的和 \U0001f600\r\n"
    "def 加(甲, 乙):\r\n"
    "\treturn 甲 + 'e\u0301\U0001f469\u200d\U0001f467' \x0c + \u2028|乙\r\n"
    "\r\n"
    "\tprint('👩‍👩‍👧', \x85'ñ')\r\n"
)


@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda kind: kind.value)
async def test_the_documents_very_bytes_are_sent(
    tmp_path: Path, fake: FakeDeepSeek, encoding: types.PositionEncodingKind
) -> None:
    before, _, after = AWKWARD_TEXT.partition("|")
    async with editor(tmp_path, fake, encodings=[encoding]) as at:
        assert at.capabilities.position_encoding == encoding
        position = at.open(AWKWARD_TEXT)
        fake.answer("丙 + ")
        assert await at.complete(position) == "丙 + "
    (request,) = fake.requests
    assert request.body["prompt"] == before
    assert request.body["suffix"] == after


@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda kind: kind.value)
async def test_edits_keep_the_servers_text_in_step(
    tmp_path: Path, fake: FakeDeepSeek, encoding: types.PositionEncodingKind
) -> None:
    async with editor(tmp_path, fake, encodings=[encoding]) as at:
        for name, text in AWKWARD.items():
            uri = f"file:///nowhere/{name.replace(' ', '%20')}.py"
            at.open(text + "|", uri=uri)
            end = at.position(len(text))
            at.insert(end, "中\U0001f600 = ", uri)
            at.text += "中\U0001f600 = "
            fake.answer("1")
            assert await at.complete(at.position(len(at.text)), uri=uri) == "1"
            # The other documents' text stands in front of it, where any is of use.
            prompt = str(fake.requests[-1].body["prompt"])
            assert at.text in (prompt, prompt.partition(f"#{name}.py\n")[2])
            assert "suffix" not in fake.requests[-1].body


async def test_typing_along_asks_nobody(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |\n")
        fake.answer("print(1)")
        assert await at.complete(position) == "print(1)"
        for typed in ("p", "ri", "nt("):
            position = at.insert(position, typed)
            rest = await at.complete(position, AUTOMATIC)
            assert rest
            assert "print(1)".endswith(rest)
        assert (await at.command("why"))["source"] == "type-through"
    assert len(fake.requests) == 1


async def test_superseded_request_is_answered_null_at_once(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    blocked = Wait()
    fake.script(blocked)
    fake.answer("2")
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |\n")
        _, older = at.request(position)
        await asyncio.to_thread(fake.wait_for_requests, 1)
        position = at.insert(position, "q")
        _, newer = at.request(position)
        # The stand-in has not said a word to the older one.
        assert await older is None
        result = await newer
        assert result
        await asyncio.to_thread(fake.wait_until, lambda: fake.requests[0].hung_up)


async def test_cancelled_request_is_answered_with_the_protocols_error(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    fake.script(Wait())
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |\n")
        number, answer = at.request(position)
        await asyncio.to_thread(fake.wait_for_requests, 1)
        at.client.cancel_request(types.CancelParams(id=number))
        with pytest.raises(JsonRpcException) as raised:
            await answer
        assert raised.value.code == -32800
        await asyncio.to_thread(fake.wait_until, lambda: fake.requests[0].hung_up)
        assert (await at.command("status"))["calls_in_flight"] == 0


async def test_asking_again_right_after_a_cancel_joins_the_call(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    blocked = Wait()
    fake.script(blocked, *sse("1"))
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |\n")
        number, answer = at.request(position)
        await asyncio.to_thread(fake.wait_for_requests, 1)
        at.client.cancel_request(types.CancelParams(id=number))
        _, again = at.request(position, AUTOMATIC)
        blocked.event.set()
        with pytest.raises(JsonRpcException):
            await answer
        result = await again
        assert result
        assert len(result.items) == 1
    assert len(fake.requests) == 1


async def test_request_sees_the_text_before_the_change_behind_it(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake, options={"completion": {"debounceMs": 0}}) as at:
        position = at.open("x = |\n")
        for number in range(20):
            fake.answer("1")
            _, answer = at.request(position)
            position = at.insert(position, "a")
            await answer
            assert fake.requests[-1].body["prompt"] == "x = " + "a" * number


async def test_two_hundred_keystrokes_are_answered_and_few_are_paid_for(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    """Every request is answered, few are paid for, and nothing is left running."""
    # Longer than a busy machine may keep the keys from following each other.
    async with editor(tmp_path, fake, options={"completion": {"debounceMs": 1000}}) as at:
        position = at.open("x = |\n")
        answers = []
        for number in range(200):
            position = at.insert(position, "abcdefghij"[number % 10])
            answers.append(at.request(position, AUTOMATIC)[1])
            await asyncio.sleep(0)
        results = await asyncio.gather(*answers)
        assert len(results) == 200
        assert results[-1] is not None
        assert len(fake.requests) <= 200 / 3
        await asyncio.to_thread(fake.wait_until, lambda: fake.running == 0)
        assert (await at.command("status"))["calls_in_flight"] == 0


async def test_stream_is_cut_when_the_rest_would_not_be_shown(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    fake.script(
        Send(f"data: {chunk('a, b')}\n\n".encode()),
        Send(f"data: {chunk('):')}\n\n".encode()),
        Send(f"data: {chunk(chr(10))}\n\n".encode()),
        Wait(),
    )
    async with editor(tmp_path, fake) as at:
        assert await at.complete(at.open("def f(|):\n    pass\n")) == "a, b"
        await asyncio.to_thread(fake.wait_until, lambda: fake.requests[0].hung_up)


async def test_document_line_ends_are_kept(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("def 甲():\r\n|")
        fake.answer("    x = 1\n    return x")
        assert await at.complete(position) == "    x = 1\r\n    return x"


async def test_neovim_ends_its_lines_itself(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake, client_name="Neovim") as at:
        position = at.open("def 甲():\r\n|")
        fake.answer("    x = 1\n    return x")
        assert await at.complete(position) == "    x = 1\n    return x"


async def test_empty_document_is_asked_for_only_on_demand(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("|")
        assert await at.complete(position, AUTOMATIC) is None
        assert fake.requests == []
        fake.answer("import os")
        assert await at.complete(position, INVOKED) == "import os"
        assert fake.requests[0].body["prompt"] == "\n"


@pytest.mark.parametrize(
    ("line", "character", "prompt"),
    [
        pytest.param(99, 0, "x = 1\ny = ", id="past the last line"),
        pytest.param(1, 99, "x = 1\ny = ", id="past the end of the line"),
        pytest.param(0, 99, "x = 1", id="not onto the next line"),
    ],
)
async def test_position_outside_the_document_is_moved_in(
    tmp_path: Path, fake: FakeDeepSeek, line: int, character: int, prompt: str
) -> None:
    async with editor(tmp_path, fake) as at:
        at.open("x = 1\ny = |")
        fake.answer("2")
        _, answer = at.request(types.Position(line, character))
        result = await answer
        assert result
        (item,) = result.items
        lines = prompt.split("\n")
        inside = types.Position(len(lines) - 1, len(lines[-1]))
        assert item.range == types.Range(inside, inside)
    assert fake.requests[0].body["prompt"] == prompt


async def test_document_that_was_never_opened(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as at:
        assert await at.complete(types.Position(0, 0), uri="file:///nowhere/never.py") is None
        at.insert(types.Position(0, 0), "x", "untitled:Untitled-1")
        assert await at.complete(types.Position(0, 0), uri="untitled:Untitled-1") is None
        position = at.open("x = |")
        fake.answer("1")
        assert await at.complete(position) == "1"
        assert at.messages == []


async def test_secret_file_is_not_sent(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as at:
        uri = "file:///nowhere/.env"
        assert await at.complete(at.open("KEY=|", uri), uri=uri) is None
        assert await at.why() == "excluded"
    assert fake.requests == []


async def test_connection_is_open_before_the_first_request(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |")
        await asyncio.to_thread(fake.wait_until, lambda: fake.connections == 1)
        assert fake.requests == []
        assert await at.complete(position)
    assert fake.connections == 1


async def test_late_answer_for_a_client_that_wants_it(tmp_path: Path, fake: FakeDeepSeek) -> None:
    blocked = Wait()
    fake.script(blocked, *sse("1"))
    late: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    async with editor(tmp_path, fake, options={"client": {"lateAnswers": True}}) as at:

        @at.client.feature("ds-lsp/lateCompletion")
        def heard(params: Any) -> None:
            late.set_result(params)

        position = at.open("x = |\n")
        number, answer = at.request(position)
        await asyncio.to_thread(fake.wait_for_requests, 1)
        at.client.cancel_request(types.CancelParams(id=number))
        with pytest.raises(JsonRpcException):
            await answer
        blocked.event.set()
        params = await late
        assert params.uri == URI
        assert params.position.character == 4
        assert await at.complete(position, AUTOMATIC) == "1"
    assert len(fake.requests) == 1
