"""Brackets, strings and comments, by families of languages."""

from pathlib import Path

import pytest

from ds_lsp.languages.lexicon import _FAMILIES, lexicon_for
from ds_lsp.languages.names import BY_NAME, BY_SUFFIX, language_id
from ds_lsp.languages.reader import START, scan

SOURCES = Path(__file__).parents[2] / "golden" / "sources"


@pytest.mark.parametrize(
    ("language_id", "text", "left_open", "closing", "wrong"),
    [
        ("python", "f([{", "([{", None, 0),
        ("python", "f(')') # (", "", "\n", 0),
        ("python", "'''\n)\n", "", "'''", 0),
        ("python", "f'{a[", "{[", None, 0),
        ("python", "f'{{", "", "'", 0),
        ("python", "'a\n)", "", None, 2),
        ("javascript", "`a ${b(`c", "{(", "`", 0),
        ("javascript", "x = /[)]/; a / b", "", None, 0),
        ("javascript", "return /'/", "", None, 0),
        ("rust", "&'a str, '(', r#\")\"#", "", None, 0),
        ("cpp", 'R"x())x" 1\'0', "", None, 0),
        ("csharp", '@"a\\" $"{b', "{", None, 0),
        ("swift", '"\\(a', "(", None, 0),
        ("kotlin", '"""${a', "{", None, 0),
        ("ruby", '"#{a', "{", None, 0),
        ("ruby", "x = <<~SQL\n  (\nSQL\n", "", None, 0),
        ("lua", "--[[ ( ]] [==[ ( ]==] -- (", "", "\n", 0),
        ("haskell", "f' x {- ( -} -- (", "", "\n", 0),
        ("ocaml", "(* ( *) '(' 'a", "", None, 0),
        ("sql", "'it''s (' -- (", "", "\n", 0),
        ("shellscript", "case x in\n  a|b) c ;;", "", None, 0),
        ("shellscript", "${#a} $# '\\'", "", None, 0),
        ("html", "<a b=\"1>2\" c='('>don't (<b", "(<", None, 0),
        ("css", "a { b: url(//x;)", "{", None, 0),
        ("yaml", "a: don't [ # (", "[", "\n", 0),
        ("clojure", '\\( "(" ; (', "", "\n", 0),
        ("powershell", '"$(a', "(", None, 0),
        ("julia", "#= ( =# a'; '('", "", None, 0),
        ("erlang", "$( % (", "", "\n", 0),
        ("perl", "qw( a ) # (", "", "\n", 0),
        ("php", "# (\n'(' /* ( */ \"{$a", "{", None, 0),
        ("nix", "''( ${a", "{", None, 0),
        ("never-heard-of", "'(' \"(\" // (", "", "\n", 0),
        ("python", "(]", "(", None, 1),
        ("python", "([)", "", None, 1),
    ],
)
def test_open_brackets_strings_and_errors_are_found(
    language_id: str, text: str, left_open: str, closing: str | None, wrong: int
) -> None:
    end = scan(text, lexicon_for(language_id)).end
    assert "".join(each.bracket for each in end.stack) == left_open
    assert (end.inside.closing if end.inside else None) == closing
    assert end.errors == wrong


@pytest.mark.parametrize("language_id", sorted({*BY_SUFFIX.values(), *BY_NAME.values()}))
def test_a_text_read_in_pieces_is_read_alike(language_id: str) -> None:
    text = "a (b [c] {d}) \"e (\" f\n'g' # h (\n// i (\n-- j (\nk(l, m)\n"
    lexicon = lexicon_for(language_id)
    whole = scan(text, lexicon).end
    for cut in (index for index, sign in enumerate(text) if sign in " \n"):
        end = scan(text[cut:], lexicon, scan(text[:cut], lexicon).end).end
        assert [each.bracket for each in end.stack] == [each.bracket for each in whole.stack]
        assert (end.inside, end.errors, end.chars_read) == (
            whole.inside,
            whole.errors,
            whole.chars_read,
        )
        assert [each.offset for each in end.stack] == [each.offset for each in whole.stack]


@pytest.mark.parametrize("path", sorted(SOURCES.iterdir()), ids=lambda path: path.name)
def test_a_file_read_line_by_line_is_read_alike(path: Path) -> None:
    text = path.read_text("utf-8")
    lexicon = lexicon_for(language_id(path))
    state = START
    for line in text.splitlines(keepends=True):
        state = scan(line, lexicon, state).end
    assert state == scan(text, lexicon).end


def test_a_language_is_in_one_family() -> None:
    languages = [language for _, names in _FAMILIES for language in names.split()]
    assert len(languages) == len(set(languages))


def test_unmatched_closers_and_the_end_of_a_string_are_found() -> None:
    python = lexicon_for("python")
    read = scan("a') + (b)) ]", python, scan("f(['", python).end)
    assert read.string_end == 1
    assert [("a') + (b)) ]")[at] for at in read.unmatched_closers] == [")", ")", "]"]
