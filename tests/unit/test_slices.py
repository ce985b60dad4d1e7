"""Work in slices: others get their turn, and it can be given up between two steps."""

import asyncio
from collections.abc import Generator
from itertools import pairwise

from ds_lsp.slices import SLICE_S, run_in_slices
from tests.unit.fakes import FakeTime


class Steps:
    """Work of some steps, each of which takes a third of a slice."""

    def __init__(self, count: int) -> None:
        self.time = FakeTime()
        self.count = count
        self.done = 0

    def work(self) -> Generator[None, None, str]:
        for _ in range(self.count):
            self.time.now += SLICE_S / 3
            self.done += 1
            yield
        return "甲"


async def test_other_tasks_run_after_each_slice() -> None:
    steps = Steps(10)
    seen: list[int] = []

    async def look() -> None:
        while steps.done < steps.count:
            seen.append(steps.done)
            await asyncio.sleep(0)

    other = asyncio.create_task(look())
    result = await run_in_slices(steps.work(), lambda: True, steps.time.clock)
    await other
    assert result == "甲"
    assert len(seen) >= 2
    assert max(later - early for early, later in pairwise(seen)) <= 4


async def test_work_is_given_up_between_two_steps() -> None:
    steps = Steps(10)
    assert await run_in_slices(steps.work(), lambda: steps.done < 5, steps.time.clock) is None
    assert steps.done == 5
