"""Documents against a plain-string model: edits, positions, snapshots."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ds_lsp.text.columns import PositionEncoding, column_to_index, width
from ds_lsp.text.document import Document
from ds_lsp.text.lines import (
    STAND_IN,
    CarriageReturns,
    indent_of,
    show_carriage_returns,
    split_lines,
    word_before,
)
from ds_lsp.text.snapshot import AFTER_WINDOW, BEFORE_WINDOW, HEAD_LINES
from tests.unit.texts import AWKWARD, at

ENCODINGS = list(PositionEncoding)
# Every character class that matters: line ends, what only looks like one, wide in each encoding.
ALPHABET = "ab \t\r\n\x0c\x85\u2028é中\u0301\U0001f600"
texts = st.text(alphabet=ALPHABET, max_size=40)


def columns_of(text: str, encoding: PositionEncoding) -> int:
    """An independent count: by encoding the text, not by adding up widths."""
    if encoding is PositionEncoding.UTF32:
        return len(text)
    if encoding is PositionEncoding.UTF8:
        return len(text.encode("utf-8"))
    return len(text.encode("utf-16-le")) // 2


def offset_of(text: str, line: int, column: int, encoding: PositionEncoding) -> int:
    """The specification in the plainest words: find the line, count, clamp."""
    starts = [0] + [found.end() for found in re.finditer(r"\r\n|\n|\r", text)]
    if line >= len(starts):
        return len(text)
    start = starts[line]
    end = next((found.start() for found in re.finditer(r"\r|\n", text[start:])), None)
    content = text[start:] if end is None else text[start : start + end]
    fits = [n for n in range(len(content) + 1) if columns_of(content[:n], encoding) <= column]
    return start + max(fits)


positions = st.tuples(st.integers(0, 12), st.integers(0, 30))


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
def test_lines_are_lsps_three_kinds(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    assert [line.rstrip("\r\n") for line in lines] == re.split(r"\r\n|\n|\r", text)


@given(texts, positions, positions, texts, st.sampled_from(ENCODINGS))
def test_one_edit_gives_the_edited_text(
    text: str,
    start: tuple[int, int],
    end: tuple[int, int],
    new: str,
    encoding: PositionEncoding,
) -> None:
    document = Document("u", "x", 1, text, encoding)
    document.replace(start, end, new)
    first = offset_of(text, *start, encoding)
    last = max(first, offset_of(text, *end, encoding))
    expected = text[:first] + new + text[last:]
    assert document.text == expected
    # Not only the text: the next edit relies on the lines.
    assert document._lines == split_lines(expected)
    assert document.size == len(expected)


@given(texts, st.lists(st.tuples(positions, positions, texts), max_size=12))
def test_many_edits_give_the_edited_text(
    text: str, edits: list[tuple[tuple[int, int], tuple[int, int], str]]
) -> None:
    document = Document("u", "x", 1, text)
    for start, end, new in edits:
        first = offset_of(text, *start, PositionEncoding.UTF16)
        last = max(first, offset_of(text, *end, PositionEncoding.UTF16))
        text = text[:first] + new + text[last:]
        document.replace(start, end, new)
        assert document._lines == split_lines(text)
        assert document.size == len(text)
        assert document.beginning(5) == text[:5]


@given(texts, positions, st.sampled_from(ENCODINGS))
def test_snapshot_is_the_text_around(
    text: str, position: tuple[int, int], encoding: PositionEncoding
) -> None:
    snapshot = Document("u", "x", 1, text, encoding).snapshot(*position)
    offset = offset_of(text, *position, encoding)
    assert (snapshot.before, snapshot.after) == (text[:offset], text[offset:])
    assert snapshot.before_is_whole
    # Back again: the snapshot's own position names the same place.
    assert offset_of(text, snapshot.line, snapshot.column, encoding) == offset


@given(st.text(ALPHABET.replace("\r", "").replace("\n", "")), st.sampled_from(ENCODINGS))
def test_columns_there_and_back(line: str, encoding: PositionEncoding) -> None:
    for index in range(len(line) + 1):
        column = width(line[:index], encoding)
        assert column == columns_of(line[:index], encoding)
        assert column_to_index(line, column, encoding) == index


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line", ["a\ud83d", "\ude00a", "\ude00\ud83d中"])
def test_half_a_surrogate_pair_is_a_character(line: str, encoding: PositionEncoding) -> None:
    for index in range(len(line) + 1):
        assert column_to_index(line, width(line[:index], encoding), encoding) == index


@pytest.mark.parametrize(
    ("encoding", "column", "index"),
    [
        pytest.param(PositionEncoding.UTF16, 1, 0, id="inside a surrogate pair"),
        pytest.param(PositionEncoding.UTF16, 2, 1, id="after the pair"),
        pytest.param(PositionEncoding.UTF8, 3, 0, id="inside four bytes"),
        pytest.param(PositionEncoding.UTF8, 4, 1, id="after four bytes"),
        pytest.param(PositionEncoding.UTF32, 1, 1, id="one character"),
        pytest.param(PositionEncoding.UTF16, 99, 2, id="past the end"),
        pytest.param(PositionEncoding.UTF16, -5, 0, id="negative"),
    ],
)
def test_column_inside_a_character(encoding: PositionEncoding, column: int, index: int) -> None:
    assert column_to_index("\U0001f600a", column, encoding) == index


@pytest.mark.parametrize(
    ("position", "before"),
    [
        pytest.param((0, 99), "ab", id="past the end of a line: before its line end"),
        pytest.param((1, 99), "ab\r\ncd", id="past the end of the last line"),
        pytest.param((9, 0), "ab\r\ncd", id="past the last line: the end of the document"),
        pytest.param((-1, 5), "", id="negative line"),
        pytest.param((0, -1), "", id="negative column"),
    ],
)
def test_position_outside_is_moved_in(position: tuple[int, int], before: str) -> None:
    assert Document("u", "x", 1, "ab\r\ncd").snapshot(*position).before == before


def test_end_before_start_inserts_at_start() -> None:
    document = Document("u", "x", 1, "abcd")
    document.replace((0, 3), (0, 1), "X")
    assert document.text == "abcXd"


def test_crlf_that_is_typed_in_two_steps_is_one_line_end() -> None:
    document = Document("u", "x", 1, "a\rb")
    document.replace((1, 0), (1, 0), "\n")
    assert document._lines == ["a\r\n", "b"]


def test_snapshot_is_bounded_and_does_not_change() -> None:
    document = Document("u", "x", 1, "0123456789\n" * 10_000)
    snapshot = document.snapshot(5_000, 3)
    assert BEFORE_WINDOW - 11 < len(snapshot.before) <= BEFORE_WINDOW
    assert snapshot.before.startswith("0123456789\n")
    assert len(snapshot.after) == AFTER_WINDOW
    assert not snapshot.before_is_whole
    document.replace((5_000, 0), (5_000, 3), "XYZ")
    assert snapshot.before.endswith("\n012")


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_snapshot_knows_the_head_and_size_of_its_document(eol: str) -> None:
    document = Document("u", "x", 1, f"# 中😀{eol}" + "y" * 9_000 + eol * 30_000)
    snapshot = document.snapshot(20_000, 0)
    first, second, *others = snapshot.head.split("\n")
    assert (first, len(second), len(others)) == ("# 中😀", 400, HEAD_LINES - 2)
    assert snapshot.size == document.size == len(document.text)
    document.replace_all("z")
    assert (document.head, document.size) == ("z", 1)


def test_edits_are_timed_by_the_clock_given() -> None:
    now = 5.0
    document = Document("u", "x", 1, "a", clock=lambda: now)
    assert document.snapshot(0, 0).edited_at == float("-inf")
    document.replace((0, 0), (0, 0), "b")
    assert document.snapshot(0, 0).edited_at == 5.0
    now = 6.0
    document.replace_all("c")
    assert document.snapshot(0, 0).edited_at == 6.0


@pytest.mark.parametrize(
    ("text", "before", "after", "below"),
    [
        pytest.param("a\n  b|c\nd\n", "  b", "c", ["d", ""], id="lf"),
        pytest.param("a\r\n\tb|c\r\nd", "\tb", "c", ["d"], id="crlf"),
        pytest.param("a\rb|\rc", "b", "", ["c"], id="cr"),
        pytest.param("中\x0c文|\u2028字\n。", "中\x0c文", "\u2028字", ["。"], id="not line ends"),
        pytest.param("|", "", "", [], id="empty"),
    ],
)
def test_lines_around_the_cursor(text: str, before: str, after: str, below: list[str]) -> None:
    snapshot = at(text)
    assert snapshot.line_before == before
    assert snapshot.line_after == after
    assert snapshot.lines_below == below


@pytest.mark.parametrize(
    ("text", "eol"),
    [("a\nb\r\n", "\n"), ("a\r\nb\n", "\r\n"), ("a\rb", "\r"), ("a", "\n"), ("", "\n")],
)
def test_line_end_of_the_document(text: str, eol: str) -> None:
    assert Document("u", "x", 1, text).snapshot(0, 0).eol == eol


# Carriage returns, as clients count them. A text, the client's rule, and the client's lines.

RETURNS = {
    "as lsp says": ("a\rb\nc", CarriageReturns.LINE_ENDS, ["a", "b", "c"]),
    "helix": ("a\rb\r\nc\n", CarriageReturns.PAIRED, ["a\rb", "c", ""]),
    "emacs": ("a\rb\r\nc\r", CarriageReturns.CHARACTERS, ["a\rb\r", "c\r"]),
    "neovim, unix": ("a\rb\n总\r\n😀\r", CarriageReturns.BY_FILE, ["a\rb", "总\r", "😀\r"]),
    "neovim, dos": ("a\rb\r\nc\r\n", CarriageReturns.BY_FILE, ["a\rb", "c", ""]),
    "neovim, mac": ("a\rb\rc", CarriageReturns.BY_FILE, ["a", "b", "c"]),
    "neovim, one line": ("a\rb\n", CarriageReturns.BY_FILE, ["a\rb", ""]),
}


@pytest.mark.parametrize("encoding", PositionEncoding)
@pytest.mark.parametrize(("text", "rule", "lines"), RETURNS.values(), ids=RETURNS.keys())
def test_lines_are_the_clients_own(
    text: str, rule: CarriageReturns, lines: list[str], encoding: PositionEncoding
) -> None:
    document = Document("u", "vim", 1, text, encoding, carriage_returns=rule)
    assert document.text == text
    assert document.beginning(100) == text
    for number, line in enumerate(lines):
        end = width(line, encoding)
        before = document.snapshot(number, end)
        assert show_carriage_returns(before.line_before) == line


def test_a_carriage_return_that_is_a_character_ends_a_line_for_its_readers() -> None:
    text = "a\rb\r\n甲\r\r\n\r\nc"
    document = Document("u", "vim", 1, text, carriage_returns=CarriageReturns.CHARACTERS)
    assert document.lines(0, 9) == [f"a{STAND_IN}b\n", f"甲{STAND_IN}\n", "\n", "c"]
    at = document.snapshot(0, 1)
    assert (at.line_after, at.lines_below) == (f"{STAND_IN}b", [f"甲{STAND_IN}", "", "c"])
    assert document.eol() == "\n"
    # The client can put its cursor before and after it.
    assert [document.locate(2, column) for column in range(3)] == [(2, 0), (2, 1), (2, 1)]


@pytest.mark.parametrize("rule", [CarriageReturns.CHARACTERS, CarriageReturns.PAIRED])
def test_a_carriage_return_that_is_typed_is_counted_alike(rule: CarriageReturns) -> None:
    document = Document("u", "vim", 1, "a\nb\n", carriage_returns=rule)
    document.replace((0, 1), (0, 1), "\r甲")
    document.replace((0, 3), (0, 3), "c")
    document.replace((1, 0), (1, 1), "d")
    assert document.text == "a\r甲c\nd\n"
    document.replace_all("a\rb\nc")
    assert document.snapshot(1, 1).line_before == "c"


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("", 0),
        ("x", 0),
        ("  x", 2),
        ("\tx", 4),
        ("  \tx", 4),
        ("\t  x\t", 6),
        ("  \n", 2),
        ("\x0cx", 0),
    ],
)
def test_indentation_is_blanks_and_tabs(line: str, columns: int) -> None:
    assert indent_of(line) == columns


@pytest.mark.parametrize(
    ("before", "word"),
    [("", ""), ("a", "a"), ("x = it", "it"), ("x ", ""), ("a.b_1", "b_1"), ("变量", "变量")],
)
def test_word_before_the_cursor(before: str, word: str) -> None:
    assert word_before(before) == word
