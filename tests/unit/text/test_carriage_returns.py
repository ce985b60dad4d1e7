"""Files whose carriage returns are characters to the client are completed and edited as others."""

import json
from pathlib import Path

import pytest

from ds_lsp.chat import documentation, edits
from ds_lsp.chat.subject import CodeSelection, select_around
from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.place import cursor_context
from ds_lsp.completion.postprocess.rules import Fitted, fit
from ds_lsp.completion.trigger import SUPPRESS_RULES, ShownCompletion
from ds_lsp.lsp.clients import ChatClient
from ds_lsp.lsp.convert import to_workspace_edit
from ds_lsp.providers.base import Finish
from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.document import Document
from ds_lsp.text.lines import STAND_IN, CarriageReturns
from ds_lsp.text.snapshot import Snapshot

CASES = json.loads(
    (Path(__file__).parents[2] / "golden" / "postprocess-cases.json").read_text("utf-8")
)
CODE = """\
import os

class A:
    def add(self, a, b):
        x = a + b
        return x

    def sub(self, a, b):
        return a - b
"""
SCRIPT = "// a\rb\n\nfunction f(a) { // 甲\r乙\n  return a;\n}\n"


def opened(text: str, rule: CarriageReturns, language_id: str = "python") -> Document:
    text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return Document("file:///a", language_id, 1, text, carriage_returns=rule)


def snapshots(prefix: str, suffix: str, language_id: str) -> list[Snapshot]:
    """The same place in a client that knows line ends and in one that keeps them as text."""
    line, column = prefix.count("\n"), len(prefix) - prefix.rfind("\n") - 1
    column = len(prefix[len(prefix) - column :].encode("utf-16-le")) // 2
    return [
        opened(prefix + suffix, rule, language_id).snapshot(line, column)
        for rule in (CarriageReturns.LINE_ENDS, CarriageReturns.CHARACTERS)
    ]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_completion_fits_alike(case: dict[str, str]) -> None:
    prefix, suffix = (case[name].replace("\r\n", "\n") for name in ("prefix", "suffix"))
    places = snapshots(prefix, suffix, case["language"])
    for extent in Extent:
        ends, characters = (fit(case["raw"], cursor_context(at, extent)) for at in places)
        assert _shown(ends) == _shown(characters)
    assert len({_suppressed(at) for at in places}) == 1


def _shown(fitted: Fitted) -> tuple[str, int]:
    return fitted.text.replace("\r\n", "\n"), fitted.replaces


def _suppressed(at: Snapshot) -> tuple[str, ...]:
    return tuple(
        rule.reason.value for rule in SUPPRESS_RULES if rule.suppresses(at, ShownCompletion())
    )


def subject(text: str, line: int, language_id: str = "python") -> CodeSelection:
    found = select_around(opened(text, CarriageReturns.CHARACTERS, language_id), "a", line)
    assert found
    return found


def test_an_edit_repeats_no_function_below() -> None:
    said = CODE[CODE.index("def add") :].replace("a + b", "int(a)")
    edit = edits.replacement(said, Finish.STOP, subject(CODE, 4))
    assert edit.text == "    def add(self, a, b):\r\n        x = int(a)\r\n        return x"
    assert (edit.first, edit.last) == (3, 5)


def test_documentation_is_written() -> None:
    edit = documentation.to_edit('{"documentation": "Add."}', Finish.STOP, subject(CODE, 4))
    assert edit == edits.ChatEdit(4, 4, '        """Add."""\r\n        x = a + b')


def test_no_stand_in_gets_into_the_clients_text() -> None:
    about = subject(SCRIPT, 3, "javascript")
    edit = documentation.to_edit('{"documentation": "Give back."}', Finish.STOP, about)
    client = ChatClient(applies_edits=True, knows_versions=False)
    change = to_workspace_edit(edit, about, PositionEncoding.UTF16, client)
    assert change.changes
    (text,) = change.changes["file:///a"]
    assert text.new_text == "/**\r\n * Give back.\r\n */\r\nfunction f(a) { // 甲\r乙"
    # The carriage return at the end of the line stays where it is.
    assert (text.range.start.line, text.range.end.line) == (2, 2)
    assert text.range.end.character == len("function f(a) { // 甲\r乙")
    assert STAND_IN not in text.new_text
