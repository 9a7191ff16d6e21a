"""The tables of a spool, and everything that is asked of them."""

import json
import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from infra.eventlog.sqlite import tables as sqlite_tables
from schemas.envelope import Headers, Record

Row = tuple[Any, ...]

_READ_BYTES: Final = 8 * 1024 * 1024
"""How much one read holds in memory, unless a single record is larger."""

_ROWS_A_STATEMENT: Final = 64
_COLUMNS: Final = "topic, time_ms, key, headers, value"
_FREE_PAGES_KEPT: Final = 4096


class Content(NamedTuple):
    """What waits, and what was set aside. `oldest_ms` is null where nothing waits."""

    records: int
    oldest_ms: int | None
    aside: int


def prepare(connection: sqlite3.Connection) -> None:
    """Commits are fsynced; what is missing is created. No offset is ever used twice."""
    sqlite_tables.prepare_writing(connection, topics=())
    connection.execute("BEGIN IMMEDIATE")
    for table, more in (("spooled", ""), ("aside", ", reason TEXT NOT NULL")):
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {table} (offset INTEGER PRIMARY KEY AUTOINCREMENT,"
            " topic TEXT NOT NULL, time_ms INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB NOT NULL,"
            f" value BLOB NOT NULL{more})"
        )
    connection.execute("COMMIT")


def row(topic: str, time_ms: int, key: str, headers: Headers, value: bytes) -> Row:
    return (topic, *sqlite_tables.row(time_ms, key, headers, value))


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Many rows a statement, for each gives up the interpreter's lock."""
    for first in range(0, len(rows), _ROWS_A_STATEMENT):
        some = rows[first : first + _ROWS_A_STATEMENT]
        places = ", ".join(["(?, ?, ?, ?, ?)"] * len(some))
        connection.execute(
            f"INSERT INTO spooled ({_COLUMNS}) VALUES {places}",  # noqa: S608 placeholders
            tuple(chain.from_iterable(some)),
        )


def read(connection: sqlite3.Connection, after: int, max_records: int) -> list[Record]:
    """The next records in their order; fewer when they are large."""
    records, size = [], 0
    rows = connection.execute(
        "SELECT offset, topic, time_ms, key, headers, value FROM spooled WHERE offset > ?"
        " ORDER BY offset LIMIT ?",
        (after, max_records),
    )
    for offset, topic, time_ms, key, headers, value in rows:
        text = key.decode("utf-8", "surrogatepass")
        records.append(Record(topic, 0, offset, text, time_ms, json.loads(headers), value))
        size += len(value)
        if size >= _READ_BYTES:
            break
    rows.close()
    return records


def remove(connection: sqlite3.Connection, up_to: int) -> None:
    connection.execute("DELETE FROM spooled WHERE offset <= ?", (up_to,))


def anything_after(connection: sqlite3.Connection, offset: int) -> bool:
    sql = "SELECT EXISTS (SELECT 1 FROM spooled WHERE offset > ?)"
    return bool(connection.execute(sql, (offset,)).fetchone()[0])


def set_aside(connection: sqlite3.Connection, row: Row, reason: str) -> None:
    connection.execute(
        f"INSERT INTO aside ({_COLUMNS}, reason) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608 our columns
        (*row, reason),
    )


def take_up_again(connection: sqlite3.Connection) -> int:
    """What was set aside waits again, behind everything else; how many."""
    connection.execute(
        f"INSERT INTO spooled ({_COLUMNS}) SELECT {_COLUMNS} FROM aside ORDER BY offset"  # noqa: S608 our columns
    )
    return connection.execute("DELETE FROM aside").rowcount


def content(connection: sqlite3.Connection, after: int) -> Content:
    """At no cost, for offsets are without gaps."""
    (aside,) = connection.execute("SELECT count(*) FROM aside").fetchone()
    found = connection.execute(
        "SELECT offset, (SELECT max(offset) FROM spooled), time_ms FROM spooled WHERE offset > ?"
        " ORDER BY offset LIMIT 1",
        (after,),
    ).fetchone()
    if found is None:
        return Content(0, None, aside)
    first, last, oldest_ms = found
    return Content(last - first + 1, oldest_ms, aside)


def give_space_back(connection: sqlite3.Connection) -> None:
    """After a long outage the files are large and nearly all is free: copying the rest takes no time."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    if free > _FREE_PAGES_KEPT:
        connection.execute("VACUUM")
    empty_log(connection)


def empty_log(connection: sqlite3.Connection) -> None:
    """Where space is short, what is in SQLite's write-ahead log takes it twice."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
