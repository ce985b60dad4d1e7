"""An editor, as far as a test needs one: the real server at the other end of pytest-lsp."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

from ds_lsp.text.columns import PositionEncoding, width
from ds_lsp.text.lines import split_lines
from tests.fake_deepseek import FakeDeepSeek

INVOKED = types.InlineCompletionTriggerKind.Invoked
AUTOMATIC = types.InlineCompletionTriggerKind.Automatic
URI = "file:///nowhere/a.py"


def server_environment(home: Path, fake: FakeDeepSeek | None = None) -> dict[str, str]:
    """The environment of a new user: no key, no settings; the stand-in if there is one."""
    dropped = ("DS_LSP_", "DEEPSEEK_", "HTTP", "http", "ALL_", "all_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    environ |= {"XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home)}
    environ |= {"HOME": str(home), "PYTHONUNBUFFERED": "1"}
    environ |= {"XDG_CACHE_HOME": str(home / "cache")}
    if fake:
        environ |= {"DEEPSEEK_API_KEY": fake.key, "DS_LSP_BASE_URL": fake.url}
    return environ


def to_toml(settings: Mapping[str, object]) -> str:
    """Settings, nested or not, as lines of TOML."""
    return "".join(f"{json.dumps(name)} = {_to_toml(value)}\n" for name, value in settings.items())


def _to_toml(value: object) -> str:
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(f"{json.dumps(name)} = {_to_toml(each)}" for name, each in value.items())
            + "}"
        )
    return json.dumps(value, ensure_ascii=False)


def _program(patient: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words that make Python the server, with an hour in the place of constants."""
    if not patient:
        return ("-m", "ds_lsp")
    lines = [f"import {name.rpartition('.')[0]}; {name} = 3600.0" for name in patient]
    return ("-c", "; ".join([*lines, "import sys, ds_lsp.cli; sys.exit(ds_lsp.cli.main())"]))


class Editor:
    """One open document and a cursor; positions are counted in the session's encoding."""

    def __init__(self, client: LanguageClient, capabilities: types.ServerCapabilities) -> None:
        self.client = client
        self.capabilities = capabilities
        self.encoding = PositionEncoding(str(capabilities.position_encoding or "utf-16"))
        self.text = ""
        self.version = 0
        self._ids = 0

    def open(self, text: str, uri: str = URI, language_id: str = "python") -> types.Position:
        """Open a document; the cursor is where its ``|`` is."""
        before, _, after = text.partition("|")
        self.text, self.version = before + after, 1
        item = types.TextDocumentItem(uri, language_id, self.version, self.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return self.position(len(before))

    def position(self, offset: int) -> types.Position:
        lines = split_lines(self.text[:offset])
        return types.Position(len(lines) - 1, width(lines[-1], self.encoding))

    def insert(self, position: types.Position, text: str, uri: str = URI) -> types.Position:
        """Type *text* at *position*, which is on a line of ASCII; where the cursor is then."""
        self.version += 1
        change = types.TextDocumentContentChangePartial(types.Range(position, position), text)
        identifier = types.VersionedTextDocumentIdentifier(self.version, uri)
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(identifier, [change])
        )
        return types.Position(position.line, position.character + width(text, self.encoding))

    def request(
        self,
        position: types.Position,
        kind: types.InlineCompletionTriggerKind = INVOKED,
        uri: str = URI,
    ) -> tuple[int, "asyncio.Future[types.InlineCompletionList | None]"]:
        """Ask for inline completion; the request's id, and its answer to come."""
        self._ids += 1
        params = types.InlineCompletionParams(
            types.InlineCompletionContext(kind), types.TextDocumentIdentifier(uri), position
        )
        future = self.client.protocol.send_request(
            types.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id=self._ids
        )
        return self._ids, asyncio.wrap_future(future)

    async def complete(
        self,
        position: types.Position,
        kind: types.InlineCompletionTriggerKind = INVOKED,
        uri: str = URI,
    ) -> str | None:
        """The text offered at *position*; None when nothing is."""
        _, answer = self.request(position, kind, uri)
        result = await answer
        assert result is not None
        if not result.items:
            return None
        (item,) = result.items
        assert isinstance(item.insert_text, str)
        assert item.range == types.Range(position, position)
        assert item.command
        assert item.command.command == "ds-lsp.accept"
        return item.insert_text

    async def command(self, name: str, *arguments: object) -> Any:
        params = types.ExecuteCommandParams(f"ds-lsp.{name}", arguments=list(arguments))
        return await self.client.workspace_execute_command_async(params)

    def send_raw(self, message: object) -> None:
        """Send what a proper client would not."""
        body = json.dumps(message).encode()
        writer: Any = self.client.protocol.writer
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def why(self) -> str:
        """The reason the last request gave what it gave."""
        result = await self.command("why")
        return str(result["reason"])

    async def configure(self, settings: object) -> None:
        """Push settings, and wait until they are in force."""
        self.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
        # Notifications and requests are handled in order; the settings follow in a task.
        for _ in range(3):
            await self.command("status")

    async def save_settings(self, home: Path, settings: Mapping[str, object]) -> None:
        """Write the user's ``config.toml`` below *home*, and save it as the editor does."""
        path = home / "ds-lsp" / "config.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(to_toml(settings), "utf-8")
        path.chmod(0o600)
        self.client.text_document_did_save(
            types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(path.as_uri()))
        )
        await self.command("status")

    @property
    def messages(self) -> list[str]:
        """What the user was shown."""
        return [message.message for message in self.client.messages]


@contextlib.asynccontextmanager
async def editor(
    home: Path,
    fake: FakeDeepSeek | None = None,
    *,
    options: Mapping[str, object] | None = None,
    env: Mapping[str, str] | None = None,
    encodings: list[types.PositionEncodingKind | str] | None = None,
    capabilities: types.ClientCapabilities | None = None,
    folders: tuple[Path, ...] = (),
    root: Path | None = None,
    arguments: tuple[str, ...] = (),
    client_name: str = "pytest-lsp",
    locale: str | None = None,
    patient: tuple[str, ...] = (),
) -> AsyncIterator[Editor]:
    """The real server, initialized; shut down in order at the end.

    *patient* names constants, seconds that a test must not depend on: they are made an hour.
    """
    config = ClientServerConfig(
        server_command=[sys.executable, *_program(patient), *arguments],
        server_env=server_environment(home, fake) | dict(env or {}),
    )
    client = await config.start()
    assert isinstance(client, LanguageClient)
    if capabilities is None:
        capabilities = types.ClientCapabilities(
            text_document=types.TextDocumentClientCapabilities(
                inline_completion=types.InlineCompletionClientCapabilities()
            ),
            general=types.GeneralClientCapabilities(position_encodings=encodings),
        )
    result = await client.initialize_session(
        types.InitializeParams(
            capabilities=capabilities,
            initialization_options=options,
            client_info=types.ClientInfo(client_name),
            locale=locale,
            root_uri=root.as_uri() if root else None,
            workspace_folders=[
                types.WorkspaceFolder(uri=folder.as_uri(), name=folder.name) for folder in folders
            ],
        )
    )
    try:
        yield Editor(client, result.capabilities)
    finally:
        await client.shutdown_session()
        await client.stop()  # type: ignore[no-untyped-call]  # pytest-lsp's is untyped
