"""The local provider offers what has followed the same words before, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ds_lsp.local.chains import TokenChain
from ds_lsp.local.index import Index
from ds_lsp.local.predict import (
    PredictedToken,
    Tuning,
    choose_offer,
    estimate_probabilities,
)
from ds_lsp.local.provider import Local, cut_before, has_room
from ds_lsp.local.tokens import IndentationTracker, Vocabulary, is_line_start, split_words
from ds_lsp.providers.base import FimRequest, Finish, PromptParts
from ds_lsp.text.lines import LINE_END

LOOP = """\
for name, value in table.items():
    if value is None:
        continue
    print(name, value)
for name, value in other.items():
    if value is None:
        continue
    print(name, value)
"""


def request(marked: str, uri: str = "untitled:1", max_tokens: int = 128) -> FimRequest:
    """The text around the cursor that ``|`` marks."""
    prefix, _, suffix = marked.partition("|")
    return FimRequest(uri, "python", PromptParts(prefix, suffix), "", max_tokens, 0.0)


def offer(marked: str, index: Index | None = None) -> str:
    return Local(index or Index()).offer(request(marked))


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        pytest.param(LOOP + "for n|", "ame, value in", id="the rest of a word and on"),
        pytest.param(LOOP + "    if v|", "alue is None:", id="a whole line"),
        pytest.param(LOOP + "    if value is |", "None:", id="the space is typed"),
        pytest.param(LOOP + "    if value is|", " None:", id="the space is not typed"),
        pytest.param(LOOP + "zebra|", "", id="never seen"),
        pytest.param("|", "", id="empty document"),
        pytest.param("\n\n|", "", id="blank document"),
        pytest.param("   |", "", id="indentation only"),
        pytest.param(LOOP.replace("\n", "\r\n") + "    if v|", "alue is None:", id="CRLF"),
        pytest.param(LOOP.replace("\n", "\r") + "    if v|", "alue is None:", id="CR"),
        pytest.param(LOOP.replace("    ", "\t") + "\tif v|", "alue is None:", id="tabs"),
        pytest.param("a = 1\x0cb\n" * 3 + "a =|", " 1\x0cb", id="form feed is no line end"),
        pytest.param("# 读取配置文件\n" * 3 + "# 读取|", "配置文件", id="Chinese"),
        pytest.param("名称 = 默认值\n" * 3 + "名|", "称 = 默认值", id="Chinese names"),
        pytest.param("say('👩‍💻 ok')\n" * 3 + "say(|", "'👩‍💻 ok')", id="emoji"),
        pytest.param("naïve_name = 1\n" * 3 + "naï|", "ve_name = 1", id="accents"),
        pytest.param("a = 1  # x\n" * 3 + "a = 1 |", " # x", id="half of two spaces"),
    ],
)
def test_the_local_provider_offers_what_the_text_has_had_before(marked: str, text: str) -> None:
    found = offer(marked)
    assert found.startswith(text) if text else found == ""


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        pytest.param("print(name)\n" * 3 + "print(|)", "name", id="the closer is there"),
        pytest.param("print(name)\n" * 3 + "pri|)", "nt(name)", id="another closer"),
        pytest.param("print(name)\n" * 3 + "pr|int(name)", "", id="inside a word"),
        pytest.param("print(name)\n" * 3 + "print(| + 1", "", id="an expression follows"),
        pytest.param("print(name)\n" * 3 + "|print(name)", "", id="before a line"),
        pytest.param("a = [b]\n" * 3 + "a = |  ", "[b]", id="only spaces follow"),
        pytest.param("one()\ntwo()\n" * 3 + "one()\ntw|\ntwo()\n", "", id="the next line"),
    ],
)
def test_what_stands_right_of_the_cursor_is_not_repeated(marked: str, text: str) -> None:
    assert offer(marked) == text


@pytest.mark.parametrize(
    ("typed", "rest", "room"),
    [
        ("foo(", "", True),
        ("foo(", "   ", True),
        ("foo(", ")", True),
        ("foo(", '")', True),
        ("fo", "o()", False),
        ("x = ", "+ y", False),
        ("", ")", False),
        ("x", " y", False),
    ],
)
def test_a_cursor_in_the_middle_of_text_has_no_room(typed: str, rest: str, room: bool) -> None:
    assert has_room(typed, rest) is room


@pytest.mark.parametrize(
    ("text", "rest", "cut"),
    [
        ("name)", ")", "name"),
        ("f(x))", ")", "f(x)"),
        ("name]", ")", "name"),
        ("a, b): ", "):", "a, b"),
        ("name)", "", "name)"),
        ("name ;", ";", "name"),
    ],
)
def test_an_offer_is_cut_before_the_rest_of_the_line(text: str, rest: str, cut: str) -> None:
    assert cut_before(text, rest) == cut


def test_a_blank_line_needs_more_reason() -> None:
    repeated = "begin()\nwork()\nend()\n\n" * 6
    assert offer(repeated + "begin()\n|") == "work()"
    assert offer("a()\nb()\na()\nc()\na()\n|") == ""


def test_this_document_counts_for_more_than_others() -> None:
    index = Index()
    index.put("untitled:2", "python", "return other_value\n")
    since = "".join(f"x{number} = {number}\n" for number in range(20))
    assert offer(f"return this_value\n{since}retu|", index).startswith("rn this_value")


@pytest.mark.parametrize(
    ("again", "text"), [(1.0, "rn this_value"), (Tuning().again, "rn other_value")]
)
def test_what_was_written_just_before_is_seldom_written_again(again: float, text: str) -> None:
    index = Index()
    index.put("untitled:2", "python", "return other_value\n" * 2)
    provider = Local(index, Tuning(again=again, floor=0.1))
    assert provider.offer(request("return this_value\nretu|")).startswith(text)


def test_other_documents_help_when_this_one_has_nothing() -> None:
    index = Index()
    index.put("untitled:2", "python", LOOP)
    assert offer("    if v|", index) == "alue is None:"


def test_another_language_does_not_help() -> None:
    index = Index()
    index.put("untitled:2", "go", LOOP)
    assert offer("    if v|", index) == ""


SHELF = "".join(
    f"def shelf_{number}(shelf):\n    return count_everything(shelf)\n" for number in range(6)
)
BOOKS = "".join(f"def 书架{number}(书架):\n    return 全部书籍(书架)\n" for number in range(6))


@pytest.mark.parametrize(
    ("put", "marked"),
    [
        pytest.param("@    return cou", "@    return cou|", id="at the end"),
        pytest.param("@    return cou\n", "@    return cou|\n", id="in the last line"),
        pytest.param("@    return cou\n#", "@    return cou|\n#", id="before one line"),
        pytest.param("    return cou\n@", "    return cou|\n@", id="in the first line"),
        pytest.param("@    return cou\n@", "@    return cou|\n@", id="in the middle"),
        pytest.param("@    return c", "@    return cou|", id="typed on since"),
        pytest.param("@    return count", "@    return cou|", id="deleted since"),
        pytest.param("@    ret\n@", "@    x = 1\n    return cou|\n@", id="a line typed since"),
        pytest.param("@    a\n    return cou\n@", "@    return cou|\n@", id="a line gone since"),
        pytest.param("@    return cou", "#\n@    return cou|", id="a line above since"),
        pytest.param("@", "@    return cou|", id="new since"),
    ],
)
@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    ("text", "word", "rest"),
    [
        pytest.param(SHELF, "cou", "nt_everything(shelf)", id="English"),
        pytest.param(BOOKS, "全", "部书籍(书架)", id="Chinese"),
    ],
)
def test_a_word_half_typed_when_the_document_was_put_is_no_evidence(
    put: str, marked: str, eol: str, text: str, word: str, rest: str
) -> None:
    def fill(form: str) -> str:
        return form.replace("cou", word).replace("@", text).replace("\n", eol)

    index = Index()
    index.put("untitled:1", "python", fill(put))
    assert offer(fill(marked), index) == rest


def test_a_document_put_again_while_typing_stays_one_document() -> None:
    """As the server does it: put when opened and whenever typing rests."""
    index = Index()
    provider = Local(index)
    for word in ("ret", "return", "return c", "return cou", "return count_e"):
        index.put("untitled:1", "python", SHELF + "    " + word)
        found = provider.offer(request(SHELF + f"    {word}|"))
        assert f"{word}{found}" == "return count_everything(shelf)"


def test_what_was_put_is_not_counted_again_as_text_around_the_cursor() -> None:
    index = Index()
    index.put("untitled:1", "python", LOOP + "    if v\n" + LOOP)
    provider = Local(index)
    provider.offer(request(LOOP + "    if v|\n" + LOOP))
    document = index.family("untitled:1", "python").open["untitled:1"]
    # All but what stands before every document: the text around the cursor is all there is.
    assert provider._windows["untitled:1"].obsolete[-1] == len(document.chain.tokens) - 1
    assert document.starts[0] == provider._windows["untitled:1"].obsolete[0]


def test_what_was_put_helps_beyond_the_text_around_the_cursor() -> None:
    index = Index()
    filler = [f"x{number} = {number}\n" for number in range(300)]
    index.put("untitled:1", "python", LOOP + "".join(filler) + "    if v")
    assert offer("".join(filler[100:]) + "    if v|", index) == "alue is None:"


def test_text_below_the_cursor_helps_when_nothing_was_put() -> None:
    assert offer("    if v|\n" + LOOP) == "alue is None:"


def test_typing_along_an_offer_leaves_the_rest_of_it() -> None:
    provider = Local(Index())
    typed = LOOP + "    if v"
    left = provider.offer(request(typed + "|"))
    assert left
    while len(left) > Tuning().min_chars:
        typed, left = typed + left[0], left[1:]
        if len(left) >= Tuning().min_chars:
            assert provider.offer(request(typed + "|")).startswith(left)


def test_typing_on_appends_and_jumping_starts_afresh() -> None:
    provider = Local(Index())
    provider.offer(request(LOOP + "x|"))
    chain = provider._windows["untitled:1"].chain
    provider.offer(request(LOOP + "x\ny|"))
    assert provider._windows["untitled:1"].chain is chain
    provider.offer(request("something else\nentirely\nz|"))
    assert provider._windows["untitled:1"].chain is not chain


def test_a_prefix_cut_by_the_budget_still_follows_on() -> None:
    provider = Local(Index())
    text = LOOP * 3
    provider.offer(request(text[10:] + "x|"))
    chain = provider._windows["untitled:1"].chain
    provider.offer(request(text[20:] + "x\ny|"))
    assert provider._windows["untitled:1"].chain is chain


def test_a_cleared_index_is_begun_again() -> None:
    index = Index()
    provider = Local(index)
    provider.offer(request(LOOP + "x|"))
    index.clear()
    assert provider.offer(request(LOOP + "    if v|")) == "alue is None:"


async def test_fill_answers_with_the_offer() -> None:
    result = await Local(Index()).fill(request(LOOP + "    if v|"), lambda text: True)
    assert (result.text, result.finish, result.usage) == ("alue is None:", Finish.STOP, None)


async def test_fill_with_nothing_to_offer_asks_nobody() -> None:
    result = await Local(Index()).fill(request("|"), lambda text: pytest.fail("asked"))
    assert (result.text, result.finish) == ("", Finish.STOP)


async def test_fill_says_when_it_was_cut() -> None:
    result = await Local(Index()).fill(request(LOOP + "    if v|"), lambda text: False)
    assert result.finish is Finish.CUT


def test_max_tokens_bounds_the_offer() -> None:
    cut = Local(Index()).offer(request(LOOP + "    if v|", max_tokens=1))
    assert cut == "alue"


@given(st.text(max_size=200), st.text(max_size=80))
def test_any_text_gets_one_line_or_nothing(prefix: str, suffix: str) -> None:
    asked = FimRequest("untitled:1", "python", PromptParts(prefix * 2, suffix), "", 128, 0.0)
    text = Local(Index()).offer(asked)
    assert len(LINE_END.split(text)) == 1


@given(st.text(alphabet=st.characters(exclude_characters="\r\n"), max_size=80))
def test_the_pieces_of_a_line_are_the_line(line: str) -> None:
    found, spaced = split_words(line)
    assert "".join(" " * space + word for word, space in found) + " " * spaced == line


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a==b", ["a", "==", "b"]),
        ("self.x -> int", ["self", ".", "x", "->", "int"]),
        ("读取 file", ["读", "取", "file"]),
        ("👩‍💻👍🏽!", ["👩‍💻", "👍🏽", "!"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("a  b", ["a", "  ", "b"]),
        ("", []),
    ],
)
def test_a_line_is_split_into_words_and_signs(line: str, words: list[str]) -> None:
    assert [word for word, _ in split_words(line)[0]] == words


def test_line_starts_do_not_depend_on_the_width_of_a_level() -> None:
    starts = []
    for unit in ("\t", "  ", "    "):
        indentation = IndentationTracker()
        lines = ["a", unit + "b", unit * 2 + "c", "d"]
        starts.append([indentation.start_line(line) for line in lines])
    assert starts[0] == starts[1] == starts[2]
    assert all(map(is_line_start, starts[0]))
    assert len(set(starts[0])) == 3


def test_a_full_vocabulary_learns_no_more() -> None:
    vocabulary = Vocabulary(0)
    assert vocabulary.learn("one two") == [2, 3]
    assert vocabulary.learn("x" * 1000) == [2]


@pytest.mark.parametrize("sizes", [(1,) * 40, (40,), (3, 20, 17), (6, 34)])
def test_how_a_stream_is_fed_does_not_matter(sizes: tuple[int, ...]) -> None:
    whole, parts = TokenChain(Vocabulary(100), 100), TokenChain(Vocabulary(100), 100)
    tokens = [number % 7 * 2 + 40 for number in range(40)]
    whole.vocabulary.stems.extend([-1] * 40)
    parts.vocabulary.stems.extend([-1] * 40)
    whole.extend(tokens)
    for size in sizes:
        parts.extend(tokens[:size])
        tokens = tokens[size:]
    assert whole._links == parts._links
    assert whole._heads == parts._heads


def test_probabilities_leave_room_for_the_unseen() -> None:
    once = estimate_probabilities([(50, 2, 1.0)], Tuning())
    often = estimate_probabilities([(50, 2, 1.0)] * 8, Tuning())
    split = estimate_probabilities([(50, 2, 1.0)] * 4 + [(52, 2, 1.0)] * 4, Tuning())
    assert 0 < once[50] < often[50] < 1
    assert split[50] == split[52] < often[50]
    assert estimate_probabilities([], Tuning()) == {}


def test_a_longer_match_counts_for_more() -> None:
    found = estimate_probabilities([(50, 10, 1.0), (52, 2, 1.0)], Tuning())
    assert found[50] > found[52]


@pytest.mark.parametrize(
    ("chances", "text"),
    [
        pytest.param([0.9, 0.8, 0.7], "abcdef", id="all of it"),
        pytest.param([0.9, 0.44, 0.44], "ab", id="below the floor"),
        pytest.param([0.4], "", id="never above the floor"),
        pytest.param([], "", id="nothing"),
    ],
)
def test_an_offer_ends_before_it_becomes_unlikely(chances: list[float], text: str) -> None:
    words = ("ab", "cd", "ef")
    found = [PredictedToken(0, word, chance) for word, chance in zip(words, chances, strict=False)]
    assert choose_offer(found, floor=0.45) == text
