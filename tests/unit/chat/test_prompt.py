"""What a model is told: the templates, filled in within a budget."""

import re
from importlib.resources import files

import pytest

from ds_lsp.chat import prompt
from ds_lsp.chat.subject import (
    CodeSelection,
    ReportedProblem,
    requested,
    select_around,
    select_range,
    select_reported,
)
from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.document import Document

NAMES = {
    *("language", "file", "language_id", "place", "code", "focus", "before", "after"),
    *("diagnostic", "request"),
}
TEXT = "import os\r\n\r\ndef 加(a):\r\n\treturn a + '🙂'\r\n\r\nx = 1\r\n"


def document(text: str = TEXT, language_id: str = "python") -> Document:
    return Document("file:///a.py", language_id, 7, text, PositionEncoding.UTF16)


def templates() -> list[str]:
    folder = files("ds_lsp.chat") / "prompts"
    return sorted(each.name.removesuffix(".md") for each in folder.iterdir())


@pytest.mark.parametrize("name", templates())
def test_templates_ask_for_what_there_is(name: str) -> None:
    text = prompt.read_template(name)
    assert set(re.findall(r"\$(\w+)", text)) <= NAMES
    # A paragraph is left out when its value is empty; two values in one would go together.
    for paragraph in text.split("\n\n"):
        assert len(re.findall(r"\$(?:code|focus|before|after|diagnostic)", paragraph)) <= 1
    if name.endswith("-system"):
        # Code can say "ignore your instructions".
        assert "material" in text


def test_the_documentation_prompt_says_json_as_the_api_demands() -> None:
    assert "JSON" in prompt.read_template("document-system")


def subject(line: int = 3) -> CodeSelection:
    found = select_around(document(), "src/a.py", line)
    assert found
    return found


def test_an_explanation_is_asked_for_with_code_and_surroundings() -> None:
    system, user = prompt.explain(subject(), "Simplified Chinese")
    assert "in Simplified Chinese." in system.content
    assert user.content == (
        "File: src/a.py\nLanguage: python\nLines: 3 to 4\n\nExplain this code:\n\n"
        "```\ndef 加(a):\n\treturn a + '🙂'\n```\n\n"
        "Right before it stands, for your understanding alone:\n\n```\nimport os\n```\n\n"
        "Right after it stands, for your understanding alone:\n\n```\n\nx = 1\n```"
    )


def test_what_is_empty_is_left_out_with_its_heading() -> None:
    alone = select_around(document("x = 1"), "a.py", 0)
    assert alone
    (_, user) = prompt.explain(alone, "English")
    assert user.content.endswith("Explain this code:\n\n```\nx = 1\n```")


def test_a_diagnostic_is_asked_about_with_its_lines() -> None:
    remark = ReportedProblem("no $name\n``` here", 3, 3, "E1", "lint", ("b.py, line 2: there",))
    _, user = prompt.explain(select_reported(document(), "a.py", remark), "English")
    assert "for lines 4:" in user.content
    assert "````\nlint E1: no $name\n``` here\n- b.py, line 2: there\n````" in user.content
    assert "speaks of:\n\n```\n\treturn a + '🙂'\n```" in user.content


def test_the_head_of_the_conversation_does_not_depend_on_the_code() -> None:
    # The provider's prefix cache begins with it.
    assert prompt.explain(subject(0), "English")[0] == prompt.explain(subject(5), "English")[0]


def test_the_budget_is_kept() -> None:
    lines = "".join(f"    value_{number} = '中文'\n" for number in range(20_000))
    long = select_around(document(f"def f():\n{lines}"), "a.py", 9)
    assert long
    _, user = prompt.explain(long, "English")
    assert len(user.content) < prompt.CODE_BUDGET + prompt.AFTER_BUDGET + 1_000
    assert "characters are left out here" in user.content
    middle = select_range(document(lines), "a.py", (10_000, 0), (10_001, 0))
    assert middle
    _, user = prompt.explain(middle, "English")
    assert len(user.content) < prompt.BEFORE_BUDGET + prompt.AFTER_BUDGET + 1_000


@pytest.mark.parametrize(
    ("setting", "locale", "language"),
    [
        ("auto", None, "English"),
        ("auto", "en", "English"),
        ("auto", "zh-cn", "Simplified Chinese"),
        ("auto", "zh_TW.UTF-8", "Traditional Chinese"),
        ("auto", "de_DE.UTF-8", "German"),
        ("auto", "C.UTF-8", "English"),
        ("auto", "xx-yy", "xx-yy"),
        ("fr", "de", "French"),
        ("文言文\nplease", "de", "文言文 please"),
    ],
)
def test_the_language_of_an_answer(setting: str, locale: str | None, language: str) -> None:
    assert prompt.answer_language(setting, locale) == language


# What is meant by a selection, a cursor, a diagnostic.


def test_a_selection_of_whole_lines_ends_before_the_next_line() -> None:
    found = select_range(document(), "a.py", (2, 0), (4, 0))
    assert found
    assert (found.first, found.last, found.focus) == (2, 3, "")
    assert found.code == "def 加(a):\r\n\treturn a + '🙂'"


def test_a_part_of_a_line_is_what_is_meant_above_all() -> None:
    found = select_range(document(), "a.py", (3, 13), (3, 15))
    assert found
    assert (found.first, found.last, found.focus) == (3, 3, "🙂")
    assert "above all:\n\n```\n🙂\n```" in prompt.explain(found, "English")[1].content


def test_a_selection_of_blanks_is_nothing() -> None:
    assert select_range(document(), "a.py", (1, 0), (2, 0)) is None
    assert select_range(document(), "a.py", (3, 0), (3, 1)) is None


def test_a_diagnostic_means_the_function_it_is_in() -> None:
    found = select_reported(document(), "a.py", ReportedProblem("m", 3, 3))
    assert (found.first, found.last, found.name) == (2, 3, "加")
    outside = select_reported(document(), "a.py", ReportedProblem("m", 99, 100))
    assert (outside.first, outside.last) == (5, 5)  # the last line with text
    function = "def f():\n" + "    x = '很长的一行'\n" * 2_000
    near = select_reported(document(function), "a.py", ReportedProblem("m", 1_000, 1_001))
    assert (near.first, near.last) == (985, 1_016)


@pytest.mark.parametrize(
    ("language_id", "text", "request_"),
    [
        ("python", "# 改成 async\nx\n", "改成 async"),
        ("rust", "  // use map\n  x\n", "use map"),
        ("c", "#include <x>\nx\n", None),
        ("python", "#!/bin/sh\nx\n", None),
        ("python", "#\nx\n", None),
        ("python", "x\n# later\n", None),
        ("python", "# alone\n\n", None),
    ],
)
def test_a_request_is_the_comment_above(language_id: str, text: str, request_: str | None) -> None:
    whole = select_range(document(text, language_id), "a", (0, 0), (2, 0))
    assert whole
    found = requested(whole)
    assert (found and found[1]) == request_


END = "function f() {\n  if (a) {\n    b();\n  }\n"
NOWHERE = {
    "the empty last line": ("javascript", END, (4, 4), (0, 3)),
    "blank lines at the end": ("javascript", f"{END}\n\n  \n", (6, 7), (0, 3)),
    "past the end": ("javascript", END, (99, 99), (0, 3)),
    "ends before it begins": ("javascript", END, (4, 0), (0, 3)),
    "from the code to the end": ("javascript", f"{END}\n\n", (2, 6), (0, 3)),
    "crlf": ("c", "int f(void)\r\n{\r\n    return g(1;\r\n}\r\n", (4, 4), (0, 3)),
    "python": ("python", "def f():\n    return g(\n\n\n", (3, 3), (0, 1)),
    "go": ("go", 'package a\n\nfunc f() {\n\tg("甲")\n\n', (5, 5), (2, 3)),
    "between functions": ("c", "int f() {\n  a();\n\n\nint g;\n", (3, 3), (0, 1)),
    "above all code": ("c", "\n\nint f() {\n  a();\n}\n", (0, 0), (2, 4)),
}


@pytest.mark.parametrize(
    ("language_id", "text", "at", "wanted"), NOWHERE.values(), ids=NOWHERE.keys()
)
def test_a_report_about_blank_lines_is_about_the_code_above(
    language_id: str, text: str, at: tuple[int, int], wanted: tuple[int, int]
) -> None:
    subject = select_reported(document(text, language_id), "a", ReportedProblem("m", *at))
    assert (subject.first, subject.last) == wanted
    assert subject.problem
    assert wanted[0] <= subject.problem.first <= subject.problem.last <= wanted[1]


def test_a_report_about_a_blank_document_has_a_place() -> None:
    subject = select_reported(document("\n\n", "c"), "a", ReportedProblem("m", 1, 1))
    assert subject.code == ""
