"""How comments are written in which language."""

import re

import pytest

from ds_lsp.languages.comments import COMMENT_START, COMMENTS, SURE_COMMENT_START, text_of_comment


@pytest.mark.parametrize(
    ("language_id", "line", "said"),
    [
        ("typescriptreact", "  // 改成 async 🙂\r\n", "改成 async 🙂"),
        ("javascriptreact", "/// a", "a"),
        ("csharp", "// a", "a"),
        ("shellscript", "\t## a", "a"),
        ("shellscript", "#!/bin/zsh", ""),
        ("makefile", "# a", "a"),
        ("hcl", "# a", "a"),
        ("powershell", "# a", "a"),
        ("jsonc", "// a", "a"),
        ("scss", "//! a", "a"),
        ("css", "/* 甲 */", "甲"),
        ("css", "/* begins only", ""),
        ("css", "a {}", ""),
        ("html", "<!-- 甲 -->\r\n", "甲"),
        ("vue", "// a", "a"),
        ("ocaml", "(** a *)", "a"),
        ("fortran", "! a", "a"),
        ("latex", "%% a", "a"),
        ("emacs-lisp", ";;; a", "a"),
        ("bat", "remove a", ""),
        ("no such", "# a", ""),
    ],
)
def test_the_text_of_a_comment_is_read(language_id: str, line: str, said: str) -> None:
    assert text_of_comment(line, language_id) == said


def test_where_functions_are_documented() -> None:
    documented = ("shellscript", "typescriptreact", "csharp", "makefile", "vue", "emacs-lisp")
    assert all(COMMENTS[name].documentation for name in documented)
    others = ("css", "scss", "less", "html", "jsonc", "ocaml", "markdown")
    assert not any(COMMENTS[name].documentation for name in others)


def test_marks_of_some_language() -> None:
    # Each alternative of the patterns that these replaced.
    sure = ["//", "/*", "*", "#", "--", ";", "%", "<!--", '"', "'"]
    further = ["(*", "{-", "!", "..", "rem ", "dnl ", "@c\t", '.\\"', "{*"]
    code = ["x", "remove", "dnls", "@code", "- a", "/ 2", "< 1", "(a)", "{a}", ".a", ""]
    for mark in [*sure, *further]:
        assert re.match(COMMENT_START, f"{mark} a"), mark
    assert [mark for mark in [*sure, *further] if re.match(SURE_COMMENT_START, mark)] == sure
    assert [text for text in code if re.match(COMMENT_START, text)] == []
