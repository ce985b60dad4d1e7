"""A model's answer becomes an edit that fits, or none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ds_lsp.chat.edits import apply, build_opening, is_prose, replacement
from ds_lsp.chat.subject import CodeSelection, ReportedProblem
from ds_lsp.errors import ChatRefused
from ds_lsp.languages.blocks import parse_python
from ds_lsp.providers.base import Finish
from ds_lsp.text.lines import split_lines


def subject(
    text: str,
    first: int,
    last: int,
    language_id: str = "python",
    remark: ReportedProblem | None = None,
) -> CodeSelection:
    eol = "\r\n" if "\r\n" in text else "\n"
    lines = tuple(split_lines(text))
    return CodeSelection("file:///a", "a", language_id, 1, lines, first, last, eol, problem=remark)


def after(answer: str, about: CodeSelection) -> str:
    """The whole text after an answer, of which the opening is left out."""
    return apply(replacement(answer, Finish.STOP, about), about.lines)


METHOD = "class A:\n    def f(self):\n        return 1\n\n    x = 1\n"
NEW = "class A:\n    def f(self):\n        return 甲\n\n    x = 1\n"
TABS = "int f()\n{\n\tif (a) {\n\t\tb();\n\t}\n}\n"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("def f(self):\n        return 甲\n", id="goes on from the opening"),
        pytest.param("def f(self):\n        return 甲\n\n\n  \n", id="blank lines below"),
        pytest.param("def f(self):\n    return 甲", id="the rest less deep"),
        pytest.param("    def f(self):\n        return 甲", id="the indentation twice"),
        pytest.param("def f(self):\r\n        return 甲\r\n", id="crlf"),
        pytest.param("def f(self):\n\t\treturn 甲", id="tabs"),
        pytest.param("def f(self):\n        return 甲\n```", id="the fence at the end"),
        pytest.param("```python\n    def f(self):\n        return 甲\n```", id="a fence within"),
        pytest.param(
            "```\n    def f(self):\n        return 甲\n```\nDone!", id="a remark behind it"
        ),
    ],
)
def test_every_indentation_comes_out_right(answer: str) -> None:
    assert after(answer, subject(METHOD, 1, 2)) == NEW


def test_the_documents_tabs_and_line_ends_are_kept() -> None:
    text = TABS.replace("\n", "\r\n")
    changed = after('if (a) {\n        c("🙂");\n    }', subject(text, 2, 4, "c"))
    assert changed == text.replace("b();", 'c("🙂");')


def test_the_opening_is_a_fence_and_the_first_indentation() -> None:
    assert build_opening(subject(METHOD, 1, 2)) == ("`````python\n    ", "`````")
    assert build_opening(subject("a = '''\n```\n'''\n", 0, 2)) == ("`````python\n", "`````")


def test_a_broken_document_can_be_fixed() -> None:
    remark = ReportedProblem("invalid syntax", 0, 0)
    assert after("x = (1)", subject("x = (1\ny = 2)\n", 0, 0, remark=remark)) == "x = (1)\ny = 2)\n"
    broken = subject("f(\n}\n", 0, 0, "c", remark)
    assert after("f();", broken) == "f();\n}\n"


BAD = {
    "prose": ("c", "Sure, this is the code."),
    "prose with a list": ("c", "Here is what I did:\nf();\n"),
    "prose at the end": ("c", "f();\nThis calls the function."),
    "chinese prose": ("c", "好的，代码如下：\nf();"),
    "unbalanced": ("c", "f(("),
    "nothing": ("c", ""),
    "only a fence": ("c", "```"),
    "several blocks": ("c", "```\nf();\n```\nor\n```\ng();\n```"),
    "prose before a block": ("c", "Look:\n```\nf();\n```"),
    "no python": ("python", "This is not Python."),
    "python at two depths": ("python", "  x = 2\n y = 3"),
    "half of it": ("python", "def f(:\n    pass"),
}


@pytest.mark.parametrize(("language_id", "answer"), BAD.values(), ids=BAD.keys())
def test_what_is_not_code_is_refused(language_id: str, answer: str) -> None:
    with pytest.raises(ChatRefused):
        after(answer, subject("x = 1\n", 0, 0, language_id))


@pytest.mark.parametrize("finish", [Finish.LENGTH, Finish.CUT])
def test_what_was_cut_off_is_refused(finish: Finish) -> None:
    with pytest.raises(ChatRefused, match="cut off"):
        replacement("y = 1", finish, subject("x = 1\n", 0, 0))


def test_prose_is_what_a_text_is_made_of() -> None:
    about = subject("Old words here.\n", 0, 0, "markdown")
    assert after("New words stand here.", about) == "New words stand here.\n"


@pytest.mark.parametrize(
    "line",
    [
        "return x",
        "SELECT name FROM users",
        "end",
        "x = 1",
        "End Function",
        "MOVE A TO B.",
        "甲乙 = 丙",
        "}",
    ],
)
def test_code_is_not_prose(line: str) -> None:
    assert not is_prose(line)


WORDS = [
    "def f(self):",
    "    return 1",
    "x",
    "(",
    ")",
    "```",
    "\n",
    "\n    ",
    "\t",
    "Sure, ok.",
    "中",
    "'",
    '"""',
    ":",
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map("".join))
def test_python_that_was_valid_stays_valid(answer: str) -> None:
    about = subject(METHOD, 1, 2)
    try:
        text = after(answer, about)
    except ChatRefused:
        return
    assert parse_python(text) is not None
    assert text.startswith("class A:\n")
    assert text.endswith("\n\n    x = 1\n")


@pytest.mark.parametrize(
    "answer",
    [
        "I cannot do that without knowing what `add()` is for.",
        "Sure!",
        "no change needed",
        "the function f is fine as it is",
        "I'm sorry. I can't do that.",
        "I think the code is fine as it is; nothing needs to change.",
        "这段代码没有问题 (no change)。",
        "function f(a) {\n  return a + 1;\n}\n\nThis fixes add() by returning the sum.",
        "Sure! Here is the code, with add() fixed:\nfunction f(a) {\n  return a + 1;\n}",
    ],
)
def test_a_remark_that_names_code_is_not_applied(answer: str) -> None:
    js = subject("function f(a) {\n  return a;\n}\n", 0, 2, "javascript")
    with pytest.raises(ChatRefused):
        replacement(answer, Finish.STOP, js)


@pytest.mark.parametrize(
    ("language_id", "text", "answer"),
    [
        pytest.param(
            "typescript",
            "class A {\n  sql() {\n    return 1;\n  }\n}\n",
            "sql() {\n    return `\nSELECT id\n  FROM t\n`;\n  }",
            id="template literal",
        ),
        pytest.param(
            "go",
            "package a\n\n\tx := 1\n",
            "x := `\n  a: 1\n  b: 2\n`",
            id="raw string",
        ),
    ],
)
def test_a_string_over_several_lines_keeps_its_text(
    language_id: str, text: str, answer: str
) -> None:
    first = next(n for n, line in enumerate(text.split("\n")) if line.startswith((" ", "\t")))
    last = first + (2 if language_id == "typescript" else 0)
    at = subject(text, first, last, language_id)
    edit = replacement(answer, Finish.STOP, at)
    assert edit.text.endswith(answer)


def test_tabs_become_the_files_own_two_spaces() -> None:
    js = subject("function f() {\n  if (a) {\n    b();\n  }\n}\n", 0, 4, "javascript")
    answer = "function f() {\n\tif (a) {\n\t\tc();\n\t}\n}"
    edit = replacement(answer, Finish.STOP, js)
    assert edit.text == "function f() {\n  if (a) {\n    c();\n  }\n}"
