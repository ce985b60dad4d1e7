"""What must not show up anywhere: key, prompt, completion. And a large file is usable."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from lsprotocol import types

from ds_lsp.lsp.transport.command_names import OTHER_COMMANDS
from tests.e2e.canaries import (
    CODE,
    COMPLETION,
    IGNORED,
    KEY,
    NEIGHBOR,
    SECRET_FILE,
    WRONG_KEY,
    Where,
    stray,
    text_under,
)
from tests.e2e.editor import AUTOMATIC, INVOKED, URI, Editor, editor, server_environment, to_toml
from tests.fake_deepseek import Close, FakeDeepSeek, Raw, Reply, Send, Step, chunk, envelope, sse

# What a server says of a request may quote all of it.
ECHO = f"you sent {CODE.text}, {KEY.text} and {WRONG_KEY.text}; I said {COMPLETION.text}"
FAULTS: tuple[tuple[Step, ...], ...] = (
    (Reply(400, envelope(ECHO)),),
    (Reply(401, ECHO, "text/plain"),),
    (Reply(402, envelope(ECHO)),),
    (Reply(422, envelope(ECHO)),),
    (Reply(429, envelope(ECHO)),),
    (Reply(500, ECHO, "text/plain", (("X-Echo", CODE.text),)),),
    (Reply(302, ECHO, headers=(("Location", f"http://{CODE.text}/{KEY.text}"),)),),
    (Reply(200, f"<html>{ECHO}", "text/html"),),
    (Reply(200, ECHO, f"text/{CODE.text}"),),
    (Raw(f"{ECHO}\r\n\r\n".encode()), Close()),
    (Send(f"data: {ECHO}\n\n".encode()),),
    (Send(f'data: {{"error": {{"message": "{ECHO}"}}}}\n\n'.encode()),),
    (Send(f'data: {{"choices": "{ECHO}"}}\n\n'.encode()),),
    (Send(f"data: {chunk(ECHO)}\n\n".encode()), Close()),
    (Send(f"data: {chunk(ECHO, 'aborted')}\n\n".encode()),),
)


def workspace(folder: Path) -> Path:
    folder.mkdir()
    (folder / ".env").write_text(f"password={SECRET_FILE.text}\n" * 3)
    (folder / ".gitignore").write_text("ignored.py\n")
    (folder / "ignored.py").write_text(f"value = {IGNORED.text}(1)\n" * 20)
    (folder / "neighbor.py").write_text(f"value = {NEIGHBOR.text}(1)\n" * 20)
    (folder / "a.py").write_text(f"{CODE.text} = 1\nvalue = \n")
    return folder


async def asks(at: Editor, position: types.Position, uri: str = URI) -> str:
    return repr([await at.complete(position, kind, uri) for kind in (INVOKED, AUTOMATIC)])


async def every_feature(
    at: Editor, fake: FakeDeepSeek, home: Path, folder: Path
) -> tuple[str, str]:
    """Use all there is; what completions said, and what else the client was told."""
    offered, told = [], []
    for name in (".env", "ignored.py", "a.py"):
        uri = (folder / name).as_uri()
        at.open((folder / name).read_text() + "|", uri)
        offered.append(await asks(at, types.Position(1, 8), uri))
    position = at.open(f"{CODE.text} = |\n")
    offered.append(await asks(at, position))
    for steps in FAULTS:
        fake.break_down(*steps)
        position = at.insert(position, "x")
        offered.append(await asks(at, position))
        told += [repr(await at.command(name)) for name in ("why", "status", "usage")]
        fake.mend()
        offered.append(await asks(at, position))
    menu = types.CompletionParams(types.TextDocumentIdentifier(URI), position)
    offered.append(repr(await at.client.text_document_completion_async(menu)))
    bad = {"completion": {"model": 5, "maxTokens": KEY.text}, KEY.text: CODE.text}
    for settings in (
        {**bad, "apiKey": [KEY.text]},
        {"apiKey": f"{KEY.text} {CODE.text}", "provider": KEY.text},
        {"apiKeyCommand": f"echo {WRONG_KEY.text}; false"},
        {"apiKeyCommand": f"no-such-command {KEY.text}", "apiKey": ""},
        {"baseUrl": f"ftp://user:{KEY.text}@nowhere", "apiKey": KEY.text},
        {"apiKey": WRONG_KEY.text},
        {"provider": "local", "privacy": {"ignore": ["[", CODE.text]}},
        {"completion": {"enabled": False}},
    ):
        # What the user sets, and the same from where the client has it. A name that is no setting
        # is repeated to the user whose file it is in.
        own = {name: value for name, value in settings.items() if name != KEY.text}
        await at.save_settings(home, {"baseUrl": fake.url, **own})
        await at.configure(settings)
        position = at.insert(position, "y")
        offered.append(await asks(at, position))
        told.append(repr(await at.command("status")))
    # What cannot be read, answered or understood is logged by others, with all of it.
    for method in ("textDocument/didChange", "textDocument/didOpen", CODE.text):
        at.send_raw({"jsonrpc": "2.0", "method": method, "params": {CODE.text: KEY.text}})
    at.send_raw({"jsonrpc": "2.0", "id": 7.5, "method": "x", "params": {CODE.text: KEY.text}})
    # pygls quotes a value that is not of its type in the traceback it logs.
    document = {"uri": URI, "version": CODE.text}
    params = {"textDocument": document, "contentChanges": [{"text": CODE.text}]}
    at.send_raw({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params})
    for name in OTHER_COMMANDS:
        told.append(repr(await at.command(name.removeprefix("ds-lsp."), CODE.text, KEY.text)))
    told += at.messages + [each.message for each in at.client.log_messages]
    return "\n".join(offered), "\n".join(told)


@pytest.mark.parametrize("level", ["warning", "debug"])
async def test_nothing_is_where_it_does_not_belong(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], level: str
) -> None:
    home, log = tmp_path / "home", tmp_path / "log.txt"
    home.mkdir()
    folder = workspace(tmp_path / "project")
    arguments = ("--log-level", level, "--log-file", str(log))
    environment = {f"XDG_{name}_HOME": str(home / name) for name in ("STATE", "CACHE", "DATA")}
    # They would come before the file.
    environment |= {"DEEPSEEK_API_KEY": "", "DS_LSP_BASE_URL": ""}
    file = home / "ds-lsp" / "config.toml"
    file.parent.mkdir()
    file.touch(0o600)
    with FakeDeepSeek(key=KEY.text, text=COMPLETION.text) as fake:
        file.write_text(to_toml({"apiKey": KEY.text, "baseUrl": fake.url}))
        options = {"completion": {"debounceMs": 0, "menu": "always"}}
        async with editor(
            home, fake, options=options, env=environment, folders=(folder,), arguments=arguments
        ) as at:
            offered, told = await every_feature(at, fake, home, folder)
        for request in fake.requests:
            heads = {**request.headers, "authorization": ""}
            assert stray(f"{request.path} {heads} {request.raw.decode()}", Where.PROVIDER) == []
        assert len(fake.requests) > len(FAULTS)
    file.unlink()
    assert COMPLETION.text in offered
    assert stray(offered, Where.COMPLETIONS) == []
    assert stray(told, Where.MESSAGES) == []
    logged = log.read_text()
    assert stray(logged, Where.LOG) == []
    assert level != "debug" or "completion 1:" in logged
    out, err = capfd.readouterr()
    assert stray(out + err, Where.LOG) == []
    assert stray(text_under(home, but_not=folder), Where.FILES) == []


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("complete", "a.py:2:9"), id="complete"),
        pytest.param(("complete", "--json", "a.py:2:9"), id="complete as JSON"),
        pytest.param(("complete", ".env:2:9"), id="complete a secret file"),
        pytest.param(("complete", "ignored.py:2:9"), id="complete an ignored file"),
        pytest.param(("config",), id="config"),
        pytest.param(("config", "--json"), id="config as JSON"),
        pytest.param(("demo",), id="demo"),
    ],
)
def test_nothing_is_printed_that_is_not_asked_for(tmp_path: Path, command: tuple[str, ...]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    folder = workspace(tmp_path / "project")
    with FakeDeepSeek(key=KEY.text, text=COMPLETION.text) as fake:
        fake.script(*sse(COMPLETION.text))
        fake.script(*FAULTS[0])
        for _ in range(2):
            ran = subprocess.run(
                [sys.executable, "-m", "ds_lsp", "--log-level", "debug", *command],
                env=server_environment(home, fake),
                cwd=folder,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=60,
            )
            printed = (ran.stdout + ran.stderr).decode()
            assert "Traceback" not in printed
            assert stray(ran.stdout.decode(), Where.TERMINAL) == []
            assert stray(ran.stderr.decode(), Where.LOG) == []
        for request in fake.requests:
            assert stray(request.raw.decode(), Where.PROVIDER) == []
    assert stray(text_under(home, but_not=folder), Where.FILES) == []


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
        assert await at.complete(position, uri=uri) is None
        body = fake.requests[-1].body
        assert "password = " in str(body["prompt"])
        fake.answer(f'call(\n    "1",\n    password2="{hidden}")')
        position = at.insert(position, "z + ", uri)
        assert await at.complete(position, uri=uri) is None
        why = await at.command("why")
        assert why["masked"] == ["password"]
    assert not [request for request in fake.requests if "canary" in repr(request.body)]
    logged = log.read_text()
    assert "masked password" in logged
    assert "canary" not in logged


async def test_a_document_of_a_hundred_thousand_lines_is_completed(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
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


async def test_the_server_answers_over_tcp(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ds_lsp", "--tcp", "0"), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr
    line = (await process.stderr.readline()).decode()
    token = (await process.stderr.readline()).split()[-1]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(line.rpartition(":")[2]))
    for body in (
        b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{},'
        b'"initializationOptions":{"token":"%s"}}}' % token,
        b'{"jsonrpc":"2.0","id":2,"method":"shutdown"}',
        b'{"jsonrpc":"2.0","method":"exit"}',
    ):
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    answers = await reader.read()
    assert b"inlineCompletionProvider" in answers
    assert b'"id": 2' in answers
    assert await process.wait() == 0
    writer.close()
