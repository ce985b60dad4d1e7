"""Keeps the counts of all servers of one user in one SQLite file.

Only `Ledger` and subcommands import this, when there are counts to keep or to show: loading
sqlite3 is no part of the server's start.
"""

import dataclasses
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

from ds_lsp.errors import StoreError
from ds_lsp.files import make_private_folder
from ds_lsp.service.usage.counts import CallKey, Counts, OutcomeKey, Tally, Totals

BUSY_S = 2.0
"""Maximum seconds to wait for another server that writes; its transactions take milliseconds."""
KEEP_DAYS = 400
"""Days for which counts are kept: a year, and the month before it."""

_FIRST_SCHEMA = """
CREATE TABLE calls (
    day TEXT NOT NULL, model TEXT NOT NULL, language TEXT NOT NULL,
    requests INTEGER NOT NULL, estimated INTEGER NOT NULL,
    prompt_hit_tokens INTEGER NOT NULL, prompt_miss_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, cost_usd REAL NOT NULL,
    PRIMARY KEY (day, model, language)
) WITHOUT ROWID;
CREATE TABLE outcomes (
    day TEXT NOT NULL, language TEXT NOT NULL, outcome TEXT NOT NULL,
    times INTEGER NOT NULL, chars INTEGER NOT NULL,
    PRIMARY KEY (day, language, outcome)
) WITHOUT ROWID
"""
MIGRATIONS: tuple[str, ...] = (_FIRST_SCHEMA,)
"""The statements that upgrade the schema: `MIGRATIONS[n]` leads from version n to n + 1, and an
empty file has version 0."""


class Store:
    """An open file of counts. One thread at a time may use it, not always the same one."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        opened = _status(path)
        self._opened = _identity(opened) if opened else None

    @classmethod
    def open(cls, path: Path, today: date) -> Self:
        """Open the file at *path*, and create it if there is none. Raises `StoreError`."""
        with _raise_store_errors():
            make_private_folder(path.parent)
            # SQLite would create a file that every user can read. It gives the rights of this file
            # to its other files.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            store = cls(_connect(str(path)), path)
        try:
            with _raise_store_errors():
                store._prepare(today)
        except StoreError:
            store.close()
            raise
        return store

    @classmethod
    def open_existing(cls, path: Path) -> Self | None:
        """Open the file at *path* without a change to it; None if there is none, or an empty one.

        Raises `StoreError`.
        """
        if not path.exists():
            return None
        with _raise_store_errors():
            uri = f"{path.absolute().as_uri()}?mode=rw"
            store = cls(_connect(uri, uri=True), path)
        try:
            with _raise_store_errors():
                version = store._version()
        except StoreError:
            store.close()
            raise
        if version != 0:
            return store
        store.close()
        return None

    @property
    def is_in_place(self) -> bool:
        """True if the open file is still the one at its path and is not empty.

        SQLite goes on writing to a deleted file, or to a log that no longer belongs to a file.
        """
        found = _status(self._path)
        return found is not None and found.st_size > 0 and _identity(found) == self._opened

    def add(self, counts: Counts) -> None:
        """Add *counts* to those in the file. Raises `StoreError`; nothing is added then."""
        with _raise_store_errors(), self._transaction():
            _upsert(self._connection, "calls", CallKey._fields, Totals, counts.calls.items())
            _upsert(
                self._connection, "outcomes", OutcomeKey._fields, Tally, counts.outcomes.items()
            )

    def read_since(self, day: str) -> Counts:
        """Return the counts of *day* and later. Raises `StoreError`."""
        with _raise_store_errors():
            calls = _select(self._connection, "calls", CallKey._fields, Totals, day)
            outcomes = _select(self._connection, "outcomes", OutcomeKey._fields, Tally, day)
            return Counts(
                {CallKey(*row[:3]): Totals(*row[3:]) for row in calls},
                {OutcomeKey(*row[:3]): Tally(*row[3:]) for row in outcomes},
            )

    def close(self) -> None:
        self._connection.close()

    def _prepare(self, today: date) -> None:
        version = self._version()
        # With a write-ahead log, readers do not block writers, and a killed writer leaves an intact
        # file. A power cut can cost the last writes only, so no write has to wait for the disk.
        self._use_write_ahead_log()
        self._connection.execute("PRAGMA synchronous = NORMAL")
        if version < len(MIGRATIONS):
            with self._transaction():
                # Read again in the transaction: another server may have upgraded the file.
                for step in MIGRATIONS[self._version() :]:
                    # Statement by statement, as `executescript` would end the transaction.
                    for statement in step.split(";"):
                        self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        oldest = (today - timedelta(days=KEEP_DAYS)).isoformat()
        with self._transaction():
            self._connection.execute("DELETE FROM calls WHERE day < ?", (oldest,))
            self._connection.execute("DELETE FROM outcomes WHERE day < ?", (oldest,))

    def _use_write_ahead_log(self) -> None:
        give_up_at = time.monotonic() + BUSY_S
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as exc:
                # SQLite does not wait here if two servers create a file at the same time.
                if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                    raise
                time.sleep(0.01)

    def _version(self) -> int:
        version: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StoreError("a newer ds-lsp has written it")
        return version

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # The default, a deferred transaction, may fail half-way because another server is writing.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _connect(database: str, *, uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(
        database, timeout=BUSY_S, isolation_level=None, check_same_thread=False, uri=uri
    )
    # A damaged name must not prevent the others from being read.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _identity(file: os.stat_result) -> tuple[int, int]:
    return file.st_dev, file.st_ino


@contextmanager
def _raise_store_errors() -> Iterator[None]:
    """Raise `StoreError` for an error of SQLite or of the file system."""
    try:
        yield
    except (sqlite3.Error, OverflowError) as exc:
        raise StoreError(str(exc)) from exc
    except OSError as exc:
        raise StoreError(exc.strerror or type(exc).__name__) from exc


def _upsert(
    connection: sqlite3.Connection,
    table: str,
    keys: Sequence[str],
    kind: type[Totals] | type[Tally],
    rows: Iterable[tuple[tuple[str, ...], Totals | Tally]],
) -> None:
    counters = [each.name for each in dataclasses.fields(kind)]
    names = [*keys, *counters]
    sums = ", ".join(
        f"{each.name} = {_to_checked_sql(each)} + excluded.{each.name}"
        for each in dataclasses.fields(kind)
    )
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        f" ON CONFLICT DO UPDATE SET {sums}",
        [(*map(_to_storable, key), *dataclasses.astuple(counts)) for key, counts in rows],
    )


MAX_COUNT = 10**12
"""Maximum plausible value of one counter of one day: some ten tokens a microsecond."""
MAX_COST_USD = 10**6
"""Maximum plausible cost of one day in US dollars: the price of so many tokens."""


def _to_checked_sql(counter: "dataclasses.Field[Any]") -> str:
    """Return SQL for the value of a counter, or 0 if another program has damaged it."""
    name, is_money = counter.name, counter.type is float
    kinds, most = ("'integer', 'real'", MAX_COST_USD) if is_money else ("'integer'", MAX_COUNT)
    is_sound = f"typeof({name}) IN ({kinds}) AND {name} BETWEEN 0 AND {most}"
    return f"CASE WHEN {is_sound} THEN {name} ELSE 0 END"


def _to_storable(name: str) -> str:
    # A client can send half a surrogate pair, even in the id of a language.
    return name.encode("utf-8", "replace").decode()


def _select(
    connection: sqlite3.Connection,
    table: str,
    keys: Sequence[str],
    kind: type[Totals] | type[Tally],
    day: str,
) -> Sequence[tuple[Any, ...]]:
    names = [*keys, *map(_to_checked_sql, dataclasses.fields(kind))]
    # SQLite accepts any type in a column of text; a row with another type there is not ours.
    are_texts = " AND ".join(f"typeof({key}) = 'text'" for key in keys)
    query = f"SELECT {', '.join(names)} FROM {table} WHERE day >= ? AND {are_texts}"
    return connection.execute(query, (day,)).fetchall()
