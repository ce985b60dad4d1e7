"""What holds for whatever is fitted: on holes in real sources, and on arbitrary text."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ds_lsp.completion.postprocess.early_stop import stop_condition
from ds_lsp.completion.postprocess.extent import Extent, extent_for
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.postprocess.rules import Fitted, fit
from ds_lsp.providers.base import Finish
from ds_lsp.text.columns import PositionEncoding, width
from ds_lsp.text.document import Document
from ds_lsp.text.lines import split_lines
from tests.unit.holes import SOURCES, Hole, holes

SAMPLE = tuple(holes(12))
LANGUAGES = (
    *("python", "javascript", "c", "rust", "go", "ruby", "shellscript", "html", "vue", "yaml"),
    *("haskell", "lua", "sql", "markdown", "latex", "clojure", "makefile", "never-heard-of"),
)


def bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n"))


def document(at: CursorContext, shown: Fitted) -> str:
    return at.before + shown.text + at.after[shown.replaces :]


def overruns(hole: Hole) -> list[str]:
    """The truth, and the truth that goes on into up to three lines of what follows."""
    lines = hole.after.split("\n")
    ends = {"\n".join(lines[:count]) for count in range(1, min(len(lines), 4) + 1)}
    return [hole.middle + end for end in sorted(ends)]


def test_the_sample_is_of_many_languages() -> None:
    assert len({path.suffix for path in SOURCES}) >= 10
    assert len(SAMPLE) > 500


def test_truth_is_shown_whole() -> None:
    shown = [fit(hole.middle, hole.place()) for hole in SAMPLE]
    kept = sum(
        each.text.rstrip() == hole.middle.rstrip() and not each.replaces
        for hole, each in zip(SAMPLE, shown, strict=True)
    )
    assert kept / len(SAMPLE) >= 0.99


@pytest.mark.parametrize("lines", [0, 1, 2, 3])
def test_what_runs_over_is_cut(lines: int) -> None:
    tried = right = 0
    for hole in SAMPLE:
        over = "\n".join(hole.after.split("\n")[: lines + 1])
        at = hole.place()
        shown = fit(hole.middle + over, at)
        tried += 1
        right += bare(document(at, shown)) == bare(hole.before + hole.middle + hole.after)
    assert right / tried >= 0.95


def test_fitting_again_changes_nothing() -> None:
    for hole in SAMPLE:
        at = hole.place()
        for said in overruns(hole):
            shown = fit(said, at)
            if not shown.replaces:
                assert fit(shown.text, at).text == shown.text, hole


def test_nothing_more_is_wrong_than_before() -> None:
    for hole in SAMPLE:
        at = hole.place()
        before = closed_wrongly(at, Fitted(""))
        for said in overruns(hole):
            assert closed_wrongly(at, fit(said, at)) <= before, hole


def closed_wrongly(at: CursorContext, shown: Fitted) -> int:
    """Closers without opener and strings without end, in the document as it would be."""
    return at.state_after(shown.text, shown.replaces).errors


def test_a_stream_is_cut_where_nothing_is_lost() -> None:
    """What is shown of a stream that was cut is what would be shown of all of it."""
    lost = 0
    for hole in SAMPLE:
        said = hole.middle + "\n".join(hole.after.split("\n")[:4]) + "\nsomething(else)\n" * 2
        at = hole.place()
        keep_going = stop_condition(at)
        end = next((end for end in range(1, len(said)) if not keep_going(said[:end])), None)
        if end is None:
            continue
        cut = fit(said[:end], CursorContext(at.before, at.after, at.language_id, finish=Finish.CUT))
        whole = document(at, fit(said, at))
        truth = hole.before + hole.middle + hole.after
        lost += bare(document(at, cut)) not in (bare(whole), bare(truth))
    assert lost / len(SAMPLE) <= 0.01


def test_a_text_is_the_longer_the_more_has_come() -> None:
    """Whole lines that are shown early are shown later, too."""
    shrunk = 0
    for hole in SAMPLE:
        at = hole.place()
        lines = hole.middle.split("\n")
        shown = [fit("\n".join(lines[:count]), at).text for count in range(1, len(lines) + 1)]
        shrunk += any(not later.startswith(early) for early, later in pairwise(shown))
    assert shrunk / len(SAMPLE) <= 0.01


@pytest.mark.parametrize("encoding", PositionEncoding)
def test_positions_give_the_same_document_in_every_encoding(encoding: PositionEncoding) -> None:
    for hole in SAMPLE[::5]:
        at = hole.place()
        shown = fit(hole.middle + hole.after[:40], at)
        text = Document("u", "", 1, hole.before + hole.after, encoding)
        lines = split_lines(hole.before)
        line, column = len(lines) - 1, width(lines[-1], encoding)
        reach = width(at.after[: shown.replaces], encoding)
        text.replace((line, column), (line, column + reach), shown.text)
        assert text.text == document(at, shown)


# Signs that mean something to the rules, and words, blanks and scripts between them.
code = st.lists(
    st.sampled_from(
        [
            *"()[]{}<>'\"`,;:=/\\#|&-+*.!?$%@~^\n\n\n\t  aZ0_中ß😀\u2028\x0c\x00\ufffd\u200b",
            *("if ", "else", "end", "do", "return x", "foo(", "```", '"""', "//", "/*", "*/"),
            *("--", "${", "#{", "</", "\r\n", "<|fim_middle|>", "    ", "key: ", "甲乙", "\udc80"),
        ]
    ),
    max_size=40,
).map("".join)
places = st.builds(
    CursorContext,
    before=code.map(lambda text: text.replace("\r\n", "\n")),
    after=code.map(lambda text: text.replace("\r\n", "\n")),
    language_id=st.sampled_from(LANGUAGES),
    eol=st.sampled_from(["\n", "\r\n", "\r"]),
    extent=st.sampled_from(Extent),
    finish=st.sampled_from(Finish),
    can_replace=st.booleans(),
)


@given(code, places)
@settings(max_examples=400)
def test_it_only_cuts(said: str, at: CursorContext) -> None:
    shown = fit(said, at)
    assert "".join(shown.text.split()) in "".join(said.split())


@given(code, places)
@settings(max_examples=400)
def test_the_document_changes_on_the_cursors_line_and_only_for_something(
    said: str, at: CursorContext
) -> None:
    shown = fit(said, at)
    assert shown.replaces <= len(at.rest)
    assert at.can_replace or not shown.replaces
    if shown.text:
        assert document(at, shown) != at.before + at.after
    else:
        assert not shown.replaces


@given(code, places)
@settings(max_examples=400)
def test_line_ends_are_the_documents_own(said: str, at: CursorContext) -> None:
    text = fit(said, at).text
    assert not re.search(r"[\r\n]", text.replace(at.eol, ""))
    if not at.lexicon.is_prose:
        assert not re.search(r"[ \t](?=[\r\n])", text)


@given(code, code, code, st.sampled_from(LANGUAGES), st.sampled_from(["auto", "always", "never"]))
@settings(max_examples=300)
def test_nothing_raises(before: str, after: str, said: str, language: str, multiline: str) -> None:
    document = Document("u", language, 1, before + after, PositionEncoding.UTF16)
    lines = split_lines(before)
    snapshot = document.snapshot(len(lines) - 1, width(lines[-1], PositionEncoding.UTF16))
    at = CursorContext(before, after, language, extent=extent_for(snapshot, multiline))
    keep_going = stop_condition(at)
    for end in range(len(said)):
        keep_going(said[:end])
    fit(said, at)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "", ""),
        ("", "", "x\n" * 500),
        ("(" * 3000, ")" * 3000, ")" * 3000),
        ("x = '", "'\n", "a' + '" * 800),
        ("a " * 2500, " b" * 2500, "c " * 2500),
        ("f(", ")" + "g(x), " * 800, "h(y), " * 800),
        ("{\n" * 1000, "}\n" * 1000, "}\n" * 1000),
        ("甲" * 5000, "乙" * 5000, "丙" * 5000),
    ],
)
@pytest.mark.parametrize("language", ["python", "typescript", "html", "never-heard-of"])
def test_odd_sizes_are_fitted(before: str, after: str, said: str, language: str) -> None:
    for extent in Extent:
        fit(said, CursorContext(before, after, language, extent=extent))
        stop_condition(CursorContext(before, after, language, extent=extent))(said)
