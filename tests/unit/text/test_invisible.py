"""What nobody sees reaches neither a document nor a screen, and what has a use does."""

import json
from collections.abc import Callable

import pytest

from ds_lsp.chat import documentation, edits
from ds_lsp.chat.sanitize import sanitize
from ds_lsp.chat.subject import CodeSelection
from ds_lsp.completion.postprocess.early_stop import would_show_more
from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.postprocess.rules import fit
from ds_lsp.errors import ChatRefused
from ds_lsp.providers.base import Finish
from ds_lsp.text.invisible import find_misplaced, names_of
from ds_lsp.text.lines import split_lines
from ds_lsp.text.visible import as_message, escape_control_characters

Road = Callable[[str], str]


def subject(text: str, language_id: str) -> CodeSelection:
    lines = tuple(split_lines(text))
    return CodeSelection("file:///a", "a", language_id, 1, lines, 0, len(lines) - 1)


PYTHON = subject("def f(a):\n    return a\n", "python")
SCRIPT = subject("function f(a) {\n  return a;\n}\n", "javascript")


def edited(answer: str, about: CodeSelection) -> str:
    return edits.replacement(answer, Finish.STOP, about).text


def documented(text: str) -> str:
    answer = json.dumps({"documentation": text})
    return documentation.to_edit(answer, Finish.STOP, PYTHON).text


def completed(text: str, before: str = "", after: str = "", language_id: str = "python") -> str:
    return fit(text, CursorContext(before, after, language_id, extent=Extent.BLOCK)).text


ROADS: dict[str, Road] = {
    "completion": lambda text: completed(f"y = 1  # {text}\n", "x = 1\n"),
    "completion, in a string": lambda text: completed(f"y = '{text}'\n", "x = 1\n"),
    "completion, prose": lambda text: completed(text, "It is so.\n", language_id="markdown"),
    "edit, Python": lambda text: edited(f"def f(a):\n    return a  # {text}\n", PYTHON),
    "edit, JavaScript": lambda text: edited(
        f"function f(a) {{\n  return a; // {text}\n}}\n", SCRIPT
    ),
    "documentation": documented,
    "explanation": sanitize,
    "explanation, in code": lambda text: sanitize(f"```\n{text}\n```"),
    "terminal": lambda text: escape_control_characters(text, keep="\t"),
    "message": as_message,
}
SHOWS = {"explanation", "explanation, in code", "terminal", "message"}

HIDDEN = {
    "overrides and isolates": [*range(0x202A, 0x202F), *range(0x2066, 0x206A)],
    "direction marks": [0x200E, 0x200F, 0x061C],
    "no width": [0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x180E, 0x034F],
    "operators": [0x2061, 0x2062, 0x2063, 0x2064, 0x2065],
    "tags": [0xE0000, 0xE0001, 0xE0020, 0xE0041, 0xE007F, 0xE0080, 0xE0FFF],
    "variation selectors": [0xFE00, 0xFE0E, 0xFE0F, 0xE0100, 0xE01EF, 0x180B, 0x180F],
    "blank letters": [0x3164, 0x115F, 0x1160, 0xFFA0, 0x2800, 0x17B4, 0x17B5, 0x1D159, 0x16FE4],
    "ends of a line": [0x2028, 0x2029, 0x85, 0x0B, 0x0C],
    "hyphen, annotations": [0xAD, 0xFFF9, 0xFFFA, 0xFFFB, 0xFFFC, 0xFFF0, 0x206A, 0x206F],
    "controls": [0x00, 0x07, 0x08, 0x0E, 0x1B, 0x1C, 0x1F, 0x7F, 0x80, 0x90, 0x9B, 0x9D, 0x9F],
    "controls of scripts": [0x13430, 0x1343F, 0x1BCA0, 0x1D173, 0x1D17A],
    "private use": [0xE000, 0xF8FF, 0xF0000, 0x10FFFD],
    "no characters": [0xD800, 0xDFFF, 0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF],
}
POINTS = [pytest.param(chr(p), id=f"{n}: {p:04X}") for n, points in HIDDEN.items() for p in points]

MISPLACED = [
    pytest.param("a\u200db", id="joiner between Latin letters"),
    pytest.param("می\u200ca", id="joiner between two scripts"),
    pytest.param("م\u200c\u200cی", id="two joiners"),
    pytest.param("👩\u200d", id="joiner at the end"),
    pytest.param("👩\u200da", id="joiner of an emoji and a letter"),
    pytest.param("❤\ufe0f\ufe0f", id="two selectors"),
    pytest.param("1\ufe0f", id="keycap without its cap"),
    pytest.param("a\ufe0f", id="a letter as an emoji"),
    pytest.param("a\U000e0100", id="form of a letter"),
    pytest.param("葛\U000e0100\U000e0101", id="two forms"),
    pytest.param("🏴\U000e0065\U000e0076\U000e0069\U000e006c\U000e007f", id="flag of no land"),
    pytest.param("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067", id="flag without its end"),
    pytest.param("\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", id="no flag"),
    pytest.param("a\u2800b", id="empty cell"),
]

PLAIN = [
    pytest.param("两个数的和，“引号”；全角！", id="Chinese"),
    pytest.param("中文\u3000全角空格", id="the space of East Asian text"),
    pytest.param("مجموع العددين؟", id="Arabic"),
    pytest.param("سכום של שני מספרים".replace("س", "ס"), id="Hebrew"),
    pytest.param("בְּרֵאשִׁית", id="Hebrew with vowels"),
    pytest.param("می\u200cخواهم کتاب\u200cها", id="Persian"),
    pytest.param("क्\u200dष हिन्दी क्\u200cष", id="Hindi"),
    pytest.param("শ্র র\u200d্য", id="Bengali"),
    pytest.param("അവന്\u200d പോയി", id="Malayalam, at the end of a word"),
    pytest.param("ශ්\u200dරී ලංකා", id="Sinhala"),
    pytest.param("👨\u200d👩\u200d👧\u200d👦 👩🏽\u200d💻 🧑🏿\u200d⚕\ufe0f", id="family, jobs"),
    pytest.param("❤\ufe0f\u200d🔥 🏳\ufe0f\u200d🌈 👁\ufe0f\u200d🗨\ufe0f ☎\ufe0e", id="emoji, text"),
    pytest.param("1\ufe0f\u20e3 #\ufe0f\u20e3 *\ufe0f\u20e3", id="keycaps"),
    pytest.param(
        "🇨🇳 🇮🇱 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", id="flags"
    ),
    pytest.param("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", id="Scotland"),
    pytest.param("e\u0301te\u0301 n\u0303 a\u030a", id="accents by themselves"),
    pytest.param("tiếng Việt Tie\u0302\u0301ng", id="Vietnamese"),
    pytest.param("ภาษาไทย สวัสดี", id="Thai"),
    pytest.param("한국어 \u1112\u1161\u11ab", id="Korean, also by letters"),
    pytest.param("葛\U000e0100城 ㊙\ufe0f", id="form of a Chinese character"),
    pytest.param("ᠮᠣᠩᠭᠣᠯ\u180b", id="Mongolian"),
    pytest.param("⠋⠙\u2800⠹", id="Braille"),
    pytest.param("∀x∈M: x² ≥ 0 → ±½ ™ © …", id="signs"),
    pytest.param("\U0001fae9 \U0001f6d8", id="emoji of next year"),
]


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("character", POINTS)
def test_no_road_lets_through_what_nobody_sees(character: str, road: str) -> None:
    assert_hidden(f"x{character}y", character, road)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("text", MISPLACED)
def test_what_has_a_use_is_not_misused(text: str, road: str) -> None:
    last = text[max(find_misplaced(text))]
    if road in SHOWS:
        assert last.encode("unicode_escape").decode() in ROADS[road](text)
    else:
        assert_hidden(text, text, road)


def assert_hidden(text: str, hidden: str, road: str) -> None:
    try:
        through = ROADS[road](text)
    except ChatRefused as refusal:
        through = str(refusal)
    assert hidden not in through
    # Something is shown of it, or said.
    assert through.strip() or road.startswith("completion")


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("text", PLAIN)
def test_what_has_a_use_passes_every_road(text: str, road: str) -> None:
    # A message is one line, with one space between its words.
    assert (" ".join(text.split()) if road == "message" else text) in ROADS[road](text)


@pytest.mark.parametrize("text", PLAIN)
def test_a_stream_is_not_cut_within_what_will_pass(text: str) -> None:
    at = CursorContext("x = '", "'\n", "python", extent=Extent.BLOCK)
    assert all(would_show_more(text[:end], at) for end in range(1, len(text)))


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_begun_may_be_completed(text: str) -> None:
    for at in range(1, len(text)):
        assert list(find_misplaced(text[at:], before=text[:at])) == []


@pytest.mark.parametrize(
    ("text", "own", "kept"),
    [
        pytest.param("a\x0c", "\x0c\n", True, id="form feed"),
        pytest.param("'\ue0b0'", "'\ue0b0'", True, id="private use"),
        pytest.param("a\xa0b", "c\xa0d", True, id="no-break space"),
        pytest.param("a\xa0b", "c d", False, id="no-break space that is new"),
        pytest.param("a\u3000b", "", False, id="wide space between Latin letters"),
        pytest.param("a\u200eb", "\u200e", True, id="direction mark"),
        pytest.param("a\xadb", "\xad", True, id="soft hyphen"),
        pytest.param("a\u202eb", "\u202e", False, id="override"),
        pytest.param("a\u2028b", "\u2028", False, id="end of a line to some"),
        pytest.param("a\x1bb", "\x1b", False, id="escape"),
        pytest.param("a\U000e0041b", "\U000e0041", False, id="tag"),
    ],
)
def test_what_the_document_has_already_may_come_again(text: str, own: str, kept: bool) -> None:
    assert (list(find_misplaced(text, own=(own,))) == []) is kept


def test_a_completion_ends_before_it_and_an_edit_is_refused_with_its_name() -> None:
    assert completed("y = 1  # a\u200bb\nz = 2\n", "x = 1\n") == "y = 1  # a"
    answer = "def f(a):\n    return a  # \u200b\u202e\u200b\x1b\u2066\n"
    with pytest.raises(ChatRefused) as refused:
        edited(answer, PYTHON)
    assert str(refused.value) == (
        "The answer holds characters that cannot be seen (U+200B, U+202E, U+001B, ...), "
        "and nothing was changed."
    )


def test_a_line_that_an_edit_takes_over_may_keep_its_own() -> None:
    about = subject("def f(a):\n    b = '\u202ec'\n    return a\n", "python")
    changed = edited("def f(a):\n    b = '\u202ec'\n    return a + 1\n", about)
    assert "b = '\u202ec'" in changed
    with pytest.raises(ChatRefused, match=r"U\+202E"):
        edited("def f(a):\n    b = '\u202ed'\n    return a + 1\n", about)


def test_a_reader_sees_what_was_hidden() -> None:
    assert (
        escape_control_characters("a\u202eb\U000e0041\u200b\n\t", keep="\t")
        == "a\\u202eb\\U000e0041\\u200b\\n\t"
    )
    assert escape_control_characters("1\xa0000\u3000中") == "1\xa0000\u3000中"
    assert as_message("[a](command:b)\nc") == "[a] (command:b) c"
    assert names_of("a", iter(())) == ""
