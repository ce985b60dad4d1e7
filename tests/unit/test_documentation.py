"""A model's documentation becomes a comment in the right place, or nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ds_lsp.chat.documentation import can_document, to_edit
from ds_lsp.chat.edits import apply
from ds_lsp.chat.scope import parse_python, scope_at
from ds_lsp.document import split_lines
from ds_lsp.errors import ChatRefused
from ds_lsp.providers.base import Finish
from tests.unit.test_edits import METHOD, subject


def documented(text: str, at: int, said: str, language_id: str = "python") -> str:
    scope = scope_at(split_lines(text), at, language_id)
    assert scope
    about = subject(text, scope.first, scope.last, language_id)
    answer = json.dumps({"documentation": said})
    return apply(to_edit(answer, Finish.STOP, about), about.lines)


DOCUMENTED = {
    "one line": ("python", METHOD, 1, "Gives 1.", '    def f(self):\n        """Gives 1."""\n'),
    "several lines": (
        "python",
        METHOD,
        1,
        "Gives 1.\n\n甲乙\n",
        '    def f(self):\n        """Gives 1.\n\n        甲乙\n        """\n',
    ),
    "in place of another": (
        "python",
        "def f():\n  'Old.\\n'\n  return 1\n",
        0,
        "New.",
        'def f():\n  """New."""\n  return 1\n',
    ),
    "quotation marks": (
        "python",
        METHOD,
        1,
        'Says """x""" and "y"',
        '"""Says \'\'\'x\'\'\' and "y"\n        """\n',
    ),
    "backslashes": ("python", METHOD, 1, "A \\n and \\", 'r"""A \\n and \\\n        """\n'),
    "a class, crlf": (
        "python",
        "class A:\r\n    x = 1\r\n",
        0,
        "A\nB",
        'class A:\r\n    """A\r\n    B\r\n    """\r\n',
    ),
    "decorated within": (
        "python",
        "def f():\n\t@g\n\tdef h(): pass\n\n\ty = 1\n",
        0,
        "F.",
        'def f():\n\t"""F."""\n\t@g\n',
    ),
    "rust": (
        "rust",
        "x;\n\nfn f() {\n    a\n}\n",
        3,
        "Does.\n\nIt.",
        "x;\n\n/// Does.\n///\n/// It.\nfn f() {",
    ),
    "java": (
        "java",
        "class A {\n    int f() {\n        a;\n    }\n}\n",
        2,
        "End */ it.",
        "    /**\n     * End * / it.\n     */\n    int",
    ),
}


@pytest.mark.parametrize(
    ("language_id", "text", "at", "said", "wanted"), DOCUMENTED.values(), ids=DOCUMENTED.keys()
)
def test_documentation_is_put_where_it_belongs(
    language_id: str, text: str, at: int, said: str, wanted: str
) -> None:
    assert wanted in documented(text, at, said, language_id)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (METHOD, "Documents it."),
        (METHOD, "{}"),
        (METHOD, '{"documentation": " "}'),
        (METHOD, '{"documentation": ["a"]}'),
        (METHOD, "[" * 10_000),
        ("class A:\n    def f(self): return 1\n", '{"documentation": "a"}'),
        ("class A:\n    def f(self):\n        'old'; x = 1\n", '{"documentation": "a"}'),
        ("class A:\n    def f(self):\n        x = (\n", '{"documentation": "a"}'),
    ],
)
def test_documentation_that_cannot_be_written_is_refused(text: str, answer: str) -> None:
    with pytest.raises(ChatRefused):
        to_edit(answer, Finish.STOP, subject(text, 1, 1))


@given(st.text(alphabet="a \n\"'\\\t中", max_size=30))
def test_no_documentation_changes_the_code(said: str) -> None:
    try:
        text = documented(METHOD, 1, said)
    except ChatRefused:
        assert not said.strip()
        return
    tree = parse_python(text)
    assert tree
    assert text.endswith("        return 1\n\n    x = 1\n")


def test_what_has_a_comment_above_it_is_documented_already() -> None:
    assert can_document(subject("fn f() {}\n", 0, 0, "rust"))
    assert not can_document(subject("/// Does.\nfn f() {}\n", 0, 1, "rust"))
    assert not can_document(subject("f\n", 0, 0, "unheard-of"))
