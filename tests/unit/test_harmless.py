"""What a model says cannot make the editor fetch or run anything."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ds_lsp.chat.harmless import Harmless, harmless

ALLOWED = ("http://", "https://", "mailto:", "#")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param("It adds *two* numbers.", "It adds *two* numbers.", id="plain"),
        pytest.param("`a[i](x)` <b", "`a[i](x)` \\<b", id="code is left alone"),
        pytest.param("`List<int>` 和 `![x](y)`", "`List<int>` 和 `![x](y)`", id="chinese, code"),
        pytest.param("![a](http://e/x.png)", "!\\[a](http://e/x.png)", id="picture"),
        pytest.param("![a][b]", "!\\[a][b]", id="picture by reference"),
        pytest.param("<img src=x onerror=y>", "\\<img src=x onerror=y>", id="html"),
        pytest.param("\\<img src=x>", "\\<img src=x>", id="escaped already"),
        pytest.param("\\\\<img src=x>", "\\\\\\<img src=x>", id="an escaped backslash"),
        pytest.param("[w](https://a.b/c)", "[w](https://a.b/c)", id="web link stays"),
        pytest.param("[w](command:x)", "[w\\](command\\:x)", id="command"),
        pytest.param("[w](file:///x)", "[w\\](file\\:///x)", id="file"),
        pytest.param("[w]( a.py)", "[w\\]( a.py)", id="relative link"),
        pytest.param("[w]: command:x", "[w\\]: command\\:x", id="definition"),
        pytest.param("see vscode://a/b😀", "see vscode\\://a/b😀", id="bare"),
        pytest.param("a ` b", "a \\` b", id="code that does not end"),
        pytest.param("# Question", "## Question", id="our headings are ours"),
        pytest.param("```python\n# x\n<b>\n```", "```python\n# x\n<b>\n```", id="block"),
        pytest.param("```\n<b>", "```\n<b>\n```", id="block that does not end"),
        pytest.param("1. a\n   ```\n   b\n   ```", "1. a\n```\nb\n```", id="block in a list"),
        pytest.param("> ```\n> b\n> ```", "```\nb\n```", id="block in a quotation"),
        pytest.param("a\r\nb\r\n", "a\nb\n", id="crlf"),
        pytest.param("a\r```\r<b>\r```", "a\n```\n<b>\n```", id="cr"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_what_is_shown(said: str, shown: str) -> None:
    assert harmless(said) == shown


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


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_no_renderer_finds_anything_to_act_on(said: str) -> None:
    for token in tokens_of(harmless(said)):
        assert token.type not in ("image", "html_inline", "html_block"), said
        href = token.attrGet("href")
        assert href is None or str(href).startswith(ALLOWED), said


def test_line_by_line_is_the_same() -> None:
    said = "a\n- ```c\n  <b>\n  ```\n![x](y)\n```\nrest"
    state = Harmless()
    assert "\n".join(map(state.line, said.split("\n"))) + state.end() == harmless(said)
