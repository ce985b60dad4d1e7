"""Each rule with its table, and what holds for all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ds_lsp.completion.postprocess import (
    RULES,
    Rule,
    cut_control_characters,
    cut_line_repeated_below,
    cut_overlap_with_line,
    normalize_line_ends,
    postprocess,
    trim_trailing_space,
    unclosed,
    use_document_line_ends,
)
from tests.unit.texts import at

CASES: dict[Rule, list[tuple[str, str, str, str]]] = {
    cut_control_characters: [
        ("escape", "|", "甲\x1b[31m乙", "甲"),
        ("NUL", "|", "a\0b", "a"),
        ("form feed", "|", "a\x0cb", "a"),
        ("DEL", "|", "a\x7fb", "a"),
        ("C1", "|", "a\x9bb", "a"),
        ("override of direction", "|", "a\u202eb", "a"),
        ("isolate", "|", "a\u2066b", "a"),
        ("tab and line ends are text", "|", "a\tb\r\nc\rd", "a\tb\r\nc\rd"),
        ("emoji and joiners are text", "|", "👩\u200d👧\u2028é", "👩\u200d👧\u2028é"),
    ],
    normalize_line_ends: [
        ("crlf", "|", "a\r\nb", "a\nb"),
        ("cr", "|", "a\rb\r\rc", "a\nb\n\nc"),
        ("form feed is text", "|", "a\x0cb\u2028", "a\x0cb\u2028"),
    ],
    cut_line_repeated_below: [
        ("next line", "a = 1\n|\nb = 2\n", "c = 3\nb = 2", "c = 3"),
        ("next two lines", "|\nb\nc\n", "a\nb\nc", "a"),
        ("next line, blank between", "|\n\nb\n", "a\n\nb", "a\n"),
        ("all of it", "|\nb = 2\n", "b = 2", ""),
        ("all of it, indented", "if x:\n\t|\n\tb = 2\n", "b = 2", ""),
        ("crlf document", "|\r\n乙 = 2\r\n", "甲 = 1\n乙 = 2", "甲 = 1"),
        ("other indentation", "|\n    b\n", "a\nb", "a\nb"),
        ("closer of the block around", "f {\n  |\n}\n", "g();\n}", "g();"),
        ("closer the text needs", "f {\n|\n}\n", "if (x) {\n  y\n}", "if (x) {\n  y\n}"),
        ("own line is not the next", "return |\nreturn x", "x", "x"),
        ("not at the end", "|\nb\n", "a\nb\nc", "a\nb\nc"),
        ("emoji", "|\nprint('😀')", "x\nprint('😀')", "x"),
    ],
    cut_overlap_with_line: [
        ("closing bracket", "foo(|)", "x)", "x"),
        ("bracket it opened itself", "foo(|)", "bar(x)", "bar(x)"),
        ("bracket and semicolon", "foo(|);", "x);", "x"),
        ("second bracket", "foo(|)", "bar(x))", "bar(x)"),
        ("quote", "s = '|'", "héllo'", "héllo"),
        ("rest of the expression", "x = |+ 乙", "甲 + 乙", "甲 "),
        ("next argument", "f(|, y)", "x, y)", "x"),
        ("comma", "f(|, y)", "x,", "x"),
        ("word that only begins alike", "x|yz", "ay", "ay"),
        ("word that only ends alike", "f(|s)", "class", "class"),
        ("nothing follows", "x = |", "1)", "1)"),
        ("crlf", "foo(|)\r\nx", "甲)", "甲"),
        ("emoji", "f('|😀')", "a😀')", "a"),
    ],
    trim_trailing_space: [
        ("blanks", "x = |", "1 \t", "1"),
        ("line ends", "x = |", "1\n\n", "1"),
        ("holds apart what follows", "f(|x)", "y, ", "y, "),
        ("blank follows", "f(| x)", "y, ", "y,"),
        ("only blanks", "|", " \n\t", ""),
        ("form feed", "|", "a\x0c", "a"),
    ],
    use_document_line_ends: [
        ("crlf", "a\r\n|", "b\nc", "b\r\nc"),
        ("cr", "a\r|", "b\nc", "b\rc"),
        ("lf", "a\n|", "b\nc", "b\nc"),
        ("one line", "a|", "b\nc", "b\nc"),
    ],
}


@pytest.mark.parametrize(
    ("rule", "text", "before", "after"),
    [
        pytest.param(rule, text, before, after, id=f"{rule.__name__}: {name}")
        for rule, cases in CASES.items()
        for name, text, before, after in cases
    ],
)
def test_rule(rule: Rule, text: str, before: str, after: str) -> None:
    assert rule(before, at(text)) == after


def test_every_rule_has_cases() -> None:
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize(
    ("text", "said", "shown"),
    [
        pytest.param(
            "def f(|):\r\n\tpass\r\n", "甲, 乙):\n\tpass", "甲, 乙", id="line, then overlap"
        ),
        pytest.param(
            "f {\n\t|\n}\n",
            "if (x) {\r\n\t\ty;\r\n\t}\r\n}\r\n",
            "if (x) {\n\t\ty;\n\t}",
            id="closers",
        ),
        pytest.param("x = |", "   \n", "", id="nothing left"),
    ],
)
def test_rules_together(text: str, said: str, shown: str) -> None:
    assert postprocess(said, at(text)).text == shown


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("(", 1), ("())", 0), ("([)", 2), ("f({[", 3), (")(", 1)]
)
def test_unclosed(text: str, count: int) -> None:
    assert unclosed(text) == count


code = st.text(alphabet="ab()[]{}'\" ,;:\n\r\t中😀\x0c\u2028", max_size=60)


@given(code, code, code)
def test_only_cuts_and_never_raises(before: str, after: str, said: str) -> None:
    snapshot = at(before.replace("|", "") + "|" + after)
    shown = postprocess(said, snapshot).text
    squeezed = "".join(shown.split())
    assert squeezed in "".join(said.split())
    # Only the document's own line ends.
    assert "\r" not in shown.replace(snapshot.eol, "")
    assert "\n" not in shown.replace(snapshot.eol, "")
