"""``ds-lsp/explain``: for plugins that show the Markdown themselves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.editor import server_environment
from tests.fake_deepseek import Close, FakeDeepSeek, Reply, Wait, chat_sse, envelope
from tests.raw_client import RawClient

URI = "file:///project/a.py"
TEXT = "def add(a, b):\n    return a + b  # 🙂\n"
INSIDE = {"line": 1, "character": 4}
ASKED: Mapping[str, object] = {
    "textDocument": {"uri": URI},
    "range": {"start": INSIDE, "end": INSIDE},
}


@pytest.fixture
def at(tmp_path: Path, fake: FakeDeepSeek) -> Any:
    with RawClient(server_environment(tmp_path, fake), tmp_path / "stderr", {}) as client:
        client.ask("initialize", {"capabilities": {}, "processId": None, "rootUri": None})
        client.notify("initialized", {})
        item = {"uri": URI, "languageId": "python", "version": 1, "text": TEXT}
        client.notify("textDocument/didOpen", {"textDocument": item})
        yield client


def progress(at: RawClient, token: str) -> list[Any]:
    return [
        message["params"]["value"]
        for message in at.notifications
        if message["method"] == "$/progress" and message["params"]["token"] == token
    ]


def test_the_answer_is_markdown(at: RawClient, fake: FakeDeepSeek) -> None:
    fake.chat_answer("# Sum\n\nIt ![adds](http://e).")
    assert at.ask("ds-lsp/explain", ASKED) == "## Sum\n\nIt &#33;[adds](http://e)."


def test_partial_results_are_the_whole_result(at: RawClient, fake: FakeDeepSeek) -> None:
    fake.chat_answer("It adds.\n\n```\na\n```\n\n[x](command:y)\nend", reasoning="Hm.")
    asked = {**ASKED, "partialResultToken": "p", "workDoneToken": "w"}
    assert at.ask("ds-lsp/explain", asked) == ""
    pieces = progress(at, "p")
    assert len(pieces) > 1
    text = "".join(pieces)
    assert text.startswith("It adds.\n\n```\na\n```\n\n[x&#93;(command\\:y)\nend\n\n<details>")
    assert "Hm." in text
    work = progress(at, "w")
    assert [work[0]["kind"], work[-1]["kind"]] == ["begin", "end"]


def test_cancelling_hangs_up(at: RawClient, fake: FakeDeepSeek) -> None:
    fake.chat_script(*chat_sse("It adds")[:4], Wait())
    asked = at.request("ds-lsp/explain", ASKED)
    fake.wait_for_requests(1)
    at.notify("$/cancelRequest", {"id": asked})
    assert at.answer(asked)["error"]["code"] == -32800
    fake.wait_until(lambda: fake.running == 0)
    assert fake.chats[0].hung_up


def test_its_own_progress_cancels_as_well(at: RawClient, fake: FakeDeepSeek) -> None:
    fake.chat_script(*chat_sse("It adds")[:4], Wait())
    asked = at.request("ds-lsp/explain", {**ASKED, "workDoneToken": "w"})
    fake.wait_for_requests(1)
    at.notify("window/workDoneProgress/cancel", {"token": "w"})
    assert "error" in at.answer(asked)
    fake.wait_until(lambda: fake.running == 0)


def test_what_was_cut_off_says_so(at: RawClient, fake: FakeDeepSeek) -> None:
    fake.chat_script(*chat_sse("It adds")[:5], Close())
    markdown = at.ask("ds-lsp/explain", ASKED)
    assert markdown.startswith("It adds\n\n*The answer was cut off here.")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"textDocument": {"uri": "file:///other.py"}}, "is not open"),
        ({"range": {"start": {"line": 9, "character": 0}, "end": {"line": 9, "character": 0}}}, ""),
    ],
)
def test_what_cannot_be_explained_is_an_error_in_words(
    at: RawClient, change: Mapping[str, object], words: str
) -> None:
    answer = at.answer(at.request("ds-lsp/explain", {**ASKED, **change}))
    assert answer["error"]["code"] == -32803
    assert words in answer["error"]["message"]


def test_a_failure_is_an_error_in_words(at: RawClient, fake: FakeDeepSeek) -> None:
    fake.chat_script(Reply(422, envelope("canary")))
    answer = at.answer(at.request("ds-lsp/explain", ASKED))
    assert answer["error"]["code"] == -32803
    assert "check the `chat` settings" in answer["error"]["message"]


def test_nonsense_is_answered(at: RawClient) -> None:
    assert "error" in at.answer(at.request("ds-lsp/explain", {"range": 1}))
    assert at.ask("workspace/executeCommand", {"command": "ds-lsp.status"})["state"]
