"""The golden cases, from an editor's request to its document afterwards."""

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from ds_lsp.text.document import Document
from tests.e2e.editor import Editor, editor
from tests.fake_deepseek import FakeDeepSeek, sse
from tests.unit.completion.postprocess.test_fit import GOLDEN, documents

KINDS = types.PositionEncodingKind


async def complete(at: Editor, fake: FakeDeepSeek, case: dict[str, Any]) -> str:
    """The document when what is offered has been accepted."""
    uri = f"file:///nowhere/{case['id']}.code"
    # The cursor is marked by a sign that no case holds.
    item = types.TextDocumentItem(uri, case["language"], 1, case["prefix"] + case["suffix"])
    at.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    at.text = item.text
    fake.script(*sse(case["raw"], finish=case.get("finish_reason", "stop")))
    _, answer = at.request(at.position(len(case["prefix"])), uri=uri)
    result = await answer
    document = Document(uri, "", 1, item.text, at.encoding)
    for offered in result.items if result else ():
        assert isinstance(offered.insert_text, str)
        assert offered.range
        start, end = offered.range.start, offered.range.end
        assert start.line == end.line
        document.replace(
            (start.line, start.character), (end.line, end.character), offered.insert_text
        )
    return document.text


@pytest.mark.parametrize(
    ("mode", "multiline"),
    [("single", "never"), ("multi", "always")],
)
@pytest.mark.parametrize("encoding", [KINDS.Utf8, KINDS.Utf16], ids=lambda kind: kind.value)
async def test_golden_completions_reach_the_document(
    tmp_path: Path,
    fake: FakeDeepSeek,
    mode: str,
    multiline: str,
    encoding: types.PositionEncodingKind,
) -> None:
    options = {"completion": {"multiline": multiline}}
    cases = [case for case in GOLDEN if case["mode"] == mode]
    async with editor(tmp_path, fake, options=options, encodings=[encoding]) as at:
        wrong = [
            case["id"] for case in cases if await complete(at, fake, case) not in documents(case)
        ]
    assert wrong == []
    assert len(cases) > 40


REPLACED = "x = '😀'; describe('fi‸');\n"


@pytest.mark.parametrize("encoding", [KINDS.Utf8, KINDS.Utf16, KINDS.Utf32])
async def test_the_range_reaches_over_what_is_replaced(
    tmp_path: Path, fake: FakeDeepSeek, encoding: types.PositionEncodingKind
) -> None:
    options = {"completion": {"multiline": "always"}}
    async with editor(tmp_path, fake, options=options, encodings=[encoding]) as at:
        before, _, after = REPLACED.partition("‸")
        position = at.open(before + "|" + after, language_id="javascript")
        fake.answer("nd', () => {\n  甲('b');\n})")
        _, answer = at.request(position)
        result = await answer
        assert result
        (item,) = result.items
        assert item.range
        assert item.range.start == position
        assert item.range.end == types.Position(0, position.character + 2)
        assert (await at.command("why"))["rules"] == ["fit_around_rest"]


@pytest.mark.parametrize("client", ["Neovim", "emacs"])
async def test_client_that_draws_over_the_rest_replaces_nothing(
    tmp_path: Path, fake: FakeDeepSeek, client: str
) -> None:
    async with editor(tmp_path, fake, client_name=client) as at:
        position = at.open("for (i = 0; i <|)\n", language_id="c")
        fake.answer(" n; i++) {")
        _, answer = at.request(position)
        result = await answer
        assert result
        (item,) = result.items
        assert item.insert_text == " n; i++"
        assert item.range == types.Range(position, position)


async def test_the_menu_replaces_only_by_an_edit(tmp_path: Path, fake: FakeDeepSeek) -> None:
    bare = types.ClientCapabilities(text_document=types.TextDocumentClientCapabilities())
    for client, text, reach in (("helix", " n; i++) {", 1), ("other", " n; i++", 0)):
        async with editor(tmp_path, fake, capabilities=bare, client_name=client) as at:
            position = at.open("for (i = 0; i <|)\n", language_id="c")
            fake.answer(" n; i++) {")
            params = types.CompletionParams(
                types.TextDocumentIdentifier("file:///nowhere/a.py"), position
            )
            result = await at.client.text_document_completion_async(params)
            assert isinstance(result, types.CompletionList)
            (item,) = result.items
            edit = item.text_edit
            if reach:
                assert isinstance(edit, types.TextEdit)
                end = types.Position(position.line, position.character + reach)
                assert (edit.new_text, edit.range) == (text, types.Range(position, end))
            else:
                assert (edit, item.insert_text) == (None, text)
