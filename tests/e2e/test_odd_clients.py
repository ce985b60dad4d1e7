"""Clients that say it otherwise, and things that change under way."""

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types

from tests.e2e.editor import AUTOMATIC, INVOKED, URI, Editor, editor
from tests.fake_deepseek import FakeDeepSeek


def change(at: Editor, *changes: object, version: object = 2) -> None:
    document = {"uri": URI, "version": version}
    params = {"textDocument": document, "contentChanges": list(changes)}
    at.send_raw({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params})


async def prompt_of(at: Editor, fake: FakeDeepSeek, position: types.Position) -> object:
    await at.complete(position)
    return fake.requests[-1].body["prompt"]


async def test_null_where_something_may_be_left_out(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as at:
        at.open("x = |")
        change(at, {"range": None, "rangeLength": None, "text": "y = "}, version=None)
        assert await prompt_of(at, fake, types.Position(0, 4)) == "y = "


async def test_document_that_went_out_of_step_is_not_completed(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |")
        change(at, {"range": "nonsense", "text": "y"})
        assert await at.complete(position) is None
        assert await at.why() == "not_open"
        assert await prompt_of(at, fake, at.open("z = |")) == "z = "


async def test_several_changes_in_one_notification(tmp_path: Path, fake: FakeDeepSeek) -> None:
    def edit(start: int, end: int, text: str) -> dict[str, object]:
        ends = [{"line": 0, "character": column} for column in (start, end)]
        return {"range": dict(zip(("start", "end"), ends, strict=True)), "text": text}

    async with editor(tmp_path, fake) as at:
        at.open("ab|")
        change(at, edit(0, 1, "中"), edit(1, 2, "😀"), edit(3, 3, "= "), {"text": "c = "})
        assert await prompt_of(at, fake, types.Position(0, 4)) == "c = "
        change(at, edit(0, 1, "中"), edit(1, 1, "😀"), version=3)
        assert await prompt_of(at, fake, types.Position(0, 6)) == "中😀 = "


async def test_closed_and_opened_again(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |")
        _, answer = at.request(position, AUTOMATIC)
        identifier = types.TextDocumentIdentifier(URI)
        at.client.text_document_did_close(types.DidCloseTextDocumentParams(identifier))
        await answer
        assert await at.complete(position) is None
        assert (await at.command("status"))["open_documents"] == 0
        assert await at.complete(at.open("y = |"))


async def test_moving_the_cursor_is_not_paid_at_every_step(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake, options={"completion": {"debounceMs": 200}}) as at:
        at.open("value = compute(value)\n" * 30 + "|")
        answers = [at.request(types.Position(line, 8), AUTOMATIC)[1] for line in range(30)]
        await asyncio.gather(*answers)
    assert len(fake.requests) <= 2


@pytest.mark.parametrize(
    ("pushed", "tokens"),
    [
        pytest.param({"ds-lsp": {"completion": {"maxTokens": 9}}}, 9, id="section"),
        pytest.param({"ds-lsp.completion.maxTokens": 9, "a.b": 1}, 9, id="flat"),
        pytest.param({"completion": {"max_tokens": 9}}, 9, id="bare"),
        pytest.param({"python": {"completion": {"maxTokens": 9}}}, 128, id="other people's"),
        pytest.param({"ds-lsp": []}, 128, id="no mapping"),
        pytest.param({"ds-lsp": {"apiKey": "", "completion": {"model": ""}}}, 128, id="left empty"),
    ],
)
async def test_pushed_settings_in_every_spelling(
    tmp_path: Path, fake: FakeDeepSeek, pushed: object, tokens: int
) -> None:
    async with editor(tmp_path, fake) as at:
        await at.configure(pushed)
        await at.complete(at.open("x = |"))
        assert at.messages == []
    assert fake.requests[0].body["max_tokens"] == tokens


async def test_pulled_settings_beat_pushed_ones(tmp_path: Path, fake: FakeDeepSeek) -> None:
    capabilities = types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(configuration=True)
    )
    async with editor(tmp_path, fake, capabilities=capabilities) as at:
        at.client.set_configuration({"completion": {"maxTokens": 50}}, section="ds-lsp")
        await at.configure({"ds-lsp": {"completion": {"maxTokens": 40}}})
        await at.complete(at.open("x = |"))
    assert fake.requests[0].body["max_tokens"] == 50


@pytest.mark.parametrize("bad", ["!", "[z-a]", "100%\\"])
async def test_bad_glob_costs_that_glob(tmp_path: Path, fake: FakeDeepSeek, bad: str) -> None:
    (tmp_path / ".gitignore").write_text(f"{bad}\nb.py\n")
    options = {"privacy": {"ignore": [bad, "a.py"]}}
    async with editor(tmp_path, fake, options=options, folders=(tmp_path,)) as at:
        for name, is_completed in (("a.py", False), ("b.py", False), ("c.py", True)):
            uri = (tmp_path / name).as_uri()
            completion = await at.complete(at.open("x = |", uri), uri=uri)
            assert (completion is not None) is is_completed
        (message,) = at.messages
        assert "privacy.ignore" in message


async def test_file_that_is_ignored_later_is_not_sent_any_more(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    ignore = tmp_path / ".gitignore"
    async with editor(tmp_path, fake, folders=(tmp_path,)) as at:
        uri = (tmp_path / "a.py").as_uri()
        assert await at.complete(at.open("x = |", uri), uri=uri)
        ignore.write_text("a.py\n")
        saved = types.TextDocumentIdentifier(ignore.as_uri())
        at.client.text_document_did_save(types.DidSaveTextDocumentParams(saved))
        assert await at.complete(at.open("y = |", uri), uri=uri) is None
        assert await at.why() == "excluded"
    assert len(fake.requests) == 1


async def test_an_ignore_file_that_is_too_large_lets_nothing_out_and_is_named_once(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / ".gitignore").write_text("".join(f"x{number}*.z\n" for number in range(100_000)))
    async with editor(tmp_path, fake, folders=(folder,)) as at:
        for name in ("a.py", "b.py"):
            uri = (folder / name).as_uri()
            assert await at.complete(at.open("x = |", uri), uri=uri) is None
            assert await at.why() == "excluded"
        (message,) = at.messages
        assert f"{folder}/.gitignore has more patterns than ds-lsp can judge by" in message
    assert fake.requests == []


async def test_folder_that_comes_and_goes_brings_and_takes_its_settings(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    folder = tmp_path / "中文"
    folder.mkdir()
    (folder / ".ds-lsp.toml").write_text("completion.max_tokens = 9\n")
    here = types.WorkspaceFolder(folder.as_uri(), "x")
    async with editor(tmp_path, fake) as at:
        for added, removed in (([here], []), ([], [here])):
            event = types.WorkspaceFoldersChangeEvent(added, removed)
            at.client.workspace_did_change_workspace_folders(
                types.DidChangeWorkspaceFoldersParams(event)
            )
            await at.command("clearCache")
            await at.complete(at.open("x = |"), INVOKED)
    assert [request.body["max_tokens"] for request in fake.requests] == [9, 128]


async def test_where_there_are_no_folders_a_root_is_none(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    # For a file in no project, Kate names the whole home folder.
    (tmp_path / ".ds-lsp.toml").write_text("completion.max_tokens = 9\n")
    async with editor(tmp_path, fake, root=tmp_path, folders=()) as at:
        await at.complete(at.open("x = |"), INVOKED)
    assert fake.requests[0].body["max_tokens"] == 128


async def test_local_provider_stands_in_until_the_key_is_found(tmp_path: Path) -> None:
    release = tmp_path / "release"
    with FakeDeepSeek() as fake:
        env = {
            "DS_LSP_BASE_URL": fake.url,
            "DS_LSP_API_KEY_COMMAND": f"mkfifo '{release}'; cat '{release}'",
        }
        async with editor(tmp_path, env=env) as at:
            status = await at.command("status")
            assert (status["state"], status["provider"]) == ("local", "local")
            assert "looking for" in status["detail"]
            while not release.exists():
                await at.command("status")
            await asyncio.to_thread(release.write_text, fake.key + "\n")
            while (await at.command("status"))["provider"] != "deepseek":
                pass
            assert await at.complete(at.open("x = |"))


async def test_second_initialize_is_refused(tmp_path: Path) -> None:
    async with editor(tmp_path) as at:
        params = types.InitializeParams(capabilities=types.ClientCapabilities())
        with pytest.raises(Exception, match="initialized already"):
            await at.client.initialize_async(params)
        assert (await at.command("status"))["state"] == "local"


async def test_workspace_is_read_again_when_what_may_be_read_has_changed(tmp_path: Path) -> None:
    for number in range(300):
        lines = f"def count_{number}(shelf):\n    return len(shelf)\n\n\n" * 20
        (tmp_path / f"module_{number}.py").write_text(lines)
    (tmp_path / "wanted.py").write_text("rarely_seen_name = open_the_cellar_door(key)\n" * 9)
    async with editor(tmp_path, folders=(tmp_path,)) as at:
        uri = (tmp_path / "a.py").as_uri()
        position = at.open("rarely_seen_name = open_|", uri)
        # The scan is under way: it must not keep the one with the new rules from starting.
        await at.configure({"privacy": {"ignore": ["nothing"]}})
        while await at.complete(position, uri=uri) != "the_cellar_door(key)":
            pass
