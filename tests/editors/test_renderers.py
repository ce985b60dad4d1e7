"""What a model says, rendered by three renderers of Markdown: none finds anything to act on.

`DS_LSP_FUZZ_SECONDS` goes on with more texts for as long; a round's number is its seed.
"""

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ds_lsp.chat.explanation import Answer, conversation, page
from ds_lsp.chat.sanitize import sanitize
from ds_lsp.chat.subject import CodeSelection
from tests.editors.conftest import Find
from tests.fuzz.budget import FIRST_ROUND, SECONDS

TEXTS_A_ROUND = 100_000
SUBJECT = CodeSelection("file:///a.py", "a.py", "python", 1, ("x\n",), 0, 0)

PIECES = (
    # What is active, in many spellings.
    *("![", "![a](http://e.x/p.png)", "![r]", "![a][r]", "<img src=x>", "<script>", "</b>", "<!--"),
    *("-->", "<?x", "<![CDATA[", "<a href='command:x'>", "<http://e.x>", "<x@e.x>", "<", ">", "!"),
    *("[w](command:x)", "[w](file:///x)", "[w](https://e.x)", "[w](https://e.x 't')", "](", ")"),
    *("[w](https://e.x/", '[w](https://e.x "', '[r]: https://e.x "', "[r]: https://e.x", "[r]:"),
    *("[r]: command:x", "[r]", "[^1]", "[^1]: x", "[", "]", "]:", "(", '"', "'"),
    *("command:x", "vscode://x", "file:///x", "data:text/html,x", "javascript:x", "COMMAND:x"),
    *("%63ommand:x", "&#99;ommand:x", "command&colon;x", "mailto:a@e.x", "a@e.x", "ftp://e.x/f"),
    # Addresses, which take up what follows them.
    *("http://e.x/", "https://e.x/a", "HTTPS://e.x", "www.e.x/", "//e.x/p", "e.x/", "x:y", "://"),
    # Code, and what could take up a back quote.
    *("`", "`", "`", "``", "```", "````", "~~~", "~", "~~", "\\", "\\\\", "\\`", "\\<", "\\!"),
    *("$", "$$", "|", "| a | b |", "\n|-|-|\n", "*", "**", "_", "^", "==", "`a`", "`<img src=x>`"),
    *("`|`", "`~~`", "`*`", "`$`", "`` ` ``", "&#96;", "&lt;", "&#60;img src=x&#62;"),
    # Lines and blocks.
    *("\n", "\n", "\n\n", "\r", "\r\n", " ", " ", "    ", "\t", "> ", "- ", "* ", "1. ", "+ "),
    *("# ", "#", "===\n", "---", "# Question", "\n# Question\n", " # Answer", "\xa0# Question"),
    *("<details>", "</details>", "\n<details>\n", "a", "中", ".", ":", "=", "?"),
    *("\xa0", "\x0b", "\x0c", "\u2028", "\u200b", "\0", "\ufeff", "\x85", "\u202e"),
)

SAMPLES = [
    pytest.param("https://e.x/a<img src=https://e/p.png>", id="the address takes a backslash"),
    pytest.param("http://e.x/\\<img src=https://e/p.png>", id="one of the model's own"),
    pytest.param("https://e.x/`<img src=https://e/p.png>`", id="it takes a back quote"),
    pytest.param("http://e.x/`a b` c `<img src=x>`", id="and code is text from there on"),
    pytest.param("www.e.x/<img src=https://e/p.png>", id="without a scheme"),
    pytest.param("https://e.x<script>alert(1)</script>", id="a script"),
    pytest.param("http://e.x/![a](https://e/p.png)", id="a picture"),
    pytest.param("http://e.x/\\![a](https://e/p.png)", id="an escaped picture"),
    pytest.param("[w http://e.x/](command:x)", id="a command"),
    pytest.param('[a](https://e.x "`") <img src=x> `', id="a title takes a back quote"),
    pytest.param("[a](https://e.x/`) <img src=x> `", id="a destination takes one"),
    pytest.param("| `` a | ` `` `<img src=x>` |\n|-|-|-|", id="a cell ends within code"),
    pytest.param("http://e.x/[w](https://e.x 't')`<img src=x>`", id="a title that was a gap"),
    pytest.param("~~a `~~ <img src=x>`", id="struck out up to within code"),
    pytest.param("*a ``* <img src=x>``", id="emphasis up to within code"),
    pytest.param("*x `` ` `` `* <img src=x>`", id="back quotes in code"),
    pytest.param("<\u200bimg src=x>", id="something that nobody sees"),
    pytest.param("[a](comm\u200band:x)", id="the same in a scheme"),
]

Look = Callable[[Sequence[str]], list[tuple[int, str, str, str]]]


@pytest.fixture(scope="module")
def look(find: Find, tmp_path_factory: pytest.TempPathFactory) -> Look:
    """What the three renderers would act on in each of the texts."""
    node = find("node")
    folder = Path(find("../vscode/renderers/node_modules")).parent
    file = tmp_path_factory.mktemp("texts") / "texts.json"

    def run(texts: Sequence[str]) -> list[tuple[int, str, str, str]]:
        file.write_text(json.dumps(texts))
        script = Path(__file__).with_name("renderers.cjs")
        command = [node, str(script), str(folder), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        rendered: list[tuple[int, str, str, str]] = json.loads(done.stdout)
        return [*rendered, *_found_by_commonmark(texts)]

    return run


class AnyLink(MarkdownIt):
    """A renderer that leaves the choice of links to whoever shows them."""

    def validateLink(self, url: str) -> bool:  # noqa: N802  # markdown-it's name
        return True


def _found_by_commonmark(texts: Sequence[str]) -> Iterator[tuple[int, str, str, str]]:
    renderer = AnyLink("commonmark", {"html": True}).enable(["table", "strikethrough"])

    def walk(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
        for token in tokens:
            if token.type in ("image", "html_inline", "html_block"):
                yield token.type, token.content
            href = str(token.attrGet("href") or "")
            if token.type == "link_open" and not href.lower().startswith(("http://", "https://")):
                yield "link", href
            yield from walk(token.children or ())

    for number, text in enumerate(texts):
        # A text without these has neither pictures nor HTML nor links.
        if "[" in text or "<" in text:
            for kind, what in walk(renderer.parse(text)):
                yield number, "CommonMark", kind, what


@pytest.mark.parametrize("said", SAMPLES)
def test_renderers_act_on_none_of_the_samples_that_once_did_harm(said: str, look: Look) -> None:
    shown = [sanitize(said), page(SUBJECT, Answer(said, said), is_complete=False)]
    assert look(shown) == []


def test_the_renderers_would_act_on_what_is_not_made_harmless(look: Look) -> None:
    texts = [
        "https://e.x/\\<img src=x>",
        "![a](http://e.x/p.png)",
        "[w](command:x)",
        "www.e.x/\\<b>",
    ]
    found = {(number, renderer) for number, renderer, _, _ in look(texts)}
    assert {(0, "markdown-it of VS Code"), (1, "marked"), (2, "CommonMark"), (3, "marked")} <= found


@pytest.mark.timeout(SECONDS + 900)
def test_no_renderer_finds_anything_to_act_on(look: Look) -> None:
    end = time.monotonic() + SECONDS
    for number in count(FIRST_ROUND):
        dice = random.Random(number)
        said = ["".join(dice.choices(PIECES, k=dice.randint(2, 9))) for _ in range(TEXTS_A_ROUND)]
        shown = [sanitize(each) for each in said]
        found = [(said[at], shown[at], *what) for at, *what in look(shown)]
        found.sort(key=lambda each: len(each[0]))
        assert not found, f"DS_LSP_FUZZ_ROUND={number}, {len(found)} texts, {found[:5]}"
        forged = [each for each, made in zip(said, shown, strict=True) if _forges(made)]
        assert not forged, f"DS_LSP_FUZZ_ROUND={number}, {sorted(forged, key=len)[:5]}"
        if time.monotonic() >= end:
            break


def _forges(shown: str) -> bool:
    """Return whether an answer is read back as more, or less, than one answer and our question."""
    read = conversation(f"# Explanation of x\n\n{shown}\n\n# Question\n\nWhy?\n")
    return len(read.turns) != 1 or read.question != "Why?"
