"""How long an automatic request rests."""

import dataclasses

import pytest

from ds_lsp.completion.debounce import ADAPTIVE_MS, Pace, wait_s
from ds_lsp.completion.request import Trigger
from ds_lsp.document import Snapshot
from ds_lsp.settings import CompletionSettings
from tests.unit.texts import at, request_at


@pytest.mark.parametrize(
    ("trigger", "setting", "since_edit", "waits"),
    [
        pytest.param(Trigger.INVOKED, 500, 0.0, 0.0, id="explicit never waits"),
        pytest.param(Trigger.AUTOMATIC, 75, 0.0, 0.075, id="fixed"),
        pytest.param(Trigger.AUTOMATIC, 75, 0.05, 0.025, id="counted from the edit"),
        pytest.param(Trigger.AUTOMATIC, 75, 5.0, 0.0, id="long ago"),
        pytest.param(Trigger.AUTOMATIC, 0, 0.0, 0.0, id="none"),
        pytest.param(Trigger.AUTOMATIC, "adaptive", 0.0, ADAPTIVE_MS / 1000, id="adaptive"),
        pytest.param(Trigger.AUTOMATIC, 75, float("inf"), 0.0, id="never edited"),
    ],
)
def test_wait(trigger: Trigger, setting: str | int, since_edit: float, waits: float) -> None:
    request = request_at("x|", trigger, CompletionSettings(debounce_ms=setting))
    assert wait_s(request, 1000.0 - since_edit, 1000.0) == pytest.approx(waits)


def asked(edited_at: float, column: int) -> Snapshot:
    return dataclasses.replace(at("x|"), edited_at=edited_at, column=column)


def test_edits_count_from_the_edit_and_bare_movements_from_the_request() -> None:
    pace = Pace()
    never = float("-inf")
    assert pace.busy_at("lane", asked(never, 1), 10.0) == never
    assert pace.busy_at("lane", asked(never, 2), 11.0) == 11.0
    assert pace.busy_at("lane", asked(12.0, 3), 12.5) == 12.0
    # Asked again at the same place: nothing has happened.
    assert pace.busy_at("lane", asked(12.0, 3), 13.0) == 12.0
    assert pace.busy_at("lane", asked(12.0, 4), 14.0) == 14.0
    assert pace.busy_at("another", asked(12.0, 5), 15.0) == 12.0
