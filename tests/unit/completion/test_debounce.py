"""How long an automatic request rests."""

import dataclasses

import pytest

from ds_lsp.completion.debounce import (
    ACCEPTED_FACTOR,
    DEFAULT_GAP_MS,
    DISMISSED_FACTOR,
    GAPS_AFTER_WORD,
    GAPS_IN_WORD,
    MAX_WAIT_MS,
    MIN_WAIT_MS,
    MOVED_WAIT_MS,
    PAUSE_S,
    TypingRhythm,
    adaptive_wait_ms,
    wait_s,
)
from ds_lsp.completion.request import Trigger
from ds_lsp.settings.schema import CompletionSettings
from ds_lsp.text.snapshot import RecentEdits, Snapshot
from tests.unit.texts import at, request_at

NOW = 5000.0


def typing(gap_s: float, keys: int = 40, latency_s: float | None = None) -> TypingRhythm:
    """The rhythm of somebody who types like that without a pause."""
    rhythm = TypingRhythm()
    for number in range(keys):
        snapshot = dataclasses.replace(at("x|"), edited_at=1000 + gap_s * number, column=number)
        rhythm.last_activity("queue", snapshot, snapshot.edited_at)
    for _ in range(10 if latency_s is not None else 0):
        rhythm.note_latency(latency_s or 0.0)
    return rhythm


@pytest.mark.parametrize(
    ("trigger", "setting", "since_edit", "waits"),
    [
        pytest.param(Trigger.INVOKED, 500, 0.0, 0.0, id="explicit never waits"),
        pytest.param(Trigger.AUTOMATIC, 75, 0.0, 0.075, id="fixed"),
        pytest.param(Trigger.AUTOMATIC, 75, 0.05, 0.025, id="counted from the edit"),
        pytest.param(Trigger.AUTOMATIC, 75, 5.0, 0.0, id="long ago"),
        pytest.param(Trigger.AUTOMATIC, 0, 0.0, 0.0, id="none"),
        pytest.param(Trigger.AUTOMATIC, "adaptive", 0.0, 0.1 * GAPS_IN_WORD, id="adaptive"),
        pytest.param(Trigger.AUTOMATIC, 75, float("inf"), 0.0, id="never edited"),
    ],
)
def test_a_request_waits_for_its_setting_counted_from_the_edit(
    trigger: Trigger, setting: str | int, since_edit: float, waits: float
) -> None:
    request = request_at("x|", trigger, CompletionSettings(debounce_ms=setting))
    wait = wait_s(request, 1000.0 - since_edit, 1000.0, typing(0.1))
    assert wait == pytest.approx(waits)


@pytest.mark.parametrize(
    ("text", "rhythm", "wait_ms"),
    [
        pytest.param("na|", typing(0.1), 100 * GAPS_IN_WORD, id="in a word"),
        pytest.param("\u540d|", typing(0.1), 100 * GAPS_IN_WORD, id="in a Chinese word"),
        pytest.param("f(|", typing(0.1), 100 * GAPS_AFTER_WORD, id="after it"),
        pytest.param("na|", typing(0.02), MIN_WAIT_MS, id="a fast typist"),
        pytest.param("na|", typing(0.39), MAX_WAIT_MS, id="a slow one"),
        pytest.param("na|", typing(0.1, keys=5), DEFAULT_GAP_MS * GAPS_IN_WORD, id="not known yet"),
        pytest.param("na|", typing(0.15, latency_s=0.45), 150, id="with the latency, 600 ms"),
        pytest.param("na|", typing(0.15, latency_s=0.55), 50, id="and not for less"),
        pytest.param("na|", typing(0.15, latency_s=5.0), MIN_WAIT_MS, id="a slow provider"),
        pytest.param("x\r\n\t|", typing(0.1), 0, id="on a new line"),
        pytest.param("x\n  | y", typing(0.1), 100 * GAPS_AFTER_WORD, id="before text"),
        pytest.param("na|", typing(0.1, keys=1), 0, id="the first key of all"),
        pytest.param("na|", typing(PAUSE_S), 0, id="the first key after a pause"),
    ],
)
def test_the_adaptive_wait_follows_the_typing_and_the_latency(
    text: str, rhythm: TypingRhythm, wait_ms: float
) -> None:
    assert adaptive_wait_ms(at(text), rhythm, NOW) == pytest.approx(wait_ms)


def test_pauses_for_thought_do_not_change_the_rhythm() -> None:
    rhythm = TypingRhythm()
    now = 1000.0
    for number in range(100):
        now += 0.1 if number % 2 else 1.5
        rhythm.last_activity(
            "queue", dataclasses.replace(at("x|"), edited_at=now, column=number), now
        )
    assert rhythm.gap_ms == pytest.approx(100)


def asked(edited_at: float, column: int) -> Snapshot:
    return dataclasses.replace(at("x|"), edited_at=edited_at, column=column)


def test_edits_count_from_the_edit_and_bare_movements_from_the_request() -> None:
    rhythm = TypingRhythm()
    never = float("-inf")
    assert rhythm.last_activity("queue", asked(never, 1), 10.0) == never
    assert rhythm.last_activity("queue", asked(never, 2), 11.0) == 11.0
    assert rhythm.last_activity("queue", asked(12.0, 3), 12.5) == 12.0
    # Asked again at the same place: nothing has happened.
    assert rhythm.last_activity("queue", asked(12.0, 3), 13.0) == 12.0
    assert rhythm.last_activity("queue", asked(12.0, 4), 14.0) == 14.0
    assert rhythm.last_activity("another", asked(12.0, 5), 15.0) == 12.0


def test_after_dismissals_requests_wait_longer() -> None:
    rhythm = typing(0.1)
    usual_ms = adaptive_wait_ms(at("na|"), rhythm, NOW)
    for _ in range(2):
        rhythm.note_dismissal(NOW)
        assert adaptive_wait_ms(at("na|"), rhythm, NOW) == usual_ms, "one or two are no sign"
    rhythm.note_acceptance(NOW)
    all_three = usual_ms * DISMISSED_FACTOR**2 * ACCEPTED_FACTOR
    assert adaptive_wait_ms(at("na|"), rhythm, NOW) == pytest.approx(all_three)
    assert adaptive_wait_ms(at("na|"), rhythm, NOW + 1e6) == pytest.approx(usual_ms), "it fades"
    for _ in range(20):
        rhythm.note_dismissal(NOW)
    assert adaptive_wait_ms(at("na|"), rhythm, NOW) == MAX_WAIT_MS, "and has a limit"


def test_a_cursor_that_came_without_an_edit_rests_longer() -> None:
    place, rhythm = at("na\n\u540d|"), typing(0.1)
    elsewhere = dataclasses.replace(place, edits=RecentEdits(line=0))
    here = dataclasses.replace(place, edits=RecentEdits(line=1))
    assert adaptive_wait_ms(elsewhere, rhythm, NOW) == MOVED_WAIT_MS
    assert (
        adaptive_wait_ms(here, rhythm, NOW) == adaptive_wait_ms(place, rhythm, NOW) < MOVED_WAIT_MS
    )
