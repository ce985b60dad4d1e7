"""An item is selected in the editor's completion menu: ghost text goes on from it, or is none."""

from pathlib import Path

import pytest
from lsprotocol import types

from tests.e2e.editor import AUTOMATIC, INVOKED, URI, Editor, editor
from tests.fake_deepseek import FakeDeepSeek

ENCODINGS = list(types.PositionEncodingKind)


async def ask(
    at: Editor, start: int, cursor: int, end: int, item: str
) -> types.InlineCompletionList:
    """Ask with the cursor at an offset, and *item* selected for the text from *start* to *end*."""
    selected = types.SelectedCompletionInfo(types.Range(at.position(start), at.position(end)), item)
    params = types.InlineCompletionParams(
        types.InlineCompletionContext(AUTOMATIC, selected),
        types.TextDocumentIdentifier(URI),
        at.position(cursor),
    )
    result = await at.client.text_document_inline_completion_async(params)
    assert isinstance(result, types.InlineCompletionList)
    return result


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("text", "typed", "over", "item"),
    [
        pytest.param("x = pri|", "pri", "", "print", id="word"),
        pytest.param("s = '\U0001f600'; pri|\r\ny = 2\r\n", "pri", "", "print", id="emoji, CRLF"),
        pytest.param("# 计算\n和 = 计|\n", "计", "", "计算器", id="Chinese"),
        pytest.param("x = obj.|\n", "", "", "name", id="after a dot, nothing typed"),
        pytest.param("x = pr|nt\n", "pr", "nt", "print", id="the rest of the word is overwritten"),
    ],
)
async def test_goes_on_from_the_selected_item(
    tmp_path: Path,
    fake: FakeDeepSeek,
    encoding: types.PositionEncodingKind,
    text: str,
    typed: str,
    over: str,
    item: str,
) -> None:
    async with editor(tmp_path, fake, encodings=[encoding]) as at:
        at.open(text)
        cursor = text.index("|")
        start, end = cursor - len(typed), cursor + len(over)
        fake.answer("(甲\U0001f600)")
        (offered,) = (await ask(at, start, cursor, end, item)).items
        assert offered.insert_text == item + "(甲\U0001f600)"
        assert offered.range == types.Range(at.position(start), at.position(end))
        body = fake.requests[-1].body
        assert body["prompt"] == at.text[:start] + item
        rest = at.text[end:]
        assert body.get("suffix", "") == (rest if rest.strip() else "")


async def test_accepting_the_item_alone_finds_the_answer_known(
    tmp_path: Path, fake: FakeDeepSeek
) -> None:
    async with editor(tmp_path, fake) as at:
        position = at.open("x = pri|")
        fake.answer("(1)")
        await ask(at, 4, 7, 7, "print")
        position = at.insert(position, "nt")
        assert await at.complete(position, AUTOMATIC) == "(1)"
        assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("start", "cursor", "end", "item"),
    [
        pytest.param(4, 7, 7, "Print", id="other case"),
        pytest.param(4, 7, 7, "sprint", id="matched in the middle"),
        pytest.param(4, 6, 7, "prx", id="what follows the cursor would be deleted"),
        pytest.param(5, 4, 7, "rint", id="cursor outside"),
        pytest.param(4, 7, 9, "print\nx", id="over the end of the line"),
    ],
)
async def test_what_the_editor_would_not_show_is_not_asked_for(
    tmp_path: Path, fake: FakeDeepSeek, start: int, cursor: int, end: int, item: str
) -> None:
    async with editor(tmp_path, fake) as at:
        at.open("x = pri|\nyy")
        assert not (await ask(at, start, cursor, end, item)).items
        assert await at.why() == "menu_item"
        assert fake.requests == []


async def test_nothing_to_add_is_nothing(tmp_path: Path, fake: FakeDeepSeek) -> None:
    async with editor(tmp_path, fake) as at:
        at.open("x = pri|")
        fake.answer("")
        assert not (await ask(at, 4, 7, 7, "print")).items
        fake.answer("()")
        assert await at.complete(at.position(7), INVOKED) == "()"
