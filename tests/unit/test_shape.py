"""One line or many."""

import pytest

from ds_lsp.completion.shape import MAX_LINES, Shape, shape_for, visible, wants_more
from ds_lsp.providers.base import Finish
from tests.unit.texts import at

LINE, BLOCK = Shape.LINE, Shape.BLOCK


@pytest.mark.parametrize(
    ("text", "multiline", "shape"),
    [
        ("x = |", "auto", BLOCK),
        ("x = |  \r\ny", "auto", BLOCK),
        ("f(|)", "auto", LINE),
        ("f(|)", "always", BLOCK),
        ("x = |", "never", LINE),
    ],
)
def test_shape(text: str, multiline: str, shape: Shape) -> None:
    assert shape_for(at(text), multiline) is shape


@pytest.mark.parametrize(
    ("text", "shape", "more"),
    [
        ("foo", LINE, True),
        ("foo\n", LINE, False),
        ("foo\r\nbar", LINE, False),
        ("\n    ", LINE, True),
        ("\n    foo", LINE, False),
        ("a\n" * (MAX_LINES - 1), BLOCK, True),
        ("a\r" * MAX_LINES, BLOCK, False),
    ],
)
def test_stream_is_cut_when_the_rest_would_not_be_shown(
    text: str, shape: Shape, more: bool
) -> None:
    assert wants_more(text, shape) is more


@pytest.mark.parametrize(
    ("at_text", "said", "finish", "shape", "shown"),
    [
        pytest.param("x|", "1\n2", Finish.STOP, LINE, "1", id="first line"),
        pytest.param("x|", "甲\r\n乙", Finish.STOP, LINE, "甲", id="first line crlf"),
        pytest.param("x:|", "\n\n  y\nz", Finish.STOP, LINE, "\n\n  y", id="next line"),
        pytest.param("f(|)", "\n  y", Finish.STOP, LINE, "", id="text follows"),
        pytest.param("x|", " \n \n", Finish.STOP, LINE, "", id="blank"),
        pytest.param("x|", "1\n2", Finish.STOP, BLOCK, "1\n2", id="block"),
        pytest.param("x|", "1\n2\nth", Finish.LENGTH, BLOCK, "1\n2", id="last line is half"),
        pytest.param("x|", "hal", Finish.LENGTH, BLOCK, "hal", id="only line"),
        pytest.param("x|", "a\n" * 30, Finish.CUT, BLOCK, "\n".join("a" * MAX_LINES), id="long"),
    ],
)
def test_visible(at_text: str, said: str, finish: Finish, shape: Shape, shown: str) -> None:
    assert visible(said, finish, shape, at(at_text)) == shown
