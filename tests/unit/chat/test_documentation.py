"""A model's documentation becomes a comment in the right place, or nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ds_lsp.chat.documentation import can_document, to_edit, without_marks
from ds_lsp.chat.edits import apply
from ds_lsp.errors import ChatRefused
from ds_lsp.languages.blocks import parse_python, scope_at
from ds_lsp.providers.base import Finish
from ds_lsp.text.lines import split_lines
from tests.unit.chat.test_edits import METHOD, subject


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
    assert not can_document(subject("@A\n/** Does. */\nint f() {}\n", 0, 2, "java"))
    assert not can_document(subject('@doc "Does."\ndef f do\nend\n', 0, 2, "elixir"))
    assert can_document(subject("@A\n// Note.\nint f() {\n    /** b */\n}\n", 0, 4, "java"))


@pytest.mark.parametrize(
    ("language_id", "said", "wanted"),
    [
        pytest.param(
            "java", "Ends \\u002a\\u002f int x;", " * Ends \\\\u002a\\\\u002f int x;", id="java"
        ),
        pytest.param(
            "java", "In C:\\users, C:\\\\users.", " * In C:\\\\users, C:\\\\users.", id="a path"
        ),
        pytest.param("kotlin", "In C:\\users.", " * In C:\\users.", id="kotlin"),
        pytest.param("svelte", "Ends </script>.", " * Ends <\\/script>.", id="script"),
        pytest.param("go", "Ends */ </script>.", "// Ends */ </script>.", id="go"),
    ],
)
def test_no_text_ends_its_comment(language_id: str, said: str, wanted: str) -> None:
    text = (
        "int f(int a) {\n    return a;\n}\n" if language_id != "go" else "func f() {\n\treturn\n}\n"
    )
    assert wanted in documented(text, 1, said, language_id).split("\n")


# Documentation as models send it.

JSON = json.dumps({"documentation": "Adds 甲 🙂."})
SENT = {
    "as asked for": JSON,
    "fenced": f"```json\n{JSON}\n```",
    "fenced without a name": f"```\n{JSON}\n```\n",
    "indented": json.dumps({"documentation": "Adds 甲 🙂."}, indent=2),
    "crlf": f"```json\r\n{JSON}\r\n```",
    "a remark below": f"{JSON}\n\nLet me know!",
    "a remark above": f"Here you go: {JSON}",
    "a remark with braces": f"For f({{a: 1}}): {JSON}",
    "thoughts": f"<think>\nMaybe {{this}}?\n</think>\n{JSON}",
    "thoughts with an object": f'<think>{{"documentation": "No."}}</think>{JSON}',
    "another key beside it": json.dumps({"language": "c", "documentation": "Adds 甲 🙂."}),
    "another object before it": f"{{}}\n{JSON}",
    "a byte order mark": f"\ufeff{JSON}",
    "a raw line end": '{"documentation": "Adds 甲 🙂.\n"}',
}


@pytest.mark.parametrize("answer", SENT.values(), ids=SENT.keys())
def test_an_object_is_found_in_an_answer(answer: str) -> None:
    about = subject("fn f() {}\n", 0, 0, "rust")
    assert apply(to_edit(answer, Finish.STOP, about), about.lines) == "/// Adds 甲 🙂.\nfn f() {}\n"


@pytest.mark.parametrize(
    "answer",
    [
        "I cannot document this.",
        '{"documentation": 1}',
        '{"documentation": null}',
        '{"text": "Adds."}',
        '{"documentation": "Adds.',
        "<think>" + JSON,
        "{" * 10_000,
        json.dumps({"documentation": "```\n```"}),
        json.dumps({"documentation": "Adds.\n\nfn f() {}"}),
    ],
)
def test_no_documentation_is_made_of_anything_else(answer: str) -> None:
    with pytest.raises(ChatRefused):
        to_edit(answer, Finish.STOP, subject("fn f() {}\n", 0, 0, "rust"))


MARKED = {
    "slashes": "/// Adds.\n///\n/// Two.",
    "two slashes": "// Adds.\n//\n// Two.",
    "a block": "/**\n * Adds.\n *\n * Two.\n */",
    "a block without stars": "/**\n  Adds.\n\n  Two.\n*/",
    "a block on its lines": "/** Adds.\n *\n * Two. */",
    "inner slashes": "//! Adds.\n//!\n//! Two.",
    "quotes": '"""Adds.\n\nTwo.\n"""',
    "raw quotes": 'r"""Adds.\n\nTwo.\n"""',
    "indented quotes": '"""\n    Adds.\n\n    Two.\n"""',
    "single quotes": "'''Adds.\n\nTwo.'''",
    "hashes": "# Adds.\n#\n# Two.",
    "two hashes": "## Adds.\n##\n## Two.",
    "roxygen": "#' Adds.\n#'\n#' Two.",
    "dashes": "--- Adds.\n---\n--- Two.",
    "haddock": "-- Adds.\n--\n-- Two.",
    "semicolons": ";; Adds.\n;;\n;; Two.",
    "percents": "%% Adds.\n%%\n%% Two.",
    "visual basic": "''' Adds.\n'''\n''' Two.",
    "fortran": "!> Adds.\n!>\n!> Two.",
    "html": "<!-- Adds.\n\nTwo. -->",
    "lua block": "--[[ Adds.\n\nTwo. ]]",
    "ocaml": "(** Adds.\n\nTwo. *)",
    "a fence": "```\nAdds.\n\nTwo.\n```",
    "a fence around a block": "```java\n/**\n * Adds.\n *\n * Two.\n */\n```",
    "nothing": "Adds.\n\nTwo.",
}


@pytest.mark.parametrize("text", MARKED.values(), ids=MARKED.keys())
def test_marks_of_the_models_own_are_taken_away(text: str) -> None:
    assert [line.strip() for line in without_marks(text.split("\n"))] == ["Adds.", "", "Two."]


@pytest.mark.parametrize(
    "text",
    [
        "Adds.\n\n* a: one\n* b: two",
        "Adds.\n\n- a: one",
        "# Adds\n\nThe sum.",
        "Says `// no`.",
        "Adds.\n\nArgs:\n    a: one",
        '"a" is added.',
    ],
)
def test_text_that_only_looks_marked_stays(text: str) -> None:
    assert without_marks(text.split("\n")) == text.split("\n")


# Where it belongs. The code without its documentation, the line asked about, and the line that
# documentation must stand above.

BLOCK = "{\n    return 1;\n}\n"
PLACES = {
    "csharp": f"[HttpGet]\npublic int F()\n{BLOCK}",
    "csharp, two attributes": f"[A]\n[B(1)]\npublic int F()\n{BLOCK}",
    "csharp, an attribute of two lines": f'[Route(\n    "x")]\npublic int F()\n{BLOCK}',
    "csharp, a class": "[Serializable]\npublic class A\n{\n    int a;\n}\n",
    "cpp, a template": f"template <typename T>\nT add(T a, T b) {BLOCK}",
    "cpp, a template of two lines": (
        f"template <\n    typename T,\n    typename U>\nT add(T a, U b) {BLOCK}"
    ),
    "cpp, requires": f"template <class T>\nrequires Number<T>\nT add(T a, T b) {BLOCK}",
    "cpp, an attribute": f"[[nodiscard]]\nint add(int a) {BLOCK}",
    "cpp, extern": f'extern "C"\nint add(int a) {BLOCK}',
    "c, the type above": f"static int\nadd(int a)\n{BLOCK}",
    "c, a pointer above": f"const char *\nname(int a)\n{BLOCK}",
    "c, an attribute": f"__attribute__((noinline))\nint add(int a) {BLOCK}",
    "rust": f"#[inline]\nfn add() {BLOCK}",
    "rust, an attribute of two lines": f"#[cfg(\n    test\n)]\nfn add() {BLOCK}",
    "rust, derive": "#[derive(Debug)]\nstruct A {\n    a: i32,\n}\n",
    "java": f"@Override\npublic int add() {BLOCK}",
    "java, an annotation of two lines": f'@Get(\n    "x"\n)\npublic int add() {BLOCK}',
    "kotlin": "@Composable\nfun add(): Int {\n    return 1\n}\n",
    "swift": "@objc\nfunc add() -> Int {\n    return 1\n}\n",
    "scala": "@tailrec\ndef add(): Int = {\n    1\n}\n",
    "dart": f"@override\nint add() {BLOCK}",
    "php": f"#[Pure]\nfunction add() {BLOCK}",
    "typescript": "@Component({\n  a: 1,\n})\nclass A {\n  b = 1;\n}\n",
    "typescript, a directive": f"// @ts-ignore\nfunction add() {BLOCK}",
    "javascript, a directive": f"// eslint-disable-next-line\nfunction add() {BLOCK}",
    "go, a directive": "//go:noinline\nfunc Add() int {\n\treturn 1\n}\n",
    "elixir": "@spec add(integer) :: integer\ndef add(a) do\n  a\nend\n",
    "ruby": "def add(a)\n  a\nend\n",
    "lua": "function add(a)\n  return a\nend\n",
    "shellscript": "add() {\n  echo 1\n}\n",
}


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", ["", "    ", "\t"])
@pytest.mark.parametrize("name", PLACES)
def test_a_comment_stands_above_all_that_belongs_to_a_definition(
    name: str, indent: str, eol: str
) -> None:
    language_id = name.partition(",")[0]
    code = "".join(indent + line for line in PLACES[name].splitlines(keepends=True))
    code = code.replace("\n", eol)
    lines = split_lines(code)
    header = next(
        at
        for at, line in enumerate(lines)
        if any(word in line for word in ("add(", "name(", "F(", "Add(", "class A", "struct A"))
        and "spec" not in line
    )
    before = f"x{eol}{eol}"
    text = documented(before + code, header + 2, "Does.", language_id)
    above = text.removeprefix(before).removesuffix(code)
    assert text == before + above + code
    assert "Does." in above
    assert all(line.startswith(indent) for line in split_lines(above) if line)


def test_a_constructor_list_is_no_part_of_the_function_below() -> None:
    text = "int a[] = {\n    1\n};\nint add(int a) {\n    return a;\n}\n"
    wanted = "};\n/**\n * Does.\n */\nint add"
    assert wanted in documented(text, 3, "Does.", "c")


DOCSTRINGS = {
    "a comment first": ("def f():\n    # note\n    return 1\n", "def f():\n    D\n    # note\n"),
    "a blank line first": ("def f():\n\n    return 1\n", "def f():\n    D\n\n    return 1\n"),
    "a header of three lines": (
        "def f(\n    a,\n):\n    # note\n    return 1\n",
        "def f(\n    a,\n):\n    D\n    # note\n",
    ),
    "a comment beside the header": (
        "def f():  # noqa\n    # note\n    return 1\n",
        "def f():  # noqa\n    D\n    # note\n",
    ),
    "a class": ("class A:\n    # note\n    a = 1\n", "class A:\n    D\n    # note\n"),
    "tabs, crlf": (
        "def f():\r\n\t# 注\r\n\treturn 1\r\n",
        "def f():\r\n\tD\r\n\t# 注\r\n",
    ),
    "decorated": ("@a(\n  1)\ndef f():\n  # note\n  pass\n", "def f():\n  D\n  # note\n"),
}


@pytest.mark.parametrize(("text", "wanted"), DOCSTRINGS.values(), ids=DOCSTRINGS.keys())
def test_a_docstring_comes_first_in_a_body(text: str, wanted: str) -> None:
    at = next(n for n, line in enumerate(split_lines(text)) if "def f" in line or "class" in line)
    assert wanted.replace("D", '"""D."""') in documented(text, at, "D.")
