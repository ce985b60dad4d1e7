"""What is shown, case by case: the golden ones, and our own over many languages."""

import json
from pathlib import Path
from typing import Any

import pytest

from ds_lsp.completion.postprocess.extent import Extent
from ds_lsp.completion.postprocess.place import CursorContext
from ds_lsp.completion.postprocess.rules import RULES, Fitted, fit
from ds_lsp.providers.base import Finish
from tests.unit.fit_cases import CASES, CURSOR, Case

GOLDEN: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "golden" / "postprocess-cases.json").read_text("utf-8")
)


def golden_place(case: dict[str, Any], *, can_replace: bool = True) -> CursorContext:
    return CursorContext(
        before=case["prefix"],
        after=case["suffix"],
        language_id=case["language"],
        extent=Extent.LINE if case["mode"] == "single" else Extent.BLOCK,
        finish=Finish(case.get("finish_reason", "stop")),
        markers=tuple(case.get("context_markers", ())),
        can_replace=can_replace,
    )


def documents(case: dict[str, Any]) -> set[str]:
    """The documents that are right."""
    return {
        case["prefix"] + right["expected"] + case["suffix"][len(right.get("overwrite", "")) :]
        for right in (case, *case.get("accept", ()))
    }


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["id"])
def test_golden_completions_fit_their_documents(case: dict[str, Any]) -> None:
    fitted = fit(case["raw"], golden_place(case))
    document = case["prefix"] + fitted.text + case["suffix"][fitted.replaces :]
    assert document in documents(case)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["id"])
def test_a_client_that_cannot_replace_gets_brackets_that_pair_all_the_same(
    case: dict[str, Any],
) -> None:
    at = golden_place(case, can_replace=False)
    fitted = fit(case["raw"], at)
    assert fitted.replaces == 0
    if "overwrite" in case:
        assert at.imbalance(fitted.text) <= at.imbalance(case["raw"])


def place_of(case: Case) -> CursorContext:
    before, _, after = case.document.replace("\r\n", "\n").partition(CURSOR)
    extent = Extent.LINE if case.is_line else Extent.BLOCK
    return CursorContext(before, after, case.language_id, extent=extent)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language_id}: {case.name}")
def test_each_answer_is_fitted_to_its_document(case: Case) -> None:
    at = place_of(case)
    fitted = fit(case.said, at)
    assert (fitted.text, at.after[: fitted.replaces]) == (case.shown, case.replaced)


def test_a_third_of_the_cases_must_not_be_touched() -> None:
    kept = [case for case in CASES if case.name.startswith("keeps")]
    assert all(case.said == case.shown for case in kept)
    assert len(CASES) <= 3 * len(kept)


def test_what_changed_the_text_is_named_in_order() -> None:
    fitted = fit("a, b):\r\n    pass", CursorContext("def f(", "):\n    pass\n", "python"))
    names = [rule.name for rule in RULES]
    assert fitted == Fitted("a, b", 0, ("normalize_line_ends", "cut_lines_below", "cut_overlap"))
    assert sorted(fitted.rules, key=names.index) == list(fitted.rules)


def test_line_ends_are_the_documents() -> None:
    assert fit("a\nb", CursorContext("", "", "text", eol="\r\n")).text == "a\r\nb"
