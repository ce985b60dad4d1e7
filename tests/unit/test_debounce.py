"""How long an automatic request rests."""

import dataclasses

import pytest

from ds_lsp.completion.debounce import ADAPTIVE_MS, wait_s
from ds_lsp.completion.request import Trigger
from ds_lsp.settings import CompletionSettings
from tests.unit.texts import request_at


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
    edited = dataclasses.replace(request.snapshot, edited_at=1000.0 - since_edit)
    request = dataclasses.replace(request, snapshot=edited)
    assert wait_s(request, 1000.0) == pytest.approx(waits)
