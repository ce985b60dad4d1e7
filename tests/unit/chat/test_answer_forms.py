"""Answers that leave code out, hold it twice or show it in another notation are refused."""

import json
from collections.abc import Callable

import pytest

from ds_lsp.chat.edits import apply, replacement
from ds_lsp.chat.notation import _code_of, _has_markdown
from ds_lsp.chat.subject import CodeSelection
from ds_lsp.errors import ChatRefused
from ds_lsp.providers.base import Finish
from ds_lsp.text.lines import split_lines

FILES = {
    "javascript": "function before() {\n  return 1;\n}\n\n"
    "function total(items) {\n  let sum = 0;\n  for (const item of items) {\n"
    "    sum += item.price;\n  }\n  log(sum);\n  return sum;\n}\n\n"
    "function after() {\n  return 2;\n}\n",
    "go": "func before() int {\n\treturn 1\n}\n\n"
    "func total(items []Item) int {\n\tsum := 0\n\tfor _, item := range items {\n"
    "\t\tsum += item.price\n\t}\n\tlog(sum)\n\treturn sum\n}\n\n"
    "func after() int {\n\treturn 2\n}\n",
    "python": "def before():\n    return 1\n\n\n"
    "def total(items):\n    sum = 0\n    for item in items:\n        sum += item.price\n"
    "    log(sum)\n    return sum\n\n\ndef after():\n    return 2\n",
    "java": "class A {\n    int before() {\n        return 1;\n    }\n\n"
    "    int total(List<Item> items) {\n        int sum = 0;\n        for (Item item : items) {\n"
    "            sum += item.price;\n        }\n        log(sum);\n        return sum;\n    }\n\n"
    "    int after() {\n        return 2;\n    }\n}\n",
    "ruby": "def before\n  1\nend\n\n"
    "def total(items)\n  sum = 0\n  items.each do |item|\n    sum += item.price\n  end\n"
    "  log(sum)\n  sum\nend\n\ndef after\n  2\nend\n",
    "lua": "local function before()\n  return 1\nend\n\n"
    "local function total(items)\n  local sum = 0\n  for _, item in ipairs(items) do\n"
    "    sum = sum + item.price\n  end\n  log(sum)\n  return sum\nend\n\n"
    "local function after()\n  return 2\nend\n",
    "elixir": "def before do\n  1\nend\n\n"
    "def total(items) do\n  sum = Enum.sum_by(items, fn item -> item.price end)\n"
    "  if sum > 1 do\n    trace(sum)\n  end\n  log(sum)\n  sum\nend\n\ndef after_it do\n  2\nend\n",
    "shellscript": "before() {\n  echo 1\n}\n\n"
    'total() {\n  local sum=0\n  for item in "$@"; do\n    sum=$((sum + item))\n  done\n'
    '  log "$sum"\n  echo "$sum"\n}\n\nafter() {\n  echo 2\n}\n',
    "html": "<body>\n  <p>before</p>\n  <div>\n    <b>total</b>\n    <i>item</i>\n    <i>log</i>\n"
    "  </div>\n  <p>after</p>\n</body>\n",
    "css": ".before {\n  top: 1px;\n}\n\n.total {\n  margin: 0;\n  padding: 1px;\n"
    "  color: log;\n  border: 0;\n}\n\n.after {\n  top: 2px;\n}\n",
}
MARKS = {"python": "#", "ruby": "#", "elixir": "#", "shellscript": "#", "lua": "--"}


def about(language_id: str) -> CodeSelection:
    """Return the function or block named ``total`` of a file."""
    lines = split_lines(FILES[language_id])
    starts = [at for at, line in enumerate(lines) if "total" in line]
    first = starts[0] - (language_id == "html")
    last = next(at for at in range(first, len(lines)) if "after" in lines[at]) - 1
    while not lines[last].strip():
        last -= 1
    return CodeSelection("file:///w/src/a.x", "src/a.x", language_id, 1, tuple(lines), first, last)


def own(language_id: str) -> list[str]:
    return about(language_id).code.split("\n")


def after(answer: str, language_id: str) -> str:
    subject = about(language_id)
    return apply(replacement(answer, Finish.STOP, subject), subject.lines)


def refused(answer: str, language_id: str) -> None:
    with pytest.raises(ChatRefused, match="nothing was changed"):
        after(answer, language_id)


def commented(text: str, language_id: str) -> str:
    if language_id == "html":
        return f"<!-- {text} -->"
    return f"/* {text} */" if language_id == "css" else f"{MARKS.get(language_id, '//')} {text}"


@pytest.mark.parametrize("language_id", FILES)
@pytest.mark.parametrize(
    "remark",
    [
        *("...", "…", ". . .", "⋮", "... existing code ...", "... rest of the function ..."),
        *(
            "rest of the code remains unchanged",
            "existing code here",
            "rest of code",
            "(unchanged)",
        ),
        *("Existing implementation...", "same as before", "[existing code]", "previous code"),
        *("Rest of the implementation stays the same", "remaining lines unchanged", "snip"),
        *("TODO: keep the existing implementation", "your code here", "implementation here"),
        *(
            "keep everything else as is",
            "no changes below",
            "(code omitted)",
            "omitted for brevity",
        ),
        *(
            "--- 8< ---",
            "… 其余代码不变 …",
            "省略",
            "原有代码",
            "保持原有代码不变",
            "既存のコード",
            "以下略",
        ),
        *("기존 코드", "생략", "restlicher Code unverändert", "reste du code inchangé", "etc."),
        *("resto del código", "resto do código", "resto del codice", "остальной код"),
    ],
)
def test_a_remark_in_place_of_code_is_refused(remark: str, language_id: str) -> None:
    lines = own(language_id)
    refused("\n".join([lines[0], "  " + commented(remark, language_id), lines[-1]]), language_id)


@pytest.mark.parametrize("language_id", FILES)
@pytest.mark.parametrize("dots", ["...", "…", "... existing code ...", "[... rest unchanged ...]"])
def test_dots_in_place_of_code_are_refused(dots: str, language_id: str) -> None:
    lines = own(language_id)
    refused("\n".join([lines[0], f"    {dots}", *lines[-2:]]), language_id)


@pytest.mark.parametrize("body", ["{ ... }", "{ /* ... */ }", "{ // ... existing ...\n  }"])
def test_dots_in_place_of_a_body_are_refused(body: str) -> None:
    text = "\n".join(own("javascript"))
    start, end = text.index("{\n    sum +="), text.index("  log")
    refused(f"{text[:start]}{body}\n{text[end:]}", "javascript")


@pytest.mark.parametrize(
    "remark",
    [
        *(
            "The rest of the code expects a number.",
            "Other methods are private.",
            "Logs the sum ...",
        ),
        *("Existing code relies on this order", "keep the order unchanged", "Sums the old prices"),
        *("see the previous method for why", "计算总和", "TODO: handle an empty list"),
    ],
)
@pytest.mark.parametrize("language_id", FILES)
def test_an_ordinary_comment_is_applied(remark: str, language_id: str) -> None:
    lines = own(language_id)
    lines[1:1] = [
        lines[1][: len(lines[1]) - len(lines[1].lstrip())] + commented(remark, language_id)
    ]
    lines[-2] = lines[-2].replace("sum", "sum2").replace("0", "2").replace("log", "logs")
    assert "\n".join(lines) in after("\n".join(lines), language_id)


@pytest.mark.parametrize(
    ("language_id", "answer"),
    [
        pytest.param(
            "python", "def total(items):\n    return sum(item[...] for item in items)", id="index"
        ),
        pytest.param(
            "python", "class Total(Protocol):\n    def total(self, items):\n        ...", id="stub"
        ),
        pytest.param("javascript", "function total(...items) {\n  log(...items);\n}", id="spread"),
        pytest.param(
            "javascript",
            "const total = (items) => items.reduce((a, { price }) => a + price, 0);",
            id="arrow",
        ),
        pytest.param(
            "javascript",
            'function total(items) {\n  log("&lt;b&gt;");\n  return items;\n}',
            id="entity",
        ),
        pytest.param(
            "go", "func total(items ...Item) int {\n\treturn sum(items...)\n}", id="variadic"
        ),
        pytest.param("ruby", "def total(items) = items.sum(&:price)", id="endless"),
        pytest.param("lua", "local function total(...)\n  return sum(...)\nend", id="varargs"),
        pytest.param("elixir", "def total(items), do: Enum.sum(items)", id="one line"),
    ],
)
def test_code_with_such_signs_is_applied(language_id: str, answer: str) -> None:
    assert answer in after(answer, language_id)


def test_code_may_be_there_already() -> None:
    """Where all code is still there, a remark stands for none."""
    lines = own("go")
    lines.insert(1, "\t// ... and the rest of the code")
    assert "\n".join(lines) in after("\n".join(lines), "go")


def changed(language_id: str) -> list[str]:
    return [line.replace("log", "trace") for line in own(language_id)]


def signed(sign: str, lines: list[str]) -> list[str]:
    return [sign + line for line in lines]


HEADS = ("--- a/src/a.x", "+++ b/src/a.x", "@@ -1,3 +1,3 @@")
Form = Callable[[list[str], list[str]], list[str]]
FORMS: dict[str, Form] = {
    "unified diff": lambda own, new: [*HEADS, *own],
    "diff without heads": lambda own, new: [*signed("-", own), *signed("+", new)],
    "only a deletion": lambda own, new: [*signed(" ", own[:-1]), f"-{own[-1]}"],
    "search and replace": lambda own, new: ["<<<<<<< SEARCH", *own, "=====", *new, ">>>>>>> X"],
    "conflict": lambda own, new: ["<<<<<<< HEAD", *own, "=======", *new, ">>>>>>> new"],
    "line numbers": lambda own, new: [f"{at}: {each}" for at, each in enumerate(new, 7)],
    "numbers, bars": lambda own, new: [f"{at:4} | {each}" for at, each in enumerate(new, 7)],
    "answer tags": lambda own, new: ["<answer>", *new, "</answer>"],
    "thoughts": lambda own, new: ["<think>", "total, log", "</think>", *new],
    "tokens": lambda own, new: ["<|im_start|>assistant", *new],
    "strong words": lambda own, new: [*new, "", "**Changes:** renamed log"],
    "a list below": lambda own, new: [*new, "", "- renamed log to trace", "- kept the sum"],
    "a quotation": lambda own, new: signed("> ", new),
    "a table": lambda own, new: ["| old | new |", "|---|:--:|", f"| {own[0]} | {new[0]} |"],
    "an object": lambda own, new: [json.dumps({"code": "\n".join(new)})],
    "escaped line ends": lambda own, new: ["\\n".join(new)],
    "twice": lambda own, new: [*new, "", *new],
    "first half": lambda own, new: own[: len(own) // 2],
}  # fmt: skip


@pytest.mark.parametrize("language_id", FILES)
@pytest.mark.parametrize("form", FORMS)
def test_another_notation_is_refused(form: str, language_id: str) -> None:
    refused("\n".join(FORMS[form](own(language_id), changed(language_id))), language_id)


@pytest.mark.parametrize("language_id", ["go", "javascript", "java"])
def test_escaped_code_is_refused(language_id: str) -> None:
    lines = changed(language_id)
    lines[1:1] = ["if (sum &lt; 1 &amp;&amp; items) {", "}"]
    refused("\n".join(lines), language_id)


@pytest.mark.parametrize(
    "answer",
    ["    log(sum, 1)", "sum += item.price * item.count", "    return len(items)", "pass"],
)
def test_a_changed_line_alone_is_refused(answer: str) -> None:
    refused(answer, "python")


@pytest.mark.parametrize(
    "language_id", ["javascript", "go", "python", "ruby", "lua", "shellscript"]
)
def test_a_changed_neighbor_is_not_doubled(language_id: str) -> None:
    lines = split_lines(FILES[language_id])
    above = [line.replace("1", "11").rstrip("\n") for line in lines[:3]]
    refused("\n".join([*above, "", *changed(language_id)]), language_id)


@pytest.mark.parametrize("first", ["src/a.x", "// src/a.x", "// File: a.x", "`a.x`:"])
def test_the_name_of_the_file_is_left_out(first: str) -> None:
    answer = "\n".join(changed("javascript"))
    assert after(f"{first}\n{answer}", "javascript") == after(answer, "javascript")


def test_functions_told_apart_by_their_parameters_may_be_several() -> None:
    more = "    int total() {\n        return 0;\n    }\n"
    answer = "\n".join([*changed("java"), "", more])
    assert more in after(answer, "java")


@pytest.mark.parametrize(
    "line",
    [
        *("if (p) await this.loadExtension(p, true)", 'c.Request.Header.Set("X-Real-IP", " 10 ")'),
        *("first_item, second_item, third_item, fourth_item,", "name: '-k, -kind KIND',"),
    ],
)
def test_code_with_many_names_is_applied(line: str) -> None:
    lines = changed("go")
    lines.insert(1, f"\t{line}")
    assert line in after("\n".join(lines), "go")


INDENTED = {
    "a selection that ends less deep": (
        "javascript",
        "if (a) {\n  if (b) {\n    c();\n  }\n}\n",
        (2, 3),
        "    d(c);\n  }",
        "if (a) {\n  if (b) {\n    d(c);\n  }\n}\n",
    ),
    "lines of the preprocessor": (
        "c",
        "int f() {\n    return g();\n}\n",
        (1, 1),
        "    h();\n#ifdef X\n    return g();\n#endif",
        "int f() {\n    h();\n#ifdef X\n    return g();\n#endif\n}\n",
    ),
    "a block for a line": (
        "c",
        "int f() {\n    return g();\n}\n",
        (1, 1),
        "if (x) {\n    return g();\n}",
        "int f() {\n    if (x) {\n        return g();\n    }\n}\n",
    ),
    "a first line with its indentation twice": (
        "elixir",
        'def a do\n  b("""\n  x\n  """)\nend\n',
        (1, 3),
        '  b("""\n  y\n  """)',
        'def a do\n  b("""\n  y\n  """)\nend\n',
    ),
    "a long string of Lua": (
        "lua",
        "do\n\ta = [[\n        x]]\nend\n",
        (1, 2),
        "a = [[\n        y]]",
        "do\n\ta = [[\n        y]]\nend\n",
    ),
}


@pytest.mark.parametrize("case", INDENTED)
def test_lines_at_other_depths_keep_them(case: str) -> None:
    language_id, text, (first, last), answer, expected = INDENTED[case]
    subject = CodeSelection("file:///a", "a", language_id, 1, tuple(split_lines(text)), first, last)
    assert apply(replacement(answer, Finish.STOP, subject), subject.lines) == expected


def test_a_return_outside_of_a_function_is_no_python() -> None:
    refused("        sum += item.price\n    log(sum)\n    return sum  # total", "python")


def test_what_comes_often_may_come_once_more() -> None:
    check = "\tif err != nil {\n\t\treturn err\n\t}\n"
    text = f"func a() error {{\n{check}{check}}}\n\nfunc b() error {{\n\tc()\n}}\n"
    lines = split_lines(text)
    subject = CodeSelection("file:///a", "a", "go", 1, tuple(lines), 9, 11)
    answer = f"func b() error {{\n\terr := c()\n{check}\treturn nil\n}}"
    assert answer in apply(replacement(answer, Finish.STOP, subject), subject.lines)


def test_a_comment_with_two_marks_is_a_heading_where_it_is_no_comment() -> None:
    for language_id, is_heading in (("python", False), ("shellscript", False), ("go", True)):
        assert _has_markdown(["## Setup of it", "x = 1"], set(), language_id) is is_heading


def test_code_ends_at_the_comment_mark_of_its_language() -> None:
    assert _code_of("a = 1 # &lt;", "python") == "a = 1 "
    assert _code_of("a = b -- &lt;", "mysql") == "a = b "
    assert _code_of("a = 1 # &lt;", "go") == "a = 1 # &lt;"
