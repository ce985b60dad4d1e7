"""The fences of an answer are told from those of its code; a cut text is never applied."""

import pytest

from ds_lsp.chat.edits import apply, replacement
from ds_lsp.chat.fences import edit_fence
from ds_lsp.errors import ChatRefused
from ds_lsp.providers.base import Finish
from ds_lsp.text.lines import split_lines
from tests.unit.chat.test_edits import subject

FENCE = "```"


def replaced(language_id: str, text: str, answer: str) -> str:
    """Return *text* after an answer for all of its lines."""
    about = subject(text, 0, len(split_lines(text.removesuffix("\n"))) - 1, language_id)
    return apply(replacement(answer, Finish.STOP, about), about.lines)


RUST = "pub fn add(a: i32) -> i32 {\n    a\n}\n"
RUST_NEW = f"/// Adds.\n///\n/// {FENCE}\n/// add(1);\n/// {FENCE}\n{RUST}"
JS = "const limit = 3;\n"
JS_NEW = f"/**\n * The limit.\n * {FENCE}js\n * use(limit);\n * {FENCE}\n */\n{JS}"
PY = "def add(a, b):\n    return a + b\n"
PY_NEW = (
    f'def add(a, b):\n    """Add.\n\n    {FENCE}\n    add(1, 2)\n    {FENCE}\n    """\n'
    "    return a + b\n"
)
JULIA = "function add(a)\n    a + 1\nend\n"
JULIA_NEW = f'"""\nAdds 甲.\n\n{FENCE}julia\nadd(1)\n{FENCE}\n"""\n{JULIA}'
ELIXIR = "def add(a) do\n  a\nend\n"
ELIXIR_NEW = f'@doc """\nAdds.\n\n{FENCE}\nadd(1)\n{FENCE}\n"""\n{ELIXIR}'
SWIFT = "func add(a: Int) -> Int {\n    a\n}\n"
SWIFT_NEW = f"/**\n Adds.\n\n {FENCE}\n add(1)\n {FENCE}\n */\n{SWIFT}"
HASKELL = "add a b = a + b\n"
HASKELL_NEW = f"{{- |\n{FENCE}\nadd 1 2\n{FENCE}\n-}}\n{HASKELL}"
LUA = "function add(a)\n  return a\nend\n"
LUA_NEW = f"--[[\n{FENCE}\nadd(1)\n{FENCE}\n]]\n{LUA}"
MARKDOWN = "Install it with pip.\n"
MARKDOWN_NEW = f"Install it with pip:\n\n{FENCE}sh\npip install x\n{FENCE}\n\nThen run 它 🙂.\n"
TILDES_NEW = MARKDOWN_NEW.replace(FENCE, "~~~")
BLOCK_FIRST = f"{FENCE}sh\npip install it\n{FENCE}\n"

WITH_EXAMPLES = {
    "rust": (RUST, RUST_NEW),
    "javascript": (JS, JS_NEW),
    "python": (PY, PY_NEW),
    "julia": (JULIA, JULIA_NEW),
    "elixir": (ELIXIR, ELIXIR_NEW),
    "swift": (SWIFT, SWIFT_NEW),
    "haskell": (HASKELL, HASKELL_NEW),
    "lua": (LUA, LUA_NEW),
    "markdown": (MARKDOWN, MARKDOWN_NEW),
    "restructuredtext": (MARKDOWN, TILDES_NEW),
}


def endings(code: str) -> dict[str, str]:
    return {
        "as it is": code,
        "the closing fence": f"{code}{FENCE}",
        "a longer closing fence": f"{code}`````\n",
        "blank lines around": f"\n{code}\n\n{FENCE}\n",
        "crlf": f"{code}{FENCE}".replace("\n", "\r\n"),
    }


@pytest.mark.parametrize("ending", endings(""))
@pytest.mark.parametrize("language_id", WITH_EXAMPLES)
def test_an_example_in_the_code_is_no_end_of_it(language_id: str, ending: str) -> None:
    text, wanted = WITH_EXAMPLES[language_id]
    answer = endings(wanted)[ending]
    assert replaced(language_id, text, answer) == wanted


@pytest.mark.parametrize("language_id", [*WITH_EXAMPLES][:8])
@pytest.mark.parametrize("remark", ["", "\n\n"])
def test_a_fence_within_ours_is_taken_away(language_id: str, remark: str) -> None:
    text, wanted = WITH_EXAMPLES[language_id]
    answer = f"{FENCE}{language_id}\n{wanted}{FENCE}{remark}"
    assert replaced(language_id, text, answer) == wanted


def test_prose_in_a_fence_that_names_it_is_taken_out() -> None:
    answer = f"{FENCE}markdown\nInstall it now.\n{FENCE}"
    assert replaced("markdown", MARKDOWN, answer) == "Install it now.\n"


def test_a_block_of_code_that_begins_prose_stays() -> None:
    assert replaced("markdown", MARKDOWN, BLOCK_FIRST) == BLOCK_FIRST
    longer = f"{BLOCK_FIRST}\nThen run it.\n"
    assert replaced("markdown", BLOCK_FIRST, f"{longer}{FENCE}") == longer


def test_a_fence_that_is_gone_is_no_closing_one() -> None:
    assert (
        replaced("markdown", f"Install 甲:\n{FENCE}sh\n", "Install 甲 now:") == "Install 甲 now:\n"
    )


def test_half_a_block_stays_half_a_block() -> None:
    half = f"Install it:\n{FENCE}sh\npip install a\n"
    assert replaced("markdown", half, half.replace(" a", " b")) == half.replace(" a", " b")


CUT = {
    "rust, within its documentation": ("rust", RUST, "/// Adds `a`.\n///\n/// "),
    "javascript, within its documentation": ("javascript", JS, "/**\n * The limit.\n * "),
    "go": ("go", "func Add(a int) int {\n\treturn a\n}\n", "// Add adds.\n//\n// "),
    "python": ("python", PY, '"""Add.\n\n'),
    "several blocks": ("c", "f();\n", f"{FENCE}\nf();\n{FENCE}\nor\n{FENCE}\nf(1);\n{FENCE}"),
    "two blocks and a remark": ("go", "f()\n", f"{FENCE}\nf()\n{FENCE}\nor\n{FENCE}\nf(1)\n"),
    "a remark below the fence": ("c", "f();\n", f"f(1);\n{FENCE}\nThis calls f."),
    "a loose fence": ("c", "f();\n", f"f(1);\n{FENCE}\nf(2);\n{FENCE}\nf(3);\n"),
}


@pytest.mark.parametrize(("language_id", "text", "answer"), CUT.values(), ids=CUT.keys())
def test_a_cut_or_doubtful_answer_is_refused(language_id: str, text: str, answer: str) -> None:
    with pytest.raises(ChatRefused):
        replaced(language_id, text, answer)


def test_code_that_is_commented_out_is_an_answer() -> None:
    assert replaced("rust", RUST, RUST.replace("pub", "// pub").replace("    a", "//     a")) != ""


@pytest.mark.parametrize(
    ("code", "least"),
    [("x = 1", 5), ("/// ```\n/// a\n/// ```", 5), ("`````\n````\n", 6), ("a ``````` b", 8)],
)
def test_the_fence_asked_for_is_longer_than_those_of_the_code(code: str, least: int) -> None:
    assert edit_fence(code) >= "`" * least
    assert edit_fence(code) not in code
