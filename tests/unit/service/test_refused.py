"""A refused text stops its own document for a while, and no other one."""

import pytest

from ds_lsp.errors import RefusedTextError
from ds_lsp.service.refused import (
    FIRST_REFUSAL_PAUSE_S,
    LONGEST_REFUSAL_PAUSE_S,
    MAX_IN_A_ROW,
    MAX_REFUSED_DOCUMENTS,
    RefusedTexts,
)
from tests.unit.fakes import FakeTime

ERROR = RefusedTextError("refused")


def refused() -> tuple[RefusedTexts, FakeTime]:
    time = FakeTime()
    return RefusedTexts(time.clock), time


def test_one_document_is_left_alone_for_a_while() -> None:
    texts, time = refused()
    assert not texts.note_refusal("a", ERROR)
    assert texts.refuses("a") is ERROR
    assert texts.refuses("b") is None
    time.now += FIRST_REFUSAL_PAUSE_S
    assert texts.refuses("a") is None
    # Its text still goes along with no other.
    assert texts.knows("a")


def test_each_refusal_in_a_row_doubles_the_pause() -> None:
    texts, time = refused()
    for pause_s in (30, 60, 120, 240, 480, LONGEST_REFUSAL_PAUSE_S, LONGEST_REFUSAL_PAUSE_S):
        texts.note_refusal("a", ERROR)
        time.now += pause_s - 1
        assert texts.refuses("a")
        time.now += 1
        assert texts.refuses("a") is None


def test_an_answer_ends_it() -> None:
    texts, _ = refused()
    texts.note_refusal("a", ERROR)
    texts.note_answer("a")
    assert not texts.knows("a")


NOW = {
    "the same": ("a\nbad\nx = (|)\nb", True),
    "typed along": ("a\nbad\nx = (1, 2|)\nb", True),
    "a line more": ("a\nbad\nx = (\n    y|\n)\nb", False),
    "a blank line more": ("a\n\nbad\nx = (|)\nb", True),
    "typed into it": ("a\nba, d\nx = (|)\nb", True),
    "the line is gone": ("a\nx = (|)\nb", False),
    "half the line is gone": ("a\nba\nx = (|)\nb", False),
    "elsewhere": ("def f():\n    |", False),
    "crlf": ("a\r\nbad\r\nx = (|)\r\nb", True),
}


@pytest.mark.parametrize(("now", "is_refused"), NOW.values(), ids=NOW.keys())
def test_a_text_of_which_something_is_gone_is_asked_about_at_once(
    now: str, is_refused: bool
) -> None:
    texts, _ = refused()
    texts.note_refusal("a", ERROR, text="a\nbad\nx = ()\nb")
    assert (texts.refuses("a", now.replace("|", "")) is ERROR) == is_refused


def test_with_excerpts_the_document_is_asked_about_again_without_them() -> None:
    texts, _ = refused()
    assert not texts.note_refusal("a", ERROR, had_context=True)
    assert texts.knows("a")
    assert texts.refuses("a") is None
    texts.note_refusal("a", ERROR)
    assert texts.refuses("a")


def test_many_documents_in_a_row_are_no_matter_of_text() -> None:
    texts, _ = refused()
    uris = [f"document {number}" for number in range(MAX_IN_A_ROW)]
    assert [texts.note_refusal(uri, ERROR) for uri in uris] == [False] * (MAX_IN_A_ROW - 1) + [True]
    texts.note_answer("another")
    assert not texts.note_refusal("one more", ERROR)


@pytest.mark.parametrize("forget", [lambda it: it.forget("a"), lambda it: it.clear()])
def test_what_is_closed_or_replaced_is_forgotten(forget: object) -> None:
    texts, _ = refused()
    texts.note_refusal("a", ERROR)
    assert callable(forget)
    forget(texts)
    assert not texts.knows("a")


def test_memory_is_bounded() -> None:
    texts, _ = refused()
    for number in range(2 * MAX_REFUSED_DOCUMENTS):
        texts.note_refusal(str(number), ERROR)
    assert (
        sum(texts.knows(str(number)) for number in range(2 * MAX_REFUSED_DOCUMENTS))
        == MAX_REFUSED_DOCUMENTS
    )
