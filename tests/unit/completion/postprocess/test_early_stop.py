"""When a stream is cut."""

import pytest

from ds_lsp.completion.postprocess.early_stop import stop_condition, would_show_more
from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.postprocess.scope import MAX_LINES

LINE, STATEMENT, BLOCK = Extent.LINE, Extent.STATEMENT, Extent.BLOCK


@pytest.mark.parametrize(
    ("before", "after", "extent", "text", "more"),
    [
        pytest.param("x = ", "", LINE, "foo", True, id="inside the line"),
        pytest.param("x = ", "", LINE, "甲\r\n", False, id="the line has ended"),
        pytest.param("x:", "", LINE, "\n    ", True, id="its one line is the next"),
        pytest.param("x:", "", LINE, "\n    foo\n", False, id="the next has ended"),
        pytest.param("x = ", "", STATEMENT, "f(a,\n", True, id="open bracket"),
        pytest.param("x = ", "", STATEMENT, "f(a,\n  b)\ny", False, id="statement has ended"),
        pytest.param("x = ", "", STATEMENT, "1\n", True, id="it may go on in the next line"),
        pytest.param("def f():\n    ", "", BLOCK, "a()\n    b()\n", True, id="in the block"),
        pytest.param("def f():\n    ", "", BLOCK, "a()\n\nb()\n", False, id="out of the block"),
        pytest.param("def f():\n    ", "", BLOCK, "a()\n\nb", True, id="a line not yet whole"),
        pytest.param("{\n  ", "\n  b();\n}\n", BLOCK, "a();\n  b();\n}\n", False, id="met below"),
        pytest.param("", "\nx\n", BLOCK, "1<|endoftext|>", False, id="token"),
        pytest.param("", "\nx\n", BLOCK, "1\x1b[0m", False, id="control sign"),
        pytest.param("", "", BLOCK, "甲乙丙()\n" * 3, False, id="loop"),
        pytest.param("x = [", "]", LINE, "'a b c', " * 9, False, id="loop in the line"),
        pytest.param("f(x, ", "y)", LINE, "\n", False, id="pushes down what follows"),
        pytest.param("def f(", "):\n    pass\n", BLOCK, "a):\n", False, id="body is there"),
        pytest.param("", "", BLOCK, "Here is the code:\n", True, id="words before code"),
        pytest.param("", "", BLOCK, "```py\nx = 1\n```\n", False, id="code has ended"),
    ],
)
def test_a_call_goes_on_while_more_of_it_would_be_shown(
    before: str, after: str, extent: Extent, text: str, more: bool
) -> None:
    assert would_show_more(text, CursorContext(before, after, "python", extent=extent)) is more


def test_a_screenful_is_enough() -> None:
    text = "".join(f"line_{number}()\r\n" for number in range(MAX_LINES))
    at = CursorContext("", "", "python")
    assert not would_show_more(text, at)
    assert would_show_more(text.rpartition("line")[0].rstrip(), at)


def test_a_watch_looks_when_a_line_has_ended() -> None:
    keep_going = stop_condition(CursorContext("x = ", "", "python", extent=LINE))
    text = "甲, 乙\n"
    assert [keep_going(text[:end]) for end in range(1, len(text) + 1)] == [True] * 4 + [False]


def test_a_watch_looks_through_a_line_without_end_when_it_has_doubled() -> None:
    keep_going = stop_condition(CursorContext("x = ", "", "python", extent=LINE))
    text = "'a b c', " * 100
    looks = [keep_going(text[:end]) for end in range(len(text))]
    assert looks.index(False) == 200
