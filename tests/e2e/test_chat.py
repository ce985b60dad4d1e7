"""Code actions that call chat, from the list of them to what the user sees."""

import ast
import asyncio
import contextlib
import fcntl
import json
import os
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient

from ds_lsp.text.document import Document
from ds_lsp.uris import to_path
from tests.e2e.editor import AUTOMATIC, URI, Editor, editor
from tests.fake_deepseek import (
    Close,
    FakeDeepSeek,
    Recorded,
    Reply,
    Wait,
    chat_sse,
    envelope,
)

CONVERTER: Any = default_converter()  # type: ignore[no-untyped-call]  # pygls's is untyped
GOLDEN = Path(__file__).parents[1] / "golden" / "initialize"
CLIENTS = ("neovim", "vscode", "helix", "eglot", "lsp-mode")

CODE = 'import os\n\n\ndef add(a, b):\n    """🙂"""\n    return a + b\n\n\nx = add(1, 2)\n'
INSIDE = types.Position(5, 4)
BODY = types.Range(INSIDE, types.Position(5, 16))
CURSOR = types.Range(INSIDE, INSIDE)


class Chatting(Editor):
    """An editor that applies edits, as its user would see them."""

    def __init__(self, client: LanguageClient, capabilities: types.ServerCapabilities) -> None:
        super().__init__(client, capabilities)
        self.edits: list[types.ApplyWorkspaceEditParams] = []
        self.refuses_edits = False

        @client.feature(types.WORKSPACE_APPLY_EDIT)
        def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self.edits.append(params)
            return types.ApplyWorkspaceEditResult(applied=not self.refuses_edits)

    async def actions(
        self,
        span: types.Range,
        *diagnostics: types.Diagnostic,
        only: list[types.CodeActionKind | str] | None = None,
        uri: str = URI,
    ) -> list[types.CodeAction]:
        context = types.CodeActionContext(list(diagnostics), only)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), span, context)
        result = await self.client.text_document_code_action_async(params)
        return [to_action(action) for action in result or ()]

    async def choose(
        self, title: str, span: types.Range, *diagnostics: types.Diagnostic, uri: str = URI
    ) -> None:
        """Run the code action whose title begins like that."""
        actions = await self.actions(span, *diagnostics, uri=uri)
        (action,) = [action for action in actions if action.title.startswith(title)]
        assert action.command
        params = types.ExecuteCommandParams(action.command.command, action.command.arguments)
        assert await self.client.workspace_execute_command_async(params) is None

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            await self.command("status")

    async def page(self) -> str:
        """What stands in the explanation that was shown last, once it is complete."""
        await self.until(lambda: self.client.shown_documents)
        await self.until(lambda: "# Question" in self.shown)
        return self.shown

    @property
    def path(self) -> Path:
        path = to_path(self.client.shown_documents[-1].uri)
        assert path
        return path

    @property
    def shown(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def progress(self) -> list[Any]:
        """All that was reported, of the last token."""
        reports = list(self.client.progress_reports.values())
        return list(reports[-1]) if reports else []

    def edited(self, text: str, number: int = -1) -> str:
        """*text* after an edit that was asked for, which is one change of one version."""
        changes = self.edits[number].edit.document_changes
        assert changes is not None
        (change,) = changes
        assert isinstance(change, types.TextDocumentEdit)
        assert change.text_document.version == self.version
        (edit,) = change.edits
        assert isinstance(edit, types.TextEdit)
        document = Document(URI, "", 1, text, self.encoding)
        start, end = edit.range.start, edit.range.end
        document.replace((start.line, start.character), (end.line, end.character), edit.new_text)
        return document.text


def to_action(value: types.CodeAction | types.Command) -> types.CodeAction:
    # lsprotocol takes every code action with a command for that command, and puts the command's
    # representation in the place of its name.
    assert isinstance(value, types.Command)
    command = ast.literal_eval(value.command)
    action: types.CodeAction = CONVERTER.structure({"title": value.title}, types.CodeAction)
    action.command = CONVERTER.structure(command, types.Command)
    return action


def recorded(name: str) -> Mapping[str, Any]:
    params = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    structured = CONVERTER.structure(params, types.InitializeParams)
    assert structured.client_info
    return {
        "capabilities": structured.capabilities,
        "client_name": structured.client_info.name,
        "locale": structured.locale,
    }


@contextlib.asynccontextmanager
async def chatting(
    home: Path, fake: FakeDeepSeek, client: str = "neovim", **more: Any
) -> AsyncIterator[Chatting]:
    async with editor(home, fake, **(dict(recorded(client)) | more)) as at:
        yield Chatting(at.client, at.capabilities)


def diagnostic(line: int, message: str = "undefined name 'b'") -> types.Diagnostic:
    span = types.Range(types.Position(line, 0), types.Position(line, 5))
    return types.Diagnostic(span, message, code="F821", source="pyflakes")


def prompt_of(request: Recorded) -> str:
    messages: Any = request.body["messages"]
    return "\n".join(message["content"] for message in messages)


# The list.


async def test_each_place_is_offered_its_own_code_actions(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with chatting(tmp_path, fake) as at:
        at.open(CODE)
        nowhere = types.Range(types.Position(1, 0), types.Position(1, 0))

        async def titles(span: types.Range, *found: types.Diagnostic) -> list[str]:
            return [action.title for action in await at.actions(span, *found)]

        assert await titles(nowhere) == []
        assert await titles(CURSOR) == [
            "Explain the function at the cursor",
            "Write documentation for the function at the cursor",
        ]
        assert await titles(BODY) == ["Explain the selection"]
        assert await titles(nowhere, diagnostic(5)) == [
            "Explain: undefined name 'b'",
            "Fix: undefined name 'b'",
        ]
    assert fake.requests == []


@pytest.mark.parametrize(
    ("language_id", "text"),
    [("c", "x = {\r\n  1,\r\n|};\r\n"), ("markdown", "# 甲\n\n乙| 🙂\n"), ("git-commit", "A|dd\n")],
)
async def test_what_says_nothing_alone_is_explained_when_selected(
    tmp_path: Path, fake: FakeDeepSeek, language_id: str, text: str
) -> None:
    async with chatting(tmp_path, fake) as at:
        cursor = at.open(text, language_id=language_id)
        assert await at.actions(types.Range(cursor, cursor)) == []
        whole = types.Range(types.Position(0, 0), cursor)
        assert await at.actions(whole) != []


@pytest.mark.parametrize(
    ("only", "offered"),
    [
        (["quickfix"], {"Explain: undefined name 'b'", "Fix: undefined name 'b'"}),
        (["refactor.rewrite"], {"Write documentation for the function at the cursor"}),
        (["source.organizeImports"], set()),
        (["refactor.rewriting"], set()),
        ([], set()),
    ],
)
async def test_only_the_kinds_that_are_asked_for(
    tmp_path: Path, fake: FakeDeepSeek, only: list[str], offered: set[str]
) -> None:
    async with chatting(tmp_path, fake) as at:
        at.open(CODE)
        kinds: list[types.CodeActionKind | str] = list(only)
        actions = await at.actions(CURSOR, diagnostic(5), only=kinds)
        assert {action.title for action in actions} == offered


async def test_a_rewrite_is_offered_for_a_comment_with_code_below(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with chatting(tmp_path, fake) as at:
        at.open("# 改成 async\nx = 1\ny = 2\n")
        whole = types.Range(types.Position(0, 0), types.Position(3, 0))
        titles = [action.title for action in await at.actions(whole)]
        assert titles == ["Explain the selection", "Rewrite as asked: 改成 async"]
        rest = types.Range(types.Position(1, 0), types.Position(3, 0))
        assert [action.title for action in await at.actions(rest)] == ["Explain the selection"]


async def test_nothing_is_offered_for_a_file_that_must_not_be_sent(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with chatting(tmp_path, fake) as at:
        uri = (tmp_path / ".env").as_uri()
        at.open("KEY = 1\n", uri)
        whole = types.Range(types.Position(0, 0), types.Position(0, 7))
        assert await at.actions(whole, diagnostic(0), uri=uri) == []
        span = CONVERTER.unstructure(whole)
        await at.command("explain", {"textDocument": {"uri": uri}, "range": span})
        await at.until(lambda: at.messages)
        assert "not sent anywhere" in at.messages[0]
    assert fake.requests == []


async def test_nothing_is_offered_for_a_text_that_says_no(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with chatting(tmp_path, fake) as at:
        at.open("# ds-lsp: off\n" + CODE)
        assert await at.actions(CURSOR, diagnostic(0)) == []
        span = CONVERTER.unstructure(BODY)
        await at.command("explain", {"textDocument": {"uri": URI}, "range": span})
        await at.until(lambda: at.messages)
        assert "ds-lsp: off, in line 1" in at.messages[0]
    assert fake.requests == []


SECRET = "sk-proj-" + "a1B2" * 12


async def test_secrets_are_masked_and_code_that_holds_one_is_not_edited(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    text = f'def f():\n    # shorter\n    password = "{SECRET}"\n    return 1\n'
    async with chatting(tmp_path, fake) as at:
        at.open(text)
        await at.choose("Explain", types.Range(types.Position(3, 4), types.Position(3, 4)))
        await at.page()
        await ask(at, f'Is password = "{SECRET}" right?')
        await at.until(lambda: at.edits)
        for page in at.path.parent.iterdir():
            assert SECRET not in page.read_text()
        await rewrite(at, text, 1, 3)
        await at.until(lambda: at.messages)
        assert "must not be sent" in at.messages[-1]
    assert len(fake.chats) == 2
    assert all(SECRET not in json.dumps(request.body) for request in fake.chats)


async def test_no_log_line_or_message_holds_text(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.txt"
    arguments = ("--log-level", "debug", "--log-file", str(log))
    with FakeDeepSeek(key="sk-canary") as fake:
        async with chatting(tmp_path, fake, arguments=arguments) as at:
            at.open("# canary: shorter\ncanary = 1\n")
            both = types.Range(types.Position(0, 0), types.Position(2, 0))
            fake.chat_answer("canary")
            await at.choose("Explain", both)
            await at.page()
            for title in ("Explain", "Rewrite"):
                fake.chat_script(Reply(400, "you sent canary with sk-canary"))
                await at.choose(title, both)
            fake.chat_answer("This canary is prose.")
            await at.choose("Rewrite", both)
            await at.until(lambda: len(at.messages) == 3)
            assert "canary" not in "".join(at.messages)
    logged = await asyncio.to_thread(log.read_text)
    assert "chat: " in logged
    assert "canary" not in logged
    out, err = capfd.readouterr()
    assert "canary" not in out + err


# Explanations.


@pytest.mark.parametrize("client", CLIENTS)
async def test_from_the_code_action_to_the_document(
    tmp_path: Path, fake: FakeDeepSeek, client: str
) -> None:
    async with chatting(tmp_path, fake, client) as at:
        at.open(CODE)
        fake.chat_answer("It adds `a` and `b`.\n\n![x](http://e) It may *break*.")
        await at.choose("Explain", CURSOR)
        page = await at.page()
        assert page.startswith("# Explanation of `add`\n\na.py, lines 4 to 6\n\nIt adds `a`")
        assert "&#33;[x](http://e)" in page
        (shown,) = at.client.shown_documents
        assert shown.take_focus is (None if client == "eglot" else False)
        assert not shown.external
        await at.until(lambda: at.progress[-1].kind == "end")
        assert [each.kind for each in at.progress][:2] == ["begin", "report"]
        assert at.progress[0].cancellable
        assert "piece" in at.progress[-2].message
        assert at.messages == []
        assert (await at.command("usage"))["today"]["requests"] == 1
    (request,) = fake.chats
    assert request.body["thinking"] == {"type": "disabled"}
    assert "    return a + b" in prompt_of(request)
    assert "import os" in prompt_of(request)
    assert "in English" in prompt_of(request)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        pytest.param("def f():\n    r[e]turn 1\n", "Explain the function", id="one letter"),
        pytest.param("def f():\n    return '[😀]'\n", "Explain the function", id="one emoji"),
        pytest.param("def f():\n [ ]  return 1\n", "Explain the function", id="one blank"),
        pytest.param("def f():\n    return 1[\n]", "Explain the function", id="end of line"),
        pytest.param("def f():\r\n    return 1[\r\n]", "Explain the function", id="CR LF"),
        pytest.param("def f():\n    [re]turn 1\n", "Explain the selection", id="two letters"),
        pytest.param("def f():\n[    return 1\n]", "Explain the selection", id="a line"),
    ],
)
async def test_a_selection_of_one_character_is_a_cursor(
    tmp_path: Path, fake: FakeDeepSeek, text: str, title: str
) -> None:
    # As Helix has it.
    before, rest = text.split("[")
    selection, after = rest.split("]")
    async with chatting(tmp_path, fake, "helix") as at:
        at.open(before + selection + after)
        start, end = at.position(len(before)), at.position(len(before + selection))
        (found, *_) = await at.actions(types.Range(start, end))
        assert found.title.startswith(title)
        fake.chat_answer("Yes.")
        await at.choose("Explain", types.Range(start, end))
        assert ("`f`" in await at.page()) is (title == "Explain the function")


async def test_the_document_is_private_and_gone_with_the_session(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    root = tmp_path / "cache" / "ds-lsp" / "explanations"
    left, alive = root / "999999999-0123abcd", root / f"{os.getpid()}-0123abcd"
    root.mkdir(parents=True, mode=0o700)
    for folder in (left, alive):
        folder.mkdir(mode=0o700)
        (folder / "a.md").write_text("old")
    # As a session that runs holds its folder.
    held = os.open(alive, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    async with chatting(tmp_path, fake) as at:
        at.open(CODE)
        await at.choose("Explain", CURSOR)
        await at.page()
        path = at.path
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert path.parent.parent == root
    os.close(held)
    assert list(root.iterdir()) == [alive]


async def test_a_client_that_rereads_is_shown_the_answer_as_it_grows(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    more = Wait()
    head, *tail = chat_sse("First. Second.")[2:]
    fake.chat_script(head, *tail[:1], more, *tail[1:])
    async with chatting(tmp_path, fake, "vscode") as at:
        at.open(CODE)
        await at.choose("Explain", CURSOR)
        await at.until(lambda: at.client.shown_documents)
        assert "First" in at.shown
        assert "Second" not in at.shown
        assert "# Question" not in at.shown
        more.event.set()
        assert "First. Second." in await at.page()
        assert len(at.client.shown_documents) == 1


@pytest.mark.parametrize("client", ["neovim", "vscode", "helix", "eglot"])
async def test_cancelling_hangs_up(tmp_path: Path, fake: FakeDeepSeek, client: str) -> None:
    fake.chat_script(*chat_sse("It adds")[:4], Wait())
    async with chatting(tmp_path, fake, client) as at:
        at.open(CODE)
        await at.choose("Explain", CURSOR)
        await at.until(lambda: "1 piece" in " ".join(r.message or "" for r in at.progress[1:]))
        token = list(at.client.progress_reports)[-1]
        at.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
        await asyncio.to_thread(fake.wait_until, lambda: fake.running == 0)
        assert fake.chats[0].hung_up
        await at.until(lambda: at.progress[-1].kind == "end")
        assert at.progress[-1].message == "cancelled"
        if client == "vscode":
            assert "\n\nIt\n\n" in at.shown
            assert "cancelled here" in at.shown
        else:
            assert at.client.shown_documents == []
        assert at.messages == []


@pytest.mark.parametrize("client", ["neovim", "vscode", "helix", "eglot"])
async def test_an_empty_account_is_said_once(
    tmp_path: Path, fake: FakeDeepSeek, client: str
) -> None:
    fake.balance = "0.00"
    fake.chat_script(Reply(402, envelope("Insufficient Balance")))
    async with chatting(tmp_path, fake, client) as at:
        at.open(CODE)
        await at.choose("Explain", CURSOR)
        await at.until(lambda: at.messages)
        await at.until(lambda: at.progress and at.progress[-1].kind == "end")
        (message,) = at.messages
        assert "top up" in message
        # It concerns completion as well.
        assert (await at.command("status"))["state"] == "stopped"
        assert at.client.shown_documents == []


async def test_what_is_chats_own_stops_no_completion(tmp_path: Path, fake: FakeDeepSeek) -> None:
    fake.chat_script(Reply(422, envelope("no")))
    async with chatting(tmp_path, fake, options={"provider": "deepseek"}) as at:
        position = at.open("def f(x):\n    return |\n")
        await at.choose("Explain", types.Range(position, position))
        await at.until(lambda: at.messages)
        (message,) = at.messages
        assert "check the `chat` settings" in message
        assert (await at.command("status"))["state"] == "ready"
        fake.answer("x + 1")
        assert await at.complete(position, AUTOMATIC) == "x + 1"


@pytest.mark.parametrize("client", ["neovim", "vscode", "helix", "eglot"])
async def test_what_has_arrived_before_the_end_is_kept(
    tmp_path: Path, fake: FakeDeepSeek, client: str
) -> None:
    fake.chat_script(*chat_sse("It adds two")[:5], Close())
    async with chatting(tmp_path, fake, client) as at:
        at.open(CODE)
        await at.choose("Explain", CURSOR)
        page = await at.page()
        assert "It adds" in page
        assert "*The answer was cut off here." in page
        assert at.messages == []


async def test_a_client_with_neither_progress_nor_documents(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    fake.chat_answer("It adds.\n\n" + "Much more 中文 is to be said. " * 50)
    bare = types.ClientCapabilities()
    async with editor(tmp_path, fake, capabilities=bare) as plain:
        at = Chatting(plain.client, plain.capabilities)
        at.open(CODE)
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(URI), CURSOR, types.CodeActionContext([])
        )
        (command,) = await at.client.text_document_code_action_async(params) or ()
        assert isinstance(command, types.Command)
        await at.client.workspace_execute_command_async(
            types.ExecuteCommandParams(command.command, command.arguments)
        )
        await at.until(lambda: at.messages)
        (message,) = at.messages
        assert message.startswith("ds-lsp: It adds. Much more 中文")
        assert len(message) < 600
        assert "\n" not in message
        path = Path(message.partition("is in ")[2].removesuffix(".)"))
        text = await asyncio.to_thread(path.read_text, "utf-8")
        assert text.count("Much more") == 50
        assert at.client.progress_reports == {}


async def test_a_diagnostic_is_explained_with_what_it_speaks_of(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    found = diagnostic(5)
    related = types.Location(URI, types.Range(types.Position(3, 0), types.Position(3, 3)))
    found.related_information = [
        types.DiagnosticRelatedInformation(related, "defined here"),
        types.DiagnosticRelatedInformation(
            types.Location("file:///nowhere/.env", related.range), "not to be named"
        ),
    ]
    async with chatting(tmp_path, fake) as at:
        at.open(CODE)
        await at.choose("Explain: undefined", CURSOR, found)
        assert "# Explanation of undefined name 'b'" in await at.page()
    prompt = prompt_of(fake.chats[0])
    assert "pyflakes F821: undefined name 'b'" in prompt
    assert "a.py, line 4: defined here" in prompt
    assert "not to be named" not in prompt


@pytest.mark.parametrize(
    ("setting", "locale", "language"),
    [("auto", "zh-cn", "Simplified Chinese"), ("de", "zh-cn", "German"), ("auto", None, "English")],
)
async def test_the_language_is_the_settings_or_the_clients(
    tmp_path: Path, fake: FakeDeepSeek, setting: str, locale: str | None, language: str
) -> None:
    options = {"chat": {"language": setting}}
    async with chatting(tmp_path, fake, options=options, locale=locale) as at:
        at.open(CODE)
        await at.choose("Explain", CURSOR)
        await at.page()
    assert f"in {language}." in prompt_of(fake.chats[0])


async def test_thinking_is_shown_folded_and_never_sent_back(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    fake.chat_answer("It adds.", reasoning="Let me see ... <b>two</b> arguments.")
    async with chatting(tmp_path, fake, options={"chat": {"thinking": True}}) as at:
        at.open(CODE)
        await at.choose("Explain", CURSOR)
        page = await at.page()
        folded = page.partition("<details>")[2].partition("</details>")[0]
        assert "&lt;b>two&lt;/b> arguments." in folded
        await ask(at, "And why?")
        await at.until(lambda: at.edits)
    first, second = fake.chats
    assert first.body["thinking"] == second.body["thinking"] == {"type": "enabled"}
    assert "temperature" not in first.body
    assert "Let me see" not in json.dumps(second.body)


# Follow-up.


async def ask(at: Chatting, question: str) -> str:
    """Write a question into the explanation and run the code action; the text then."""
    uri = at.path.as_uri()
    text = at.shown + f"\n{question}\n"
    at.open(text, uri, "markdown")
    end = types.Position(len(text.splitlines()), 0)
    await at.choose("Ask", types.Range(end, end), uri=uri)
    return text


async def test_a_question_is_answered_below_it(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with chatting(tmp_path, fake) as at:
        at.open(CODE)
        fake.chat_answer("# Sum\n\nIt adds.")
        await at.choose("Explain", CURSOR)
        await at.page()
        uri = at.path.as_uri()
        at.open(at.shown, uri, "markdown")
        assert await at.actions(CURSOR, uri=uri) == []
        fake.chat_answer("Because # it can.")
        text = await ask(at, "Why so? 为什么?")
        await at.until(lambda: at.edits)
        text = at.edited(text)
        assert "## Sum" in text
        assert text.count("# Question\n") == 2
        assert "# Question\n\nWhy so? 为什么?\n\n# Answer\n\nBecause # it can.\n\n# Quest" in text
        # And once more, in the text as it has become.
        fake.chat_answer("Yes.")
        at.open(text + "Sure?\n", uri, "markdown")
        end = types.Position(99, 0)
        await at.choose("Ask", types.Range(end, end), uri=uri)
        await at.until(lambda: len(at.edits) == 2)
        assert "# Answer\n\nYes." in at.edited(text + "Sure?\n")
    messages: Any = fake.chats[2].body["messages"]
    roles = [message["role"] for message in messages]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert "return a + b" in messages[1]["content"]
    assert messages[2]["content"].endswith("## Sum\n\nIt adds.")
    said = [message["content"] for message in messages[3:]]
    assert said == ["Why so? 为什么?", "Because # it can.", "Sure?"]


async def test_an_answer_that_cannot_be_inserted_is_kept(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with chatting(tmp_path, fake) as at:
        at.open(CODE)
        await at.choose("Explain", CURSOR)
        await at.page()
        at.refuses_edits = True
        fake.chat_answer("Because it can.")
        await ask(at, "Why so?")
        await at.until(lambda: at.messages)
        assert "Because it can." in at.messages[0]
        path = Path(at.messages[0].partition("is in ")[2].removesuffix(".)"))
        kept = await asyncio.to_thread(path.read_text, "utf-8")
        assert kept.startswith("Why so?\n\n# Answer\n\nBecause it can.")


async def test_an_explanation_is_not_code(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with chatting(tmp_path, fake) as at:
        at.open(CODE)
        await at.choose("Explain", CURSOR)
        await at.page()
        uri = at.path.as_uri()
        position = at.open(at.shown + "|", uri, "markdown")
        assert await at.complete(position, uri=uri) is None


# Edits.


FUNCTION = "class A:\n    def f(self):\n        # 中文\n        return 甲\n\n\nx = 1\n"


async def rewrite(at: Chatting, text: str, first: int, last: int) -> None:
    at.open(text)
    span = types.Range(types.Position(first, 0), types.Position(last + 1, 0))
    await at.choose("Rewrite", span)


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_rewrite_is_one_edit_of_one_version(
    tmp_path: Path, fake: FakeDeepSeek, client: str
) -> None:
    text = "def f():\r\n    # make it 2\r\n    x = '🙂'\r\n    return x\r\n"
    fake.chat_answer("x = 2\n    return x\n")
    async with chatting(tmp_path, fake, client) as at:
        await rewrite(at, text, 1, 3)
        await at.until(lambda: at.edits)
        assert at.edited(text) == "def f():\r\n    x = 2\r\n    return x\r\n"
    (request,) = fake.chats
    messages: Any = request.body["messages"]
    assert request.path == "/beta/chat/completions"
    assert messages[-1] == {"role": "assistant", "content": "`````python\n    ", "prefix": True}
    assert request.body["stop"] == ["`````"]
    assert "make it 2" in messages[1]["content"]


async def test_a_text_that_has_changed_meanwhile_is_left_alone(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    go_on = Wait()
    fake.chat_script(go_on, *chat_sse("x = 2"))
    async with chatting(tmp_path, fake) as at:
        await rewrite(at, "# make it 2\nx = 1\n", 0, 1)
        await asyncio.to_thread(fake.wait_for_requests, 1)
        at.insert(types.Position(1, 5), "0")
        go_on.event.set()
        await at.until(lambda: at.messages)
        assert at.edits == []
        assert "has changed" in at.messages[0]


async def test_an_edit_the_client_refuses_is_said(tmp_path: Path, fake: FakeDeepSeek) -> None:
    fake.chat_answer("x = 2")
    async with chatting(tmp_path, fake) as at:
        at.refuses_edits = True
        await rewrite(at, "# make it 2\nx = 1\n", 0, 1)
        await at.until(lambda: at.messages)
        assert "has changed" in at.messages[0]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("Sure, here is the code you wanted.", id="prose"),
        pytest.param("好的，这是修改后的代码。", id="chinese prose"),
        pytest.param("", id="nothing"),
        pytest.param("\n \n", id="blanks"),
        pytest.param("x = (2\n", id="unbalanced"),
        pytest.param("x = 2\n```\nI made it 2.", id="a remark behind a fence"),
        pytest.param("```python\nx = 2\n```\nand\n```\ny\n```", id="several fences"),
        pytest.param("x = 1", id="the same again"),
        pytest.param("  x = 2\n y = 3", id="wrong indentation"),
    ],
)
async def test_what_is_no_code_is_not_applied(
    tmp_path: Path, fake: FakeDeepSeek, answer: str
) -> None:
    fake.chat_answer(answer)
    async with chatting(tmp_path, fake) as at:
        await rewrite(at, "# make it 2\nx = 1\n", 0, 1)
        await at.until(lambda: at.messages)
        assert at.edits == []
        assert "was changed" in at.messages[0]


async def test_half_an_answer_is_not_applied(tmp_path: Path, fake: FakeDeepSeek) -> None:
    fake.chat_script(*chat_sse("x = 2", finish="length"))
    async with chatting(tmp_path, fake) as at:
        await rewrite(at, "# make it 2\nx = 1\n", 0, 1)
        await at.until(lambda: at.messages)
        fake.chat_script(*chat_sse("x = 2", finish=None, done=False), Close())
        await rewrite(at, "# make it 2\nx = 1\n", 0, 1)
        await at.until(lambda: len(at.messages) == 2)
        assert at.edits == []


async def test_a_diagnostic_is_fixed(tmp_path: Path, fake: FakeDeepSeek) -> None:
    fake.chat_answer("def add(a, b):\n    return b + a\n")
    async with chatting(tmp_path, fake) as at:
        at.open(CODE)
        await at.choose("Fix", CURSOR, diagnostic(5))
        await at.until(lambda: at.edits)
        assert at.edited(CODE) == CODE.replace('    """🙂"""\n', "").replace("a + b", "b + a")
    assert "pyflakes F821" in prompt_of(fake.chats[0])


async def test_a_function_is_documented(tmp_path: Path, fake: FakeDeepSeek) -> None:
    fake.chat_answer('{"documentation": "The character.\\n\\nSays \\"甲\\"."}')
    async with chatting(tmp_path, fake) as at:
        at.open(FUNCTION)
        at_name = types.Range(types.Position(1, 8), types.Position(1, 8))
        await at.choose("Write documentation", at_name)
        await at.until(lambda: at.edits)
        wanted = '        """The character.\n\n        Says "甲".\n        """\n'
        before, line, after = FUNCTION.partition("        # 中文")
        assert at.edited(FUNCTION) == before + wanted + line + after
    (request,) = fake.chats
    assert request.body["response_format"] == {"type": "json_object"}


# Beside completion.


async def test_completion_goes_on_while_explanations_stream(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    go_on = Wait()
    for _ in range(10):
        fake.chat_script(*chat_sse("It adds")[:4], go_on, *chat_sse(" two.")[2:])
    options = {"completion": {"debounceMs": 0}}
    async with chatting(tmp_path, fake, options=options) as at:
        position = at.open("def f(x):\n    return |\n")
        for _ in range(10):
            await at.choose("Explain", types.Range(position, position))
        await asyncio.to_thread(fake.wait_until, lambda: len(fake.chats) == 2)
        for number in range(5):
            fake.answer(f"x + {number}")
            position = at.insert(position, "(")
            assert await at.complete(position, AUTOMATIC) == f"x + {number}"
        assert len(fake.chats) == 2
        reports: Any = at.client.progress_reports.values()
        await at.until(lambda: sum("waiting" in (r[-1].message or "") for r in reports) == 8)
        go_on.event.set()
        await at.until(lambda: len(at.client.shown_documents) == 10)
    assert len(fake.chats) == 10


async def test_commands_of_chat_answer_before_anybody_is_asked(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    fake.chat_script(Wait())
    async with chatting(tmp_path, fake) as at:
        at.open(CODE)
        # `choose` waits for the answer to the command, and the model never says a word.
        await at.choose("Explain", CURSOR)
        await asyncio.to_thread(fake.wait_for_requests, 1)


async def test_without_a_key_it_is_said_what_is_missing(tmp_path: Path) -> None:
    async with editor(tmp_path, **recorded("neovim")) as plain:
        at = Chatting(plain.client, plain.capabilities)
        at.open(CODE)
        assert await at.actions(CURSOR, diagnostic(5)) == []
        span = CONVERTER.unstructure(CURSOR)
        await at.command("explain", {"textDocument": {"uri": URI}, "range": span})
        await at.until(lambda: at.messages)
        assert "needs a key" in at.messages[0]
