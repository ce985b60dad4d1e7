"""Which lines a cursor means."""

import pytest

from ds_lsp.languages.blocks import Scope, scope_at


def scope(text: str, language_id: str) -> Scope | None:
    """Of the line with the ``|``."""
    before, _, after = text.partition("|")
    return scope_at((before + after).splitlines(keepends=True), before.count("\n"), language_id)


PYTHON = "class A:\n    @p\n    def f(self):\n        x\n|\n        y = {}\n\n    z = 1\n"

RUST = """use x;

/// Adds.
#[inline]
fn add(
    a: i32,
) -> i32 {
    if a {
        b|;
    }
    c
}

fn other() {}
"""
C = """void foo(int a)
{
    for (;;)
    {
        x|();
    }
#ifdef X
    y();
#endif
}
int x;
"""

CASES = {
    "python, parsed": ("python", PYTHON.format("1"), (1, 5, "f")),
    "python that does not parse": ("python", PYTHON.format("("), (1, 5, "f")),
    "in a class": ("python", "class A:\n    x = 1|\n    y = 2\n", (0, 2, "A")),
    "a statement": ("python", "import os\nfor 甲 in 乙:\n    print(甲)|\nx = 1\n", (1, 2, "")),
    "nothing": ("python", "x = 1\n|\ny = 2\n", None),
    "an empty document": ("python", "|", None),
    "async, crlf": ("python", "async def f():\r\n    pass|\r\n", (0, 1, "f")),
    "rust": (
        "rust",
        RUST,
        (2, 11, "add"),
    ),
    "brackets on lines of their own": (
        "c",
        C,
        (0, 9, "foo"),
    ),
    "javascript": (
        "javascript",
        "const f = async (a) => {\n  // 中文 🙂\n  return a|;\n};\nf();\n",
        (0, 3, "f"),
    ),
    "go": ("go", "func (s *S) Get(a int) error {\n\treturn nil|\n}\n", (0, 2, "Get")),
    "ruby": ("ruby", "def a\n  b do\n    y|\n  end\nend\nc\n", (0, 4, "a")),
    "on the header": (
        "lua",
        "local function a()\n  b()\nend\n\nlocal function c|()\n  d()\nend\n",
        (4, 6, "c"),
    ),
    "a block": ("yaml", "a:\n  b: 1\nc:\n  d: |2\n  e: 3\nf: 4\n", (2, 4, "")),
    "else": ("javascript", "if (a) {\n  b|;\n} else {\n  c;\n}\nd;\n", (0, 4, "")),
    "no indentation": ("javascript", "a\nf(function() {\nb;|\n});\nc\n", (1, 3, "")),
    "below the preprocessor": (
        "c",
        '#include "甲.h"\r\n#  endif\r\n#undef A\r\nint f(int a)\r\n{\r\n\ta|++;\r\n}\r\n',
        (3, 6, "f"),
    ),
    "below a comment of a block": (
        "cpp",
        "#endif\n/**\n * 加 🙂\n **/\nint f()\n{\n  a|++;\n}\n",
        (1, 7, "f"),
    ),
    "below a statement": ("c", "*p = 1;\nint f() {\n  a|++;\n}\n", (1, 3, "f")),
    "below a count": ("javascript", "--i;\nfunction f() {\n  a|++;\n}\n", (1, 3, "f")),
    "below an assignment": ("perl", "%a = ();\nsub f {\n  a|;\n}\n", (1, 3, "f")),
    "below a comment with a word of the preprocessor": (
        "ruby",
        "# if 甲\n# error 🙂\ndef f\n  x|\nend\n",
        (0, 4, "f"),
    ),
    "below a comment of dashes": (
        "haskell",
        "-- | 加;\n--\nf = do\n  x|\n",
        (0, 3, ""),
    ),
    "a paragraph": ("javascript", "a\n\nb\nc|\n\nd\n", (2, 3, "")),
}


@pytest.mark.parametrize(("language_id", "text", "wanted"), CASES.values(), ids=CASES.keys())
def test_the_definition_around_the_cursor_is_found(
    language_id: str, text: str, wanted: tuple[int, int, str] | None
) -> None:
    found = scope(text, language_id)
    assert (found and (found.first, found.last, found.name)) == wanted


def test_only_functions_and_classes_are_definitions() -> None:
    function = scope("def f():\n    x|\n", "python")
    statement = scope("if a:\n    x|\n", "python")
    assert function
    assert statement
    assert (function.is_definition, statement.is_definition) == (True, False)
