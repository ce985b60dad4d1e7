"""A line inserted before another one has its end, in every language, or is not shown."""

import pytest

from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.postprocess.rules import fit
from ds_lsp.providers.base import Finish

STATEMENTS = {
    "python": ("check(path)", "return open(path)"),
    "shellscript": ("set -e", "echo done"),
    "c": ("init();", "return 1;"),
    "cpp": ("auto 甲 = 1;", "std::cout << 甲;"),
    "csharp": ("Check(x);", "return x;"),
    "java": ("check(x);", "return x;"),
    "javascript": ("check(x);", "return x;"),
    "typescript": ("const a: string = x;", "return a;"),
    "go": ("check(x)", "return x"),
    "rust": ("let a = x;", "a + 1"),
    "swift": ("let a = x", "return a"),
    "kotlin": ("val a = x", "return a"),
    "ruby": ("check x", "puts x"),
    "php": ("check($x);", "return $x;"),
    "perl": ("check($x);", "return $x;"),
    "lua": ("local a = x", "return a"),
    "r": ("a <- x", "print(a)"),
    "elixir": ("a = x", "IO.puts(a)"),
    "haskell": ("import Data.Map", "import Data.List"),
    "sql": ("DELETE FROM a;", "SELECT 1;"),
    "yaml": ("a: 1", "b: 2"),
    "toml": ("a = 1", "b = 2"),
    "makefile": ("CC = cc", "all: a"),
    "css": ("color: red;", "margin: 0;"),
    "dockerfile": ("RUN a", "RUN b"),
    "vim": ("let a = 1", "let b = 2"),
    "powershell": ("$a = 1", "Write-Output $a"),
}


def shown(document: str, said: str, language_id: str, finish: Finish = Finish.STOP) -> str:
    """Return the document with what is shown; extent and cursor as where a rest stands."""
    before, _, after = document.partition("‸")
    at = CursorContext(before, after, language_id, extent=Extent.LINE, finish=finish)
    fitted = fit(said, at)
    return before + fitted.text + after[fitted.replaces :]


@pytest.mark.parametrize("indent", ["", "    ", "\t"])
@pytest.mark.parametrize("finish", [Finish.STOP, Finish.CUT])
@pytest.mark.parametrize("end", ["\n", "\n{}", "\nmore", "\n\n"])
@pytest.mark.parametrize("language_id", STATEMENTS)
def test_a_line_before_another_keeps_its_end(
    language_id: str, end: str, finish: Finish, indent: str
) -> None:
    line, rest = STATEMENTS[language_id]
    text = shown(f"{indent}‸{rest}\n", line + end.format(indent), language_id, finish)
    nothing = f"{indent}{rest}\n"
    assert text in (f"{indent}{line}\n{indent}{rest}\n", nothing)
    if end == "\n":
        assert text != nothing


@pytest.mark.parametrize("language_id", STATEMENTS)
def test_a_line_without_its_end_is_not_shown_before_another(language_id: str) -> None:
    line, rest = STATEMENTS[language_id]
    assert shown(f"‸{rest}\n", line, language_id) == f"{rest}\n"


@pytest.mark.parametrize(
    ("language_id", "document", "said", "wanted"),
    [
        ("c", "int f(void) {\n‸}\n", "    init();\n", "int f(void) {\n    init();\n}\n"),
        ("python", "x = [\n‸]\n", "    1,\n", "x = [\n    1,\n]\n"),
        ("javascript", "on(() => {\n‸});\n", "  go();\n", "on(() => {\n  go();\n});\n"),
        ("go", "func f() {\n‸}\n", "\tgo()\n", "func f() {\n\tgo()\n}\n"),
        ("rust", "fn f() {\n‸}\n", "    go();\n", "fn f() {\n    go();\n}\n"),
        ("html", "<ul>\n‸</ul>\n", "  <li>甲</li>\n", "<ul>\n  <li>甲</li>\n</ul>\n"),
        ("python", "‸total = 0\n", "# the sum\n", "# the sum\ntotal = 0\n"),
        ("sql", "‸SELECT 1;\n", "-- 总数\n", "-- 总数\nSELECT 1;\n"),
    ],
)
def test_a_closer_or_code_below_stands_on_its_own_line(
    language_id: str, document: str, said: str, wanted: str
) -> None:
    assert shown(document, said, language_id) == wanted
