"""Finding again what models have said."""

import pytest

from ds_lsp.completion.cache import (
    FINAL_S,
    MAX_ANCHORS,
    TTL_S,
    CacheKey,
    CompletionCache,
    Hit,
    cache_key,
)
from ds_lsp.completion.request import Origin
from ds_lsp.providers.base import FimRequest, FimResult, Finish, PromptParts
from tests.unit.fakes import FakeTime

FLASH = "deepseek-flash"


def key(text: str, uri: str = "u", model: str = FLASH) -> CacheKey:
    before, after = text.split("|")
    return cache_key(
        FimRequest(uri, "python", PromptParts(before, after), model, 128, 0.0), "deepseek"
    )


class Rig:
    def __init__(self) -> None:
        self.time = FakeTime()
        self.cache = CompletionCache(self.time.clock)

    def store(self, text: str, said: str, finish: Finish = Finish.STOP, uri: str = "u") -> None:
        self.cache.store(key(text, uri), FimResult(said, finish))

    def hit(self, text: str, uri: str = "u", model: str = FLASH) -> Hit | None:
        return self.cache.find(key(text, uri, model))

    def left(self, text: str) -> str | None:
        hit = self.hit(text)
        return None if hit is None else hit.result.text


@pytest.mark.parametrize(
    ("asked", "said", "now", "left"),
    [
        pytest.param("x = |", "foo(甲)", "x = |", "foo(甲)", id="the same again"),
        pytest.param("x = |", "foo(甲)", "x = f|", "oo(甲)", id="typed along"),
        pytest.param("x = |", "foo(甲)", "x = foo(甲|", ")", id="typed along to the last"),
        pytest.param("x = |", "foo(甲)", "x = g|", None, id="typed something else"),
        pytest.param("x = fo|", "o(甲)", "x = |", "foo(甲)", id="backspace below where it began"),
        pytest.param("x = fo|", "o(甲)", "x = b|", None, id="and then something else"),
        pytest.param("x = fo|", "", "x = |", None, id="nothing was said to what is taken back"),
        pytest.param("x = |", "a", "x = a|", "", id="typed all of it: nothing more"),
        pytest.param("x = |", "", "x = |", "", id="it had nothing to say"),
        pytest.param("a\nb\nx = |\nc", "1", "b\nx = |\nc", None, id="another line above"),
        pytest.param("a\n\nx = |\nc", "1", "a\nx = |\n\n\nc", "1", id="blank lines do not count"),
        pytest.param("a  \r\nx = |\r\nc", "1", "a\nx = |\nc", "1", id="nor do line ends"),
        pytest.param("x = |\nc", "1", "x = |\nd", None, id="another line below"),
        pytest.param("x = | + 1", "y", "x = | + 2", None, id="another rest of the line"),
        pytest.param("f|", "(甲)", "f(|)", "甲)", id="the editor has closed the bracket"),
        pytest.param("f|", "([1])", "f([|])", "1])", id="two brackets"),
        pytest.param("f| + 1", "('a')", "f('|') + 1", "a')", id="a quote, before a rest"),
        pytest.param("f|", "(甲)", "f(|]", None, id="a bracket nobody has opened"),
        pytest.param("f|", "(甲)", "f|)", None, id="a bracket, and nothing typed"),
        pytest.param("😀 = |", "甲乙", "😀 = 甲|", "乙", id="emoji"),
    ],
)
def test_the_rest_of_an_answer_is_found_where_it_still_fits(
    asked: str, said: str, now: str, left: str | None
) -> None:
    rig = Rig()
    rig.store(asked, said)
    assert rig.left(now) == left


@pytest.mark.parametrize(
    ("now", "left"),
    [
        pytest.param(
            "def f(甲):|", "\n    if 甲:\n        return 1\n    return 2", id="where asked"
        ),
        pytest.param("def f(甲):\n|", "    if 甲:\n        return 1\n    return 2", id="line end"),
        pytest.param("def f(甲):\n    |", "if 甲:\n        return 1\n    return 2", id="indented"),
        pytest.param("def f(甲):\n    if 甲:|", "\n        return 1\n    return 2", id="a line on"),
        pytest.param("def f(甲):\n    if 甲:\n        ret|", "urn 1\n    return 2", id="two on"),
        pytest.param("def f(甲):\n    if 甲:\n        return 1\n    re|", "turn 2", id="the last"),
        pytest.param("def f(甲):\n\n\n    if|", " 甲:\n        return 1\n    return 2", id="blank"),
        pytest.param(
            "def f(甲):\n        |", "if 甲:\n        return 1\n    return 2", id="deeper"
        ),
        pytest.param("def f(甲):\n    if 乙:\n        |", None, id="another way"),
    ],
)
def test_each_line_of_an_answer_finds_the_rest_of_it(now: str, left: str | None) -> None:
    rig = Rig()
    rig.store("def f(甲):|", "\r\n    if 甲:\n        return 1\n    return 2")
    assert rig.left(now) == left


def test_a_hit_names_its_origin() -> None:
    rig = Rig()
    rig.store("x = |", "foo")
    for text, origin in (("x = |", Origin.EXACT), ("x = f|", Origin.TYPE_THROUGH)):
        hit = rig.hit(text)
        assert hit
        assert hit.origin is origin


def test_another_file_and_other_settings_are_other_places() -> None:
    rig = Rig()
    rig.store("x = |", "foo")
    assert rig.hit("x = |", uri="v") is None
    assert rig.hit("x = |", model="deepseek-v4-pro") is None


def test_the_end_of_an_answer_is_the_end_for_a_while() -> None:
    rig = Rig()
    rig.store("x = |", "foo")
    rig.time.now += FINAL_S
    assert rig.left("x = foo|") == ""
    rig.time.now += 1
    assert rig.left("x = foo|") is None
    assert rig.left("x = fo|") == "o"
    rig.time.now += TTL_S
    assert rig.left("x = fo|") is None


def test_what_ran_into_the_limit_is_not_believed_to_its_last_character() -> None:
    rig = Rig()
    rig.store("x = |", "first(甲) + second_hal", Finish.LENGTH)
    assert rig.left("x = |") == "first(甲) + "
    assert rig.left("x = first(甲) +|") is None


def test_what_was_cut_says_nothing_about_its_end() -> None:
    rig = Rig()
    rig.store("x = |", "foo", Finish.CUT)
    assert rig.left("x = f|") == "oo"
    assert rig.left("x = foo|") is None
    rig.store("y = |", "", Finish.CUT)
    assert rig.left("y = |") is None


def test_the_longest_rest_wins_and_an_old_answer_is_replaced() -> None:
    rig = Rig()
    rig.store("x = |", "foo")
    rig.store("x = fo|", "o(1)")
    assert rig.left("x = f|") == "oo(1)"
    # Of two that are as long, the newer one.
    rig.store("x = fo|", "x")
    assert rig.left("x = f|") == "ox"


@pytest.mark.parametrize(
    ("answers", "now", "left"),
    [
        ([("return |", "sum(值)"), ("return x|", "yz(values, more)")], "return |", "sum(值)"),
        ([("return x|", "yz(values, more)"), ("return |", "sum")], "return |", "sum"),
        ([("return |", "sum(值)"), ("return sux|", "yz(values)")], "return su|", "m(值)"),
        ([("return |", "sum(值)"), ("return s|", "um")], "return s|", "um"),
        ([("f(|)", "a"), ("f(x|)", "yz, b")], "f(|)", "a"),
        ([("|", "import os"), ("x|", "y = import_all()")], "|", "import os"),
        ([("\t|", "a"), ("\tb|", "cd")], "\t|", "a"),
        ([("return x|", "yz")], "return |", "xyz"),
    ],
)
def test_a_typo_does_not_come_back(answers: list[tuple[str, str]], now: str, left: str) -> None:
    rig = Rig()
    for asked, said in answers:
        rig.store(asked, said)
    assert rig.left(now) == left


def test_memory_is_bounded_and_closed_documents_are_forgotten() -> None:
    rig = Rig()
    for number in range(2 * MAX_ANCHORS):
        rig.store(f"{number}\nx = |", "1\n" * 9, uri=f"u{number}")
    assert len(rig.cache) == MAX_ANCHORS
    rig.cache.forget(f"u{2 * MAX_ANCHORS - 1}")
    assert len(rig.cache) < MAX_ANCHORS
    rig.cache.clear()
    assert len(rig.cache) == 0


def test_a_window_that_moves_does_not_change_the_place() -> None:
    text = "".join(f"line {number} = {'x' * 100}\n" for number in range(400))
    assert key(text + "x = |").anchor() == key(text[3000:] + "x = |").anchor()


def test_half_a_surrogate_pair_is_a_character_like_any_other() -> None:
    rig = Rig()
    rig.store("\ud83d\nx = |", "\ud83d")
    assert rig.left("\ud83d\nx = |") == "\ud83d"
