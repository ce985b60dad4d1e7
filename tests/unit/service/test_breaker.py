"""What a failure means for the next automatic request."""

import pytest

from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    BalanceError,
    ConnectError,
    ProviderError,
    RateLimitError,
    UnavailableError,
    UnknownModelError,
)
from ds_lsp.service.breaker import LONGEST_PAUSE_S, LONGEST_RETRY_AFTER_S, Breaker
from tests.unit.fakes import FakeTime

PASSING = [RateLimitError("429"), UnavailableError("503"), ConnectError("offline")]
LASTING = [
    AuthenticationError("401"),
    BalanceError("402"),
    BadRequestError("422"),
    UnknownModelError("400", asked="a", supported=("b",)),
]


class Rig:
    def __init__(self, stretch: float = 1.0) -> None:
        self.time = FakeTime()
        self.breaker = Breaker(self.time.clock, lambda: stretch)

    def fail(self, error: ProviderError) -> None:
        self.breaker.call_failed(error, self.time.now)

    def pause_s(self) -> float:
        """How long automatic requests are refused from now on."""
        start = self.time.now
        while self.breaker.refuses():
            self.time.now += 0.25
        return self.time.now - start


def test_nothing_is_refused_at_first() -> None:
    breaker = Rig().breaker
    assert breaker.trouble is None
    assert breaker.refuses() is None
    assert breaker.admit() is None


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_what_passes_pauses_for_longer_each_time(error: ProviderError) -> None:
    rig = Rig()
    pauses = []
    for _ in range(9):
        rig.fail(error)
        assert rig.breaker.admit() is error
        pauses.append(rig.pause_s())
        assert rig.breaker.trouble is error
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize("error", LASTING, ids=lambda error: type(error).__name__)
def test_what_no_waiting_mends_stops_until_something_changes(error: ProviderError) -> None:
    rig = Rig()
    rig.fail(error)
    rig.time.now += 1e9
    assert rig.breaker.admit() is error
    rig.breaker.reset()
    assert rig.breaker.admit() is None
    assert rig.breaker.trouble is None


def test_pauses_are_stretched_and_never_longer_than_the_longest() -> None:
    rig = Rig(stretch=1.25)
    rig.fail(PASSING[0])
    assert rig.pause_s() == 1.25
    for _ in range(20):
        rig.fail(PASSING[0])
        pause = rig.pause_s()
    assert pause == LONGEST_PAUSE_S


@pytest.mark.parametrize(
    ("wish", "pause"),
    [(None, 1), (0.0, 1), (0.5, 1), (7.0, 7), (600.0, 600), (1e9, LONGEST_RETRY_AFTER_S)],
)
def test_the_providers_wish_is_honored_within_reason(wish: float | None, pause: float) -> None:
    rig = Rig()
    rig.fail(RateLimitError("429", retry_after_s=wish))
    assert rig.pause_s() == pause


def test_after_a_pause_one_goes_ahead_and_the_others_wait_for_it() -> None:
    rig = Rig()
    rig.fail(PASSING[1])
    rig.time.now += 1
    assert rig.breaker.admit() is None
    assert rig.breaker.admit() is PASSING[1]
    # Should that one have been given up, the next does not wait for long.
    assert rig.pause_s() == 1


def test_the_first_success_ends_a_pause_and_a_stop() -> None:
    for error in (*PASSING, *LASTING):
        rig = Rig()
        rig.fail(error)
        rig.fail(error)
        rig.breaker.call_succeeded(rig.time.now)
        assert rig.breaker.trouble is None
        rig.fail(PASSING[0])
        assert rig.pause_s() == 1


def test_calls_of_before_the_failure_say_nothing_new() -> None:
    rig = Rig()
    began = rig.time.now
    rig.time.now += 3
    rig.fail(PASSING[0])
    for _ in range(5):
        rig.breaker.call_failed(PASSING[1], began)
    assert rig.breaker.trouble is PASSING[0]
    assert rig.pause_s() == 1
    rig.breaker.call_succeeded(began)
    assert rig.breaker.trouble is PASSING[0]


@pytest.mark.parametrize("error", [*PASSING, *LASTING], ids=lambda error: type(error).__name__)
def test_default_stretch_never_shortens(error: ProviderError) -> None:
    time = FakeTime()
    breaker = Breaker(time.clock)
    breaker.call_failed(error, time.now)
    time.now += 0.99
    assert breaker.refuses() is error
