"""The bill and the acceptance, counted by the real server."""

import asyncio
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.e2e.editor import AUTOMATIC, editor
from tests.fake_deepseek import FakeDeepSeek, Send, Wait, chunk, sse

HUNDRED = {"prompt_cache_miss_tokens": 90, "prompt_tokens": 90, "completion_tokens": 10}
OVER = "is used up"
SELECT_OUTCOMES = "SELECT outcome, times, chars FROM outcomes"


def usage_file(home: Path) -> Path:
    return home / "ds-lsp" / "usage.sqlite3"


def rows(home: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(usage_file(home))) as connection:
        return connection.execute(statement).fetchall()


async def test_what_was_used_is_in_the_file_when_the_server_has_ended(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("密码 = |\n")
        fake.answer("canary_text()")
        assert await at.complete(position)
        today = (await at.command("usage"))["today"]
        assert (today["requests"], today["estimated"]) == (1, 0)
        assert "requests 1, tokens" in (await at.command("status"))["usage"]
    ((model, language, requests, miss),) = rows(
        tmp_path, "SELECT model, language, requests, prompt_miss_tokens FROM calls"
    )
    assert (model, language, requests) == ("deepseek-flash", "python", 1)
    assert miss == today["prompt_miss_tokens"] > 0
    # Only counts: no text, no name of a file.
    for file in usage_file(tmp_path).parent.iterdir():
        content = file.read_bytes()
        assert b"canary" not in content
        assert "密码".encode() not in content
        assert b"nowhere" not in content


async def test_a_stream_that_was_cut_is_estimated(tmp_path: Path, fake: FakeDeepSeek) -> None:
    fake.script(Send(f"data: {chunk('a, b')}\n\n".encode()), Wait())
    async with editor(tmp_path, fake) as at:
        position = at.open("def f(|):\n    pass\n")
        number, answer = at.request(position)
        await asyncio.to_thread(fake.wait_for_requests, 1)
        at.client.cancel_request(types.CancelParams(id=number))
        with pytest.raises(JsonRpcException):
            await answer
        await asyncio.to_thread(fake.wait_until, lambda: fake.requests[0].hung_up)
        today = (await at.command("usage"))["today"]
        assert (today["requests"], today["estimated"]) == (1, 1)
        assert today["prompt_miss_tokens"] == 2 + 4
        assert today["cost_usd"] > 0


async def test_the_bill_is_what_was_sent(tmp_path: Path, fake: FakeDeepSeek) -> None:
    """By the stand-in's own count, cancelled calls and excerpts of other files included."""
    options = {"completion": {"debounceMs": 0}}
    text = "".join(f"def function_{n}(value):\n    return value + {n}\n\n" for n in range(60))
    async with editor(tmp_path, fake, options=options) as at:
        at.open("# 别的文件\n" + text.replace("function", "别的"), uri="file:///nowhere/b.py")
        position = at.open(f"{text}total = |\n", uri="file:///nowhere/a.py")
        for number in range(24):
            position = at.insert(position, "xyz"[number % 3], uri="file:///nowhere/a.py")
            asked = len(fake.requests)
            if number % 3:
                fake.text = "function_1(2)"
                await at.complete(position, uri="file:///nowhere/a.py")
                continue
            fake.script(Send(f"data: {chunk('foo')}\n\n".encode()), Wait())
            identifier, answer = at.request(position, uri="file:///nowhere/a.py")
            await asyncio.to_thread(fake.wait_for_requests, asked + 1)
            at.client.cancel_request(types.CancelParams(id=identifier))
            with pytest.raises(JsonRpcException):
                await answer
            await asyncio.to_thread(fake.wait_until, lambda: fake.requests[-1].hung_up)
        today = (await at.command("usage"))["today"]
    sent = [str(each.body["prompt"]) + str(each.body.get("suffix", "")) for each in fake.requests]
    assert any("别的" in prompt for prompt in sent)
    counted = sum(len(prompt) // 3 + 1 for prompt in sent)
    assert today["requests"] == len(sent) == 24
    ours = today["prompt_miss_tokens"] + today["prompt_hit_tokens"]
    assert abs(ours - counted) < counted / 10


async def test_a_call_cancelled_before_it_was_sent_is_not_counted(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        # TLS is never spoken there: the connection does not come about.
        url = f"https://127.0.0.1:{full.getsockname()[1]}"
        options = {"baseUrl": url, "apiKey": "sk-x", "completion": {"debounceMs": 0}}
        async with editor(tmp_path, None, options=options) as at:
            position = at.open("x = |\n")
            identifier, answer = at.request(position)
            accepted, _ = await asyncio.to_thread(full.accept)
            at.client.cancel_request(types.CancelParams(id=identifier))
            with pytest.raises(JsonRpcException):
                await answer
            assert (await at.command("usage"))["session"]["requests"] == 0
        accepted.close()


async def test_two_servers_know_of_each_other(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as one, editor(tmp_path, fake) as two:
        await one.complete(one.open("x = |\n"))
        assert (await one.command("usage"))["today"]["requests"] == 1
        usage = await two.command("usage")
        assert (usage["today"]["requests"], usage["session"]["requests"]) == (1, 0)


async def test_the_limit_is_told_at_four_fifths_and_then_holds(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake, options={"completion": {"debounceMs": 0}}) as at:
        await at.save_settings(tmp_path, {"usage": {"dailyTokenLimit": 250}})
        position = at.open("a = |\n")

        async def complete(letter: str) -> None:
            """For a hundred tokens."""
            nonlocal position
            position = at.insert(position, letter)
            fake.script(*sse("1", usage=HUNDRED))
            assert await at.complete(position, AUTOMATIC) == "1"

        await complete("a")
        assert at.messages == []
        await complete("b")
        (message,) = at.messages
        assert "80%" in message
        assert (await at.command("status"))["state"] == "ready"
        await complete("c")
        status = await at.command("status")
        assert status["state"] == "paused"
        assert OVER in status["detail"]
        for _ in range(3):
            position = at.insert(position, "d")
            assert await at.complete(position, AUTOMATIC) is None
        assert await at.why() == "over_limit"
        assert len(at.messages) == 2
        assert OVER in at.messages[1]
        assert len(fake.requests) == 3
        # Who asks for it pays for it.
        fake.answer("4")
        assert await at.complete(position) == "4"
        assert len(fake.requests) == 4
        # The client may have that from the project; the user may raise it.
        await at.configure({"usage": {"dailyTokenLimit": 10**6}})
        assert (await at.command("status"))["state"] == "paused"
        await at.save_settings(tmp_path, {"usage": {"dailyTokenLimit": 10**6}})
        assert (await at.command("status"))["state"] == "ready"


async def test_the_limit_counts_what_other_servers_have_used(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake) as at:
        await at.complete(at.open("x = |\n"))
    options = {"usage": {"dailyTokenLimit": 1}}
    async with editor(tmp_path, fake, options=options) as at:
        position = at.open(
            "def area(a, b):\n    return a * b\n\n\n" * 3 + "def area(a, b):\n    ret|"
        )
        await at.command("usage")
        completion = await at.complete(position, AUTOMATIC)
        assert completion == "urn a * b", "the workspace's own text goes on completing"
        assert len(fake.requests) == 1


@pytest.mark.parametrize("broken", ["garbage", "directory", "newer"])
async def test_a_file_that_cannot_be_used_costs_one_message(
    tmp_path: Path, fake: FakeDeepSeek, broken: str
) -> None:
    path = usage_file(tmp_path)
    path.parent.mkdir()
    match broken:
        case "garbage":
            path.write_bytes(b"no database" * 1000)
        case "directory":
            path.mkdir()
        case "newer":
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA user_version = 7")
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |\n")
        for letter in "abc":
            position = at.insert(position, letter)
            assert await at.complete(position)
            usage = await at.command("usage")
        assert usage["today"]["requests"] == 3
        (message,) = at.messages
        assert str(path) in message


async def test_completions_do_not_wait_for_a_file_that_is_locked(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |\n")
        assert await at.complete(position)
        # The first write has made the file.
        assert (await at.command("usage"))["today"]["requests"] == 1
        with closing(sqlite3.connect(usage_file(tmp_path), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for letter in "abc":
                position = at.insert(position, letter)
                assert await at.complete(position)
            assert (await at.command("usage"))["today"]["requests"] == 4
            other.execute("ROLLBACK")
    assert rows(tmp_path, "SELECT sum(requests) FROM calls") == [(4,)]


async def test_acceptance_is_counted_by_language(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |\n")
        fake.answer("print(值)")
        _, answer = at.request(position)
        result = await answer
        assert result
        (item,) = result.items
        # Typed along, then accepted: the rest in one change, and the item's command.
        position = at.insert(position, "p")
        assert await at.complete(position, AUTOMATIC) == "rint(值)"
        position = at.insert(position, "rint(值)")
        assert item.command
        await at.command("accept", *(item.command.arguments or []))
        fake.answer("q + 1")
        assert await at.complete(position)
        at.insert(position, "!")
    found = {name: (times, chars) for name, times, chars in rows(tmp_path, SELECT_OUTCOMES)}
    assert found["offered"] == (2, 8 + 5)
    assert found["accepted"] == (1, 7)
    assert found["typed_through"] == (1, 1)
    assert found["superseded"] == (1, 5)
    assert rows(tmp_path, "SELECT DISTINCT language FROM outcomes") == [("python",)]
