"""Should we complete here at all?"""

import pytest

from ds_lsp.completion.request import CompletionRequest, Reason, Trigger
from ds_lsp.completion.trigger import ShownCompletion, refusal, suppression
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.document import Document
from tests.unit.texts import request_at

INVOKED, AUTOMATIC = Trigger.INVOKED, Trigger.AUTOMATIC


@pytest.mark.parametrize(
    ("text", "trigger", "settings", "excluded", "reason"),
    [
        pytest.param("x = |", AUTOMATIC, {}, None, None, id="go on"),
        pytest.param("x = |", INVOKED, {"enabled": False}, None, Reason.DISABLED, id="off"),
        pytest.param(
            "x|",
            INVOKED,
            {"disabled_languages": ("lua", "python-ts-mode")},
            None,
            Reason.LANGUAGE_DISABLED,
            id="language",
        ),
        pytest.param("x|", AUTOMATIC, {"disabled_languages": ("lua",)}, None, None, id="other"),
        pytest.param("x|", INVOKED, {}, "built-in: .env", Reason.EXCLUDED, id="excluded"),
        pytest.param(" \r\n\t|\n", AUTOMATIC, {}, None, Reason.EMPTY_DOCUMENT, id="blank"),
        pytest.param(" \n|", INVOKED, {}, None, None, id="blank but asked for"),
        pytest.param("|\n中", AUTOMATIC, {}, None, None, id="text below"),
    ],
)
def test_a_request_is_refused_with_its_reason(
    text: str,
    trigger: Trigger,
    settings: dict[str, object],
    excluded: str | None,
    reason: Reason | None,
) -> None:
    request = request_at(text, trigger, CompletionSettings(**settings))  # type: ignore[arg-type]
    refused = refusal(request, lambda snapshot: excluded)
    assert (refused[0] if refused else None) is reason
    if excluded:
        assert refused
        assert refused[1] == excluded


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("import |", None, id="first line"),
        pytest.param("im|", Reason.TOO_LITTLE_TEXT, id="two letters of a new file"),
        pytest.param("\n|\nimport os", None, id="text below"),
        pytest.param("na|me = 1", Reason.INSIDE_WORD, id="inside a word"),
        pytest.param("计|算 = 1", Reason.INSIDE_WORD, id="inside a Chinese word"),
        pytest.param("x = name| + 1", Reason.MIDDLE_OF_LINE, id="after a word, more follows"),
        pytest.param("    |return x", Reason.MIDDLE_OF_LINE, id="before a statement"),
        pytest.param("x = |  # 注释", None, id="before a comment"),
        pytest.param("x = | + 1", None, id="a gap"),
        pytest.param("foo(|)", None, id="closed by the editor"),
        pytest.param("foo(|))", None, id="closed twice"),
        pytest.param("print('|')", None, id="in closed quotes"),
        pytest.param("if foo(a, |):", None, id="closed, with a colon"),
        pytest.param("foo(|);\r\nx", None, id="closed, with a semicolon, CRLF"),
        pytest.param("foo(a|, b)", Reason.MIDDLE_OF_LINE, id="after an argument"),
        pytest.param("foo(|, b)", None, id="an argument is missing"),
        pytest.param("打印（|）", None, id="full-width brackets"),
        pytest.param("return x;|", Reason.END_OF_STATEMENT, id="after a semicolon"),
        pytest.param("x = {}  |\n", Reason.END_OF_STATEMENT, id="after a brace"),
        pytest.param("foo(a)|", None, id="after a bracket"),
        pytest.param("foo(a);\n|", None, id="the line after a statement"),
        pytest.param("s = '\U0001f600 |", None, id="after an emoji"),
        pytest.param("\t\tx = |", None, id="tabs"),
    ],
)
def test_places_where_asking_is_not_worth_it(text: str, reason: Reason | None) -> None:
    found = suppression(request_at(text), ShownCompletion())
    assert (found[0] if found else None) is reason
    assert suppression(request_at(text, INVOKED), ShownCompletion()) is None


class Typed:
    """A document that something is done to, and the request that follows."""

    def __init__(self, text: str) -> None:
        self.document = Document("file:///a.py", "python", 1, text, PositionEncoding.UTF32)

    def reason(self, line: int, column: int, shown: str = "") -> Reason | None:
        snapshot = self.document.snapshot(line, column)
        request = CompletionRequest(snapshot, AUTOMATIC, CompletionSettings())
        found = suppression(request, ShownCompletion(shown))
        return found[0] if found else None


def test_one_or_two_deletions_correct_and_three_rewrite() -> None:
    typed = Typed("x = 计算值a\ny = 1\n")
    seen = []
    for column in (7, 6, 5):
        typed.document.replace((0, column), (0, column + 1), "")
        seen.append(typed.reason(0, column))
    assert seen == [Reason.CORRECTING, Reason.CORRECTING, None]
    typed.document.replace((0, 5), (0, 5), "b")
    assert typed.reason(0, 6) is None
    typed.document.replace((0, 5), (0, 6), "")
    assert typed.reason(0, 5) is Reason.CORRECTING
    assert typed.reason(1, 5) is None, "another line has nothing to do with it"


def test_deleting_lines_is_no_correction() -> None:
    typed = Typed("x = \nold\nold\n")
    typed.document.replace((0, 4), (2, 3), "")
    assert typed.reason(0, 4) is None


@pytest.mark.parametrize(
    ("inserted", "shown", "reason"),
    [
        pytest.param("计算(1)", "计算(1)", Reason.JUST_ACCEPTED, id="accepted"),
        pytest.param("word(1)", "(1)", Reason.JUST_ACCEPTED, id="accepted with its word"),
        pytest.param("1", "计算(1)", None, id="typed along"),
        pytest.param("a\r\nb\r\nc", "a\r\nb\r\nc", None, id="accepted three lines"),
        pytest.param("a\nb\nc", "z", Reason.PASTED, id="pasted three lines"),
        pytest.param("a\nb", "z", None, id="pasted two lines"),
        pytest.param("\n    ", "", None, id="a new line"),
    ],
)
def test_after_a_large_insertion(inserted: str, shown: str, reason: Reason | None) -> None:
    typed = Typed("x = ")
    typed.document.replace((0, 4), (0, 4), inserted)
    lines = inserted.replace("\r\n", "\n").split("\n")
    line = len(lines) - 1
    column = len(lines[-1]) + (4 if line == 0 else 0)
    assert typed.reason(line, column, shown) is reason


def test_undo_is_no_wish_for_more() -> None:
    typed = Typed("x = 计算(1)")
    typed.document.replace((0, 4), (0, 9), "")
    typed.document.replace((0, 4), (0, 4), "计算(1)")
    assert typed.reason(0, 9) is Reason.UNDOING
    typed.document.replace((0, 9), (0, 9), " ")
    assert typed.reason(0, 10) is None


def test_letter_typed_again_is_no_undo() -> None:
    typed = Typed("x = ab")
    typed.document.replace((0, 5), (0, 6), "")
    typed.document.replace((0, 5), (0, 5), "b")
    assert typed.reason(0, 6) is None


def test_several_cursors_get_nothing() -> None:
    typed = Typed("x = \ny = \n")
    for line in (0, 1):
        typed.document.replace((line, 4), (line, 4), "1")
    typed.document.note_places(2)
    assert typed.reason(1, 5) is Reason.SEVERAL_PLACES
    typed.document.replace((1, 5), (1, 5), " ")
    assert typed.reason(1, 6) is None


def test_whole_new_text_tells_nothing_of_edits() -> None:
    typed = Typed("x = ab")
    typed.document.replace((0, 5), (0, 6), "")
    typed.document.replace_all("x = a")
    assert typed.reason(0, 5) is None
