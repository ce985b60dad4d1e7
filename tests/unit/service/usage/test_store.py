"""The file of counts: several writers, killed writers, other versions, broken files."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from ds_lsp.errors import StoreError
from ds_lsp.service.usage import store
from ds_lsp.service.usage.counts import CallKey, Counts, OutcomeKey, Tally, Totals
from ds_lsp.service.usage.store import Store

TODAY = date(2026, 11, 24)
KEY = CallKey("2026-11-24", "deepseek-flash", "python")
KEPT = OutcomeKey("2026-11-24", "python", "accepted")
ONE = Counts({KEY: Totals(1, 1, 10, 20, 30, 0.5)}, {KEPT: Tally(1, 17)})
NOBODY = 65534

WRITER = """
import sys
from datetime import date
from pathlib import Path
from ds_lsp.service.usage.counts import CallKey, Counts, OutcomeKey, Tally, Totals
from ds_lsp.service.usage.store import Store

name, times = sys.argv[2], int(sys.argv[3])
store = Store.open(Path(sys.argv[1]), date(2026, 11, 24))
key = CallKey("2026-11-24", "deepseek-flash", name)
outcome = OutcomeKey("2026-11-24", "shared", "accepted")
for number in range(1, times + 1):
    store.add(Counts({key: Totals(1, 0, 1, 2, 3, 0.5)}, {outcome: Tally(1, 2)}))
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "状态 é" / "ds-lsp" / "usage.sqlite3"


def counts_in(path: Path) -> Counts:
    with closing(Store.open(path, TODAY)) as opened:
        return opened.read_since("2026-11-24")


def write_into(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def test_counts_add_up_over_models_days_and_openings(path: Path) -> None:
    other = CallKey("2026-11-24", "deepseek-v4-pro", "中文")
    earlier = CallKey("2026-11-23", "deepseek-flash", "python")
    for _ in range(2):
        with closing(Store.open(path, TODAY)) as opened:
            opened.add(ONE)
            opened.add(Counts({other: Totals(requests=1), earlier: Totals(requests=5)}))
    assert counts_in(path) == Counts(
        {KEY: Totals(2, 2, 20, 40, 60, 1.0), other: Totals(requests=2)}, {KEPT: Tally(2, 34)}
    )
    with closing(Store.open(path, TODAY)) as opened:
        assert opened.read_since("2026-11-23").calls[earlier] == Totals(requests=10)


def test_names_and_numbers_that_sqlite_does_not_take(path: Path) -> None:
    odd = KEY._replace(language="a\ud800")
    with closing(Store.open(path, TODAY)) as opened:
        opened.add(Counts({odd: Totals(requests=1)}))
        with pytest.raises(StoreError, match="too large"):
            opened.add(Counts({KEY: Totals(requests=2**63)}))
    assert counts_in(path) == Counts({KEY._replace(language="a?"): Totals(requests=1)})


def test_only_its_owner_may_read_it(path: Path) -> None:
    with closing(Store.open(path, TODAY)) as opened:
        opened.add(ONE)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        files = list(path.parent.iterdir())
        assert len(files) == 3, "the file, its journal, and the journal's index"
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_rows_of_the_year_before_last_are_removed(path: Path) -> None:
    old = Counts(
        {KEY._replace(day="2025-10-20"): Totals(1), KEY._replace(day="2025-10-19"): Totals(1)},
        {KEPT._replace(day="2025-10-20"): Tally(1), KEPT._replace(day="2025-10-19"): Tally(1)},
    )
    with closing(Store.open(path, TODAY)) as opened:
        opened.add(old)
    with closing(Store.open(path, TODAY)) as opened:
        left = opened.read_since("2000-01-01")
    assert [key.day for key in left.calls] == ["2025-10-20"]
    assert [key.day for key in left.outcomes] == ["2025-10-20"]


def start_writer(path: Path, name: str, times: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(times)],
        stdout=subprocess.PIPE,
        text=True,
    )


def lines_of(writer: "subprocess.Popen[str]") -> Iterator[int]:
    assert writer.stdout
    return map(int, writer.stdout)


def test_two_writers_and_one_of_them_is_killed(path: Path) -> None:
    with start_writer(path, "lives", 1500) as lives, start_writer(path, "killed", 10**9) as killed:
        numbers = lines_of(killed)
        said = next(number for number in numbers if number >= 1000)
        killed.send_signal(signal.SIGKILL)
        said = max([said, *numbers])
        assert max(lines_of(lives)) == 1500
        assert lives.wait() == 0
    counts = counts_in(path)
    calls = {key.language: totals for key, totals in counts.calls.items()}
    assert calls["lives"] == Totals(1500, 0, 1500, 3000, 4500, 750.0)
    # What it said it had written is there; the one it was killed at may be.
    written = calls["killed"].requests
    assert written in (said, said + 1)
    assert calls["killed"].completion_tokens == 3 * written
    (tally,) = counts.outcomes.values()
    assert tally == Tally(1500 + written, 2 * (1500 + written))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_many_servers_may_start_at_once(path: Path) -> None:
    writers = [start_writer(path, "all", 1) for _ in range(6)]
    for writer in writers:
        with writer:
            assert list(lines_of(writer)) == [1]
    (totals,) = counts_in(path).calls.values()
    assert totals.requests == 6


def test_a_writer_waits_for_another_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY_S", 0.0)
    with closing(Store.open(path, TODAY)) as opened:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="database is locked"):
                opened.add(ONE)
            other.execute("ROLLBACK")
        opened.add(ONE)
    assert counts_in(path) == ONE


def test_counts_are_added_whole_or_not_at_all(path: Path) -> None:
    with closing(Store.open(path, TODAY)) as opened:
        write_into(path, "DROP TABLE outcomes")
        with pytest.raises(StoreError, match="no such table"):
            opened.add(ONE)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM calls").fetchall() == []


def test_an_older_file_is_brought_up_to_date_and_keeps_its_counts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Store.open(path, TODAY)) as opened:
        opened.add(ONE)
    step = "ALTER TABLE calls ADD COLUMN extra INTEGER; CREATE TABLE later (day TEXT)"
    monkeypatch.setattr(store, "MIGRATIONS", (*store.MIGRATIONS, step))
    for _ in range(2):
        assert counts_in(path) == ONE
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT extra FROM calls").fetchall() == [(None,)]


def test_a_step_that_fails_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Store.open(path, TODAY)) as opened:
        opened.add(ONE)
    with monkeypatch.context() as patch:
        patch.setattr(
            store, "MIGRATIONS", (*store.MIGRATIONS, "CREATE TABLE later (day TEXT); NONSENSE")
        )
        with pytest.raises(StoreError):
            Store.open(path, TODAY)
    assert counts_in(path) == ONE


def test_a_newer_file_is_left_alone(path: Path) -> None:
    with closing(Store.open(path, TODAY)) as opened:
        opened.add(ONE)
    write_into(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="a newer ds-lsp has written it"):
        Store.open(path, TODAY)
    with pytest.raises(StoreError, match="a newer ds-lsp has written it"):
        Store.open_existing(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"this is no database" * 500, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_broken_file_is_named_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"not a database|malformed|disk I/O"):
        Store.open(path, TODAY)
    with pytest.raises(StoreError):
        Store.open_existing(path)
    assert path.read_bytes() == content


def test_looking_makes_no_file(path: Path) -> None:
    assert Store.open_existing(path) is None
    assert not path.parent.exists()
    path.parent.mkdir(parents=True)
    path.touch()
    assert Store.open_existing(path) is None
    assert path.stat().st_size == 0


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Without root's powers, where the tests have them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A directory that everybody may look into and nobody may write to, with a file in it."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "usage.sqlite3"
        Store.open(path, TODAY).close()
        path.chmod(0o444)
        Path(name).chmod(0o555)
        yield path
        Path(name).chmod(0o700)


@pytest.mark.usefixtures("as_nobody")
def test_where_nothing_may_be_written(read_only: Path) -> None:
    with pytest.raises(StoreError, match="Permission denied"):
        Store.open(read_only, TODAY)
    with pytest.raises(StoreError, match="Permission denied"):
        Store.open(read_only.parent / "new" / "usage.sqlite3", TODAY)


SPOILED = {
    "a text for a number": "UPDATE calls SET requests = 'x', cost_usd = 'x'",
    "a blob for a number": "UPDATE calls SET requests = x'ff', cost_usd = x'00'",
    "half a number": "UPDATE calls SET requests = 1.5",
    "a negative number": "UPDATE calls SET requests = -1, cost_usd = -0.5",
    "a huge number": "UPDATE calls SET requests = 9223372036854775807, cost_usd = 9e999",
    "more than there can be": "UPDATE calls SET requests = 1000000000000001, cost_usd = 1e15",
}


@pytest.mark.parametrize("statement", SPOILED.values(), ids=SPOILED.keys())
def test_a_spoiled_number_counts_for_nothing(path: Path, statement: str) -> None:
    with closing(Store.open(path, TODAY)) as opened:
        opened.add(ONE)
    write_into(path, statement)
    assert counts_in(path).calls[KEY].requests == 0
    with closing(Store.open(path, TODAY)) as opened:
        opened.add(ONE)
    found = counts_in(path).calls[KEY]
    assert (found.requests, found.prompt_miss_tokens) == (1, 40)
    assert 0.5 <= found.cost_usd <= 1.0


NAMES_THAT_ARE_NONE = {
    "a blob as the day": ("x'ff'", "'m'"),
    "a blob as the model": ("'2999-01-01'", "x'ff'"),
    "no UTF-8": ("'2999-01-01'", "CAST(x'6dff' AS TEXT)"),
}


@pytest.mark.parametrize(
    ("day", "model"), NAMES_THAT_ARE_NONE.values(), ids=NAMES_THAT_ARE_NONE.keys()
)
def test_a_spoiled_name_hides_no_other_row(path: Path, day: str, model: str) -> None:
    with closing(Store.open(path, TODAY)) as opened:
        opened.add(ONE)
    write_into(path, f"INSERT INTO calls VALUES ({day}, {model}, '', 1, 0, 0, 0, 0, 0)")
    found = counts_in(path).calls
    assert found[KEY] == ONE.calls[KEY]
    assert all(isinstance(name, str) for each in found for name in each)


def test_where_a_directory_should_be_there_is_a_file(path: Path) -> None:
    path.parent.parent.mkdir(parents=True)
    path.parent.touch()
    with pytest.raises(StoreError, match=r"exists|Not a directory"):
        Store.open(path, TODAY)


def test_several_that_begin_a_new_file_together_all_get_it(tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def begin(path: Path) -> None:
        together.wait()
        Store.open(path, TODAY).close()

    with ThreadPoolExecutor(4) as pool:
        for number in range(40):
            path = tmp_path / f"{number}.sqlite3"
            for done in [pool.submit(begin, path) for _ in range(4)]:
                done.result()
