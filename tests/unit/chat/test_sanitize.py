"""What a model says cannot make the editor fetch or run anything."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ds_lsp.chat.sanitize import MarkdownSanitizer, sanitize, sanitize_phrase

ALLOWED = ("http://", "https://")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param("It adds *two* numbers.", "It adds *two* numbers.", id="plain"),
        pytest.param("`a[i](x)` <b", "`a[i](x)` &lt;b", id="code is left alone"),
        pytest.param("`List<int>` 和 `![x](y)`", "`List<int>` 和 `![x](y)`", id="chinese, code"),
        pytest.param("a < b, `a || b`, x<3", "a < b, `a || b`, x<3", id="signs"),
        pytest.param("![a](http://e/x.png)", "&#33;[a](http://e/x.png)", id="picture"),
        pytest.param("![a][b]", "&#33;[a][b]", id="picture by reference"),
        pytest.param("\\![a][b]", "&#33;[a][b]", id="picture, escaped"),
        pytest.param("<img src=x onerror=y>", "&lt;img src=x onerror=y>", id="html"),
        pytest.param("\\<img src=x>", "&#60;img src=x>", id="escaped already"),
        pytest.param("\\\\<img src=x>", "\\\\&lt;img src=x>", id="an escaped backslash"),
        pytest.param("<https://a.b>", "&lt;https://a.b>", id="address in brackets"),
        # Links.
        pytest.param("[w](https://a.b/c)", "[w](https://a.b/c)", id="web link stays"),
        pytest.param("[w](HTTP://a.b/c_(d))", "[w](HTTP://a.b/c_(d))", id="brackets in it"),
        pytest.param("[w]( <https://a.b> )", "[w](https://a.b)", id="web link, in brackets"),
        pytest.param("[w](https://a.b 't')", "[w](https://a.b)", id="without its title"),
        pytest.param('[w](https://a.b "`") `', '[w&#93;(https://a.b "`") `', id="title, `"),
        pytest.param("[w](https:command:x)", "[w&#93;(https:command\\:x)", id="no address"),
        pytest.param("[w](command:x)", "[w&#93;(command\\:x)", id="command"),
        pytest.param("[w](COMMAND:x)", "[w&#93;(COMMAND\\:x)", id="command, in capitals"),
        pytest.param("[w](&#99;ommand:x)", "[w&#93;(&#99;ommand:x)", id="command, as entity"),
        pytest.param("[w](file:///x)", "[w&#93;(file\\:///x)", id="file"),
        pytest.param("[w](mailto:a@b.c)", "[w&#93;(mailto\\:a\\@b.c)", id="mail"),
        pytest.param("[w](#a)", "[w&#93;(#a)", id="place in the document"),
        pytest.param("[w](data:text/html,x)", "[w&#93;(data\\:text/html,x)", id="data"),
        pytest.param("[w]( a.py)", "[w&#93;( a.py)", id="relative link"),
        pytest.param("[w](\nhttps://a.b)", "[w&#93;(\nhttps://a.b)", id="over two lines"),
        pytest.param("[w]: command:x", "[w&#93;: command\\:x", id="definition"),
        pytest.param("[1]: https://a.b/c", "[1]: https://a.b/c", id="definition, web"),
        pytest.param("[1]: https://a.b 't'", "[1&#93;: https://a.b 't'", id="definition, title"),
        pytest.param("[^1]: x", "[^1&#93;: x", id="footnote"),
        # Addresses in text.
        pytest.param("see https://a.b/c", "see https://a.b/c", id="bare, web"),
        pytest.param("see vscode://a/b😀", "see vscode\\://a/b😀", id="bare"),
        pytest.param("see zed://a, _ftp://b", "see zed\\://a, _ftp\\://b", id="bare, any"),
        pytest.param("see //a.b and a@b.c", "see \\//a.b and a\\@b.c", id="bare, short"),
        pytest.param("std::a profile:x {file: x}", "std::a profile:x {file: x}", id="none"),
        # Code spans, and what could take a back quote up.
        pytest.param("a ` b", "a &#96; b", id="code that does not end"),
        pytest.param("https://a.b/`c`", "https://a.b/ `c`", id="address before code"),
        pytest.param("www.a.b/`c d`e`f`", "www.a.b/ `c d`e`f`", id="address without scheme"),
        pytest.param("``a`` `` ` ``", "`a` &#96;&#96; &#96; &#96;&#96;", id="more back quotes"),
        pytest.param("$x$ costs ~5 `$a ~b`", "\\$x\\$ costs \\~5 `$a ~b`", id="formula, strike"),
        pytest.param("|`a|b`|`<b>`|", "|`a|b`|&#96;&lt;b>&#96;|", id="code in a table"),
        # Headings.
        pytest.param("# Question", "## Question", id="our headings are ours"),
        pytest.param(" # Question", " ## Question", id="heading after a blank"),
        pytest.param("\xa0# Question", "\xa0## Question", id="after a no-break space"),
        pytest.param("\t#\tQuestion", "\t##\tQuestion", id="after a tab"),
        pytest.param("\u3000# Answer", "\u3000## Answer", id="after a wide space"),
        pytest.param("#a ##b", "#a ##b", id="no headings"),
        # Blocks.
        pytest.param("```python\n# x\n<b>\n```", "```python\n# x\n<b>\n```", id="block"),
        pytest.param("```\n<b>", "```\n<b>\n```", id="block that does not end"),
        pytest.param("1. a\n   ```\n   b\n   ```", "1. a\n```\nb\n```", id="block in a list"),
        pytest.param("> ```\n> b\n> ```", "```\nb\n```", id="block in a quotation"),
        pytest.param("```mermaid\nx\n```", "```\nx\n```", id="diagram"),
        pytest.param("~~~ {.python cmd=true}\nx\n~~~", "~~~python\nx\n~~~", id="runs"),
        pytest.param("```C++\nx\n```", "```C++\nx\n```", id="language in capitals"),
        pytest.param("a\r\nb\r\n", "a\nb\n", id="crlf"),
        pytest.param("a\r```\r<b>\r```", "a\n```\n<b>\n```", id="cr"),
        # Options that an editor takes from a file.
        pytest.param("# vim: set ft=x :", "## vim\\: set ft=x :", id="vim"),
        pytest.param("a vi:noai:", "a vi\\:noai:", id="vi"),
        pytest.param("/* vim>700: x */", "/* vim>700\\: x */", id="vim of a version"),
        pytest.param("a ex: set x", "a ex\\: set x", id="ex"),
        pytest.param("kate: syntax x;", "kate\\: syntax x;", id="kate"),
        pytest.param("-*- mode: x -*-", "-\\*- mode: x -\\*-", id="emacs, first line"),
        pytest.param("%% Local Variables:", "%% Local Variables\\:", id="emacs, last lines"),
        pytest.param("`# vim: set x`", "&#96;# vim\\: set x&#96;", id="in code"),
        pytest.param("`vim:` a.vim: index: x", "`vim:` a.vim: index: x", id="no options"),
        pytest.param("<%3Aa:x<br>", "&lt;%3Aa:x&lt;br>", id="a percent sign in brackets"),
        # What nobody sees.
        pytest.param("<\u200bimg>", "<\\u200bimg>", id="within a tag"),
        pytest.param("a\u202eb\x1b[c", "a\\u202eb\\x1b[c", id="override, escape"),
        pytest.param("```\na\u2028b\n```", "```\na\\u2028b\n```", id="in a block"),
        pytest.param("👩\u200d👧 می\u200cخواهم", "👩\u200d👧 می\u200cخواهم", id="joined"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_an_answer_is_shown_without_harmful_markdown(said: str, shown: str) -> None:
    assert sanitize(said) == shown


def tokens_of(text: str) -> Iterator[Token]:
    # All a renderer could do: raw HTML, tables.
    renderer = MarkdownIt("commonmark", {"html": True}).enable("table")

    def walk(tokens: Sequence[Token]) -> Iterator[Token]:
        for token in tokens:
            yield token
            yield from walk(token.children or ())

    return walk(renderer.parse(text))


PIECES = [
    *("`", "``", "```", "~~~", "\n", "\n\n", "\n> ", "\n- ", "\n1. ", "\n    ", "\n   ", "\t", " "),
    *("![a](http://e/x)", "![a][r]", "[b](command:x)", "[b](\ncommand:x)", "[r]: command:x"),
    *("[r]:\ncommand:x", "[fo\no]: file:x", "<img src=x>", "<command:x>", "</b>", "<!-- ", "-->"),
    *("\\", "|", "\n|-|-|\n", "a", "中", "[", "]", "(", ")", "!", "<", ">", ":", "#", "&#60;b>"),
    *("[b](<command:x>)", "[b](comm&#97;nd:x)", "[b](https://e)", "\r\n", "\r", "***", "===\n"),
]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_no_renderer_finds_anything_to_act_on(said: str) -> None:
    for token in tokens_of(sanitize(said)):
        assert token.type not in ("image", "html_inline", "html_block"), said
        href = token.attrGet("href")
        assert href is None or str(href).startswith(ALLOWED), said


def test_line_by_line_is_the_same() -> None:
    said = "a\n- ```c\n  <b>\n  ```\n![x](y)\n```\nrest"
    state = MarkdownSanitizer()
    assert "\n".join(map(state.sanitize_line, said.split("\n"))) + state.finish() == sanitize(said)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("src/甲 b.py", "src/甲 b.py", id="plain"),
        pytest.param("a\n\n# Question\n\nb.py", "a # Question b.py", id="lines"),
        pytest.param("# Question", "## Question", id="heading"),
        pytest.param("```", "&#96;&#96;&#96;", id="fence"),
        pytest.param("~~~", "\\~\\~\\~", id="other fence"),
        pytest.param("<img src=x>.py", "&lt;img src=x>.py", id="html"),
        pytest.param("![a](b).py", "&#33;[a&#93;(b).py", id="picture"),
        pytest.param("a\u202eyp.exe", "a\\u202eyp.exe", id="override"),
    ],
)
def test_a_name_is_one_phrase(name: str, shown: str) -> None:
    assert sanitize_phrase(name) == shown
