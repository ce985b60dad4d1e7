"""Settings, from every source to the request that is sent."""

from pathlib import Path

import pytest
from lsprotocol import types

from tests.e2e.editor import INVOKED, editor
from tests.fake_deepseek import FakeDeepSeek

PULLING = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(configuration=True),
    text_document=types.TextDocumentClientCapabilities(
        inline_completion=types.InlineCompletionClientCapabilities()
    ),
)


async def test_each_source_beats_the_one_before(tmp_path: Path, fake: FakeDeepSeek) -> None:
    home, folder = tmp_path / "home", tmp_path / "project"
    (home / "ds-lsp").mkdir(parents=True)
    folder.mkdir()
    (home / "ds-lsp/config.toml").write_text("[completion]\nmax_tokens = 100\ntemperature = 0.1\n")
    (folder / ".ds-lsp.toml").write_text("completion = { max_tokens = 90, timeout_ms = 7000 }\n")
    env = {"DS_LSP_COMPLETION_MAX_TOKENS": "80"}
    async with editor(home, fake, folders=(folder,), env=env) as at:
        await at.complete(at.open("x = |"))
        await at.configure({"completion": {"maxTokens": 70}})
        await at.complete(at.open("y = |"))
        await at.configure({"ds-lsp": {"completion": {"max_tokens": 60}}})
        await at.complete(at.open("z = |"))
        assert at.messages == []
    bodies = [request.body for request in fake.requests]
    assert [body["max_tokens"] for body in bodies] == [80, 70, 60]
    assert {body["temperature"] for body in bodies} == {0.1}


async def test_initialization_options_beat_the_environment(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    env = {"DS_LSP_COMPLETION_MAX_TOKENS": "80"}
    options = {"completion": {"maxTokens": 70}}
    async with editor(tmp_path, fake, env=env, options=options) as at:
        await at.complete(at.open("x = |"))
    assert fake.requests[0].body["max_tokens"] == 70


async def test_configuration_is_asked_for_where_the_client_can_tell(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake, capabilities=PULLING) as at:
        at.client.set_configuration({"completion": {"maxTokens": 50}}, section="ds-lsp")
        await at.configure(None)
        await at.complete(at.open("x = |"))
        at.client.set_configuration({"completion": {"maxTokens": 40}}, section="ds-lsp")
        await at.configure({})
        await at.complete(at.open("y = |"))
    assert [request.body["max_tokens"] for request in fake.requests] == [50, 40]


async def test_provider_changes_without_a_restart(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as at:
        assert (await at.command("status"))["provider"] == "deepseek"
        await at.save_settings(tmp_path, {"provider": "local"})
        assert (await at.command("status"))["provider"] == "local"
        await at.complete(at.open("x = |"))
        assert fake.requests == []
        await at.save_settings(tmp_path, {"provider": "deepseek"})
        assert await at.complete(at.open("x = |"))
    assert len(fake.requests) == 1


async def test_completion_is_disabled_and_enabled_while_the_server_runs(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("x = |")
        await at.configure({"completion": {"enabled": False}})
        assert await at.complete(position, INVOKED) is None
        assert await at.why() == "disabled"
        assert (await at.command("status"))["state"] == "disabled"
        await at.configure({"completion": {"disabledLanguages": ["python"]}})
        assert await at.complete(position, INVOKED) is None
        assert await at.why() == "language_disabled"
        await at.configure({})
        assert await at.complete(position, INVOKED)


async def test_bad_settings_are_named_in_one_message(tmp_path: Path, fake: FakeDeepSeek) -> None:
    options = {"completion": {"maxTokens": "many", "modle": "x"}, "colour": "red"}
    async with editor(tmp_path, fake, options=options) as at:
        assert await at.complete(at.open("x = |"))
        (message,) = at.messages
        for name in ("completion.max_tokens", "completion.modle", "colour"):
            assert name in message
        assert "\n" not in message
        # The same again is no news; another problem is.
        await at.configure({})
        assert len(at.messages) == 1
        await at.configure({"provider": 3})
        assert len(at.messages) == 2
    assert fake.requests[0].body["max_tokens"] == 128


async def test_a_strangers_project_file_sets_no_key_and_no_url(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".ds-lsp.toml").write_text(
        "api_key = 'sk-stranger'\nbase_url = 'http://127.0.0.1:9'\nprovider = 'local'\n"
        f"api_key_command = 'touch {tmp_path}/ran'\n[privacy]\nignore = ['a.py']\n"
    )
    async with editor(tmp_path, fake, folders=(folder,)) as at:
        uri = (folder / "a.py").as_uri()
        assert await at.complete(at.open("x = |", uri), uri=uri) is None
        uri = (folder / "b.py").as_uri()
        assert await at.complete(at.open("x = |", uri), uri=uri)
        (message,) = at.messages
        for name in ("api_key", "base_url", "provider", "api_key_command"):
            assert f"{name} cannot be set by a project file" in message
        assert "sk-stranger" not in message
    assert fake.requests[0].headers["authorization"] == f"Bearer {fake.key}"
    assert not (tmp_path / "ran").exists()


async def test_broken_project_file_is_named_and_mended_by_saving_it(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    file = folder / ".ds-lsp.toml"
    file.write_bytes(b"[completion]\nmax_tokens = \xff\n")
    async with editor(tmp_path, fake, folders=(folder,)) as at:
        assert await at.complete(at.open("x = |"))
        (message,) = at.messages
        assert "is not UTF-8" in message
        file.write_text("completion.max_tokens = 33\n")
        at.client.text_document_did_save(
            types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(file.as_uri()))
        )
        await at.complete(at.open("y = |"))
    assert fake.requests[-1].body["max_tokens"] == 33


@pytest.mark.parametrize("options", [{"provider": "deepseek"}, {"provider": "auto"}])
async def test_without_a_key_the_workspaces_text_completes_or_the_user_is_told(
    tmp_path: Path, options: dict[str, object]
) -> None:
    async with editor(tmp_path, options=options) as at:
        position = at.open("x = |")
        while "looking for" in (await at.command("status"))["detail"]:
            pass
        for _ in range(3):
            await at.complete(position)
        state = (await at.command("status"))["state"]
        if options["provider"] == "auto":
            assert (state, at.messages) == ("local", [])
        else:
            assert state == "stopped"
            (message,) = at.messages
            assert "DEEPSEEK_API_KEY" in message


async def test_key_from_a_command(tmp_path: Path, fake: FakeDeepSeek) -> None:
    env = {"DEEPSEEK_API_KEY": "", "DS_LSP_API_KEY_COMMAND": f"echo {fake.key}"}
    async with editor(tmp_path, fake, env=env, options={"provider": "deepseek"}) as at:
        at.open("x = |")
        while (await at.command("status"))["provider"] is None:
            pass
        assert await at.complete(at.position(4))
        assert (await at.command("status"))["key_source"] == "api_key_command"
        assert at.messages == []


@pytest.mark.parametrize("options", [None, [], "x", {"ds-lsp": None}, {"completion": []}])
async def test_options_of_any_shape_are_survived(
    tmp_path: Path, fake: FakeDeepSeek, options: object
) -> None:
    async with editor(tmp_path, fake, options=options) as at:  # type: ignore[arg-type]
        assert await at.complete(at.open("x = |"))


async def test_saving_the_file_that_config_toml_is_a_link_to(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    file = tmp_path / "dotfiles" / "settings.toml"
    file.parent.mkdir()
    (tmp_path / "ds-lsp").mkdir()
    (tmp_path / "ds-lsp" / "config.toml").symlink_to(file)
    async with editor(tmp_path, fake) as at:
        file.write_text("completion.model = 'mine'\n")
        identifier = types.TextDocumentIdentifier(file.as_uri())
        at.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))
        assert (await at.command("status"))["model"] == "mine"
