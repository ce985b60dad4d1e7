"""How comments are written in which language."""

import pytest

from ds_lsp.chat.comments import COMMENTS, text_of_comment


@pytest.mark.parametrize(
    ("language_id", "line", "said"),
    [
        ("tsx", "  // 改成 async 🙂\r\n", "改成 async 🙂"),
        ("jsx", "/// a", "a"),
        ("cs", "// a", "a"),
        ("sh", "\t## a", "a"),
        ("zsh", "#!/bin/zsh", ""),
        ("make", "# a", "a"),
        ("hcl", "# a", "a"),
        ("ps1", "# a", "a"),
        ("jsonc", "// a", "a"),
        ("scss", "//! a", "a"),
        ("css", "/* 甲 */", "甲"),
        ("css", "/* begins only", ""),
        ("css", "a {}", ""),
        ("html", "<!-- 甲 -->\r\n", "甲"),
        ("vue", "// a", "a"),
        ("ocaml", "(** a *)", "a"),
        ("fortran", "! a", "a"),
        ("tex", "%% a", "a"),
        ("emacs-lisp", ";;; a", "a"),
        ("bat", "remove a", ""),
        ("no such", "# a", ""),
    ],
)
def test_what_a_comment_says(language_id: str, line: str, said: str) -> None:
    assert text_of_comment(line, language_id) == said


def test_where_functions_are_documented() -> None:
    documented = ("bash", "sh", "tsx", "jsx", "cs", "make", "vue", "fortran", "ps1", "emacs-lisp")
    assert all(COMMENTS[name].documentation for name in documented)
    others = ("css", "scss", "less", "html", "jsonc", "ocaml", "markdown")
    assert not any(COMMENTS[name].documentation for name in others)
