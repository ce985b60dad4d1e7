"""The completion menu, for editors without inline completion."""

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types

from tests.e2e.editor import URI, Editor, editor
from tests.fake_deepseek import FakeDeepSeek, Send, Wait, chunk

NO_INLINE = types.ClientCapabilities(text_document=types.TextDocumentClientCapabilities())
ABLE = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        completion=types.CompletionClientCapabilities(
            completion_item=types.ClientCompletionItemOptions(
                insert_text_mode_support=types.ClientCompletionItemInsertTextModeOptions(
                    [types.InsertTextMode.AsIs]
                ),
                documentation_format=[types.MarkupKind.Markdown],
            )
        )
    )
)


async def menu(at: Editor, position: types.Position) -> types.CompletionList:
    params = types.CompletionParams(types.TextDocumentIdentifier(URI), position)
    result = await at.client.text_document_completion_async(params)
    assert isinstance(result, types.CompletionList)
    assert result.is_incomplete
    return result


async def test_item_begins_with_the_word_being_typed(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake, capabilities=NO_INLINE) as at:
        position = at.open("甲 = 加pri|\n")
        fake.answer("nt(乙,\n    '😀')\n丙 = 丁")
        (item,) = (await menu(at, position)).items
        text = "加print(乙,\n    '😀')"
        assert (item.insert_text, item.filter_text) == (text, text)
        assert item.label == "加print(乙, ..."
        assert item.detail == "ds-lsp"
        assert item.sort_text == "0000"
        assert item.insert_text_format in (None, types.InsertTextFormat.PlainText)
        assert item.insert_text_mode is None
        assert item.text_edit is None
        assert item.documentation == text


async def test_helix_gets_an_exact_edit(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(
        tmp_path, fake, capabilities=NO_INLINE, client_name="helix", encodings=None
    ) as at:
        position = at.open("s = '😀' + pri|\n")
        fake.answer("nt(乙)")
        (item,) = (await menu(at, position)).items
        assert item.insert_text is None
        assert isinstance(item.text_edit, types.TextEdit)
        assert item.text_edit.new_text == "print(乙)"
        # UTF-16: the emoji counts two.
        start = types.Position(0, position.character - 3)
        assert item.text_edit.range == types.Range(start, position)
        # The label is all that is seen of an item that is not selected.
        assert item.label == "print(乙)  [ds-lsp]"


@pytest.mark.parametrize(
    ("document", "answer", "label"),
    [
        ("def f(x):|\n", "\n    return 甲", "... return 甲"),
        ("def f(x):|\r\n", "\n    return 😀\n    # y", "... return 😀 ..."),
        ("def f(x):|\n", "\n\n    return x", "... return x"),
        ("x = f|\n", "oo(", "foo("),
        ("try|\n", ":\n    load()", "try: ..."),
    ],
)
async def test_label_is_the_first_line_that_says_something(
    document: str, answer: str, label: str, tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake, capabilities=NO_INLINE) as at:
        position = at.open(document)
        fake.answer(answer)
        (item,) = (await menu(at, position)).items
        assert item.label == label


async def test_several_lines_are_no_snippet_by_their_kind(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    # Helix would indent them again.
    async with editor(tmp_path, fake, capabilities=NO_INLINE) as at:
        position = at.open("x = pri|\n")
        fake.answer("nt(\n    乙\n)")
        (item,) = (await menu(at, position)).items
        assert "\n" in (item.insert_text or "")
        assert item.kind == types.CompletionItemKind.Text


async def test_client_that_can_takes_text_as_it_is_and_shows_markdown(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake, capabilities=ABLE) as at:
        position = at.open("x = |\n")
        fake.answer("'```'")
        (item,) = (await menu(at, position)).items
        assert item.insert_text_mode == types.InsertTextMode.AsIs
        assert isinstance(item.documentation, types.MarkupContent)
        assert item.documentation.value == "````python\n'```'\n````"


@pytest.mark.parametrize(
    ("setting", "has_inline", "is_announced"),
    [
        ("auto", False, True),
        ("auto", True, False),
        ("always", True, True),
        ("never", False, False),
    ],
)
async def test_the_setting_and_the_client_decide_on_the_menu(
    tmp_path: Path, setting: str, has_inline: bool, is_announced: bool
) -> None:
    async with editor(
        tmp_path,
        options={"completion": {"menu": setting}},
        capabilities=None if has_inline else NO_INLINE,
    ) as at:
        assert (at.capabilities.completion_provider is not None) is is_announced


async def test_client_that_asks_for_inline_completion_gets_no_menu_any_more(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake, capabilities=NO_INLINE) as at:
        position = at.open("x = |\n")
        assert (await menu(at, position)).items
        assert await at.complete(position)
        assert not (await menu(at, position)).items


async def test_switched_off_without_a_restart(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake, capabilities=NO_INLINE) as at:
        position = at.open("x = |\n")
        await at.configure({"completion": {"menu": "never"}})
        assert not (await menu(at, position)).items
    assert fake.requests == []


async def test_switched_on_without_a_restart(tmp_path: Path, fake: FakeDeepSeek) -> None:
    able = types.ClientCapabilities(
        text_document=types.TextDocumentClientCapabilities(
            completion=types.CompletionClientCapabilities(dynamic_registration=True),
            inline_completion=types.InlineCompletionClientCapabilities(),
        )
    )
    registered: list[str] = []
    async with editor(tmp_path, fake, capabilities=able) as at:

        @at.client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(params: types.RegistrationParams) -> None:
            registered.extend(each.method for each in params.registrations)

        assert at.capabilities.completion_provider is None
        await at.configure({"completion": {"menu": "always"}})
        await at.configure({"completion": {"menu": "always"}})
        assert registered == [types.TEXT_DOCUMENT_COMPLETION]
        assert (await menu(at, at.open("x = |\n"))).items


async def test_menu_is_answered_in_bounded_time(tmp_path: Path, fake: FakeDeepSeek) -> None:
    fake.script(Wait())
    async with editor(tmp_path, fake, capabilities=NO_INLINE) as at:
        assert not (await menu(at, at.open("x = |\n"))).items
        await asyncio.to_thread(fake.wait_until, lambda: fake.requests[0].hung_up)


async def test_older_menu_request_is_answered_null(tmp_path: Path, fake: FakeDeepSeek) -> None:
    # What it goes on to say is not what is typed.
    fake.script(Send(f"data: {chunk('1')}\n\n".encode()), Wait())
    async with editor(
        tmp_path, fake, capabilities=NO_INLINE, options={"completion": {"debounceMs": 0}}
    ) as at:
        position = at.open("x = |\n")
        params = types.CompletionParams(types.TextDocumentIdentifier(URI), position)
        older = asyncio.ensure_future(at.client.text_document_completion_async(params))
        await asyncio.to_thread(fake.wait_for_requests, 1)
        newer = await menu(at, at.insert(position, "q"))
        assert await older is None
        assert newer.items
