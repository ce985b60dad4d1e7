"""What of the document is sent."""

import itertools

import pytest

from ds_lsp.completion.context import (
    PREFIX_BUDGET,
    STEP_LINES,
    SUFFIX_BUDGET,
    fim_request,
    prefix_of,
    suffix_of,
)
from ds_lsp.document import Document, PositionEncoding, Snapshot
from ds_lsp.providers.base import FimRequest
from ds_lsp.settings import CompletionSettings
from tests.unit.texts import AWKWARD, at

LINE = "    value = compute(value)  # 计算\n"


def in_long_file(lines: int, line: int, eol: str = "\n") -> Snapshot:
    document = Document("u", "x", 1, LINE.replace("\n", eol) * lines, PositionEncoding.UTF32)
    return document.snapshot(line, 4)


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
def test_small_document_is_sent_byte_for_byte(text: str) -> None:
    for offset in range(len(text) + 1):
        if text[max(offset - 1, 0) : offset + 1] == "\r\n":
            continue  # No position lies between the two.
        snapshot = at(text[:offset] + "|" + text[offset:])
        assert (prefix_of(snapshot), suffix_of(snapshot)) == (text[:offset], text[offset:])


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_prefix_starts_at_a_line_and_fits(eol: str) -> None:
    for line in (300, 777, 1999):
        snapshot = in_long_file(2000, line, eol)
        prefix = prefix_of(snapshot)
        assert snapshot.before.endswith(prefix)
        assert prefix.startswith(LINE[:8])
        assert PREFIX_BUDGET / 2 < len(prefix) <= PREFIX_BUDGET


def test_start_of_the_prefix_moves_in_steps() -> None:
    snapshots = [in_long_file(2000, line) for line in range(500, 700)]
    starts = [snapshot.line - prefix_of(snapshot).count("\n") for snapshot in snapshots]
    assert all(start % STEP_LINES == 0 for start in starts)
    moves = sum(before != after for before, after in itertools.pairwise(starts))
    assert moves == 200 // STEP_LINES


def test_endless_line_is_cut() -> None:
    document = Document("u", "x", 1, "x" * 50_000, PositionEncoding.UTF32)
    snapshot = document.snapshot(0, 30_000)
    assert len(prefix_of(snapshot)) == PREFIX_BUDGET
    assert len(suffix_of(snapshot)) == SUFFIX_BUDGET


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_suffix_is_whole_lines(eol: str) -> None:
    suffix = suffix_of(in_long_file(2000, 500, eol))
    assert suffix.endswith(eol)
    assert SUFFIX_BUDGET / 2 < len(suffix) <= SUFFIX_BUDGET


SECRET = "a1b2c3d4" * 8


def request_for(text: str) -> FimRequest:
    return fim_request(at(text), CompletionSettings())


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
    assert (request.prefix, request.suffix, request.masked) == (prefix, suffix, masked)


@pytest.mark.parametrize("budget_start", range(0, 100, 7))
def test_secret_that_the_budget_cuts_in_two_is_masked(budget_start: int) -> None:
    line = f'token = "{SECRET}"; '
    # Without a line end the prefix begins wherever the budget says.
    text = "y " * 3_000 + line + "z" * (PREFIX_BUDGET - len(line) + budget_start)
    request = request_for(text + "|")
    assert len(request.prefix) == PREFIX_BUDGET
    assert "1b2c" not in request.prefix
    request = request_for("|" + "z" * (SUFFIX_BUDGET - budget_start) + " " + line)
    assert "1b2c" not in request.suffix


def test_masking_leaves_the_rest_and_its_place_as_they_are() -> None:
    document = Document("u", "x", 1, (LINE * 9 + "token = '" + SECRET + "'\n") * 200)
    for line in (50, 999, 1999):
        snapshot = document.snapshot(line, 3)
        request = fim_request(snapshot, CompletionSettings())
        filler = "x" * len(SECRET)
        assert request.prefix == prefix_of(snapshot).replace(SECRET, filler)
        assert request.suffix == suffix_of(snapshot).replace(SECRET, filler)


def test_settings_reach_the_request() -> None:
    settings = CompletionSettings(model="m", max_tokens=7, temperature=0.5, timeout_ms=1500)
    request = fim_request(at("a|b"), settings)
    assert (request.model, request.max_tokens, request.temperature) == ("m", 7, 0.5)
    assert request.timeout_s == 1.5
    assert (request.uri, request.language_id) == ("file:///a.py", "python")
