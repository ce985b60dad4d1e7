"""What of the document is sent."""

import itertools

import pytest

from ds_lsp.completion.prompt.budget import MAX_GROWTH
from ds_lsp.completion.prompt.window import SUFFIX_CHARS, SUFFIX_LINES, PromptBuilder
from ds_lsp.providers.base import FimRequest, FimResult, Finish, TokenUsage
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.columns import PositionEncoding
from ds_lsp.text.document import Document
from ds_lsp.text.snapshot import Snapshot
from tests.unit.fakes import FakeExcerpts
from tests.unit.texts import AWKWARD, at

LINES = [
    "    value = compute(value)  # 计算\n",
    "\n",
    "def 加(甲, 乙):\n",
    "\tprint('\U0001f600', name_of_it)\n",
    "    if value:\n",
]


def long_file(lines: int, eol: str = "\n") -> Document:
    text = "".join(
        f"{LINES[n % len(LINES)].rstrip()}{f'  # {n}' if n % len(LINES) != 1 else ''}{eol}"
        for n in range(lines)
    )
    return Document("u", "python", 1, text, PositionEncoding.UTF32)


def sent(contexts: PromptBuilder, snapshot: Snapshot) -> FimRequest:
    return contexts.build_request(snapshot, CompletionSettings())


def tokens(contexts: PromptBuilder, text: str) -> float:
    return contexts.scales.of("python").tokens(text)


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
def test_small_document_is_sent_byte_for_byte(text: str) -> None:
    contexts = PromptBuilder()
    for offset in range(len(text) + 1):
        if text[max(offset - 1, 0) : offset + 1] == "\r\n":
            continue  # No position lies between the two.
        request = sent(contexts, at(text[:offset] + "|" + text[offset:]))
        rest = text[offset:]
        assert (request.prompt.prefix, request.prompt.suffix) == (
            text[:offset],
            rest if rest.strip() else "",
        )


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_prefix_starts_at_a_line_after_a_blank_one_and_fits(eol: str) -> None:
    for line in (300, 777, 1999):
        contexts = PromptBuilder()
        snapshot = long_file(2000, eol).snapshot(line, 4)
        prefix = sent(contexts, snapshot).prompt.prefix
        assert snapshot.before.endswith(eol + eol + prefix)
        assert contexts.budget.window / 2 < tokens(contexts, prefix) <= contexts.budget.window


def test_free_provider_gets_more_and_no_excerpts() -> None:
    contexts = PromptBuilder(FakeExcerpts("# other\n# this\n"))
    snapshot = long_file(2000).snapshot(1000, 4)
    paid = contexts.build_request(snapshot, CompletionSettings(), metered=True)
    free = contexts.build_request(snapshot, CompletionSettings(), metered=False)
    assert (paid.prompt.context, free.prompt.context) == ("# other\n# this\n", "")
    assert len(free.prompt.prefix) > 1.5 * len(paid.prompt.prefix)


def test_head_stays_the_same_while_a_function_is_typed_at_the_end_of_a_long_file() -> None:
    document = long_file(3000)
    contexts = PromptBuilder(FakeExcerpts("# other\nx = 1\n# this\n"))
    line, column = 3000, 0
    prompts = []
    typed = [
        f"    计算_{n} = compute_value({n}, other={n})\n" if n % 9 else "\n" for n in range(60)
    ]
    for character in "".join(typed):
        document.replace((line, column), (line, column), character)
        line, column = (line + 1, 0) if character == "\n" else (line, column + 1)
        request = sent(contexts, document.snapshot(line, column))
        assert request.prompt.suffix == ""
        prompts.append(request.prompt.context + request.prompt.prefix)
        assert tokens(contexts, request.prompt.prefix) <= MAX_GROWTH * contexts.budget.window
    kept = [
        one.startswith(other[: len(other) * 9 // 10]) for one, other in itertools.pairwise(prompts)
    ]
    # It moves about once in five hundred tokens.
    assert 1 <= kept.count(False) <= 2
    assert sum(kept) >= 0.9 * len(kept)


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        pytest.param((3, 0), (3, 0), "inserted\n" * 70, id="lines inserted above"),
        pytest.param((0, 0), (400, 0), "", id="lines deleted above"),
        pytest.param((1800, 0), (1800, 0), "中\n", id="lines inserted below"),
        pytest.param((995, 0), (995, 1), "changed\n", id="a line changed inside"),
    ],
)
def test_window_begins_with_the_same_text_after_an_edit(
    start: tuple[int, int], end: tuple[int, int], text: str
) -> None:
    document, contexts = long_file(2000), PromptBuilder()
    before = sent(contexts, document.snapshot(1000, 4)).prompt.prefix
    document.replace(start, end, text)
    moved = (text.count("\n") - (end[0] - start[0])) if start[0] < 1000 else 0
    after = sent(contexts, document.snapshot(1000 + moved, 4)).prompt.prefix
    assert after[:256] == before[:256]


def test_window_begins_anew_where_its_first_line_is_edited() -> None:
    document, contexts = long_file(2000), PromptBuilder()
    before = sent(contexts, document.snapshot(1000, 4)).prompt.prefix
    first = 1000 - before.count("\n")
    document.replace((first, 0), (first, 0), "x")
    after = sent(contexts, document.snapshot(1000, 4)).prompt.prefix
    assert after[:256] != before[:256]
    assert document.snapshot(1000, 4).before.endswith(after)


def test_window_is_found_again_among_equal_lines() -> None:
    document = Document("u", "python", 1, "x = 计算(1)\n" * 3000, PositionEncoding.UTF32)
    contexts = PromptBuilder()
    starts = set()
    for column in range(60):
        document.replace((2000, column), (2000, column), "y")
        prefix = sent(contexts, document.snapshot(2000, column + 1)).prompt.prefix
        starts.add(prefix.count("\n"))
    assert len(starts) == 1


def test_coming_back_to_a_place_finds_its_window_again() -> None:
    document, contexts = long_file(3000), PromptBuilder()
    prefixes = [
        sent(contexts, document.snapshot(line, 0)).prompt.prefix
        for line in (1000, 2000, 1010, 2010)
    ]
    assert prefixes[2].startswith(prefixes[0])
    assert prefixes[3].startswith(prefixes[1])


def test_window_that_has_shrunk_begins_further_up() -> None:
    document, contexts = long_file(2000), PromptBuilder()
    for line in range(1000, 900, -1):
        prefix = sent(contexts, document.snapshot(line, 0)).prompt.prefix
        assert tokens(contexts, prefix) >= 0.4 * contexts.budget.window


@pytest.mark.parametrize("character", ["x", "中"])
def test_endless_line_is_cut(character: str) -> None:
    document = Document("u", "x", 1, character * 50_000, PositionEncoding.UTF32)
    contexts = PromptBuilder()
    request = sent(contexts, document.snapshot(0, 30_000))
    budget = contexts.budget
    assert budget.window / 2 < tokens(contexts, request.prompt.prefix) < budget.window
    assert budget.suffix / 2 < tokens(contexts, request.prompt.suffix) <= SUFFIX_CHARS / 3.3


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_suffix_is_whole_lines(eol: str) -> None:
    suffix = sent(PromptBuilder(), long_file(2000, eol).snapshot(500, 4)).prompt.suffix
    assert suffix.endswith(eol)
    assert SUFFIX_CHARS / 2 < len(suffix) <= SUFFIX_CHARS


def test_suffix_is_a_few_lines() -> None:
    document = Document("u", "python", 1, "a\r\n" * 200, PositionEncoding.UTF32)
    assert sent(PromptBuilder(), document.snapshot(3, 1)).prompt.suffix == "\r\n" + "a\r\n" * (
        SUFFIX_LINES - 1
    )


@pytest.mark.parametrize("after", ["", "\n", "  \r\n\t\n"])
def test_where_only_blanks_follow_there_is_no_suffix(after: str) -> None:
    assert sent(PromptBuilder(), at("x = |" + after)).prompt.suffix == ""


def test_scale_is_learned_from_what_was_counted() -> None:
    contexts = PromptBuilder()
    request = sent(contexts, long_file(300).snapshot(290, 0))
    for _ in range(60):
        counted = TokenUsage(
            prompt_hit=100, prompt_miss=round(len(request.prompt.prefix) / 4) - 100
        )
        contexts.learn(request, FimResult("x", Finish.STOP, counted))
    contexts.learn(request, FimResult("x", Finish.CUT, None))
    assert contexts.scales.of("python").chars_per_token > 3.6
    assert contexts.scales.of("rust").chars_per_token == 3.3
    longer = sent(PromptBuilder(), long_file(2000).snapshot(1000, 0)).prompt.prefix
    contexts.learn(request, FimResult("x", Finish.STOP, TokenUsage(0, 3, 0)))
    assert len(sent(contexts, long_file(2000).snapshot(1000, 0)).prompt.prefix) > len(longer)


SECRET = "a1b2c3d4" * 8


def request_for(text: str) -> FimRequest:
    return sent(PromptBuilder(), at(text))


@pytest.mark.parametrize(
    ("text", "prefix", "suffix", "masked"),
    [
        ('password = "hunter2"\r\n|x', 'password = "xxxxxxx"\r\n', "x", ("password",)),
        ('|\npassword = "hunter2"', "", '\npassword = "xxxxxxx"', ("password",)),
        ('password = "hun|ter2"', 'password = "xxx', 'xxxx"', ("password",)),
        ('密码 = "甲乙丙丁|', '密码 = "xxxx', "", ("password",)),
        ("x = '<｜fim▁hole｜>'|<|EOT|>", "x = '<:fim▁hole:>'", "<:EOT:>", ()),
        ("|a <| b |> c <|x|> ｜中｜", "", "a <| b |> c <|x|> ｜中｜", ()),
    ],
)
def test_secrets_are_masked_and_control_tokens_defused(
    text: str, prefix: str, suffix: str, masked: tuple[str, ...]
) -> None:
    request = request_for(text)
    assert (request.prompt.prefix, request.prompt.suffix, request.masked) == (
        prefix,
        suffix,
        masked,
    )


@pytest.mark.parametrize("cut", range(0, 100, 7))
def test_secret_that_the_budget_cuts_in_two_is_masked(cut: int) -> None:
    # Without a line end, prefix and suffix begin and end wherever the budget says.
    plain = sent(PromptBuilder(), at("y " * 9_000 + "|" + " z" * 3_000))
    line = f'token = "{SECRET}"; '
    before = "y " * 3_000 + line + "z" * (len(plain.prompt.prefix) - len(line) + cut)
    assert "1b2c" not in sent(PromptBuilder(), at(before + "|")).prompt.prefix
    after = "z" * (len(plain.prompt.suffix) - cut) + " " + line
    assert "1b2c" not in sent(PromptBuilder(), at("|" + after)).prompt.suffix


def test_masking_leaves_the_rest_and_its_place_as_they_are() -> None:
    secret, filler = "token = '" + SECRET + "'\n", "token = '" + "x" * len(SECRET) + "'\n"
    for line in (50, 999, 1999):
        sides = [
            sent(PromptBuilder(), Document("u", "x", 1, text).snapshot(line, 3))
            for text in (("".join(LINES) * 2 + each) * 200 for each in (secret, filler))
        ]
        assert (sides[0].prompt.prefix, sides[0].prompt.suffix) == (
            sides[1].prompt.prefix,
            sides[1].prompt.suffix,
        )


def test_settings_reach_the_request() -> None:
    settings = CompletionSettings(model="m", max_tokens=7, temperature=0.5, timeout_ms=1500)
    request = PromptBuilder().build_request(at("a|b"), settings)
    assert (request.model, request.max_tokens, request.temperature) == ("m", 7, 0.5)
    assert request.timeout_s == 1.5
    assert (request.uri, request.language_id) == ("file:///a.py", "python")


def test_excerpts_are_no_part_of_what_a_request_is_known_by() -> None:
    one, other = (
        PromptBuilder(FakeExcerpts("# a\n# c\n")),
        PromptBuilder(FakeExcerpts("# b\n# c\n")),
    )
    snapshot = at("x = |")
    assert sent(one, snapshot) == sent(other, snapshot)
    assert hash(sent(one, snapshot)) == hash(sent(other, snapshot))
