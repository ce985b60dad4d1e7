"""How long an automatic request rests."""

import dataclasses

import pytest

from ds_lsp.completion.debounce import (
    END_GAPS,
    IDLE_S,
    LONGEST_MS,
    MOVED_MS,
    SHORTEST_MS,
    USUAL_GAP_MS,
    WHEN_ACCEPTED,
    WHEN_REJECTED,
    WORD_GAPS,
    Pace,
    adaptive_ms,
    wait_s,
)
from ds_lsp.completion.request import Trigger
from ds_lsp.document import DocumentChange, Snapshot
from ds_lsp.settings import CompletionSettings
from tests.unit.texts import at, request_at

NOW = 5000.0


def typing(gap_s: float, keys: int = 40, latency_s: float | None = None) -> Pace:
    """The pace of somebody who types like that without a pause."""
    pace = Pace()
    for number in range(keys):
        snapshot = dataclasses.replace(at("x|"), edited_at=1000 + gap_s * number, column=number)
        pace.busy_at("lane", snapshot, snapshot.edited_at)
    for _ in range(10 if latency_s is not None else 0):
        pace.answered(latency_s or 0.0)
    return pace


@pytest.mark.parametrize(
    ("trigger", "setting", "since_edit", "waits"),
    [
        pytest.param(Trigger.INVOKED, 500, 0.0, 0.0, id="explicit never waits"),
        pytest.param(Trigger.AUTOMATIC, 75, 0.0, 0.075, id="fixed"),
        pytest.param(Trigger.AUTOMATIC, 75, 0.05, 0.025, id="counted from the edit"),
        pytest.param(Trigger.AUTOMATIC, 75, 5.0, 0.0, id="long ago"),
        pytest.param(Trigger.AUTOMATIC, 0, 0.0, 0.0, id="none"),
        pytest.param(Trigger.AUTOMATIC, "adaptive", 0.0, 0.1 * WORD_GAPS, id="adaptive"),
        pytest.param(Trigger.AUTOMATIC, 75, float("inf"), 0.0, id="never edited"),
    ],
)
def test_wait(trigger: Trigger, setting: str | int, since_edit: float, waits: float) -> None:
    request = request_at("x|", trigger, CompletionSettings(debounce_ms=setting))
    wait = wait_s(request, 1000.0 - since_edit, 1000.0, typing(0.1))
    assert wait == pytest.approx(waits)


@pytest.mark.parametrize(
    ("text", "pace", "wait_ms"),
    [
        pytest.param("na|", typing(0.1), 100 * WORD_GAPS, id="in a word"),
        pytest.param("\u540d|", typing(0.1), 100 * WORD_GAPS, id="in a Chinese word"),
        pytest.param("f(|", typing(0.1), 100 * END_GAPS, id="after it"),
        pytest.param("na|", typing(0.02), SHORTEST_MS, id="a fast typist"),
        pytest.param("na|", typing(0.39), LONGEST_MS, id="a slow one"),
        pytest.param("na|", typing(0.1, keys=5), USUAL_GAP_MS * WORD_GAPS, id="not known yet"),
        pytest.param("na|", typing(0.15, latency_s=0.45), 150, id="with the latency, 600 ms"),
        pytest.param("na|", typing(0.15, latency_s=0.55), 50, id="and not for less"),
        pytest.param("na|", typing(0.15, latency_s=5.0), SHORTEST_MS, id="a slow provider"),
        pytest.param("x\r\n\t|", typing(0.1), 0, id="on a new line"),
        pytest.param("x\n  | y", typing(0.1), 100 * END_GAPS, id="before text"),
        pytest.param("na|", typing(0.1, keys=1), 0, id="the first key of all"),
        pytest.param("na|", typing(IDLE_S), 0, id="the first key after a pause"),
    ],
)
def test_adaptive(text: str, pace: Pace, wait_ms: float) -> None:
    assert adaptive_ms(at(text), pace, NOW) == pytest.approx(wait_ms)


def test_pauses_for_thought_say_nothing_of_the_pace() -> None:
    pace = Pace()
    now = 1000.0
    for number in range(100):
        now += 0.1 if number % 2 else 1.5
        pace.busy_at("lane", dataclasses.replace(at("x|"), edited_at=now, column=number), now)
    assert pace.gap_ms == pytest.approx(100)


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


def test_who_has_not_wanted_the_last_ones_is_asked_about_later() -> None:
    pace = typing(0.1)
    usual_ms = adaptive_ms(at("na|"), pace, NOW)
    for _ in range(2):
        pace.rejected(NOW)
        assert adaptive_ms(at("na|"), pace, NOW) == usual_ms, "one or two are no sign"
    pace.accepted(NOW)
    all_three = usual_ms * WHEN_REJECTED**2 * WHEN_ACCEPTED
    assert adaptive_ms(at("na|"), pace, NOW) == pytest.approx(all_three)
    assert adaptive_ms(at("na|"), pace, NOW + 1e6) == pytest.approx(usual_ms), "it fades"
    for _ in range(20):
        pace.rejected(NOW)
    assert adaptive_ms(at("na|"), pace, NOW) == LONGEST_MS, "and has a limit"


def test_a_cursor_that_came_without_an_edit_rests_longer() -> None:
    place, pace = at("na\n\u540d|"), typing(0.1)
    elsewhere = dataclasses.replace(place, edits=DocumentChange(line=0))
    here = dataclasses.replace(place, edits=DocumentChange(line=1))
    assert adaptive_ms(elsewhere, pace, NOW) == MOVED_MS
    assert adaptive_ms(here, pace, NOW) == adaptive_ms(place, pace, NOW) < MOVED_MS
