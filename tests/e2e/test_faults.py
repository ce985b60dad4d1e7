"""Each fault costs one suggestion, not the session."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.editor import AUTOMATIC, editor
from tests.fake_deepseek import Close, FakeDeepSeek, Head, Reply, Send, Step, Wait, chunk, envelope

FIRST_PIECE = Send(f"data: {chunk('1 + ')}\n\n".encode())

FAULTS: dict[str, tuple[Step, ...]] = {
    "network killed in mid-stream": (FIRST_PIECE, Close()),
    "network killed in mid-chunk": (Send(b'data: {"choi'), Close()),
    "network killed before the answer": (Head(), Close()),
    "500": (Reply(500, envelope("oops")),),
    "503": (Reply(503, ""),),
    "429": (Reply(429, envelope("slow down")),),
    "body of HTML": (Reply(200, "<html>maintenance</html>", "text/html"),),
    "HTML with 502": (Reply(502, "<html>bad gateway</html>", "text/html"),),
    "JSON of the wrong shape": (Send(b'data: {"choices": "none"}\n\n'),),
    "error object in the stream": (Send(b'data: {"error": {"message": "no"}}\n\n'),),
    "stream that stalls": (FIRST_PIECE, Wait()),
    "answer that never begins": (Wait(),),
}


@pytest.mark.parametrize("steps", FAULTS.values(), ids=FAULTS.keys())
async def test_fault_costs_one_suggestion(
    tmp_path: Path, fake: FakeDeepSeek, steps: tuple[Step, ...]
) -> None:
    options = {"provider": "deepseek", "completion": {"timeoutMs": 1500}}
    async with editor(tmp_path, fake, options=options) as at:
        position = at.open("x = |\n")
        fake.script(*steps)
        assert await at.complete(position) is None
        assert await at.why() == "provider_failed"
        fake.answer("1 + 1")
        assert await at.complete(position) == "1 + 1"
        assert len(at.messages) == 1
        assert (await at.command("status"))["state"] == "ready"


@pytest.mark.parametrize(
    ("steps", "state", "word"),
    [
        pytest.param((Reply(401, "Authentication Fails (governor)"),), "stopped", "key", id="401"),
        pytest.param((Reply(402, envelope("no")),), "stopped", "top up", id="402"),
        pytest.param((Reply(422, envelope("no")),), "stopped", "422", id="422"),
        pytest.param(
            (Reply(302, "", headers=(("Location", "http://127.0.0.1:9/"),)),),
            "stopped",
            "redirect",
            id="redirect",
        ),
    ],
)
async def test_what_the_user_can_mend_is_said_once(
    tmp_path: Path, fake: FakeDeepSeek, steps: tuple[Step, ...], state: str, word: str
) -> None:
    async with editor(tmp_path, fake, options={"provider": "deepseek"}) as at:
        position = at.open("x = |\n")
        for _ in range(3):
            fake.script(*steps)
            assert await at.complete(position) is None
        assert (await at.command("status"))["state"] == state
        (message,) = at.messages
        assert word in message.lower()
        assert "\n" not in message
        assert fake.key not in message


async def test_local_provider_fills_in_where_provider_is_auto(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake) as at:
        text = "def area(width, height):\n    return width * height\n\n\n" * 3
        position = at.open(text + "def area(width, height):\n    ret|")
        fake.script(Reply(500, ""))
        completion = await at.complete(position)
        assert completion
        assert "width * height" in completion
        why = await at.command("why")
        assert why["source"] == "local"
        assert why["detail"]


async def test_nobody_listens(tmp_path: Path) -> None:
    with FakeDeepSeek() as gone:
        pass
    async with editor(tmp_path, gone, options={"provider": "deepseek"}) as at:
        position = at.open("x = |\n")
        for _ in range(3):
            assert await at.complete(position) is None
        assert (await at.command("status"))["state"] == "offline"
        assert len(at.messages) == 1


async def test_faults_while_typing_leave_nothing_running(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    options = {"provider": "deepseek", "completion": {"debounceMs": 0, "timeoutMs": 1000}}
    async with editor(tmp_path, fake, options=options) as at:
        position = at.open("x = |\n")
        answers = []
        for number in range(60):
            fake.script(*list(FAULTS.values())[number % len(FAULTS)])
            position = at.insert(position, "a")
            answers.append(at.request(position, AUTOMATIC)[1])
            await asyncio.sleep(0)
        results = await asyncio.gather(*answers)
        assert len(results) == 60
        await asyncio.to_thread(fake.wait_until, lambda: fake.running == 0)
        assert (await at.command("status"))["calls_in_flight"] == 0
