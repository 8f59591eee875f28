"""The outbox's database: SQL and nothing else; what stands in the rows is sealed before it comes here."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from edge.delivery.outbox_seal import Row

_TABLES = """
CREATE TABLE events (sequence INTEGER PRIMARY KEY AUTOINCREMENT, level INTEGER NOT NULL, put INTEGER NOT NULL,
                     nonce BLOB NOT NULL, body BLOB NOT NULL);
CREATE INDEX by_level ON events (level, sequence);
CREATE INDEX by_put ON events (put);
CREATE TABLE gaps (session INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
"""
_COLUMNS = "sequence, level, put, nonce, body"
_SCHEMA = 1
_LARGEST_WAL = 16 * 1024 * 1024
"""Bytes to which the write-ahead log is cut after a checkpoint; usually it is 4 MB long and written over in place,
which is faster to sync than a file that grows."""
GAPS_KEPT = 100
BUSY_S = 5.0
"""How long another process is waited for that uses the file at the moment."""

Gap = tuple[int, int, int]
"""Session, first and last sequence number of events that were dropped."""


_TROUBLE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is no (sound) database, rather than a disk that is full, read-only or failing."""
    return (getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF) not in _TROUBLE


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process has the file."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class UnknownVersion(sqlite3.DatabaseError):
    """A later program made the database."""


class _Connection(sqlite3.Connection):
    """Damage to the schema comes as SQLite's error whose text quotes the damaged bytes, which Python may not decode."""

    def execute(self, *question: Any) -> sqlite3.Cursor:
        try:
            return super().execute(*question)
        except UnicodeDecodeError:
            raise sqlite3.DatabaseError("malformed database schema") from None


def _connect(address: str) -> sqlite3.Connection:
    """Several threads may use it, one at a time; each statement is by itself unless a transaction is begun."""
    return sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_S, factory=_Connection
    )


class Reading:
    """What can be asked of the database; alone, beside a daemon that writes, and on a file that was set aside.

    The caller lets one thread in at a time.

    Raises:
        sqlite3.Error: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        address = f"{path.absolute().as_uri()}?mode=ro"
        self._sql = _connect(address)
        try:
            self._sql.execute("SELECT 1 FROM sqlite_master")
        except sqlite3.OperationalError:
            self._sql.close()
            log = path.with_name(path.name + "-wal")
            if log.exists() and log.stat().st_size > 0:
                raise
            # On a disk that takes nothing SQLite cannot make its companions; where the log is empty, it needs none.
            self._sql = _connect(f"{address}&immutable=1")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def after(self, sequence: int, limit: int) -> list[Row]:
        """Up to `limit` rows behind `sequence`, oldest first."""
        query = f"SELECT {_COLUMNS} FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?"  # noqa: S608
        return self._rows(query, sequence, limit)

    def whole(self) -> Iterator[Row]:
        """Every row that can be reached, also of a damaged file: from both ends up to the damage, each once."""
        seen: set[object] = set()
        for order in ("", "DESC"):
            with suppress(sqlite3.Error):
                query = f"SELECT {_COLUMNS} FROM events ORDER BY sequence {order}"  # noqa: S608
                for found in self._sql.execute(query):
                    if found[0] in seen:
                        break
                    seen.add(found[0])
                    yield Row(*found)

    def oldest_of(self, level: int, limit: int) -> list[Row]:
        query = f"SELECT {_COLUMNS} FROM events WHERE level = ? ORDER BY sequence LIMIT ?"  # noqa: S608
        return self._rows(query, level, limit)

    def put_between(self, begin: int, end: int, limit: int) -> list[Row]:
        query = f"SELECT {_COLUMNS} FROM events WHERE put BETWEEN ? AND ? ORDER BY put LIMIT ?"  # noqa: S608
        return self._rows(query, begin, end, limit)

    def sums(self) -> dict[int, tuple[int, int]]:
        """Number and bytes of the rows by level."""
        query = "SELECT level, count(*), sum(length(body)) FROM events GROUP BY level"
        return {level: (number, size) for level, number, size in self._sql.execute(query)}

    def last_sequence(self) -> int:
        """The highest that was ever given, also when its row has gone."""
        found = self._sql.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        return int(found[0]) if found else 0

    def fact(self, name: str) -> object:
        found = self._sql.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return found[0] if found else None

    def gaps(self) -> list[Gap]:
        return self._sql.execute("SELECT session, first, last FROM gaps ORDER BY rowid").fetchall()

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._sql.close()

    def require_known(self) -> None:
        """Raises UnknownVersion."""
        (version,) = self._sql.execute("PRAGMA user_version").fetchone()
        if version not in (0, _SCHEMA):
            raise UnknownVersion(f"version {version} of the outbox is not known")

    def _rows(self, query: str, *values: int) -> list[Row]:
        return [Row(*found) for found in self._sql.execute(query, values)]


class Rows(Reading):
    """One connection: WAL, FULL sync.

    Raises:
        sqlite3.Error, OSError: the file cannot be opened or made, or is damaged (`is_damage`).
    """

    def __init__(self, path: Path) -> None:
        with suppress(FileExistsError):  # SQLite gives its two companions the same mode
            os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        self._sql = _connect(path.absolute().as_uri())
        try:
            (version,) = self._sql.execute("PRAGMA user_version").fetchone()
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA synchronous = FULL")
            self._sql.execute(f"PRAGMA journal_size_limit = {_LARGEST_WAL}")
            if version == 0:
                with self.transaction():
                    for statement in _TABLES.split(";"):
                        self._sql.execute(statement)
                    self._sql.execute(f"PRAGMA user_version = {_SCHEMA}")
            self._refuse_unsound()
        except BaseException:
            self._sql.close()
            raise

    def _refuse_unsound(self) -> None:
        self.require_known()
        (state,) = self._sql.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise sqlite3.DatabaseError(" ".join(str(state).split()))

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """All or nothing; `durable`: on the disk at its end, else it outlives this process but perhaps no power cut."""
        if not durable:
            self._sql.execute("PRAGMA synchronous = NORMAL")
        try:
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._sql.execute("COMMIT")
            except BaseException:
                if self._sql.in_transaction:
                    with suppress(sqlite3.Error):
                        self._sql.execute("ROLLBACK")
                raise
        finally:
            if not durable:
                self._sql.execute("PRAGMA synchronous = FULL")

    def add(self, row: Row) -> None:
        values = (row.sequence, row.level, row.put, row.nonce, row.body)
        self._sql.execute(f"INSERT OR REPLACE INTO events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", values)  # noqa: S608

    def delete(self, sequences: Iterable[int]) -> list[tuple[int, int]]:
        """Take rows away; gives level and bytes of each that was there."""
        found = []
        for sequence in sequences:
            query = "DELETE FROM events WHERE sequence = ? RETURNING level, length(body)"
            found += self._sql.execute(query, (sequence,)).fetchall()
        return found

    def set_fact(self, name: str, value: int | bytes) -> None:
        self._sql.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))

    def add_gap(self, session: int, sequence: int) -> None:
        """Note a dropped event; neighbours become one gap, the oldest gaps are forgotten."""
        query = "UPDATE gaps SET last = ? WHERE session = ? AND last = ?"
        if self._sql.execute(query, (sequence, session, sequence - 1)).rowcount == 0:
            self._sql.execute("INSERT INTO gaps VALUES (?, ?, ?)", (session, sequence, sequence))
            self._sql.execute("DELETE FROM gaps WHERE rowid <= (SELECT max(rowid) FROM gaps) - ?", (GAPS_KEPT,))
