"""The tables of a log, and everything that is asked of them: functions of a connection, rows for the writer.

A topic is a table of its own, so that an append is one insert at the end of one tree. Offsets are never used
twice: a topic's last record is never trimmed, and the next offset is the one after it.
"""

# ruff: noqa: S608 the only thing put into a statement is the quoted name of one of our own topics.

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple, cast

import orjson

from schemas.envelope import Headers, Record

READ_BYTES = 16 * 1024 * 1024
"""How much one read holds in memory, unless a single record is larger."""

_TRIM_RECORDS = 500
_TRIM_BYTES = 8 * 1024 * 1024
"""What one trim deletes: appends wait behind it for some milliseconds."""

_PAGE_BYTES = 16 * 1024
"""Less than half the CPU of 4 KiB pages for a 300 KB record, and no more for a small one."""

_CACHE_KIB = 8 * 1024
"""Room for a whole batch: what does not fit is written twice."""

_COPIED_BYTES = 16 * 1024
"""Up to here a copy in a `bytearray` costs less than `bytes`, which sqlite3 first tries to adapt."""

_CHECKPOINT_PAGES = 256
_WAL_KEPT_BYTES = 64 * 1024 * 1024

_Blob = bytes | bytearray


class Statement(NamedTuple):
    """An insert of any number of rows: `head`, then `row` for each of them, then `tail`."""

    head: str
    row: str
    tail: str = ""


COMMIT = Statement(
    "INSERT INTO groups (name, topic, committed) VALUES ",
    "(?, ?, ?)",
    " ON CONFLICT DO UPDATE SET committed = max(excluded.committed, coalesce(committed, 0))",
)
JOIN = Statement("INSERT INTO groups (name, topic) VALUES ", "(?, ?)", " ON CONFLICT DO NOTHING")
PROBE = Statement(
    "INSERT INTO probe (id, time_ms) VALUES ",
    "(1, ?)",
    " ON CONFLICT DO UPDATE SET time_ms = excluded.time_ms",
)


def append(topic: str) -> Statement:
    """Rows made by `row`."""
    return Statement(f"INSERT INTO {_table(topic)} (time_ms, key, headers, value) VALUES ", "(?, ?, ?, ?)")


def row(time_ms: int, key: str, headers: Headers, value: bytes) -> tuple[int, _Blob, str, _Blob]:
    """Any text comes back as it was, lone surrogates too."""
    return (
        time_ms,
        bytearray(key, "utf-8", "surrogatepass"),
        _encode_headers(headers),
        bytearray(value) if len(value) < _COPIED_BYTES else value,
    )


def prepare_writing(connection: sqlite3.Connection, topics: Sequence[str]) -> None:
    """Commits are fsynced; what is missing is created."""
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}").fetchall()
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}").fetchall()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE IF NOT EXISTS log (id INTEGER NOT NULL)")
    connection.execute("INSERT INTO log SELECT random() WHERE NOT EXISTS (SELECT 1 FROM log)")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS groups (name TEXT NOT NULL, topic TEXT NOT NULL, committed INTEGER,"
        " PRIMARY KEY (name, topic)) WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS probe (id INTEGER PRIMARY KEY CHECK (id = 1), time_ms INTEGER NOT NULL)"
    )
    for topic in topics:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {_table(topic)} (offset INTEGER PRIMARY KEY,"
            " time_ms INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB NOT NULL, value BLOB NOT NULL)"
        )
    connection.execute("COMMIT")


def log_id(connection: sqlite3.Connection) -> int:
    """Tells a log from another one that was put in its place."""
    return int(connection.execute("SELECT id FROM log").fetchone()[0])


def read(
    connection: sqlite3.Connection, topic: str, *, after: int, max_records: int, since_ms: int = 0
) -> list[Record]:
    """Records with a higher offset than `after`, in order; fewer than `max_records` when they are large."""
    records, size = [], 0
    rows = connection.execute(
        f"SELECT offset, key, time_ms, headers, value FROM {_table(topic)}"
        " WHERE offset > ? AND time_ms >= ? ORDER BY offset LIMIT ?",
        (after, since_ms, max_records),
    )
    for offset, key, time_ms, headers, value in rows:
        text = key.decode("utf-8", "surrogatepass")
        records.append(Record(topic, 0, offset, text, time_ms, _decode_headers(headers), value))
        size += len(value)
        if size >= READ_BYTES:
            break
    rows.close()
    return records


def last_offset(connection: sqlite3.Connection, topic: str) -> int:
    """0 where the topic never had a record."""
    return int(connection.execute(f"SELECT coalesce(max(offset), 0) FROM {_table(topic)}").fetchone()[0])


def committed(connection: sqlite3.Connection, group: str) -> dict[str, int | None]:
    """The topics that the group has joined; null where it never committed."""
    return dict(connection.execute("SELECT topic, committed FROM groups WHERE name = ?", (group,)).fetchall())


def backlog(connection: sqlite3.Connection, topics: Sequence[str], group: str) -> int:
    """How many records the group has not committed; at no cost, for a topic's offsets are without gaps."""
    done = committed(connection, group)
    count = 0
    for topic in topics:
        sql = f"SELECT coalesce(min(offset), 1), coalesce(max(offset), 0) FROM {_table(topic)}"
        first, last = connection.execute(sql).fetchone()
        count += last - max(done.get(topic) or 0, first - 1)
    return count


def trim(connection: sqlite3.Connection, topic: str, before_ms: int) -> int:
    """Delete some of the oldest records, and return how many: 0 when nothing is left to delete.

    The last record stays, what a group that ever joined has not committed, what is not older than
    `before_ms`, and all that comes after one that stays.
    """
    sql = "SELECT min(coalesce(committed, 0)) FROM groups WHERE topic = ?"
    (unread_after,) = connection.execute(sql, (topic,)).fetchone()
    deletable = last_offset(connection, topic) - 1
    if unread_after is not None:
        deletable = min(deletable, unread_after)
    oldest = connection.execute(
        f"SELECT offset, time_ms, length(value) FROM {_table(topic)}"
        " WHERE offset <= ? ORDER BY offset LIMIT ?",
        (deletable, _TRIM_RECORDS),
    ).fetchall()
    last, size = 0, 0
    for offset, time_ms, length in oldest:
        if time_ms >= before_ms or size >= _TRIM_BYTES:
            break
        last, size = offset, size + length
    return connection.execute(f"DELETE FROM {_table(topic)} WHERE offset <= ?", (last,)).rowcount


def _encode_headers(headers: Headers) -> str:
    try:
        return orjson.dumps(headers).decode()
    except TypeError:  # a lone surrogate, or another mapping than a dict: slower, and never met yet
        return json.dumps(dict(headers))


def _decode_headers(encoded: bytes | str) -> Headers:
    try:
        return cast(Headers, orjson.loads(encoded))
    except ValueError:
        return cast(Headers, json.loads(encoded))


def _table(topic: str) -> str:
    return '"topic.' + topic.replace('"', '""') + '"'
