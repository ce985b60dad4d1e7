"""An answer that repeats lines around the edited ones is trimmed, or refused."""

import pytest

from ds_lsp.chat.edits import apply, replacement
from ds_lsp.errors import ChatRefused
from ds_lsp.providers.base import Finish
from tests.unit.chat.test_edits import subject

FUNCTIONS = {
    "python": (
        (
            "def total(xs):\n    # use sum\n    t = 0\n    for x in xs:\n        t += x\n"
            "    return t\n"
        ),
        "t = sum(xs)",
    ),
    "javascript": (
        (
            "function total(xs) {\n  // use reduce\n  let t = 0;\n  for (const x of xs) t += x;\n"
            "  return t;\n}\n"
        ),
        "const t = xs.reduce((a, b) => a + b, 0);",
    ),
    "go": (
        (
            "func total(xs []int) int {\n\t// simplify\n\tt := 0\n\tfor _, x := range xs {\n"
            "\t\tt += x\n\t}\n\treturn t\n}\n"
        ),
        "t := sum(xs)",
    ),
    "rust": (
        (
            "fn total(xs: &[i32]) -> i32 {\n    // simplify\n    let mut t = 0;\n    "
            "for x in xs {\n        t += x;\n    }\n    return t;\n}\n"
        ),
        "let t = xs.iter().sum();",
    ),
    "java": (
        (
            "class 甲 {\n    int total(int[] xs) {\n        // simplify\n        int t = 0;\n"
            "        for (int x : xs) t += x;\n        return t;\n    }\n}\n"
        ),
        "int t = sum(xs);",
    ),
    "c": (
        "int total(int *xs)\n{\n\t// simplify\n\tint t = 0;\n\tfor (;;) t++;\n\treturn t;\n}\n",
        "int t = sum(xs);",
    ),
    "ruby": (
        "def total(xs)\n  # simplify\n  t = 0\n  xs.each { |x| t += x }\n  return t\nend\n",
        "t = xs.sum",
    ),
    "lua": (
        (
            "function total(xs)\n  -- simplify\n  local t = 0\n  "
            "for _, x in ipairs(xs) do t = t + x end\n  return t\nend\n"
        ),
        "local t = sum(xs)",
    ),
    "shellscript": (
        "total() {\n  # simplify\n  t=0\n  for x in $xs; do t=$((t + x)); done\n  echo $t\n}\n",
        "t=$(sum $xs)",
    ),
    "php": (
        (
            "function total($xs) {\n    // simplify\n    $t = 0;\n    "
            "foreach ($xs as $x) $t += $x;\n    return $t;\n}\n"
        ),
        "$t = array_sum($xs);",
    ),
}

SHAPES = ["alone", "and the line below", "and all below", "and the comment", "the whole function"]


def parts(text: str) -> tuple[list[str], int, int]:
    """Return the lines, and the first and last of those below the comment with the request."""
    lines = text.splitlines(keepends=True)
    comment = next(
        at for at, line in enumerate(lines) if line.lstrip().startswith(("#", "//", "--"))
    )
    end = next(at for at, line in enumerate(lines) if "return" in line or "echo" in line)
    return lines, comment + 1, end - 1


def shaped(shape: str, lines: list[str], first: int, last: int, new: str) -> str:
    """Return the answer of a model to which *first* is given, indented, as its opening."""
    indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    below = "".join(lines[last + 1 :])
    start = next(at for at, line in enumerate(lines) if "total" in line)
    rest = "".join(line for line in lines[last + 1 :] if line[0] in " \t")
    match shape:
        case "and the line below":
            return f"{new}\n{lines[last + 1]}```"
        case "and all below":
            return f"{new}\n{below}```"
        case "and the comment":
            return f"{lines[first - 1].strip()}\n{indent}{new}\n```"
        case "the whole function":
            head = "".join(lines[start : first - 1])
            return f"{head.lstrip()}{indent}{new}\n{rest}{below.removeprefix(rest)}```"
    return f"{new}\n```"


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("language_id", FUNCTIONS)
def test_repeated_neighbors_are_trimmed(language_id: str, shape: str, eol: str) -> None:
    text, new = FUNCTIONS[language_id]
    lines, first, last = parts(text)
    answer = shaped(shape, lines, first, last, new)
    indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    wanted = "".join([*lines[:first], f"{indent}{new}\n", *lines[last + 1 :]])
    about = subject(text.replace("\n", eol), first, last, language_id)
    edit = replacement(answer, Finish.STOP, about)
    assert apply(edit, about.lines) == wanted.replace("\n", eol)


PY = FUNCTIONS["python"][0]
JS = FUNCTIONS["javascript"][0]
UNCLEAR = {
    "the function without its rest": ("python", PY, 2, 4, "def total(xs):\n    t = sum(xs)\n"),
    "the function with another end": (
        "python",
        PY,
        2,
        4,
        "def total(xs):\n    t = sum(xs)\n    return t + 0\n",
    ),
    "the function with another head": (
        "python",
        PY,
        2,
        4,
        "def total(values):\n    t = sum(values)\n    return t\n",
    ),
    "the function after other lines": (
        "javascript",
        JS,
        2,
        3,
        "let n = 0;\nfunction total(xs) {\n  const t = n;\n",
    ),
    "nothing but the line below": ("python", PY, 2, 4, "return t\n"),
    "lines from above within": (
        "python",
        "import a\nimport b\n\nx = a.f()\n",
        3,
        3,
        "x = 1\nimport a\nimport b\ny = a.f()\n",
    ),
}


@pytest.mark.parametrize(
    ("language_id", "text", "first", "last", "answer"), UNCLEAR.values(), ids=UNCLEAR.keys()
)
def test_an_answer_that_cannot_be_told_apart_is_refused(
    language_id: str, text: str, first: int, last: int, answer: str
) -> None:
    with pytest.raises(ChatRefused):
        replacement(answer, Finish.STOP, subject(text, first, last, language_id))


KEPT = {
    "its own last line is the next one's twin": (
        "c",
        "f();\n}\n}\n",
        0,
        1,
        "g(f);\n}",
        "g(f);\n}\n}\n",
    ),
    "its own first line is the one above": (
        "python",
        "a = 1\na = 1\nb = 2\n",
        1,
        1,
        "a = 1\na = 3",
        "a = 1\na = 1\na = 3\nb = 2\n",
    ),
    "a bracket of its own": (
        "javascript",
        "function f() {\n  a();\n}\n",
        1,
        1,
        "if (x) {\n    a();\n  }",
        "function f() {\n  if (x) {\n    a();\n  }\n}\n",
    ),
    "an end of its own": (
        "ruby",
        "def f\n  a\nend\n",
        1,
        1,
        "if x\n    a\n  end",
        "def f\n  if x\n    a\n  end\nend\n",
    ),
    "an overload": (
        "java",
        "class A {\n    int f(int a) {\n        return a;\n    }\n}\n",
        1,
        3,
        "int f(int a) {\n        return a;\n    }\n\n    int f(long a) {\n        return 1;\n    }",
        (
            "class A {\n    int f(int a) {\n        return a;\n    }\n\n    int f(long a) {\n"
            "        return 1;\n    }\n}\n"
        ),
    ),
    "a constructor": (
        "java",
        "class A {\n    int a = 1;\n}\n",
        1,
        1,
        "int a;\n\n    A(int a) {\n        this.a = a;\n    }",
        "class A {\n    int a;\n\n    A(int a) {\n        this.a = a;\n    }\n}\n",
    ),
}


@pytest.mark.parametrize(
    ("language_id", "text", "first", "last", "answer", "wanted"), KEPT.values(), ids=KEPT.keys()
)
def test_a_line_of_the_answer_itself_stays(
    language_id: str, text: str, first: int, last: int, answer: str, wanted: str
) -> None:
    about = subject(text, first, last, language_id)
    assert apply(replacement(answer, Finish.STOP, about), about.lines) == wanted
