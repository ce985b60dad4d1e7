"""Fuzzing within a budget of time: ``DS_LSP_FUZZ_SECONDS`` for each target."""

import os
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy, tuples

SECONDS = float(os.environ.get("DS_LSP_FUZZ_SECONDS", "3"))
FIRST_ROUND = int(os.environ.get("DS_LSP_FUZZ_ROUND", "0"))
_EXAMPLES_A_ROUND = 50


def fuzz(*strategies: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make a test of a function that takes an example and fails when something is wrong with it.

    Rounds of examples follow each other until the time is over; each round's number is its seed,
    so that the same number brings the same examples. At least one round is run.
    """

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        # Not finished when the time is over, a round, and least of all the search for the
        # smallest example that fails.
        @pytest.mark.timeout(SECONDS + 300)
        def test() -> None:
            end = time.monotonic() + SECONDS
            for number in count(FIRST_ROUND):
                try:
                    _round(check, strategies, number)
                except BaseException as exc:
                    exc.add_note(f"Round {number}: DS_LSP_FUZZ_ROUND={number} begins with it.")
                    raise
                if time.monotonic() >= end:
                    break

        test.__doc__ = check.__doc__
        return test

    return decorate


def _round(
    check: Callable[..., None], strategies: tuple[SearchStrategy[Any], ...], number: int
) -> None:
    profile = settings(
        max_examples=_EXAMPLES_A_ROUND,
        deadline=None,
        database=None,
        print_blob=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )

    # A function of its own each time: the seed is kept on it.
    def fails_with(example: tuple[Any, ...]) -> None:
        check(*example)

    seed(number)(profile(given(tuples(*strategies))(fails_with)))()
