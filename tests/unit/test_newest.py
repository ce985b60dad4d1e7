"""Of several requests for one document only the newest goes on."""

import asyncio

import pytest

from ds_lsp.completion.supersede import Newest
from ds_lsp.errors import Superseded
from tests.unit.fakes import turns


async def wait_in(newest: Newest, lane: str) -> str:
    async with newest.enter(lane):
        await asyncio.Event().wait()
    return "never"


async def test_older_ends_at_once_and_newer_goes_on() -> None:
    newest = Newest()
    older = asyncio.create_task(wait_in(newest, "a"))
    other = asyncio.create_task(wait_in(newest, "b"))
    await turns()
    newer = asyncio.create_task(wait_in(newest, "a"))
    await turns()
    with pytest.raises(Superseded):
        await older
    assert not newer.done()
    assert not other.done()
    for task in (newer, other):
        task.cancel()
    await asyncio.gather(newer, other, return_exceptions=True)


async def test_cancelled_is_not_superseded() -> None:
    newest = Newest()
    task = asyncio.create_task(wait_in(newest, "a"))
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelled_and_superseded_in_one_turn_is_cancelled() -> None:
    newest = Newest()
    older = asyncio.create_task(wait_in(newest, "a"))
    await turns()
    older.cancel()
    async with newest.enter("a"):
        await turns()
    assert older.cancelled()


async def test_requests_one_after_the_other_leave_nothing_behind() -> None:
    newest = Newest()
    for _ in range(2):
        async with newest.enter("a"):
            await asyncio.sleep(0)
    assert newest._turns == {}


async def test_failure_passes_through() -> None:
    newest = Newest()
    with pytest.raises(ValueError, match="boom"):
        async with newest.enter("a"):
            raise ValueError("boom")
    assert newest._turns == {}
