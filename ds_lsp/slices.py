"""Work in the background, done in short slices between which other tasks run."""

import asyncio
from collections.abc import Callable, Generator
from time import monotonic
from typing import TypeVar

SLICE_S = 0.003
"""Seconds of work between two points at which other tasks may run: a key press must not wait
noticeably longer."""

_T = TypeVar("_T")


async def run_in_slices(
    work: Generator[None, None, _T],
    goes_on: Callable[[], bool],
    clock: Callable[[], float] = monotonic,
) -> _T | None:
    """Run *work* and return its result; None once *goes_on* returns False.

    *work* yields after each step, which should take much less than `SLICE_S`.
    """
    pause = clock() + SLICE_S
    while goes_on():
        try:
            next(work)
        except StopIteration as end:
            result: _T = end.value
            return result
        if clock() >= pause:
            await asyncio.sleep(0)
            pause = clock() + SLICE_S
    return None
