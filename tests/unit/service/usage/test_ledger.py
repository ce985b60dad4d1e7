"""Counting in memory and in the file of all servers."""

import asyncio
import dataclasses
import os
import shutil
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ds_lsp.errors import StoreError
from ds_lsp.providers.base import (
    ChatMessage,
    ChatRequest,
    ChatResult,
    FimRequest,
    FimResult,
    Finish,
    PromptParts,
    TokenUsage,
)
from ds_lsp.service.usage.counts import Counts, OutcomeKey, Tally, Totals
from ds_lsp.service.usage.estimate import estimate_tokens
from ds_lsp.service.usage.ledger import READ_AFTER_S, RETRY_AFTER_S, Ledger
from ds_lsp.service.usage.store import Store

REQUEST = FimRequest(
    uri="file:///a.py",
    language_id="python",
    prompt=PromptParts("x" * 90),
    model="deepseek-flash",
    max_tokens=9,
    temperature=0,
)
TOLD = FimResult("1", Finish.STOP, TokenUsage(10, 20, 30))


class Rig:
    """A ledger whose time stands still."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
        self.clock = 1000.0
        self.said: list[str | None] = []
        self.changes = 0
        self.ledger = self.another()

    def another(self) -> Ledger:
        return Ledger(
            self.said.append,
            self._changed,
            path=lambda: self.path,
            now=lambda: self.now,
            clock=lambda: self.clock,
        )

    def _changed(self) -> None:
        self.changes += 1

    def stored(self) -> Counts:
        store = Store.open(self.path, self.now.date())
        counts = store.read_since("2000-01-01")
        store.close()
        return counts


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path / "usage.sqlite3")


async def test_the_ledger_counts_by_day_and_by_session(rig: Rig) -> None:
    ledger = rig.ledger
    ledger.add_completion(REQUEST, TOLD)
    ledger.add_completion(REQUEST, None)
    assert ledger.today().cost_usd == pytest.approx(0.00002103)
    assert dataclasses.replace(ledger.today(), cost_usd=0) == Totals(2, 0, 10, 20, 30, 0)
    rig.now += timedelta(hours=2)
    assert ledger.today() == Totals()
    ledger.add_completion(dataclasses.replace(REQUEST, model="unheard-of"), TOLD)
    assert ledger.today() == Totals(1, 0, 10, 20, 30, 0.0)
    assert ledger.session().requests == 3
    assert ledger.session().prompt_hit_tokens == 20
    assert rig.changes == 3
    await ledger.aclose()
    assert [key.day for key in rig.stored().calls] == ["2026-11-22", "2026-11-22", "2026-11-23"][1:]


async def test_money_is_that_of_the_time_of_the_call(rig: Rig) -> None:
    rig.ledger.add_completion(REQUEST, TOLD)
    rig.now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    rig.ledger.add_completion(REQUEST, TOLD)
    assert rig.ledger.session().cost_usd == pytest.approx(0.00002103 * 3)
    await rig.ledger.aclose()


async def test_tokens_of_a_call_that_was_cut_are_estimated_and_marked(rig: Rig) -> None:
    rig.ledger.add_completion(REQUEST, FimResult("加" * 10, Finish.CUT))
    used = rig.ledger.today()
    assert dataclasses.replace(used, cost_usd=0) == Totals(1, 1, 0, 27, 6)
    assert used.cost_usd > 0
    await rig.ledger.aclose()


async def test_everything_is_written_by_model_and_language(rig: Rig) -> None:
    rig.ledger.add_completion(REQUEST, TOLD)
    rig.ledger.add_completion(dataclasses.replace(REQUEST, language_id="中文"), TOLD)
    rig.ledger.add_outcome("python", "accepted", 17)
    rig.ledger.add_outcome("python", "accepted", 3)
    await rig.ledger.write()
    stored = rig.stored()
    assert {key[1:] for key in stored.calls} == {
        ("deepseek-flash", "python"),
        ("deepseek-flash", "中文"),
    }
    assert stored.outcomes == {OutcomeKey("2026-11-22", "python", "accepted"): Tally(2, 20)}
    # Written once, and counted once.
    await rig.ledger.write()
    assert rig.stored() == stored
    assert rig.ledger.today().requests == 2
    await rig.ledger.aclose()


async def test_today_is_that_of_all_servers(rig: Rig) -> None:
    other = rig.another()
    other.add_completion(REQUEST, TOLD)
    await other.aclose()
    rig.ledger.add_completion(REQUEST, TOLD)
    assert rig.ledger.today().requests == 1
    await rig.ledger.write()
    assert rig.ledger.today().requests == 2
    assert rig.ledger.session().requests == 1
    rig.now += timedelta(days=1)
    assert rig.ledger.today() == Totals()
    await rig.ledger.aclose()


async def test_what_the_others_count_is_read_again_after_a_while(rig: Rig) -> None:
    async def refresh() -> bool:
        rig.ledger.refresh()
        timer = rig.ledger._timer
        if timer is None:
            return False
        await rig.ledger.write()
        return True

    assert await refresh()
    assert not await refresh()
    rig.clock += READ_AFTER_S
    assert await refresh()
    await rig.ledger.aclose()


async def test_what_comes_in_while_it_writes_is_counted_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go_on = threading.Event(), threading.Event()
    add = Store.add

    def slowly(store: Store, counts: Counts) -> None:
        entered.set()
        go_on.wait(10)
        add(store, counts)

    monkeypatch.setattr(Store, "add", slowly)
    rig.ledger.add_completion(REQUEST, TOLD)
    rig.ledger._begin_writing()
    await asyncio.to_thread(entered.wait, 10)
    # The event loop goes on, and the figures are whole.
    rig.ledger.add_completion(REQUEST, TOLD)
    assert rig.ledger.today().requests == 2
    go_on.set()
    await rig.ledger.aclose()
    assert rig.ledger.today().requests == 2
    assert sum(totals.requests for totals in rig.stored().calls.values()) == 2


async def test_a_file_that_fails_is_named_once_and_everything_is_written_later(rig: Rig) -> None:
    rig.path.mkdir()
    for _ in range(3):
        rig.ledger.add_completion(REQUEST, TOLD)
        await rig.ledger.write()
        rig.ledger.add_outcome("python", "shown", 5)
        await rig.ledger.write()
    # It is left alone for a while.
    (message,) = rig.said
    assert message
    assert str(rig.path) in message
    assert "Is a directory" in message
    assert rig.ledger.today().requests == 3
    rig.clock += RETRY_AFTER_S
    await rig.ledger.write()
    assert rig.said == [message] * 2
    rig.path.rmdir()
    rig.clock += RETRY_AFTER_S
    await rig.ledger.write()
    assert rig.said[-1] is None
    assert rig.ledger.today().requests == 3
    assert [totals.requests for totals in rig.stored().calls.values()] == [3]
    await rig.ledger.aclose()


async def test_a_write_that_fails_half_way_loses_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(store: Store, counts: Counts) -> None:
        raise StoreError("database is locked")

    rig.ledger.add_completion(REQUEST, TOLD)
    await rig.ledger.write()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "add", fail)
        rig.ledger.add_completion(REQUEST, TOLD)
        await rig.ledger.write()
    assert rig.ledger.today().requests == 2
    # At the end it is tried once more, however short ago it failed.
    await rig.ledger.aclose()
    assert [totals.requests for totals in rig.stored().calls.values()] == [2]


async def test_what_is_written_and_cannot_be_read_is_not_written_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(store: Store, day: str) -> Counts:
        raise StoreError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "read_since", fail)
        for _ in range(3):
            rig.ledger.add_completion(REQUEST, TOLD)
            await rig.ledger.write()
            rig.clock += RETRY_AFTER_S
        assert rig.ledger.today().requests == 3
    await rig.ledger.write()
    assert rig.ledger.today().requests == 3
    await rig.ledger.aclose()
    assert [totals.requests for totals in rig.stored().calls.values()] == [3]


def delete(path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()


def replace(path: Path) -> None:
    delete(path)
    Store.open(path, datetime(2026, 11, 22, tzinfo=UTC).date()).close()


LOST: dict[str, Callable[[Path], object]] = {"emptied": lambda path: path.write_bytes(b"")}
if os.name == "posix":
    # Windows deletes no open file.
    LOST |= {
        "deleted": delete,
        "deleted, its log left": lambda path: path.unlink(),
        "replaced": replace,
        "its folder deleted": lambda path: shutil.rmtree(path.parent),
    }


@pytest.mark.parametrize("lose", LOST.values(), ids=LOST.keys())
async def test_counts_after_the_file_is_lost_are_in_the_next(
    tmp_path: Path, lose: Callable[[Path], object]
) -> None:
    rig = Rig(tmp_path / "ds-lsp" / "usage.sqlite3")
    rig.ledger.add_completion(REQUEST, TOLD)
    await rig.ledger.write()
    lose(rig.path)
    for _ in range(2):
        rig.ledger.add_completion(REQUEST, TOLD)
        await rig.ledger.write()
    assert set(rig.said) == {None}
    await rig.ledger.aclose()
    (stored,) = rig.stored().calls.values()
    assert stored.requests >= 2


async def test_without_sqlite_the_session_still_counts(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ds_lsp.service.usage.store", None)
    rig.ledger.add_completion(REQUEST, TOLD)
    await rig.ledger.aclose()
    assert "without SQLite" in (rig.said[-1] or "")
    assert rig.ledger.today().requests == 1


async def test_what_completes_nothing_has_no_language(rig: Rig) -> None:
    rig.ledger.add_call("deepseek-v4-pro", TokenUsage(1, 2, 3))
    await rig.ledger.aclose()
    (key,) = rig.stored().calls
    assert key == ("2026-11-22", "deepseek-v4-pro", "")


async def test_a_chat_that_was_cut_is_estimated_with_its_reasoning(rig: Rig) -> None:
    request = ChatRequest((ChatMessage("user", "甲"),), "deepseek-flash", 9, opening="{")
    rig.ledger.add_chat(request, ChatResult("ab", "Hm 🙂", Finish.CUT))
    rig.ledger.add_chat(request, ChatResult("ab", "", Finish.STOP, TokenUsage(1, 2, 3)))
    rig.ledger.add_chat(request, None)
    totals = rig.ledger.session()
    assert (totals.requests, totals.estimated) == (3, 1)
    assert totals.prompt_miss_tokens == estimate_tokens("甲") + estimate_tokens("{") + 2
    assert totals.completion_tokens == estimate_tokens("ab") + estimate_tokens("Hm 🙂") + 3


async def test_without_anything_to_count_there_is_no_file(rig: Rig) -> None:
    await rig.ledger.write()
    await rig.ledger.aclose()
    assert not rig.path.exists()


async def test_counts_wait_a_second_for_more(rig: Rig) -> None:
    rig.ledger.add_completion(REQUEST, TOLD)
    timer = rig.ledger._timer
    assert timer
    rig.ledger.add_completion(REQUEST, TOLD)
    assert rig.ledger._timer is timer
    await rig.ledger.write()
    assert timer.cancelled()
    await rig.ledger.aclose()
