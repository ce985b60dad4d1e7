"""Of several requests for one document only the newest goes on."""

import asyncio

import pytest

from ds_lsp.completion.supersede import Superseding
from ds_lsp.errors import Superseded
from tests.unit.fakes import turns


async def wait_in(superseding: Superseding, queue: str) -> str:
    async with superseding.enter(queue):
        await asyncio.Event().wait()
    return "never"


async def test_older_ends_at_once_and_newer_goes_on() -> None:
    superseding = Superseding()
    older = asyncio.create_task(wait_in(superseding, "a"))
    other = asyncio.create_task(wait_in(superseding, "b"))
    await turns()
    newer = asyncio.create_task(wait_in(superseding, "a"))
    await turns()
    with pytest.raises(Superseded):
        await older
    assert not newer.done()
    assert not other.done()
    for task in (newer, other):
        task.cancel()
    await asyncio.gather(newer, other, return_exceptions=True)


async def test_cancelled_is_not_superseded() -> None:
    superseding = Superseding()
    task = asyncio.create_task(wait_in(superseding, "a"))
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelled_and_superseded_in_one_turn_is_cancelled() -> None:
    superseding = Superseding()
    older = asyncio.create_task(wait_in(superseding, "a"))
    await turns()
    older.cancel()
    async with superseding.enter("a"):
        await turns()
    assert older.cancelled()


async def test_requests_one_after_the_other_leave_nothing_behind() -> None:
    superseding = Superseding()
    for _ in range(2):
        async with superseding.enter("a"):
            await asyncio.sleep(0)
    assert superseding._entries == {}


async def test_failure_passes_through() -> None:
    superseding = Superseding()
    with pytest.raises(ValueError, match="boom"):
        async with superseding.enter("a"):
            raise ValueError("boom")
    assert superseding._entries == {}
