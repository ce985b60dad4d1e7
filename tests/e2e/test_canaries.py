"""What must not show up anywhere: key, prompt, completion. And a large file is usable."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.e2e.editor import AUTOMATIC, URI, editor
from tests.fake_deepseek import FakeDeepSeek, Reply

CODE, COMPLETION, KEY = "canary_in_the_code", "canary_completed", "sk-canary"


@pytest.mark.parametrize("level", ["warning", "debug"])
async def test_no_log_line_holds_text(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], level: str
) -> None:
    log = tmp_path / "log.txt"
    with FakeDeepSeek(key=KEY) as fake:
        arguments = ("--log-level", level, "--log-file", str(log))
        async with editor(tmp_path, fake, arguments=arguments) as at:
            position = at.open(f"{CODE} = |\n")
            fake.answer(COMPLETION)
            assert await at.complete(position) == COMPLETION
            fake.script(Reply(400, f"you sent {CODE} with {KEY}"))
            await at.complete(at.insert(position, "x"))
            fake.script(Reply(401, f"wrong key {KEY}"))
            await at.complete(at.insert(position, "y"))
            fake.chat_answer(COMPLETION)
            fake.chat_script(Reply(400, f"you sent {CODE} with {KEY}"))
            place = {"line": 0, "character": 3}
            span = {"start": {"line": 0, "character": 0}, "end": place}
            argument = {"textDocument": {"uri": URI}, "range": span}
            for name in ("explain", "explain", "rewrite", "document"):
                await at.command(name, argument)
            await asyncio.to_thread(fake.wait_until, lambda: len(fake.chats) == 2)
            await asyncio.to_thread(fake.wait_until, lambda: fake.running == 0)
            while not any("`chat`" in message for message in at.messages):
                await at.command("status")
            # What cannot be read, answered or understood is logged by others, with all of it.
            for method in ("textDocument/didChange", "textDocument/didOpen", CODE):
                at.send_raw({"jsonrpc": "2.0", "method": method, "params": {CODE: KEY}})
            at.send_raw({"jsonrpc": "2.0", "id": CODE, "method": CODE, "params": {CODE: KEY}})
            # pygls quotes a value that is not of its type in the traceback it logs.
            document = {"uri": URI, "version": CODE}
            changes = [{"text": CODE}]
            at.send_raw(
                {
                    "jsonrpc": "2.0",
                    "method": "textDocument/didChange",
                    "params": {"textDocument": document, "contentChanges": changes},
                }
            )
            for name in ("why", "status", "usage"):
                assert "canary" not in repr(await at.command(name))
            messages = "\n".join(at.messages)
    logged = log.read_text()
    assert "canary" not in logged
    assert level != "debug" or "completion:" in logged
    out, err = capfd.readouterr()
    assert "canary" not in out + err
    assert KEY not in messages


async def test_secrets_stay_here(tmp_path: Path, fake: FakeDeepSeek) -> None:
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    hidden = "canary7Hunter2"
    log = tmp_path / "log.txt"
    arguments = ("--log-level", "debug", "--log-file", str(log))
    async with editor(tmp_path, fake, folders=(tmp_path,), arguments=arguments) as at:
        for name, text in (
            ("ignored.py", f"{hidden} = |\n"),
            (".env.local", f"KEY={hidden}\n|"),
            ("off.py", f"# ds-lsp: off\n{hidden} = |\n"),
            ("generated.py", f"# @generated\n{hidden} = |\n"),
            ("binary.py", f"{hidden} = |\n\0"),
        ):
            uri = (tmp_path / name).as_uri()
            assert await at.complete(at.open(text, uri), uri=uri) is None
            assert await at.why() == "excluded"
        assert fake.requests == []

        uri = (tmp_path / "a.py").as_uri()
        position = at.open(f'# 密码 😀\r\npassword = "{hidden}"\r\nagain = |\r\n', uri)
        fake.answer('"' + "x" * len(hidden) + '"')
        assert await at.complete(position, uri=uri) == '"'
        body = fake.requests[-1].body
        assert "password = " in str(body["prompt"])
        fake.answer(f'call("1", password2="{hidden}")')
        position = at.insert(position, "z + ", uri)
        assert await at.complete(position, uri=uri) == 'call("1", password2="'
        why = await at.command("why")
        assert why["masked"] == ["password"]
    assert not [request for request in fake.requests if "canary" in repr(request.body)]
    logged = log.read_text()
    assert "masked password" in logged
    assert "canary" not in logged


async def test_hundred_thousand_lines(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake, options={"completion": {"debounceMs": 0}}) as at:
        half = "    value = compute(value)  # 计算\n" * 50_000
        position = at.open(half + "x = |\n" + half)
        for _ in range(50):
            position = at.insert(position, "a")
        fake.answer("b")
        assert await at.complete(position, AUTOMATIC) == "b"
        prompt = fake.requests[-1].body["prompt"]
        assert isinstance(prompt, str)
        assert prompt.endswith("# 计算\nx = " + "a" * 50)


async def test_server_over_tcp(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ds_lsp", "--tcp", "0"), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr
    line = (await process.stderr.readline()).decode()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(line.rpartition(":")[2]))
    for body in (
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}',
        b'{"jsonrpc":"2.0","id":2,"method":"shutdown"}',
        b'{"jsonrpc":"2.0","method":"exit"}',
    ):
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    answers = await reader.read()
    assert b"inlineCompletionProvider" in answers
    assert b'"id": 2' in answers
    assert await process.wait() == 0
    writer.close()
